/* host/host_ws.h - the way by a WebSocket (libp2p/specs websockets/README.md): /tcp/../ws, and /wss
 * over TLS, whose certificate must be for the name in the address and vouched for as the system has
 * it. That says nothing of which peer is there: the handshakes above do. */
#ifndef SHOAL_HOST_HOST_WS_H
#define SHOAL_HOST_HOST_WS_H

#include "host/host_in.h"

/* To r->addr, which is known by now; r->reach is REACH_WS or REACH_WSS.  NULL: the system's trust
 * store cannot be read. */
struct conn *host_ws_dial(struct host *h, const struct multiaddr_route *r, struct why *why);

#endif
