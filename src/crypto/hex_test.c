#include "crypto/hex.h"

#include "base/test.h"

/* RFC 4648 section 10, BASE16; we write lower case. */
static void goes_there_and_back_as_rfc_4648_says(void **state)
{
    (void)state;
    char text[16];
    uint8_t bytes[8] = {0};
    assert_string_equal(hex_encode("foobar", 6, text), "666f6f626172");
    assert_true(hex_decode(text, 12, bytes, 6));
    assert_memory_equal(bytes, "foobar", 6);
    assert_string_equal(hex_encode("", 0, text), "");
    assert_true(hex_decode("", 0, bytes, 0));
    assert_true(hex_decode("0aF9", 4, bytes, 2)); /* either case */
    assert_memory_equal(bytes, "\x0a\xf9", 2);
}

static void the_length_is_exact(void **state)
{
    (void)state;
    uint8_t bytes[2] = {0};
    for (size_t len = 0; len <= 6; len++)
        assert_int_equal(hex_decode("abcdef", len, bytes, 2), len == 4);
    assert_false(hex_decode("ab", 2, bytes, (SIZE_MAX / 2 + 1) + 1)); /* 2 * n wraps to 2 */
}

static void only_digits_are_digits(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        const bool want = c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;
        uint8_t byte;
        const char first[2] = {(char)c, '0'}, second[2] = {'0', (char)c};
        assert_int_equal(hex_decode(first, 2, &byte, 1), want);
        assert_int_equal(hex_decode(second, 2, &byte, 1), want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back_as_rfc_4648_says),
        cmocka_unit_test(the_length_is_exact),
        cmocka_unit_test(only_digits_are_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
