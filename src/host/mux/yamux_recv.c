/* What a Yamux session reads: frames, each checked before anything is kept of it. */
#include "host/mux/yamux_in.h"

/* The build zeroes what is on the stack; not this much, for each read. */
#if __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#else
#define UNINITIALIZED
#endif

static void broken(struct yamux *y, const struct why *why)
{
    yamux_fail(y, YAMUX_PROTOCOL_ERROR, why);
}

/* A stream that is opened to be reset costs us work; false: enough of it. */
static bool bear_churn(struct yamux *y)
{
    struct why why;
    if (yamux_churn(&y->churn, loop_now_us(y->mux.loop)))
        return true;
    why_set(&why, ERR_LIMIT, "yamux: more than %d streams a second opened to be reset",
            YAMUX_CHURN_RATE);
    broken(y, &why);
    return false;
}

/* A new stream of theirs.  NULL: refused, or the session is over. */
static struct ystream *on_syn(struct yamux *y, const struct yamux_frame *f)
{
    struct why why;
    bool odd = f->stream & 1;
    if (odd == y->client) { /* "The client side should use odd ID's, and the server even." */
        why_set(&why, ERR_INVALID, "yamux: a %s opens stream %u", y->client ? "server" : "client",
                (unsigned)f->stream);
        broken(y, &why);
        return NULL;
    }
    if (f->flags & YAMUX_RST) {
        bear_churn(y);
        return NULL;
    }
    if (y->parting || y->inbound >= YAMUX_STREAMS_MAX || y->unacked_in >= YAMUX_ACK_MAX) {
        if (bear_churn(y))
            yamux_put(y, YAMUX_WINDOW_UPDATE, YAMUX_RST, f->stream, 0);
        return NULL;
    }
    struct ystream *s = y->fresh = ystream_new(y, f->stream, false);
    ystream_owe(s, YAMUX_ACK);
    return s;
}

static void on_rst(struct ystream *s)
{
    struct why why;
    if (!s->ours && !bear_churn(s->y))
        return;
    why_set(&why, ERR_CLOSED, "the other side reset the stream");
    ystream_reset(s, false, &why);
}

/* DATA may come: it was allowed, and somebody is there for it. */
static void on_data(struct yamux *y, struct ystream *s, const struct yamux_frame *f)
{
    struct why why;
    y->body_left = f->length;
    /* CVE-2026-32314: also the first frame of a stream, and of one that was refused. */
    uint32_t most = s ? s->window.left : f->flags & YAMUX_SYN ? YAMUX_WINDOW : UINT32_MAX;
    if (f->length > most) {
        why_set(&why, ERR_INVALID, "yamux: stream %u: %u bytes, %u allowed", (unsigned)f->stream,
                (unsigned)f->length, (unsigned)most);
        broken(y, &why);
        return;
    }
    if (!s || f->length == 0)
        return;
    if (s->fin_in) {
        why_set(&why, ERR_INVALID, "the other side sent more after its end");
        ystream_reset(s, true, &why);
    } else if (s->orphan) { /* its owner is gone; theirs should know, unless that was all */
        if (!y->body_fin)
            ystream_owe(s, YAMUX_RST);
    } else if (yamux_window_take(&s->window, f->length)) {
        y->body = s;
    }
}

static void on_stream_frame(struct yamux *y, const struct yamux_frame *f)
{
    struct why why;
    struct ystream *s = ystream_find(y, f->stream);
    if (s && f->flags & YAMUX_SYN) {
        why_set(&why, ERR_INVALID, "yamux: stream %u is opened twice", (unsigned)f->stream);
        broken(y, &why);
        return;
    }
    if (f->flags & YAMUX_SYN)
        s = on_syn(y, f);
    if (f->type == YAMUX_DATA && !y->over)
        on_data(y, f->flags & YAMUX_RST ? NULL : s, f);
    /* Frames of streams that are over crossed our last one on the wire: they mean nothing. */
    s = ystream_find(y, f->stream);
    if (!s || y->over)
        return;
    if (f->flags & YAMUX_ACK && s->ours && !s->acked) {
        s->acked = true;
        y->unacked_out--;
    }
    if (f->flags & YAMUX_RST) {
        on_rst(s);
        return;
    }
    if (f->type == YAMUX_WINDOW_UPDATE) { /* with FIN too: credit for what we still send */
        s->may_send = yamux_credit(s->may_send, f->length);
        if (s->want_write && s->may_send > 0 && s->turn.next == &s->turn)
            list_push(&y->writers, &s->turn);
    }
}

static void on_ping(struct yamux *y, const struct yamux_frame *f)
{
    uint64_t now = loop_now_us(y->mux.loop);
    if (f->flags & YAMUX_SYN) { /* at most one waits for an other side that does not read */
        y->pong_owed = true;
        y->pong = f->length;
        if (!y->blocked)
            yamux_serve_owed(y);
    } else if (f->flags & YAMUX_ACK && y->ping_at_us && f->length == y->ping) {
        y->rtt_us = now > y->ping_at_us ? now - y->ping_at_us : 1;
        y->rtt_at_us = now;
        y->ping_at_us = 0;
    } /* an answer that nobody asked for means nothing */
}

static void on_go_away(struct yamux *y, const struct yamux_frame *f)
{
    struct why why;
    y->they_part = true;
    if (f->length == YAMUX_NORMAL)
        return;
    why_set(&why, ERR_CLOSED, "yamux: the other side hangs up: %s",
            f->length == YAMUX_PROTOCOL_ERROR   ? "protocol error"
            : f->length == YAMUX_INTERNAL_ERROR ? "internal error"
                                                : "an unknown reason");
    yamux_fail(y, -1, &why);
}

static void on_frame(struct yamux *y, const struct yamux_frame *f)
{
    switch (f->type) {
    case YAMUX_DATA:
    case YAMUX_WINDOW_UPDATE:
        on_stream_frame(y, f);
        break;
    case YAMUX_PING:
        on_ping(y, f);
        break;
    case YAMUX_GO_AWAY:
        on_go_away(y, f);
        break;
    }
}

/* The next bytes of the body: to its stream, or to nobody. */
static void on_body(struct yamux *y, struct cur *c)
{
    struct cur part = cur_take(c, c->n < y->body_left ? c->n : y->body_left);
    y->body_left -= (uint32_t)part.n;
    if (y->body)
        ystream_bytes(y->body, part);
}

/* A header, of which the beginning may have come before.  False: not all of it is there. */
static bool next_frame(struct yamux *y, struct cur *c, struct yamux_frame *f)
{
    struct why why;
    struct cur head = *c;
    if (y->head_len > 0 || c->n < YAMUX_HEADER_LEN) {
        while (y->head_len < YAMUX_HEADER_LEN && c->n > 0)
            y->head[y->head_len++] = cur_u8(c);
        if (y->head_len < YAMUX_HEADER_LEN)
            return false;
        head = cur_of(y->head, YAMUX_HEADER_LEN);
        y->head_len = 0;
    } else {
        head = cur_take(c, YAMUX_HEADER_LEN);
    }
    if (yamux_read(&head, f, &why) == OK)
        return true;
    broken(y, &why);
    return false;
}

static void start_frame(struct yamux *y, const struct yamux_frame *f)
{
    y->body = NULL;
    y->body_left = 0;
    y->body_id = f->stream;
    y->body_fin = f->stream != 0 && (f->flags & (YAMUX_FIN | YAMUX_RST)) == YAMUX_FIN;
    on_frame(y, f);
}

static void end_frame(struct yamux *y)
{
    struct ystream *s = y->body_fin ? ystream_find(y, y->body_id) : NULL;
    y->body_fin = false;
    if (s)
        ystream_fin(s);
}

static void feed(struct yamux *y, struct cur c)
{
    struct yamux_frame f;
    while (!y->over && c.n > 0) {
        if (y->body_left > 0)
            on_body(y, &c);
        else if (next_frame(y, &c, &f))
            start_frame(y, &f);
        else
            return;
        if (y->fresh && !y->over && (y->body_left == 0 || c.n == 0))
            ystream_bytes(y->fresh, cur_of(NULL, 0)); /* none are here to show it with */
        if (y->body_left == 0 && !y->over)
            end_frame(y);
    }
}

bool yamux_pull(struct yamux *y)
{
    enum { READ = 64 << 10, READS = 16 };
    static const char *const goodbye[] = {"yamux: the other side hung up",
                                          "yamux: the other side said goodbye and hung up"};
    uint8_t bytes[READ] UNINITIALIZED;
    struct why why;
    for (int i = 0; i < READS; i++) {
        ssize_t n = y->over ? CONN_AGAIN : conn_recv(y->below, bytes, sizeof bytes);
        if (n == CONN_AGAIN || n == CONN_FAILED)
            return true;
        if (n == CONN_END) {
            why_set(&why, ERR_CLOSED, "%s", goodbye[y->they_part]);
            yamux_fail(y, -1, &why);
            return true;
        }
        y->heard = true;
        feed(y, cur_of(bytes, (size_t)n));
    }
    return false;
}
