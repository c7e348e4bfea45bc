/* crypto/hkdf.h - keys out of what a handshake shared: HKDF-SHA-256 (RFC 5869) as Noise uses it
 * (Noise Protocol Framework revision 34, section 4.3, "HKDF"): no info, two or three outputs.
 *
 * The chaining key is the salt.  Outputs may be the chaining key itself; all of it is secret. */
#ifndef SHOAL_CRYPTO_HKDF_H
#define SHOAL_CRYPTO_HKDF_H

#include "crypto/sha256.h"

/* n bytes of input, none allowed; each output differs from the others and says nothing of them. */
void hkdf2_sha256(const uint8_t chaining_key[SHA256_LEN], const void *input, size_t n,
                  uint8_t out1[SHA256_LEN], uint8_t out2[SHA256_LEN]);
void hkdf3_sha256(const uint8_t chaining_key[SHA256_LEN], const void *input, size_t n,
                  uint8_t out1[SHA256_LEN], uint8_t out2[SHA256_LEN], uint8_t out3[SHA256_LEN]);

#endif
