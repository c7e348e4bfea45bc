#include "host/reach/relay_server.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/relay_pipe.h"
#include "host/trust.h"

#include <stdlib.h>

#define ASK_US (10 * SEC) /* for a request, and for the answer of who is called */
#define TAG "relay"
enum { TAG_WEIGHT = 10 };

/* A place that a peer has with us. */
struct place {
    struct link link; /* in relay_server.places */
    struct peer_id peer;
    struct addr from;
    uint64_t until_us;
};

/* From a hop stream to the end of what became of it. */
struct circuit {
    struct link link; /* in relay_server.circuits */
    struct relay_server *server;
    struct peer_id from, to; /* to: of nobody, until it is asked for */
    bool trusted;            /* one of them is */
    struct relay_limit limit;
    struct addr addr;
    struct messages *hop, *stop;
    struct host_open *open;
    struct relay_pipe *pipe;
};

struct relay_server {
    struct relay_server_cfg cfg;
    struct loop *loop;
    struct link places, circuits;
    struct bucket *rate, *trusted_rate;
    uint64_t bytes; /* of circuits that are gone */
    struct timer *sweep;
    struct host_watch watch;
};

static void circuit_free(struct circuit *c)
{
    if (c->pipe)
        c->server->bytes += relay_pipe_bytes(c->pipe);
    list_drop(&c->link);
    host_open_cancel(c->open);
    messages_free(c->hop);
    messages_free(c->stop);
    relay_pipe_free(c->pipe);
    free(c);
}

static bool is_trusted(const struct relay_server *s, const struct peer_id *peer)
{
    return trust_of(host_trust(s->cfg.host), peer) == TRUST_TRUSTED;
}

static struct relay_limit limit_of(const struct relay_server *s, bool trusted)
{
    return trusted ? (struct relay_limit){0} : s->cfg.limit;
}

/* --- places --------------------------------------------------------------------------------- */

static struct place *place_of(const struct relay_server *s, const struct peer_id *peer)
{
    LIST_EACH(&s->places, struct place, p, link)
        if (peer_id_equal(&p->peer, peer))
            return p;
    return NULL;
}

static void place_free(struct relay_server *s, struct place *p)
{
    host_tag(s->cfg.host, &p->peer, TAG, 0);
    list_drop(&p->link);
    free(p);
}

static void sweep_soon(struct relay_server *s);

static void on_sweep(void *arg)
{
    struct relay_server *s = arg;
    uint64_t now = loop_now_us(s->loop);
    s->sweep = NULL;
    LIST_EACH(&s->places, struct place, p, link)
        if (p->until_us <= now)
            place_free(s, p);
    sweep_soon(s);
}

static void sweep_soon(struct relay_server *s)
{
    uint64_t now = loop_now_us(s->loop), first = 0;
    LIST_EACH(&s->places, struct place, p, link)
        first = first && first < p->until_us ? first : p->until_us;
    timer_cancel(s->sweep);
    s->sweep = first ? timer_start(s->loop, first > now ? first - now : 0, on_sweep, s) : NULL;
}

/* NULL: there is no room for it. */
static struct place *place_get(struct relay_server *s, const struct circuit *c)
{
    struct place *p = place_of(s, &c->from);
    size_t all = 0, same = 0;
    if (p)
        return p;
    LIST_EACH(&s->places, struct place, other, link) {
        all++;
        same += addr_same_ip(&other->from, &c->addr);
    }
    if (all >= RELAY_RESERVATIONS_MAX || (!s->cfg.lab && same >= RELAY_RESERVATIONS_OF_IP_MAX))
        return NULL;
    p = MEM_NEW(struct place);
    p->peer = c->from;
    p->from = c->addr;
    list_push(&s->places, &p->link);
    host_tag(s->cfg.host, &p->peer, TAG, TAG_WEIGHT);
    return p;
}

/* --- answers -------------------------------------------------------------------------------- */

/* The last word on a hop stream; c is gone. */
static void answer(struct circuit *c, const struct relay_msg *m)
{
    struct buf out = {0};
    relay_hop_encode(m, &out);
    if (messages_send(c->hop, buf_bytes(&out), buf_len(&out), NULL) == OK)
        messages_shut(c->hop);
    buf_done(&out);
    circuit_free(c);
}

static void refuse(struct circuit *c, enum relay_status status)
{
    log_debug(c->server->cfg.log, "asked to relay: %s", relay_status_text(status));
    answer(c, &(struct relay_msg){.type = RELAY_STATUS, .status = status});
}

static void reserve(struct circuit *c)
{
    struct relay_server *s = c->server;
    struct multiaddr addrs[RELAY_ADDRS_MAX];
    struct buf voucher = {0};
    bool trusted = is_trusted(s, &c->from);
    struct place *p = trusted || s->cfg.strangers ? place_get(s, c) : NULL;
    if (!p) {
        refuse(c,
               trusted || s->cfg.strangers ? RELAY_RESERVATION_REFUSED : RELAY_PERMISSION_DENIED);
        return;
    }
    p->until_us = loop_now_us(s->loop) + s->cfg.reserved_s * SEC;
    sweep_soon(s);
    struct relay_msg m = {.type = RELAY_STATUS,
                          .status = RELAY_OK,
                          .has_reservation = true,
                          .expire_s =
                              (uint64_t)(loop_wall_us(s->loop) / (int64_t)SEC) + s->cfg.reserved_s,
                          .limit = limit_of(s, trusted)};
    size_t n = host_advertised(s->cfg.host, addrs, RELAY_ADDRS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct multiaddr_route r;
        if (multiaddr_route(&addrs[i], &r, NULL) != OK || r.relayed ||
            multiaddr_add_peer(&addrs[i], host_id(s->cfg.host)) != OK)
            continue;
        m.addrs[m.addr_count++] = cur_of(addrs[i].bytes, addrs[i].len);
    }
    struct relay_voucher v = {
        .relay = *host_id(s->cfg.host), .peer = c->from, .expire_s = m.expire_s};
    relay_voucher_seal(&v, &voucher, s->cfg.keys);
    m.voucher = buf_cur(&voucher);
    answer(c, &m);
    buf_done(&voucher);
}

/* --- circuits ------------------------------------------------------------------------------- */

static void on_piped(void *arg, const struct why *why)
{
    struct circuit *c = arg;
    log_debug(c->server->cfg.log, "a circuit is over: %s", why->text);
    circuit_free(c);
}

/* Both said yes: their streams are one from now on. */
static void join(struct circuit *c)
{
    struct relay_server *s = c->server;
    struct relay_msg m = {.type = RELAY_STATUS, .status = RELAY_OK, .limit = c->limit};
    struct buf body = {0}, first = {0};
    relay_hop_encode(&m, &body);
    buf_uvarint(&first, buf_len(&body));
    buf_put(&first, buf_bytes(&body), buf_len(&body));
    struct conn *a = messages_take(c->hop), *b = messages_take(c->stop);
    c->hop = c->stop = NULL;
    c->pipe = relay_pipe_new(a, b, buf_cur(&first), &c->limit,
                             c->trusted ? s->trusted_rate : s->rate, on_piped, c);
    buf_done(&body);
    buf_done(&first);
}

static void on_stop_message(void *arg, enum messages_event ev, struct cur msg,
                            const struct why *why)
{
    struct circuit *c = arg;
    struct relay_msg m;
    (void)why;
    if (ev == MESSAGES_ONE && relay_stop_decode(&m, msg, NULL) == OK && m.type == RELAY_STATUS &&
        m.status == RELAY_OK && messages_queued(c->stop) == 0)
        join(c);
    else
        refuse(c, RELAY_CONNECTION_FAILED);
}

static void on_stop(void *arg, const struct host_stream *s, const struct why *why)
{
    struct circuit *c = arg;
    struct relay_msg m = {.type = RELAY_CONNECT, .peer = c->from, .limit = c->limit};
    struct buf out = {0};
    (void)why;
    c->open = NULL;
    if (!s) {
        refuse(c, RELAY_CONNECTION_FAILED);
        return;
    }
    c->stop = messages_new(s->conn, RELAY_MESSAGE_MAX, on_stop_message, c);
    messages_expect(c->stop, ASK_US);
    relay_stop_encode(&m, &out);
    if (messages_send(c->stop, buf_bytes(&out), buf_len(&out), NULL) != OK)
        refuse(c, RELAY_CONNECTION_FAILED);
    buf_done(&out);
}

/* Of the peer, at either end; itself not counted. */
static size_t circuits_of(const struct circuit *c, const struct peer_id *peer)
{
    size_t n = 0;
    LIST_EACH(&c->server->circuits, struct circuit, other, link)
        n += other != c && other->to.len &&
             (peer_id_equal(&other->from, peer) || peer_id_equal(&other->to, peer));
    return n;
}

static size_t circuits_in_all(const struct relay_server *s)
{
    size_t n = 0;
    LIST_EACH(&s->circuits, struct circuit, c, link)
        n += c->to.len > 0;
    return n;
}

static void call(struct circuit *c, const struct peer_id *to)
{
    static const char *const names[] = {RELAY_STOP_PROTOCOL};
    struct relay_server *s = c->server;
    if (to->len == 0 || peer_id_equal(to, &c->from)) {
        refuse(c, RELAY_MALFORMED_MESSAGE);
    } else if (!place_of(s, to) || !peer_is_direct(peer_find(s->cfg.host, to))) {
        refuse(c, RELAY_NO_RESERVATION);
    } else if (circuits_of(c, &c->from) >= RELAY_CIRCUITS_OF_PEER_MAX ||
               circuits_of(c, to) >= RELAY_CIRCUITS_OF_PEER_MAX ||
               circuits_in_all(s) >= RELAY_CIRCUITS_MAX) {
        refuse(c, RELAY_RESOURCE_LIMIT_EXCEEDED);
    } else {
        c->to = *to;
        c->trusted = is_trusted(s, &c->from) || is_trusted(s, to);
        c->limit = limit_of(s, c->trusted);
        messages_expect(c->hop, 0);
        c->open = host_open(s->cfg.host, to, names, 1, on_stop, c);
    }
}

/* --- who asks ------------------------------------------------------------------------------- */

static void on_hop(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct circuit *c = arg;
    struct relay_msg m;
    (void)why;
    if (ev != MESSAGES_ONE || c->to.len) { /* it has asked already, and is to wait */
        circuit_free(c);
        return;
    }
    if (relay_hop_decode(&m, msg, NULL) != OK)
        refuse(c, RELAY_MALFORMED_MESSAGE);
    else if (c->addr.family == ADDR_NONE) /* "should not accept [..] over already relayed" */
        refuse(c, RELAY_PERMISSION_DENIED);
    else if (m.type == RELAY_RESERVE)
        reserve(c);
    else if (m.type == RELAY_CONNECT)
        call(c, &m.peer);
    else
        refuse(c, RELAY_UNEXPECTED_MESSAGE);
}

static void on_stream(void *arg, const struct host_stream *hs)
{
    struct relay_server *s = arg;
    size_t same = 0;
    LIST_EACH(&s->circuits, struct circuit, other, link)
        same += other->to.len == 0 && peer_id_equal(&other->from, hs->peer);
    if (same >= RELAY_ASKED_OF_PEER_MAX) {
        conn_close(hs->conn);
        return;
    }
    struct circuit *c = MEM_NEW(struct circuit);
    c->server = s;
    c->from = *hs->peer;
    c->addr = hs->conn->peer;
    list_push(&s->circuits, &c->link);
    c->hop = messages_new(hs->conn, RELAY_MESSAGE_MAX, on_hop, c);
    messages_expect(c->hop, ASK_US);
}

/* "If the peer disconnects, the reservation is no longer valid." */
static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct relay_server *s = arg;
    struct place *p = ev == HOST_GONE ? place_of(s, peer) : NULL;
    if (p)
        place_free(s, p);
}

/* --- life ----------------------------------------------------------------------------------- */

struct relay_server *relay_server_new(const struct relay_server_cfg *cfg)
{
    struct relay_server *s = MEM_NEW(struct relay_server);
    struct host_protocol p = {.name = RELAY_HOP_PROTOCOL, .cb = on_stream, .arg = s};
    s->cfg = *cfg;
    s->cfg.reserved_s = cfg->reserved_s ? cfg->reserved_s : RELAY_RESERVED_S;
    s->loop = host_loop(cfg->host);
    uint64_t now = loop_now_us(s->loop);
    s->rate = cfg->rate ? bucket_new(cfg->rate, cfg->rate, now) : NULL;
    s->trusted_rate =
        cfg->trusted_rate ? bucket_new(cfg->trusted_rate, cfg->trusted_rate, now) : NULL;
    list_init(&s->places);
    list_init(&s->circuits);
    s->watch = (struct host_watch){.cb = on_host, .arg = s};
    host_watch(cfg->host, &s->watch);
    host_handle(cfg->host, &p);
    return s;
}

void relay_server_free(struct relay_server *s)
{
    if (!s)
        return;
    host_ignore(s->cfg.host, RELAY_HOP_PROTOCOL);
    host_unwatch(&s->watch);
    timer_cancel(s->sweep);
    LIST_EACH(&s->circuits, struct circuit, c, link)
        circuit_free(c);
    LIST_EACH(&s->places, struct place, p, link)
        place_free(s, p);
    bucket_free(s->rate);
    bucket_free(s->trusted_rate);
    free(s);
}

void relay_server_trust_changed(struct relay_server *s)
{
    LIST_EACH(&s->circuits, struct circuit, c, link)
        if (c->trusted && !is_trusted(s, &c->from) && !is_trusted(s, &c->to))
            circuit_free(c);
    LIST_EACH(&s->places, struct place, p, link)
        if (!s->cfg.strangers && !is_trusted(s, &p->peer))
            place_free(s, p);
}

size_t relay_server_reservations(const struct relay_server *s)
{
    size_t n = 0;
    for (const struct link *l = s->places.next; l != &s->places; l = l->next)
        n++;
    return n;
}

size_t relay_server_circuits(const struct relay_server *s)
{
    size_t n = 0;
    LIST_EACH(&s->circuits, struct circuit, c, link)
        n += c->pipe != NULL;
    return n;
}

uint64_t relay_server_bytes(const struct relay_server *s)
{
    uint64_t n = s->bytes;
    LIST_EACH(&s->circuits, struct circuit, c, link)
        n += c->pipe ? relay_pipe_bytes(c->pipe) : 0;
    return n;
}
