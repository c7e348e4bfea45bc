/* crypto/xchacha.h - XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), over libsodium: for many who
 * seal with one key and cannot count together.
 *
 * The nonce is long enough to be drawn at random each time (section 3.1: "a 192-bit nonce ... is
 * large enough to choose randomly").  Who alone seals with a key takes crypto/chachapoly.h. */
#ifndef SHOAL_CRYPTO_XCHACHA_H
#define SHOAL_CRYPTO_XCHACHA_H

#include "base/cur.h"
#include "base/err.h"

enum { XCHACHA_KEY_LEN = 32, XCHACHA_NONCE_LEN = 24, XCHACHA_TAG_LEN = 16 };

/* `in` into in.n + XCHACHA_TAG_LEN bytes at `out`; ad is sealed with it and not kept. */
void xchacha_seal(const uint8_t key[XCHACHA_KEY_LEN], const uint8_t nonce[XCHACHA_NONCE_LEN],
                  struct cur ad, struct cur in, uint8_t *out);

/* in.n - XCHACHA_TAG_LEN bytes come out; false: it is not what was sealed so. */
MUST_CHECK bool xchacha_open(const uint8_t key[XCHACHA_KEY_LEN],
                             const uint8_t nonce[XCHACHA_NONCE_LEN], struct cur ad, struct cur in,
                             uint8_t *out);

#endif
