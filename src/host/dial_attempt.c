/* One address of an effort: whatever it takes until there is a connection. */
#include "host/dial_in.h"

#include "base/mem.h"
#include "host/dnsaddr.h"
#include "host/host_quic.h"
#include "host/host_ws.h"
#include "host/reach/relay_dial.h"
#include "host/upgrade.h"
#include "net/socks.h"

#include <stdlib.h>

static void attempt_dial(struct attempt *a, bool from_ear);

/* --- the end ---------------------------------------------------------------------------------- */

void attempt_free(struct attempt *a)
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

static void attempt_over(struct attempt *a, const struct why *why)
{
    struct effort *e = a->effort;
    e->why = *why;
    attempt_free(a);
    effort_soon(e, 0);
}

static void attempt_failed(struct attempt *a, const struct why *why)
{
    place_failed(a, why);
    attempt_over(a, why);
}

/* The next address of the name, if it is one that has more. */
static void attempt_next(struct attempt *a, const struct why *why)
{
    attempt_ended(a, false);
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
    effort_soon(e, 0);
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
    attempt_ended(a, true);
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
    attempt_ended(a, true);
    place_reached(a);
    attempt_free(a);
    arrived(e, peer);
    if (!connection_new_muxed(h, m, peer, &way))
        turned_away(e);
}

/* --- the dial --------------------------------------------------------------------------------- */

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
        if (attempt_is_swallowed(a, &why)) {
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
    a->from_ear = from_ear && !effort_is_hidden(a->effort, to) && !addr_is_private(to) &&
                  !addr_is_loopback(to) && host_dial_from(h, to, &from);
    struct conn *c = dial_route(h, &a->route, a->from_ear ? &from : NULL);
    a->upgrade = upgrade_dial(h->self, c, expected(a), on_upgraded, a);
}

/* --- the way to it ---------------------------------------------------------------------------- */

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
    effort_soon(e, 0);
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

void attempt_start(struct effort *e, const struct multiaddr *addr)
{
    struct attempt *a = MEM_NEW(struct attempt);
    a->effort = e;
    a->at = addr;
    list_push(&e->attempts, &a->link);
    e->host->attempt_count++;
    struct why why;
    if (multiaddr_route(addr, &a->route, &why) != OK || !can_go(a, &why) ||
        attempt_is_put_off(a, &why)) {
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
