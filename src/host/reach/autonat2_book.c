#include "host/reach/autonat2_book.h"

#include "host/reach/observed.h"

static struct autonat2_entry *entry_of(struct autonat2_book *b, const struct multiaddr *addr)
{
    for (size_t i = 0; i < b->count; i++)
        if (multiaddr_equal(&b->all[i].addr, addr))
            return &b->all[i];
    return NULL;
}

void autonat2_book_set(struct autonat2_book *b, const struct multiaddr *addrs, size_t n,
                       uint64_t now_us)
{
    struct autonat2_book now = {0};
    for (size_t i = 0; i < n && now.count < AUTONAT2_BOOK_MAX; i++) {
        const struct autonat2_entry *known = entry_of(b, &addrs[i]);
        if (entry_of(&now, &addrs[i]))
            continue;
        now.all[now.count++] =
            known ? *known : (struct autonat2_entry){.addr = addrs[i], .since_us = now_us};
    }
    *b = now;
}

void autonat2_book_say(struct autonat2_book *b, const struct multiaddr *of, const struct addr *by,
                       enum autonat2_said said, uint64_t now_us)
{
    struct autonat2_entry *e = entry_of(b, of);
    struct addr net = observed_net(by);
    size_t to = 0; /* its own place, else the oldest */
    for (size_t i = 0; e && i < AUTONAT2_SAYS_MAX; i++) {
        if (addr_equal(&e->says[i].net, &net)) {
            to = i;
            break;
        }
        if (e->says[i].at_us < e->says[to].at_us)
            to = i;
    }
    if (!e)
        return;
    e->says[to].net = net;
    e->says[to].said = said;
    e->says[to].at_us = now_us;
}

enum verdict autonat2_verdict_of(const struct autonat2_entry *e, size_t agree, uint64_t now_us)
{
    size_t yes = 0, no = 0;
    for (size_t i = 0; i < AUTONAT2_SAYS_MAX; i++) {
        if (e->says[i].net.family == ADDR_NONE || now_us - e->says[i].at_us >= AUTONAT_VOTE_US)
            continue;
        yes += e->says[i].said == AUTONAT2_SAID_YES;
        no += e->says[i].said == AUTONAT2_SAID_NO;
    }
    if (yes >= agree && yes > no)
        return VERDICT_PUBLIC;
    if (no >= agree && no > yes)
        return VERDICT_PRIVATE;
    return VERDICT_UNKNOWN;
}

/* The last word; NULL: nobody was asked. */
static const void *last_said(const struct autonat2_entry *e, enum autonat2_said *said,
                             uint64_t *at_us)
{
    const void *found = NULL;
    *at_us = 0;
    for (size_t i = 0; i < AUTONAT2_SAYS_MAX; i++)
        if (e->says[i].net.family != ADDR_NONE && e->says[i].at_us >= *at_us) {
            found = &e->says[i];
            *said = e->says[i].said;
            *at_us = e->says[i].at_us;
        }
    return found;
}

enum verdict autonat2_verdict_all(const struct autonat2_book *b, size_t agree, uint64_t now_us)
{
    bool hidden = false, open = false;
    for (size_t i = 0; i < b->count; i++) {
        const struct autonat2_entry *e = &b->all[i];
        enum autonat2_said said;
        uint64_t at_us;
        switch (autonat2_verdict_of(e, agree, now_us)) {
        case VERDICT_PUBLIC:
            return VERDICT_PUBLIC;
        case VERDICT_PRIVATE:
            hidden = true;
            break;
        case VERDICT_UNKNOWN:
            open |= !last_said(e, &said, &at_us) && now_us - e->since_us < AUTONAT2_WAIT_US;
        }
    }
    return hidden && !open ? VERDICT_PRIVATE : VERDICT_UNKNOWN;
}

/* When an address is to be asked about again: soon while nothing is known of it, and when the last
 * word was another than the verdict. */
static uint64_t due_us(const struct autonat2_entry *e, size_t agree, uint64_t now_us)
{
    enum verdict v = autonat2_verdict_of(e, agree, now_us);
    enum autonat2_said said = AUTONAT2_SAID_NOTHING;
    uint64_t at_us;
    if (!last_said(e, &said, &at_us))
        return e->since_us;
    bool agrees = (v == VERDICT_PUBLIC && said == AUTONAT2_SAID_YES) ||
                  (v == VERDICT_PRIVATE && said == AUTONAT2_SAID_NO);
    return at_us + (agrees ? AUTONAT_AGAIN_US : AUTONAT2_PAUSE_US);
}

static bool may_say(const struct autonat2_entry *e, const struct addr *by, uint64_t now_us)
{
    struct addr net = observed_net(by);
    for (size_t i = 0; i < AUTONAT2_SAYS_MAX; i++)
        if (addr_equal(&e->says[i].net, &net) && now_us - e->says[i].at_us < AUTONAT_AGAIN_US)
            return false;
    return true;
}

bool autonat2_book_next(const struct autonat2_book *b, const struct addr *askable, size_t n,
                        size_t agree, uint64_t now_us, size_t *entry, size_t *who)
{
    uint64_t first_us = now_us + 1;
    for (size_t i = 0; i < b->count; i++) {
        uint64_t due = due_us(&b->all[i], agree, now_us);
        for (size_t k = 0; due < first_us && k < n; k++)
            if (may_say(&b->all[i], &askable[k], now_us)) {
                first_us = due;
                *entry = i;
                *who = k;
            }
    }
    return first_us <= now_us;
}
