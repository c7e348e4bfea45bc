/* What goes: packets, many in one call where they are of one length. */
#include "host/quic/quic_in.h"

enum { PACKET_MAX = 1500, PARTS_MAX = 16, SMALL_MAX = 64 };

/* To the system.  What it does not take now waits for a millisecond; more than that is lost, as the
 * network may do anyway. */
static void put(struct quic_conn *c, const uint8_t *bytes, size_t n, size_t segment)
{
    struct iovec iov = {(void *)(uintptr_t)bytes, n};
    if (buf_len(&c->stuck) > 0 || udp_sendv(c->q->udp, &c->mux.peer, &iov, 1, segment, true))
        return;
    buf_put(&c->stuck, bytes, n);
    c->stuck_segment = segment;
}

static bool put_stuck(struct quic_conn *c)
{
    struct iovec iov = {buf_bytes(&c->stuck), buf_len(&c->stuck)};
    if (iov.iov_len == 0)
        return true;
    if (!udp_sendv(c->q->udp, &c->mux.peer, &iov, 1, c->stuck_segment, true))
        return false;
    buf_done(&c->stuck);
    return true;
}

/* In turn; where all of them together may send nothing, one that has nothing but its end. */
static struct quic_stream *next_writer(const struct quic_conn *c)
{
    bool may = ngtcp2_conn_get_max_data_left(c->nc) > 0;
    LIST_EACH(&c->writers, struct quic_stream, s, turn)
        if (may || s->unsent == 0)
            return s;
    return NULL;
}

/* As many as go into one packet.  NGTCP2_ERR_WRITE_MORE: there were none.  The last one ends the
 * packet: ended by nobody's bytes, a packet that is not full would mean to ngtcp2 that we have no
 * more to send, and its measure of what the path delivers would not count. */
static ngtcp2_ssize write_datagrams(struct quic_conn *c, uint8_t *to, size_t cap)
{
    ngtcp2_ssize len = NGTCP2_ERR_WRITE_MORE;
    size_t used = QUIC_AROUND, behind;
    for (struct cur d;
         len == NGTCP2_ERR_WRITE_MORE && (d = quic_datagram_next(c, &behind)).n > 0;) {
        ngtcp2_vec part = {(uint8_t *)(uintptr_t)d.p, d.n};
        int took = 0;
        used += d.n + QUIC_FRAMES_DATAGRAM;
        bool more = behind > 0 && used + behind + QUIC_FRAMES_DATAGRAM <=
                                      ngtcp2_conn_get_path_max_tx_udp_payload_size(c->nc);
        len = ngtcp2_conn_writev_datagram(c->nc, NULL, NULL, to, cap, &took,
                                          more ? NGTCP2_WRITE_DATAGRAM_FLAG_MORE : 0, 0, &part, 1,
                                          quic_now(c));
        if (took || len == NGTCP2_ERR_INVALID_STATE || len == NGTCP2_ERR_INVALID_ARGUMENT)
            quic_datagram_sent(c);
    }
    return len;
}

/* What streams have, into this packet.  With MORE: only what is small, and what is returned is
 * NGTCP2_ERR_WRITE_MORE where there is room for more. */
static ngtcp2_ssize write_streams(struct quic_conn *c, uint8_t *to, size_t cap, bool more)
{
    for (;;) {
        ngtcp2_vec parts[PARTS_MAX];
        bool all = false;
        struct quic_stream *s = next_writer(c);
        if (more && (!s || s->unsent > SMALL_MAX))
            return NGTCP2_ERR_WRITE_MORE;
        size_t n = s ? quic_stream_unsent(s, parts, PARTS_MAX, &all) : 0;
        bool fin = s && s->shut && all;
        uint32_t flags = s ? NGTCP2_WRITE_STREAM_FLAG_MORE : 0;
        ngtcp2_ssize took = -1;
        ngtcp2_ssize len = ngtcp2_conn_writev_stream(
            c->nc, NULL, NULL, to, cap, &took, flags | (fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0),
            s ? s->id : -1, parts, n, quic_now(c));
        if (s && took >= 0)
            quic_stream_wrote(s, (size_t)took, fin && (size_t)took == s->unsent);
        switch (len) {
        case NGTCP2_ERR_WRITE_MORE:
            continue;
        case NGTCP2_ERR_STREAM_DATA_BLOCKED: /* on_stream_credit() brings it back */
            list_drop(&s->turn);
            continue;
        case NGTCP2_ERR_STREAM_SHUT_WR:
        case NGTCP2_ERR_STREAM_NOT_FOUND:
            quic_stream_cut(s);
            continue;
        default:
            return len;
        }
    }
}

/* One packet; 0: there is nothing, or it must wait.  Datagrams and streams take turns; what is
 * small goes with the datagrams. */
static ngtcp2_ssize write_packet(struct quic_conn *c, uint8_t *to, size_t cap)
{
    ngtcp2_ssize n = NGTCP2_ERR_WRITE_MORE;
    c->datagrams_turn = buf_len(&c->datagrams) > 0 && (!c->datagrams_turn || !next_writer(c));
    if (c->datagrams_turn)
        n = write_streams(c, to, cap, true);
    if (c->datagrams_turn && n == NGTCP2_ERR_WRITE_MORE)
        n = write_datagrams(c, to, cap);
    return n == NGTCP2_ERR_WRITE_MORE ? write_streams(c, to, cap, false) : n;
}

static void broken(struct quic_conn *c, int rv)
{
    struct why why;
    why_set(&why, ERR_INVALID, "quic: %s", ngtcp2_strerror(rv));
    quic_goodbye(c, rv);
    quic_fail(c, &why);
}

void quic_flush(struct quic_conn *c)
{
    if (c->over || !c->q || !put_stuck(c))
        return;
    uint8_t *out = c->q->out;
    size_t len = 0, segment = 0, total = 0, quantum = ngtcp2_conn_get_send_quantum(c->nc);
    unsigned count = 0;
    while (total < quantum && buf_len(&c->stuck) == 0) {
        ngtcp2_ssize n = write_packet(c, out + len, PACKET_MAX);
        if (n < 0)
            broken(c, (int)n);
        if (n <= 0)
            break;
        size_t size = (size_t)n;
        total += size;
        if (len > 0 && size > segment) { /* one that tries how much the path takes */
            put(c, out, len, segment);
            put(c, out + len, size, size);
            len = count = 0;
            continue;
        }
        segment = len == 0 ? size : segment;
        len += size;
        count++;
        if (size < segment || len + PACKET_MAX > sizeof c->q->out || count == UDP_SEGMENTS_MAX) {
            put(c, out, len, segment);
            len = count = 0;
        }
    }
    if (c->over)
        return;
    if (len > 0)
        put(c, out, len, segment);
    if (total > 0)
        ngtcp2_conn_update_pkt_tx_time(c->nc, quic_now(c));
}

void quic_goodbye(struct quic_conn *c, int liberr)
{
    ngtcp2_connection_close_error why;
    uint8_t bytes[PACKET_MAX];
    if (!c->q || !c->nc)
        return;
    ngtcp2_connection_close_error_default(&why);
    if (liberr == NGTCP2_ERR_CRYPTO)
        ngtcp2_connection_close_error_set_transport_error_tls_alert(
            &why, ngtcp2_conn_get_tls_alert(c->nc), NULL, 0);
    else if (liberr != 0)
        ngtcp2_connection_close_error_set_transport_error_liberr(&why, liberr, NULL, 0);
    else
        ngtcp2_connection_close_error_set_application_error(&why, 0, NULL, 0);
    ngtcp2_ssize n = ngtcp2_conn_write_connection_close(c->nc, NULL, NULL, bytes, sizeof bytes,
                                                        &why, quic_now(c));
    if (n > 0)
        udp_send(c->q->udp, &c->mux.peer, bytes, (size_t)n);
}
