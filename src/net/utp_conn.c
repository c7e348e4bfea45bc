#include "net/utp_in.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define PROBE_LEAST_US                                                                             \
    (10 * MSEC) /* RFC 8985 section 7.2: a last packet again, after 2 round trips */
#define REFUSED_US MSEC
enum { SAME_ACKS = 3, SYN_TRIES = 3 };

static const struct conn_ops ops;
static void plan(struct utp_conn *c);

static uint64_t now_us(const struct utp_conn *c)
{
    return loop_now_us(c->conn.loop);
}

struct utp_conn *utp_conn_new(struct utp *u, const struct addr *peer, uint16_t recv_id,
                              uint16_t send_id, uint16_t seq)
{
    struct utp_conn *c = MEM_NEW(struct utp_conn);
    c->conn = (struct conn){.ops = &ops, .loop = u->env.loop, .peer = *peer};
    c->u = u;
    c->recv_id = recv_id;
    c->send_id = send_id;
    c->owned = true;
    c->want_read = true; /* the first CONN_READABLE is owed without asking */
    c->mtu_low = UTP_MTU_FIRST;
    c->mtu_high = (peer->family == ADDR_V6 ? UTP_MTU_V6 : UTP_MTU_V4) + 1;
    c->their_window = UTP_HEADER;
    c->recover = seq;
    utp_cc_init(&c->cc, UTP_MTU_FIRST);
    utp_flight_init(&c->out, seq);
    utp_inbox_init(&c->in, 0);
    c->began_us = c->heard_us = c->spoke_us = c->progress_us = c->wait_us = now_us(c);
    list_init(&c->in_dirty);
    list_init(&c->link);
    return c;
}

static void empty(struct utp_conn *c)
{
    utp_flight_done(&c->out, &c->u->pool);
    utp_inbox_done(&c->in, &c->u->pool);
    timer_cancel(c->timer);
    c->timer = NULL;
}

void utp_conn_free(struct utp_conn *c)
{
    empty(c);
    list_drop(&c->in_dirty);
    list_drop(&c->link);
    free(c->why);
    free(c);
}

size_t utp_conn_room(const struct utp_conn *c)
{
    const struct utp_pool *pool = &c->u->pool;
    size_t held = c->in.bytes + c->in.late_bytes;
    size_t room = held < UTP_RECV_MAX ? UTP_RECV_MAX - held : 0;
    size_t left = pool->used < pool->max ? (pool->max - pool->used) * UTP_MTU_FIRST : 0;
    size_t least = c->in.held < UTP_BLOCKS_EACH ? UTP_BLOCKS_EACH * UTP_MTU_FIRST : 0;
    if (left < least)
        left = least;
    return room < left ? room : left;
}

/* The owner's bytes that are taken before some have gone. */
static size_t queue_room(const struct utp_conn *c)
{
    size_t most = c->cc.window > UTP_QUEUE_MAX ? c->cc.window : UTP_QUEUE_MAX;
    unsigned packets = (uint16_t)(c->out.end - c->out.first);
    if (c->stage != UTP_OPEN || c->out.queued >= most || packets + 1 >= UTP_PACKETS_MAX ||
        (c->u->pool.used >= c->u->pool.max && c->out.held >= UTP_BLOCKS_EACH))
        return 0;
    return most - c->out.queued;
}

/* It is over.  The owner hears of it in his next turn; without one it is gone. */
void utp_conn_fail(struct utp_conn *c, enum err code, const char *text)
{
    struct why why;
    char peer[ADDR_TEXT];
    if (c->stage == UTP_OVER)
        return;
    why_set(&why, code, "uTP to %s: %s", addr_format(&c->conn.peer, peer), text);
    c->stage = UTP_OVER;
    c->why = mem_dup(&why, sizeof why);
    empty(c);
    if (c->owned)
        utp_touch(c);
    else
        utp_forget(c);
}

/* The owner's verbs. */

static ssize_t on_recv(struct conn *conn, void *to, size_t n)
{
    struct utp_conn *c = (struct utp_conn *)conn;
    if (c->stage == UTP_OVER)
        return CONN_FAILED;
    size_t got = utp_inbox_read(&c->in, &c->u->pool, to, n);
    if (got == 0 && c->in.ended)
        return CONN_END;
    if (got == 0) {
        c->want_read = true;
        return CONN_AGAIN;
    }
    /* Tell of the room when there is much more of it than they know. */
    if (c->told_window < UTP_RECV_MAX / 2 &&
        utp_conn_room(c) >= c->told_window + UTP_RECV_MAX / 4) {
        c->ack_owed = true;
        utp_touch(c);
    }
    return (ssize_t)got;
}

/* Long enough a run that a longer packet is worth a try: its loss would be noticed by the rest. */
static size_t put_probe(struct utp_conn *c, const uint8_t *bytes, size_t n)
{
    size_t top = c->conn.peer.family == ADDR_V6 ? UTP_MTU_V6 : UTP_MTU_V4;
    size_t len = c->mtu_high > top ? top : (c->mtu_low + c->mtu_high) / 2;
    if (c->mtu_out || c->mtu_found || c->cc.rtt_us == 0 || c->timeouts > 0 ||
        c->out.queued < UTP_MTU_PACKETS * UTP_MTU_FIRST)
        return 0;
    size_t took = utp_flight_probe(&c->out, &c->u->pool, bytes, n, len);
    c->mtu_out = took > 0;
    return took;
}

static ssize_t on_sendv(struct conn *conn, const struct iovec *iov, int count)
{
    struct utp_conn *c = (struct utp_conn *)conn;
    size_t room = queue_room(c), taken = 0;
    if (c->stage == UTP_OVER)
        return CONN_FAILED;
    assert(!c->shut && "sending after conn_shut");
    for (int i = 0; i < count; i++) {
        const uint8_t *at = iov[i].iov_base;
        size_t n = iov[i].iov_len < room ? iov[i].iov_len : room;
        size_t took = put_probe(c, at, n);
        took += utp_flight_put(&c->out, &c->u->pool, at + took, n - took, c->mtu_low);
        taken += took;
        room -= took;
        if (took < iov[i].iov_len) {
            c->want_write = true;
            break;
        }
    }
    if (taken > 0)
        utp_touch(c);
    return taken > 0 ? (ssize_t)taken : CONN_AGAIN;
}

static void on_shut(struct conn *conn)
{
    struct utp_conn *c = (struct utp_conn *)conn;
    if (c->stage != UTP_OPEN || c->shut)
        return;
    c->shut = true;
    utp_touch(c);
}

/* What was written is still sent; who has not read what came hears a RESET (as TCP: RFC 2525
 * section 2.17). */
static void on_close(struct conn *conn)
{
    struct utp_conn *c = (struct utp_conn *)conn;
    c->owned = false;
    c->goodbye_us = now_us(c);
    conn_watch(conn, NULL, NULL);
    if (c->stage == UTP_OPEN && c->in.bytes + c->in.late_bytes == 0) {
        on_shut(conn);
        utp_touch(c);
        return;
    }
    if (c->stage == UTP_OPEN)
        utp_send_reset(c);
    c->stage = UTP_OVER;
    empty(c);
    utp_forget(c);
}

static const struct conn_ops ops = {
    .name = "utp", .recv = on_recv, .sendv = on_sendv, .close = on_close, .shut = on_shut};

bool utp_is(const struct conn *c)
{
    return c->ops == &ops;
}

struct utp_stat utp_stat_of(const struct conn *conn)
{
    const struct utp_conn *c = (const struct utp_conn *)conn;
    assert(utp_is(conn));
    return (struct utp_stat){.rtt_us = c->cc.rtt_us,
                             .queue_us = c->cc.queue_us,
                             .window = c->cc.window,
                             .packet = c->mtu_low,
                             .sent = c->sent_n,
                             .again = c->again_n};
}

/* What packets do. */

static void mtu_news(struct utp_conn *c, const struct utp_news *news)
{
    if (news->probe_passed > 0) {
        c->mtu_out = false;
        if (news->probe_passed > c->mtu_low)
            c->mtu_low = c->cc.packet = news->probe_passed;
    }
    if (news->probe_lost > 0) {
        c->mtu_out = false;
        if (news->probe_lost < c->mtu_high)
            c->mtu_high = news->probe_lost;
    }
    c->mtu_found |= c->mtu_high <= c->mtu_low + UTP_MTU_NEAR;
}

/* "When receiving 3 duplicate acks, ack_nr + 1 is assumed to have been lost" (BEP 29): for those
 * who send no masks. */
static void count_same(struct utp_conn *c, const struct utp_packet *p, struct utp_news *news)
{
    if (p->type != UTP_STATE || p->sack.n > 0 || news->progress || c->out.bytes == 0 ||
        p->window != c->their_window) {
        c->same_acks = 0;
        return;
    }
    if (++c->same_acks != SAME_ACKS)
        return;
    news->was_lost = true;
    news->lost_seq = c->out.first;
    utp_flight_lose(&c->out, false);
}

static void on_ack(struct utp_conn *c, const struct utp_packet *p)
{
    struct utp_news news;
    size_t flight = c->out.bytes;
    utp_flight_ack(&c->out, &c->u->pool, p, c->cc.rtt_us, now_us(c), &news);
    count_same(c, p, &news);
    c->their_window = p->window;
    mtu_news(c, &news);
    if (news.rtt_us > 0)
        utp_cc_rtt(&c->cc, news.rtt_us);
    if (news.progress) {
        c->progress_us = c->wait_us = now_us(c);
        c->timeouts = 0;
        c->probed = false;
        utp_cc_acked(&c->cc, news.bytes, flight);
    }
    if (news.was_lost && (int16_t)(news.lost_seq - c->recover) >= 0) {
        utp_cc_lost(&c->cc);
        c->recover = c->out.next;
    }
}

/* The answer to our SYN: "c.ack_nr = pkt.seq_nr" says BEP 29, but libutp and libtorrent, and so
 * all, do not count the STATE: their first DATA has the same number. */
static void on_answer(struct utp_conn *c, const struct utp_packet *p)
{
    if (p->type != UTP_STATE || p->ack != (uint16_t)(c->out.first - 1))
        return;
    c->stage = UTP_OPEN;
    c->their_window = p->window;
    utp_inbox_init(&c->in, (uint16_t)(p->seq - 1));
    if (c->timeouts == 0)
        utp_cc_rtt(&c->cc, now_us(c) - c->began_us);
    c->timeouts = 0;
    c->progress_us = c->wait_us = now_us(c);
    c->tell_open = true;
    c->ack_owed = true; /* if nothing else goes out, so that they know that we hear them */
}

/* Does it name what we sent?  Who is not on the path would have to guess. */
static bool is_recent(const struct utp_conn *c, uint16_t ack)
{
    return (uint16_t)(ack - (uint16_t)(c->out.first - 1)) <=
           (uint16_t)(c->out.next - (uint16_t)(c->out.first - 1));
}

static void on_reset(struct utp_conn *c, const struct utp_packet *p)
{
    if (is_recent(c, p->ack))
        utp_conn_fail(c, ERR_CLOSED,
                      c->stage == UTP_DIALING ? "connection refused" : "connection reset by peer");
}

static void on_data(struct utp_conn *c, const struct utp_packet *p)
{
    c->ack_owed = true; /* of what came before too: our acknowledgement was lost */
    if (!c->owned && p->body.n > 0 && (int16_t)(p->seq - c->in.ack) > 0) {
        utp_send_reset(c); /* nobody will read it */
        utp_conn_fail(c, ERR_CLOSED, "closed");
        return;
    }
    utp_inbox_put(&c->in, &c->u->pool, p, UTP_RECV_MAX);
}

void utp_conn_packet(struct utp_conn *c, const struct utp_packet *p)
{
    if (c->stage == UTP_OVER)
        return;
    if (p->type == UTP_RESET) {
        on_reset(c, p);
        return;
    }
    if (c->stage == UTP_DIALING) {
        on_answer(c, p);
        utp_touch(c);
        return;
    }
    /* Acknowledges what was not sent, or is far from all that is going on: forged, or lost in time.
     */
    uint16_t ahead = (uint16_t)(p->ack - (uint16_t)(c->out.first - 1));
    if (ahead > (uint16_t)(c->out.next - c->out.first) && ahead < (uint16_t)-UTP_PACKETS_MAX)
        return;
    c->heard_us = now_us(c);
    if (p->sent_us != 0) { /* who has no clock says 0, as libtorrent reads it */
        c->delay_us = (uint32_t)c->heard_us - p->sent_us;
        utp_cc_delay(&c->cc, p->delay_us, c->delay_us, c->heard_us);
    }
    if (ahead < 0x8000)
        on_ack(c, p);
    if (p->type != UTP_STATE)
        on_data(c, p);
    if (c->stage != UTP_OVER)
        utp_touch(c);
}

/* Turns. */

static bool say_goodbye(struct utp_conn *c)
{
    if (c->shut && !c->fin_put && utp_flight_fin(&c->out, &c->u->pool))
        c->fin_put = true;
    /* All has arrived, and theirs has come.  Their last word may come again for a while. */
    bool over = c->fin_put && c->out.first == c->out.end && c->in.ended;
    return !c->owned && over && now_us(c) >= c->heard_us + c->cc.rto_us;
}

static bool tell(struct utp_conn *c, enum conn_event ev)
{
    if (c->owned)
        conn_raise(&c->conn, ev, c->stage == UTP_OVER ? c->why : NULL);
    return c->owned && c->stage != UTP_OVER;
}

/* What the owner is to hear.  false: there is none any more, or it is over. */
static void tell_all(struct utp_conn *c)
{
    if (c->stage == UTP_OVER)
        return;
    if (c->tell_open) {
        c->tell_open = false;
        if (!tell(c, CONN_OPEN))
            return;
    }
    if (c->want_read && (c->in.bytes > 0 || c->in.ended)) {
        c->want_read = false;
        if (!tell(c, CONN_READABLE))
            return;
    }
    if (c->want_write && queue_room(c) >= UTP_QUEUE_MAX / 4) {
        c->want_write = false;
        tell(c, CONN_WRITABLE);
    }
}

void utp_conn_step(struct utp_conn *c)
{
    if (c->owned)
        tell_all(c);
    if (c->stage == UTP_OVER) {
        if (c->owned && c->why) {
            struct why why = *c->why;
            free(c->why);
            c->why = NULL;
            conn_raise(&c->conn, CONN_CLOSED, &why);
        }
        return;
    }
    if (c->stage == UTP_OPEN && say_goodbye(c)) {
        c->stage = UTP_OVER;
        empty(c);
        utp_forget(c);
        return;
    }
    if (c->stage == UTP_OPEN)
        utp_send_out(c);
    plan(c);
}

/* Time. */

static void on_timer(void *arg);

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t timeout_us(const struct utp_conn *c)
{
    unsigned doublings = c->timeouts < 6 ? c->timeouts : 6;
    return c->cc.rto_us << doublings;
}

static uint64_t probe_at_us(const struct utp_conn *c)
{
    uint64_t wait_us = 2 * c->cc.rtt_us;
    return c->wait_us + (wait_us > PROBE_LEAST_US ? wait_us : PROBE_LEAST_US);
}

static bool may_probe(const struct utp_conn *c)
{
    return !c->probed && c->timeouts == 0 && c->out.bytes > 0 && c->cc.rtt_us > 0;
}

static bool waits(const struct utp_conn *c)
{
    return c->out.first != c->out.end;
}

/* When something is to be done if nothing comes. */
static uint64_t due_us(const struct utp_conn *c)
{
    if (c->stage == UTP_DIALING)
        return sooner(c->began_us + c->within_us, c->wait_us + timeout_us(c));
    uint64_t at_us = c->spoke_us + UTP_KEEPALIVE_US;
    if (waits(c))
        at_us = sooner(at_us, c->wait_us + timeout_us(c));
    if (may_probe(c))
        at_us = sooner(at_us, probe_at_us(c));
    if (c->refused)
        at_us = sooner(at_us, now_us(c) + REFUSED_US);
    if (!c->owned) {
        at_us = sooner(at_us, c->goodbye_us + UTP_LINGER_US);
        if (!waits(c) && c->in.ended)
            at_us = sooner(at_us, c->heard_us + c->cc.rto_us);
    }
    return at_us;
}

/* One timer, which is left running when the moment moves away: it then looks again.  So a stream
 * of packets costs no timers. */
static void plan(struct utp_conn *c)
{
    uint64_t now = now_us(c), at_us = due_us(c);
    if (c->timer && c->timer_us <= at_us)
        return;
    timer_cancel(c->timer);
    c->timer_us = at_us > now ? at_us : now;
    c->timer = timer_start(c->conn.loop, c->timer_us - now, on_timer, c);
}

static void on_dial_timer(struct utp_conn *c, uint64_t now)
{
    if (now >= c->began_us + c->within_us) {
        utp_conn_fail(c, ERR_TIMEOUT, "no answer");
        return;
    }
    if (now < c->wait_us + timeout_us(c))
        return;
    c->timeouts++;
    c->wait_us = now;
    utp_send_syn(c);
}

static void on_timeout(struct utp_conn *c, uint64_t now)
{
    /* Who has no room may take his time, as long as he says so. */
    uint64_t since_us = c->their_window == 0 ? c->heard_us : c->progress_us;
    if (now >= since_us + UTP_SILENCE_US) {
        utp_conn_fail(c, ERR_TIMEOUT, "no answer for 30 s");
        return;
    }
    c->timeouts++;
    c->wait_us = now;
    c->mtu_out = false;
    utp_cc_timeout(&c->cc);
    c->recover = c->out.next;
    utp_flight_lose(&c->out, true);
}

static void on_timer(void *arg)
{
    struct utp_conn *c = arg;
    struct utp *u = c->u;
    uint64_t now = now_us(c);
    c->timer = NULL;
    utp_enter(u);
    if (c->stage == UTP_DIALING)
        on_dial_timer(c, now);
    else if (!c->owned && now >= c->goodbye_us + UTP_LINGER_US)
        utp_conn_fail(c, ERR_TIMEOUT, "goodbye without an answer");
    else if (waits(c) && now >= c->wait_us + timeout_us(c))
        on_timeout(c, now);
    else if (may_probe(c) && now >= probe_at_us(c)) {
        c->probed = true;
        utp_send_last(c);
    } else if (now >= c->spoke_us + UTP_KEEPALIVE_US) {
        c->ack_owed = true;
        utp_flight_slim(&c->out);
    }
    if (c->owned || c->stage != UTP_OVER)
        utp_touch(c);
    utp_leave(u);
}
