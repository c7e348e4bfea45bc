/* crypto/x25519.h - Diffie-Hellman on Curve25519 (RFC 7748 section 5), over libsodium.
 *
 * A secret is any 32 random bytes; bits that the curve wants set or clear are seen to in use.  What
 * comes out is no key yet: hash it (crypto/hkdf.h).  Wipe secrets and what is shared. */
#ifndef SHOAL_CRYPTO_X25519_H
#define SHOAL_CRYPTO_X25519_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { X25519_LEN = 32 };

/* What we tell of `secret`. */
void x25519_public(const uint8_t secret[X25519_LEN], uint8_t pub[X25519_LEN]);

/* False: `theirs` is a point of low order, so that the result is zero whatever our secret is; `out`
 * is zeros then (RFC 7748 section 6.1). */
MUST_CHECK bool x25519_shared(const uint8_t secret[X25519_LEN], const uint8_t theirs[X25519_LEN],
                              uint8_t out[X25519_LEN]);

#endif
