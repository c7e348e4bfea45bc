/* tunnel/tunnel.h - the app `connect`: what one machine offers to the people its owner trusts.
 *
 *     expose    a TCP service of this machine, under a name
 *     forward   a local port that is a peer's service
 *     exit      connections to the world from here, for a peer; off until it is switched on
 *     socks     a local proxy whose connections leave by a peer's exit
 *
 * Three separate grants: a service is one address that its owner wrote down, and trusting somebody
 * gives no exit.  doc/DESIGN-connect.md. */
#ifndef SHOAL_TUNNEL_TUNNEL_H
#define SHOAL_TUNNEL_TUNNEL_H

#include "core/app.h"

extern const struct app_ops tunnel_app;

#endif
