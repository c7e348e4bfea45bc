/* net/utp.h - uTP (BEP 29): streams over datagrams that yield to other traffic.
 *
 * A struct utp is one node's uTP.  It owns no socket: packets come by utp_packet() and go by
 * env.send, so that it shares a port with the DHT.  Its connections are struct conns as TCP's are
 * (net/conn.h), and whatever runs over one runs over the other.
 *
 *     u = utp_new(&env);
 *     on each datagram:             if (utp_packet(u, from, bytes, n)) return;
 *     after the last of a turn:     utp_pause(u);                  (net/udp.h, udp_on_pause)
 *     c = utp_dial(u, &to, 3 * SEC, on_event, peer);
 *
 * Answers wait for the pause: what came in one turn is acknowledged once, what is to be sent goes
 * out in one call.  What the owner of a conn writes elsewhere goes out at the end of his turn.
 *
 * What strangers can make it do:
 *   - An address that has not shown that it hears us gets 20 bytes for each packet of 20 or more
 *     (a STATE for a SYN, a RESET for what belongs to nothing): no use as an amplifier.  It is
 *     proven by the first packet that carries our random number back; before that it costs one
 *     entry of UTP_KNOCKS_MAX, UTP_KNOCKS_PER_IP_MAX for an address (IPv6: a /64), and nobody hears
 *     of it.
 *   - Acknowledgements of what was not sent, data outside the window and RESETs that do not name
 *     what we sent are ignored.
 *   - A connection holds UTP_RECV_MAX of unread bytes and UTP_PACKETS_MAX packets; all of them hold
 *     env.held_max together (net/utp_block.h).
 *
 * Closing says goodbye in the background: what was written is still sent, UTP_LINGER_US at most. */
#ifndef SHOAL_NET_UTP_H
#define SHOAL_NET_UTP_H

#include "net/conn.h"

enum {
    UTP_RECV_MAX = 2 << 20,    /* bytes not read by their owner */
    UTP_QUEUE_MAX = 256 << 10, /* bytes not sent yet, or a window of them if that is more */
    UTP_KNOCKS_MAX = 128,
    UTP_KNOCKS_PER_IP_MAX = 8,
    UTP_RESETS_PER_S = 64,
    UTP_CONNS_MAX = 1024, /* those that say goodbye included */
    UTP_HELD_MAX = 32 << 20,
};
#define UTP_KNOCK_US (10 * SEC)   /* an unproven SYN is forgotten after so long */
#define UTP_SILENCE_US (30 * SEC) /* unacknowledged for so long: the conn has failed */
#define UTP_LINGER_US (10 * SEC)
#define UTP_KEEPALIVE_US (29 * SEC) /* as libutp: home routers forget a silent port after 30 s */

struct utp;

struct utp_env {
    struct loop *loop;
    /* As udp_sendv(), from the socket of the address's family. */
    bool (*send)(void *arg, const struct addr *to, const struct iovec *iov, int count,
                 size_t segment, bool whole);
    void *arg;
    size_t held_max; /* bytes; 0: UTP_HELD_MAX */
};

/* Owned by the caller; env is copied. */
struct utp *utp_new(const struct utp_env *env);
/* Ends all connections without a word; those with an owner are his to close before.  NULL: nothing.
 */
void utp_free(struct utp *u);

/* false: not uTP at all. */
bool utp_packet(struct utp *u, const struct addr *from, const uint8_t *bytes, size_t n);
void utp_pause(struct utp *u);

/* Whom to give those that come, called from utp_packet(); NULL, as at first: they are refused. */
void utp_listen(struct utp *u, accept_cb *cb, void *arg);

/* As tcp_dial(); no answer within `within_us` (CONN_HANDSHAKE_US at most) is ERR_TIMEOUT. */
struct conn *utp_dial(struct utp *u, const struct addr *to, uint64_t within_us, conn_cb *cb,
                      void *arg);

/* For people and tests: connections, of which unowned ones say goodbye; bytes held; round trip and
 * queueing delay of a conn of utp_dial() or accept. */
size_t utp_count(const struct utp *u);
size_t utp_held(const struct utp *u);
bool utp_is(const struct conn *c);
struct utp_stat {
    uint64_t rtt_us, queue_us;
    size_t window, packet; /* bytes */
    uint64_t sent, again;  /* packets, and how many of them were sent before */
};
struct utp_stat utp_stat_of(const struct conn *c);

#endif
