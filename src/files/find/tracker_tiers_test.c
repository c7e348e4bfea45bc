#include "files/find/tracker_tiers.h"

#include "base/test.h"

#define S UINT64_C(1000000)

/* Trackers of these tiers, up to -1, started; `order` in which tier 0 will be asked is found by
 * letting all fail. */
static struct tiers *of(const int *tier, uint64_t seed)
{
    struct tiers *t = tiers_new(seed);
    for (; *tier >= 0; tier++)
        tiers_add(t, (unsigned)*tier, true);
    tiers_start(t);
    return t;
}

static void assert_next(struct tiers *t, uint64_t now_us, int which, enum tracker_event event)
{
    size_t got = 99;
    enum tracker_event ev;
    bool any = tiers_next(t, now_us, &got, &ev);
    assert_int_equal(any ? (int)got : -1, which);
    if (which >= 0)
        assert_int_equal(ev, event);
}

static void assert_nobody(struct tiers *t, uint64_t now_us)
{
    assert_next(t, now_us, -1, TRACKER_NONE);
}

static void a_tracker_hears_started_then_is_asked_at_its_interval(void **state)
{
    (void)state;
    struct tiers *t = of((int[]){0, -1}, 1);
    assert_int_equal(tiers_state(t, 0), TIERS_IDLE);
    assert_true(tiers_wake_us(t, 5 * S) == 5 * S);
    assert_next(t, 5 * S, 0, TRACKER_STARTED);
    assert_int_equal(tiers_state(t, 0), TIERS_ASKING);
    assert_nobody(t, 5 * S); /* one at a time */
    assert_true(tiers_wake_us(t, 5 * S) == TIERS_NEVER);
    tiers_answered(t, 0, 100, 6 * S);
    assert_int_equal(tiers_state(t, 0), TIERS_WORKING);
    assert_true(tiers_wake_us(t, 6 * S) == 106 * S);
    assert_true(tiers_next_us(t, 0, 6 * S) == 106 * S);
    assert_nobody(t, 106 * S - 1);
    assert_next(t, 106 * S, 0, TRACKER_NONE);
    tiers_free(t);
}

static void failures_pause_from_30_s_to_30_min(void **state)
{
    (void)state;
    static const unsigned pause_s[] = {30, 60, 120, 240, 480, 960, 1800, 1800};
    struct tiers *t = of((int[]){0, -1}, 1);
    uint64_t now = S;
    for (size_t i = 0; i < sizeof pause_s / sizeof *pause_s; i++) {
        assert_next(t, now, 0, TRACKER_STARTED);
        tiers_failed(t, 0, now);
        assert_int_equal(tiers_state(t, 0), TIERS_FAILED);
        assert_true(tiers_wake_us(t, now) == now + pause_s[i] * S);
        assert_nobody(t, now + pause_s[i] * S - 1);
        now += pause_s[i] * S;
    }
    assert_next(t, now, 0, TRACKER_STARTED);
    tiers_answered(t, 0, 100, now);
    assert_next(t, now + 100 * S, 0, TRACKER_NONE);
    tiers_failed(t, 0, now + 100 * S); /* an answer in between: the pause is short again */
    assert_true(tiers_wake_us(t, now + 100 * S) == now + 130 * S);
    tiers_free(t);
}

/* BEP 12's second example: of a tier the first that answers moves to the front. */
static void who_answers_moves_to_the_front_of_his_tier(void **state)
{
    (void)state;
    struct tiers *t = of((int[]){0, 0, 0, -1}, 7);
    size_t order[3];
    enum tracker_event ev;
    assert_true(tiers_next(t, S, &order[0], &ev));
    tiers_failed(t, order[0], S);
    assert_true(tiers_next(t, S, &order[1], &ev)); /* at once */
    tiers_failed(t, order[1], S);
    assert_true(tiers_next(t, S, &order[2], &ev));
    tiers_answered(t, order[2], 50, S);
    assert_nobody(t, 50 * S); /* the tier rests, though the pauses of the others are over */
    assert_next(t, 51 * S, (int)order[2], TRACKER_NONE);
    tiers_failed(t, order[2], 51 * S);
    assert_next(t, 51 * S, (int)order[0], TRACKER_STARTED); /* the old order after him */
    tiers_answered(t, order[0], 50, 51 * S);
    assert_next(t, 101 * S, (int)order[0], TRACKER_NONE);
    tiers_free(t);
}

static void each_tier_is_announced_to(void **state)
{
    (void)state;
    struct tiers *t = of((int[]){2, 0, 5, -1}, 1);
    assert_next(t, S, 1, TRACKER_STARTED);
    assert_next(t, S, 0, TRACKER_STARTED);
    assert_next(t, S, 2, TRACKER_STARTED);
    assert_nobody(t, S);
    assert_int_equal(tiers_asking(t), 3);
    tiers_answered(t, 0, 60, S);
    tiers_answered(t, 2, 40, S);
    assert_true(tiers_wake_us(t, S) == 41 * S);
    assert_true(tiers_next_us(t, 0, S) == 61 * S);
    tiers_free(t);
}

static void a_tier_is_shuffled_by_the_seed(void **state)
{
    (void)state;
    bool seen[6] = {false};
    unsigned orders = 0;
    for (uint64_t seed = 0; seed < 64; seed++) {
        struct tiers *t = of((int[]){0, 0, 0, -1}, seed);
        size_t a, b;
        enum tracker_event ev;
        assert_true(tiers_next(t, S, &a, &ev));
        tiers_failed(t, a, S);
        assert_true(tiers_next(t, S, &b, &ev));
        size_t order = a * 2 + (b > a ? b - 1 : b);
        orders += !seen[order];
        seen[order] = true;
        tiers_free(t);
    }
    assert_int_equal(orders, 6);
}

static void completed_goes_at_once_to_who_heard_started(void **state)
{
    (void)state;
    struct tiers *t = of((int[]){0, 1, 2, -1}, 1);
    assert_next(t, S, 0, TRACKER_STARTED);
    assert_next(t, S, 1, TRACKER_STARTED);
    assert_next(t, S, 2, TRACKER_STARTED);
    tiers_answered(t, 0, 1000, S);
    tiers_failed(t, 1, S);
    tiers_completed(t); /* 2 is still being asked */
    assert_next(t, 2 * S, 0, TRACKER_COMPLETED);
    assert_nobody(t, 2 * S);
    tiers_failed(t, 0, 2 * S);
    tiers_answered(t, 2, 1000, 3 * S);
    assert_next(t, 3 * S, 2, TRACKER_COMPLETED);
    tiers_answered(t, 2, 1000, 4 * S);
    assert_next(t, 31 * S, 1, TRACKER_STARTED); /* it learns that all is here by left = 0 */
    tiers_answered(t, 1, 1000, 31 * S);
    assert_next(t, 32 * S, 0, TRACKER_COMPLETED); /* said again after the pause */
    tiers_answered(t, 0, 1000, 32 * S);
    assert_nobody(t, 1000 * S);
    tiers_free(t);
}

static void who_was_being_asked_and_failed_is_not_owed_completed(void **state)
{
    (void)state;
    struct tiers *t = of((int[]){0, -1}, 1);
    assert_next(t, S, 0, TRACKER_STARTED);
    tiers_completed(t);
    tiers_failed(t, 0, S);
    assert_next(t, 31 * S, 0, TRACKER_STARTED);
    tiers_answered(t, 0, 1000, 31 * S);
    assert_nobody(t, 1000 * S);
    tiers_free(t);
}

static void a_tier_does_not_rest_on_the_account_of_one_who_failed(void **state)
{
    (void)state;
    size_t first;
    enum tracker_event ev;
    struct tiers *t = of((int[]){0, 0, -1}, 1);
    assert_true(tiers_next(t, S, &first, &ev));
    tiers_answered(t, first, 1000, S);
    tiers_completed(t);
    assert_next(t, 2 * S, (int)first, TRACKER_COMPLETED);
    tiers_failed(t, first, 2 * S);
    assert_next(t, 2 * S, (int)(1 - first), TRACKER_STARTED);
    tiers_free(t);
}

static void by_hand_after_30_s_and_not_before(void **state)
{
    (void)state;
    struct tiers *t = of((int[]){0, 1, -1}, 1);
    assert_next(t, S, 0, TRACKER_STARTED);
    assert_next(t, S, 1, TRACKER_STARTED);
    tiers_answered(t, 0, 1000, S);
    tiers_failed(t, 1, S);
    tiers_hurry(t, 31 * S - 1);
    assert_nobody(t, 31 * S - 1);
    tiers_hurry(t, 31 * S);
    assert_next(t, 31 * S, 0, TRACKER_NONE);
    assert_next(t, 31 * S, 1, TRACKER_STARTED);
    tiers_free(t);
}

static void stopped_goes_once_to_who_heard_started(void **state)
{
    (void)state;
    struct tiers *t = of((int[]){0, 1, 2, -1}, 1);
    assert_next(t, S, 0, TRACKER_STARTED);
    assert_next(t, S, 1, TRACKER_STARTED);
    assert_next(t, S, 2, TRACKER_STARTED);
    tiers_answered(t, 0, 1000, S);
    tiers_failed(t, 1, S);
    tiers_stop(t); /* 2 is being asked, and forgotten */
    assert_int_equal(tiers_asking(t), 0);
    assert_next(t, S, 0, TRACKER_STOPPED);
    assert_nobody(t, S);
    assert_int_equal(tiers_asking(t), 1);
    tiers_failed(t, 0, S);
    assert_nobody(t, 5000 * S);
    assert_true(tiers_wake_us(t, S) == TIERS_NEVER);
    assert_true(tiers_next_us(t, 0, S) == TIERS_NEVER);
    tiers_start(t);
    assert_next(t, 2 * S, 0, TRACKER_STARTED); /* as if for the first time */
    tiers_free(t);
}

static void nobody_is_asked_before_the_start(void **state)
{
    (void)state;
    struct tiers *t = tiers_new(1);
    assert_nobody(t, S);
    tiers_add(t, 0, true);
    assert_nobody(t, S);
    assert_true(tiers_wake_us(t, S) == TIERS_NEVER);
    tiers_start(t);
    assert_next(t, S, 0, TRACKER_STARTED);
    tiers_add(t, 0, true); /* later ones are last */
    tiers_failed(t, 0, S);
    assert_next(t, S, 1, TRACKER_STARTED);
    tiers_free(t);
}

static void who_cannot_be_asked_never_is(void **state)
{
    (void)state;
    struct tiers *t = tiers_new(1);
    tiers_add(t, 0, false);
    tiers_start(t);
    assert_nobody(t, S);
    tiers_hurry(t, S);
    assert_nobody(t, S);
    assert_true(tiers_wake_us(t, S) == TIERS_NEVER);
    tiers_add(t, 0, true);
    assert_next(t, S, 1, TRACKER_STARTED);
    tiers_free(t);
}

static void only_so_many_are_asked_at_the_same_time(void **state)
{
    (void)state;
    struct tiers *t = tiers_new(1);
    for (unsigned i = 0; i < TIERS_ASKING_MAX + 1; i++)
        tiers_add(t, i, true);
    tiers_start(t);
    for (int i = 0; i < TIERS_ASKING_MAX; i++)
        assert_next(t, S, i, TRACKER_STARTED);
    assert_nobody(t, S);
    assert_true(tiers_wake_us(t, S) == TIERS_NEVER);
    tiers_answered(t, 3, 100, S);
    assert_next(t, S, TIERS_ASKING_MAX, TRACKER_STARTED);
    tiers_free(t);
}

static void who_refuses_is_asked_when_he_says_or_by_hand(void **state)
{
    (void)state;
    struct tiers *t = tiers_new(1);
    size_t which;
    enum tracker_event event;
    tiers_add(t, 0, true);
    tiers_start(t);
    assert_true(tiers_next(t, S, &which, &event));
    tiers_refused(t, 0, 900, S);
    assert_int_equal(tiers_state(t, 0), TIERS_FAILED);
    assert_int_equal(tiers_wake_us(t, S), 901 * S);
    assert_true(tiers_next(t, 901 * S, &which, &event));
    tiers_refused(t, 0, TIERS_NEVER, 902 * S);
    assert_int_equal(tiers_wake_us(t, 902 * S), TIERS_NEVER);
    assert_false(tiers_next(t, 100000 * S, &which, &event));
    tiers_hurry(t, 100000 * S);
    assert_true(tiers_next(t, 100000 * S, &which, &event));
    tiers_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tracker_hears_started_then_is_asked_at_its_interval),
        cmocka_unit_test(failures_pause_from_30_s_to_30_min),
        cmocka_unit_test(who_answers_moves_to_the_front_of_his_tier),
        cmocka_unit_test(each_tier_is_announced_to),
        cmocka_unit_test(a_tier_is_shuffled_by_the_seed),
        cmocka_unit_test(completed_goes_at_once_to_who_heard_started),
        cmocka_unit_test(who_was_being_asked_and_failed_is_not_owed_completed),
        cmocka_unit_test(a_tier_does_not_rest_on_the_account_of_one_who_failed),
        cmocka_unit_test(by_hand_after_30_s_and_not_before),
        cmocka_unit_test(stopped_goes_once_to_who_heard_started),
        cmocka_unit_test(nobody_is_asked_before_the_start),
        cmocka_unit_test(who_cannot_be_asked_never_is),
        cmocka_unit_test(only_so_many_are_asked_at_the_same_time),
        cmocka_unit_test(who_refuses_is_asked_when_he_says_or_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
