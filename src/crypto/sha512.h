/* crypto/sha512.h - SHA-512 (FIPS 180-4) and what BIP39 and SLIP-0010 build on it, over OpenSSL. */
#ifndef SHOAL_CRYPTO_SHA512_H
#define SHOAL_CRYPTO_SHA512_H

#include <stddef.h>
#include <stdint.h>

enum { SHA512_LEN = 64 };

/* Bytes as they come.  sha512_free drops one that was not finished; NULL: nothing. */
struct sha512;
struct sha512 *sha512_new(void);
void sha512_update(struct sha512 *h, const void *bytes, size_t n);
void sha512_finish(struct sha512 *h, uint8_t out[SHA512_LEN]); /* and frees h */
void sha512_free(struct sha512 *h);

/* All at once. */
void sha512(const void *bytes, size_t n, uint8_t out[SHA512_LEN]);

#endif
