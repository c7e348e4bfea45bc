#include "net/target.h"

#include "base/mem.h"
#include "base/test.h"

static void path_is(const char *target, const char *want)
{
    struct buf out = {0};
    assert_int_equal(target_path(target, &out), want != NULL);
    char *text = buf_take_str(&out);
    if (want)
        assert_string_equal(text, want);
    free(text);
}

static void value_is(const char *target, const char *name, const char *want)
{
    struct buf out = {0};
    assert_int_equal(target_value(target, name, &out), want != NULL);
    char *text = buf_take_str(&out);
    if (want)
        assert_string_equal(text, want);
    free(text);
}

static void a_path_is_decoded_once_and_ends_at_the_query(void **state)
{
    (void)state;
    path_is("/", "/");
    path_is("/api/v1/files?x=/y", "/api/v1/files");
    path_is("/a%20b%2Fc+d", "/a b/c+d");
    path_is("/%2525", "/%25");
    path_is("/%C3%A9#f", "/\xc3\xa9");
}

static void a_path_that_could_mean_two_things_is_refused(void **state)
{
    (void)state;
    path_is("", NULL);
    path_is("*", NULL);
    path_is("http://evil.example/", NULL);
    path_is("/a%00b", NULL);
    path_is("/a%", NULL);
    path_is("/a%2", NULL);
    path_is("/a%zz", NULL);
    path_is("/%ff", NULL);
    path_is("/%c0%af", NULL); /* an overlong slash */
}

static void a_path_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    (void)state;
    for (size_t n = TARGET_MAX; n <= TARGET_MAX + 1; n++) {
        char *text = mem_zalloc(n + 1);
        memset(text, '/', n);
        struct buf out = {0};
        assert_int_equal(target_path(text, &out), n == TARGET_MAX);
        buf_done(&out);
        free(text);
    }
}

static void the_first_value_of_a_name_is_given(void **state)
{
    (void)state;
    value_is("/e?type=file.&type=x", "type", "file.");
    value_is("/e?a=1&b=%26%3D+c&d", "b", "&= c");
    value_is("/e?a=1&d", "d", "");
    value_is("/e?d=", "d", "");
    value_is("/e?%74ype=1", "type", "1");
    value_is("/e?x=type=1", "type", NULL);
    value_is("/e", "type", NULL);
    value_is("/e?", "type", NULL);
    value_is("/e?a=%zz", "a", NULL);
    value_is("/e?b=1#&a=2", "a", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_decoded_once_and_ends_at_the_query),
        cmocka_unit_test(a_path_that_could_mean_two_things_is_refused),
        cmocka_unit_test(a_path_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(the_first_value_of_a_name_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
