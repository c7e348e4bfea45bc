/* Datagrams beside streams (RFC 9221): each begins with the number of its stream, an unsigned
 * varint as multiformats have it.  They share the connection's congestion control with the streams,
 * take turns with them, and are dropped when they have waited for long: what runs inside of them
 * slows down by that. */
#include "host/quic/quic_in.h"

enum { RECORD = 8 + 2 }; /* before each that waits: when since, length */

/* --- out -------------------------------------------------------------------------------------- */

/* What the path is known to carry, and the other side takes. */
static bool fits(struct quic_conn *c, size_t n)
{
    const ngtcp2_transport_params *theirs = ngtcp2_conn_get_remote_transport_params(c->nc);
    return n <= QUIC_DATAGRAM_MAX && theirs &&
           n + QUIC_FRAMES_DATAGRAM <= theirs->max_datagram_frame_size &&
           n + QUIC_AROUND + QUIC_FRAMES_DATAGRAM <=
               ngtcp2_conn_get_path_max_tx_udp_payload_size(c->nc);
}

/* ngtcp2 arms no timer for datagrams, since it would not repeat them: where all that are on their
 * way were lost, no acknowledgement would come, and nothing could go any more.  So there is always
 * something of a stream among them: once in a quarter of what may be on its way, and in every
 * second packet where that is little (two is the smallest window, RFC 9002 section 7.2). */
static bool wants_words(struct quic_conn *c, size_t n)
{
    ngtcp2_conn_stat stat;
    ngtcp2_conn_get_conn_stat(c->nc, &stat);
    c->unasked += n;
    if (c->unasked <= stat.cwnd / 4)
        return false;
    c->unasked = 0;
    return true;
}

enum mux_took quic_datagram_send(struct conn *conn, struct cur bytes)
{
    struct quic_stream *s = (struct quic_stream *)conn;
    struct quic_conn *c = s->c;
    struct buf number = {0};
    if (!c || c->over || !s->live)
        return MUX_NONE;
    buf_uvarint(&number, (uint64_t)s->id);
    size_t n = buf_len(&number) + bytes.n;
    bool fit = fits(c, n), room = buf_len(&c->datagrams) + RECORD + n <= QUIC_DATAGRAMS_MAX;
    if (fit && room) {
        buf_be64(&c->datagrams, loop_now_us(c->mux.loop));
        buf_be16(&c->datagrams, (uint16_t)n);
        buf_put(&c->datagrams, buf_bytes(&number), buf_len(&number));
        buf_put(&c->datagrams, bytes.p, bytes.n);
        if (!c->busy)
            quic_wake(c);
    }
    buf_done(&number);
    if (!fit)
        return MUX_NONE;
    if (!room)
        return MUX_LOST;
    return wants_words(c, n) ? MUX_SENT_SPEAK : MUX_SENT;
}

struct cur quic_datagram_next(struct quic_conn *c, size_t *behind)
{
    uint64_t now = loop_now_us(c->mux.loop);
    for (;;) {
        struct cur all = buf_cur(&c->datagrams);
        *behind = 0;
        if (all.n == 0)
            return all;
        uint64_t since = cur_be(&all, 8);
        struct cur one = cur_take(&all, cur_be16(&all));
        if (all.n > 0) {
            cur_take(&all, 8);
            *behind = cur_be16(&all);
        }
        if (now - since <= QUIC_DATAGRAM_WAIT_US)
            return one;
        buf_eat(&c->datagrams, RECORD + one.n);
    }
}

void quic_datagram_sent(struct quic_conn *c)
{
    struct cur all = buf_cur(&c->datagrams);
    cur_take(&all, 8);
    size_t n = cur_be16(&all);
    buf_eat(&c->datagrams, RECORD + n);
}

/* --- in --------------------------------------------------------------------------------------- */

static struct quic_stream *find(struct quic_conn *c, int64_t id)
{
    if (c->datagram_to && c->datagram_to->id == id)
        return c->datagram_to;
    LIST_EACH(&c->streams, struct quic_stream, s, all)
        if (s->id == id)
            return c->datagram_to = s;
    return NULL;
}

void quic_datagram_came(struct quic_conn *c, struct cur bytes)
{
    uint64_t id = cur_uvarint(&bytes);
    struct quic_stream *s = bytes.bad || id > INT64_MAX ? NULL : find(c, (int64_t)id);
    if (!s || s->orphan || !s->stream.came || bytes.n > QUIC_DATAGRAM_MAX ||
        buf_len(&s->came) + 2 + bytes.n > QUIC_DATAGRAMS_MAX ||
        tab_take(&s->stream.tab, 2 + bytes.n, "datagrams", NULL) != OK)
        return;
    buf_be16(&s->came, (uint16_t)bytes.n);
    buf_put(&s->came, bytes.p, bytes.n);
    quic_stream_ready(s);
}

bool quic_datagram_tell(struct quic_stream *s)
{
    struct buf came = s->came;
    bool gone = false;
    s->came = (struct buf){0};
    tab_give(&s->stream.tab, buf_len(&came));
    s->gone = &gone;
    for (struct cur all = buf_cur(&came); all.n > 0 && !gone;) {
        struct cur one = cur_take(&all, cur_be16(&all));
        if (s->stream.came)
            s->stream.came(s->stream.came_arg, one);
    }
    buf_done(&came);
    if (!gone)
        s->gone = NULL;
    return !gone;
}
