/* host/reach/relay_dial.h - a stream to a peer through a relay: CONNECT of the hop protocol
 * (libp2p/specs relay/circuit-v2.md "Connection Initiation"). */
#ifndef SHOAL_HOST_REACH_RELAY_DIAL_H
#define SHOAL_HOST_REACH_RELAY_DIAL_H

#include "host/host.h"

struct relay_dial;
/* stream: open, the callee's, what it carries is to be upgraded like any conn; limited: the relay
 * counts.  NULL with a reason.  Once, from the loop; the handle is dead. */
typedef void relay_dial_cb(void *arg, struct conn *stream, bool limited, const struct why *why);

/* at: ".../p2p/RELAY/p2p-circuit", with or without a place before /p2p.  The relay itself is
 * reached directly or not at all.  It has HOST_DIAL_US for all of it. */
struct relay_dial *relay_dial_start(struct host *h, const struct multiaddr *at,
                                    const struct peer_id *target, relay_dial_cb *cb, void *arg);
void relay_dial_cancel(struct relay_dial *d); /* NULL: nothing */

#endif
