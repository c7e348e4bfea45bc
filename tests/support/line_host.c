/* host/host.h without what a real host costs, for simulations of a thousand that stay connected: a
 * connection is a TCP connection on which nothing is said but who is there, and each stream is one
 * of its own.  Each side is believed, and there is neither Noise nor Yamux.  What host/gossip asks
 * of a host is here, and nothing else: the linker takes this for host/host.c.
 *
 * The head of both: L or S, the length of our id, the id, the protocol of a stream. */
#include "support/line_host.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 24, HEAD_LEN = 2 + PEER_ID_MAX + NAME_MAX_LEN, PROTOCOLS_MAX = 8 };
#define HEAD_US (20 * SEC)

struct host {
    struct host_cfg cfg;
    struct peer_id id;
    struct addr at;
    struct listener *listener;
    struct host_protocol protocol[PROTOCOLS_MAX];
    size_t protocols;
    uint32_t lose_ppm;
    struct map *friends; /* by id */
    struct link watches, opens, dials, guests;
};

/* A peer that is connected. */
struct friend
{
    struct host *host;
    struct conn *line;
    struct peer_id id;
    struct addr at;
    bool inbound;
};

/* One end until its head has come. */
struct guest {
    struct link link; /* in host.guests; of a dial in host.dials */
    struct host *host;
    struct conn *conn;
    struct timer *late;
    uint8_t head[HEAD_LEN];
    size_t have;
};

struct host_dial {
    struct guest g;
    host_dial_cb *cb;
    void *arg;
};

struct host_open {
    struct link link;
    struct host *host;
    struct conn *conn;
    struct timer *fails;
    struct peer_id peer;
    const char *protocol;
    host_open_cb *cb;
    void *arg;
};

/* --- messages that are lost ----------------------------------------------------------------- */

/* A filter that knows where messages begin: behind their length as a varint. */
struct sieve {
    struct conn conn;
    struct host *host;
    struct buf part, out; /* a message that is not whole yet; what is to be written */
    bool begun;
};

static void sieve_flush(struct sieve *s)
{
    while (buf_len(&s->out) > 0) {
        ssize_t n = conn_send(s->conn.below, buf_bytes(&s->out), buf_len(&s->out));
        if (n <= 0)
            return;
        buf_eat(&s->out, (size_t)n);
    }
    buf_done(&s->out);
}

static void sieve_messages(struct sieve *s)
{
    for (;;) {
        struct cur c = buf_cur(&s->part);
        uint64_t n = cur_uvarint(&c);
        if (c.bad || n > c.n)
            return;
        size_t whole = buf_len(&s->part) - c.n + (size_t)n;
        bool lost = s->begun && s->host->lose_ppm > 0 &&
                    loop_random_u64(s->conn.loop) % 1000000 < s->host->lose_ppm;
        if (!lost)
            buf_put(&s->out, buf_bytes(&s->part), whole);
        buf_eat(&s->part, whole);
        s->begun = true;
    }
}

static ssize_t sieve_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct sieve *s = (struct sieve *)c;
    ssize_t taken = 0;
    if (buf_len(&s->out) > 0)
        return CONN_AGAIN;
    for (int i = 0; i < count; i++) {
        buf_put(&s->part, iov[i].iov_base, iov[i].iov_len);
        taken += (ssize_t)iov[i].iov_len;
    }
    sieve_messages(s);
    sieve_flush(s);
    return taken;
}

static ssize_t sieve_recv(struct conn *c, void *to, size_t n)
{
    return conn_recv(c->below, to, n);
}

static void sieve_shut(struct conn *c)
{
    conn_shut(c->below);
}

static void sieve_close(struct conn *c)
{
    struct sieve *s = (struct sieve *)c;
    conn_close(c->below);
    buf_done(&s->part);
    buf_done(&s->out);
    free(s);
}

static void on_below(void *arg, enum conn_event ev, const struct why *why)
{
    struct sieve *s = arg;
    if (ev == CONN_WRITABLE)
        sieve_flush(s);
    if (ev != CONN_WRITABLE || buf_len(&s->out) == 0)
        conn_raise(&s->conn, ev, why);
}

static struct conn *sieve_new(struct host *h, struct conn *below)
{
    static const struct conn_ops ops = {"sieve", sieve_recv, sieve_sendv, sieve_close, sieve_shut};
    struct sieve *s = MEM_NEW(struct sieve);
    s->conn = (struct conn){.ops = &ops,
                            .loop = below->loop,
                            .below = below,
                            .peer = below->peer,
                            .local = below->local};
    s->host = h;
    conn_watch(below, on_below, s);
    return &s->conn;
}

void line_host_lose(struct host *h, uint32_t ppm)
{
    h->lose_ppm = ppm;
}

/* --- who is connected ----------------------------------------------------------------------- */

static void tell(struct host *h, enum host_event ev, const struct peer_id *id)
{
    LIST_EACH(&h->watches, struct host_watch, w, link)
        w->cb(w->arg, ev, id);
}

static void friend_free(struct friend *f)
{
    map_drop(f->host->friends, f->id.bytes, f->id.len);
    conn_close(f->line);
    free(f);
}

static void on_line(void *arg, enum conn_event ev, const struct why *why)
{
    struct friend *f = arg;
    struct host *h = f->host;
    struct peer_id id = f->id;
    uint8_t byte;
    (void)why;
    if (ev != CONN_CLOSED && (ev != CONN_READABLE || conn_recv(f->line, &byte, 1) == CONN_AGAIN))
        return;
    friend_free(f);
    tell(h, HOST_GONE, &id);
}

/* Takes the line; the first of two stays. */
static void befriend(struct host *h, const struct peer_id *id, struct conn *line, bool inbound)
{
    if (map_get(h->friends, id->bytes, id->len)) {
        conn_close(line);
        return;
    }
    struct friend *f = MEM_NEW(struct friend);
    *f = (struct friend){.host = h, .line = line, .id = *id, .at = line->peer, .inbound = inbound};
    f->at.port = h->at.port; /* all listen on one port, and dial from others */
    map_put(h->friends, id->bytes, id->len, f);
    conn_watch(line, on_line, f);
    tell(h, HOST_CONNECTED, id);
    tell(h, HOST_IDENTIFIED, id);
}

bool host_connected(const struct host *h, const struct peer_id *peer)
{
    return map_get(h->friends, peer->bytes, peer->len) != NULL;
}

void host_hang_up(struct host *h, const struct peer_id *peer)
{
    struct friend *f = map_get(h->friends, peer->bytes, peer->len);
    if (!f)
        return;
    friend_free(f);
    tell(h, HOST_GONE, peer);
}

bool host_peer(struct host *h, const struct peer_id *id, struct host_peer *out)
{
    const struct friend *f = map_get(h->friends, id->bytes, id->len);
    *out = (struct host_peer){0};
    if (!f)
        return false;
    out->id = *id;
    out->conns = 1;
    out->identified = true;
    out->agent = "shoal/sim";
    out->remote = f->at;
    out->inbound = f->inbound;
    out->addr_count = 1;
    multiaddr_of_addr(&out->addrs[0], &f->at, REACH_TCP);
    return true;
}

bool host_peer_speaks(struct host *h, const struct peer_id *id, const char *protocol)
{
    (void)protocol;
    return host_connected(h, id);
}

size_t host_peers(const struct host *h, struct peer_id *out, size_t cap)
{
    const struct friend *f;
    size_t n = 0;
    for (size_t at = 0; n < cap && (f = map_next(h->friends, &at, NULL, NULL));)
        out[n++] = f->id;
    return n;
}

void host_tag(struct host *h, const struct peer_id *peer, const char *tag, unsigned weight)
{
    (void)h, (void)peer, (void)tag, (void)weight;
}

/* --- heads ---------------------------------------------------------------------------------- */

static void say_head(const struct host *h, struct conn *c, char kind, const char *protocol)
{
    uint8_t head[HEAD_LEN] = {(uint8_t)kind, h->id.len};
    memcpy(head + 2, h->id.bytes, h->id.len);
    if (protocol)
        memcpy(head + 2 + PEER_ID_MAX, protocol, strnlen(protocol, NAME_MAX_LEN - 1));
    (void)!conn_send(c, head, sizeof head);
}

static void guest_init(struct guest *g, struct host *h, struct link *list, timer_cb *late)
{
    g->host = h;
    list_push(list, &g->link);
    g->late = timer_start(h->cfg.loop, HEAD_US, late, g);
}

/* It is to be freed by its owner; its conn, where there is one still, is closed. */
static void guest_done(struct guest *g)
{
    list_drop(&g->link);
    timer_cancel(g->late);
    conn_close(g->conn);
}

enum headed { HEAD_HERE, HEAD_COMES, HEAD_FAILED };

static enum headed guest_read(struct guest *g, enum conn_event ev, struct peer_id *who)
{
    ssize_t n = CONN_AGAIN;
    if (ev == CONN_READABLE)
        while (g->have < HEAD_LEN &&
               (n = conn_recv(g->conn, g->head + g->have, HEAD_LEN - g->have)) > 0)
            g->have += (size_t)n;
    if (g->have == HEAD_LEN) {
        *who = (struct peer_id){.len = g->head[1]};
        memcpy(who->bytes, g->head + 2, PEER_ID_MAX);
        return HEAD_HERE;
    }
    return ev == CONN_CLOSED || n == CONN_END || n == CONN_FAILED ? HEAD_FAILED : HEAD_COMES;
}

static void on_guest_late(void *arg)
{
    struct guest *g = arg;
    g->late = NULL;
    guest_done(g);
    free(g);
}

/* Takes the conn. */
static void answer(struct host *h, const struct peer_id *who, const char *name, struct conn *c)
{
    if (host_connected(h, who))
        for (size_t i = 0; i < h->protocols; i++)
            if (strcmp(h->protocol[i].name, name) == 0) {
                struct host_stream s = {.conn = c, .peer = who, .protocol = h->protocol[i].name};
                h->protocol[i].cb(h->protocol[i].arg, &s);
                return;
            }
    conn_close(c);
}

static void on_guest(void *arg, enum conn_event ev, const struct why *why)
{
    struct guest *g = arg;
    struct host *h = g->host;
    struct peer_id who;
    char name[NAME_MAX_LEN];
    (void)why;
    enum headed is = guest_read(g, ev, &who);
    if (is == HEAD_COMES)
        return;
    struct conn *c = g->conn;
    bool line = g->head[0] == 'L';
    memcpy(name, g->head + 2 + PEER_ID_MAX, sizeof name);
    g->conn = is == HEAD_HERE ? NULL : g->conn;
    guest_done(g);
    free(g);
    if (is == HEAD_FAILED)
        return;
    if (!line) {
        answer(h, &who, name, c);
        return;
    }
    say_head(h, c, 'L', NULL);
    befriend(h, &who, c, true);
}

static void on_accept(void *arg, struct conn *c)
{
    struct guest *g = MEM_NEW(struct guest);
    struct host *h = arg;
    g->conn = c;
    guest_init(g, h, &h->guests, on_guest_late);
    conn_watch(c, on_guest, g);
}

/* --- dialling ------------------------------------------------------------------------------- */

static void dial_free(struct host_dial *d)
{
    guest_done(&d->g);
    free(d);
}

void host_dial_cancel(struct host_dial *d)
{
    if (d)
        dial_free(d);
}

static void dial_end(struct host_dial *d, const struct peer_id *who)
{
    host_dial_cb *cb = d->cb;
    void *arg = d->arg;
    struct why why;
    dial_free(d);
    why_set(&why, who ? OK : ERR_TIMEOUT, "%s", who ? "" : "it does not answer");
    cb(arg, who, &why);
}

static void on_dial_late(void *arg)
{
    struct guest *g = arg;
    g->late = NULL;
    dial_end(LIST_OF(g, struct host_dial, g), NULL);
}

static void on_dial(void *arg, enum conn_event ev, const struct why *why)
{
    struct host_dial *d = arg;
    struct host *h = d->g.host;
    struct peer_id who;
    (void)why;
    if (ev == CONN_OPEN)
        say_head(h, d->g.conn, 'L', NULL);
    switch (guest_read(&d->g, ev, &who)) {
    case HEAD_COMES:
        break;
    case HEAD_FAILED:
        dial_end(d, NULL);
        break;
    case HEAD_HERE:
        befriend(h, &who, d->g.conn, false);
        d->g.conn = NULL;
        dial_end(d, &who);
        break;
    }
}

struct host_dial *host_dial(struct host *h, const struct peer_id *peer,
                            const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg)
{
    struct host_dial *d = MEM_NEW(struct host_dial);
    struct multiaddr_route r;
    (void)peer;
    d->cb = cb;
    d->arg = arg;
    guest_init(&d->g, h, &h->dials, on_dial_late);
    if (n > 0 && multiaddr_route(&addrs[0], &r, NULL) == OK)
        d->g.conn = tcp_dial(h->cfg.loop, &r.addr, NULL, on_dial, d);
    return d;
}

struct host_dial *host_dial_unasked(struct host *h, const struct peer_id *peer,
                                    const struct multiaddr *addrs, size_t n, host_dial_cb *cb,
                                    void *arg)
{
    return host_dial(h, peer, addrs, n, cb, arg);
}

/* --- streams -------------------------------------------------------------------------------- */

void host_open_cancel(struct host_open *o)
{
    if (!o)
        return;
    list_drop(&o->link);
    timer_cancel(o->fails);
    conn_close(o->conn);
    free(o);
}

static void open_fails(void *arg)
{
    struct host_open *o = arg;
    host_open_cb *cb = o->cb;
    void *owner = o->arg;
    struct why why;
    o->fails = NULL;
    host_open_cancel(o);
    why_set(&why, ERR_CLOSED, "it is not connected, or hung up");
    cb(owner, NULL, &why);
}

static void on_open(void *arg, enum conn_event ev, const struct why *why)
{
    struct host_open *o = arg;
    struct host *h = o->host;
    (void)why;
    if (ev == CONN_CLOSED)
        open_fails(o);
    if (ev != CONN_OPEN)
        return;
    say_head(h, o->conn, 'S', o->protocol);
    struct peer_id who = o->peer;
    struct host_stream s = {.conn = sieve_new(h, o->conn), .peer = &who, .protocol = o->protocol};
    host_open_cb *cb = o->cb;
    void *owner = o->arg;
    o->conn = NULL;
    host_open_cancel(o);
    cb(owner, &s, NULL);
}

struct host_open *host_open(struct host *h, const struct peer_id *peer,
                            const char *const *protocols, size_t n, host_open_cb *cb, void *arg)
{
    const struct friend *f = map_get(h->friends, peer->bytes, peer->len);
    struct host_open *o = MEM_NEW(struct host_open);
    (void)n;
    *o = (struct host_open){
        .host = h, .peer = *peer, .protocol = protocols[0], .cb = cb, .arg = arg};
    list_push(&h->opens, &o->link);
    if (f)
        o->conn = tcp_dial(h->cfg.loop, &f->at, NULL, on_open, o);
    else
        o->fails = timer_start(h->cfg.loop, 0, open_fails, o);
    return o;
}

/* --- the rest ------------------------------------------------------------------------------- */

void host_handle(struct host *h, const struct host_protocol *p)
{
    if (h->protocols < PROTOCOLS_MAX)
        h->protocol[h->protocols++] = *p;
}

void host_ignore(struct host *h, const char *name)
{
    for (size_t i = 0; i < h->protocols; i++)
        if (strcmp(h->protocol[i].name, name) == 0)
            h->protocol[i--] = h->protocol[--h->protocols];
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
    h->friends = map_new(loop_random_u64(cfg->loop));
    list_init(&h->watches);
    list_init(&h->opens);
    list_init(&h->dials);
    list_init(&h->guests);
    if (multiaddr_route(&cfg->listen[0], &r, why) == OK)
        h->listener = tcp_listen(cfg->loop, &r.addr, on_accept, h, why);
    h->at = r.addr;
    return h;
}

void host_free(struct host *h)
{
    struct friend *f;
    if (!h)
        return;
    listener_close(h->listener);
    LIST_EACH(&h->opens, struct host_open, o, link)
        host_open_cancel(o);
    LIST_EACH(&h->dials, struct guest, g, link)
        dial_free(LIST_OF(g, struct host_dial, g));
    LIST_EACH(&h->guests, struct guest, g, link) {
        guest_done(g);
        free(g);
    }
    for (size_t at = 0; (f = map_next(h->friends, &at, NULL, NULL));)
        friend_free(f);
    map_free(h->friends);
    free(h);
}
