/* host/find/beacon.h - a second way to find a peer by its key: a record under that key in a table
 * of small values that strangers keep (core/items.h; the Mainline DHT).
 *
 * The value is our signed peer record (libp2p RFC 0003) with as many of our addresses as fit, under
 * our key and the salt BEACON_SALT.  It is put when there is something that strangers can use,
 * again before it is forgotten, and soon after our addresses changed.  seq is the time in seconds,
 * but always more than what is found there first, so that a clock that jumped back puts nothing
 * that is refused as old.  Of others a record counts that is signed by the very peer twice: as the
 * table asks, and as libp2p does.  Only peers whose id holds an Ed25519 key can have one. */
#ifndef SHOAL_HOST_FIND_BEACON_H
#define SHOAL_HOST_FIND_BEACON_H

#include "core/items.h"
#include "host/host.h"

#define BEACON_SALT "shoal"
#define BEACON_FIRST_US (20 * SEC)   /* after the start, and after our addresses changed */
#define BEACON_AGAIN_US (3000 * SEC) /* kept for two hours */
#define BEACON_PAUSE_US (300 * SEC)  /* between two puts, at least */

struct beacon_cfg {
    struct host *host;
    const struct log *log;
    const struct keys *keys;
    bool light; /* tell of ourselves too, not only ask */
    bool lab;   /* private addresses are told and heard */
};

struct beacon;
/* Asks nobody before it is given a table. */
struct beacon *beacon_new(const struct beacon_cfg *cfg);
void beacon_free(struct beacon *b); /* before the host; NULL: nothing */
/* items: copied; NULL: there is none any more, and what is asked ends with "not found". */
void beacon_set_items(struct beacon *b, const struct items_port *items);

/* Where is it?  What is found is host_learn()ed.  Once, from the loop; then the handle is dead. */
struct beacon_find;
typedef void beacon_find_cb(void *arg, bool found, const struct why *why);
struct beacon_find *beacon_find(struct beacon *b, const struct peer_id *peer, beacon_find_cb *cb,
                                void *arg);
void beacon_find_cancel(struct beacon_find *f); /* NULL: nothing */

#endif
