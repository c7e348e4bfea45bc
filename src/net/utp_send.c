#include "net/utp_in.h"

#include "base/mem.h"
#include "net/udp.h"

static uint32_t clock32(const struct utp_conn *c)
{
    return (uint32_t)loop_now_us(c->conn.loop);
}

/* All but type and seq. */
static struct utp_packet header_of(struct utp_conn *c)
{
    size_t room = utp_conn_room(c);
    c->told_window = (uint32_t)room;
    return (struct utp_packet){.id = c->send_id,
                               .sent_us = clock32(c),
                               .delay_us = c->delay_us,
                               .window = c->told_window,
                               .ack = c->in.ack};
}

static bool put_out(struct utp_conn *c, const uint8_t *bytes, size_t n)
{
    struct iovec part = {(void *)(uintptr_t)bytes, n};
    c->spoke_us = loop_now_us(c->conn.loop);
    return c->u->env.send(c->u->env.arg, &c->conn.peer, &part, 1, n, false);
}

/* BEP 29: the SYN carries the id by which we are answered. */
void utp_send_syn(struct utp_conn *c)
{
    uint8_t bytes[UTP_HEADER];
    struct utp_packet p = header_of(c);
    p.type = UTP_SYN;
    p.id = c->recv_id;
    p.seq = (uint16_t)(c->out.first - 1);
    p.ack = 0;
    utp_write(bytes, &p, false);
    put_out(c, bytes, sizeof bytes);
}

void utp_send_reset(struct utp_conn *c)
{
    uint8_t bytes[UTP_HEADER];
    struct utp_packet p = header_of(c);
    p.type = UTP_RESET;
    p.seq = c->out.next;
    utp_write(bytes, &p, false);
    put_out(c, bytes, sizeof bytes);
}

void utp_send_ack(struct utp_conn *c)
{
    uint8_t bytes[UTP_HEADER + 2 + UTP_SACK_MAX], mask[UTP_SACK_MAX];
    struct utp_packet p = header_of(c);
    size_t n = utp_inbox_mask(&c->in, mask);
    p.type = UTP_STATE;
    p.seq = c->out.next;
    utp_write(bytes, &p, n > 0);
    if (n > 0)
        utp_write_sack(bytes + UTP_HEADER, mask, n);
    put_out(c, bytes, UTP_HEADER + (n > 0 ? 2 + n : 0));
    c->ack_owed = false;
}

/* Packets that go in one call: all of one length, but the last. */
struct run {
    struct iovec parts[UDP_SEGMENTS_MAX];
    uint16_t seqs[UDP_SEGMENTS_MAX];
    int n;
    size_t bytes, segment;
    bool whole;
};

/* false: the system takes no more now. */
static bool run_flush(struct utp_conn *c, struct run *r)
{
    uint64_t now_us = loop_now_us(c->conn.loop);
    if (r->n == 0)
        return true;
    c->refused =
        !c->u->env.send(c->u->env.arg, &c->conn.peer, r->parts, r->n, r->segment, r->whole);
    if (!c->refused) {
        if (c->out.first == c->out.next)
            c->progress_us = c->wait_us = now_us;
        for (int i = 0; i < r->n; i++) {
            c->again_n += utp_flight_at(&c->out, r->seqs[i])->tries > 0;
            utp_flight_sent(&c->out, r->seqs[i], now_us);
        }
        c->sent_n += (uint64_t)r->n;
        c->spoke_us = now_us;
        if (c->in.late_n == 0) /* else a mask is to be told */
            c->ack_owed = false;
    }
    *r = (struct run){.n = 0};
    return !c->refused;
}

static bool run_takes(const struct run *r, const struct utp_sent *s)
{
    size_t n = s->block->to;
    bool all_full = r->bytes == r->segment * (size_t)r->n;
    return r->n == 0 || (r->n < UDP_SEGMENTS_MAX && all_full && n <= r->segment &&
                         r->bytes + n <= UDP_MAX && !s->probe && !r->whole);
}

static bool run_add(struct utp_conn *c, struct run *r, const struct utp_packet *header,
                    uint16_t seq)
{
    struct utp_sent *s = utp_flight_at(&c->out, seq);
    struct utp_packet p = *header;
    if (!run_takes(r, s) && !run_flush(c, r))
        return false;
    if (r->n == 0) {
        r->segment = s->block->to;
        r->whole = s->probe;
        r->bytes = 0;
    }
    p.type = s->fin ? UTP_FIN : UTP_DATA;
    p.seq = seq;
    utp_write(s->block->bytes, &p, false);
    r->parts[r->n] = (struct iovec){s->block->bytes, s->block->to};
    r->seqs[r->n++] = seq;
    r->bytes += s->block->to;
    return true;
}

/* May n more bytes go?  One packet always may, so that a window smaller than it is no stop; but
 * into no room at all only the time-out sends. */
static bool may_go(const struct utp_conn *c, const struct run *r, size_t n)
{
    size_t window = c->cc.window < c->their_window ? c->cc.window : c->their_window;
    size_t flight = c->out.bytes + r->bytes;
    return flight == 0 ? c->their_window > 0 || c->timeouts > 0 : flight + n <= window;
}

/* First what was lost, oldest first; then what is new. */
static void send_data(struct utp_conn *c)
{
    struct run r = {.n = 0};
    struct utp_packet header = header_of(c);
    unsigned lost = c->out.lost;
    for (uint16_t seq = c->out.first; lost > 0 && seq != c->out.next; seq++) {
        const struct utp_sent *s = utp_flight_at(&c->out, seq);
        if (!s->block || !s->lost)
            continue;
        lost--;
        if (!may_go(c, &r, s->block->to) || !run_add(c, &r, &header, seq))
            break;
    }
    for (uint16_t seq = c->out.next; lost == 0 && seq != c->out.end; seq++) {
        const struct utp_sent *s = utp_flight_at(&c->out, seq);
        if (!may_go(c, &r, s->block->to) || !run_add(c, &r, &header, seq))
            break;
    }
    run_flush(c, &r);
}

void utp_send_out(struct utp_conn *c)
{
    c->refused = false;
    if (c->out.lost > 0 || c->out.next != c->out.end)
        send_data(c);
    if (c->ack_owed)
        utp_send_ack(c);
}

void utp_send_last(struct utp_conn *c)
{
    struct run r = {.n = 0};
    struct utp_packet header = header_of(c);
    for (uint16_t seq = c->out.next; seq != c->out.first;) {
        const struct utp_sent *s = utp_flight_at(&c->out, --seq);
        if (!s->block)
            continue;
        run_add(c, &r, &header, seq);
        run_flush(c, &r);
        return;
    }
}
