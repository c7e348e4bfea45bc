/* files/peer/peer_priority.h - which of many peers (BEP 40, "Canonical Peer Priority").
 *
 * Pure.  Both ends of a connection compute the same number, so when all keep those with the highest
 * the swarm stays well connected, and nobody can choose his place in it. */
#ifndef SHOAL_FILES_PEER_PEER_PRIORITY_H
#define SHOAL_FILES_PEER_PEER_PRIORITY_H

#include "net/addr.h"

/* CRC-32C (RFC 3720 appendix B.4) of the two masked addresses, the smaller first.  Addresses of two
 * families: 0. */
uint32_t peer_priority(const struct addr *ours, const struct addr *theirs);

#endif
