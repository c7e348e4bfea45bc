/* host/name/pubkey.h - public keys as libp2p writes them (libp2p/specs peer-ids/peer-ids.md,
 * "Keys").
 *
 * Ed25519 is ours; RSA, secp256k1 and ECDSA are verified, never made.  Messages are the
 * deterministic protobuf {1: type, 2: data}, both fields always there.  RSA: 2,048 to 8,192 bits
 * (CVE-2023-39533). */
#ifndef SHOAL_HOST_NAME_PUBKEY_H
#define SHOAL_HOST_NAME_PUBKEY_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>

enum pubkey_type { PUBKEY_RSA = 0, PUBKEY_ED25519 = 1, PUBKEY_SECP256K1 = 2, PUBKEY_ECDSA = 3 };
enum { PUBKEY_DATA_MAX = 1100 }; /* RSA of 8,192 bits in PKIX DER */

struct pubkey {
    enum pubkey_type type;
    uint16_t len;
    uint8_t data[PUBKEY_DATA_MAX];
};

/* ERR_INVALID: no such message, an unknown type, a key of the wrong size or shape. */
MUST_CHECK enum err pubkey_decode(struct pubkey *out, struct cur bytes, struct why *why);
void pubkey_encode(const struct pubkey *key, struct buf *out);
void pubkey_of_ed25519(struct pubkey *out, const uint8_t pub[32]);
bool pubkey_equal(const struct pubkey *a, const struct pubkey *b);

/* Is it the key's signature of these bytes?  RSA: PKCS#1 v1.5 with SHA-256; secp256k1 and ECDSA:
 * DER over SHA-256, low S for secp256k1. */
MUST_CHECK bool pubkey_verify(const struct pubkey *key, const void *msg, size_t n, const void *sig,
                              size_t sig_len);

#endif
