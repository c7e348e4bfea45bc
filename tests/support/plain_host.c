/* host/host.h without what a real host costs, for simulations of ten thousand: a stream is a TCP
 * connection of its own that begins with who we are, each side believes that, and there is neither
 * Noise nor Yamux.  What host/kad asks of a host is here, and nothing else: the linker takes this
 * for host/host.c.
 *
 * The head: the length of our id, the id, 1 if we answer a protocol. */
#include "host/host.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_LEN = 2 + PEER_ID_MAX, KNOWN_MAX = 512 };
#define OPEN_US (10 * SEC)

struct known {
    struct peer_id id;
    struct addr at;
    bool speaks;
};

struct host {
    struct host_cfg cfg;
    struct peer_id id;
    struct addr at;
    struct listener *listener;
    struct host_protocol protocol; /* name NULL: none */
    struct map *known;             /* the oldest are forgotten */
    struct link watches, opens, guests;
};

/* One end until the heads have been exchanged. */
struct host_open {
    struct link link; /* in host.opens, or in host.guests */
    struct host *host;
    struct conn *conn;
    struct peer_id peer; /* whom we dialled; nobody for a guest */
    uint8_t head[HEAD_LEN];
    size_t have;
    struct timer *timer; /* too late, or: fails in the next turn */
    host_open_cb *cb;
    void *arg;
};

/* --- whom we know --------------------------------------------------------------------------- */

static struct known *know(struct host *h, const struct peer_id *id)
{
    struct known *k = map_get(h->known, id->bytes, id->len);
    size_t first = 0;
    if (k)
        return k;
    if (map_count(h->known) == KNOWN_MAX) {
        struct known *old = map_next(h->known, &first, NULL, NULL);
        map_drop(h->known, old->id.bytes, old->id.len);
        free(old);
    }
    k = MEM_NEW(struct known);
    k->id = *id;
    map_put(h->known, id->bytes, id->len, k);
    return k;
}

/* As identify would tell. */
static void identified(struct host *h, const struct peer_id *id, const struct addr *at, bool speaks)
{
    struct known *k = know(h, id);
    bool news = !k->speaks && speaks;
    k->at = *at;
    k->at.port = h->at.port; /* all listen on one port, and dial from others */
    k->speaks = speaks;
    if (news)
        LIST_EACH(&h->watches, struct host_watch, w, link)
            w->cb(w->arg, HOST_IDENTIFIED, id);
}

void host_learn(struct host *h, const struct peer_id *peer, const struct multiaddr *addrs, size_t n)
{
    struct multiaddr_route r;
    if (n > 0 && !peer_id_equal(peer, &h->id) && multiaddr_route(&addrs[0], &r, NULL) == OK)
        know(h, peer)->at = r.addr;
}

bool host_peer(struct host *h, const struct peer_id *id, struct host_peer *out)
{
    const struct known *k = map_get(h->known, id->bytes, id->len);
    *out = (struct host_peer){0};
    if (!k || k->at.family == 0)
        return false;
    out->id = *id;
    out->addr_count = 1;
    multiaddr_of_addr(&out->addrs[0], &k->at, REACH_TCP);
    return true;
}

bool host_peer_speaks(struct host *h, const struct peer_id *id, const char *protocol)
{
    const struct known *k = map_get(h->known, id->bytes, id->len);
    (void)protocol;
    return k && k->speaks;
}

bool host_connected(const struct host *h, const struct peer_id *peer)
{
    (void)h;
    (void)peer;
    return false;
}

size_t host_peers(const struct host *h, struct peer_id *out, size_t cap)
{
    (void)h;
    (void)out;
    (void)cap;
    return 0;
}

/* --- streams -------------------------------------------------------------------------------- */

static void open_free(struct host_open *o)
{
    list_drop(&o->link);
    timer_cancel(o->timer);
    conn_close(o->conn);
    free(o);
}

void host_open_cancel(struct host_open *o)
{
    if (o)
        open_free(o);
}

static void fail(struct host_open *o, const char *text)
{
    struct why why;
    host_open_cb *cb = o->cb;
    void *arg = o->arg;
    open_free(o);
    why_set(&why, ERR_CLOSED, "%s", text);
    if (cb)
        cb(arg, NULL, &why);
}

static void on_late(void *arg)
{
    struct host_open *o = arg;
    o->timer = NULL;
    fail(o, "it is not known where it is, or it does not answer");
}

static void say_head(struct host_open *o)
{
    uint8_t head[HEAD_LEN] = {o->host->id.len, o->host->protocol.name != NULL};
    memcpy(head + 2, o->host->id.bytes, o->host->id.len);
    (void)!conn_send(o->conn, head, sizeof head);
}

static void have_head(struct host_open *o)
{
    struct host *h = o->host;
    struct peer_id who = {.len = o->head[0]};
    bool speaks = o->head[1] == 1, guest = o->peer.len == 0;
    memcpy(who.bytes, o->head + 2, PEER_ID_MAX);
    identified(h, &who, &o->conn->peer, speaks);
    if (guest ? !h->protocol.name : !speaks || !peer_id_equal(&who, &o->peer)) {
        fail(o, "it is somebody else, or does not speak this");
        return;
    }
    struct host_stream s = {.conn = o->conn, .peer = &who, .protocol = h->protocol.name};
    host_stream_cb *answer = h->protocol.cb;
    void *answer_arg = h->protocol.arg, *arg = o->arg;
    host_open_cb *cb = o->cb;
    o->conn = NULL;
    open_free(o);
    if (guest)
        answer(answer_arg, &s);
    else
        cb(arg, &s, NULL);
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct host_open *o = arg;
    ssize_t n = CONN_AGAIN;
    if (ev == CONN_OPEN)
        say_head(o);
    if (ev == CONN_READABLE)
        while (o->have < HEAD_LEN &&
               (n = conn_recv(o->conn, o->head + o->have, HEAD_LEN - o->have)) > 0)
            o->have += (size_t)n;
    if (ev == CONN_CLOSED || n == CONN_END)
        fail(o, why ? why->text : "it hung up");
    else if (o->have == HEAD_LEN)
        have_head(o);
}

struct host_open *host_open(struct host *h, const struct peer_id *peer,
                            const char *const *protocols, size_t n, host_open_cb *cb, void *arg)
{
    const struct known *k = map_get(h->known, peer->bytes, peer->len);
    struct host_open *o = MEM_NEW(struct host_open);
    bool there = k && k->at.family != 0;
    (void)protocols;
    (void)n;
    *o = (struct host_open){.host = h, .peer = *peer, .cb = cb, .arg = arg};
    list_push(&h->opens, &o->link);
    o->timer = timer_start(h->cfg.loop, there ? OPEN_US : 0, on_late, o);
    if (there)
        o->conn = tcp_dial(h->cfg.loop, &k->at, NULL, on_conn, o);
    return o;
}

static void on_accept(void *arg, struct conn *c)
{
    struct host *h = arg;
    struct host_open *o = MEM_NEW(struct host_open);
    o->host = h;
    o->conn = c;
    list_push(&h->guests, &o->link);
    o->timer = timer_start(h->cfg.loop, OPEN_US, on_late, o);
    conn_watch(c, on_conn, o);
    say_head(o);
}

/* --- the rest ------------------------------------------------------------------------------- */

struct host_dial *host_dial(struct host *h, const struct peer_id *peer,
                            const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg)
{
    struct multiaddr_route r;
    (void)cb;
    (void)arg;
    if (n > 0 && multiaddr_route(&addrs[0], &r, NULL) == OK)
        identified(h, peer, &r.addr, true);
    return NULL;
}

void host_handle(struct host *h, const struct host_protocol *p)
{
    h->protocol = *p;
}

void host_ignore(struct host *h, const char *name)
{
    (void)name;
    h->protocol = (struct host_protocol){0};
}

void host_watch(struct host *h, struct host_watch *w)
{
    list_push(&h->watches, &w->link);
}

void host_unwatch(struct host_watch *w)
{
    list_drop(&w->link);
}

size_t host_advertised(const struct host *h, struct multiaddr *out, size_t cap)
{
    if (cap == 0)
        return 0;
    multiaddr_of_addr(out, &h->at, REACH_TCP);
    return 1;
}

struct loop *host_loop(const struct host *h)
{
    return h->cfg.loop;
}

const struct peer_id *host_id(const struct host *h)
{
    return &h->id;
}

struct host *host_new(const struct host_cfg *cfg, struct why *why)
{
    struct host *h = MEM_NEW(struct host);
    struct multiaddr_route r;
    struct pubkey pk;
    h->cfg = *cfg;
    pubkey_of_ed25519(&pk, keys_peer_public(cfg->keys));
    peer_id_of_key(&pk, &h->id);
    h->known = map_new(loop_random_u64(cfg->loop));
    list_init(&h->watches);
    list_init(&h->opens);
    list_init(&h->guests);
    if (multiaddr_route(&cfg->listen[0], &r, why) == OK)
        h->listener = tcp_listen(cfg->loop, &r.addr, on_accept, h, why);
    h->at = r.addr;
    return h;
}

void host_free(struct host *h)
{
    struct known *k;
    if (!h)
        return;
    listener_close(h->listener);
    LIST_EACH(&h->opens, struct host_open, o, link)
        open_free(o);
    LIST_EACH(&h->guests, struct host_open, o, link)
        open_free(o);
    LIST_EACH(&h->watches, struct host_watch, w, link)
        list_drop(&w->link);
    for (size_t at = 0; (k = map_next(h->known, &at, NULL, NULL));)
        free(k);
    map_free(h->known);
    free(h);
}
