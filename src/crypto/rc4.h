/* crypto/rc4.h - the RC4 stream cipher, over OpenSSL's legacy provider.
 *
 * Broken as a cipher; here only because BitTorrent's obfuscation (files/peer/mse.h) is made of it.
 * The provider is loaded into a library context of our own, so nothing else in the process gets the
 * old algorithms.  One struct rc4_lib serves a node; it outlives the ciphers made from it. */
#ifndef SHOAL_CRYPTO_RC4_H
#define SHOAL_CRYPTO_RC4_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* NULL and why: this machine's OpenSSL has no legacy provider. */
struct rc4_lib;
struct rc4_lib *rc4_lib_new(struct why *why);
void rc4_lib_free(struct rc4_lib *lib);

/* key: 5 to 32 bytes.  drop: so many bytes of the stream are thrown away first. */
struct rc4;
struct rc4 *rc4_new(const struct rc4_lib *lib, const void *key, size_t key_len, size_t drop);
void rc4_free(struct rc4 *r);

/* The next n bytes; in and out may be the same.  Both directions are this. */
void rc4_run(struct rc4 *r, const void *in, void *out, size_t n);

#endif
