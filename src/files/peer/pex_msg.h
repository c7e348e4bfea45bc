/* files/peer/pex_msg.h - ut_pex's payload (BEP 11): who else is in the swarm, and who is not any
 * more. Pure.
 *
 * What it says is untrusted: an address in here was not seen by us, and may be a victim's.  Who may
 * be dialled because of it is pex_state.h's and torrent_peers.h's to say. */
#ifndef SHOAL_FILES_PEER_PEX_MSG_H
#define SHOAL_FILES_PEER_PEX_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "net/addr.h"

enum {
    PEX_ADDED_MAX = 50, /* BEP 11: "should not exceed 50 entries", both families together */
    PEX_DROPPED_MAX = 50,
    PEX_PAYLOAD_MAX = 16 * 1024, /* bytes; a first message may tell more than 50 */
};

/* BEP 11, "Flags". */
enum pex_flag {
    PEX_ENCRYPTS = 0x01,
    PEX_SEED = 0x02,
    PEX_UTP = 0x04,
    PEX_HOLEPUNCH = 0x08,
    PEX_REACHABLE = 0x10,
};

struct pex_peer {
    struct addr addr;
    uint8_t flags; /* enum pex_flag, others as they came; 0: not said */
};

struct pex_msg {
    struct pex_peer added[PEX_ADDED_MAX];
    size_t added_count;
    struct addr dropped[PEX_DROPPED_MAX];
    size_t dropped_count;
};

/* The first PEX_ADDED_MAX and PEX_DROPPED_MAX are taken, IPv4 before IPv6; the rest is passed over.
 * Flags that are not one for each are as if not said.  ERR_INVALID: no dictionary, or half an
 * address; ERR_LIMIT: more than PEX_PAYLOAD_MAX. */
MUST_CHECK enum err pex_read(struct cur payload, struct pex_msg *out, struct why *why);
/* Appends the payload, without an extended message's header. */
void pex_put(struct buf *b, const struct pex_msg *m);

#endif
