/* crypto/base32.h - RFC 4648 section 6, upper or lower case, without padding. */
#ifndef SHOAL_CRYPTO_BASE32_H
#define SHOAL_CRYPTO_BASE32_H

#include <stdbool.h>
#include <stddef.h>

/* NUL-terminated lower case; out holds (n * 8 + 4) / 5 + 1.  Returns out. */
char *base32_encode(const void *bytes, size_t n, char *out);

/* Exactly n bytes from all of the text ("=" at its end is passed over); stray bits must be 0. */
bool base32_decode(const char *text, size_t len, void *out, size_t n);

#endif
