/* host/talk/ping.h - how long does it take to a peer and back? (libp2p/specs ping/ping.md) */
#ifndef SHOAL_HOST_TALK_PING_H
#define SHOAL_HOST_TALK_PING_H

#include "host/host.h"

#define PING_WAIT_US (10 * SEC)

struct ping;
/* rtt_us: of one round; 0 with a reason: none came.  Once, from the loop; the handle is dead. */
typedef void ping_cb(void *arg, uint64_t rtt_us, const struct why *why);
struct ping *ping_start(struct host *h, const struct peer_id *peer, ping_cb *cb, void *arg);
void ping_cancel(struct ping *p); /* NULL: nothing */

#endif
