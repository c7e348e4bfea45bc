/* host/secure/tls_libp2p.h - TLS 1.3 with a self-signed certificate that carries the peer's key
 * (libp2p/specs tls/tls.md, protocol "/tls/1.0.0"; extension 1.3.6.1.4.1.53594.1.1), muxer by ALPN.
 */
#ifndef SHOAL_HOST_SECURE_TLS_LIBP2P_H
#define SHOAL_HOST_SECURE_TLS_LIBP2P_H

#include "host/secure/secure.h"

#define TLS_LIBP2P_PROTOCOL "/tls/1.0.0"

/* As noise_dial() and noise_accept(). */
struct conn *tls_libp2p_dial(const struct secure_self *self, struct conn *below,
                             const struct peer_id *expected, conn_cb *cb, void *arg);
struct conn *tls_libp2p_accept(const struct secure_self *self, struct conn *below, conn_cb *cb,
                               void *arg);

#endif
