/* Reaching a peer: its addresses one after the other, each with a head start before the next, as
 * few at once as will do (a home's router must survive us), until one connects. */
#include "host/host_in.h"

#include "base/mem.h"
#include "host/dnsaddr.h"
#include "host/host_quic.h"
#include "host/host_ws.h"
#include "host/reach/relay_dial.h"
#include "host/trust.h"
#include "host/upgrade.h"
#include "net/socks.h"

#include <stdlib.h>
#include <string.h>

enum {
    EFFORT_ADDRS_MAX = 16,   /* addresses of one effort; more are not tried */
    EFFORT_ATTEMPTS_MAX = 4, /* at once; and one through a relay */
    NAMED_MAX = 4,           /* addresses of one name, one after the other */
};
/* Of an address: sums of these. */
enum { RANK_NOT_QUIC = 1, RANK_STRANGER = 2, RANK_RELAYED = 4, RANKS = 8 };
#define HEAD_START_US (250 * MSEC)

struct attempt {
    struct link link; /* in effort.attempts */
    struct effort *effort;
    const struct multiaddr *at; /* in effort.addrs */
    struct multiaddr_route route;
    struct dnsaddr *dnsaddr;
    struct resolve *resolve;
    struct addr found[NAMED_MAX]; /* of a name; those before `next` were tried */
    size_t found_count, next;
    struct relay_dial *relay;
    struct upgrade *upgrade;
    struct quic_conn *quic;
    struct way way;
    bool from_ear;
    uint64_t dialled_us; /* since when nobody knows how it ends; 0: it has, or is not counted */
};

/* To one peer, for all who wait for it. */
struct effort {
    struct link link; /* in host.efforts */
    struct host *host;
    struct peer_id who; /* of nobody: whoever answers there */
    bool direct;        /* without a relay */
    bool asked;         /* by somebody who means it: also where nobody answered lately */
    struct link dials;  /* struct host_dial */
    struct link attempts;
    struct multiaddr addrs[EFFORT_ADDRS_MAX];
    unsigned rank[EFFORT_ADDRS_MAX];
    bool tried[EFFORT_ADDRS_MAX];
    size_t count;
    struct timer *timer;        /* the next address, or the end */
    struct host_search *search; /* where it is, where nothing that is known will do */
    bool searched;
    struct why why; /* of the last that failed */
    struct peer_id reached;
};

struct host_dial {
    struct link link; /* in effort.dials, or in host.dials where it is there already */
    struct host *host;
    struct peer_id peer;
    struct timer *now;
    host_dial_cb *cb;
    void *arg;
};

static void effort_step(void *arg);
static void effort_add(struct effort *e, const struct multiaddr *a);
static void add_known(struct effort *e, const struct peer *p);
static void attempt_dial(struct attempt *a, bool from_ear);

/* --- the end -------------------------------------------------------------------------------- */

static void attempt_free(struct attempt *a)
{
    a->effort->host->attempt_count--;
    list_drop(&a->link);
    dnsaddr_cancel(a->dnsaddr);
    resolve_cancel(a->resolve);
    relay_dial_cancel(a->relay);
    upgrade_cancel(a->upgrade);
    quic_dial_cancel(a->quic);
    free(a);
}

static void end_search(struct effort *e)
{
    if (!e->search)
        return;
    e->host->finder.cancel(e->search);
    e->host->search_count--;
    e->search = NULL;
}

static bool goes(const struct attempt *a, enum way_out w)
{
    return w == WAY_QUIC ? a->route.reach == REACH_QUIC : a->route.addr.family == ADDR_V6;
}

/* How a dial into the world ended. */
static void ended(struct attempt *a, bool good)
{
    for (enum way_out w = 0; a->dialled_us && w < WAYS_OUT; w++)
        if (goes(a, w))
            black_hole_said(&a->effort->host->holes[w], good);
    a->dialled_us = 0;
}

static void effort_free(struct effort *e)
{
    uint64_t now = loop_now_us(e->host->loop);
    end_search(e);
    LIST_EACH(&e->attempts, struct attempt, a, link) {
        if (e->reached.len && now - a->dialled_us >= HEAD_START_US)
            ended(a, false); /* what began later was there before */
        attempt_free(a);
    }
    list_drop(&e->link);
    timer_cancel(e->timer);
    free(e);
}

static void dial_free(struct host_dial *d)
{
    list_drop(&d->link);
    timer_cancel(d->now);
    free(d);
}

static void dial_tell(struct host_dial *d, const struct peer_id *peer, const struct why *why)
{
    host_dial_cb *cb = d->cb;
    void *arg = d->arg;
    dial_free(d);
    cb(arg, peer, why);
}

static void effort_end(struct effort *e)
{
    struct link dials;
    struct peer_id reached = e->reached;
    struct why why = e->why;
    list_init(&dials);
    LIST_EACH(&e->dials, struct host_dial, d, link) {
        list_drop(&d->link);
        list_push(&dials, &d->link);
    }
    effort_free(e);
    for (struct host_dial *d; (d = LIST_FIRST(&dials, struct host_dial, link));)
        dial_tell(d, reached.len ? &reached : NULL, reached.len ? NULL : &why);
}

static void soon(struct effort *e, uint64_t after_us)
{
    timer_cancel(e->timer);
    e->timer = timer_start(e->host->loop, after_us, effort_step, e);
}

void dial_connected(struct host *h, struct peer *p)
{
    LIST_EACH(&h->efforts, struct effort, e, link)
        if (peer_id_equal(&e->who, &p->id) && (!e->direct || peer_is_direct(p))) {
            e->reached = p->id;
            soon(e, 0);
        }
}

/* --- where nobody answered lately ---------------------------------------------------------------
 */

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

static void place_failed(const struct attempt *a, const struct why *why)
{
    struct place p = place_of(a);
    struct host *h = a->effort->host;
    if (why->code != ERR_DENIED) /* somebody is there, only not whom we were told */
        backoff_failed(h->backoff, p.bytes, p.n, loop_now_us(h->loop));
}

static void place_reached(const struct attempt *a)
{
    struct place p = place_of(a);
    backoff_reached(a->effort->host->backoff, p.bytes, p.n);
}

static bool is_wanted(const struct host *h, const struct peer_id *id);

static bool is_put_off(const struct attempt *a, struct why *why)
{
    struct place p = place_of(a);
    const struct host *h = a->effort->host;
    uint64_t left_us = backoff_left_us(h->backoff, p.bytes, p.n, loop_now_us(h->loop));
    if (left_us == 0 || a->effort->asked || is_wanted(h, &a->effort->who))
        return false;
    why_set(why, ERR_STATE, "nobody was reached there lately: again in %u s",
            (unsigned)((left_us + SEC - 1) / SEC));
    return true;
}

/* --- one address ---------------------------------------------------------------------------- */

static void attempt_over(struct attempt *a, const struct why *why)
{
    struct effort *e = a->effort;
    e->why = *why;
    attempt_free(a);
    soon(e, 0);
}

static void attempt_failed(struct attempt *a, const struct why *why)
{
    place_failed(a, why);
    attempt_over(a, why);
}

/* The next address of the name, if it is one that has more. */
static void attempt_next(struct attempt *a, const struct why *why)
{
    ended(a, false);
    if (a->next == a->found_count) {
        attempt_failed(a, why);
        return;
    }
    a->route.addr = a->found[a->next++];
    attempt_dial(a, true);
}

/* Likewise, and nothing is held against the address. */
static void attempt_left_out(struct attempt *a, const struct why *why)
{
    if (a->next == a->found_count)
        attempt_over(a, why);
    else
        attempt_next(a, why);
}

static void arrived(struct effort *e, const struct peer_id *who)
{
    soon(e, 0);
    e->reached = *who;
}

static void turned_away(struct effort *e)
{
    e->reached.len = 0;
    why_set(&e->why, ERR_LIMIT, "it has too many connections with us, is blocked, or is ourselves");
}

static void on_upgraded(void *arg, struct conn *secured, const char *muxer, const struct why *why)
{
    struct attempt *a = arg;
    struct effort *e = a->effort;
    a->upgrade = NULL;
    if (!secured && a->from_ear && (why->code == ERR_STATE || why->code == ERR_IO)) {
        attempt_dial(a, false); /* that port is taken for this peer: an old connection, mostly */
        return;
    }
    if (!secured) {
        attempt_next(a, why);
        return;
    }
    struct host *h = e->host;
    struct way way = a->way;
    ended(a, true);
    place_reached(a);
    attempt_free(a);
    arrived(e, secure_peer(secured));
    if (!connection_new(h, secured, muxer, &way))
        turned_away(e);
}

static void on_quic(void *arg, struct mux *m, const struct peer_id *peer, const struct why *why)
{
    struct attempt *a = arg;
    struct effort *e = a->effort;
    a->quic = NULL;
    if (!m) {
        attempt_next(a, why);
        return;
    }
    struct host *h = e->host;
    struct way way = a->way;
    ended(a, true);
    place_reached(a);
    attempt_free(a);
    arrived(e, peer);
    if (!connection_new_muxed(h, m, peer, &way))
        turned_away(e);
}

static const struct peer_id *expected(const struct attempt *a)
{
    return a->effort->who.len ? &a->effort->who : a->route.peer.len ? &a->route.peer : NULL;
}

/* Names are for the proxy to look up, where there is one. */
struct conn *dial_route(struct host *h, const struct multiaddr_route *r, const struct addr *from)
{
    struct addr port_alone = {.port = r->port};
    if (r->addr.family == ADDR_NONE)
        return socks_dial(h->loop, loop_proxy(h->loop), r->host, &port_alone, NULL, NULL);
    return tcp_dial(h->loop, &r->addr, from, NULL, NULL);
}

/* Into the world by a way that has led nowhere lately, where there are others. */
static bool is_swallowed(const struct attempt *a, struct why *why)
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
static bool is_hidden(const struct effort *e, const struct addr *to)
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

/* Into the world from where we listen: then routers have one port for us, and what others see of
 * us is where we can be punched through to. */
static void attempt_dial(struct attempt *a, bool from_ear)
{
    struct host *h = a->effort->host;
    const struct addr *out = &a->route.addr;
    struct why why;
    a->way.reach = a->route.reach;
    a->dialled_us = 0;
    if (out->family != ADDR_NONE && !addr_is_private(out) && !addr_is_loopback(out)) {
        if (is_swallowed(a, &why)) {
            attempt_left_out(a, &why);
            return;
        }
        a->dialled_us = loop_now_us(h->loop);
    }
    if (a->route.reach == REACH_QUIC) {
        a->quic = host_quic_dial(h, &a->route.addr, expected(a), on_quic, a, &why);
        if (!a->quic)
            attempt_next(a, &why);
        return;
    }
    if (a->route.reach != REACH_TCP) {
        struct conn *ws = host_ws_dial(h, &a->route, &why);
        if (ws)
            a->upgrade = upgrade_dial(h->self, ws, expected(a), on_upgraded, a);
        else
            attempt_next(a, &why);
        return;
    }
    const struct addr *to = &a->route.addr;
    struct addr from;
    a->from_ear = from_ear && !is_hidden(a->effort, to) && !addr_is_private(to) &&
                  !addr_is_loopback(to) && host_dial_from(h, to, &from);
    struct conn *c = dial_route(h, &a->route, a->from_ear ? &from : NULL);
    a->upgrade = upgrade_dial(h->self, c, expected(a), on_upgraded, a);
}

static void on_relayed(void *arg, struct conn *stream, bool limited, const struct why *why)
{
    struct attempt *a = arg;
    a->relay = NULL;
    if (!stream) {
        attempt_failed(a, why);
        return;
    }
    a->way = (struct way){.path = PATH_RELAYED, .limited = limited};
    a->upgrade = upgrade_dial_open(a->effort->host->self, stream, expected(a), on_upgraded, a);
}

static void on_resolved(void *arg, const struct addr *found, size_t n, const struct why *why)
{
    struct attempt *a = arg;
    struct why none;
    a->resolve = NULL;
    why_set(&none, ERR_NOT_FOUND, "%s has no address of the kind asked for", a->route.host);
    for (size_t i = 0; i < n && a->found_count < NAMED_MAX; i++) {
        bool v6 = found[i].family == ADDR_V6;
        if ((a->route.named != MA_DNS4 || !v6) && (a->route.named != MA_DNS6 || v6))
            a->found[a->found_count++] = found[i];
    }
    attempt_next(a, n > 0 ? &none : why);
}

/* What the name keeps is tried like what else is known of the peer. */
static void on_dnsaddr(void *arg, const struct multiaddr *found, size_t n, const struct why *why)
{
    struct attempt *a = arg;
    struct effort *e = a->effort;
    a->dnsaddr = NULL;
    if (n == 0) {
        attempt_failed(a, why);
        return;
    }
    attempt_free(a);
    for (size_t i = 0; i < n; i++)
        effort_add(e, &found[i]);
    soon(e, 0);
}

/* Whether this is a way that we can go. */
static bool can_go(const struct attempt *a, struct why *why)
{
    const struct multiaddr_route *r = &a->route;
    if (r->relayed && !expected(a))
        why_set(why, ERR_INVALID, "an address through a relay that does not say to whom");
    else if (r->relayed && peer_id_equal(&r->relay, expected(a)))
        why_set(why, ERR_INVALID, "an address of the relay through itself");
    else
        return true;
    return false;
}

static void attempt_start(struct effort *e, const struct multiaddr *addr)
{
    struct attempt *a = MEM_NEW(struct attempt);
    a->effort = e;
    a->at = addr;
    list_push(&e->attempts, &a->link);
    e->host->attempt_count++;
    struct why why;
    if (multiaddr_route(addr, &a->route, &why) != OK || !can_go(a, &why) || is_put_off(a, &why)) {
        attempt_over(a, &why);
        return;
    }
    if (a->route.relayed)
        a->relay = relay_dial_start(e->host, addr, expected(a), on_relayed, a);
    else if (a->route.named == MA_DNSADDR)
        a->dnsaddr = dnsaddr_start(e->host->loop, addr, on_dnsaddr, a);
    else if (a->route.named && !loop_proxy(e->host->loop))
        a->resolve = resolve_start(e->host->loop, a->route.host, a->route.port, on_resolved, a);
    else
        attempt_dial(a, true);
}

/* The next one that there is room for, in the order of their ranks; count: none now. */
static size_t whom_to_try(const struct effort *e, const size_t running[2])
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

static size_t left_to_try(const struct effort *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->count; i++)
        n += !e->tried[i];
    return n;
}

/* --- asking others -------------------------------------------------------------------------- */

static void on_search(void *arg, bool found)
{
    struct effort *e = arg;
    e->search = NULL;
    e->host->search_count--;
    if (found)
        add_known(e, peer_find(e->host, &e->who));
    soon(e, 0);
}

static bool is_wanted(const struct host *h, const struct peer_id *id)
{
    const struct peer *p = peer_find(h, id);
    return trust_of(h->cfg.trust, id) == TRUST_TRUSTED || (p && peer_weight(p) > 0);
}

/* Somebody may know, once; not for strangers, of whom there are many in a table. */
static bool is_found_elsewhere(struct effort *e)
{
    struct host *h = e->host;
    if (e->search)
        return true;
    if (e->searched || e->direct || !h->finder.start || h->search_count >= SEARCHES_MAX ||
        !is_wanted(h, &e->who))
        return false;
    e->searched = true;
    h->search_count++;
    e->search = h->finder.start(h->finder.arg, &e->who, on_search, e);
    return true;
}

void host_set_finder(struct host *h, const struct host_finder *f)
{
    LIST_EACH(&h->efforts, struct effort, e, link) {
        if (e->search)
            soon(e, 0);
        end_search(e);
    }
    h->finder = f ? *f : (struct host_finder){0};
}

static void effort_step(void *arg)
{
    struct effort *e = arg;
    size_t running[2] = {0};
    e->timer = NULL;
    LIST_EACH(&e->attempts, struct attempt, a, link)
        running[a->route.relayed]++;
    bool tried_all = running[0] + running[1] == 0 && left_to_try(e) == 0;
    if (tried_all && !e->reached.len && is_found_elsewhere(e))
        return;
    if (e->reached.len || tried_all) {
        effort_end(e);
        return;
    }
    size_t i = whom_to_try(e, running);
    if (i < e->count) {
        e->tried[i] = true;
        attempt_start(e, &e->addrs[i]);
    }
    if (!e->timer && left_to_try(e) > 0)
        soon(e, HEAD_START_US);
}

/* --- asking for it -------------------------------------------------------------------------- */

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

static void effort_add(struct effort *e, const struct multiaddr *a)
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

static struct effort *effort_get(struct host *h, const struct peer_id *who, bool direct)
{
    if (who)
        LIST_EACH(&h->efforts, struct effort, e, link)
            if (peer_id_equal(&e->who, who) && e->direct == direct)
                return e;
    struct effort *e = MEM_NEW(struct effort);
    e->host = h;
    e->direct = direct;
    if (who)
        e->who = *who;
    list_init(&e->dials);
    list_init(&e->attempts);
    list_push(&h->efforts, &e->link);
    why_set(&e->why, ERR_NOT_FOUND, "no address of it is known");
    return e;
}

static bool may_dial(const struct host *h, const struct multiaddr *a)
{
    struct multiaddr_route r;
    return multiaddr_route(a, &r, NULL) == OK && !addr_is_overlay(&r.addr) &&
           (h->cfg.lab || !addr_is_loopback(&r.addr));
}

static void add_known(struct effort *e, const struct peer *p)
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

static void on_there_already(void *arg)
{
    struct host_dial *d = arg;
    struct peer_id peer = d->peer;
    d->now = NULL;
    dial_tell(d, &peer, NULL);
}

static struct host_dial *dial(struct host *h, const struct peer_id *peer,
                              const struct multiaddr *addrs, size_t n, bool direct, bool asked,
                              host_dial_cb *cb, void *arg)
{
    struct multiaddr_route route = {0};
    struct host_dial *d = MEM_NEW(struct host_dial);
    d->host = h;
    d->cb = cb;
    d->arg = arg;
    if (!peer && n > 0 && multiaddr_route(&addrs[0], &route, NULL) == OK && route.peer.len)
        peer = &route.peer;
    if (peer && (direct ? peer_is_direct(peer_find(h, peer)) : host_connected(h, peer))) {
        d->peer = *peer;
        list_push(&h->dials, &d->link);
        d->now = timer_start(h->loop, 0, on_there_already, d);
        return d;
    }
    struct effort *e = effort_get(h, peer, direct);
    e->asked |= asked;
    for (size_t i = 0; i < n; i++)
        effort_add(e, &addrs[i]);
    if (peer)
        add_known(e, peer_find(h, peer));
    list_push(&e->dials, &d->link);
    soon(e, 0);
    return d;
}

struct host_dial *host_dial(struct host *h, const struct peer_id *peer,
                            const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg)
{
    return dial(h, peer, addrs, n, false, true, cb, arg);
}

struct host_dial *dial_direct(struct host *h, const struct peer_id *peer,
                              const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg)
{
    return dial(h, peer, addrs, n, true, true, cb, arg);
}

struct host_dial *host_dial_unasked(struct host *h, const struct peer_id *peer,
                                    const struct multiaddr *addrs, size_t n, host_dial_cb *cb,
                                    void *arg)
{
    return dial(h, peer, addrs, n, false, false, cb, arg);
}

void host_dial_cancel(struct host_dial *d)
{
    if (d)
        dial_free(d); /* the effort goes on: it ends by itself, soon */
}

void dial_stop(struct host *h)
{
    LIST_EACH(&h->efforts, struct effort, e, link)
        LIST_EACH(&e->attempts, struct attempt, a, link)
            attempt_free(a);
}

void dial_done(struct host *h)
{
    LIST_EACH(&h->dials, struct host_dial, d, link)
        dial_free(d);
    LIST_EACH(&h->efforts, struct effort, e, link) {
        LIST_EACH(&e->dials, struct host_dial, d, link)
            dial_free(d);
        effort_free(e);
    }
}
