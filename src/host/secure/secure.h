/* host/secure/secure.h - a conn whose other end is known, and that nobody else can read.
 *
 * A filter over an open conn (after multistream has agreed on it).  CONN_OPEN: the peer has proven
 * that it holds the key of secure_peer(), and, if one was expected, that it is that one.  Two of
 * them: Noise (noise.h) and TLS 1.3 with libp2p's certificate (tls_libp2p.h). */
#ifndef SHOAL_HOST_SECURE_SECURE_H
#define SHOAL_HOST_SECURE_SECURE_H

#include "core/keys.h"
#include "host/name/peer_id.h"
#include "net/conn.h"

#include <stdbool.h>

/* Who we are, and what we would like to speak above: shared by all conns of a host; outlives them.
 */
struct secure_self;
/* keys: the identity, borrowed.  muxers: names in order of
 * preference
 * ("/yamux/1.0.0"), NULL-terminated, borrowed: offered in the handshake where that is possible. The
 * static Noise key and the certificate are made and signed once, here. */
struct secure_self *secure_self_new(struct loop *loop, const struct keys *keys,
                                    const char *const *muxers);
void secure_self_free(struct secure_self *self); /* NULL: nothing */
const struct peer_id *secure_self_id(const struct secure_self *self);

/* NULL where it is not known yet (before CONN_OPEN). */
const struct peer_id *secure_peer(const struct conn *c);
/* The muxer agreed on in the handshake, one of ours; NULL: it is to be negotiated. */
const char *secure_muxer(const struct conn *c);

#endif
