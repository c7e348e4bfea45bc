/* host/find/own.h - where we are reached: the addresses of this machine's interfaces that a
 * listener on all of them has.
 *
 * Looked up again every OWN_LOOK_US, for networks come and go; when the answer is another, the
 * others are told (identify's push), and watchers hear HOST_ADDRESSES.  Loopback is told in
 * laboratories alone, link-local addresses never: without a zone they say nothing.  Who goes
 * through a proxy tells nobody where he is. */
#ifndef SHOAL_HOST_FIND_OWN_H
#define SHOAL_HOST_FIND_OWN_H

#include "host/host_in.h"

#define OWN_LOOK_US (60 * SEC)

/* After the ears are open; until own_end(). */
void own_begin(struct host *h);
void own_end(struct host *h);

#endif
