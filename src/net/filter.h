/* net/filter.h - how one writes a filter: a conn that is made of another conn.
 *
 * TLS, noise, mse, a WebSocket and a SOCKS5 proxy do the same thing: they take a conn, say
 * something to the other side until both agree, and then change the bytes that pass, or no longer
 * touch them. What differs is what is said and how bytes are changed; that is all that a filter
 * writes.  This is the rest: which event is owed to the owner, bytes that the conn below has not
 * taken yet, failing once and in the next turn, the deadline, ends, and owners who close in the
 * middle of a callback.
 *
 *     struct rot {
 *         struct filter f; // first: a struct rot is a filter, and a filter is a conn
 *         uint8_t by;
 *     };
 *
 *     static void rot_shake(struct filter *f) // both sides say by how much
 *     {
 *         struct rot *r = (struct rot *)f;
 *         ssize_t n = filter_pull(f, &r->by, 1);
 *         if (n == CONN_END)
 *             filter_fail_with(f, ERR_CLOSED, "rot: it hung up");
 *         if (n == 1)
 *             filter_open(f);
 *     }
 *
 *     static ssize_t rot_read(struct filter *f, void *to, size_t n)
 *     {
 *         ssize_t got = filter_pull(f, to, n);
 *         ... turn back the `got` bytes, if it is any ...
 *         return got;
 *     }
 *
 *     static size_t rot_write(struct filter *f, const uint8_t *bytes, size_t n)
 *     {
 *         ... turned, into buf_room(&f->out, n) ...
 *         return n;
 *     }
 *
 *     static const struct filter_ops rot_ops = {
 *         .conn = FILTER_CONN("rot"), .shake = rot_shake, .read = rot_read, .write = rot_write};
 *
 *     struct conn *rot_over(struct conn *below, conn_cb *cb, void *arg)
 *     {
 *         struct rot *r = MEM_NEW(struct rot);
 *         filter_init(&r->f, &rot_ops, below, cb, arg);
 *         filter_deadline(&r->f, CONN_HANDSHAKE_US, "rot: no handshake in time");
 *         buf_u8(&r->f.out, 13); // goes as soon as the conn below is open
 *         return &r->f.conn;
 *     }
 *
 * A filter never calls its owner: it puts bytes into `out`, says filter_open() or filter_fail(),
 * and returns.  What it said is acted upon behind it, so nothing can vanish below its feet.  Its
 * hooks are called from the loop or from the owner's calls, and may call all that is here.
 *
 * Where bytes travel in messages (frames, records), rot_read is an `unwrap` instead: filter_fill()
 * collects, and what a whole message carries goes to `in`.  Run CONN_CHECKS of net/conn_test.h over
 * every filter: closing at each step, back-pressure and ends are tested there.  net/socks_test.c
 * has the smallest real one. */
#ifndef SHOAL_NET_FILTER_H
#define SHOAL_NET_FILTER_H

#include "base/buf.h"
#include "net/conn.h"

#include <stdbool.h>

enum { FILTER_CHUNK = 64 * 1024 };

struct filter;

/* What a filter is.  Hooks that it has no use for are NULL. */
struct filter_ops {
    struct conn_ops conn; /* FILTER_CONN("its name"), first */

    /* The handshake: go on as far as bytes go; until filter_open(), filter_pass() or
     * filter_fail().  Called when the conn below has opened, has bytes or takes them again. */
    void (*shake)(struct filter *f);

    /* Open, where each byte below is one for the owner: up to n of them, or what conn_recv() else
     * returns.  CONN_FAILED only after filter_fail(), or where filter_pull() said so. */
    ssize_t (*read)(struct filter *f, void *to, size_t n);
    /* Open, where messages carry the owner's bytes: those of the next one to the end of `in`.
     * > 0 when it did, or as read.  It is asked only when `in` is empty.  A filter that can open a
     * message straight to where the owner wants it has read as well: then this one only finds out
     * whether read would give something. */
    ssize_t (*unwrap)(struct filter *f);

    /* Open: the owner's bytes, in one piece of 1 to `chunk`, go to `out`; returns how many it took:
     * all of them, or fewer when it is full or failed. */
    size_t (*write)(struct filter *f, const uint8_t *bytes, size_t n);
    size_t chunk; /* 0: FILTER_CHUNK, which is the most */

    /* The owner has no more to say: the goodbye to `out`, once, before the end goes below. */
    void (*bye)(struct filter *f);
    /* The conn below is closed: free what is the filter's own, but not its struct.
     */
    void (*done)(struct filter *f);
    /* Every failure, before it is told: put in front of it whose it is (why_in()). */
    void (*blame)(const struct filter *f, struct why *why);
};

/* The verbs of a conn, answered by filter.c. */
#define FILTER_CONN(its_name)                                                                      \
    {                                                                                              \
        .name = (its_name), .recv = filter_recv, .sendv = filter_sendv, .close = filter_close,     \
        .shut = filter_shut                                                                        \
    }

struct filter {
    struct conn conn;
    const struct filter_ops *ops;
    struct buf out;   /* to be sent, as on the wire.  A filter appends; it goes by itself */
    struct buf in;    /* until open: the filter's, for what it reads.  Then: the owner's next bytes,
                         whatever the handshake has left there first */
    bool open;        /* the handshake is done */
    bool below_ended; /* the conn below said CONN_END ... */
    bool below_failed; /* ... or failed: its reason comes with its CONN_CLOSED */
    struct why *why;   /* NULL: has not failed */

    /* filter.c's own. */
    bool pass;
    bool want_read, want_write; /* owed to the owner */
    bool shut;                  /* the owner has no more; */
    bool said_bye, below_shut;  /* that is said, once open; and below, once `out` was empty */
    bool *gone;                 /* set when the owner closes inside his callback */
    struct timer *deadline;
    const char *late;   /* the deadline's words */
    struct timer *turn; /* begins, or tells of the failure, in the next turn */
};

/* Over `below`, which it takes.  f is zeroed; of f->conn the filter may set other addresses. */
void filter_init(struct filter *f, const struct filter_ops *ops, struct conn *below, conn_cb *cb,
                 void *arg);

/* Shake in the next turn: for who speaks first, over a conn that may have opened before. */
void filter_begin(struct filter *f);

/* The handshake fails in `us` from now with ERR_TIMEOUT and these words, which must last; again:
 * from now anew. */
void filter_deadline(struct filter *f, uint64_t us, const char *words);

/* The handshake is done.  Bytes from now on go through read and write; or pass as they are. */
void filter_open(struct filter *f);
void filter_pass(struct filter *f);

/* It is over; the first reason counts, and the owner hears of it in the next turn. */
void filter_fail(struct filter *f, const struct why *why);
void filter_fail_with(struct filter *f, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What the conn below has: conn_recv() that notes ends.  filter_fill() appends up to n bytes. */
ssize_t filter_pull(struct filter *f, void *to, size_t n);
ssize_t filter_fill(struct filter *f, struct buf *to, size_t n);

/* For FILTER_CONN. */
ssize_t filter_recv(struct conn *c, void *to, size_t n);
ssize_t filter_sendv(struct conn *c, const struct iovec *iov, int count);
void filter_shut(struct conn *c);
void filter_close(struct conn *c);

#endif
