#include "host/reach/dcutr.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/dcutr_dial.h"
#include "host/reach/dcutr_msg.h"

#include <stdlib.h>

struct dcutr {
    struct host *host;
    const struct log *log;
    bool lab;
    dcutr_addrs *addrs;
    void *arg;
    struct link punches;
    struct host_watch watch;
};

/* PLAIN: only what the other says of itself is dialled; TALKING: that, and a moment is agreed on;
 * DIALLING: the moment has come; RESTING: until it is tried again; LEAVING: there is a direct
 * connection, and the relayed ones are to go. */
enum state { STATE_PLAIN, STATE_TALKING, STATE_DIALLING, STATE_RESTING, STATE_LEAVING };

struct punch {
    struct link link; /* in dcutr.punches */
    struct dcutr *dcutr;
    struct peer_id peer;
    enum state state;
    enum dcutr_role role;  /* of the round */
    bool called;           /* we were, through the relay: the rounds are ours to begin */
    unsigned rounds, left; /* so far; that follow without a rest */
    struct host_open *open;
    struct messages *stream;
    uint64_t asked_us;   /* server: when we sent CONNECT */
    uint64_t dialled_us; /* the last moment; 0: none yet */
    bool agreed;         /* client: we have answered CONNECT */
    struct timer *timer;
    size_t count;
    struct dcutr_place places[DCUTR_PLACES_MAX]; /* where the other may be */
    struct dcutr_dials dials;
};

static void begin_round(void *arg);
static void begin(struct punch *p, unsigned rounds);

/* --- ends ----------------------------------------------------------------------------------- */

/* The round is over, and what was dialled for its moment. */
static void end_round(struct punch *p)
{
    host_open_cancel(p->open);
    messages_free(p->stream);
    timer_cancel(p->timer);
    p->open = NULL;
    p->stream = NULL;
    p->timer = NULL;
    p->agreed = false;
    dcutr_dials_end_agreed(&p->dials);
}

static void quiet(struct punch *p)
{
    end_round(p);
    dcutr_dials_done(&p->dials);
}

static void punch_free(struct punch *p)
{
    quiet(p);
    list_drop(&p->link);
    free(p);
}

static bool is_relayed(const struct peer *p)
{
    if (p)
        LIST_EACH(&p->conns, struct connection, c, link)
            if (c->way.path == PATH_RELAYED)
                return true;
    return false;
}

/* It may have called us, and we it, at the same time. */
static bool is_called(const struct peer *p)
{
    LIST_EACH(&p->conns, struct connection, c, link)
        if (c->way.path == PATH_RELAYED && c->way.inbound)
            return true;
    return false;
}

static void on_rested(void *arg)
{
    struct punch *p = arg;
    p->timer = NULL;
    begin(p, 1);
}

/* Still relayed.  Who was called tries again later, and the other is asked then. */
static void rest(struct punch *p)
{
    quiet(p);
    if (!is_relayed(peer_find(p->dcutr->host, &p->peer))) {
        punch_free(p);
        return;
    }
    log_debug(p->dcutr->log, "no direct way to a peer that is relayed");
    p->state = STATE_RESTING;
    if (p->called)
        p->timer = timer_start(p->dcutr->host->loop, DCUTR_REST_US, on_rested, p);
}

/* No way in this round: the side that was called begins another.  A plain dial beside it goes on:
 * who refuses to talk at once, as js-libp2p does where it likes none of our addresses, may be
 * reached so. */
static void round_failed(struct punch *p, const char *text)
{
    log_debug(p->dcutr->log, "no hole was punched: %s", text);
    end_round(p);
    if (p->role != DCUTR_CLIENT && p->left > 0)
        p->timer = timer_start(p->dcutr->host->loop, 0, begin_round, p);
    else if (dcutr_dials_any(&p->dials))
        p->state = STATE_PLAIN;
    else
        rest(p);
}

static void on_round_over(void *arg)
{
    struct punch *p = arg;
    p->timer = NULL;
    round_failed(p, "nobody came through");
}

/* The client goes on listening for the other's dial, and its own port may be taken by just that. */
static void on_dial_failed(void *arg)
{
    struct punch *p = arg;
    if (dcutr_dials_any(&p->dials))
        return;
    if (p->state == STATE_PLAIN) {
        rest(p);
    } else if (p->state == STATE_DIALLING && p->role == DCUTR_SERVER) {
        timer_cancel(p->timer);
        p->timer = timer_start(p->dcutr->host->loop, DCUTR_AGAIN_US, on_round_over, p);
    }
}

/* --- through -------------------------------------------------------------------------------- */

/* Relayed ones; and over QUIC both may have come through: what was dialled as server is not needed
 * then. */
static bool may_go(const struct punch *p, const struct connection *c, size_t direct)
{
    bool surplus = direct > 1 && p->called && c->way.path == PATH_PUNCHED && !c->way.inbound;
    return mux_count(c->mux) == 0 && (c->way.path == PATH_RELAYED || surplus);
}

/* What carries nothing is closed, where there is better. */
static void on_leave(void *arg)
{
    struct punch *p = arg;
    struct host *h = p->dcutr->host;
    const struct peer *peer = peer_find(h, &p->peer);
    struct why why;
    size_t direct = 0;
    p->timer = NULL;
    why_set(&why, ERR_CLOSED, "there is a better connection");
    if (!peer_is_direct(peer)) { /* it was, or seemed so */
        p->called = peer && is_called(peer);
        begin(p, DCUTR_ROUNDS_MAX);
        return;
    }
    LIST_EACH(&peer->conns, struct connection, c, link)
        direct += c->way.path != PATH_RELAYED;
    LIST_EACH(&peer->conns, struct connection, c, link)
        if (may_go(p, c, direct)) {
            direct -= c->way.path != PATH_RELAYED;
            connection_close(c, &why);
        }
    if (is_relayed(peer))
        p->timer = timer_start(h->loop, DCUTR_LEAVE_US, on_leave, p);
    else
        punch_free(p);
}

static void succeed(struct punch *p)
{
    quiet(p);
    p->state = STATE_LEAVING;
    p->timer = timer_start(p->dcutr->host->loop, DCUTR_LEAVE_US, on_leave, p);
    log_debug(p->dcutr->log, "a relayed peer is reached directly now");
}

/* --- dialling ------------------------------------------------------------------------------- */

/* What another says is dialled at all: TCP and QUIC, and in the world outside laboratories. */
static void add_place(struct punch *p, const struct multiaddr *a)
{
    struct multiaddr_route r;
    if (p->count == DCUTR_PLACES_MAX || multiaddr_route(a, &r, NULL) != OK || r.relayed ||
        r.named || (r.reach != REACH_TCP && r.reach != REACH_QUIC) || !addr_is_dialable(&r.addr))
        return;
    if (!p->dcutr->lab && (addr_is_private(&r.addr) || addr_is_loopback(&r.addr)))
        return;
    for (size_t i = 0; i < p->count; i++)
        if (p->places[i].reach == r.reach && addr_equal(&p->places[i].addr, &r.addr))
            return;
    p->places[p->count++] = (struct dcutr_place){r.addr, r.reach};
}

static void dial_plainly(struct punch *p)
{
    struct host_peer known;
    p->count = 0;
    host_peer(p->dcutr->host, &p->peer, &known);
    for (size_t i = 0; i < known.addr_count; i++)
        add_place(p, &known.addrs[i]);
    for (size_t i = 0; i < p->count; i++)
        dcutr_dial(&p->dials, &p->places[i], DCUTR_PLAIN);
}

static void on_moment(void *arg)
{
    struct punch *p = arg;
    struct host *h = p->dcutr->host;
    p->timer = timer_start(h->loop, DCUTR_ROUND_US, on_round_over, p);
    p->state = STATE_DIALLING;
    p->dialled_us = loop_now_us(h->loop);
    for (size_t i = 0; i < p->count; i++) {
        char at[ADDR_TEXT];
        log_debug(p->dcutr->log, "a hole is tried to %s%s", addr_format(&p->places[i].addr, at),
                  p->places[i].reach == REACH_QUIC ? ", QUIC" : "");
        dcutr_dial(&p->dials, &p->places[i], p->role);
    }
}

/* --- agreeing ------------------------------------------------------------------------------- */

static void take_places(struct punch *p, const struct dcutr_msg *m)
{
    struct multiaddr a;
    p->count = 0;
    for (size_t i = 0; i < m->addr_count; i++)
        if (multiaddr_decode(&a, m->addrs[i], NULL) == OK)
            add_place(p, &a);
}

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

/* B of the specification "sends a Sync message and starts a timer for half the RTT".  A round that
 * follows one without success has another moment: sooner, for a relay that is slow one way, or
 * later, for a router of ours that is closed by what comes too early. */
static uint64_t moment_us(const struct punch *p, uint64_t rtt_us)
{
    static const unsigned halves[] = {1, 0, 2};
    return rtt_us / 2 * halves[(p->rounds - 1) % 3];
}

static bool server_heard(struct punch *p, const struct dcutr_msg *m)
{
    uint64_t rtt_us = loop_now_us(p->dcutr->host->loop) - p->asked_us;
    if (m->type != DCUTR_CONNECT || p->timer)
        return false;
    take_places(p, m);
    if (p->count == 0 || !say(p, DCUTR_SYNC))
        return false;
    messages_expect(p->stream, 0);
    p->timer = timer_start(p->dcutr->host->loop, moment_us(p, rtt_us), on_moment, p);
    return true;
}

/* A: answers with its own, and dials when SYNC has come. */
static bool client_heard(struct punch *p, const struct dcutr_msg *m)
{
    if (m->type == DCUTR_CONNECT && !p->agreed) {
        p->agreed = true;
        take_places(p, m);
        return p->count > 0 && say(p, DCUTR_CONNECT);
    }
    if (m->type != DCUTR_SYNC || !p->agreed || p->state == STATE_DIALLING)
        return false;
    messages_expect(p->stream, 0);
    on_moment(p);
    return true;
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct punch *p = arg;
    struct dcutr_msg m;
    bool all_is_said = p->state == STATE_DIALLING || p->timer;
    if (ev != MESSAGES_ONE && all_is_said) {
        messages_free(p->stream);
        p->stream = NULL;
        return;
    }
    bool good = ev == MESSAGES_ONE && dcutr_decode(&m, msg, NULL) == OK &&
                (p->role == DCUTR_SERVER ? server_heard(p, &m) : client_heard(p, &m));
    if (!good)
        round_failed(p, why             ? why->text
                        : p->count == 0 ? "it does not say where it is"
                                        : "it makes no sense");
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct punch *p = arg;
    p->open = NULL;
    if (!s) {
        round_failed(p, why->text);
        return;
    }
    p->stream = messages_new(s->conn, DCUTR_MESSAGE_MAX, on_message, p);
    messages_expect(p->stream, DCUTR_TALK_US);
    p->asked_us = loop_now_us(p->dcutr->host->loop);
    if (!say(p, DCUTR_CONNECT))
        round_failed(p, "the stream is over");
}

static void begin_round(void *arg)
{
    static const char *const names[] = {DCUTR_PROTOCOL};
    struct punch *p = arg;
    p->timer = NULL;
    p->role = DCUTR_SERVER;
    p->state = STATE_TALKING;
    p->rounds++;
    p->left--;
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

/* NULL: as many as may be are at it. */
static struct punch *punch_new(struct dcutr *d, const struct peer_id *peer)
{
    size_t busy = 0;
    LIST_EACH(&d->punches, struct punch, other, link)
        busy += other->state < STATE_RESTING;
    if (busy >= DCUTR_PUNCHES_MAX)
        return NULL;
    struct punch *p = MEM_NEW(struct punch);
    p->dcutr = d;
    p->peer = *peer;
    dcutr_dials_init(&p->dials, d->host, peer, on_dial_failed, p);
    list_push(&d->punches, &p->link);
    return p;
}

static void begin(struct punch *p, unsigned rounds)
{
    p->state = STATE_PLAIN;
    p->left = rounds;
    dial_plainly(p);
    if (p->called)
        begin_round(p);
    else if (p->count == 0)
        rest(p); /* the other side begins */
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
    if (ev != HOST_IDENTIFIED || !is_relayed(known) || peer_is_direct(known) ||
        !host_peer_speaks(d->host, peer, DCUTR_PROTOCOL) || loop_proxy(d->host->loop))
        return;
    bool news = !p || (p->state == STATE_RESTING && !p->called && is_called(known));
    p = p ? p : punch_new(d, peer);
    if (!news || !p)
        return;
    p->called = is_called(known);
    begin(p, DCUTR_ROUNDS_MAX);
}

/* It comes by a relay though there is a direct connection: that one may be dead. */
static void suspect(struct dcutr *d, const struct peer_id *peer)
{
    struct punch *p = punch_new(d, peer);
    if (!p)
        return;
    p->state = STATE_LEAVING;
    p->timer = timer_start(d->host->loop, (MUX_TEND_TICKS + 1) * MUX_TEND_US, on_leave, p);
    host_doubt(d->host);
}

/* A connection has come about, by us or by the other side. */
static void on_met(void *arg, struct connection *c)
{
    struct dcutr *d = arg;
    struct punch *p = punch_of(d, &c->peer->id);
    if (c->way.path == PATH_RELAYED && !p && peer_is_direct(c->peer) && !loop_proxy(d->host->loop))
        suspect(d, &c->peer->id);
    if (!p || c->way.path == PATH_RELAYED)
        return;
    bool lately = p->dialled_us && loop_now_us(d->host->loop) - p->dialled_us < DCUTR_ROUND_US;
    if (lately && c->way.inbound && c->way.path == PATH_DIRECT)
        c->way.path = PATH_PUNCHED;
    if (p->state != STATE_LEAVING)
        succeed(p);
}

/* Somebody dials us from where we dial as client: it is who we want, and it waits to be spoken
 * to. */
static bool on_came(void *arg, struct conn *c)
{
    struct dcutr *d = arg;
    LIST_EACH(&d->punches, struct punch, p, link)
        for (size_t i = 0; i < p->count; i++)
            if (p->state == STATE_DIALLING && p->role == DCUTR_CLIENT &&
                p->places[i].reach == REACH_TCP && addr_same_ip(&p->places[i].addr, &c->peer)) {
                dcutr_dial_came(&p->dials, c);
                return true;
            }
    return false;
}

/* Where both were called, both begin; then the greater of the two goes on, and the other listens.
 */
static bool is_busy(const struct punch *p)
{
    bool server =
        (p->state == STATE_TALKING || p->state == STATE_DIALLING) && p->role == DCUTR_SERVER;
    return p->state == STATE_LEAVING ||
           (server && peer_id_cmp(host_id(p->dcutr->host), &p->peer) > 0);
}

static void on_stream(void *arg, const struct host_stream *s)
{
    struct dcutr *d = arg;
    struct punch *p = punch_of(d, s->peer);
    bool busy = p && is_busy(p);
    if (!busy && !p)
        p = punch_new(d, s->peer);
    if (busy || !p || s->conn->peer.family != ADDR_NONE || loop_proxy(d->host->loop)) {
        conn_close(s->conn);
        return;
    }
    if (p->state != STATE_PLAIN) /* its next round */
        quiet(p);
    p->state = STATE_TALKING;
    p->role = DCUTR_CLIENT;
    p->stream = messages_new(s->conn, DCUTR_MESSAGE_MAX, on_message, p);
    messages_expect(p->stream, DCUTR_TALK_US);
}

/* --- life ----------------------------------------------------------------------------------- */

static const struct host_punches hooks = {.met = on_met, .came = on_came};

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
    h->punches = &hooks;
    h->punches_arg = d;
    return d;
}

void dcutr_free(struct dcutr *d)
{
    if (!d)
        return;
    d->host->punches = NULL;
    host_ignore(d->host, DCUTR_PROTOCOL);
    host_unwatch(&d->watch);
    LIST_EACH(&d->punches, struct punch, p, link)
        punch_free(p);
    free(d);
}
