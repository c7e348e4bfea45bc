#include "files/peer/limit.h"

#include "base/test.h"
#include "net/loop.h"

enum { RATE = 1024 * 1024, ALL = 100 * 1024 * 1024 };

/* Two ask in turn, a 10 ms step at a time, for a second; what each got. */
static void share_a_second(struct limit *a, struct limit *b, struct policy *p, size_t got[2])
{
    got[0] = got[1] = 0;
    for (uint64_t now = 0; now < SEC; now += 10 * MSEC)
        for (int i = 0; i < 2; i++) {
            struct limit *l = i ? b : a;
            size_t n = limit_may(l, p, POLICY_UP, 16384, now);
            limit_spend(l, p, POLICY_UP, n, now);
            got[i] += n;
        }
}

static void the_important_come_first(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_UP, RATE);
    struct limit low = {.weight = LIMIT_LOW}, high = {.weight = LIMIT_HIGH};
    size_t got[2];
    share_a_second(&low, &high, p, got);
    assert_true(got[1] > 5 * got[0]);
    assert_true(got[0] + got[1] <= RATE + RATE / 4);
    policy_free(p);
}

static void the_unimportant_have_all_when_they_are_alone(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_UP, RATE);
    struct limit low = {.weight = LIMIT_LOW}, other = {.weight = LIMIT_LOW};
    size_t got[2];
    share_a_second(&low, &other, p, got);
    assert_true(got[0] + got[1] >= RATE - RATE / 8);
    policy_free(p);
}

static void who_finds_the_rest_kept_for_others_does_not_spin(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_UP, RATE);
    struct limit low = {.weight = LIMIT_LOW};
    while (limit_may(&low, p, POLICY_UP, 16384, 0))
        limit_spend(&low, p, POLICY_UP, limit_may(&low, p, POLICY_UP, 16384, 0), 0);
    assert_true(policy_may(p, POLICY_UP, 16384, 0) > 0);
    assert_true(limit_wait_us(&low, p, POLICY_UP, 16384, 0) >= 20 * MSEC);
    policy_free(p);
}

static void a_group_has_one_limit_for_all_of_it(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct limit group = {0};
    limit_set(&group, RATE / 4, 0);
    struct limit a = {.group = &group}, b = {.group = &group};
    size_t got[2];
    share_a_second(&a, &b, p, got);
    assert_true(got[0] + got[1] <= RATE / 4 + RATE / 16 + 16384);
    assert_true(got[0] + got[1] >= RATE / 4);
    assert_true(limit_wait_us(&a, p, POLICY_UP, 16384, SEC) > MSEC);
    limit_done(&group);
    policy_free(p);
}

static void who_is_free_of_the_node_asks_only_its_own(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_UP, 1);
    struct limit l = {.free_of_node = true};
    assert_int_equal(limit_may(&l, p, POLICY_UP, ALL, 0), ALL);
    limit_set(&l, RATE, 0);
    assert_int_equal(limit_may(&l, p, POLICY_UP, ALL, 0), RATE / 4);
    limit_done(&l);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_important_come_first),
        cmocka_unit_test(the_unimportant_have_all_when_they_are_alone),
        cmocka_unit_test(who_finds_the_rest_kept_for_others_does_not_spin),
        cmocka_unit_test(a_group_has_one_limit_for_all_of_it),
        cmocka_unit_test(who_is_free_of_the_node_asks_only_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
