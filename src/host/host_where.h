/* host/host_where.h - where is a peer?  All who may know are asked at once: the tables, and its
 * record in the Mainline DHT (find/beacon.h); for src/host's own files alone. */
#ifndef SHOAL_HOST_HOST_WHERE_H
#define SHOAL_HOST_HOST_WHERE_H

#include "host/host.h"

struct overlay;
struct where;
/* The first that knows is enough; what it knows is host_learn()ed.  Once, from the loop; then the
 * handle is dead. */
typedef void where_cb(void *arg, bool found, const struct why *why);
struct where *where_start(struct overlay *o, const struct peer_id *peer, where_cb *cb, void *arg);
void where_cancel(struct where *w); /* NULL: nothing */

/* For host_set_finder(). */
struct host_finder where_finder(struct overlay *o);

#endif
