#include "host/reach/reach.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/reach/autonat2.h"
#include "host/reach/dcutr.h"
#include "host/reach/observed.h"
#include "host/reach/relay_client.h"
#include "host/reach/relay_server.h"

#include <stdlib.h>

enum { PUNCHED_MAX = 3 }; /* of TCP, and of QUIC: where we are seen, told for a punch */

struct reaching {
    struct reach_cfg cfg;
    struct observed observed[2]; /* over TCP, over QUIC */
    struct autonat *autonat;
    struct autonat2 *autonat2;
    enum verdict verdict; /* of both */
    struct dcutr *dcutr;
    struct relay_client *client;
    struct relay_server *server; /* NULL: we lend nothing */
};

/* --- what others see ------------------------------------------------------------------------ */

static bool may_be_told(const struct reaching *r, const struct addr *a)
{
    return addr_is_dialable(a) && (r->cfg.lab || !(addr_is_private(a) || addr_is_loopback(a)));
}

static const enum reach reaches[] = {REACH_TCP, REACH_QUIC}; /* of reaching.observed */

/* Those that at least so many peers say. */
static size_t agreed(const struct reaching *r, size_t kind, size_t agree, struct multiaddr *out,
                     size_t cap)
{
    struct addr seen[OBSERVED_MAX];
    size_t n = observed_agreed(&r->observed[kind], agree, loop_now_us(host_loop(r->cfg.host)), seen,
                               cap < OBSERVED_MAX ? cap : OBSERVED_MAX);
    for (size_t i = 0; i < n; i++)
        multiaddr_of_addr(&out[i], &seen[i], reaches[kind]);
    return n;
}

/* Whom nobody can dial needs places at relays.  Until others have said so, which takes a minute,
 * that is whoever has no address of the world's, and was not told one by its owner. */
static bool needs_relays(const struct reaching *r)
{
    const struct host *h = r->cfg.host;
    struct multiaddr_route way;
    if (r->verdict != VERDICT_UNKNOWN)
        return r->verdict == VERDICT_PRIVATE;
    if (h->own.count == 0 || h->told[TOLD_ANNOUNCED].count > 0 || loop_proxy(h->loop))
        return false;
    for (size_t i = 0; i < h->own.count; i++)
        if (multiaddr_route(&h->own.addrs[i], &way, NULL) == OK && may_be_told(r, &way.addr))
            return false;
    return true;
}

/* Told when strangers can dial us at all: who dials in vain has spoilt the hole that could be
 * punched (host/dial_where.c). Over QUIC each address is told once somebody has dialled it. */
static void tell_seen(struct reaching *r)
{
    struct multiaddr told[TOLD_MAX];
    size_t n = 0;
    if (r->verdict == VERDICT_PUBLIC)
        n = agreed(r, 0, r->cfg.lab ? 1 : OBSERVED_AGREE, told, TOLD_MAX);
    host_tell_addrs(r->cfg.host, TOLD_OBSERVED, told, n);
}

/* Only of connections from or to where we listen: of others the port means nothing. */
static void on_seen(void *arg, const struct connection *c, const struct multiaddr *at)
{
    struct reaching *r = arg;
    struct multiaddr_route way;
    relay_client_want(r->client, needs_relays(r)); /* our interfaces may have others by now */
    if (c->way.path == PATH_RELAYED || !host_hears(r->cfg.host, &c->mux->local) ||
        loop_proxy(host_loop(r->cfg.host)) || multiaddr_route(at, &way, NULL) != OK ||
        way.relayed || way.named || way.reach != c->way.reach || !may_be_told(r, &way.addr) ||
        (way.reach != REACH_TCP && way.reach != REACH_QUIC))
        return;
    bool quic = way.reach == REACH_QUIC;
    observed_add(&r->observed[quic], &way.addr, &c->mux->peer, loop_now_us(host_loop(r->cfg.host)));
    tell_seen(r);
}

static size_t advertised(const struct reaching *r, enum reach reach, bool hidden_too,
                         struct multiaddr *out, size_t cap)
{
    struct multiaddr all[HOST_ADDRS_MAX];
    struct multiaddr_route way;
    size_t n = 0, count = host_advertised(r->cfg.host, all, HOST_ADDRS_MAX);
    for (size_t i = 0; i < count && n < cap; i++)
        if (multiaddr_route(&all[i], &way, NULL) == OK && !way.relayed && way.reach == reach &&
            (hidden_too || may_be_told(r, &way.addr)))
            out[n++] = all[i];
    return n;
}

/* Where a peer who is on the relay's other side may dial us: one observer's word is enough there,
 * for a wrong address costs it a dial.  Our router may have had another address a minute ago. */
static size_t punch_addrs(void *arg, struct multiaddr *out, size_t cap)
{
    const struct reaching *r = arg;
    struct addr seen[PUNCHED_MAX];
    size_t n = 0;
    for (size_t kind = 0; kind < 2; kind++) {
        size_t count = observed_newest(&r->observed[kind], loop_now_us(host_loop(r->cfg.host)),
                                       seen, PUNCHED_MAX);
        for (size_t i = 0; i < count && n < cap; i++)
            multiaddr_of_addr(&out[n++], &seen[i], reaches[kind]);
    }
    for (size_t kind = 0; kind < 2; kind++)
        n += advertised(r, reaches[kind], false, out + n, cap - n);
    return n;
}

/* Where a peer may dial us to see if it can.  Private ones too: of them it takes the port. */
static size_t ask_addrs(void *arg, struct multiaddr *out, size_t cap)
{
    const struct reaching *r = arg;
    size_t n = agreed(r, 0, 1, out, cap);
    return n + advertised(r, REACH_TCP, true, out + n, cap - n);
}

static size_t add_seen(const struct reaching *r, size_t agree, struct multiaddr *out, size_t n,
                       size_t cap)
{
    struct multiaddr seen[OBSERVED_MAX];
    for (size_t kind = 0; kind < 2; kind++) {
        size_t count = agreed(r, kind, agree, seen, OBSERVED_MAX);
        for (size_t i = 0; i < count && n < cap; i++) {
            bool known = false;
            for (size_t k = 0; k < n && !known; k++)
                known = multiaddr_equal(&out[k], &seen[i]);
            if (!known)
                out[n++] = seen[i];
        }
    }
    return n;
}

/* Where strangers may reach us: what our interfaces have, and what they have seen; those first that
 * many saw, so that one who invents some hides none. */
static size_t check_addrs(void *arg, struct multiaddr *out, size_t cap)
{
    const struct reaching *r = arg;
    const struct own *own = &r->cfg.host->own;
    struct multiaddr_route way;
    size_t n = 0;
    for (size_t i = 0; i < own->count && n < cap; i++)
        if (multiaddr_route(&own->addrs[i], &way, NULL) == OK && may_be_told(r, &way.addr))
            out[n++] = own->addrs[i];
    n = add_seen(r, OBSERVED_AGREE, out, n, cap);
    return add_seen(r, 1, out, n, cap);
}

/* Who answers for single addresses knows more than who answers for the whole node. */
static void judge(struct reaching *r)
{
    enum verdict v = autonat2_verdict(r->autonat2);
    if (v == VERDICT_UNKNOWN)
        v = autonat_verdict(r->autonat);
    if (v == r->verdict)
        return;
    r->verdict = v;
    log_info(r->cfg.log, "others say: we are %s", verdict_word(v));
    tell_seen(r);
    relay_client_want(r->client, needs_relays(r));
    if (r->cfg.heard)
        r->cfg.heard(r->cfg.arg, v);
}

static void on_verdict(void *arg, enum verdict v)
{
    (void)v;
    judge(arg);
}

static void on_checked(void *arg)
{
    struct reaching *r = arg;
    struct multiaddr addrs[HIDDEN_MAX];
    size_t n = autonat2_addrs(r->autonat2, VERDICT_PUBLIC, addrs, TOLD_MAX);
    host_tell_addrs(r->cfg.host, TOLD_REACHED, addrs, n);
    n = autonat2_addrs(r->autonat2, VERDICT_PRIVATE, addrs, HIDDEN_MAX);
    host_hide_addrs(r->cfg.host, addrs, n);
    judge(r);
}

/* --- life ----------------------------------------------------------------------------------- */

struct reaching *reach_new(const struct reach_cfg *cfg)
{
    struct reaching *r = MEM_NEW(struct reaching);
    r->cfg = *cfg;
    r->client = relay_client_new(cfg->host, cfg->log, cfg->lab);
    struct relay_server_cfg lends = {.host = cfg->host,
                                     .log = cfg->log,
                                     .keys = cfg->keys,
                                     .strangers = cfg->strangers,
                                     .trusted_rate = cfg->rate,
                                     .limit = {RELAY_CIRCUIT_S, RELAY_CIRCUIT_BYTES},
                                     .rate = RELAY_RATE,
                                     .lab = cfg->lab};
    r->server = cfg->relay ? relay_server_new(&lends) : NULL;
    r->autonat = autonat_new(cfg->host, cfg->log, cfg->lab, ask_addrs, on_verdict, r);
    struct autonat2_cfg checks = {.host = cfg->host,
                                  .log = cfg->log,
                                  .lab = cfg->lab,
                                  .addrs = check_addrs,
                                  .changed = on_checked,
                                  .arg = r};
    r->autonat2 = autonat2_new(&checks);
    r->dcutr = dcutr_new(cfg->host, cfg->log, cfg->lab, punch_addrs, r);
    cfg->host->seen = on_seen;
    cfg->host->seen_arg = r;
    return r;
}

void reach_free(struct reaching *r)
{
    if (!r)
        return;
    r->cfg.host->seen = NULL;
    dcutr_free(r->dcutr);
    autonat2_free(r->autonat2);
    autonat_free(r->autonat);
    relay_server_free(r->server);
    relay_client_free(r->client);
    free(r);
}

enum err reach_name_relay(struct reaching *r, const struct multiaddr *at, struct why *why)
{
    return relay_client_name(r->client, at, why);
}

void reach_trust_changed(struct reaching *r)
{
    if (r->server)
        relay_server_trust_changed(r->server);
}

void reach_stat(const struct reaching *r, struct reach_stat *out)
{
    struct peer_id ids[RELAYS_NAMED_MAX + RELAYS_FOUND_MAX];
    *out = (struct reach_stat){.verdict = r->verdict, .relaying = r->server != NULL};
    out->relays = relay_client_relays(r->client, ids, sizeof ids / sizeof ids[0]);
    if (!r->server)
        return;
    out->reservations = relay_server_reservations(r->server);
    out->circuits = relay_server_circuits(r->server);
    out->relayed_bytes = relay_server_bytes(r->server);
}

size_t reach_addrs(const struct reaching *r, enum verdict v, struct multiaddr *out, size_t cap)
{
    return autonat2_addrs(r->autonat2, v, out, cap);
}
