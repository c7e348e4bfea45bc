/* files/peer/session_in.h - the inside of a session, for its sources:
 *     session.c        life, and what is known of it
 *     session_hello.c  handshakes, BEP 10's too
 *     session_read.c   when and how much is read; messages out of bytes
 *     session_hear.c   what a message does
 *     session_out.c    the writing side: what is said and in what order, blocks from disk
 *     session_ask.c    blocks asked of the peer, and its time-outs
 * Nobody else includes this. */
#ifndef SHOAL_FILES_PEER_SESSION_IN_H
#define SHOAL_FILES_PEER_SESSION_IN_H

#include "files/peer/session.h"

#include "base/list.h"

enum session_stage { STAGE_DIALING, STAGE_HANDSHAKE, STAGE_OPEN, STAGE_ENDED };

struct asked {
    uint32_t piece, block;
};

struct wanted {
    uint32_t piece, begin, len;
};

struct session {
    const struct session_env *env;
    const struct session_ops *ops;
    void *arg;
    struct conn *conn;
    struct addr addr;
    struct budget *budget;    /* NULL once it is given back */
    bool incoming, mse;       /* mse: conn is one of files/peer/mse.h */
    bool reached;             /* the connection below MSE was made */
    bool utp;                 /* it is of uTP */
    bool mse_failed, greeted; /* greeted: our handshake went with MSE's */
    uint32_t method;
    enum session_stage stage;
    struct why why; /* of the end */

    uint8_t infohash[INFOHASH_LEN]; /* what we call the torrent here */
    const struct infohash *hash;    /* all its names; NULL: just that */
    bool refused;                   /* it hung up on our handshake */
    bool v2, by_v2;                 /* v2 is spoken; and the peer called it by v2's hash */
    bool sets_v2_bit;               /* it can speak v2, if not on this connection */
    uint8_t peer_id[20];
    struct peer_state st;
    struct wire_ext ext;
    bool speaks_ext;
    bool upload_only, extended; /* ours, as last told or to be told; told */
    int64_t metadata_size;      /* likewise */
    bool has_dht;               /* a node of the DHT goes with it */
    struct limit *up_limit, *down_limit;

    /* Reading.  A frame is parsed in the scratch buffer where it lies whole; only a part of one is
     * kept here. */
    struct buf in;
    size_t in_held; /* of the budget */
    struct timer *read_timer;
    bool reading_paused; /* by a limit, by busy() or by our own full queue */

    /* Writing: `ctl` goes between the blocks, never into one. */
    struct buf ctl;
    struct link frames;  /* struct out_frame, in order */
    size_t frames_len;   /* bytes of them not yet sent */
    size_t out_held;     /* of the budget */
    size_t mse_held;     /* likewise: what MSE may hold */
    struct link uploads; /* struct upload, blocks being read */
    struct wanted *queue;
    size_t queue_n;
    struct timer *write_timer;
    bool dirty, write_blocked;
    uint64_t stuck_us; /* since when the peer takes nothing */

    /* Asking. */
    struct asked *asked;
    size_t asked_head, asked_n, asked_cap;
    size_t late; /* blocks given up that may still come */
    size_t unasked;
    struct pipeline pipe;
    bool want_fill;
    uint64_t useful_us; /* last block, or unchoke, or start of wanting */
    uint32_t fast[SESSION_FAST_MAX];
    size_t fast_n;
    uint32_t hints[SESSION_HINTS_MAX];
    size_t hint_n;
    bool steers; /* it has ever suggested a piece */
    uint32_t fast_given[SESSION_FAST_SET];
    size_t fast_given_n;

    struct rate up, down;
    uint64_t heard_us, spoke_us, began_us;
    struct timer *timer; /* the handshake's deadline, then the one that tells the end */
    unsigned depth;      /* calls from outside within each other */
};

/* Around everything that comes from outside: at the outermost leave, what is to be said is sent. */
void session_enter(struct session *s);
void session_leave(struct session *s);
void session_say(struct session *s);                         /* something is in ctl: send it soon */
void session_fail(struct session *s, const struct why *why); /* session_end(), for this reason */

/* session_hello.c */
void hello_write(const struct session *s, struct buf *out);
void hello_say(struct session *s);
void hello_hear(struct session *s, struct cur bytes);

/* session_read.c */
void read_turn(struct session *s);

/* session_hear.c */
void hear_frame(struct session *s, struct cur frame);

/* session_out.c */
void out_init(struct session *s);
void out_done(struct session *s);
void out_flush(struct session *s);
void out_pump(struct session *s); /* read blocks that the peer waits for */
void out_request(struct session *s, const struct wire_msg *m);
void out_cancel(struct session *s, const struct wire_msg *m);
void out_fast_set(struct session *s); /* tell which pieces it may have while choked */

/* session_ask.c */
void ask_done(struct session *s);
void ask_block(struct session *s, const struct wire_msg *m);
void ask_reject(struct session *s, const struct wire_msg *m);
void ask_hint(struct session *s, uint32_t piece);
void ask_hints_sift(struct session *s); /* the torrent is known now, and which were of it */
void ask_choked(struct session *s);
void ask_lose_all(struct session *s, bool cancel);
void ask_tick(struct session *s, uint64_t now_us);

#endif
