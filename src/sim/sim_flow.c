#include "sim/sim_flow.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define RTO_MIN_US (200 * MSEC) /* as Linux; RFC 6298 would have 1 s */
#define RTO_MAX_US (10 * SEC)

enum seg_kind { SEG_SYN, SEG_SYNACK, SEG_OPENED, SEG_DATA, SEG_FIN, SEG_ACK, SEG_RST };

struct chunk {
    struct link link; /* in end->rx */
    size_t n, at;     /* bytes, and how many of them have been read */
    uint8_t bytes[];
};

struct seg {
    struct link link; /* flow->segs, or end->late */
    struct sim_event ev;
    struct sim_end *from;
    enum seg_kind kind;
    bool hit; /* lost once, or marked */
    unsigned tries;
    uint64_t seq;  /* first byte; SEG_ACK: the next one wanted */
    uint64_t edge; /* SEG_ACK: how far the other may send */
    uint64_t born_us;
    struct chunk *chunk; /* SEG_DATA; NULL: a probe */
};

struct sim_flow {
    struct link link; /* sim->flows */
    struct sim *sim;
    unsigned busy; /* in use up the stack: not to be freed now */
    struct link segs;
    struct sim_end ends[2];
};

static void on_line(struct sim_event *ev);
static void on_in(struct sim_event *ev);
static void on_again(struct sim_event *ev);
static void on_pump(struct sim_event *ev);

/* Segments. */

static void seg_free(struct seg *s)
{
    sim_queue_drop(&s->from->flow->sim->queue, &s->ev);
    list_drop(&s->link);
    free(s->chunk);
    free(s);
}

static size_t seg_len(const struct seg *s)
{
    return s->chunk ? s->chunk->n : 0;
}

static void seg_wait(struct seg *s, sim_event_fn *fire, uint64_t at_us)
{
    s->ev.fire = fire;
    sim_queue_put(&s->from->flow->sim->queue, &s->ev, at_us);
}

/* Who waits for this segment to get through: for an acknowledgement, the one that it is for. */
static struct sim_end *seg_waiter(const struct seg *s)
{
    return s->kind == SEG_ACK ? s->from->peer : s->from;
}

static uint64_t gives_up_us(const struct seg *s)
{
    const struct sim_end *e = seg_waiter(s);
    uint64_t since_us = s->born_us > e->heard_us ? s->born_us : e->heard_us;
    return since_us + SIM_SILENCE_US;
}

/* It did not arrive: send it again after a while that grows. */
static void seg_lost(struct seg *s)
{
    if (s->kind == SEG_RST) {
        seg_free(s);
        return;
    }
    uint64_t now_us = s->from->flow->sim->now_us;
    uint64_t rto_us = 2 * sim_rtt_us(s->from->node, s->from->peer->node) + RTO_MIN_US;
    for (unsigned i = 0; i < s->tries && rto_us < RTO_MAX_US; i++)
        rto_us *= 2;
    if (rto_us > RTO_MAX_US)
        rto_us = RTO_MAX_US;
    uint64_t end_us = gives_up_us(s);
    s->tries++;
    s->hit = true;
    seg_wait(s, on_again, now_us + rto_us < end_us ? now_us + rto_us : end_us);
}

static void seg_send(struct seg *s)
{
    struct sim_hop hop = sim_depart(s->from->node, s->from->peer->node, seg_len(s), SIM_WAIT);
    s->hit |= hop.full;
    if (hop.lost && s->kind != SEG_ACK) /* the next one would make up for it */
        seg_lost(s);
    else
        seg_wait(s, on_line, hop.at_us);
}

static struct seg *seg_new(struct sim_end *from, enum seg_kind kind, uint64_t seq)
{
    struct seg *s = MEM_NEW(struct seg);
    s->from = from;
    s->kind = kind;
    s->seq = seq;
    s->born_us = from->flow->sim->now_us;
    list_push(&from->flow->segs, &s->link);
    return s;
}

/* In `s`, which is new or has just brought what it acknowledges. */
static void send_ack(struct sim_end *e, struct seg *s)
{
    list_drop(&s->link);
    list_push(&e->flow->segs, &s->link);
    s->from = e;
    s->kind = SEG_ACK;
    s->seq = e->rx_next;
    s->edge = e->told = e->rx_next + SIM_WINDOW - e->rx_len;
    s->tries = 0;
    s->born_us = e->flow->sim->now_us;
    seg_send(s);
}

static void send_reset(struct sim_end *e)
{
    if (e->node->up)
        seg_send(seg_new(e, SEG_RST, 0));
}

/* Ends. */

static void end_init(struct sim_flow *f, int i, struct sim_node *node, const struct addr *at)
{
    struct sim_end *e = &f->ends[i];
    *e = (struct sim_end){.flow = f, .peer = &f->ends[1 - i], .node = node, .at = *at};
    e->edge = e->told = SIM_WINDOW;
    e->cwnd = 10 * SIM_PACKET; /* RFC 6928 */
    e->ssthresh = SIM_WINDOW;
    e->heard_us = f->sim->now_us;
    e->want_read = true;
    e->pump.fire = on_pump;
    list_init(&e->in_node);
    list_init(&e->rx);
    list_init(&e->late);
}

static bool end_owes(const struct sim_end *e)
{
    return buf_len(&e->tx) > 0 || e->acked < e->sent || (e->shut && !e->fin_sent);
}

/* Towards a dead end nothing is under way and no acknowledgement will come: ask, to be reset or to
 * time out. */
static void end_probe(struct sim_end *e)
{
    if (e->state != END_OPEN || !end_owes(e))
        return;
    LIST_EACH(&e->flow->segs, struct seg, s, link)
        if (s->from == e && (s->kind == SEG_DATA || s->kind == SEG_FIN))
            return;
    seg_send(seg_new(e, SEG_DATA, e->sent));
}

static void end_empty(struct sim_end *e)
{
    LIST_EACH(&e->late, struct seg, s, link)
        seg_free(s);
    LIST_EACH(&e->rx, struct chunk, c, link)
        free(c);
    list_init(&e->rx);
    e->rx_len = 0;
    buf_done(&e->tx);
    sim_queue_drop(&e->flow->sim->queue, &e->pump);
}

/* From now on it answers with resets, and what it had sent is lost. */
static void end_die(struct sim_end *e)
{
    if (e->state == END_DEAD)
        return;
    e->state = END_DEAD;
    list_drop(&e->in_node);
    end_empty(e);
    LIST_EACH(&e->flow->segs, struct seg, s, link)
        if (s->from == e)
            seg_free(s);
    end_probe(e->peer);
}

static void end_fail(struct sim_end *e, enum err code, const char *text)
{
    if (e->state == END_DEAD)
        return;
    struct why why;
    why_set(&why, code, "%s", text);
    sim_trace(e->node, "closed", &e->peer->at, text, strlen(text));
    end_die(e);
    if (e->owner)
        sim_tcp_tell(e, CONN_CLOSED, &why);
}

static bool end_over(const struct sim_end *e)
{
    if (e->owner)
        return false;
    switch (e->state) {
    case END_NONE:
    case END_DEAD:
        return true;
    case END_SYN_SENT:
        return false;
    case END_SYN_RCVD:
        return e->peer->state == END_DEAD;
    case END_OPEN:
        return e->fin_sent && e->acked == e->sent;
    }
    return true;
}

static void flow_free(struct sim_flow *f)
{
    LIST_EACH(&f->segs, struct seg, s, link)
        seg_free(s);
    for (int i = 0; i < 2; i++) {
        end_empty(&f->ends[i]);
        list_drop(&f->ends[i].in_node);
    }
    list_drop(&f->link);
    free(f);
}

static void flow_reap(struct sim_flow *f)
{
    if (f->busy == 0 && end_over(&f->ends[0]) && end_over(&f->ends[1]))
        flow_free(f);
}

/* Sending. */

static void end_pump(struct sim_end *e)
{
    sim_queue_drop(&e->flow->sim->queue, &e->pump);
    if (e->state != END_OPEN)
        return;
    size_t max = sim_window_segment(e), n;
    while ((n = sim_window_now(e, max)) > 0) {
        struct seg *s = seg_new(e, SEG_DATA, e->sent);
        s->chunk = mem_realloc(NULL, sizeof *s->chunk + n);
        s->chunk->n = n;
        s->chunk->at = 0;
        memcpy(s->chunk->bytes, buf_bytes(&e->tx), n);
        buf_eat(&e->tx, n);
        e->sent += n;
        seg_send(s);
    }
    if (buf_len(&e->tx) == 0)
        buf_done(&e->tx); /* an idle conn holds no buffer */
    if (buf_len(&e->tx) == 0 && e->shut && !e->fin_sent) {
        e->fin_sent = true;
        seg_send(seg_new(e, SEG_FIN, e->sent++));
    }
    if (e->peer->state == END_DEAD)
        end_probe(e);
}

static void on_pump(struct sim_event *ev)
{
    end_pump(LIST_OF(ev, struct sim_end, pump));
}

/* At the end of this instant: many small writes of one callback travel together. */
static void end_pump_soon(struct sim_end *e)
{
    if (e->pump.pos == 0)
        sim_queue_put(&e->flow->sim->queue, &e->pump, e->flow->sim->now_us);
}

static void got_ack(struct sim_end *e, const struct seg *s)
{
    if (s->seq > e->acked) {
        size_t flight = (size_t)(e->sent - e->acked);
        size_t acked = (size_t)(s->seq - e->acked);
        e->acked = s->seq;
        sim_window_acked(e, acked, flight, s->hit && s->seq > e->recover);
    }
    if (s->edge > e->edge)
        e->edge = s->edge;
    end_pump(e);
    if (e->owner && e->want_write && sim_window_room(e) >= SIM_WINDOW / 4) {
        e->want_write = false;
        sim_tcp_tell(e, CONN_WRITABLE, NULL);
    }
}

/* Receiving. */

static void tell_readable(struct sim_end *e)
{
    if (e->owner && e->want_read && (e->rx_len > 0 || e->fin_got)) {
        e->want_read = false;
        sim_tcp_tell(e, CONN_READABLE, NULL);
    }
}

static void end_accept(struct sim_end *e)
{
    if (e->state != END_SYN_RCVD)
        return;
    e->state = END_OPEN;
    if (!sim_tcp_accept(e)) {
        end_die(e);
        send_reset(e);
    }
}

/* The segment whose turn it is: take its bytes. */
static void absorb(struct sim_end *e, struct seg *s)
{
    sim_trace(e->node, s->kind == SEG_FIN ? "fin" : "data", &e->peer->at,
              s->chunk ? s->chunk->bytes : NULL, seg_len(s));
    if (s->kind == SEG_FIN) {
        e->fin_got = true;
        e->rx_next++;
        return;
    }
    assert(s->chunk && "probes go to the dead only");
    e->rx_next += seg_len(s);
    e->rx_len += seg_len(s);
    list_push(&e->rx, &s->chunk->link);
    s->chunk = NULL;
}

/* Behind a gap: keep it, in order. */
static void put_late(struct sim_end *e, struct seg *s)
{
    struct link *at = &e->late;
    while (at->prev != &e->late && LIST_OF(at->prev, struct seg, link)->seq > s->seq)
        at = at->prev;
    list_push(at, &s->link);
}

static void got_data(struct sim_end *e, struct seg *s)
{
    end_accept(e);
    if (e->state != END_OPEN) {
        seg_free(s);
        return;
    }
    if (s->seq != e->rx_next) {
        put_late(e, s);
        return;
    }
    if (!e->owner && s->kind == SEG_DATA) { /* data for one who has closed */
        seg_free(s);
        end_die(e);
        send_reset(e);
        return;
    }
    absorb(e, s);
    for (struct seg *l; (l = LIST_FIRST(&e->late, struct seg, link)) && l->seq == e->rx_next;) {
        absorb(e, l);
        s->hit |= l->hit;
        seg_free(l);
    }
    tell_readable(e);
    if (e->state == END_OPEN)
        send_ack(e, s);
    else
        seg_free(s);
}

static void got_syn(struct sim_end *e)
{
    list_push(&e->node->ends, &e->in_node);
    e->state = END_SYN_RCVD;
    if (sim_tcp_listens(e->node, &e->at)) {
        seg_send(seg_new(e, SEG_SYNACK, 0));
        return;
    }
    end_die(e);
    send_reset(e);
}

static void got_synack(struct sim_end *e)
{
    if (e->state != END_SYN_SENT)
        return;
    e->state = END_OPEN;
    seg_send(seg_new(e, SEG_OPENED, 0));
    sim_trace(e->node, "open", &e->peer->at, NULL, 0);
    sim_tcp_tell(e, CONN_OPEN, NULL);
    if (e->owner && e->want_write) {
        e->want_write = false;
        sim_tcp_tell(e, CONN_WRITABLE, NULL);
    }
    tell_readable(e);
}

/* A segment has come to the other end. */
static void deliver(struct seg *s)
{
    struct sim_end *e = s->from->peer;
    list_drop(&s->link); /* ours alone: callbacks may end either end, and free what is under way */
    e->heard_us = e->flow->sim->now_us;
    if (e->state == END_DEAD) {
        bool answer = s->kind != SEG_RST && s->kind != SEG_ACK;
        seg_free(s);
        if (answer)
            send_reset(e);
        return;
    }
    switch (s->kind) {
    case SEG_SYN:
        got_syn(e);
        break;
    case SEG_SYNACK:
        got_synack(e);
        break;
    case SEG_OPENED:
        end_accept(e);
        tell_readable(e);
        break;
    case SEG_DATA:
    case SEG_FIN:
        got_data(e, s); /* takes s */
        return;
    case SEG_ACK:
        got_ack(e, s);
        break;
    case SEG_RST:
        end_fail(e, ERR_CLOSED,
                 e->state == END_SYN_SENT ? "connection refused" : "connection reset by peer");
        break;
    }
    seg_free(s);
}

static void on_in(struct sim_event *ev)
{
    struct seg *s = LIST_OF(ev, struct seg, ev);
    struct sim_flow *f = s->from->flow;
    f->busy++;
    deliver(s);
    f->busy--;
    flow_reap(f);
}

static void on_line(struct sim_event *ev)
{
    struct seg *s = LIST_OF(ev, struct seg, ev);
    struct sim_hop hop = sim_arrive(s->from->node, s->from->peer->node, seg_len(s), SIM_WAIT);
    s->hit |= hop.full;
    if (hop.lost)
        seg_lost(s);
    else if (hop.at_us > s->from->flow->sim->now_us)
        seg_wait(s, on_in, hop.at_us);
    else
        on_in(ev);
}

/* Time to send it again, or to give up. */
static void on_again(struct sim_event *ev)
{
    struct seg *s = LIST_OF(ev, struct seg, ev);
    struct sim_flow *f = s->from->flow;
    if (f->sim->now_us < gives_up_us(s)) {
        seg_send(s);
        return;
    }
    struct sim_end *e = seg_waiter(s);
    bool failed = s->kind != SEG_ACK || end_owes(e);
    seg_free(s);
    f->busy++;
    if (failed)
        end_fail(e, ERR_TIMEOUT, "no answer for 60 s");
    f->busy--;
    flow_reap(f);
}

/* The owner's verbs. */

struct sim_end *sim_flow_dial(struct sim_node *from, struct sim_node *to, const struct addr *at,
                              const struct addr *peer_at, struct tcp *owner)
{
    struct sim_flow *f = MEM_NEW(struct sim_flow);
    f->sim = from->sim;
    list_init(&f->segs);
    list_push(&f->sim->flows, &f->link);
    end_init(f, 0, from, at);
    end_init(f, 1, to, peer_at);
    struct sim_end *e = &f->ends[0];
    e->owner = owner;
    e->state = END_SYN_SENT;
    list_push(&from->ends, &e->in_node);
    seg_send(seg_new(e, SEG_SYN, 0));
    return e;
}

ssize_t sim_end_recv(struct sim_end *e, void *to, size_t n)
{
    if (e->rx_len == 0) {
        if (e->fin_got)
            return CONN_END;
        e->want_read = true;
        return CONN_AGAIN;
    }
    size_t got = 0;
    while (got < n && e->rx_len > 0) {
        struct chunk *c = LIST_FIRST(&e->rx, struct chunk, link);
        size_t part = c->n - c->at < n - got ? c->n - c->at : n - got;
        memcpy((uint8_t *)to + got, c->bytes + c->at, part);
        got += part;
        c->at += part;
        e->rx_len -= part;
        if (c->at == c->n) {
            list_drop(&c->link);
            free(c);
        }
    }
    /* Tell of the room when there is much more of it than the other knows. */
    if (!e->fin_got && e->rx_next + SIM_WINDOW - e->rx_len - e->told >= SIM_WINDOW / 2)
        send_ack(e, seg_new(e, SEG_ACK, 0));
    return (ssize_t)got;
}

ssize_t sim_end_sendv(struct sim_end *e, const struct iovec *iov, int count)
{
    assert(!e->shut && "sending after conn_shut");
    size_t room = e->state == END_OPEN ? sim_window_room(e) : 0;
    size_t taken = 0;
    for (int i = 0; i < count; i++) {
        size_t part = iov[i].iov_len < room ? iov[i].iov_len : room;
        buf_put(&e->tx, iov[i].iov_base, part);
        taken += part;
        room -= part;
        if (part < iov[i].iov_len) {
            e->want_write = true;
            break;
        }
    }
    if (taken > 0)
        end_pump_soon(e);
    return taken > 0 ? (ssize_t)taken : CONN_AGAIN;
}

void sim_end_shut(struct sim_end *e)
{
    e->shut = true;
    end_pump_soon(e);
}

void sim_end_doom(struct sim_end *e)
{
    if (e->state != END_OPEN)
        return;
    end_die(e);
    send_reset(e);
}

void sim_end_close(struct sim_end *e)
{
    e->owner = NULL;
    if (e->state != END_OPEN) {
        end_die(e);
    } else if (e->rx_len > 0) { /* RFC 2525 section 2.17: unread data is answered by a reset */
        end_die(e);
        send_reset(e);
    } else {
        sim_end_shut(e);
    }
    flow_reap(e->flow);
}

void sim_flow_crash(struct sim_node *node)
{
    for (struct sim_end *e; (e = LIST_FIRST(&node->ends, struct sim_end, in_node));) {
        if (e->owner)
            sim_tcp_part(e);
        end_die(e);
        flow_reap(e->flow);
    }
}

void sim_flow_free_all(struct sim *sim)
{
    LIST_EACH(&sim->flows, struct sim_flow, f, link)
        flow_free(f);
}
