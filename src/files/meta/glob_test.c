#include "files/meta/glob.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdbool.h>
#include <string.h>

static bool match(const char *patterns, const char *path)
{
    struct globs *g = globs_parse(patterns, NULL);
    assert_non_null(g);
    bool found = globs_match(g, path) != NULL;
    globs_free(g);
    return found;
}

static void matches_as_a_person_expects(void **state)
{
    (void)state;
    static const struct {
        const char *patterns, *path;
        bool match;
    } cases[] = {
        {"*.exe", "a/setup.exe", true},
        {"*.exe", "a/setup.exe.txt", false},
        {"*.exe", "a.exe/readme", false},
        {"*.exe", ".exe", true},
        {"*.lnk *.scr,*.exe", "x/film.SCR", true},
        {"*.LNK", "x/film.lnk", true},
        {"setup?.exe", "setup1.exe", true},
        {"setup?.exe", "setup.exe", false},
        {"?.txt", "\xc3\xa9.txt", true},
        {"?", "\xff", true},
        {"a*b*c", "aXXbYYc", true},
        {"a*b*c", "aXXcYYb", false},
        {"a*b*bc", "abbbbc", true},
        {"*", "x", true},
        {"", "x", false},
        {" ,  ", "x", false},
        {"sample/*", "sample/a/b.mkv", true},
        {"*/sample/*", "film/Sample/b.mkv", true},
        {"sample/*", "film/sample/b.mkv", false},
        {"*.exe", "a.exe.", true},
        {"*.exe", "a.exe . ", true},
        {"**.exe**", "a.exe", true},
        {"[a].exe", "[A].exe", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (match(cases[i].patterns, cases[i].path) != cases[i].match)
            fail_msg("\"%s\" and \"%s\"", cases[i].patterns, cases[i].path);
}

static void tells_which_pattern(void **state)
{
    (void)state;
    struct globs *g = globs_parse("*.lnk *.scr", NULL);
    assert_int_equal(globs_count(g), 2);
    assert_string_equal(globs_match(g, "a.scr"), "*.scr");
    assert_null(globs_match(g, "a.txt"));
    globs_free(g);
}

/* With a recursive matcher this takes longer than the sun. */
static void many_stars_cost_no_more_than_pattern_times_name(void **state)
{
    (void)state;
    char pattern[GLOB_LEN_MAX + 1], name[1001];
    for (size_t i = 0; i < GLOB_LEN_MAX; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[GLOB_LEN_MAX - 1] = 'b';
    pattern[GLOB_LEN_MAX] = '\0';
    memset(name, 'a', 1000);
    name[1000] = '\0';
    assert_false(match(pattern, name));
}

static void more_than_the_limits_are_refused(void **state)
{
    (void)state;
    struct why why;
    char text[2 * GLOBS_MAX + 3], longest[GLOB_LEN_MAX + 2];
    for (size_t i = 0; i <= GLOBS_MAX; i++)
        memcpy(text + 2 * i, "a ", 3);
    assert_null(globs_parse(text, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    text[2 * GLOBS_MAX] = '\0';
    struct globs *g = globs_parse(text, &why);
    assert_int_equal(globs_count(g), GLOBS_MAX);
    globs_free(g);
    memset(longest, 'x', GLOB_LEN_MAX + 1);
    longest[GLOB_LEN_MAX + 1] = '\0';
    assert_null(globs_parse(longest, &why));
    globs_free(globs_parse(longest + 1, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_as_a_person_expects),
        cmocka_unit_test(tells_which_pattern),
        cmocka_unit_test(many_stars_cost_no_more_than_pattern_times_name),
        cmocka_unit_test(more_than_the_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
