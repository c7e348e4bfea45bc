/* host/quic/quic.h - QUIC as a transport and muxer in one (RFC 9000; libp2p/specs quic/README.md).
 *
 * One UDP socket is many connections, those that came and those that we dial.  A connection is a
 * mux (host/mux/mux.h) from the moment when its handshake is done, and with it comes who is there:
 * TLS 1.3 inside of QUIC shows libp2p's certificate both ways (host/secure/tls_cert.h).
 *
 *     struct quic *q = quic_open(self, &at, &events, host, &why);
 *     struct quic_conn *c = quic_dial(q, &to, &whom, on_made, d);
 *     ...                                    on_made: mux_watch(mux, &mux_events, connection)
 *
 * The library ngtcp2 does the protocol, GnuTLS the handshake, whose random numbers are its own;
 * time, datagrams and all other chance come from the loop.  Connections do not migrate: what comes
 * from another address than at first is dropped. */
#ifndef SHOAL_HOST_QUIC_QUIC_H
#define SHOAL_HOST_QUIC_QUIC_H

#include "core/keys.h"
#include "host/mux/mux.h"
#include "host/name/peer_id.h"

#include <stdbool.h>

enum {
    QUIC_STREAMS_MAX = 256,         /* of the other side's, at once */
    QUIC_WINDOW = 256 << 10,        /* bytes that wait to be read: of a stream, at first */
    QUIC_WINDOW_MAX = 6 << 20,      /* and when it is fast and far */
    QUIC_CONN_WINDOW = 1 << 20,     /* of all streams together, at first */
    QUIC_CONN_WINDOW_MAX = 8 << 20, /* and at most: half of a peer's purse */
    QUIC_HELD_MAX = 4 << 20,        /* bytes on their way, not yet acknowledged: of a stream */
    QUIC_CONN_HELD_MAX = 8 << 20,   /* of a connection, */
    QUIC_HELD_OWN = 64 << 10,       /* and of a stream though little is left of the peer's purse */
    QUIC_DATAGRAM_MAX = 1350,       /* bytes of one, with the number of its stream */
    QUIC_DATAGRAMS_MAX =
        256 << 10,      /* bytes of those that wait: to be sent; of a stream, to be told */
    QUIC_RETRY_AT = 16, /* half open: from now on addresses are to be proven first */
};
#define QUIC_DATAGRAM_WAIT_US (200 * MSEC) /* one that waited longer is lost */
#define QUIC_IDLE_US (30 * SEC)            /* so long a silence is the end */

/* Who we are: the certificate.  Shared by sockets; outlives them.  NULL and a reason: GnuTLS does
 * not take it. */
struct quic_self;
struct quic_self *quic_self_new(struct loop *loop, const struct keys *keys, struct why *why);
void quic_self_free(struct quic_self *self); /* NULL: nothing */

struct quic_events {
    /* Somebody new begins a handshake.  False: he is refused, and nothing is kept of him. */
    bool (*welcome)(void *arg, const struct addr *from);
    /* One that came is connected.  m: the callee's; he calls mux_watch or mux_close before he
     * returns. */
    void (*came)(void *arg, struct mux *m, const struct peer_id *peer);
};

/* A socket.  events: NULL: we only dial.  NULL and a reason when the address cannot be had. */
struct quic;
struct quic *quic_open(const struct quic_self *self, const struct addr *at,
                       const struct quic_events *events, void *arg, struct why *why);
/* Its connections are over, which their owners hear in a later turn.  NULL: nothing. */
void quic_close(struct quic *q);
struct addr quic_addr(const struct quic *q); /* with the real port */
/* Those that came and whose handshake is not done; from: of this IP alone, or NULL. */
size_t quic_half_open(const struct quic *q, const struct addr *from);

/* Dial.  expected: who must be there; NULL: anybody.  Once, from the loop; the handle is then dead.
 * m: the callee's, who calls mux_watch or mux_close before he returns; NULL: failed. */
struct quic_conn;
typedef void quic_made_cb(void *arg, struct mux *m, const struct peer_id *peer,
                          const struct why *why);
struct quic_conn *quic_dial(struct quic *q, const struct addr *to, const struct peer_id *expected,
                            quic_made_cb *cb, void *arg);
void quic_dial_cancel(struct quic_conn *c); /* NULL: nothing */

#endif
