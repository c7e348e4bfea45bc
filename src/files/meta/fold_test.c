#include "files/meta/fold.h"

#include "base/mem.h"
#include "base/test.h"

static bool same(const char *a, const char *b)
{
    struct buf x = {0}, y = {0};
    fold_name(&x, a, strlen(a));
    fold_name(&y, b, strlen(b));
    bool equal =
        buf_len(&x) == buf_len(&y) && memcmp(buf_bytes(&x), buf_bytes(&y), buf_len(&x)) == 0;
    buf_done(&x);
    buf_done(&y);
    return equal;
}

static void names_that_other_systems_take_for_one_are_folded_to_one(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"README", "readme"},
        {"\u00c9t\u00e9", "e\u0301te\u0301"}, /* case and normal form at once */
        {"\u00c5", "a\u030a"},                /* A with a ring */
        {"\u0160koda", "\u0161KODA"},         /* Latin Extended-A */
        {"\u017d", "z\u030c"},                /* an odd capital */
        {"\u0178", "\u00ff"},                 /* a capital far from its small letter */
        {"\u0399\u03a3", "\u03b9\u03c2"},     /* a final sigma */
        {"\u0386", "\u03b1\u0301"},           /* an accented Greek capital */
        {"\u0419", "\u0438\u0306"},           /* short i, decomposed */
        {"\u0401", "\u0451"},                 /* Cyrillic io */
        {"\ud55c", "\u1112\u1161\u11ab"},     /* Hangul */
        {"\uac00", "\u1100\u1161"},           /* ... without a final consonant */
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (!same(pairs[i][0], pairs[i][1]))
            fail_msg("pair %zu", i);
}

static void names_that_are_two_stay_two(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"e", "\u00e9"}, {"\u00e8", "\u00e9"}, {"\u00d7", "\u00f7"}, {"\u0131", "i"},
        {"a", "b"},      {"\u0142", "l"},      {"\xff", "\xfe"},     {"\U0001f600", "\U0001f601"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (same(pairs[i][0], pairs[i][1]))
            fail_msg("pair %zu", i);
}

static void what_is_folded_once_stays_so(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c < 0x10000; c++) {
        struct buf once = {0}, twice = {0};
        char name[4] = {(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)),
                        (char)(0x80 | (c & 0x3f)), 0};
        char two[3] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)), 0};
        const char *text = c < 0x800 ? two : name;
        fold_name(&once, text, strlen(text));
        fold_name(&twice, (const char *)buf_bytes(&once), buf_len(&once));
        if (buf_len(&once) != buf_len(&twice) ||
            memcmp(buf_bytes(&once), buf_bytes(&twice), buf_len(&once)) != 0)
            fail_msg("U+%04x", c);
        buf_done(&once);
        buf_done(&twice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_other_systems_take_for_one_are_folded_to_one),
        cmocka_unit_test(names_that_are_two_stay_two),
        cmocka_unit_test(what_is_folded_once_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
