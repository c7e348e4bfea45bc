#include "base/lines.h"

#include "base/test.h"

#include <string.h>

static struct cur of(const char *text)
{
    return cur_of(text, strlen(text));
}

static bool says(struct cur c, const char *text)
{
    return c.n == strlen(text) && (c.n == 0 || memcmp(c.p, text, c.n) == 0);
}

static void lines_end_with_and_without_a_carriage_return(void **state)
{
    (void)state;
    struct cur c = of("one\r\ntwo\n\r\n\nr\r\r\ncut\r"), line;
    static const char *const expected[] = {"one", "two", "", "", "r\r"};
    for (size_t i = 0; i < 5; i++) {
        assert_true(line_next(&c, &line));
        assert_true(says(line, expected[i]));
    }
    assert_false(line_next(&c, &line));
    assert_true(says(c, "cut\r")); /* it may go on */
    struct cur nothing = cur_of(NULL, 0);
    assert_false(line_next(&nothing, &line));
}

static void blanks_go_from_both_ends_and_stay_between(void **state)
{
    (void)state;
    assert_true(says(line_trim(of(" \t a b\t ")), "a b"));
    assert_true(says(line_trim(of(" \t ")), ""));
    assert_true(says(line_trim(of("a")), "a"));
    assert_true(says(line_trim(cur_of(NULL, 0)), ""));
}

static void words_are_known_in_any_case(void **state)
{
    (void)state;
    assert_true(line_is(of("WebSocket"), "websocket"));
    assert_false(line_is(of("websockets"), "websocket"));
    assert_false(line_is(of("websocke"), "websocket"));
    assert_true(line_begins(of("Basic x"), "basic "));
    assert_false(line_begins(of("basic"), "basic "));
    assert_true(line_begins(cur_of(NULL, 0), ""));
}

static void a_header_has_exactly_this_name(void **state)
{
    (void)state;
    struct cur value;
    assert_true(line_header(of("Host:  example \t"), "host", &value));
    assert_true(says(value, "example"));
    assert_true(line_header(of("host:"), "Host", &value));
    assert_true(says(value, ""));
    assert_false(line_header(of("Hosts: example"), "Host", &value));
    assert_false(line_header(of("Host : example"), "Host", &value));
    assert_false(line_header(of("Host"), "Host", &value));
    assert_false(line_header(of("Hos"), "Host", &value));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_and_without_a_carriage_return),
        cmocka_unit_test(blanks_go_from_both_ends_and_stay_between),
        cmocka_unit_test(words_are_known_in_any_case),
        cmocka_unit_test(a_header_has_exactly_this_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
