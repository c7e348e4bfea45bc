/* tunnel/tun/carrier.h - packets to one peer and from it.
 *
 * A stream of /shoal/ip/1 carries packets one way, from who opened it; each packet is behind its
 * length (two bytes, big-endian); a length of 0 says nothing.  Where the connection has datagrams
 * (QUIC's) a packet is one of them, from when who took the stream has said so by a 0 of its own,
 * and the stream carries what they cannot.  So two that begin at one moment have nothing to agree
 * on.  Ours is opened when there is something to send, and closed after CARRIER_IDLE_US without.
 *
 * Packets are lost rather than kept waiting: what is behind CARRIER_WAITING_MAX bytes is dropped,
 * as a router does, and the programs inside slow down by that.
 *
 * Not over relays that count bytes. */
#ifndef SHOAL_TUNNEL_TUN_CARRIER_H
#define SHOAL_TUNNEL_TUN_CARRIER_H

#include "base/cur.h"
#include "host/host.h"

#include <stdbool.h>

#define CARRIER_PROTOCOL "/shoal/ip/1"
enum {
    CARRIER_WAITING_MAX = 128 << 10, /* bytes; 100 packets, 10 ms of 100 Mbit/s */
    CARRIER_INLETS = 2,              /* streams of the peer's: one is being replaced */
    CARRIER_PACKET_MIN = 40,         /* an IPv6 header */
    CARRIER_PACKET_MAX = 1280,
};
#define CARRIER_IDLE_US (300 * SEC)
#define CARRIER_PING_US (30 * SEC)
#define CARRIER_RETRY_US (2 * SEC)      /* after a peer was not reached; then twice as long */
#define CARRIER_RETRY_MAX_US (32 * SEC) /* at most */

struct carrier_cfg {
    struct host *host;
    struct peer_id peer;
    /* One came; valid during the call. */
    void (*packet)(void *arg, struct cur packet);
    /* One of ours will not arrive, since the peer is not reached; likewise. */
    void (*lost)(void *arg, struct cur packet);
    void *arg;
};

struct carrier;
/* Opens nothing before there is something to send. */
struct carrier *carrier_new(const struct carrier_cfg *cfg);
void carrier_free(struct carrier *c); /* its streams are closed; NULL: nothing */

/* Takes its way, or is dropped, or `lost` comes from inside of this. */
void carrier_send(struct carrier *c, struct cur packet);
/* The peer opened a stream; taken. */
void carrier_take(struct carrier *c, struct conn *stream);
/* Now and then, every few seconds: what is idle is closed, what could go a better way is moved. */
void carrier_beat(struct carrier *c);

struct carrier_count {
    uint64_t packets, bytes;
};
struct carrier_state {
    bool open;       /* a stream of ours or of the peer's */
    uint64_t rtt_us; /* as it was asked last, CARRIER_PING_US ago at most while there is a stream of
                        ours; 0: not known */
    struct carrier_count sent, received;
    uint64_t dropped;      /* packets: too many waited */
    const struct why *why; /* why the peer was not reached; NULL: it was, or nobody tried */
};
void carrier_state(const struct carrier *c, struct carrier_state *out);

#endif
