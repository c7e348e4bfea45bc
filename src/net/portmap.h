/* net/portmap.h - ask the router in front of us to forward a port.
 *
 * PCP (RFC 6887) first, NAT-PMP (RFC 6886, by libnatpmp) where the router speaks no PCP, UPnP IGD
 * (by miniupnpc) where it speaks neither.  Both TCP and UDP, one number.  A lease is renewed at
 * half its time; who got none tries again after PORTMAP_AGAIN_US, then twice as long, to an hour:
 * routers are exchanged and restarted.  portmap_stop() takes the mapping back, in the background.
 *
 * All of it blocks, so it runs on a thread of its own kind (libuv's pool, where names are looked up
 * too), never on a lane.  In the simulator there is no router: it fails. */
#ifndef SHOAL_NET_PORTMAP_H
#define SHOAL_NET_PORTMAP_H

#include "base/log.h"
#include "net/loop.h"

#include <stdbool.h>

enum { PORTMAP_LEASE_S = 3600, PORTMAP_WORDS = 80 };
#define PORTMAP_AGAIN_US (300 * SEC)
#define PORTMAP_AGAIN_MAX_US (3600 * SEC)

struct portmap;

struct portmap_status {
    bool mapped;
    const char *how;      /* "pcp", "nat-pmp", "upnp"; "" before one has worked */
    struct addr external; /* by which the world reaches us; ADDR_NONE: not told */
    struct why why;       /* not mapped: the reason; "" while the first answer is awaited */
};

/* port: what we listen on.  changed: the status is another; portmap_stop is allowed in it. */
struct portmap *portmap_start(struct loop *loop, const struct log *log, uint16_t port,
                              void (*changed)(void *arg), void *arg);
struct portmap_status portmap_status(const struct portmap *p);
void portmap_stop(struct portmap *p); /* silence; NULL: nothing */

#endif
