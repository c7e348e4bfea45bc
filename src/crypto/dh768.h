/* crypto/dh768.h - Diffie-Hellman in the 768-bit group of BitTorrent's Message Stream Encryption.
 *
 * The prime is MSE's own (it ends in 0x090563; it is not RFC 2409's first group), the generator 2,
 * a private number 160 bits.  Too short to keep a secret from who means it; that is not what it
 * is for (files/peer/mse.h).  Numbers are big-endian and always DH768_LEN bytes wide: leading zeros
 * stay, or one handshake in 256 fails. */
#ifndef SHOAL_CRYPTO_DH768_H
#define SHOAL_CRYPTO_DH768_H

#include "base/err.h"

#include <stdint.h>

enum { DH768_LEN = 96, DH768_SECRET = 20 };

/* What we tell of `secret`, which is DH768_SECRET random bytes. */
void dh768_public(const uint8_t secret[DH768_SECRET], uint8_t out[DH768_LEN]);

/* ERR_INVALID: theirs is no key (0, 1, the prime less one, or not less than the prime): what comes
 * of it would be known to everybody. */
MUST_CHECK enum err dh768_shared(const uint8_t secret[DH768_SECRET],
                                 const uint8_t theirs[DH768_LEN], uint8_t out[DH768_LEN],
                                 struct why *why);

#endif
