/* files/peer/carrier.h - TCP or uTP: by which is a peer dialled?  Pure.
 *
 * With both allowed, uTP is first: it steps back for whatever else the owner's line is used for,
 * and that is what libtorrent and Transmission do too.  A neighbour (loopback, private network) is
 * dialled by TCP first: no line is shared with him that would need sparing, and TCP costs less.  If
 * the first does not reach the peer within CARRIER_FIRST_US the other is tried at once; nor does
 * uTP get longer as the second: nothing says that a port is closed to it, and a place among the
 * half open is held all that time.  What has
 * worked with a peer is tried first the next time. */
#ifndef SHOAL_FILES_PEER_CARRIER_H
#define SHOAL_FILES_PEER_CARRIER_H

#include "net/addr.h"
#include "net/loop.h"

enum carrier { CARRIER_TCP = 1, CARRIER_UTP = 2 }; /* bits of a set */
enum { CARRIERS_BOTH = CARRIER_TCP | CARRIER_UTP };
#define CARRIER_FIRST_US (3 * SEC) /* libtorrent's utp_connect_timeout */

/* Of one peer. */
struct carrier_memory {
    uint8_t failed; /* those that did not reach it, since one did or all failed */
    uint8_t works;  /* the one that did lately, or 0 */
};

/* allowed: a set, not empty.  *within_us: how long to wait for it. */
enum carrier carrier_pick(const struct carrier_memory *m, unsigned allowed, const struct addr *to,
                          uint64_t *within_us);
/* It did not reach the peer.  True: there is another, not tried yet. */
bool carrier_failed(struct carrier_memory *m, unsigned allowed, enum carrier c);
void carrier_reached(struct carrier_memory *m, enum carrier c);

#endif
