#include "crypto/sha256.h"

#include "base/test.h"
#include "crypto/hex.h"

static void is(const uint8_t digest[SHA256_LEN], const char *hex)
{
    char text[2 * SHA256_LEN + 1];
    assert_string_equal(hex_encode(digest, SHA256_LEN, text), hex);
}

/* FIPS 180-2 appendices B and C, the examples that NIST gives for FIPS 180-4. */
static void gives_the_digests_of_fips_180(void **state)
{
    (void)state;
    uint8_t out[SHA256_LEN];
    sha256("abc", 3, out);
    is(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    sha256(two, strlen(two), out);
    is(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    struct sha256 *h = sha256_new();
    for (int i = 0; i < 1000000; i++)
        sha256_update(h, "a", 1);
    sha256_finish(h, out);
    is(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void nothing_at_all_has_a_digest_too(void **state)
{
    (void)state;
    uint8_t out[SHA256_LEN];
    sha256(NULL, 0, out);
    is(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct sha256 *h = sha256_new();
    sha256_update(h, NULL, 0);
    sha256_finish(h, out);
    is(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void one_that_was_not_finished_is_freed(void **state)
{
    (void)state;
    struct sha256 *h = sha256_new();
    sha256_update(h, "abc", 3);
    sha256_free(h);
    sha256_free(NULL);
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
