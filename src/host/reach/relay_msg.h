/* host/reach/relay_msg.h - what is said to a relay and by it (libp2p/specs relay/circuit-v2.md).
 *
 * Hop messages go between a relay and who asks it for something, stop messages between a relay and
 * who is called through it.  Views into the message; addresses beyond RELAY_ADDRS_MAX are passed
 * over. */
#ifndef SHOAL_HOST_REACH_RELAY_MSG_H
#define SHOAL_HOST_REACH_RELAY_MSG_H

#include "base/buf.h"
#include "core/keys.h"
#include "host/name/peer_id.h"

#include <stdbool.h>

#define RELAY_HOP_PROTOCOL "/libp2p/circuit/relay/0.2.0/hop"
#define RELAY_STOP_PROTOCOL "/libp2p/circuit/relay/0.2.0/stop"

enum {
    RELAY_MESSAGE_MAX = 4 << 10, /* go, js and rust read as much */
    RELAY_ADDRS_MAX = 8,
};

enum relay_type { RELAY_RESERVE, RELAY_CONNECT, RELAY_STATUS };

enum relay_status {
    RELAY_UNUSED = 0,
    RELAY_OK = 100,
    RELAY_RESERVATION_REFUSED = 200,
    RELAY_RESOURCE_LIMIT_EXCEEDED = 201,
    RELAY_PERMISSION_DENIED = 202,
    RELAY_CONNECTION_FAILED = 203,
    RELAY_NO_RESERVATION = 204,
    RELAY_MALFORMED_MESSAGE = 400,
    RELAY_UNEXPECTED_MESSAGE = 401,
};

/* What one circuit may take; 0: no limit.  Some send milliseconds as the duration: it is not more
 * than a hint that there is one. */
struct relay_limit {
    uint64_t duration_s;
    uint64_t data_bytes; /* each way */
};

struct relay_msg {
    enum relay_type type;
    uint64_t status;     /* enum relay_status, or another number */
    struct peer_id peer; /* of nobody: not said */
    bool has_reservation;
    uint64_t expire_s; /* since 1970 */
    size_t addr_count; /* of the relay */
    struct cur addrs[RELAY_ADDRS_MAX];
    struct cur voucher;
    struct relay_limit limit;
};

/* From a whole message; a stop message is no RELAY_RESERVE and holds no reservation.  And back. */
MUST_CHECK enum err relay_hop_decode(struct relay_msg *out, struct cur msg, struct why *why);
MUST_CHECK enum err relay_stop_decode(struct relay_msg *out, struct cur msg, struct why *why);
void relay_hop_encode(const struct relay_msg *m, struct buf *out);
void relay_stop_encode(const struct relay_msg *m, struct buf *out);

/* "no reservation (204)"; a static text. */
const char *relay_status_text(uint64_t status);

/* What proves a reservation to others. */
struct relay_voucher {
    struct peer_id relay, peer;
    uint64_t expire_s;
};
/* Signed by the very relay that it names. */
MUST_CHECK enum err relay_voucher_open(struct relay_voucher *out, struct cur envelope,
                                       struct why *why);
void relay_voucher_seal(const struct relay_voucher *v, struct buf *out, const struct keys *keys);

#endif
