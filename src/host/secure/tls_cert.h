/* host/secure/tls_cert.h - the certificate by which a libp2p peer shows its key in TLS
 * (libp2p/specs tls/tls.md, "Peer Authentication").
 *
 * It is signed by nobody but itself.  An extension holds the peer's key and its signature of the
 * certificate's; so who holds the certificate's private key, as TLS makes him prove, was sent by
 * the peer.  QUIC shows the same one. */
#ifndef SHOAL_HOST_SECURE_TLS_CERT_H
#define SHOAL_HOST_SECURE_TLS_CERT_H

#include "base/buf.h"
#include "base/cur.h"
#include "core/keys.h"
#include "host/name/pubkey.h"

#define TLS_CERT_ALPN "libp2p"

enum { TLS_CERT_MAX = 8 << 10 }; /* bytes; with an RSA key of 8,192 bits it has 2.6 KiB */

/* A new key (ECDSA on P-256) and its certificate, both appended as DER.  Wipe the key.  It holds
 * from 1975 to 4096, as others' do: nobody's clock is wrong by more. */
void tls_cert_make(const struct keys *keys, uint64_t serial, struct buf *cert, struct buf *key);

/* Whose certificate it is, if it is one and holds at now_s (seconds since 1970).  ERR_LIMIT: too
 * long; ERR_INVALID: no such certificate; ERR_UNSUPPORTED: of a kind that we do not check;
 * ERR_DENIED: a date or a signature does not hold. */
MUST_CHECK enum err tls_cert_read(struct cur cert, int64_t now_s, struct pubkey *who,
                                  struct why *why);

/* The extension's value: SEQUENCE { publicKey OCTET STRING, signature OCTET STRING }, as views. */
MUST_CHECK enum err tls_cert_read_signed_key(struct cur der, struct cur *key, struct cur *sig,
                                             struct why *why);

#endif
