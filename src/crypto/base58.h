/* crypto/base58.h - Bitcoin's alphabet (base58btc): addresses, peer ids, exported keys.
 *
 * A number in base 58 with one "1" for each leading zero byte, so each value has one text.  The
 * work grows with the square of the length, so the length has a limit; there is no checksum here.
 */
#ifndef SHOAL_CRYPTO_BASE58_H
#define SHOAL_CRYPTO_BASE58_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* 256 bytes take at most 350 digits (log 256 / log 58 = 1.366), and a NUL. */
enum { BASE58_BYTES_MAX = 256, BASE58_TEXT_MAX = 351 };

/* NUL-terminated.  False where n > BASE58_BYTES_MAX or the text and its NUL do not fit in cap. */
MUST_CHECK bool base58_encode(const void *bytes, size_t n, char *out, size_t cap);

/* All of the text; *n is how many bytes there were.  False for a strange letter, more than cap
 * bytes, or more than BASE58_BYTES_MAX. */
MUST_CHECK bool base58_decode(const char *text, size_t len, void *out, size_t cap, size_t *n);

#endif
