#include "crypto/sha512.h"

#include "base/test.h"
#include "crypto/hex.h"

static void is(const uint8_t digest[SHA512_LEN], const char *hex)
{
    char text[2 * SHA512_LEN + 1];
    assert_string_equal(hex_encode(digest, SHA512_LEN, text), hex);
}

/* FIPS 180-2 appendices B and C, the examples that NIST gives for FIPS 180-4. */
static void gives_the_digests_of_fips_180(void **state)
{
    (void)state;
    uint8_t out[SHA512_LEN];
    sha512("abc", 3, out);
    is(out, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    const char *two = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                      "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    sha512(two, strlen(two), out);
    is(out, "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
            "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
    struct sha512 *h = sha512_new();
    for (int i = 0; i < 1000000; i++)
        sha512_update(h, "a", 1);
    sha512_finish(h, out);
    is(out, "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
            "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
}

static void nothing_at_all_has_a_digest_too(void **state)
{
    (void)state;
    uint8_t out[SHA512_LEN];
    sha512(NULL, 0, out);
    is(out, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
    struct sha512 *h = sha512_new();
    sha512_update(h, NULL, 0);
    sha512_finish(h, out);
    is(out, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
}

static void one_that_was_not_finished_is_freed(void **state)
{
    (void)state;
    struct sha512 *h = sha512_new();
    sha512_update(h, "abc", 3);
    sha512_free(h);
    sha512_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_digests_of_fips_180),
        cmocka_unit_test(nothing_at_all_has_a_digest_too),
        cmocka_unit_test(one_that_was_not_finished_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
