/* crypto/sha256.h - SHA-256 (FIPS 180-4), over OpenSSL. */
#ifndef SHOAL_CRYPTO_SHA256_H
#define SHOAL_CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_LEN = 32 };

/* Bytes as they come.  sha256_free drops one that was not finished; NULL: nothing. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_update(struct sha256 *h, const void *bytes, size_t n);
void sha256_finish(struct sha256 *h, uint8_t out[SHA256_LEN]); /* and frees h */
void sha256_free(struct sha256 *h);

/* All at once. */
void sha256(const void *bytes, size_t n, uint8_t out[SHA256_LEN]);

#endif
