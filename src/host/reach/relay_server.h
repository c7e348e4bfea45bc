/* host/reach/relay_server.h - we lend a place and some bytes to peers that nobody can dial
 * (libp2p/specs relay/circuit-v2.md).
 *
 * A peer reserves a place, and others are connected to it through us, by stream and not by packet:
 * we see no more than sealed bytes, and join two peers, never a peer and an address.  Whoever comes
 * through a relay itself is refused.
 *
 * A circuit from or to somebody whom the owner trusts has no limits but a rate, and both ends are
 * told so: it carries whatever a direct connection would. */
#ifndef SHOAL_HOST_REACH_RELAY_SERVER_H
#define SHOAL_HOST_REACH_RELAY_SERVER_H

#include "host/host.h"
#include "host/reach/relay_msg.h"

enum {
    RELAY_RESERVATIONS_MAX = 128,
    RELAY_RESERVATIONS_OF_IP_MAX = 8, /* not in laboratories */
    RELAY_CIRCUITS_OF_PEER_MAX = 16,  /* from it and to it, each */
    RELAY_CIRCUITS_MAX = 256,
    RELAY_ASKED_OF_PEER_MAX = 16, /* requests of one peer that are not answered yet */
    RELAY_RESERVED_S = 3600,
    RELAY_CIRCUIT_S = 120, /* for strangers */
    RELAY_CIRCUIT_BYTES = 128 << 10,
    RELAY_RATE = 4 << 20, /* bytes a second, all circuits of strangers together */
};

struct relay_server_cfg {
    struct host *host;
    const struct log *log;
    const struct keys *keys;
    bool strangers;           /* not only for those whom the owner trusts */
    struct relay_limit limit; /* of one circuit between strangers */
    uint64_t reserved_s;      /* 0: RELAY_RESERVED_S */
    uint64_t rate;            /* bytes a second, of strangers; 0: no limit */
    uint64_t trusted_rate;    /* of the trusted; likewise */
    bool lab;                 /* one address may be many peers */
};

struct relay_server;
/* Answers the hop protocol until it is freed. */
struct relay_server *relay_server_new(const struct relay_server_cfg *cfg);
void relay_server_free(struct relay_server *s); /* before the host; NULL: nothing */

/* Whom the owner trusts has changed: what runs by trust that is gone is cut. */
void relay_server_trust_changed(struct relay_server *s);

/* Places given, and circuits that carry bytes now. */
size_t relay_server_reservations(const struct relay_server *s);
size_t relay_server_circuits(const struct relay_server *s);
uint64_t relay_server_bytes(const struct relay_server *s); /* carried so far, both ways */

#endif
