#include "api/json_text.h"

#include "base/test.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void becomes(json_t *j, const char *want)
{
    struct buf b = {0};
    json_text_put(&b, j);
    char *text = buf_take_str(&b);
    assert_string_equal(text, want);
    free(text);
    json_decref(j);
}

static void numbers_are_written_to_their_limits(void **state)
{
    (void)state;
    becomes(json_integer(0), "0");
    becomes(json_integer(-7), "-7");
    becomes(json_integer(1234567890), "1234567890");
    becomes(json_integer(INT64_MAX), "9223372036854775807");
    becomes(json_integer(INT64_MIN), "-9223372036854775808");
    becomes(json_real(0), "0.0");
    becomes(json_real(-2), "-2.0");
    becomes(json_real(0.5), "0.5");
    becomes(json_real(999999999999999), "999999999999999.0");
    becomes(json_real(1e15), "1000000000000000.0");
    becomes(json_real(1e18), "1e18");
    becomes(json_real(-0.125), "-0.125");
}

static void text_is_escaped_where_it_must_be(void **state)
{
    (void)state;
    becomes(json_string(""), "\"\"");
    becomes(json_string("a \xc3\xa9 \x7f /"), "\"a \xc3\xa9 \x7f /\"");
    becomes(json_string("a\"b"), "\"a\\\"b\"");
    becomes(json_string("a\\b\n\x01"), "\"a\\\\b\\n\\u0001\"");
    becomes(json_stringn("a\0b", 3), "\"a\\u0000b\"");
}

static void the_rest_is_as_jansson_writes_it(void **state)
{
    (void)state;
    becomes(NULL, "null");
    becomes(json_null(), "null");
    becomes(json_true(), "true");
    becomes(json_false(), "false");
    becomes(json_pack("[i, {s:[]}, s]", 1, "a", "b"), "[1,{\"a\":[]},\"b\"]");
}

static void names_are_parted_by_commas(void **state)
{
    (void)state;
    struct buf b = {0};
    json_text_name(&b, true, "a");
    json_text_name(&b, false, "b\"");
    char *text = buf_take_str(&b);
    assert_string_equal(text, "\"a\":,\"b\\\"\":");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_to_their_limits),
        cmocka_unit_test(text_is_escaped_where_it_must_be),
        cmocka_unit_test(the_rest_is_as_jansson_writes_it),
        cmocka_unit_test(names_are_parted_by_commas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
