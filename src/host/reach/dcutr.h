/* host/reach/dcutr.h - from a relayed connection to a direct one (libp2p/specs relay/DCUtR.md).
 *
 * Both sides of a relayed connection dial what the other says of itself, where the world can reach
 * that.  Meanwhile whoever was called agrees with the other over the relayed connection on a
 * moment, and both dial each other from where they listen, so that each one's router has let the
 * other in.  Roles are fixed whoever's packet comes first: who dialled the relayed connection is
 * the client.  New streams then take the direct way (connection_best), and the relayed connection
 * is let go when it carries none.  Where nothing helped it is tried again each DCUTR_REST_US, with
 * another timing: routers change, and we do. */
#ifndef SHOAL_HOST_REACH_DCUTR_H
#define SHOAL_HOST_REACH_DCUTR_H

#include "host/host.h"

enum {
    DCUTR_ROUNDS_MAX = 3,   /* at first; one when it is tried again */
    DCUTR_PLACES_MAX = 8,   /* addresses of a round */
    DCUTR_PUNCHES_MAX = 32, /* peers at once */
};
#define DCUTR_ROUND_US (5 * SEC)  /* for a round's dials */
#define DCUTR_AGAIN_US (1 * SEC)  /* all failed at once: the next round */
#define DCUTR_TALK_US (10 * SEC)  /* for a message */
#define DCUTR_REST_US (60 * SEC)  /* still relayed: tried again */
#define DCUTR_LEAVE_US (15 * SEC) /* the relayed one is looked at so often until it can go */

/* Where we may be reached, TCP and QUIC without relays; returns how many, at most cap. */
typedef size_t dcutr_addrs(void *arg, struct multiaddr *out, size_t cap);

struct dcutr;
/* lab: private addresses are dialled too. */
struct dcutr *dcutr_new(struct host *h, const struct log *log, bool lab, dcutr_addrs *addrs,
                        void *arg);
void dcutr_free(struct dcutr *d); /* before the host; NULL: nothing */

#endif
