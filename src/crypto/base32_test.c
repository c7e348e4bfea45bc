#include "crypto/base32.h"

#include "base/test.h"

/* RFC 4648 section 10, BASE32, without its padding and in lower case. */
static const char *const texts[] = {"", "my", "mzxq", "mzxw6", "mzxw6yq", "mzxw6ytb", "mzxw6ytboi"};

static void goes_there_and_back_as_rfc_4648_says(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof texts / sizeof *texts; n++) {
        char text[16];
        uint8_t bytes[6];
        assert_string_equal(base32_encode("foobar", n, text), texts[n]);
        assert_true(base32_decode(texts[n], strlen(texts[n]), bytes, n));
        assert_memory_equal(bytes, "foobar", n);
    }
}

static void case_and_padding_do_not_matter(void **state)
{
    (void)state;
    uint8_t bytes[4];
    assert_true(base32_decode("MZXW6YQ=", 8, bytes, 4));
    assert_memory_equal(bytes, "foob", 4);
    assert_false(base32_decode("MZ=W6YQ=", 8, bytes, 4)); /* but padding comes last */
}

static void the_length_is_exact(void **state)
{
    (void)state;
    uint8_t bytes[4];
    for (size_t len = 0; len <= 10; len++)
        assert_int_equal(base32_decode("mzxwaaaaaa", len, bytes, 4), len == 7);
    assert_false(base32_decode("", 0, bytes, SIZE_MAX / 8 + 1)); /* n * 8 wraps to 0 */
}

static void stray_bits_and_strange_letters_are_refused(void **state)
{
    (void)state;
    uint8_t byte;
    assert_true(base32_decode("me", 2, &byte, 1));
    assert_false(base32_decode("mf", 2, &byte, 1)); /* a bit past the byte */
    for (int c = 0; c < 256; c++) {
        const char text[2] = {(char)c, 'a'};
        const bool want =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
        assert_int_equal(base32_decode(text, 2, &byte, 1), want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back_as_rfc_4648_says),
        cmocka_unit_test(case_and_padding_do_not_matter),
        cmocka_unit_test(the_length_is_exact),
        cmocka_unit_test(stray_bits_and_strange_letters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
