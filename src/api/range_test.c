#include "api/range.h"

#include "base/test.h"

static void ranges_are_read_as_the_rfc_says(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum range_kind kind;
        uint64_t from, len;
    } cases[] = {
        /* RFC 9110 section 14.1.2, of 10000 bytes */
        {"bytes=0-499", RANGE_PART, 0, 500},
        {"bytes=500-999", RANGE_PART, 500, 500},
        {"bytes=-500", RANGE_PART, 9500, 500},
        {"bytes=9500-", RANGE_PART, 9500, 500},
        {"bytes=0-0,-1", RANGE_WHOLE, 0, 10000},
        {NULL, RANGE_WHOLE, 0, 10000},
        {"Bytes=5-", RANGE_PART, 5, 9995},
        {"bytes=0-20000", RANGE_PART, 0, 10000},
        {"bytes=-20000", RANGE_PART, 0, 10000},
        {"bytes=10000-", RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=99999999999999999999999-", RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=9-99999999999999999999999", RANGE_PART, 9, 9991},
        {"bytes=-0", RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=5-4", RANGE_WHOLE, 0, 10000},
        {"bytes=", RANGE_WHOLE, 0, 10000},
        {"bytes=-", RANGE_WHOLE, 0, 10000},
        {"bytes=a-b", RANGE_WHOLE, 0, 10000},
        {"bytes=1-2x", RANGE_WHOLE, 0, 10000},
        {"bytes=+1-2", RANGE_WHOLE, 0, 10000},
        {"items=0-5", RANGE_WHOLE, 0, 10000},
        {"", RANGE_WHOLE, 0, 10000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct range r = range_of(cases[i].header, NULL, "v", 10000);
        if (r.kind != cases[i].kind || r.from != cases[i].from || r.len != cases[i].len)
            fail_msg("%s", cases[i].header ? cases[i].header : "(none)");
    }
}

static void an_empty_file_has_no_ranges(void **state)
{
    (void)state;
    assert_int_equal(range_of("bytes=0-", NULL, "v", 0).kind, RANGE_UNSATISFIABLE);
    assert_int_equal(range_of("bytes=-5", NULL, "v", 0).kind, RANGE_UNSATISFIABLE);
    assert_int_equal(range_of(NULL, NULL, "v", 0).kind, RANGE_WHOLE);
}

static void another_version_is_sent_whole(void **state)
{
    (void)state;
    assert_int_equal(range_of("bytes=5-", "\"v1\"", "v1", 10).kind, RANGE_PART);
    assert_int_equal(range_of("bytes=5-", "\"v2\"", "v1", 10).kind, RANGE_WHOLE);
    assert_int_equal(range_of("bytes=5-", "v1", "v1", 10).kind, RANGE_WHOLE);
    assert_int_equal(range_of("bytes=5-", "W/\"v1\"", "v1", 10).kind, RANGE_WHOLE);
    assert_int_equal(range_of("bytes=5-", "Wed, 21 Oct 2015 07:28:00 GMT", "v1", 10).kind,
                     RANGE_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_as_the_rfc_says),
        cmocka_unit_test(an_empty_file_has_no_ranges),
        cmocka_unit_test(another_version_is_sent_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
