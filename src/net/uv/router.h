/* net/uv/router.h - one question to the router, in the three languages that routers speak.
 *
 * Blocks for some seconds at most; for a thread of its own.  No state: what must be remembered is
 * in the job. */
#ifndef SHOAL_NET_UV_ROUTER_H
#define SHOAL_NET_UV_ROUTER_H

#include "net/pcp_msg.h"
#include "net/portmap.h"

enum router_how { ROUTER_UNKNOWN, ROUTER_PCP, ROUTER_NATPMP, ROUTER_UPNP };

struct router_job {
    uint16_t port;
    uint32_t lease_s;         /* 0: take the mapping back */
    uint8_t nonce[PCP_NONCE]; /* PCP: the same for a mapping's whole life */
    enum router_how how;      /* what worked before; UNKNOWN: try all.  Out: what has worked */
    /* The answer. */
    struct why why;       /* code OK: it is done */
    struct addr external; /* ADDR_NONE: not told */
    uint32_t given_s;     /* for how long; 0: for ever */
};

/* Asks, and waits for the router: seconds, on a lane (lane_fn). */
void router_ask(struct router_job *j);

#endif
