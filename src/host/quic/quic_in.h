/* host/quic/quic_in.h - what the files of QUIC share.
 *
 *     quic.c         the socket: whose datagram is it, and who may begin
 *     quic_conn.c    a connection: made, watched over, ended
 *     quic_send.c    what goes
 *     quic_stream.c  a stream, as its owner sees it
 *     quic_datagram.c  datagrams beside streams
 *     quic_tls.c     certificates
 *
 * ngtcp2 calls us back while it reads or writes a packet, and wants to be left alone then: the
 * callbacks only note what happened, and quic_serve() tells it when the packets of the turn are
 * read.  Who closes a connection in his callback finds it `closed`; it is freed when that is over.
 */
#ifndef SHOAL_HOST_QUIC_QUIC_IN_H
#define SHOAL_HOST_QUIC_QUIC_IN_H

#include "base/list.h"
#include "host/mux/yamux_inbox.h"
#include "host/mux/yamux_state.h"
#include "host/quic/quic.h"
#include "net/udp.h"

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <sys/socket.h>

enum {
    QUIC_CID_LEN = 12, /* of the connection ids that we choose */
    QUIC_SECRET_LEN = 32,
    QUIC_RESETS_MAX = 64, /* a second: stateless ones, for what nobody here knows */
    QUIC_CHUNK = 16 << 10,
};

struct quic_self {
    struct loop *loop;
    struct peer_id id;
    gnutls_certificate_credentials_t cred;
    uint8_t secret[QUIC_SECRET_LEN]; /* of tokens and stateless resets */
};

struct quic {
    const struct quic_self *self;
    struct udp *udp;
    struct addr at;
    const struct quic_events *events;
    void *arg;
    struct map *by_cid;   /* struct quic_conn */
    struct link conns;    /* all that are there */
    struct link touched;  /* packets came for them in this turn */
    bool busy, closed;    /* their events are being told; freed when that is over */
    uint64_t resets_at_s; /* in this second so many were sent */
    unsigned resets;
    uint8_t out[UDP_MAX]; /* packets that are being written */
};

/* Bytes that ngtcp2 points to until they are acknowledged. */
struct quic_chunk {
    struct quic_chunk *next;
    size_t len, cap;
    uint8_t bytes[];
};

struct quic_stream {
    union {
        struct mux_stream stream;
        struct conn conn; /* its first member */
    };
    struct quic_conn *c; /* NULL: the connection is over */
    int64_t id;
    struct link all;   /* c->streams */
    struct link ready; /* c->ready: something is to be told */
    struct link turn;  /* c->writers: something is to be sent */
    struct yamux_inbox inbox;
    struct quic_chunk *first, *last; /* taken from the owner, not acknowledged */
    struct quic_chunk *next;         /* where what was never sent begins, */
    size_t next_at;                  /* in it */
    uint64_t acked, freed;           /* offsets: acknowledged; of `first` */
    size_t held, unsent;
    bool ours, announced, orphan;
    bool live;           /* ngtcp2 knows it */
    bool fin_in, reset;  /* theirs */
    bool shut, fin_sent; /* ours: no more; and they were told */
    bool cut;            /* they do not want to read more */
    bool refused;        /* more came than their purse had room for */
    bool want_read, want_write, failing;
    struct buf came;     /* datagrams, each behind two bytes of length */
    bool *gone;          /* set when its owner closes it while he is told of them */
    struct why *why;     /* why it is over */
    struct timer *timer; /* CONN_CLOSED in the next turn */
};

struct quic_conn {
    struct mux mux;
    const struct quic_self *self;
    struct quic *q; /* NULL: the socket is closed */
    ngtcp2_conn *nc;
    gnutls_session_t tls;
    ngtcp2_crypto_conn_ref ref;
    struct peer_id expected, peer; /* of nobody: anybody; not known yet */
    struct why refusal;            /* why we do not take their certificate */
    struct sockaddr_storage here, there;
    ngtcp2_path path;
    ngtcp2_cid first_dcid; /* of one that came: where the first packets are sent to */
    struct link link, touched;
    struct link streams, ready, writers;
    size_t count, held;
    bool client;
    bool done, made;   /* the handshake; and the owner has it */
    bool busy, closed; /* events are being told; freed when that is over */
    bool over, told;   /* nothing moves any more; the owner knows */
    bool parting;
    bool heard; /* since the last look of `tend` */
    unsigned quiet;
    struct timer *tend; /* NULL: nobody needs it that much */
    bool full;          /* a stream was denied bytes, since all of them hold too many */
    struct yamux_churn churn;
    struct timer *timer, *kick;
    uint64_t timer_at_us;
    struct buf datagrams; /* that wait to be sent: when since, length, bytes */
    bool datagrams_turn;  /* and not the streams' */
    size_t unasked;       /* bytes of datagrams since one that asked for words on its stream */
    struct quic_stream *datagram_to; /* the last that got one; NULL: look */
    struct buf stuck;                /* packets that the system did not take yet */
    size_t stuck_segment;
    quic_made_cb *cb; /* of one that we dial */
    void *arg;
    struct why why;
};

static inline uint64_t quic_now(const struct quic_conn *c) /* nanoseconds, as ngtcp2 has it */
{
    return loop_now_us(c->mux.loop) * 1000;
}

/* quic.c */
void quic_route(struct quic_conn *c, const ngtcp2_cid *cid);
void quic_unroute(struct quic_conn *c, const ngtcp2_cid *cid);

/* quic_tls.c: a session of c's; judges the other side's certificate into c->peer or c->refusal. */
MUST_CHECK bool quic_tls_start(struct quic_conn *c);

/* quic_conn.c */
/* One that came: `hd` is of its first packet; odcid: where it was sent to before a Retry, or NULL.
 * NULL: it cannot be. */
struct quic_conn *quic_conn_accept(struct quic *q, const struct addr *from, const ngtcp2_pkt_hd *hd,
                                   const ngtcp2_cid *odcid);
void quic_conn_read(struct quic_conn *c, const uint8_t *bytes, size_t n);
/* Tell what happened, send what is to be sent; c may be gone afterwards. */
void quic_serve(struct quic_conn *c);
/* See to it that quic_serve() comes, at the end of this turn or in the next. */
void quic_wake(struct quic_conn *c);
/* It is over; everybody hears of it in quic_serve(). */
void quic_fail(struct quic_conn *c, const struct why *why);
/* The socket goes. */
void quic_conn_orphan(struct quic_conn *c);

/* quic_send.c */
void quic_flush(struct quic_conn *c);
/* The last packet: an error of ngtcp2's, or 0: goodbye. */
void quic_goodbye(struct quic_conn *c, int liberr);

/* quic_datagram.c */
/* One came; it is told in quic_stream_tell(). */
void quic_datagram_came(struct quic_conn *c, struct cur bytes);
/* Tell the owner all that came; he may close the stream in it: then false. */
bool quic_datagram_tell(struct quic_stream *s);
enum mux_took quic_datagram_send(struct conn *s, struct cur bytes); /* mux_datagram() */
/* What a packet has besides datagrams, at most: first byte, connection id, number, seal, a word of
 * a stream; and what frames a datagram. */
enum { QUIC_AROUND = 1 + 20 + 4 + 16 + 20, QUIC_FRAMES_DATAGRAM = 3 };
/* The next to be sent, after those that waited too long were dropped; of no bytes: none.  behind:
 * bytes of the one behind it, 0: none. */
struct cur quic_datagram_next(struct quic_conn *c, size_t *behind);
void quic_datagram_sent(struct quic_conn *c); /* it, or it cannot be */

/* quic_stream.c */
struct quic_stream *quic_stream_new(struct quic_conn *c, int64_t id, bool ours);
void quic_stream_ready(struct quic_stream *s);
/* Tell one thing; the stream may be gone afterwards. */
void quic_stream_tell(struct quic_stream *s);
void quic_stream_wrote(struct quic_stream *s, size_t n, bool fin);
/* What is to be sent next; returns how many parts.  all: they are all that there is. */
size_t quic_stream_unsent(const struct quic_stream *s, ngtcp2_vec *out, size_t cap, bool *all);
void quic_stream_cut(struct quic_stream *s);
void quic_stream_acked(struct quic_stream *s, uint64_t end);
/* ngtcp2 has forgotten it. */
void quic_stream_forgotten(struct quic_stream *s);
/* The connection is over: an owner is told, now or in the next turn. */
void quic_stream_end(struct quic_stream *s, const struct why *why, bool now);

#endif
