#include "base/text.h"

#include "base/test.h"

static void sizes_have_binary_units(void **state)
{
    (void)state;
    const struct {
        uint64_t n;
        const char *s;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1 KiB"},
        {1536, "1.5 KiB"},
        {102348, "99.9 KiB"},
        {102400, "100 KiB"},
        {104345, "102 KiB"},
        {1048575, "1 MiB"}, /* not 1024 KiB */
        {3 << 29, "1.5 GiB"},
        {UINT64_C(200) << 30, "200 GiB"},
        {UINT64_C(1023) << 50, "1023 PiB"},
        {UINT64_MAX, "16 EiB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(text_bytes(cases[i].n).s, cases[i].s);
    assert_string_equal(text_rate(1 << 20).s, "1 MiB/s");
}

static void durations_show_two_units(void **state)
{
    (void)state;
    const struct {
        uint64_t n;
        const char *s;
    } cases[] = {
        {0, "0 s"},          {59, "59 s"},
        {60, "1 min"},       {200, "3 min 20 s"},
        {3600, "1 h"},       {3659, "1 h"},
        {7530, "2 h 5 min"}, {86400, "1 d"},
        {273600, "3 d 4 h"}, {UINT64_MAX, "213503982334601 d 7 h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(text_duration(cases[i].n).s, cases[i].s);
}

static void moments_are_utc(void **state)
{
    (void)state;
    const int64_t s = 1000000;
    assert_string_equal(text_rfc3339(0).s, "1970-01-01T00:00:00Z");
    assert_string_equal(text_rfc3339(-1).s, "1969-12-31T23:59:59Z");
    assert_string_equal(text_rfc3339(1709208000 * s + 999999).s, "2024-02-29T12:00:00Z");
    assert_string_equal(text_rfc3339(253402300799 * s).s, "9999-12-31T23:59:59Z");
    assert_string_equal(text_rfc3339(253402300800 * s).s, "9999-12-31T23:59:59Z");
    assert_string_equal(text_rfc3339(INT64_MIN).s, "0000-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(durations_show_two_units),
        cmocka_unit_test(moments_are_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
