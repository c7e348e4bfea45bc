/* Where to dial, and where not: the addresses of an effort, in which order, and which of them are
 * left alone. */
#include "host/dial_in.h"

#include "host/trust.h"

#include <string.h>

/* Of an address: sums of these. */
enum { RANK_NOT_QUIC = 1, RANK_STRANGER = 2, RANK_RELAYED = 4, RANKS = 8 };

/* --- the addresses, and their order ----------------------------------------------------------- */

/* QUIC first; relays after all others, of these whom the owner trusts first. */
static unsigned rank_of(const struct effort *e, const struct multiaddr_route *r)
{
    unsigned rank = r->reach != REACH_QUIC ? RANK_NOT_QUIC : 0;
    if (r->relayed)
        rank += RANK_RELAYED;
    if (r->relayed && trust_of(e->host->cfg.trust, &r->relay) != TRUST_TRUSTED)
        rank += RANK_STRANGER;
    return rank;
}

void effort_add(struct effort *e, const struct multiaddr *a)
{
    struct multiaddr bare = *a;
    struct multiaddr_route r;
    bool known_way = multiaddr_route(a, &r, NULL) == OK, relayed = known_way && r.relayed;
    if (relayed && e->direct)
        return;
    multiaddr_drop_peer(&bare);
    for (size_t i = 0; i < e->count; i++) {
        struct multiaddr known = e->addrs[i];
        multiaddr_drop_peer(&known);
        if (multiaddr_equal(&known, &bare))
            return;
    }
    if (e->count < EFFORT_ADDRS_MAX) {
        e->rank[e->count] = known_way ? rank_of(e, &r) : RANK_NOT_QUIC;
        e->addrs[e->count++] = *a;
    }
}

static bool may_dial(const struct host *h, const struct multiaddr *a)
{
    struct multiaddr_route r;
    return multiaddr_route(a, &r, NULL) == OK && !addr_is_overlay(&r.addr) &&
           (h->cfg.lab || !addr_is_loopback(&r.addr));
}

void effort_add_known(struct effort *e, const struct peer *p)
{
    struct multiaddr known[HOST_ADDRS_MAX];
    size_t n = p ? peer_addrs(p, known, HOST_ADDRS_MAX) : 0;
    while (n-- > 0) /* heard of last, tried first */
        if (may_dial(e->host, &known[n]))
            effort_add(e, &known[n]);
    for (size_t i = 0; p && i < HOLES; i++)
        if (hole_is_open(&p->holes[i], loop_now_us(e->host->loop))) {
            multiaddr_of_addr(&known[0], &p->holes[i].at, i == HOLE_QUIC ? REACH_QUIC : REACH_TCP);
            effort_add(e, &known[0]);
        }
}

size_t effort_next(const struct effort *e, const size_t running[2])
{
    if (e->host->attempt_count >= DIALS_MAX)
        return e->count;
    for (unsigned rank = 0; rank < RANKS; rank++) {
        bool relayed = rank >= RANK_RELAYED;
        for (size_t i = 0; running[relayed] < (relayed ? 1 : EFFORT_ATTEMPTS_MAX) && i < e->count;
             i++)
            if (!e->tried[i] && e->rank[i] == rank)
                return i;
    }
    return e->count;
}

size_t effort_left(const struct effort *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->count; i++)
        n += !e->tried[i];
    return n;
}

/* --- where nobody answered lately ------------------------------------------------------------- */

struct place {
    uint8_t bytes[MULTIADDR_MAX + PEER_ID_MAX];
    size_t n;
};

/* An address, whoever is said to be there: what one has named falsely is not dialled again for the
 * next.  Through a relay it is the peer's alone. */
static struct place place_of(const struct attempt *a)
{
    struct multiaddr bare = *a->at;
    struct place p = {0};
    multiaddr_drop_peer(&bare);
    memcpy(p.bytes, bare.bytes, bare.len);
    p.n = bare.len;
    if (a->route.relayed) {
        memcpy(p.bytes + p.n, a->effort->who.bytes, a->effort->who.len);
        p.n += a->effort->who.len;
    }
    return p;
}

void place_failed(const struct attempt *a, const struct why *why)
{
    struct place p = place_of(a);
    struct host *h = a->effort->host;
    if (why->code != ERR_DENIED) /* somebody is there, only not whom we were told */
        backoff_failed(h->backoff, p.bytes, p.n, loop_now_us(h->loop));
}

void place_reached(const struct attempt *a)
{
    struct place p = place_of(a);
    backoff_reached(a->effort->host->backoff, p.bytes, p.n);
}

bool attempt_is_put_off(const struct attempt *a, struct why *why)
{
    struct place p = place_of(a);
    const struct host *h = a->effort->host;
    uint64_t left_us = backoff_left_us(h->backoff, p.bytes, p.n, loop_now_us(h->loop));
    if (left_us == 0 || a->effort->asked || dial_is_wanted(h, &a->effort->who))
        return false;
    why_set(why, ERR_STATE, "nobody was reached there lately: again in %u s",
            (unsigned)((left_us + SEC - 1) / SEC));
    return true;
}

/* --- ways that lead nowhere ------------------------------------------------------------------- */

static bool goes(const struct attempt *a, enum way_out w)
{
    return w == WAY_QUIC ? a->route.reach == REACH_QUIC : a->route.addr.family == ADDR_V6;
}

/* How a dial into the world ended. */
void attempt_ended(struct attempt *a, bool good)
{
    for (enum way_out w = 0; a->dialled_us && w < WAYS_OUT; w++)
        if (goes(a, w))
            black_hole_said(&a->effort->host->holes[w], good);
    a->dialled_us = 0;
}

/* Into the world by a way that has led nowhere lately, where there are others. */
bool attempt_is_swallowed(const struct attempt *a, struct why *why)
{
    static const char *const name[WAYS_OUT] = {"QUIC", "IPv6"};
    for (enum way_out w = 0; w < WAYS_OUT; w++)
        if (goes(a, w) && a->effort->count > 1 && !black_hole_may(&a->effort->host->holes[w])) {
            why_set(why, ERR_STATE, "nothing comes back by %s here: it was left out", name[w]);
            return true;
        }
    return false;
}

/* Behind a router: what we send there from where we listen is not let in, but our own router
 * remembers it for two minutes, and meanwhile lets in what answers it and nothing else: no hole
 * could be punched from there. Where one was punched a moment ago, it is let in. */
bool effort_is_hidden(const struct effort *e, const struct addr *to)
{
    const struct peer *p = e->who.len > 0 ? peer_find(e->host, &e->who) : NULL;
    const struct hole *o = p ? &p->holes[HOLE_TCP] : NULL;
    if (o && hole_is_open(o, loop_now_us(e->host->loop)) && addr_equal(&o->at, to))
        return false;
    for (size_t i = 0; i < e->count; i++)
        if (e->rank[i] >= RANK_RELAYED)
            return true;
    return false;
}
