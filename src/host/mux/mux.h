/* host/mux/mux.h - many streams over one connection.
 *
 * A muxer turns one connection into streams, and each stream is a conn (net/conn.h) with the whole
 * contract of one: pulls, back-pressure by not reading, events from the loop.  Yamux does it over
 * any conn; QUIC does it by itself.  The muxer owns what is below it, and its streams die with it:
 * they are told CONN_CLOSED.
 *
 * How a stream ends: conn_shut() says "no more from us" and may be followed by reading.
 * conn_close() after conn_shut() lets what was taken go out and forgets the stream; what still
 * comes for it is answered with a reset.  conn_close() without conn_shut() resets it, and what was
 * taken but not sent is dropped.  The other side's end is CONN_END; its reset is CONN_CLOSED.
 *
 * A stream from the other side is open (no CONN_OPEN comes); one of ours too, since nobody waits
 * for an acknowledgement: conn_sendv may be called at once. */
#ifndef SHOAL_HOST_MUX_MUX_H
#define SHOAL_HOST_MUX_MUX_H

#include "base/cur.h"
#include "host/mux/purse.h"
#include "net/conn.h"

#include <stdbool.h>

struct mux;

struct mux_events {
    /* The other side opened a stream, which the callee owns: he watches or closes it before he
     * returns. */
    void (*stream)(void *arg, struct conn *s);
    /* The connection is over; all its streams were told.  Once; mux_close() is still to be called.
     */
    void (*closed)(void *arg, const struct why *why);
};

/* What a muxer implements; struct mux is the first member of its own struct. */
struct mux_ops {
    const char *name; /* "yamux", "quic" */
    struct conn *(*open)(struct mux *m, struct why *why);
    void (*shut)(struct mux *m);  /* no new streams; say goodbye */
    void (*close)(struct mux *m); /* streams that their owners still hold are told in later turns */
    void (*tend)(struct mux *m, bool on);
    size_t (*count)(const struct mux *m);
    uint64_t (*rtt_us)(const struct mux *m); /* as measured last; 0: not yet */
};

struct mux {
    const struct mux_ops *ops;
    struct loop *loop;
    struct mux_events events;
    void *arg;
    void (*silent)(void *arg); /* tended, and silent for MUX_TEND_US; NULL: nobody asks */
    struct addr peer, local;   /* as the transport sees them */
    struct purse *purse;       /* whose; held by what implements it; NULL: nobody counts */
};

/* What became of a datagram. */
enum mux_took {
    MUX_NONE,       /* this stream has none, or none so large now: let it go by the stream */
    MUX_LOST,       /* too many wait */
    MUX_SENT,       /* on its way, or lost on it */
    MUX_SENT_SPEAK, /* likewise; and the owner says something on the stream, whatever it is, soon:
                       only what a stream says is acknowledged for sure, and shows that the
                       datagrams before it went or were lost */
};

/* What a stream begins with: its tab, on which stand the bytes that wait in it and what its
 * protocol draws besides; and who hears when its owner has closed it, who counts them so. */
struct mux_stream {
    struct conn conn;
    struct tab tab;
    void (*ended)(void *arg); /* NULL: nobody asks */
    void *ended_arg;
    enum mux_took (*datagram)(struct conn *s, struct cur bytes); /* the muxer's; NULL: none */
    void (*came)(void *arg, struct cur bytes); /* the owner's; NULL: they are lost */
    void *came_arg;
};
/* `cb` comes once, inside the conn_close() of the stream s; a stream has one. */
void mux_on_end(struct conn *s, void (*cb)(void *arg), void *arg);

/* Datagrams beside a stream, where the muxer has them (QUIC's, RFC 9221): they belong to the stream
 * and end with it, and are lost where they cannot go soon, rather than repeated or kept in order.
 */
enum mux_took mux_datagram(struct conn *s, struct cur bytes);
/* `cb` comes from the loop, with bytes valid during the call; the stream may be closed in it. */
void mux_on_datagram(struct conn *s, void (*cb)(void *arg, struct cur bytes), void *arg);

/* For muxers: it begins, its conn is filled in; the owner closes it; it is freed. */
void mux_stream_begins(struct mux_stream *s, struct mux *m);
void mux_stream_ends(struct mux_stream *s);
void mux_stream_done(struct mux_stream *s);

/* Who hears of events, where the muxer was made before he was there (QUIC). */
void mux_watch(struct mux *m, const struct mux_events *events, void *arg);

/* Streams from now on draw from this purse, which is held; once. */
void mux_draw_from(struct mux *m, struct purse *p);

/* A new stream, unwatched and ours.  NULL and ERR_LIMIT when too many of ours wait to be
 * acknowledged, ERR_STATE when the connection is ending. */
struct conn *mux_open(struct mux *m, struct why *why);
void mux_shut(struct mux *m);
void mux_close(struct mux *m); /* NULL: nothing; no event follows */
/* Somebody needs it now: after MUX_TEND_US of silence it is asked for a sign of life, and it is
 * over after MUX_TEND_TICKS of those.  Else whoever is gone is noticed in a minute or so. */
#define MUX_TEND_US (1250 * MSEC)
enum { MUX_TEND_TICKS = 4 };
void mux_tend(struct mux *m, bool on);
size_t mux_count(const struct mux *m);
uint64_t mux_rtt_us(const struct mux *m);

#endif
