/* host/reach/autonat_msg.h - "can you dial me?" (libp2p/specs autonat/autonat-v1.md).  Views into
 * the message; addresses beyond AUTONAT_ADDRS_MAX are passed over. */
#ifndef SHOAL_HOST_REACH_AUTONAT_MSG_H
#define SHOAL_HOST_REACH_AUTONAT_MSG_H

#include "base/buf.h"
#include "host/name/peer_id.h"

#include <stdbool.h>

#define AUTONAT_PROTOCOL "/libp2p/autonat/1.0.0"

enum { AUTONAT_MESSAGE_MAX = 8 << 10, AUTONAT_ADDRS_MAX = 16 };

enum autonat_status {
    AUTONAT_OK = 0,
    AUTONAT_DIAL_ERROR = 100,
    AUTONAT_DIAL_REFUSED = 101,
    AUTONAT_BAD_REQUEST = 200,
    AUTONAT_INTERNAL_ERROR = 300,
};

struct autonat_msg {
    bool response; /* else: dial */
    struct peer_id peer;
    size_t addr_count;
    struct cur addrs[AUTONAT_ADDRS_MAX];
    uint64_t status; /* enum autonat_status, or another number */
    struct cur addr; /* that was reached */
};

/* From a whole message; and back. */
MUST_CHECK enum err autonat_decode(struct autonat_msg *out, struct cur msg, struct why *why);
void autonat_encode(const struct autonat_msg *m, struct buf *out);

#endif
