/* crypto/bip39_test.h - one vector of BIP 39: entropy, phrase and seed belong together. */
#ifndef SHOAL_CRYPTO_BIP39_TEST_H
#define SHOAL_CRYPTO_BIP39_TEST_H

#include "crypto/bip39.h"

#include "base/test.h"
#include "crypto/hex.h"

/* There and back; the passphrase is TREZOR, as in all published vectors. */
static inline void bip39_holds(const char *entropy_hex, const char *phrase, const char *seed_hex)
{
    uint8_t entropy[32], back[32], seed[BIP39_SEED_LEN];
    char words[BIP39_PHRASE_MAX], text[2 * BIP39_SEED_LEN + 1];
    struct why why = {0};
    size_t n = strlen(entropy_hex) / 2, got = 0;
    assert_true(hex_decode(entropy_hex, 2 * n, entropy, n));
    bip39_phrase(entropy, n, words);
    assert_string_equal(words, phrase);
    assert_int_equal(bip39_entropy(phrase, back, &got, &why), OK);
    assert_int_equal(got, n);
    assert_memory_equal(back, entropy, n);
    assert_int_equal(bip39_seed(phrase, "TREZOR", seed, &why), OK);
    assert_string_equal(hex_encode(seed, sizeof seed, text), seed_hex);
}

#endif
