#include "crypto/secp256k1.h"

#include "base/test.h"
#include "crypto/hex.h"

/* libp2p/specs peer-ids/peer-ids.md, "Test vectors"; what js-libp2p (@libp2p/crypto 5) signed with
 * that key, and the same with n - s for s. */
static const char pub_hex[] = "037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99";
static const char sig_hex[] =
    "30450221009c4a659262618aa2bef46fd4797c6cfd823296cc13cea479a720761f5c09ea9202207c56a1eb5aaf77bc"
    "e5cea8315670ac5a4cf5f2b4617ba111ddcaddbc8094b5fa";
static const char high_hex[] =
    "30460221009c4a659262618aa2bef46fd4797c6cfd823296cc13cea479a720761f5c09ea9202210083a95e14a55088"
    "431a3157cea98f53a46db8ea324dccff29e20780d04fa18b47";
static const char text[] = "every key signs this";

enum { SIG_MAX = 80 };

static size_t unhex(const char *hex, uint8_t *out)
{
    assert_true(hex_decode(hex, strlen(hex), out, strlen(hex) / 2));
    return strlen(hex) / 2;
}

static bool verifies(const char *sig, const char *signed_text)
{
    uint8_t pub[SECP256K1_PUB_LEN], hash[SHA256_LEN], der[SIG_MAX];
    unhex(pub_hex, pub);
    sha256(signed_text, strlen(signed_text), hash);
    size_t n = unhex(sig, der);
    return secp256k1_verify(pub, hash, der, n);
}

static void knows_the_signature_of_another_program(void **state)
{
    (void)state;
    assert_true(verifies(sig_hex, text));
    assert_false(verifies(sig_hex, "no key signs this"));
}

/* BIP 62 rule 5: whoever sees a signature could make the second one of it. */
static void the_high_s_is_refused(void **state)
{
    (void)state;
    assert_false(verifies(high_hex, text));
}

static void every_bit_of_the_signature_counts(void **state)
{
    (void)state;
    uint8_t pub[SECP256K1_PUB_LEN], hash[SHA256_LEN], der[SIG_MAX] = {0};
    unhex(pub_hex, pub);
    sha256(text, strlen(text), hash);
    size_t n = unhex(sig_hex, der);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        der[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(secp256k1_verify(pub, hash, der, n));
        der[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_false(secp256k1_verify(pub, hash, NULL, 0));
    for (size_t len = 0; len <= n + 1; len++)
        assert_int_equal(secp256k1_verify(pub, hash, der, len), len == n);
}

static void a_point_off_the_curve_is_no_key(void **state)
{
    (void)state;
    uint8_t pub[SECP256K1_PUB_LEN], hash[SHA256_LEN] = {0};
    unhex(pub_hex, pub);
    assert_true(secp256k1_is_public(pub));
    pub[0] = 0x04;
    assert_false(secp256k1_is_public(pub));
    assert_false(secp256k1_verify(pub, hash, "", 0));
    memset(pub, 0, sizeof pub);
    assert_false(secp256k1_is_public(pub));
    pub[0] = 0x02;
    pub[32] = 0x05; /* x = 5: 5^3 + 7 is no square */
    assert_false(secp256k1_is_public(pub));
    memset(pub + 1, 0xff, 32); /* past the prime */
    assert_false(secp256k1_is_public(pub));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_signature_of_another_program),
        cmocka_unit_test(the_high_s_is_refused),
        cmocka_unit_test(every_bit_of_the_signature_counts),
        cmocka_unit_test(a_point_off_the_curve_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
