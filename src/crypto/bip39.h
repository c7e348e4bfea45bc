/* crypto/bip39.h - a secret as English words that a person can write down (BIP39).
 *
 * 16, 20, 24, 28 or 32 bytes of entropy are 12, 15, 18, 21 or 24 words; the last word carries a
 * checksum of 4 to 8 bits.  From the words, and a passphrase if there is one, comes the 64 byte
 * seed of all key trees (BIP32, SLIP-0010).
 *
 * Phrases are read as people type them: any white space between words, either case.  Refused: words
 * that are not in the English list (so every other language), a wrong number of words, a wrong
 * checksum.  BIP39 wants the phrase and the passphrase in Unicode's NFKD form, which leaves ASCII
 * as it is; a passphrase with anything else in it is refused, since without the normalisation it
 * would give a seed that no other wallet gives.  Reasons name a word by its place only: reasons are
 * logged, and a word is a part of a secret. */
#ifndef SHOAL_CRYPTO_BIP39_H
#define SHOAL_CRYPTO_BIP39_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    BIP39_ENTROPY_MAX = 32,
    BIP39_PHRASE_MAX = 24 * 9,   /* 24 words of at most 8 letters, each with a space or the NUL */
    BIP39_TYPED_MAX = 1000,      /* bytes of a phrase as typed */
    BIP39_PASSPHRASE_MAX = 1000, /* bytes */
    BIP39_SEED_LEN = 64,
};

/* n: 16, 20, 24, 28 or 32; anything else is our bug: aborts.  Wipe `out` after use. */
void bip39_phrase(const uint8_t *entropy, size_t n, char out[BIP39_PHRASE_MAX]);

/* The entropy back; *n is its length.  ERR_INVALID, or ERR_LIMIT past BIP39_TYPED_MAX. */
MUST_CHECK enum err bip39_entropy(const char *phrase, uint8_t out[BIP39_ENTROPY_MAX], size_t *n,
                                  struct why *why);

/* passphrase: "" for none.  The phrase must hold as for bip39_entropy(). */
MUST_CHECK enum err bip39_seed(const char *phrase, const char *passphrase,
                               uint8_t out[BIP39_SEED_LEN], struct why *why);

#endif
