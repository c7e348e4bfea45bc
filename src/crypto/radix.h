/* crypto/radix.h - bytes as the digits of one large number, for the bases that are no power of two:
 * base58 and base36.  Private to this folder.
 *
 * Each leading zero byte is one digit of zero, so each value has one text.  The work grows with the
 * square of the length, so the length has a limit. */
#ifndef SHOAL_CRYPTO_RADIX_H
#define SHOAL_CRYPTO_RADIX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* 256 bytes take at most 397 digits of base 36 (log 256 / log 36 = 1.548), and a NUL. */
enum { RADIX_BYTES_MAX = 256, RADIX_TEXT_MAX = 398 };

/* alphabet: as many letters as the base is.  NUL-terminated.  False where n > RADIX_BYTES_MAX or
 * the text and its NUL do not fit in cap. */
MUST_CHECK bool radix_encode(const char *alphabet, const void *bytes, size_t n, char *out,
                             size_t cap);

/* All of the text; *n is how many bytes there were.  False for a strange letter, more than cap
 * bytes, or more than RADIX_BYTES_MAX. */
MUST_CHECK bool radix_decode(const char *alphabet, const char *text, size_t len, void *out,
                             size_t cap, size_t *n);

#endif
