/* files/find/lsd.h - Local Service Discovery (BEP 14): who on the networks around us has this
 * torrent?
 *
 * Each torrent that may be told of is announced to a multicast group on every interface: at once, a
 * minute later (datagrams get lost), then every five minutes; a new interface hears of all.  Who
 * hears a torrent of his announced dials the announcer.  A cookie tells our own announces from
 * others'.  Never more than LSD_PER_S announces a second, nor are more than LSD_HEARD_PER_S heard.
 *
 * What is heard is a claim like any other: the address is the datagram's sender, the port is
 * theirs to say.  Who is dialled because of it is torrent_peers.h's business.
 *
 * A machine without multicast goes without: interfaces are looked for again every minute. */
#ifndef SHOAL_FILES_FIND_LSD_H
#define SHOAL_FILES_FIND_LSD_H

#include "base/log.h"
#include "crypto/sha1.h"
#include "net/loop.h"

#include <stdbool.h>

enum { LSD_PER_S = 10, LSD_HEARD_PER_S = 50 };
#define LSD_AGAIN_US (60 * SEC) /* BEP 14: at most one announce a minute */
#define LSD_INTERVAL_US (300 * SEC)
#define LSD_LOOK_US (60 * SEC) /* between two looks at the interfaces */

struct lsd;
struct lsd_cfg {
    struct loop *loop;
    const struct log *log; /* outlives it */
    struct addr listen;    /* where peers reach us; an IP of its own: only that is told of */
    bool v6;               /* they do by IPv6 too, when listen is 0.0.0.0 */
    void (*heard)(void *arg, const uint8_t infohash[SHA1_LEN], const struct addr *peer);
    void *arg;
};

/* Listens and says nothing before lsd_set(); cfg is copied.  Never NULL. */
struct lsd *lsd_new(const struct lsd_cfg *cfg);
void lsd_free(struct lsd *l); /* NULL: nothing */

/* From now on this torrent is announced, or not any more. */
void lsd_set(struct lsd *l, const uint8_t infohash[SHA1_LEN], bool yes);

/* Addresses that we announce from now. */
size_t lsd_places(const struct lsd *l);

#endif
