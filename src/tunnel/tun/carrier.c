#include "tunnel/tun/carrier.h"

#include "base/buf.h"
#include "base/mem.h"
#include "host/mux/mux.h"
#include "host/talk/ping.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ = 16 << 10,
    TURN_MAX = 64 /* reads of one stream in a turn; then others have theirs */
};
enum { OPEN_WEIGHT = 50 };
#define BUSY_US (30 * SEC)       /* after a packet */
static const uint8_t nothing[2]; /* a record of no bytes */
#define SHORT_US (5 * SEC)       /* a stream that lived no longer was refused */

/* A stream of the peer's. */
struct inlet {
    struct carrier *c;
    struct conn *conn; /* NULL: none */
    struct buf got;
    struct timer *later; /* there is more to read */
};

struct carrier {
    struct carrier_cfg cfg;
    struct loop *loop;
    struct host_open *opening;
    struct conn *out; /* NULL: none */
    bool stuck;       /* CONN_WRITABLE will come */
    bool taken;       /* the peer has said that it has it */
    bool relayed;
    unsigned weight; /* of our tag */
    uint64_t opened_us, used_us;
    uint64_t retry_at_us, retry_us; /* not before; after how long the next time */
    struct buf waiting;             /* records; of the first the beginning may be sent */
    struct inlet inlets[CARRIER_INLETS];
    size_t next_inlet;
    struct ping *ping;
    uint64_t ping_at_us;
    struct carrier_state state;
    struct why why;
};

struct carrier *carrier_new(const struct carrier_cfg *cfg)
{
    struct carrier *c = MEM_NEW(struct carrier);
    c->cfg = *cfg;
    c->loop = host_loop(cfg->host);
    for (size_t i = 0; i < CARRIER_INLETS; i++)
        c->inlets[i].c = c;
    return c;
}

static void close_inlet(struct inlet *in)
{
    timer_cancel(in->later);
    in->later = NULL;
    conn_close(in->conn);
    in->conn = NULL;
    buf_done(&in->got);
}

static bool is_open(const struct carrier *c)
{
    bool open = c->out != NULL;
    for (size_t i = 0; i < CARRIER_INLETS; i++)
        open |= c->inlets[i].conn != NULL;
    return open;
}

/* Who is in use is not let go when there are too many connections; and while packets move, a way
 * that is dead is noticed soon. */
static void tag(struct carrier *c)
{
    bool busy = loop_now_us(c->loop) - c->used_us < BUSY_US;
    unsigned weight = !is_open(c) ? 0 : busy ? HOST_TEND : OPEN_WEIGHT;
    if (weight != c->weight)
        host_tag(c->cfg.host, &c->cfg.peer, "network", weight);
    c->weight = weight;
}

static void close_out(struct carrier *c)
{
    host_open_cancel(c->opening);
    c->opening = NULL;
    conn_close(c->out);
    c->out = NULL;
    buf_done(&c->waiting);
    c->stuck = false;
}

void carrier_free(struct carrier *c)
{
    if (!c)
        return;
    close_out(c);
    for (size_t i = 0; i < CARRIER_INLETS; i++)
        close_inlet(&c->inlets[i]);
    tag(c);
    ping_cancel(c->ping);
    free(c);
}

void carrier_state(const struct carrier *c, struct carrier_state *out)
{
    *out = c->state;
    out->open = is_open(c);
    out->why = c->why.code != OK ? &c->why : NULL;
}

/* --- ours ------------------------------------------------------------------------------------- */

/* Nobody is there: those that wait are told of, and the next ones for a while. */
static void give_up(struct carrier *c, const struct why *why)
{
    struct buf waiting = c->waiting;
    c->waiting = (struct buf){0};
    c->why = *why;
    c->retry_us = c->retry_us == 0                         ? CARRIER_RETRY_US
                  : c->retry_us * 2 < CARRIER_RETRY_MAX_US ? c->retry_us * 2
                                                           : CARRIER_RETRY_MAX_US;
    c->retry_at_us = loop_now_us(c->loop) + c->retry_us;
    close_out(c);
    tag(c);
    for (struct cur all = buf_cur(&waiting); all.n > 0;)
        c->cfg.lost(c->cfg.arg, cur_take(&all, cur_be16(&all)));
    buf_done(&waiting);
}

static void flush(struct carrier *c)
{
    while (c->out && buf_len(&c->waiting) > 0) {
        ssize_t n = conn_send(c->out, buf_bytes(&c->waiting), buf_len(&c->waiting));
        if (n <= 0) {
            c->stuck = true; /* or CONN_CLOSED comes */
            return;
        }
        buf_eat(&c->waiting, (size_t)n);
    }
    c->stuck = false;
}

/* The peer says nothing here but nothings: it has taken the stream, and datagrams beside it reach
 * it.  False: something else, or good bye. */
static bool hear(struct carrier *c)
{
    uint8_t bytes[16];
    ssize_t n;
    while ((n = conn_recv(c->out, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] != 0)
                return false;
        c->taken = true;
        c->why.code = OK;
        c->retry_us = 0;
    }
    return n == CONN_AGAIN;
}

static void on_out(void *arg, enum conn_event ev, const struct why *why)
{
    struct carrier *c = arg;
    struct why ended;
    if (ev == CONN_WRITABLE) {
        flush(c);
        return;
    }
    if (ev == CONN_OPEN || (ev == CONN_READABLE && hear(c)))
        return;
    if (!why) {
        why_set(&ended, ERR_CLOSED, "it takes no packets");
        why = &ended;
    }
    if (loop_now_us(c->loop) - c->opened_us < SHORT_US) {
        buf_clear(&c->waiting); /* the first may be cut */
        give_up(c, why);
    } else {
        close_out(c);
        tag(c);
    }
}

static void on_ping(void *arg, uint64_t rtt_us, const struct why *why)
{
    struct carrier *c = arg;
    (void)why;
    c->ping = NULL;
    c->state.rtt_us = rtt_us;
}

static void measure(struct carrier *c)
{
    if (c->ping)
        return;
    c->ping_at_us = loop_now_us(c->loop);
    c->ping = ping_start(c->cfg.host, &c->cfg.peer, on_ping, c);
}

static void on_opened(void *arg, const struct host_stream *s, const struct why *why)
{
    struct carrier *c = arg;
    struct host_peer now;
    c->opening = NULL;
    if (!s) {
        if (c->out) /* there is the old one */
            return;
        give_up(c, why);
        return;
    }
    if (c->out)
        buf_clear(&c->waiting); /* the first may be begun */
    conn_close(c->out);
    c->out = s->conn;
    c->stuck = false;
    c->relayed = host_peer(c->cfg.host, &c->cfg.peer, &now) && strcmp(now.path, "relayed") == 0;
    c->opened_us = loop_now_us(c->loop);
    c->taken = false;
    conn_watch(c->out, on_out, c);
    tag(c);
    measure(c);
    flush(c);
    on_out(c, CONN_READABLE, NULL); /* what came with the answer is not told */
}

static void open_out(struct carrier *c)
{
    static const char *const names[] = {CARRIER_PROTOCOL};
    if (!c->opening)
        c->opening = host_open(c->cfg.host, &c->cfg.peer, names, 1, on_opened, c);
}

static void count_sent(struct carrier *c, size_t n)
{
    c->state.sent.packets++;
    c->state.sent.bytes += n;
}

/* False: it goes by the stream.  A record of no bytes is the something that is said. */
static bool send_datagram(struct carrier *c, struct cur packet)
{
    enum mux_took took = mux_datagram(c->out, packet);
    switch (took) {
    case MUX_NONE:
        return false;
    case MUX_LOST:
        c->state.dropped++;
        return true;
    case MUX_SENT:
    case MUX_SENT_SPEAK:
        break;
    }
    count_sent(c, packet.n);
    if (took == MUX_SENT_SPEAK && buf_len(&c->waiting) == 0) {
        buf_be16(&c->waiting, 0);
        if (!c->stuck)
            flush(c);
    }
    return true;
}

void carrier_send(struct carrier *c, struct cur packet)
{
    c->used_us = loop_now_us(c->loop);
    if (c->out && c->taken && send_datagram(c, packet))
        return;
    if (!c->out && !c->opening && c->used_us < c->retry_at_us) {
        c->cfg.lost(c->cfg.arg, packet);
        return;
    }
    if (buf_len(&c->waiting) + packet.n + 2 > CARRIER_WAITING_MAX) {
        c->state.dropped++;
        return;
    }
    count_sent(c, packet.n);
    buf_be16(&c->waiting, (uint16_t)packet.n);
    buf_put(&c->waiting, packet.p, packet.n);
    if (!c->out)
        open_out(c);
    else if (!c->stuck)
        flush(c);
}

/* --- the peer's ------------------------------------------------------------------------------- */

/* False: it is no packet. */
static bool give_one(struct carrier *c, struct cur packet)
{
    if (packet.n < CARRIER_PACKET_MIN || packet.n > CARRIER_PACKET_MAX)
        return false;
    c->state.received.packets++;
    c->state.received.bytes += packet.n;
    c->used_us = loop_now_us(c->loop);
    c->cfg.packet(c->cfg.arg, packet);
    return true;
}

static void on_datagram(void *arg, struct cur packet)
{
    struct inlet *in = arg;
    give_one(in->c, packet);
}

/* False: it does not speak the protocol. */
static bool give(struct inlet *in)
{
    for (;;) {
        struct cur all = buf_cur(&in->got);
        if (all.n < 2)
            return true;
        size_t n = cur_be16(&all);
        if (n > CARRIER_PACKET_MAX)
            return false;
        struct cur packet = cur_take(&all, n);
        if (packet.bad)
            return true; /* the rest is on its way */
        if (n > 0 && !give_one(in->c, packet))
            return false;
        buf_eat(&in->got, 2 + n);
    }
}

static void on_later(void *arg);

static void read_on(struct inlet *in)
{
    for (int i = 0; i < TURN_MAX; i++) {
        ssize_t n = conn_recv(in->conn, buf_room(&in->got, READ), READ);
        if (n == CONN_AGAIN || n == CONN_FAILED) /* CONN_CLOSED comes */
            return;
        if (n > 0)
            buf_grew(&in->got, (size_t)n);
        if (n == CONN_END || !give(in)) {
            close_inlet(in);
            tag(in->c);
            return;
        }
    }
    in->later = timer_start(in->c->loop, 0, on_later, in);
}

static void on_later(void *arg)
{
    struct inlet *in = arg;
    in->later = NULL;
    read_on(in);
}

static void on_inlet(void *arg, enum conn_event ev, const struct why *why)
{
    struct inlet *in = arg;
    (void)why;
    if (ev == CONN_READABLE && !in->later)
        read_on(in);
    if (ev != CONN_CLOSED)
        return;
    close_inlet(in);
    tag(in->c);
}

void carrier_take(struct carrier *c, struct conn *stream)
{
    struct inlet *in = &c->inlets[c->next_inlet];
    c->next_inlet = (c->next_inlet + 1) % CARRIER_INLETS;
    close_inlet(in);
    in->conn = stream;
    c->retry_at_us = 0; /* it is there */
    conn_watch(stream, on_inlet, in);
    mux_on_datagram(stream, on_datagram, in);
    conn_send(stream, nothing, sizeof nothing);        /* we have it */
    in->later = timer_start(c->loop, 0, on_later, in); /* what came with the question is not told */
    tag(c);
}

/* --- now and then ----------------------------------------------------------------------------- */

void carrier_beat(struct carrier *c)
{
    struct host_peer now;
    uint64_t now_us = loop_now_us(c->loop);
    tag(c);
    if (!c->out)
        return;
    if (now_us - c->ping_at_us > CARRIER_PING_US)
        measure(c);
    if (now_us - c->used_us > CARRIER_IDLE_US) {
        conn_shut(c->out);
        close_out(c);
        tag(c);
    } else if (c->relayed && host_peer(c->cfg.host, &c->cfg.peer, &now) &&
               strcmp(now.path, "relayed") != 0) {
        open_out(c); /* takes the direct one; this one stays until it is there */
    }
}
