#include "crypto/x25519.h"

#include "base/test.h"
#include "crypto/hex.h"

static void unhex(const char *text, uint8_t out[X25519_LEN])
{
    assert_true(hex_decode(text, strlen(text), out, X25519_LEN));
}

static void shares(const char *secret_hex, const char *theirs_hex, const char *want)
{
    uint8_t secret[X25519_LEN], theirs[X25519_LEN], out[X25519_LEN];
    char text[2 * X25519_LEN + 1];
    unhex(secret_hex, secret);
    unhex(theirs_hex, theirs);
    assert_true(x25519_shared(secret, theirs, out));
    assert_string_equal(hex_encode(out, sizeof out, text), want);
}

/* RFC 7748 section 5.2.  The second point has its highest bit set, which is passed over. */
static void gives_the_products_of_rfc_7748(void **state)
{
    (void)state;
    shares("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
           "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
           "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    shares("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
           "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
           "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

static void a_thousand_in_a_row_come_out_right(void **state)
{
    (void)state;
    uint8_t k[X25519_LEN] = {9}, u[X25519_LEN] = {9}, out[X25519_LEN];
    char text[2 * X25519_LEN + 1];
    for (int i = 0; i < 1000; i++) {
        assert_true(x25519_shared(k, u, out));
        memcpy(u, k, sizeof u);
        memcpy(k, out, sizeof k);
        if (i == 0)
            assert_string_equal(hex_encode(k, sizeof k, text),
                                "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
    assert_string_equal(hex_encode(k, sizeof k, text),
                        "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

/* Section 6.1. */
static void alice_and_bob_agree(void **state)
{
    (void)state;
    uint8_t alice[X25519_LEN], bob[X25519_LEN], pub[X25519_LEN];
    char a_pub[2 * X25519_LEN + 1], b_pub[2 * X25519_LEN + 1];
    const char *a = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
    const char *b = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
    const char *shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    unhex(a, alice);
    unhex(b, bob);
    x25519_public(alice, pub);
    assert_string_equal(hex_encode(pub, sizeof pub, a_pub),
                        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    x25519_public(bob, pub);
    assert_string_equal(hex_encode(pub, sizeof pub, b_pub),
                        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    shares(a, b_pub, shared);
    shares(b, a_pub, shared);
}

/* The points of order 1, 2, 4 and 8 and their twins past the prime (cr.yp.to/ecdh.html, "How do I
 * validate Curve25519 public keys?"), each with its highest bit clear and set. */
static void points_of_low_order_are_refused(void **state)
{
    (void)state;
    static const char *const low[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    static const uint8_t zero[X25519_LEN];
    uint8_t secret[X25519_LEN] = {7}, theirs[X25519_LEN], out[X25519_LEN];
    for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
        unhex(low[i], theirs);
        for (int high = 0; high < 2; high++) {
            theirs[X25519_LEN - 1] |= (uint8_t)(high << 7);
            memset(out, 0xaa, sizeof out);
            assert_false(x25519_shared(secret, theirs, out));
            assert_memory_equal(out, zero, sizeof out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_products_of_rfc_7748),
        cmocka_unit_test(a_thousand_in_a_row_come_out_right),
        cmocka_unit_test(alice_and_bob_agree),
        cmocka_unit_test(points_of_low_order_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
