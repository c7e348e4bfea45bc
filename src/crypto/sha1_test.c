#include "crypto/sha1.h"

#include "base/test.h"
#include "crypto/hex.h"

static void is(const uint8_t digest[SHA1_LEN], const char *hex)
{
    char text[2 * SHA1_LEN + 1];
    assert_string_equal(hex_encode(digest, SHA1_LEN, text), hex);
}

/* RFC 3174 section 7.3, TEST1 to TEST4. */
static void gives_the_digests_of_rfc_3174(void **state)
{
    (void)state;
    uint8_t out[SHA1_LEN];
    sha1("abc", 3, out);
    is(out, "a9993e364706816aba3e25717850c26c9cd0d89d");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    sha1(two, strlen(two), out);
    is(out, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    struct sha1 *h = sha1_new();
    for (int i = 0; i < 1000000; i++)
        sha1_update(h, "a", 1);
    sha1_finish(h, out);
    is(out, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    h = sha1_new();
    for (int i = 0; i < 10; i++)
        sha1_update(h, "0123456701234567012345670123456701234567012345670123456701234567", 64);
    sha1_finish(h, out);
    is(out, "dea356a2cddd90c7a7ecedc5ebb563934f460452");
}

static void nothing_at_all_has_a_digest_too(void **state)
{
    (void)state;
    uint8_t out[SHA1_LEN];
    sha1(NULL, 0, out);
    is(out, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    struct sha1 *h = sha1_new();
    sha1_update(h, NULL, 0);
    sha1_finish(h, out);
    is(out, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void one_that_was_not_finished_is_freed(void **state)
{
    (void)state;
    struct sha1 *h = sha1_new();
    sha1_update(h, "abc", 3);
    sha1_free(h);
    sha1_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_digests_of_rfc_3174),
        cmocka_unit_test(nothing_at_all_has_a_digest_too),
        cmocka_unit_test(one_that_was_not_finished_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
