/* net/conn.h - a stream of bytes to another machine, and the steps it is made of.
 *
 * A conn is the top of a stack of filters: tcp at the bottom; tls, noise, mse, ws or a muxed stream
 * above it.  All have the same verbs, so what runs over one conn runs over all.  A filter owns the
 * conn below it and is its only reader; who holds the top owns the whole stack.
 *
 * Reading and writing are pulls, and never block:
 *     conn_recv: > 0 bytes read | CONN_AGAIN | CONN_END (the other side is done) | CONN_FAILED
 *     conn_sendv: > 0 bytes taken (maybe fewer than given) | CONN_AGAIN | CONN_FAILED
 *     After CONN_FAILED comes CONN_CLOSED, from the loop, with the reason.
 * Not reading is back-pressure: nothing is buffered for an owner who does not ask.
 *
 * Events come from the loop, never from inside a call on the conn:
 *     CONN_OPEN      the connection is made and every handshake below is done; once
 *     CONN_READABLE  a conn_recv would give something; raised once after CONN_AGAIN, and once
 *                    after CONN_OPEN.  Who stops before CONN_AGAIN (a rate limit, a full buffer)
 *                    comes back by himself and simply reads on.
 *     CONN_WRITABLE  a conn_sendv would take something; raised once after CONN_AGAIN or after
 *                    a conn_sendv that took less than it was given
 *     CONN_CLOSED    it failed, and `why` (NULL with all other events) has the reason; no event
 *                    follows.  The owner still has to conn_close() it.  The end of the other
 *                    side's bytes is CONN_END from conn_recv, not this.
 * conn_close() inside a callback is allowed; after it there is silence, and the conn is gone.
 *
 * A dialled or accepted conn has a deadline for all its handshakes, CONN_HANDSHAKE_US; it is the
 * owner's business to watch over it afterwards. */
#ifndef SHOAL_NET_CONN_H
#define SHOAL_NET_CONN_H

#include "base/err.h"
#include "net/addr.h"
#include "net/loop.h"

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { CONN_AGAIN = -1, CONN_END = -2, CONN_FAILED = -3 };
#define CONN_HANDSHAKE_US (10 * SEC) /* RELIABILITY 15: "handshake done in 10 s" */
enum { CONN_IOV_MAX = 64 };          /* parts in one conn_sendv; more are left untaken */

enum conn_event { CONN_OPEN, CONN_READABLE, CONN_WRITABLE, CONN_CLOSED };

struct conn;
typedef void conn_cb(void *arg, enum conn_event ev, const struct why *why);

/* What a filter implements.  The struct conn is the first member of the filter's own struct. */
struct conn_ops {
    const char *name; /* "tcp", "tls" */
    ssize_t (*recv)(struct conn *c, void *to, size_t n);
    ssize_t (*sendv)(struct conn *c, const struct iovec *iov, int count);
    /* Say goodbye as far as can be done without waiting, free everything, close below. */
    void (*close)(struct conn *c);
    /* No more bytes from us (FIN, close_notify); reading goes on.  May be NULL. */
    void (*shut)(struct conn *c);
};

struct conn {
    const struct conn_ops *ops;
    struct loop *loop;
    struct conn *below; /* NULL for a transport */
    conn_cb *cb;        /* the owner's; NULL until conn_watch */
    void *arg;
    struct addr peer, local; /* as the transport sees them */
    struct tab *tab;         /* of whom what is kept for the other side is drawn (in host/mux);
                                NULL: nobody counts */
};

/* Who hears of events.  An accepted or dialled conn is watched before the callback that hands it
 * over returns; a filter calls this on the conn below. */
void conn_watch(struct conn *c, conn_cb *cb, void *arg);

/* The verbs; what they return is told above. */
ssize_t conn_recv(struct conn *c, void *to, size_t n);
ssize_t conn_sendv(struct conn *c, const struct iovec *iov, int count);
ssize_t conn_send(struct conn *c, const void *bytes, size_t n);
void conn_shut(struct conn *c);
void conn_close(struct conn *c); /* NULL: nothing */

/* The stack from the top: "tls over tcp to 1.2.3.4:80". */
const char *conn_describe(const struct conn *c, char text[120]);

/* For filters: tell the owner. */
void conn_raise(struct conn *c, enum conn_event ev, const struct why *why);

/* Transports: implemented by net/uv/tcp.c and by sim; tcp_dial(), which knows of proxies, by
 * net/socks.c. */

/* Dial.  from: the local address to come from (port 0: any), or NULL.  Never NULL: what fails at
 * once is told by CONN_CLOSED in the next turn. */
struct conn *tcp_dial(struct loop *loop, const struct addr *to, const struct addr *from,
                      conn_cb *cb, void *arg);

/* Past the loop's proxy: for the conn to the proxy itself.  tcp_dial() is this where there is none.
 */
struct conn *tcp_dial_direct(struct loop *loop, const struct addr *to, const struct addr *from,
                             conn_cb *cb, void *arg);

/* Dial a Unix socket; `peer` and `local` are of no family.  As tcp_dial() otherwise.  The simulator
 * has none: refused. */
struct conn *unix_dial(struct loop *loop, const char *path, conn_cb *cb, void *arg);

/* As conn_close(), but where the bottom of the stack is TCP the other side sees a reset and not an
 * end: what it was sent is not all.  Bytes that are under way may be lost.  NULL: nothing. */
void tcp_reset(struct conn *c);

/* Listen.  An accepted conn belongs to the callee, is open (no CONN_OPEN comes) and is readable
 * as soon as it is watched.  When descriptors run out, accepting pauses for a while by itself. */
struct listener;
typedef void accept_cb(void *arg, struct conn *c);
struct listener *tcp_listen(struct loop *loop, const struct addr *at, accept_cb *cb, void *arg,
                            struct why *why);
struct addr listener_addr(const struct listener *l); /* with the real port */
void listener_close(struct listener *l);             /* NULL: nothing */

#endif
