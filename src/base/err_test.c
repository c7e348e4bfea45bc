#include "base/err.h"

#include "base/test.h"

static enum err open_it(struct why *why)
{
    return why_set(why, ERR_TIMEOUT, "no answer in %d s", 30);
}

static void callers_put_in_front_what_they_were_doing(void **state)
{
    (void)state;
    struct why why = {0};
    enum err code = open_it(&why);
    assert_int_equal(why.code, ERR_TIMEOUT);
    assert_int_equal(why_in(&why, code, "tracker %s", "t.example"), ERR_TIMEOUT);
    assert_int_equal(why_in(&why, code, "torrent debian"), ERR_TIMEOUT);
    assert_string_equal(why.text, "torrent debian: tracker t.example: no answer in 30 s");
    assert_int_equal(why.code, ERR_TIMEOUT);
    assert_int_equal(why_in(&why, ERR_CLOSED, "gave up"), ERR_CLOSED);
    assert_int_equal(why.code, ERR_CLOSED);
}

static void without_a_why_only_the_code_travels(void **state)
{
    (void)state;
    assert_int_equal(open_it(NULL), ERR_TIMEOUT);
    assert_int_equal(why_in(NULL, ERR_IO, "x"), ERR_IO);
}

static void a_long_text_is_cut_and_ends(void **state)
{
    (void)state;
    struct why why;
    char longer[400];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    why_set(&why, ERR_INVALID, "%s", longer);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    why_in(&why, ERR_INVALID, "front");
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    assert_memory_equal(why.text, "front: xxx", 10);
    why_in(&why, ERR_INVALID, "%s", longer);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
}

static void a_text_may_be_made_of_itself(void **state)
{
    (void)state;
    struct why why;
    why_set(&why, ERR_IO, "disk gone");
    why_set(&why, ERR_STATE, "while (%s) twice (%s)", why.text, why.text);
    assert_string_equal(why.text, "while (disk gone) twice (disk gone)");
    why_in(&why, ERR_STATE, "<%s>", why.text);
    assert_string_equal(
        why.text, "<while (disk gone) twice (disk gone)>: while (disk gone) twice (disk gone)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_put_in_front_what_they_were_doing),
        cmocka_unit_test(without_a_why_only_the_code_travels),
        cmocka_unit_test(a_long_text_is_cut_and_ends),
        cmocka_unit_test(a_text_may_be_made_of_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
