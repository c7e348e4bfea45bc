/* crypto/hmac.h - HMAC (RFC 2104) with SHA-256 and SHA-512, over OpenSSL. */
#ifndef SHOAL_CRYPTO_HMAC_H
#define SHOAL_CRYPTO_HMAC_H

#include "crypto/sha256.h"
#include "crypto/sha512.h"

/* key: at most 2^31 - 1 bytes. */
void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t n,
                 uint8_t out[SHA256_LEN]);
void hmac_sha512(const void *key, size_t key_len, const void *bytes, size_t n,
                 uint8_t out[SHA512_LEN]);

#endif
