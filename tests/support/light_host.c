#include "support/light_host.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MACHINES_MAX = 1 << 14 };
#define GIVE_UP_US (10 * SEC)

/* A machine that is or was; its place in the net stands for its address. */
struct machine {
    struct peer_id id;
    struct multiaddr at;
    struct host *host; /* NULL: gone */
    unsigned island;
};

struct light_net {
    struct loop *loop;
    uint64_t latency_us, jitter_us;
    unsigned lost_ppm;
    struct map *by_id;
    struct machine *machines[MACHINES_MAX];
    uint16_t count;
    uint64_t parcels, hash;
};

typedef uint8_t places[MACHINES_MAX / 8]; /* a bit for each machine */

struct host {
    struct light_net *net;
    struct machine *self;
    uint16_t place;
    struct host_protocol protocol; /* name NULL: none */
    places knows, speaks, tagged;
    uint16_t ring[LIGHT_KNOWN_MAX]; /* whom it knows, the oldest first */
    size_t ring_at, ring_count;
    struct link watches, opens, pipes;
};

static bool has(const uint8_t *bits, uint16_t place)
{
    return bits[place / 8] >> place % 8 & 1;
}

static void set(uint8_t *bits, uint16_t place, bool yes)
{
    uint8_t bit = (uint8_t)(1 << place % 8);
    bits[place / 8] = (uint8_t)(yes ? bits[place / 8] | bit : bits[place / 8] & ~bit);
}

/* Where the machine of this name is; false: nobody ever had it. */
static bool find(const struct light_net *n, const struct peer_id *id, uint16_t *place)
{
    const struct machine *const *m = map_get(n->by_id, id->bytes, id->len);
    if (m)
        *place = (uint16_t)(m - (const struct machine *const *)n->machines);
    return m != NULL;
}

static bool hears(const struct host *from, const struct machine *to)
{
    return from->self->host && to->host && from->self->island == to->island;
}

/* --- whom a host knows ---------------------------------------------------------------------- */

static void know(struct host *h, uint16_t place)
{
    if (has(h->knows, place) || place == h->place)
        return;
    for (size_t tries = 0; h->ring_count == LIGHT_KNOWN_MAX; tries++) {
        uint16_t oldest = h->ring[h->ring_at];
        if (has(h->tagged, oldest) && tries < LIGHT_KNOWN_MAX) {
            h->ring_at = (h->ring_at + 1) % LIGHT_KNOWN_MAX; /* as if it were the newest */
            continue;
        }
        set(h->knows, oldest, false);
        set(h->speaks, oldest, false);
        h->ring_at = (h->ring_at + 1) % LIGHT_KNOWN_MAX;
        h->ring_count--;
    }
    h->ring[(h->ring_at + h->ring_count++) % LIGHT_KNOWN_MAX] = place;
    set(h->knows, place, true);
}

/* As identify would tell. */
static void identified(struct host *h, uint16_t place, bool speaks)
{
    know(h, place);
    bool news = speaks && !has(h->speaks, place);
    set(h->speaks, place, speaks);
    if (news)
        LIST_EACH(&h->watches, struct host_watch, w, link)
            w->cb(w->arg, HOST_IDENTIFIED, &h->net->machines[place]->id);
}

void host_learn(struct host *h, const struct peer_id *peer, const struct multiaddr *addrs, size_t n)
{
    uint16_t place;
    (void)addrs;
    if (n > 0 && find(h->net, peer, &place))
        know(h, place);
}

bool host_peer(struct host *h, const struct peer_id *id, struct host_peer *out)
{
    uint16_t place;
    *out = (struct host_peer){0};
    if (!find(h->net, id, &place) || !has(h->knows, place))
        return false;
    out->id = *id;
    out->addr_count = 1;
    out->addrs[0] = h->net->machines[place]->at;
    return true;
}

bool host_peer_speaks(struct host *h, const struct peer_id *id, const char *protocol)
{
    uint16_t place;
    (void)protocol;
    return find(h->net, id, &place) && has(h->speaks, place);
}

void host_tag(struct host *h, const struct peer_id *id, const char *tag, unsigned weight)
{
    uint16_t place;
    (void)tag;
    if (find(h->net, id, &place))
        set(h->tagged, place, weight > 0);
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

/* --- a stream ------------------------------------------------------------------------------- */

struct pipe {
    struct conn conn;
    struct link link; /* in host.pipes */
    struct host *host;
    struct pipe *other; /* NULL: closed */
    struct link coming; /* struct parcel */
    struct buf in;
    uint64_t way_us; /* one way */
    bool asked, ended, broken, shut;
};

enum what { BYTES, THE_END, RESET };
struct parcel {
    struct link link; /* in pipe.coming of who is to have it */
    struct pipe *to;
    enum what what;
    struct buf bytes;
    struct timer *timer;
};

static void parcel_free(struct parcel *p)
{
    timer_cancel(p->timer);
    list_drop(&p->link);
    buf_done(&p->bytes);
    free(p);
}

/* FNV-1a over numbers: only to tell two runs apart. */
static void note(struct light_net *n, uint64_t x)
{
    n->hash = (n->hash ^ x) * UINT64_C(0x100000001b3);
}

static void on_parcel(void *arg)
{
    struct parcel *p = arg;
    struct pipe *to = p->to;
    struct light_net *n = to->host->net;
    p->timer = NULL;
    n->parcels++;
    note(n, loop_now_us(n->loop));
    note(n, (uint64_t)to->host->place << 32 | buf_len(&p->bytes));
    buf_put(&to->in, buf_bytes(&p->bytes), buf_len(&p->bytes));
    to->ended |= p->what == THE_END;
    to->broken |= p->what == RESET;
    parcel_free(p);
    if (to->broken) {
        struct why why;
        why_set(&why, ERR_CLOSED, "the other side reset it");
        conn_raise(&to->conn, CONN_CLOSED, &why);
    } else if (to->asked) {
        to->asked = false;
        conn_raise(&to->conn, CONN_READABLE, NULL);
    }
}

static void post(struct pipe *from, enum what what, const struct iovec *iov, int count)
{
    struct light_net *n = from->host->net;
    if (!from->other || !hears(from->host, from->other->host->self))
        return;
    struct parcel *p = MEM_NEW(struct parcel);
    p->to = from->other;
    p->what = what;
    for (int i = 0; i < count; i++)
        buf_put(&p->bytes, iov[i].iov_base, iov[i].iov_len);
    if (n->lost_ppm && loop_random_u64(n->loop) % 1000000 < n->lost_ppm)
        from->way_us += SEC; /* and what is behind it */
    list_push(&from->other->coming, &p->link);
    p->timer = timer_start(n->loop, from->way_us, on_parcel, p);
}

static ssize_t pipe_recv(struct conn *c, void *to, size_t n)
{
    struct pipe *p = (struct pipe *)c;
    size_t have = buf_len(&p->in);
    if (p->broken)
        return CONN_FAILED;
    if (have == 0) {
        p->asked = !p->ended;
        return p->ended ? CONN_END : CONN_AGAIN;
    }
    n = n < have ? n : have;
    memcpy(to, buf_bytes(&p->in), n);
    buf_eat(&p->in, n);
    return (ssize_t)n;
}

static ssize_t pipe_sendv(struct conn *c, const struct iovec *iov, int count)
{
    ssize_t n = 0;
    for (int i = 0; i < count; i++)
        n += (ssize_t)iov[i].iov_len;
    post((struct pipe *)c, BYTES, iov, count);
    return n;
}

static void pipe_shut(struct conn *c)
{
    struct pipe *p = (struct pipe *)c;
    if (!p->shut)
        post(p, THE_END, NULL, 0);
    p->shut = true;
}

static void pipe_close(struct conn *c)
{
    struct pipe *p = (struct pipe *)c;
    if (!p->shut)
        post(p, RESET, NULL, 0);
    if (p->other)
        p->other->other = NULL;
    LIST_EACH(&p->coming, struct parcel, one, link)
        parcel_free(one);
    list_drop(&p->link);
    buf_done(&p->in);
    free(p);
}

static const struct conn_ops pipe_ops = {"light", pipe_recv, pipe_sendv, pipe_close, pipe_shut};

static struct pipe *pipe_new(struct host *h, uint64_t way_us)
{
    struct pipe *p = MEM_NEW(struct pipe);
    p->conn = (struct conn){.ops = &pipe_ops, .loop = h->net->loop};
    p->host = h;
    p->way_us = way_us;
    p->asked = true;
    list_init(&p->coming);
    list_push(&h->pipes, &p->link);
    return p;
}

/* --- opening one ---------------------------------------------------------------------------- */

struct host_open {
    struct link link; /* in host.opens */
    struct host *host;
    struct peer_id peer;
    uint64_t way_us;
    struct timer *timer;
    struct pipe *pipe; /* NULL: not there yet */
    host_open_cb *cb;
    void *arg;
};

void host_open_cancel(struct host_open *o)
{
    if (!o)
        return;
    if (o->pipe)
        conn_close(&o->pipe->conn);
    timer_cancel(o->timer);
    list_drop(&o->link);
    free(o);
}

static void on_failed(void *arg)
{
    struct host_open *o = arg;
    struct why why;
    host_open_cb *cb = o->cb;
    void *cb_arg = o->arg;
    o->timer = NULL;
    host_open_cancel(o);
    why_set(&why, ERR_CLOSED, "it does not answer, or not this");
    cb(cb_arg, NULL, &why);
}

static void on_back(void *arg)
{
    struct host_open *o = arg;
    host_open_cb *cb = o->cb;
    void *cb_arg = o->arg;
    struct peer_id peer = o->peer;
    struct host_stream s = {
        .conn = &o->pipe->conn, .peer = &peer, .protocol = o->host->protocol.name};
    uint16_t place;
    if (find(o->host->net, &peer, &place))
        identified(o->host, place, true);
    o->timer = NULL;
    o->pipe = NULL;
    host_open_cancel(o);
    cb(cb_arg, &s, NULL);
}

static void on_there(void *arg)
{
    struct host_open *o = arg;
    struct host *h = o->host;
    struct loop *loop = h->net->loop;
    uint16_t place = 0;
    bool is = find(h->net, &o->peer, &place);
    struct host *to =
        is && hears(h, h->net->machines[place]) ? h->net->machines[place]->host : NULL;
    o->timer = NULL;
    if (!to || !to->protocol.name) {
        o->timer = timer_start(loop, to ? o->way_us : GIVE_UP_US, on_failed, o);
        return;
    }
    struct pipe *ours = pipe_new(h, o->way_us), *theirs = pipe_new(to, o->way_us);
    struct host_stream s = {
        .conn = &theirs->conn, .peer = &h->self->id, .protocol = to->protocol.name};
    ours->other = theirs;
    theirs->other = ours;
    o->pipe = ours;
    o->timer = timer_start(loop, o->way_us, on_back, o);
    identified(to, h->place, h->protocol.name != NULL);
    to->protocol.cb(to->protocol.arg, &s);
}

struct host_open *host_open(struct host *h, const struct peer_id *peer,
                            const char *const *protocols, size_t n, host_open_cb *cb, void *arg)
{
    struct light_net *net = h->net;
    struct host_open *o = MEM_NEW(struct host_open);
    uint16_t place;
    bool unknown = find(net, peer, &place) && !has(h->knows, place);
    (void)protocols;
    (void)n;
    *o = (struct host_open){.host = h, .peer = *peer, .cb = cb, .arg = arg};
    o->way_us = net->latency_us;
    if (net->jitter_us)
        o->way_us += loop_random_u64(net->loop) % net->jitter_us;
    list_push(&h->opens, &o->link);
    o->timer = timer_start(net->loop, unknown ? 0 : o->way_us, unknown ? on_failed : on_there, o);
    return o;
}

struct host_dial *host_dial(struct host *h, const struct peer_id *peer,
                            const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg)
{
    uint16_t place;
    (void)addrs;
    (void)n;
    (void)cb;
    (void)arg;
    if (find(h->net, peer, &place))
        identified(h, place, true);
    return NULL;
}

/* --- the rest ------------------------------------------------------------------------------- */

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
    if (cap > 0)
        *out = h->self->at;
    return cap > 0;
}

struct loop *host_loop(const struct host *h)
{
    return h->net->loop;
}

const struct peer_id *host_id(const struct host *h)
{
    return &h->self->id;
}

struct host *light_host_new(struct light_net *n, const struct peer_id *id,
                            const struct multiaddr *at)
{
    struct host *h = MEM_NEW(struct host);
    struct machine *m = MEM_NEW(struct machine);
    assert(n->count < MACHINES_MAX);
    h->net = n;
    h->self = m;
    h->place = n->count;
    list_init(&h->watches);
    list_init(&h->opens);
    list_init(&h->pipes);
    m->id = *id;
    m->at = *at;
    m->host = h;
    n->machines[n->count] = m;
    map_put(n->by_id, m->id.bytes, m->id.len, &n->machines[n->count++]);
    return h;
}

void light_host_die(struct host *h)
{
    h->self->host = NULL;
}

void light_host_maroon(struct host *h, unsigned island)
{
    h->self->island = island;
}

void host_free(struct host *h)
{
    if (!h)
        return;
    LIST_EACH(&h->opens, struct host_open, o, link)
        host_open_cancel(o);
    LIST_EACH(&h->pipes, struct pipe, p, link)
        conn_close(&p->conn);
    LIST_EACH(&h->watches, struct host_watch, w, link)
        list_drop(&w->link);
    h->self->host = NULL;
    free(h);
}

struct light_net *light_net_new(struct loop *loop, uint64_t latency_us, uint64_t jitter_us,
                                unsigned lost_ppm)
{
    struct light_net *n = MEM_NEW(struct light_net);
    n->loop = loop;
    n->latency_us = latency_us;
    n->jitter_us = jitter_us;
    n->lost_ppm = lost_ppm;
    n->by_id = map_new(1);
    n->hash = UINT64_C(0xcbf29ce484222325);
    return n;
}

void light_net_free(struct light_net *n)
{
    if (!n)
        return;
    for (uint16_t i = 0; i < n->count; i++)
        free(n->machines[i]);
    map_free(n->by_id);
    free(n);
}

uint64_t light_net_parcels(const struct light_net *n)
{
    return n->parcels;
}

uint64_t light_net_hash(const struct light_net *n)
{
    return n->hash;
}
