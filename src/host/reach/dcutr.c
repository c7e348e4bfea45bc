#include "host/reach/dcutr.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/dcutr_msg.h"
#include "host/upgrade.h"

#include <stdlib.h>

struct dcutr {
    struct host *host;
    const struct log *log;
    bool lab;
    dcutr_addrs *addrs;
    void *arg;
    struct link punches;
    size_t count;
    struct host_watch watch;
};

/* How a dial is made: as anybody's; or through, and then who is the client. */
enum role { ROLE_PLAIN, ROLE_CLIENT, ROLE_SERVER };

struct punch {
    struct link link; /* in dcutr.punches */
    struct dcutr *dcutr;
    struct peer_id peer;
    enum role role;
    bool done; /* there is a direct connection: the relayed one is to go */
    unsigned rounds;
    struct host_open *open;
    struct messages *stream;
    uint64_t asked_us; /* server: when we sent CONNECT */
    bool agreed;       /* client: we have answered CONNECT */
    struct timer *timer;
    size_t addr_count;
    struct addr addrs[DCUTR_TRIES_MAX]; /* where the other may be */
    struct link tries;
};

struct
try {
    struct link link;
    struct punch *punch;
    enum role role;
    struct conn *conn; /* server: until it is open */
    struct upgrade *upgrade;
};

static void begin_round(void *arg);

/* --- ends ----------------------------------------------------------------------------------- */

static void try_free(struct try *t)
{
    list_drop(&t->link);
    conn_close(t->conn);
    upgrade_cancel(t->upgrade);
    free(t);
}

static void quiet(struct punch *p)
{
    host_open_cancel(p->open);
    messages_free(p->stream);
    timer_cancel(p->timer);
    p->open = NULL;
    p->stream = NULL;
    p->timer = NULL;
    LIST_EACH(&p->tries, struct try, t, link)
        try_free(t);
}

static void punch_free(struct punch *p)
{
    quiet(p);
    p->dcutr->count--;
    list_drop(&p->link);
    free(p);
}

/* No way in this round: the side that was called begins another. */
static void round_failed(struct punch *p)
{
    enum role role = p->role;
    quiet(p);
    if (role == ROLE_CLIENT || p->rounds >= DCUTR_ROUNDS_MAX) {
        log_debug(p->dcutr->log, "no direct way to a peer that is relayed");
        punch_free(p);
        return;
    }
    p->timer = timer_start(p->dcutr->host->loop, 0, begin_round, p);
}

static void on_round_over(void *arg)
{
    struct punch *p = arg;
    p->timer = NULL;
    round_failed(p);
}

/* The relayed connections of a peer that is reached directly are closed once they carry nothing. */
static void on_leave(void *arg)
{
    struct punch *p = arg;
    struct host *h = p->dcutr->host;
    const struct peer *peer = peer_find(h, &p->peer);
    struct why why;
    bool more = false;
    p->timer = NULL;
    why_set(&why, ERR_CLOSED, "there is a direct connection");
    if (peer_is_direct(peer))
        LIST_EACH(&peer->conns, struct connection, c, link) {
            if (c->way.path != PATH_RELAYED)
                continue;
            if (mux_count(c->mux) == 0)
                connection_close(c, &why);
            else
                more = true;
        }
    if (more)
        p->timer = timer_start(h->loop, DCUTR_LEAVE_US, on_leave, p);
    else
        punch_free(p);
}

static void succeed(struct punch *p)
{
    quiet(p);
    p->done = true;
    p->timer = timer_start(p->dcutr->host->loop, DCUTR_LEAVE_US, on_leave, p);
    log_debug(p->dcutr->log, "a relayed peer is reached directly now");
}

/* --- dialling ------------------------------------------------------------------------------- */

static void try_failed(struct try *t)
{
    struct punch *p = t->punch;
    try_free(t);
    if (list_empty(&p->tries))
        round_failed(p);
}

static void on_upgraded(void *arg, struct conn *secured, const char *muxer, const struct why *why)
{
    struct try *t = arg;
    struct punch *p = t->punch;
    struct host *h = p->dcutr->host;
    struct way way = {.path = t->role == ROLE_PLAIN ? PATH_DIRECT : PATH_PUNCHED};
    (void)why;
    t->upgrade = NULL;
    if (!secured) {
        try_failed(t);
        return;
    }
    try_free(t);
    succeed(p);
    connection_new(h, secured, muxer, &way); /* last: whoever hears of it may end anything */
}

/* Both dialled, and the other is the client all the same: for the host it is a guest.  Whether it
 * is who we think the round's end tells. */
static void on_through(void *arg, enum conn_event ev, const struct why *why)
{
    struct try *t = arg;
    struct host *h = t->punch->dcutr->host;
    struct conn *c = t->conn;
    (void)why;
    if (ev == CONN_CLOSED)
        try_failed(t);
    if (ev != CONN_OPEN)
        return;
    t->conn = NULL;
    try_free(t);
    host_receive(h, c, &(struct way){.path = PATH_PUNCHED, .inbound = true});
}

static void try_addr(struct punch *p, const struct addr *to, enum role role)
{
    struct host *h = p->dcutr->host;
    struct try *t = MEM_NEW(struct try);
    struct addr from;
    bool from_ear = role != ROLE_PLAIN && host_dial_from(h, to, &from);
    t->punch = p;
    t->role = role;
    list_push(&p->tries, &t->link);
    t->conn = tcp_dial(h->loop, to, from_ear ? &from : NULL, on_through, t);
    if (role == ROLE_SERVER)
        return;
    t->upgrade = upgrade_dial(h->self, t->conn, &p->peer, on_upgraded, t);
    t->conn = NULL;
}

static void try_all(struct punch *p, enum role role, uint64_t within_us)
{
    timer_cancel(p->timer);
    p->timer = timer_start(p->dcutr->host->loop, within_us, on_round_over, p);
    for (size_t i = 0; i < p->addr_count; i++)
        try_addr(p, &p->addrs[i], role);
}

/* --- where ---------------------------------------------------------------------------------- */

/* What another says is dialled at all: TCP, and in the world outside laboratories. */
static void add_addr(struct punch *p, const struct multiaddr *a)
{
    struct multiaddr_route r;
    if (p->addr_count == DCUTR_TRIES_MAX || multiaddr_route(a, &r, NULL) != OK || r.relayed ||
        r.named || r.reach != REACH_TCP || !addr_is_dialable(&r.addr))
        return;
    if (!p->dcutr->lab && (addr_is_private(&r.addr) || addr_is_loopback(&r.addr)))
        return;
    for (size_t i = 0; i < p->addr_count; i++)
        if (addr_equal(&p->addrs[i], &r.addr))
            return;
    p->addrs[p->addr_count++] = r.addr;
}

static void take_addrs(struct punch *p, const struct dcutr_msg *m)
{
    struct multiaddr a;
    p->addr_count = 0;
    for (size_t i = 0; i < m->addr_count; i++)
        if (multiaddr_decode(&a, m->addrs[i], NULL) == OK)
            add_addr(p, &a);
}

/* --- agreeing ------------------------------------------------------------------------------- */

/* False: the stream is over. */
static bool say(struct punch *p, enum dcutr_type type)
{
    struct dcutr *d = p->dcutr;
    struct multiaddr addrs[DCUTR_ADDRS_MAX];
    struct dcutr_msg m = {.type = type};
    struct buf out = {0};
    size_t n = type == DCUTR_CONNECT ? d->addrs(d->arg, addrs, DCUTR_ADDRS_MAX) : 0;
    for (; m.addr_count < n; m.addr_count++)
        m.addrs[m.addr_count] = cur_of(addrs[m.addr_count].bytes, addrs[m.addr_count].len);
    dcutr_encode(&m, &out);
    bool sent = messages_send(p->stream, buf_bytes(&out), buf_len(&out), NULL) == OK;
    buf_done(&out);
    return sent;
}

static void on_moment(void *arg)
{
    struct punch *p = arg;
    p->timer = NULL;
    try_all(p, ROLE_SERVER, DCUTR_ROUND_US);
}

/* B of the specification: "sends a Sync message and starts a timer for half the RTT". */
static bool server_heard(struct punch *p, const struct dcutr_msg *m)
{
    uint64_t rtt_us = loop_now_us(p->dcutr->host->loop) - p->asked_us;
    if (m->type != DCUTR_CONNECT || p->timer)
        return false;
    take_addrs(p, m);
    if (p->addr_count == 0 || !say(p, DCUTR_SYNC))
        return false;
    messages_expect(p->stream, 0);
    p->timer = timer_start(p->dcutr->host->loop, rtt_us / 2, on_moment, p);
    return true;
}

/* A: answers with its own, and dials when SYNC has come. */
static bool client_heard(struct punch *p, const struct dcutr_msg *m)
{
    if (m->type == DCUTR_CONNECT && !p->agreed) {
        p->agreed = true;
        take_addrs(p, m);
        return p->addr_count > 0 && say(p, DCUTR_CONNECT);
    }
    if (m->type != DCUTR_SYNC || !p->agreed || !list_empty(&p->tries))
        return false;
    messages_expect(p->stream, 0);
    try_all(p, ROLE_CLIENT, DCUTR_ROUND_US);
    return true;
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct punch *p = arg;
    struct dcutr_msg m;
    bool trying = !list_empty(&p->tries) || p->timer;
    (void)why;
    if (ev != MESSAGES_ONE && trying) { /* all is said */
        messages_free(p->stream);
        p->stream = NULL;
        return;
    }
    bool good = ev == MESSAGES_ONE && dcutr_decode(&m, msg, NULL) == OK &&
                (p->role == ROLE_SERVER ? server_heard(p, &m) : client_heard(p, &m));
    if (!good)
        round_failed(p);
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct punch *p = arg;
    (void)why;
    p->open = NULL;
    if (!s) {
        round_failed(p);
        return;
    }
    p->stream = messages_new(s->conn, DCUTR_MESSAGE_MAX, on_message, p);
    messages_expect(p->stream, DCUTR_TALK_US);
    p->asked_us = loop_now_us(p->dcutr->host->loop);
    if (!say(p, DCUTR_CONNECT))
        round_failed(p);
}

static void begin_round(void *arg)
{
    static const char *const names[] = {DCUTR_PROTOCOL};
    struct punch *p = arg;
    p->timer = NULL;
    p->role = ROLE_SERVER;
    p->rounds++;
    p->open = host_open(p->dcutr->host, &p->peer, names, 1, on_open, p);
}

/* --- when ----------------------------------------------------------------------------------- */

static struct punch *punch_of(const struct dcutr *d, const struct peer_id *peer)
{
    LIST_EACH(&d->punches, struct punch, p, link)
        if (peer_id_equal(&p->peer, peer))
            return p;
    return NULL;
}

static struct punch *punch_new(struct dcutr *d, const struct peer_id *peer, enum role role)
{
    struct punch *p = MEM_NEW(struct punch);
    p->dcutr = d;
    p->peer = *peer;
    p->role = role;
    list_init(&p->tries);
    list_push(&d->punches, &p->link);
    d->count++;
    return p;
}

/* Called through a relay, and it can be punched through to. */
static bool is_called(const struct peer *p)
{
    const struct connection *best = p ? connection_best(p, true) : NULL;
    return best && best->way.path == PATH_RELAYED && best->way.inbound;
}

static void begin(struct dcutr *d, const struct peer_id *peer)
{
    struct host_peer known;
    struct punch *p = punch_new(d, peer, ROLE_PLAIN);
    host_peer(d->host, peer, &known);
    for (size_t i = 0; i < known.addr_count; i++)
        add_addr(p, &known.addrs[i]);
    if (p->addr_count > 0)
        try_all(p, ROLE_PLAIN, DCUTR_PLAIN_US);
    else
        begin_round(p);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct dcutr *d = arg;
    struct punch *p = peer ? punch_of(d, peer) : NULL;
    const struct peer *known = peer ? peer_find(d->host, peer) : NULL;
    if (ev == HOST_GONE && p) {
        punch_free(p);
        return;
    }
    if (ev != HOST_IDENTIFIED || !known)
        return;
    if (p && !p->done && peer_is_direct(known))
        succeed(p);
    else if (!p && d->count < DCUTR_PUNCHES_MAX && is_called(known) &&
             host_peer_speaks(d->host, peer, DCUTR_PROTOCOL) && !loop_proxy(d->host->loop))
        begin(d, peer);
}

static void on_stream(void *arg, const struct host_stream *s)
{
    struct dcutr *d = arg;
    struct punch *p = punch_of(d, s->peer);
    if (p && p->role == ROLE_CLIENT && !p->done) { /* its next round */
        punch_free(p);
        p = NULL;
    }
    if (p || d->count >= DCUTR_PUNCHES_MAX || s->conn->peer.family != ADDR_NONE ||
        loop_proxy(d->host->loop)) {
        conn_close(s->conn);
        return;
    }
    p = punch_new(d, s->peer, ROLE_CLIENT);
    p->stream = messages_new(s->conn, DCUTR_MESSAGE_MAX, on_message, p);
    messages_expect(p->stream, DCUTR_TALK_US);
}

/* --- life ----------------------------------------------------------------------------------- */

struct dcutr *dcutr_new(struct host *h, const struct log *log, bool lab, dcutr_addrs *addrs,
                        void *arg)
{
    struct dcutr *d = MEM_NEW(struct dcutr);
    struct host_protocol p = {.name = DCUTR_PROTOCOL, .cb = on_stream, .arg = d, .limited = true};
    d->host = h;
    d->log = log;
    d->lab = lab;
    d->addrs = addrs;
    d->arg = arg;
    list_init(&d->punches);
    d->watch = (struct host_watch){.cb = on_host, .arg = d};
    host_watch(h, &d->watch);
    host_handle(h, &p);
    return d;
}

void dcutr_free(struct dcutr *d)
{
    if (!d)
        return;
    host_ignore(d->host, DCUTR_PROTOCOL);
    host_unwatch(&d->watch);
    LIST_EACH(&d->punches, struct punch, p, link)
        punch_free(p);
    free(d);
}
