/* crypto/ed25519.h - signatures (RFC 8032 section 5.1, pure Ed25519), over libsodium.
 *
 * A seed is what is kept; the secret is the seed and its public key side by side, as libsodium
 * wants it, so that nobody signs with a public key that is not the seed's (that gives the seed
 * away).  Signing the same message gives the same signature.  Wipe seeds and secrets. */
#ifndef SHOAL_CRYPTO_ED25519_H
#define SHOAL_CRYPTO_ED25519_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ED25519_SEED_LEN = 32, ED25519_SECRET_LEN = 64, ED25519_PUB_LEN = 32, ED25519_SIG_LEN = 64 };

/* From the seed.  The public key alone; or with the secret that signs. */
void ed25519_public(const uint8_t seed[ED25519_SEED_LEN], uint8_t pub[ED25519_PUB_LEN]);
void ed25519_secret(const uint8_t seed[ED25519_SEED_LEN], uint8_t secret[ED25519_SECRET_LEN],
                    uint8_t pub[ED25519_PUB_LEN]);

/* The signature of n bytes, by a secret from ed25519_secret(). */
void ed25519_sign(const uint8_t secret[ED25519_SECRET_LEN], const void *msg, size_t n,
                  uint8_t sig[ED25519_SIG_LEN]);

/* libsodium refuses more than RFC 8032 asks: public keys and R of small order, and keys that are
 * not in their shortest form.  No honest signer makes those. */
MUST_CHECK bool ed25519_verify(const uint8_t pub[ED25519_PUB_LEN], const void *msg, size_t n,
                               const uint8_t sig[ED25519_SIG_LEN]);

#endif
