#include "files/peer/choke.h"

#include <stdlib.h>

enum {
    NEW_WEIGHT = 3
}; /* BEP 3: "new connections are three times as likely to start as the
      current optimistic unchoke as anywhere else in the rotation" */

bool choke_grant(size_t open)
{
    return open < CHOKE_SLOTS;
}

/* Smaller is served first. */
static void rank(struct choke_peer *p, bool seeding, uint64_t now_us)
{
    bool had_turn = p->open && now_us - p->opened_us >= CHOKE_TURN_US;
    p->rank[0] = !p->interested;
    if (seeding) {
        /* Those whose turn is over go behind those who wait, the longest waiting first; among the
         * ones still in their turn, the fastest takers. */
        bool waits = !p->open;
        p->rank[1] = had_turn ? 2 : waits ? 1 : 0;
        p->rank[2] = waits ? p->opened_us : UINT64_MAX - p->takes;
    } else {
        p->rank[1] = p->snubbed;
        p->rank[2] = UINT64_MAX - p->gives;
    }
}

static int by_rank(const void *va, const void *vb)
{
    const struct choke_peer *a = va, *b = vb;
    for (size_t i = 0; i < 3; i++)
        if (a->rank[i] != b->rank[i])
            return a->rank[i] < b->rank[i] ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* Another peer for the optimistic slot, among those from `from` on; UINT32_MAX index: none. */
static size_t draw(const struct choke_peer *peers, size_t from, size_t n, uint32_t except,
                   uint64_t now_us, uint64_t random)
{
    uint64_t all = 0;
    for (int pass = 0; pass < 2; pass++) {
        uint64_t at = pass && all ? random % all : 0, sum = 0;
        for (size_t i = from; i < n; i++) {
            const struct choke_peer *p = &peers[i];
            if (!p->interested || p->id == except)
                continue;
            sum += now_us - p->connected_us < CHOKE_OPTIMISTIC_US ? NEW_WEIGHT : 1;
            if (pass && sum > at)
                return i;
        }
        all = sum;
    }
    return n;
}

static size_t find(const struct choke_peer *peers, size_t n, uint32_t id)
{
    size_t i = 0;
    while (i < n && peers[i].id != id)
        i++;
    return i;
}

void choke_round(struct choke *c, struct choke_peer *peers, size_t n, bool seeding, uint64_t now_us,
                 uint64_t random)
{
    for (size_t i = 0; i < n; i++)
        rank(&peers[i], seeding, now_us);
    qsort(peers, n, sizeof *peers, by_rank);

    size_t regular = n < CHOKE_SLOTS - 1 ? n : CHOKE_SLOTS - 1;
    for (size_t i = 0; i < n; i++)
        peers[i].open = i < regular && peers[i].interested && (seeding || !peers[i].snubbed);

    /* The optimistic one stays for its 30 s, unless it has earned a slot, left or lost interest. */
    size_t at = find(peers, n, c->optimistic);
    bool stays =
        at < n && peers[at].interested && !peers[at].open && now_us < c->optimistic_until_us;
    if (!stays) {
        uint32_t before = c->optimistic;
        size_t open = 0;
        while (open < n && peers[open].open)
            open++;
        at = draw(peers, open, n, before, now_us, random);
        if (at == n)
            at = draw(peers, open, n, 0, now_us, random);
        c->optimistic = at < n ? peers[at].id : 0;
        c->optimistic_until_us = now_us + CHOKE_OPTIMISTIC_US;
    }
    if (at < n)
        peers[at].open = true;
}
