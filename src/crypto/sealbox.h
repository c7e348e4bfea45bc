/* crypto/sealbox.h - a few bytes that only the holder of an Ed25519 key can read, from nobody in
 * particular: libsodium's sealed boxes (crypto_box_seal), to the X25519 key that belongs to an
 * Ed25519 key (crypto_sign_ed25519_pk_to_curve25519).
 *
 * A box says nothing of who made it: what holds it must be signed.  Signing and reading with one
 * key is what libsodium's documentation allows ("Ed25519 to Curve25519"), and Thormarker, "On using
 * the same key pair for Ed25519 and an X25519 based KEM" (2021), proves for a scheme of this form.
 */
#ifndef SHOAL_CRYPTO_SEALBOX_H
#define SHOAL_CRYPTO_SEALBOX_H

#include "crypto/ed25519.h"

enum { SEALBOX_MORE = 48, SEALBOX_RANDOM = 32 }; /* by how much a box is longer */

/* n bytes into n + SEALBOX_MORE at `out`.  random: drawn for this box and wiped after it.  False:
 * `pub` is no key that anybody could hold. */
MUST_CHECK bool sealbox_seal(const uint8_t pub[ED25519_PUB_LEN],
                             const uint8_t random[SEALBOX_RANDOM], const void *in, size_t n,
                             uint8_t *out);

/* Of n bytes of a box, n - SEALBOX_MORE come out; false, and `out` is not to be read: it is not for
 * us, or was changed.  secret: ed25519_secret()'s. */
MUST_CHECK bool sealbox_open(const uint8_t secret[ED25519_SECRET_LEN], const void *in, size_t n,
                             uint8_t *out);

#endif
