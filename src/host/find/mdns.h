/* host/find/mdns.h - who of libp2p is in the networks around us? (libp2p/specs discovery/mdns.md)
 *
 * Asks on every interface at which we are reached (find/own.h): at the start, and then after pauses
 * that double up to MDNS_ASK_LAST_US; anew where an address comes.  Answers who asks, once in
 * MDNS_ANSWER_US, and itself like anybody: so others hear of it who did not ask.
 *
 * Who is heard of is learnt (host_learn()), and dialled where we have fewer than MDNS_ENOUGH peers.
 * A host that listens on loopback alone has no interface here but in laboratories. */
#ifndef SHOAL_HOST_FIND_MDNS_H
#define SHOAL_HOST_FIND_MDNS_H

#include "base/log.h"
#include "host/host.h"

enum {
    MDNS_HEARD_PER_S = 20, /* addresses; and as many at once as a full network answers with: */
    MDNS_HEARD_BURST = 400,
    MDNS_ENOUGH = 32, /* peers; with so many nobody is dialled for being near */
};
#define MDNS_ASK_FIRST_US                                                                          \
    (1 * SEC) /* RFC 6762 section 5.2: at least; and at least twice the last */
#define MDNS_ASK_LAST_US (600 * SEC)
#define MDNS_ANSWER_US (1 * SEC) /* RFC 6762 section 6 */
#define MDNS_LOOK_US (60 * SEC)  /* between two looks at the interfaces */

struct mdns_cfg {
    struct host *host;     /* outlives it */
    const struct log *log; /* likewise */
    bool lab;              /* loopback addresses are believed */
};

struct mdns;
struct mdns *mdns_new(const struct mdns_cfg *cfg); /* cfg is copied.  Never NULL */
void mdns_free(struct mdns *m);                    /* NULL: nothing */

#endif
