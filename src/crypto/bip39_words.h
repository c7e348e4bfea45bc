/* crypto/bip39_words.h - the English word list of BIP39, sorted.  For bip39.c. */
#ifndef SHOAL_CRYPTO_BIP39_WORDS_H
#define SHOAL_CRYPTO_BIP39_WORDS_H

enum { BIP39_WORD_COUNT = 2048, BIP39_WORD_SIZE = 9 }; /* the longest has 8 letters */

extern const char bip39_words[BIP39_WORD_COUNT][BIP39_WORD_SIZE];

#endif
