/* host/talk/identify_msg.h - what a peer says of itself (libp2p/specs identify/README.md).
 *
 * An answer may come in parts, which are one message when put behind each other: that is how
 * protobuf merges.  Text that could not be a protocol or an agent (a NUL, too long) is passed over.
 */
#ifndef SHOAL_HOST_TALK_IDENTIFY_MSG_H
#define SHOAL_HOST_TALK_IDENTIFY_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#define IDENTIFY_PROTOCOL "/ipfs/id/1.0.0"
#define IDENTIFY_PUSH_PROTOCOL "/ipfs/id/push/1.0.0"

enum {
    IDENTIFY_PART_MAX =
        8 << 10, /* of one part; what we say ourselves stays below 4 KiB, as rust reads */
    IDENTIFY_PARTS_MAX = 10,
    IDENTIFY_MAX = 32 << 10, /* of all parts */
    IDENTIFY_SAY_MAX = 4 << 10,
    IDENTIFY_PROTOCOLS_MAX = 128, /* more are passed over */
    IDENTIFY_ADDRS_MAX = 32,
    IDENTIFY_WORD_MAX = 255, /* bytes of a protocol or agent */
};

struct identify { /* views into the message */
    struct cur key, agent, version, observed, record;
    size_t addr_count, protocol_count;
    struct cur addrs[IDENTIFY_ADDRS_MAX], protocols[IDENTIFY_PROTOCOLS_MAX];
};

/* From all parts, as views into them; and back. */
MUST_CHECK enum err identify_decode(struct identify *out, struct cur msg, struct why *why);
void identify_encode(const struct identify *id, struct buf *out);

#endif
