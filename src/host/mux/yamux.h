/* host/mux/yamux.h - Yamux over any conn (libp2p/specs yamux/README.md).
 *
 * Receive windows begin at 256 KiB each way and grow on demand to YAMUX_WINDOW_MAX (a stream that
 * fills its window within four round trips gets twice as much), as far as the connection's share
 * allows; credit is given when the owner reads, not when bytes come.  Reading never waits for
 * writing.  What a stream holds for an owner who does not read is at most its window, and all
 * streams of a connection together at most YAMUX_HELD_MAX, and what is left in the peer's purse. */
#ifndef SHOAL_HOST_MUX_YAMUX_H
#define SHOAL_HOST_MUX_YAMUX_H

#include "host/mux/mux.h"

enum {
    YAMUX_WINDOW = 256 << 10,    /* initial, each way; fixed by the specification */
    YAMUX_WINDOW_MAX = 16 << 20, /* of one stream */
    YAMUX_HELD_MAX = 64 << 20,   /* windows of one connection beyond the first 256 KiB each */
    YAMUX_STREAMS_MAX = 1024,    /* inbound at once; more are reset */
    YAMUX_ACK_MAX = 256,         /* opened and not acknowledged, each way */
};

/* Over `below`, open, which it takes.  client: who dialled. */
struct mux *yamux_new(struct conn *below, bool client, const struct mux_events *events, void *arg);

#endif
