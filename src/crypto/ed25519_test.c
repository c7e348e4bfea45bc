#include "crypto/ed25519.h"

#include "base/test.h"
#include "crypto/hex.h"

static void unhex(const char *text, void *out, size_t n)
{
    assert_true(hex_decode(text, strlen(text), out, n));
}

/* RFC 8032 section 7.1, TEST 1, 2 and 3. */
static const struct {
    const char *seed, *pub, *msg, *sig;
} vector[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void signs_as_rfc_8032_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vector / sizeof *vector; i++) {
        uint8_t seed[32], want_pub[32], want_sig[64], msg[2], secret[64], pub[32], sig[64];
        size_t n = strlen(vector[i].msg) / 2;
        unhex(vector[i].seed, seed, sizeof seed);
        unhex(vector[i].pub, want_pub, sizeof want_pub);
        unhex(vector[i].sig, want_sig, sizeof want_sig);
        unhex(vector[i].msg, msg, n);
        ed25519_public(seed, pub);
        assert_memory_equal(pub, want_pub, sizeof pub);
        memset(pub, 0, sizeof pub);
        ed25519_secret(seed, secret, pub);
        assert_memory_equal(pub, want_pub, sizeof pub);
        ed25519_sign(secret, msg, n, sig);
        assert_memory_equal(sig, want_sig, sizeof sig);
        assert_true(ed25519_verify(pub, msg, n, sig));
    }
}

static void each_flipped_bit_is_refused(void **state)
{
    (void)state;
    uint8_t seed[32] = {7}, secret[64], pub[32], sig[64], msg[5] = "goods";
    ed25519_secret(seed, secret, pub);
    ed25519_sign(secret, msg, sizeof msg, sig);
    assert_true(ed25519_verify(pub, msg, sizeof msg, sig));
    for (unsigned bit = 0; bit < 8 * sizeof sig; bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ed25519_verify(pub, msg, sizeof msg, sig));
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (unsigned bit = 0; bit < 8 * sizeof msg; bit++) {
        msg[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ed25519_verify(pub, msg, sizeof msg, sig));
        msg[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (unsigned bit = 0; bit < 8 * sizeof pub; bit++) {
        pub[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ed25519_verify(pub, msg, sizeof msg, sig));
        pub[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_false(ed25519_verify(pub, msg, sizeof msg - 1, sig));
    assert_true(ed25519_verify(pub, msg, sizeof msg, sig));
}

/* With the neutral element as public key, R = neutral and S = 0 would hold for every message. */
static void a_key_that_signs_everything_is_refused(void **state)
{
    (void)state;
    uint8_t pub[32] = {1}, sig[64] = {1};
    assert_false(ed25519_verify(pub, "any", 3, sig));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_rfc_8032_says),
        cmocka_unit_test(each_flipped_bit_is_refused),
        cmocka_unit_test(a_key_that_signs_everything_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
