/* crypto/pbkdf2.h - a key out of a password, slowly: PBKDF2 (RFC 8018 section 5.2) with
 * HMAC-SHA-512, over OpenSSL.  BIP39 asks for it; new things take something that needs memory. */
#ifndef SHOAL_CRYPTO_PBKDF2_H
#define SHOAL_CRYPTO_PBKDF2_H

#include <stddef.h>
#include <stdint.h>

/* rounds: at least 1; 2048 take about 1 ms.  All lengths: at most 2^31 - 1 bytes, out_len at
 * least 1. */
void pbkdf2_sha512(const void *password, size_t password_len, const void *salt, size_t salt_len,
                   unsigned rounds, uint8_t *out, size_t out_len);

#endif
