/* shoal/shoal.h - all of the library: peers of libp2p, from C.
 *
 *     err.h     why something failed
 *     loop.h    what everything runs on: one loop, one thread
 *     key.h     who we are
 *     host.h    our node: protocols, connections, peers
 *     stream.h  bytes to a peer and back
 *
 * doc/LIBRARY.md begins with a whole program. */
#ifndef SHOAL_SHOAL_H
#define SHOAL_SHOAL_H

#include <shoal/err.h>
#include <shoal/host.h>
#include <shoal/key.h>
#include <shoal/loop.h>
#include <shoal/stream.h>

#endif
