#include "host/kad/kad_lookup.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum state { HEARD, ASKED, SLOW, ANSWERED, FAILED, PASSED };
enum { TOLD_BAD_MAX = 3, OUR_TABLE = -1 };

struct heard {
    struct peer_id id;
    struct kad_key key;
    enum state state;
    unsigned hops;  /* of whoever told of it first, and one more */
    int as, teller; /* which question it was asked as; which had it for an answer */
};

/* What became of those whom an answer told of, and who were asked then. */
struct told {
    unsigned good, bad;
};

struct kad_lookup {
    struct kad_key target;
    struct peer_id self;
    struct kad_effort effort;
    size_t count, cap, running, asked;
    struct told told[LOOKUP_ASKED_MAX];
    struct heard *peers; /* nearest first */
};

struct kad_lookup *kad_lookup_new(const struct kad_key *target, const struct peer_id *self,
                                  const struct kad_effort *effort)
{
    struct kad_lookup *l = MEM_NEW(struct kad_lookup);
    l->target = *target;
    l->self = *self;
    l->effort = *effort;
    return l;
}

void kad_lookup_free(struct kad_lookup *l)
{
    if (l)
        free(l->peers);
    free(l);
}

/* Where it is, or would be. */
static size_t place_of(const struct kad_lookup *l, const struct kad_key *key)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (kad_key_nearer(&l->target, &l->peers[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct heard *find_key(struct kad_lookup *l, const struct kad_key *key)
{
    size_t at = place_of(l, key);
    bool is = at < l->count && memcmp(l->peers[at].key.bytes, key->bytes, SHA256_LEN) == 0;
    return is ? &l->peers[at] : NULL;
}

static struct heard *find(struct kad_lookup *l, const struct peer_id *id)
{
    for (size_t i = 0; i < l->count; i++) /* quicker than to hash it */
        if (peer_id_equal(&l->peers[i].id, id))
            return &l->peers[i];
    return NULL;
}

/* Of whom nobody else told than one whose others were not there: as likely made up. */
static bool is_gossip(const struct kad_lookup *l, const struct heard *h)
{
    if (h->state != HEARD || h->teller == OUR_TABLE)
        return false;
    const struct told *t = &l->told[h->teller];
    return t->bad >= TOLD_BAD_MAX && t->good == 0;
}

/* Room at the end: the farthest that is not being asked goes.  False: there is none, or it is
 * nearer. */
static bool make_room(struct kad_lookup *l, const struct kad_key *newcomer)
{
    if (l->count == l->cap && l->cap < LOOKUP_HEARD_MAX) {
        l->cap = l->cap ? 2 * l->cap : LOOKUP_HEARD_MAX / 8;
        l->peers = mem_realloc(l->peers, l->cap * sizeof *l->peers);
    }
    if (l->count < l->cap)
        return true;
    for (size_t i = l->count; i-- > 0;) {
        if (kad_key_nearer(&l->target, &l->peers[i].key, newcomer) <= 0)
            return false;
        if (l->peers[i].state == ASKED)
            continue;
        memmove(&l->peers[i], &l->peers[i + 1], (l->count - i - 1) * sizeof l->peers[0]);
        l->count--;
        return true;
    }
    return false;
}

void kad_lookup_heard(struct kad_lookup *l, const struct peer_id *from, const struct peer_id *id)
{
    struct heard h = {.id = *id, .key = kad_key_of(id->bytes, id->len), .state = HEARD};
    const struct heard *teller = from ? find(l, from) : NULL;
    struct heard *known = find_key(l, &h.key);
    h.hops = teller ? teller->hops + 1 : 1;
    h.teller = teller ? teller->as : OUR_TABLE;
    if (known && is_gossip(l, known)) /* somebody else says so too */
        known->teller = h.teller;
    if (peer_id_equal(id, &l->self) || known || !make_room(l, &h.key))
        return;
    size_t at = place_of(l, &h.key);
    memmove(&l->peers[at + 1], &l->peers[at], (l->count - at) * sizeof l->peers[0]);
    l->peers[at] = h;
    l->count++;
}

static bool matters(const struct kad_lookup *l, const struct heard *h)
{
    return h->state != FAILED && h->state != SLOW && h->state != PASSED && !is_gossip(l, h);
}

/* Those that matter: the `want` nearest of these.  Gives how far the list goes. */
static size_t horizon(const struct kad_lookup *l)
{
    size_t good = 0, i = 0;
    for (; i < l->count && good < l->effort.want; i++)
        good += matters(l, &l->peers[i]);
    return i;
}

size_t kad_lookup_next(struct kad_lookup *l, struct peer_id *out, size_t cap)
{
    size_t n = 0, end = horizon(l);
    for (size_t i = 0; i < end && n < cap; i++) {
        struct heard *h = &l->peers[i];
        if (l->running == l->effort.at_once || l->asked == l->effort.asked)
            break;
        if (h->state != HEARD || is_gossip(l, h))
            continue;
        h->state = ASKED;
        h->as = (int)l->asked++;
        l->running++;
        out[n++] = h->id;
    }
    return n;
}

static void settle(struct kad_lookup *l, const struct peer_id *id, enum state state)
{
    struct heard *h = find(l, id);
    if (!h || (h->state != ASKED && h->state != SLOW))
        return;
    struct told *t = h->teller == OUR_TABLE ? NULL : &l->told[h->teller];
    l->running -= h->state == ASKED;
    if (t && h->state == ASKED && state != ANSWERED)
        t->bad++;
    if (t && state == ANSWERED) {
        t->bad -= h->state == SLOW;
        t->good++;
    }
    h->state = state;
}

void kad_lookup_answered(struct kad_lookup *l, const struct peer_id *id)
{
    settle(l, id, ANSWERED);
}

void kad_lookup_failed(struct kad_lookup *l, const struct peer_id *id)
{
    settle(l, id, FAILED);
}

void kad_lookup_slow(struct kad_lookup *l, const struct peer_id *id)
{
    settle(l, id, SLOW);
}

void kad_lookup_passed(struct kad_lookup *l, const struct peer_id *id)
{
    struct heard *h = find(l, id);
    if (!h || h->state != ASKED)
        return;
    h->state = PASSED;
    l->running--;
    l->asked--;
}

bool kad_lookup_over(const struct kad_lookup *l)
{
    size_t end = horizon(l);
    for (size_t i = 0; i < end; i++)
        if (l->peers[i].state == ASKED ||
            (l->peers[i].state == HEARD && !is_gossip(l, &l->peers[i]) &&
             l->asked < l->effort.asked))
            return false;
    return true;
}

size_t kad_lookup_nearest(const struct kad_lookup *l, struct peer_id *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count && n < cap; i++)
        if (l->peers[i].state == ANSWERED)
            out[n++] = l->peers[i].id;
    return n;
}

struct kad_cost kad_lookup_cost(const struct kad_lookup *l)
{
    struct kad_cost c = {.asked = (unsigned)l->asked};
    for (size_t i = 0; i < l->count; i++) {
        c.failed += l->peers[i].state == FAILED || l->peers[i].state == SLOW;
        if (c.hops == 0 && l->peers[i].state == ANSWERED)
            c.hops = l->peers[i].hops;
    }
    return c;
}
