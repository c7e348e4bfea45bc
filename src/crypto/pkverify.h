/* crypto/pkverify.h - signatures of other people's RSA and P-256 keys, over OpenSSL.
 *
 * Keys come as PKIX, DER (RFC 5280 section 4.1, SubjectPublicKeyInfo), in the one spelling that
 * DER has for each: the bytes are hashed into names, and two names for one key are one too many.
 * RSA: 2,048 to 8,192 bits, an exponent of at most 31: what it costs to check a signature grows
 * with both (CVE-2023-39533).  P-256: by the curve's name, with an uncompressed point. */
#ifndef SHOAL_CRYPTO_PKVERIFY_H
#define SHOAL_CRYPTO_PKVERIFY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum pk_kind { PK_RSA, PK_P256 };

enum {
    PK_RSA_BITS_MIN = 2048,
    PK_RSA_BITS_MAX = 8192,
    PK_DER_MAX = 1100 /* 8,192 bits take 1,062 bytes */
};

/* Is it a key of that kind, within these limits? */
MUST_CHECK bool pkverify_is_key(enum pk_kind kind, const void *der, size_t der_len);

/* The key's signature of these bytes?  RSA: PKCS#1 v1.5 (RFC 8017 section 8.2); P-256: ECDSA in
 * DER; both over SHA-256.  False for a key that pkverify_is_key() refuses. */
MUST_CHECK bool pkverify(enum pk_kind kind, const void *der, size_t der_len, const void *msg,
                         size_t n, const void *sig, size_t sig_len);

#endif
