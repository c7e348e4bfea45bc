/* host/mux/yamux_in.h - what the files of a Yamux session share.
 *
 *     yamux.c         the session: made, watched over, ended
 *     yamux_recv.c    what comes
 *     yamux_send.c    what goes
 *     yamux_stream.c  a stream, as its owner sees it
 *
 * Events go up only from on_below() and the timers, which hold the session (`busy`): who closes it
 * in his callback finds it `over`, and it is freed when they leave.  Frames that we owe are flags
 * and sums in their stream, not bytes: nobody makes us queue them. */
#ifndef SHOAL_HOST_MUX_YAMUX_IN_H
#define SHOAL_HOST_MUX_YAMUX_IN_H

#include "base/buf.h"
#include "base/list.h"
#include "host/mux/yamux.h"
#include "host/mux/yamux_inbox.h"
#include "host/mux/yamux_msg.h"
#include "host/mux/yamux_state.h"
#include "host/mux/yamux_table.h"

enum {
    YAMUX_FRAME_MAX = 64 << 10,  /* DATA of ours, and what a stream sends before others' turn */
    YAMUX_COPY_MAX = 4 << 10,    /* shorter writes are gathered; longer ones go without a copy */
    YAMUX_OUT_MAX = 64 << 10,    /* gathered bytes that are sent at once */
    YAMUX_STUCK_MAX = 192 << 10, /* more for one who does not read, and it is over */
    YAMUX_ORPHANS_MAX = 256,     /* closed by us, and waiting for the other side's end */
};
#define YAMUX_TICK_US (30 * SEC) /* a ping after so long a silence; over after the next */
enum { YAMUX_TICKS = 2 };

struct ystream {
    union {
        struct mux_stream stream;
        struct conn conn; /* its first member */
    };
    struct yamux_entry entry;   /* its id */
    struct yamux *y;            /* NULL: it is over, or the session is */
    struct link all;            /* y->streams, y->orphans or y->leaving */
    struct link turn;           /* y->writers */
    struct link owing;          /* y->owing */
    struct yamux_window window; /* what they may send */
    uint32_t may_send;          /* what we may */
    uint32_t credit;            /* owed to them */
    struct yamux_inbox inbox;
    size_t drawn; /* on the tab: what is unread, or by how much the window grew if that is more */
    uint8_t owe;  /* flags owed to them */
    bool ours, acked, announced;
    bool fin_in, fin_out; /* they have no more; we said that we have none */
    bool orphan;          /* its owner has closed it */
    bool evicted;         /* there were too many of those */
    bool want_read, want_write;
    struct why *why;     /* why it is over */
    struct timer *timer; /* CONN_CLOSED in the next turn */
};

struct yamux {
    struct mux mux;
    struct conn *below;
    bool client;
    bool busy, closed;       /* events are being told; freed when that is over */
    bool over;               /* failed or closed: nothing moves any more */
    bool told;               /* of the failure */
    bool blocked;            /* CONN_WRITABLE is owed to us */
    bool unread;             /* CONN_READABLE is not: there may be more */
    bool parting, they_part; /* GoAway was said */
    bool moved, heard;       /* since the last tick: bytes went; bytes came */
    bool tended;             /* ticks are MUX_TEND_US apart */
    unsigned quiet, stuck;   /* ticks without a byte that came; that went, and some waited */
    bool pong_owed;
    uint32_t pong, ping; /* opaque values */
    uint64_t ping_at_us, rtt_us, rtt_at_us;
    uint32_t last_id, spare; /* ours; window growth that is left */
    uint32_t count, inbound, unacked_in, unacked_out, orphan_count;
    uint32_t held; /* bytes in inboxes */
    struct yamux_churn churn;
    struct yamux_table table;
    struct link streams, orphans, leaving;
    struct link writers;     /* wait for their turn to write */
    struct link owing;       /* have frames to send */
    struct ystream *current; /* being told something; NULL once it is gone */
    struct ystream *turn;    /* being asked to write, so much */
    size_t quota;
    struct ystream *fresh; /* opened, and not yet shown */
    struct ystream *body;  /* whose DATA is being read; NULL: nobody's any more */
    uint32_t body_id, body_left;
    bool body_fin;
    struct cur lent; /* of that body, what lies in the read buffer: the owner may read it there */
    uint8_t head[YAMUX_HEADER_LEN];
    uint8_t head_len;
    struct buf out; /* frames that the conn below has not taken */
    struct timer *kick, *tick;
    struct why *why;
};

/* --- the session ------------------------------------------------------------------------------ */

/* It is over, and everybody hears of it in the next turn.  code: what the other side is told; -1:
 * nothing. */
void yamux_fail(struct yamux *y, int code, const struct why *why);
/* See to it that yamux_serve() comes, at the end of this turn or in the next. */
void yamux_wake(struct yamux *y);
/* Ask for the round trip, if nobody has lately. */
void yamux_measure(struct yamux *y);

/* --- what comes ------------------------------------------------------------------------------- */

/* Read what is there, within reason.  False: there is more. */
bool yamux_pull(struct yamux *y);

/* --- what goes -------------------------------------------------------------------------------- */

/* A frame without bytes, into `out`. */
void yamux_put(struct yamux *y, enum yamux_type type, uint16_t flags, uint32_t id, uint32_t length);
/* What of n bytes, `skip` bytes into the parts, could be taken: all of them, fewer (there are too
 * many parts) or 0. */
size_t yamux_send(struct yamux *y, struct ystream *s, const struct iovec *iov, int count,
                  size_t skip, size_t n);
/* Write what is gathered. */
void yamux_flush(struct yamux *y);
/* All that is owed, as far as the conn below takes it. */
void yamux_serve_owed(struct yamux *y);
/* All that is owed, then everybody's turn to write, then out with it. */
void yamux_serve(struct yamux *y);

/* --- streams ---------------------------------------------------------------------------------- */

/* A new one, in the session's tables. */
struct ystream *ystream_new(struct yamux *y, uint32_t id, bool ours);
/* It is owed these flags. */
void ystream_owe(struct ystream *s, unsigned flags);
/* All that was owed is in `out`: an orphan may be gone after it. */
void ystream_paid(struct ystream *s, unsigned flags);
/* It is over: out of the session; an orphan is freed, an owner told, now or in the next turn. */
void ystream_end(struct ystream *s, const struct why *why, bool now);
/* By id; NULL: there is none. */
struct ystream *ystream_find(const struct yamux *y, uint32_t id);
/* Both sides hear that it is reset, and what waits in it is dropped. */
void ystream_reset(struct ystream *s, bool tell_them, const struct why *why);
/* Their FIN. */
void ystream_fin(struct ystream *s);
/* Bytes of theirs, maybe none: read where they lie, or else kept.  A new stream is shown to the
 * session's owner with the first of them. */
void ystream_bytes(struct ystream *s, struct cur bytes);

#endif
