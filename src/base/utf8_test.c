#include "base/utf8.h"

#include "base/test.h"

#include <stdlib.h>

static bool valid(const char *s)
{
    return utf8_valid(s, strlen(s));
}

static void well_formed_by_rfc_3629(void **state)
{
    (void)state;
    assert_true(valid("") && utf8_valid(NULL, 0) && utf8_valid("\0", 1));
    assert_true(valid("a\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    assert_true(valid("\xed\x9f\xbf\xee\x80\x80")); /* either side of the surrogates */
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",
        "\xed\xbf\xbf", /* surrogates */
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe", /* too large */
        "\xc3(",
        "\xe2\x82(",
        "\xf0\x9f\x90(",
        "\xe2(\x82",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(valid(bad[i]));
}

static void every_code_point_is_one_character(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x110000; c++) {
        uint8_t p[4] = {(uint8_t)c};
        size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
        if (len > 1) {
            for (size_t i = len - 1, rest = c; i > 0; i--, rest >>= 6)
                p[i] = (uint8_t)(0x80 | (rest & 0x3f));
            p[0] = (uint8_t)(lead[len] | c >> (6 * (len - 1)));
        }
        uint32_t got = 0;
        bool good = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        assert_int_equal(utf8_char(p, len, &got), good ? len : 0);
        assert_true(!good || got == c);
        assert_int_equal(utf8_char(p, len - 1, &got), 0); /* cut short */
    }
}

static void escapes(const char *text, const char *want)
{
    struct buf out = {0};
    utf8_escape(&out, text, strlen(text));
    char *got = buf_take_str(&out);
    assert_string_equal(got, want);
    free(got);
}

static void nothing_that_drives_a_terminal_gets_through(void **state)
{
    (void)state;
    escapes("plain \xc3\xa9 \xf0\x9f\x90\x9f", "plain \xc3\xa9 \xf0\x9f\x90\x9f");
    escapes("a\nb\x1b[31m\x7f\t", "a\\x0ab\\x1b[31m\\x7f\\x09");
    escapes("\xc2\x9b"
            "31m",
            "\\xc2\\x9b31m"); /* C1: CSI in one character */
    escapes("\xe2\x80\xae"
            "cod.exe",
            "\\xe2\\x80\\xaecod.exe"); /* right-to-left override */
    escapes("\xe2\x81\xa6\xe2\x80\xa8", "\\xe2\\x81\\xa6\\xe2\\x80\\xa8");
    escapes("\xff\xc3(\xe2\x82", "\\xff\\xc3(\\xe2\\x82");
    escapes("\xc2\xa0", "\xc2\xa0"); /* the first after C1 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_by_rfc_3629),
        cmocka_unit_test(every_code_point_is_one_character),
        cmocka_unit_test(nothing_that_drives_a_terminal_gets_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
