#include "ydoc/runs.h"

#include "base/test.h"

#define MANY 3000

/* Beside a bitmap, which cannot be wrong: clocks in any order, dropped in any order. */
static void keeps_its_order_whatever_is_put_and_dropped(void **state)
{
    (void)state;
    static bool there[MANY];
    struct runs r = {0};
    uint32_t random = 1;
    memset(there, 0, sizeof there);
    for (int step = 0; step < 4 * MANY; step++) {
        random = random * 1664525u + 1013904223u;
        uint32_t clock = (random >> 8) % MANY;
        struct run_at at;
        if (there[clock] && step % 3 == 0) {
            assert_true(runs_find(&r, clock, &at));
            runs_drop(&r, &at);
            there[clock] = false;
        } else if (!there[clock]) {
            runs_put(&r, (struct run){clock, clock + 7});
            there[clock] = true;
        }
    }
    struct run_at at = runs_first();
    for (uint32_t c = 0; c < MANY; c++) {
        struct run_at found;
        bool below = runs_find(&r, c, &found);
        if (!there[c])
            continue;
        assert_true(below && runs_get(&r, found)->clock == c);
        assert_int_equal(runs_get(&r, at)->clock, c);
        assert_int_equal(runs_get(&r, at)->item, c + 7);
        runs_next(&r, &at);
    }
    assert_null(runs_get(&r, at));
    runs_done(&r);
}

static void finds_the_run_that_a_clock_falls_into(void **state)
{
    (void)state;
    struct runs r = {0};
    struct run_at at;
    assert_false(runs_find(&r, 5, &at));
    for (uint32_t i = 1; i <= 1000; i++)
        runs_put(&r, (struct run){10 * i, i});
    assert_false(runs_find(&r, 9, &at));
    struct run_at near = {99, 99}; /* where nothing is any more */
    for (uint32_t c = 10, by = 1; c < 10010; c += by, by = by % 40 + 3) {
        assert_true(runs_find(&r, c, &at));
        assert_int_equal(runs_get(&r, at)->item, c / 10);
        assert_true(runs_find_near(&r, c, &near));
        assert_memory_equal(&near, &at, sizeof at);
    }
    assert_true(runs_find_near(&r, 15, &near)); /* before it */
    assert_int_equal(runs_get(&r, near)->item, 1);
    assert_false(runs_find_near(&r, 9, &near));
    runs_done(&r);
}

static void walks_both_ways(void **state)
{
    (void)state;
    struct runs r = {0};
    for (uint32_t i = 0; i < 500; i++)
        runs_put(&r, (struct run){i, i});
    struct run_at at = runs_last(&r);
    for (uint32_t i = 499; i > 0; i--) {
        assert_int_equal(runs_get(&r, at)->item, i);
        assert_true(runs_prev(&r, &at));
    }
    assert_false(runs_prev(&r, &at));
    while (!runs_empty(&r)) {
        at = runs_first();
        runs_drop(&r, &at);
    }
    assert_null(runs_get(&r, runs_first()));
    runs_done(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_its_order_whatever_is_put_and_dropped),
        cmocka_unit_test(finds_the_run_that_a_clock_falls_into),
        cmocka_unit_test(walks_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
