/* crypto/secp256k1.h - ECDSA on Bitcoin's curve, over libsecp256k1.
 *
 * Verifying only, for now.  Public keys are compressed points, 33 bytes; signatures strict DER with
 * the low one of their two S (BIP 62 rules 1 and 5), over the SHA-256 of what is signed. */
#ifndef SHOAL_CRYPTO_SECP256K1_H
#define SHOAL_CRYPTO_SECP256K1_H

#include "base/err.h"
#include "crypto/sha256.h"

#include <stdbool.h>

enum { SECP256K1_PUB_LEN = 33 };

/* Is it a point of the curve? */
MUST_CHECK bool secp256k1_is_public(const uint8_t pub[SECP256K1_PUB_LEN]);

/* sig: sig_len bytes of DER and nothing after them. */
MUST_CHECK bool secp256k1_verify(const uint8_t pub[SECP256K1_PUB_LEN],
                                 const uint8_t hash[SHA256_LEN], const void *sig, size_t sig_len);

#endif
