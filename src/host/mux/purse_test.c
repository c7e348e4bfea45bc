#include "host/mux/purse.h"

#include "base/test.h"

#include <string.h>

static uint64_t used(const struct purse *p)
{
    return p->budget.used[BUDGET_BYTES];
}

static void what_one_stream_holds_another_of_the_peer_cannot(void **state)
{
    struct purse *p = purse_new(NULL, 8);
    struct tab one, other;
    struct why why;
    (void)state;
    tab_open(&one, p);
    tab_open(&other, p);
    assert_int_equal(tab_take(&one, PURSE_BYTES_MAX - 10, "a message", &why), OK);
    assert_int_equal(tab_take(&other, 11, "a message", &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "no room for a message"));
    assert_int_equal(tab_take(&other, 10, "a message", &why), OK);
    tab_give(&one, 5);
    assert_int_equal(used(p), PURSE_BYTES_MAX - 5);
    tab_close(&one);
    assert_int_equal(used(p), 10);
    tab_close(&other);
    purse_drop(p);
}

static void what_is_left_on_a_tab_goes_back_when_the_peer_is_forgotten_already(void **state)
{
    struct purse *common = purse_new_common(), *p = purse_new(common, 8);
    struct tab t;
    (void)state;
    tab_open(&t, p);
    assert_int_equal(tab_take(&t, PURSE_OWN + 100, "a message", NULL), OK);
    purse_drop(p); /* the sanitizer says whether it is still there */
    tab_give(&t, 40);
    assert_int_equal(used(common), 60);
    tab_close(&t);
    assert_int_equal(used(common), 0);
    purse_drop(common);
}

static void what_all_have_together_starves_nobody(void **state)
{
    enum { GREEDY = PURSE_COMMON_MAX / (PURSE_BYTES_MAX - PURSE_OWN) + 1 };
    struct purse *common = purse_new_common(), *p[GREEDY + 1];
    struct tab t[GREEDY + 1];
    struct why why;
    (void)state;
    for (int i = 0; i <= GREEDY; i++) {
        p[i] = purse_new(common, 8);
        tab_open(&t[i], p[i]);
    }
    for (int i = 0; i < GREEDY; i++)
        while (tab_take(&t[i], 1 << 10, "a message", NULL) == OK)
            ;
    assert_int_equal(used(common), PURSE_COMMON_MAX);
    assert_int_equal(purse_spare(p[GREEDY]), 0);
    assert_int_equal(tab_take(&t[GREEDY], PURSE_OWN, "a message", &why), OK);
    assert_int_equal(tab_take(&t[GREEDY], 1, "a message", &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "all peers together"));
    assert_int_equal(used(p[GREEDY]), PURSE_OWN);
    for (int i = 0; i <= GREEDY; i++) {
        tab_close(&t[i]);
        purse_drop(p[i]);
    }
    assert_int_equal(used(common), 0);
    purse_drop(common);
}

static void windows_grow_by_half_of_what_is_left(void **state)
{
    struct purse *p = purse_new(NULL, 8);
    struct tab t;
    (void)state;
    tab_open(&t, p);
    assert_int_equal(purse_spare(p), PURSE_BYTES_MAX / 2);
    assert_int_equal(tab_take(&t, PURSE_BYTES_MAX / 2, "a window", NULL), OK);
    assert_int_equal(purse_spare(p), PURSE_BYTES_MAX / 4);
    tab_close(&t);
    purse_drop(p);
}

static void a_number_that_would_wrap_is_too_much(void **state)
{
    struct purse *p = purse_new(NULL, 8);
    struct tab t;
    (void)state;
    tab_open(&t, p);
    assert_int_equal(tab_take(&t, 1, "a message", NULL), OK);
    assert_int_equal(tab_take(&t, SIZE_MAX, "a message", NULL), ERR_LIMIT);
    tab_close(&t);
    purse_drop(p);
}

static void where_nobody_counts_all_is_granted(void **state)
{
    struct tab t = {0};
    (void)state;
    assert_int_equal(tab_take(NULL, SIZE_MAX, "a message", NULL), OK);
    tab_give(NULL, SIZE_MAX);
    assert_int_equal(tab_take(&t, SIZE_MAX, "a message", NULL), OK);
    assert_int_equal(t.bytes, 0);
    tab_close(&t);
    assert_int_equal(purse_spare(NULL), SIZE_MAX);
    assert_null(purse_hold(NULL));
    purse_drop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_stream_holds_another_of_the_peer_cannot),
        cmocka_unit_test(what_is_left_on_a_tab_goes_back_when_the_peer_is_forgotten_already),
        cmocka_unit_test(what_all_have_together_starves_nobody),
        cmocka_unit_test(windows_grow_by_half_of_what_is_left),
        cmocka_unit_test(a_number_that_would_wrap_is_too_much),
        cmocka_unit_test(where_nobody_counts_all_is_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
