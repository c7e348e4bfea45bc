/* host/secure/noise.h - Noise XX with libp2p's payload (libp2p/specs noise/README.md, protocol
 * "/noise"): Noise_XX_25519_ChaChaPoly_SHA256, empty prologue, early muxer negotiation by the
 * stream_muxers extension. */
#ifndef SHOAL_HOST_SECURE_NOISE_H
#define SHOAL_HOST_SECURE_NOISE_H

#include "host/secure/secure.h"

#define NOISE_PROTOCOL "/noise"

/* Over `below`, open, which it takes.  expected: the peer that must be there; NULL: anybody (for
 * one who was accepted, or an address without a peer id).  Never NULL. */
struct conn *noise_dial(const struct secure_self *self, struct conn *below,
                        const struct peer_id *expected, conn_cb *cb, void *arg);
struct conn *noise_accept(const struct secure_self *self, struct conn *below, conn_cb *cb,
                          void *arg);

#endif
