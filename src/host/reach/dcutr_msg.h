/* host/reach/dcutr_msg.h - agreeing on when to dial each other (libp2p/specs relay/DCUtR.md "RPC
 * messages").  Views into the message; addresses beyond DCUTR_ADDRS_MAX are passed over. */
#ifndef SHOAL_HOST_REACH_DCUTR_MSG_H
#define SHOAL_HOST_REACH_DCUTR_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#define DCUTR_PROTOCOL "/libp2p/dcutr"

enum { DCUTR_MESSAGE_MAX = 4 << 10, DCUTR_ADDRS_MAX = 8 };

enum dcutr_type { DCUTR_CONNECT = 100, DCUTR_SYNC = 300 };

struct dcutr_msg {
    enum dcutr_type type;
    size_t addr_count; /* where the sender thinks that it can be reached */
    struct cur addrs[DCUTR_ADDRS_MAX];
};

/* From a whole message; and back. */
MUST_CHECK enum err dcutr_decode(struct dcutr_msg *out, struct cur msg, struct why *why);
void dcutr_encode(const struct dcutr_msg *m, struct buf *out);

#endif
