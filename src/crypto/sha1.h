/* crypto/sha1.h - SHA-1 (RFC 3174), over OpenSSL.  BitTorrent v1 needs it; nothing new should. */
#ifndef SHOAL_CRYPTO_SHA1_H
#define SHOAL_CRYPTO_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_LEN = 20 };

/* Bytes as they come.  sha1_free drops one that was not finished; NULL: nothing. */
struct sha1;
struct sha1 *sha1_new(void);
void sha1_update(struct sha1 *h, const void *bytes, size_t n);
void sha1_finish(struct sha1 *h, uint8_t out[SHA1_LEN]); /* and frees h */
void sha1_free(struct sha1 *h);

/* All at once. */
void sha1(const void *bytes, size_t n, uint8_t out[SHA1_LEN]);

#endif
