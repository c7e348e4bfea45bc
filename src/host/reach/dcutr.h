/* host/reach/dcutr.h - from a relayed connection to a direct one (libp2p/specs relay/DCUtR.md).
 *
 * Whoever was called through a relay first dials what the other says of itself; if that is of no
 * use, both agree over the relayed connection on a moment, and dial each other from where they
 * listen, so that each one's router has let the other in.  Roles are fixed whoever's packet comes
 * first: who dialled the relayed connection is the client.  New streams then take the direct way
 * (connection_best), and the relayed connection is let go when it carries none. */
#ifndef SHOAL_HOST_REACH_DCUTR_H
#define SHOAL_HOST_REACH_DCUTR_H

#include "host/host.h"

enum {
    DCUTR_ROUNDS_MAX = 3,
    DCUTR_TRIES_MAX = 8,    /* addresses of a round */
    DCUTR_PUNCHES_MAX = 32, /* peers at once */
};
#define DCUTR_PLAIN_US (2 * SEC)  /* for what the other says of itself */
#define DCUTR_ROUND_US (5 * SEC)  /* for a round's dials */
#define DCUTR_TALK_US (10 * SEC)  /* for a message */
#define DCUTR_LEAVE_US (15 * SEC) /* the relayed one is looked at so often until it can go */

/* Where we may be reached, TCP without relays; returns how many, at most cap. */
typedef size_t dcutr_addrs(void *arg, struct multiaddr *out, size_t cap);

struct dcutr;
/* lab: private addresses are dialled too. */
struct dcutr *dcutr_new(struct host *h, const struct log *log, bool lab, dcutr_addrs *addrs,
                        void *arg);
void dcutr_free(struct dcutr *d); /* before the host; NULL: nothing */

#endif
