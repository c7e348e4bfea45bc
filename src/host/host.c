#include "host/host.h"

#include "host/host_in.h"
#include "host/quic/quic.h"

#include "base/map.h"
#include "base/mem.h"
#include "host/find/own.h"
#include "host/host_quic.h"
#include "host/upgrade.h"
#include "host/web_cert.h"
#include "net/tls.h"
#include "net/ws.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONNS_LOW = 160,
    CONNS_HIGH = 192,
    GUESTS_OF_ONE_MAX = 16, /* of one address */
};
#define LOOK_US (2 * SEC)        /* is the interface still there? */
#define TRIM_GRACE_US (20 * SEC) /* a connection is so old before it may be let go */

/* --- what happens --------------------------------------------------------------------------- */

void host_watch(struct host *h, struct host_watch *w)
{
    list_push(&h->watches, &w->link);
}

void host_unwatch(struct host_watch *w)
{
    list_drop(&w->link);
}

void host_tell(struct host *h, enum host_event ev, const struct peer_id *peer)
{
    struct peer_id who = {0};
    if (peer)
        who = *peer; /* it may be forgotten on the way */
    LIST_EACH(&h->watches, struct host_watch, w, link)
        w->cb(w->arg, ev, peer ? &who : NULL);
}

/* --- protocols ------------------------------------------------------------------------------ */

const struct host_protocol *host_protocol(const struct host *h, const char *name)
{
    for (size_t i = 0; i < h->protocol_count; i++)
        if (strcmp(h->protocols[i].name, name) == 0)
            return &h->protocols[i];
    return NULL;
}

void host_handle(struct host *h, const struct host_protocol *p)
{
    host_ignore(h, p->name);
    if (h->protocol_count == HOST_PROTOCOLS_MAX)
        abort(); /* they are ours, and counted */
    h->protocols[h->protocol_count++] = *p;
    identify_push(h);
}

void host_ignore(struct host *h, const char *name)
{
    for (size_t i = 0; i < h->protocol_count; i++)
        if (strcmp(h->protocols[i].name, name) == 0) {
            h->protocols[i] = h->protocols[--h->protocol_count];
            identify_push(h);
            return;
        }
}

/* --- who comes ------------------------------------------------------------------------------ */

static void guest_free(struct guest *g)
{
    g->host->guest_count--;
    list_drop(&g->link);
    upgrade_cancel(g->upgrade);
    free(g);
}

static void on_guest(void *arg, struct conn *secured, const char *muxer, const struct why *why)
{
    struct guest *g = arg;
    struct host *h = g->host;
    struct way way = g->way;
    g->upgrade = NULL;
    guest_free(g);
    if (secured)
        connection_new(h, secured, muxer, &way);
    else
        log_debug(h->log, "somebody who came is gone: %s", why->text);
}

bool host_welcomes(const struct host *h, const struct addr *from)
{
    size_t same = host_quic_half_open(h, from);
    LIST_EACH(&h->guests, struct guest, g, link)
        same += addr_same_ip(&g->from, from);
    return h->guest_count + host_quic_half_open(h, NULL) < HOST_NEGOTIATING_MAX &&
           (h->cfg.lab || same < GUESTS_OF_ONE_MAX);
}

void host_receive(struct host *h, struct conn *c, const struct way *way)
{
    if (!host_welcomes(h, &c->peer)) {
        conn_close(c);
        return;
    }
    struct guest *g = MEM_NEW(struct guest);
    g->host = h;
    g->from = c->peer;
    g->way = *way;
    list_push(&h->guests, &g->link);
    h->guest_count++;
    g->upgrade = upgrade_accept(h->self, c, on_guest, g);
}

bool host_hears(const struct host *h, const struct addr *local)
{
    for (size_t i = 0; i < h->ear_count; i++) {
        const struct addr *at = &h->ears[i].at;
        if (at->family == local->family && at->port == local->port)
            return true;
    }
    return false;
}

bool host_dial_from(const struct host *h, const struct addr *to, struct addr *from)
{
    for (size_t i = 0; i < h->ear_count && !loop_proxy(h->loop); i++) {
        *from = h->ears[i].at;
        bool public = !addr_is_private(from) && !addr_is_loopback(from);
        if (h->ears[i].reach == REACH_TCP && from->family == to->family &&
            (addr_is_any(from) || public || h->cfg.lab))
            return true;
    }
    return false;
}

static void on_accept(void *arg, struct conn *c)
{
    struct host *h = arg;
    if (!h->punches || !h->punches->came(h->punches_arg, c))
        host_receive(h, c, &(struct way){.path = PATH_DIRECT, .inbound = true});
}

static void on_accept_ws(void *arg, struct conn *c)
{
    struct conn *ws = ws_accept(c, NULL, NULL);
    host_receive(arg, ws, &(struct way){.path = PATH_DIRECT, .reach = REACH_WS, .inbound = true});
}

static void on_accept_wss(void *arg, struct conn *c)
{
    struct host *h = arg;
    c = tls_accept(web_cert_tls(h->cfg.web_cert), c, NULL, NULL);
    struct conn *ws = ws_accept(c, NULL, NULL);
    host_receive(h, ws, &(struct way){.path = PATH_DIRECT, .reach = REACH_WSS, .inbound = true});
}

static enum err open_ear(struct host *h, struct ear *ear, const struct addr *at, struct why *why)
{
    static accept_cb *const accept[] = {
        [REACH_TCP] = on_accept, [REACH_WS] = on_accept_ws, [REACH_WSS] = on_accept_wss};
    if (ear->reach == REACH_QUIC)
        return host_quic_listen(h, ear, at, why);
    ear->listener = tcp_listen(h->loop, at, accept[ear->reach], h, why);
    if (!ear->listener)
        return ERR_IO;
    ear->at = listener_addr(ear->listener);
    return OK;
}

static enum err listen_on(struct host *h, const struct multiaddr *a, struct why *why)
{
    struct multiaddr_route r;
    char text[MULTIADDR_TEXT];
    if (h->ear_count == EARS_MAX)
        return why_set(why, ERR_LIMIT, "more than %d addresses to listen on", EARS_MAX);
    if (multiaddr_route(a, &r, why) != OK)
        return why_in(why, ERR_INVALID, "%s", multiaddr_format(a, text));
    if (r.named || r.relayed)
        return why_set(why, ERR_INVALID,
                       "%s: only /ip4 or /ip6 with /tcp, /tcp/../ws, /tcp/../tls/ws or "
                       "/udp/../quic-v1 is listened on",
                       multiaddr_format(a, text));
    if (r.reach == REACH_WSS && !h->cfg.web_cert)
        return why_set(why, ERR_STATE,
                       "%s: there is no certificate (host.tls-cert and host.tls-key)",
                       multiaddr_format(a, text));
    if (loop_proxy(h->loop)) /* nobody can come through it, and nobody shall come past it */
        return OK;
    struct ear *ear = &h->ears[h->ear_count];
    ear->reach = r.reach;
    ear->at = r.addr;
    if (h->interface != 0 && open_ear(h, ear, &r.addr, why) != OK)
        return why_in(why, ERR_IO, "%s", multiaddr_format(a, text));
    multiaddr_of_addr(&ear->addr, &ear->at, r.reach);
    h->ear_count++;
    return OK;
}

static void close_ears(struct host *h)
{
    for (size_t i = 0; i < h->ear_count; i++) {
        listener_close(h->ears[i].listener);
        quic_close(h->ears[i].quic);
        h->ears[i].listener = NULL;
        h->ears[i].quic = NULL;
    }
}

static bool open_ears(struct host *h)
{
    struct why why;
    for (size_t i = 0; i < h->ear_count; i++) {
        struct ear *ear = &h->ears[i];
        struct addr at = ear->at;
        if (open_ear(h, ear, &at, &why) != OK) {
            log_warn(h->log, "not listened on again: %s", why.text);
            close_ears(h);
            return false;
        }
        multiaddr_of_addr(&ear->addr, &ear->at, ear->reach);
    }
    return true;
}

/* Sockets of an interface that went are dead, also when it is back. */
static void on_look(void *arg)
{
    struct host *h = arg;
    uint32_t now = loop_interface(h->loop);
    h->interface_look = timer_start(h->loop, LOOK_US, on_look, h);
    if (now == h->interface)
        return;
    close_ears(h);
    host_quic_forget(h);
    h->interface = now != 0 && open_ears(h) ? now : 0; /* 0: tried again */
}

size_t host_listening(const struct host *h, struct multiaddr *out, size_t cap)
{
    size_t n = 0;
    for (; n < h->ear_count && n < cap; n++)
        out[n] = h->ears[n].addr;
    return n;
}

/* --- who stays ------------------------------------------------------------------------------ */

/* The least wanted, longest connected, past the grace; NULL: none. */
static struct peer *whom_to_let_go(const struct host *h)
{
    uint64_t now = loop_now_us(h->loop);
    struct peer *worst = NULL;
    LIST_EACH(&h->busy, struct peer, p, link) {
        const struct connection *c = LIST_FIRST(&p->conns, struct connection, link);
        if (now - c->opened_us >= TRIM_GRACE_US && (!worst || peer_weight(p) < peer_weight(worst)))
            worst = p;
    }
    return worst;
}

static void on_trim(void *arg)
{
    struct host *h = arg;
    struct peer *p = NULL;
    h->trim = NULL;
    while (h->conn_count > h->cfg.conns_low && (p = whom_to_let_go(h))) {
        struct peer_id id = p->id;
        host_hang_up(h, &id);
    }
    if (h->conn_count > h->cfg.conns_high)
        h->trim = timer_start(h->loop, TRIM_GRACE_US, on_trim, h);
}

void host_trim_soon(struct host *h)
{
    if (h->conn_count > h->cfg.conns_high && !h->trim)
        h->trim = timer_start(h->loop, 0, on_trim, h);
}

static void set_tag(struct peer *p, const char *tag, unsigned weight)
{
    size_t free_at = TAGS_MAX;
    for (size_t i = 0; i < TAGS_MAX; i++) {
        if (p->tags[i].name && strcmp(p->tags[i].name, tag) == 0) {
            p->tags[i].weight = weight;
            p->tags[i].name = weight ? tag : NULL;
            return;
        }
        if (!p->tags[i].name)
            free_at = i;
    }
    if (weight && free_at < TAGS_MAX) {
        p->tags[free_at].name = tag;
        p->tags[free_at].weight = weight;
    }
}

void host_tag(struct host *h, const struct peer_id *peer, const char *tag, unsigned weight)
{
    struct peer *p = peer_get(h, peer);
    set_tag(p, tag, weight);
    peer_tend(p);
}

/* --- asked about peers ---------------------------------------------------------------------- */

bool host_connected(const struct host *h, const struct peer_id *peer)
{
    const struct peer *p = peer_find(h, peer);
    return p && !list_empty(&p->conns);
}

void host_hang_up(struct host *h, const struct peer_id *peer)
{
    struct peer *p = peer_find(h, peer);
    struct why why;
    why_set(&why, ERR_CLOSED, "we hung up");
    while (p && !list_empty(&p->conns)) {
        connection_close(LIST_FIRST(&p->conns, struct connection, link), &why);
        p = peer_find(h, peer);
    }
}

bool host_peer(struct host *h, const struct peer_id *id, struct host_peer *out)
{
    static const char *const paths[] = {
        [PATH_DIRECT] = "direct", [PATH_PUNCHED] = "hole-punched", [PATH_RELAYED] = "relayed"};
    const struct connection *best = NULL;
    const struct peer *p = peer_find(h, id);
    *out = (struct host_peer){0};
    if (!p)
        return false;
    out->id = p->id;
    out->identified = p->identified;
    out->agent = p->agent ? p->agent : "";
    out->protocols = p->protocols;
    out->protocol_count = p->protocol_count;
    out->addr_count = peer_addrs(p, out->addrs, HOST_ADDRS_MAX);
    out->record = buf_cur(&p->record);
    out->path = "";
    best = connection_best(p, true);
    LIST_EACH(&p->conns, struct connection, c, link) {
        out->conns++;
        if (c != best)
            continue;
        out->remote = c->mux->peer;
        out->reach = c->way.reach;
        out->inbound = c->way.inbound;
        out->limited = c->way.limited;
        out->path = paths[c->way.path];
        out->rtt_us = mux_rtt_us(c->mux);
    }
    return true;
}

bool host_peer_speaks(struct host *h, const struct peer_id *id, const char *protocol)
{
    const struct peer *p = peer_find(h, id);
    const char *kept = words_find(h->words, protocol);
    for (size_t i = 0; p && kept && i < p->protocol_count; i++)
        if (p->protocols[i] == kept)
            return true;
    return false;
}

static int by_id(const void *a, const void *b)
{
    return peer_id_cmp(a, b);
}

size_t host_peers(const struct host *h, struct peer_id *out, size_t cap)
{
    size_t n = 0;
    LIST_EACH(&h->busy, struct peer, p, link)
        if (n < cap)
            out[n++] = p->id;
    qsort(out, n, sizeof *out, by_id);
    return n;
}

void host_learn(struct host *h, const struct peer_id *peer, const struct multiaddr *addrs, size_t n)
{
    if (peer_id_equal(peer, &h->id))
        return;
    struct peer *p = peer_get(h, peer);
    for (size_t i = 0; i < n; i++)
        peer_learn(p, &addrs[i]);
}

/* --- life ----------------------------------------------------------------------------------- */

struct host *host_new(const struct host_cfg *cfg, struct why *why)
{
    struct host *h = MEM_NEW(struct host);
    h->cfg = *cfg;
    h->cfg.conns_low = cfg->conns_low ? cfg->conns_low : CONNS_LOW;
    h->cfg.conns_high = cfg->conns_high ? cfg->conns_high : CONNS_HIGH;
    h->loop = cfg->loop;
    h->log = cfg->log;
    h->self = secure_self_new(cfg->loop, cfg->keys, upgrade_muxers);
    h->id = *secure_self_id(h->self);
    h->words = words_new(loop_random_u64(cfg->loop));
    h->common = purse_new_common();
    h->peers = map_new(loop_random_u64(cfg->loop));
    h->backoff = backoff_new(loop_random_u64(cfg->loop));
    struct link *lists[] = {&h->idle,  &h->busy,  &h->guests, &h->watches,
                            &h->opens, &h->dials, &h->efforts};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        list_init(lists[i]);
    for (const struct host_protocol *p = identify_protocols; p->name; p++) {
        struct host_protocol mine = *p;
        mine.arg = h;
        host_handle(h, &mine);
    }
    h->interface = loop_interface(h->loop);
    if (h->interface != LOOP_ANY_INTERFACE)
        h->interface_look = timer_start(h->loop, LOOK_US, on_look, h);
    for (size_t i = 0; i < cfg->listen_count; i++)
        if (listen_on(h, &cfg->listen[i], why) != OK) {
            host_free(h);
            return NULL;
        }
    own_begin(h);
    return h;
}

void host_free(struct host *h)
{
    struct why why;
    if (!h)
        return;
    why_set(&why, ERR_CLOSED, "the node stops");
    for (size_t i = 0; i < h->ear_count; i++)
        listener_close(h->ears[i].listener);
    timer_cancel(h->interface_look);
    LIST_EACH(&h->guests, struct guest, g, link)
        guest_free(g);
    dial_stop(h);
    open_done(h);
    dial_done(h);
    LIST_EACH(&h->watches, struct host_watch, w, link)
        list_drop(&w->link);
    for (struct peer *p; (p = LIST_FIRST(&h->busy, struct peer, link));)
        host_hang_up(h, &p->id);
    host_quic_done(h);
    timer_cancel(h->trim);
    timer_cancel(h->push);
    timer_cancel(h->doubt);
    own_end(h);
    peers_done(h);
    map_free(h->peers);
    backoff_free(h->backoff);
    words_free(h->words);
    purse_drop(h->common);
    tls_free(h->web_trust);
    secure_self_free(h->self);
    free(h);
}

struct loop *host_loop(const struct host *h)
{
    return h->loop;
}

const struct peer_id *host_id(const struct host *h)
{
    return &h->id;
}

const struct trust_book *host_trust(const struct host *h)
{
    return h->cfg.trust;
}

struct kad *host_table(const struct host *h)
{
    return h->table;
}

void host_set_table(struct host *h, struct kad *k)
{
    h->table = k;
}

struct gossip *host_topics(const struct host *h)
{
    return h->topics;
}

void host_set_topics(struct host *h, struct gossip *g)
{
    h->topics = g;
}
