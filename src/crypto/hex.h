/* crypto/hex.h - bytes as hexadecimal text and back. */
#ifndef SHOAL_CRYPTO_HEX_H
#define SHOAL_CRYPTO_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* Lower case, NUL-terminated; out holds 2 * n + 1.  Returns out. */
char *hex_encode(const void *bytes, size_t n, char *out);

/* Exactly n bytes from 2 * n digits of either case, nothing after them. */
bool hex_decode(const char *text, size_t len, void *out, size_t n);

#endif
