/* crypto/chachapoly.h - ChaCha20-Poly1305 (RFC 8439), over OpenSSL.
 *
 * A struct chachapoly is one key in one direction: made once, then used for every frame, since
 * setting one up costs more than a small frame does.  The caller counts nonces: one that comes
 * twice with a key gives both frames away. */
#ifndef SHOAL_CRYPTO_CHACHAPOLY_H
#define SHOAL_CRYPTO_CHACHAPOLY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHACHAPOLY_KEY_LEN = 32, CHACHAPOLY_NONCE_LEN = 12, CHACHAPOLY_TAG_LEN = 16 };

enum chachapoly_use { CHACHAPOLY_SEALS, CHACHAPOLY_OPENS };

/* The key is copied, and wiped when it is freed; NULL: nothing. */
struct chachapoly;
struct chachapoly *chachapoly_new(enum chachapoly_use use, const uint8_t key[CHACHAPOLY_KEY_LEN]);
void chachapoly_free(struct chachapoly *c);

/* Another key from now on: many that each seal now and then share one, which takes a kilobyte. */
void chachapoly_rekey(struct chachapoly *c, const uint8_t key[CHACHAPOLY_KEY_LEN]);

/* `in` is sealed into n + CHACHAPOLY_TAG_LEN bytes at `out`; ad, which may be nothing, is sealed
 * with it and not kept.  out may be in, and overlaps it in no other way.  n, ad_len < 2^31. */
void chachapoly_seal(struct chachapoly *c, const uint8_t nonce[CHACHAPOLY_NONCE_LEN],
                     const void *ad, size_t ad_len, const void *in, size_t n, void *out);

/* Of n sealed bytes, tag included, n - CHACHAPOLY_TAG_LEN come out.  False, and that many zeros:
 * they are not what was sealed so; fewer than a tag are never. */
MUST_CHECK bool chachapoly_open(struct chachapoly *c, const uint8_t nonce[CHACHAPOLY_NONCE_LEN],
                                const void *ad, size_t ad_len, const void *in, size_t n, void *out);

#endif
