#include "core/budget.h"

#include "base/test.h"

static void takes_up_to_the_limit_and_not_one_more(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b);
    for (int i = 0; i < 32; i++)
        assert_int_equal(budget_take(&b, BUDGET_CONNS, 1, "a connection", NULL), OK);
    struct why why;
    assert_int_equal(budget_take(&b, BUDGET_CONNS, 1, "a connection", &why), ERR_LIMIT);
    assert_string_equal(why.text, "no room for a connection: this peer has 32 of 32 connections, "
                                  "and 1 more are asked for");
    assert_int_equal(budget_take(&b, BUDGET_STREAMS, 256, "streams", NULL), OK); /* each its own */
    budget_give(&b, BUDGET_CONNS, 1);
    assert_int_equal(budget_take(&b, BUDGET_CONNS, 1, "a connection", NULL), OK);
}

static void huge_askings_do_not_wrap(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b);
    assert_int_equal(budget_take(&b, BUDGET_BYTES, 4 << 20, "a piece", NULL), OK);
    assert_int_equal(budget_take(&b, BUDGET_BYTES, UINT64_MAX, "a piece", NULL), ERR_LIMIT);
    b.limit[BUDGET_BYTES] = 1; /* lowered while more is used */
    assert_int_equal(budget_take(&b, BUDGET_BYTES, 0, "nothing", NULL), ERR_LIMIT);
    budget_give(&b, BUDGET_BYTES, 4 << 20);
    assert_int_equal(b.used[BUDGET_BYTES], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_up_to_the_limit_and_not_one_more),
        cmocka_unit_test(huge_askings_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
