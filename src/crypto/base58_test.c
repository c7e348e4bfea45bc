#include "crypto/base58.h"

#include "base/test.h"
#include "crypto/hex.h"

/* Bitcoin Core, src/test/data/base58_encode_decode.json. */
static const struct {
    const char *hex, *text;
} vector[] = {
    {"", ""},
    {"61", "2g"},
    {"636363", "aPEr"},
    {"73696d706c792061206c6f6e6720737472696e67", "2cFupjhnEsSn59qHXstmK2ffpLv2"},
    {"516b6fcd0f", "ABnLTmg"},
    {"bf4f89001e670274dd", "3SEo3LWLoPntC"},
    {"ecac89cad93923c02321", "EJDM8drfXA6uyA"},
    {"10c8511e", "Rt5zm"},
    {"00000000000000000000", "1111111111"},
    {"00eb15231dfceb60925886b67d065299925915aeb172c06647", "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"},
    {"000111d38e5fc9071ffcd20b4a763cc9ae4f252bb4e48fd66a835e252ada93ff480d6dd43dc62a641155a5",
     "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"},
};

static void goes_there_and_back_as_bitcoin_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vector / sizeof *vector; i++) {
        uint8_t bytes[64], back[64];
        char text[BASE58_TEXT_MAX];
        size_t n = strlen(vector[i].hex) / 2, got = 99;
        assert_true(hex_decode(vector[i].hex, 2 * n, bytes, n));
        assert_true(base58_encode(bytes, n, text, sizeof text));
        assert_string_equal(text, vector[i].text);
        assert_true(base58_decode(text, strlen(text), back, sizeof back, &got));
        assert_int_equal(got, n);
        assert_memory_equal(back, bytes, n);
    }
}

static void letters_that_look_alike_are_refused(void **state)
{
    (void)state;
    static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    for (int c = 0; c < 256; c++) {
        const char text[3] = {'2', (char)c, '2'};
        uint8_t out[4];
        size_t n;
        assert_int_equal(base58_decode(text, 3, out, sizeof out, &n),
                         c != 0 && strchr(alphabet, c) != NULL);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    char text[8];
    uint8_t out[4];
    size_t n = 0;
    assert_true(base58_encode("\x51\x6b\x6f\xcd\x0f", 5, text, 8)); /* 7 digits and the NUL */
    assert_false(base58_encode("\x51\x6b\x6f\xcd\x0f", 5, text, 7));
    assert_true(base58_decode("Rt5zm", 5, out, 4, &n) && n == 4);
    assert_false(base58_decode("Rt5zm", 5, out, 3, &n));
    assert_true(base58_decode("1111", 4, out, 4, &n) && n == 4);
    assert_false(base58_decode("11111", 5, out, 4, &n));
}

static void the_limit_is_256_bytes(void **state)
{
    (void)state;
    uint8_t bytes[BASE58_BYTES_MAX + 1], back[BASE58_BYTES_MAX + 1];
    char text[2 * BASE58_TEXT_MAX];
    size_t n;
    memset(bytes, 0xff, sizeof bytes);
    assert_true(base58_encode(bytes, BASE58_BYTES_MAX, text, sizeof text));
    assert_int_equal(strlen(text), BASE58_TEXT_MAX - 1);
    assert_true(base58_decode(text, strlen(text), back, sizeof back, &n));
    assert_int_equal(n, BASE58_BYTES_MAX);
    assert_memory_equal(back, bytes, n);
    assert_false(base58_encode(bytes, BASE58_BYTES_MAX + 1, text, sizeof text));
    memset(text, 'z', sizeof text); /* as many digits, but a number of 257 bytes */
    assert_false(base58_decode(text, BASE58_TEXT_MAX - 1, back, sizeof back, &n));
    assert_false(base58_decode(text, BASE58_TEXT_MAX, back, sizeof back, &n));
    memset(text, '1', sizeof text);
    assert_true(base58_decode(text, BASE58_BYTES_MAX, back, sizeof back, &n));
    assert_false(base58_decode(text, BASE58_BYTES_MAX + 1, back, sizeof back, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back_as_bitcoin_does),
        cmocka_unit_test(letters_that_look_alike_are_refused),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(the_limit_is_256_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
