#include "core/policy.h"

#include "base/mem.h"
#include "base/test.h"

enum { SECOND = 1000000, MIB = 1 << 20, KIB = 1024, DAY = 24 * 60 };

static void without_limits_everything_may_be_spent(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    assert_int_equal(policy_may(p, POLICY_UP, SIZE_MAX, 0), SIZE_MAX);
    policy_spend(p, POLICY_UP, SIZE_MAX, 0);
    assert_int_equal(policy_wait_us(p, POLICY_UP, SIZE_MAX, 0), 0);
    assert_int_equal(policy_may_store(p, UINT64_MAX, UINT64_MAX, NULL), OK);
    char why[160];
    policy_why(p, POLICY_DOWN, why, sizeof why);
    assert_string_equal(why, "download is not limited");
    policy_free(p);
    policy_free(NULL);
}

/* Ask, spend what may be spent, wait as long as is said: the sum is the limit. */
static void a_limit_is_the_sum_of_what_all_spend(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_UP, MIB);
    uint64_t now = 0, sent = 0;
    while (now < 10 * SECOND) {
        size_t n = policy_may(p, POLICY_UP, 16 * KIB, now);
        policy_spend(p, POLICY_UP, n, now);
        sent += n;
        now += policy_wait_us(p, POLICY_UP, 16 * KIB, now);
    }
    assert_in_range(sent, 10 * MIB, 10 * MIB + MIB / 4); /* and the burst of a quarter second */
    assert_int_equal(policy_may(p, POLICY_DOWN, MIB, now), MIB); /* the other way is its own */
    policy_free(p);
}

static void asking_is_not_spending(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_UP, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(policy_may(p, POLICY_UP, MIB, 0), 64 * KIB);
    policy_spend(p, POLICY_UP, 64 * KIB, 0);
    assert_int_equal(policy_may(p, POLICY_UP, MIB, 0), 0);
    assert_int_equal(policy_wait_us(p, POLICY_UP, MIB, 0), UINT64_C(16) * KIB * SECOND);
    assert_int_equal(policy_wait_us(p, POLICY_UP, 2, 0), 2 * SECOND);
    assert_int_equal(policy_may(p, POLICY_UP, MIB, 2 * SECOND), 2);
    policy_free(p);
}

static void what_was_spent_too_much_is_paid_back(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_DOWN, 100 * KIB);
    policy_spend(p, POLICY_DOWN, 64 * KIB + 500 * KIB, 0); /* five seconds ahead */
    assert_int_equal(policy_may(p, POLICY_DOWN, 1, 5 * SECOND - 100), 0);
    assert_int_equal(policy_may(p, POLICY_DOWN, KIB, 5 * SECOND + 10000), KIB);
    policy_free(p);
}

static void a_schedule_rules_in_its_hours(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    char why[160];
    policy_set_rate(p, POLICY_UP, 5 * MIB);
    assert_int_equal(policy_schedule_add(p, "mon-fri 8:00-18:00", POLICY_UP, MIB, NULL), OK);
    assert_int_equal(policy_schedule_add(p, "daily", POLICY_UP, 2 * MIB, NULL), OK);
    assert_int_equal(policy_schedule_add(p, "Sun", POLICY_DOWN, 0, NULL), OK);
    policy_set_minute(p, 8 * 60);
    assert_int_equal(policy_rate_now(p, POLICY_UP), MIB); /* both match: the first wins */
    policy_why(p, POLICY_UP, why, sizeof why);
    assert_string_equal(why, "upload is limited to 1 MiB/s by the schedule Mon-Fri 08:00-18:00");
    policy_set_minute(p, 18 * 60);
    assert_int_equal(policy_rate_now(p, POLICY_UP), 2 * MIB);
    assert_int_equal(policy_schedule_drop(p, 1, NULL), OK);
    policy_why(p, POLICY_UP, why, sizeof why);
    assert_string_equal(why, "upload is limited to 5 MiB/s");
    policy_set_rate(p, POLICY_DOWN, KIB);
    assert_int_equal(policy_rate_now(p, POLICY_DOWN), KIB);
    policy_set_minute(p, 6 * DAY);
    policy_why(p, POLICY_DOWN, why, sizeof why);
    assert_string_equal(why, "download is not limited by the schedule Sun");
    policy_free(p);
}

static void a_minute_that_changes_nothing_fills_no_bucket(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_UP, 1);
    policy_spend(p, POLICY_UP, 64 * KIB, 0);
    policy_set_minute(p, 1);
    policy_set_rate(p, POLICY_UP, 1);
    assert_int_equal(policy_may(p, POLICY_UP, 1, 0), 0);
    assert_int_equal(policy_schedule_add(p, "daily", POLICY_UP, MIB, NULL), OK);
    assert_int_equal(policy_may(p, POLICY_UP, MIB, 0), MIB / 4);
    policy_free(p);
}

static void the_schedule_has_a_length(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct why why;
    for (int i = 0; i < POLICY_SCHEDULE_MAX; i++)
        assert_int_equal(policy_schedule_add(p, "Mon", POLICY_UP, 1, &why), OK);
    assert_int_equal(policy_schedule_add(p, "Mon", POLICY_UP, 1, &why), ERR_LIMIT);
    assert_int_equal(policy_schedule_drop(p, POLICY_SCHEDULE_MAX, &why), ERR_NOT_FOUND);
    assert_int_equal(policy_schedule_drop(p, POLICY_SCHEDULE_MAX - 1, &why), OK);
    assert_int_equal(policy_schedule_add(p, "Mon 25:00", POLICY_UP, 1, &why), ERR_INVALID);
    policy_free(p);
}

static void storage_is_bounded_to_the_byte(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct why why;
    policy_set_storage(p, 1000);
    assert_int_equal(policy_may_store(p, 900, 100, &why), OK);
    assert_int_equal(policy_may_store(p, 900, 101, &why), ERR_FULL);
    assert_string_equal(why.text,
                        "storage is limited to 1000 B: 900 B are used, 101 B more are asked for");
    assert_int_equal(policy_may_store(p, 2000, 0, &why), ERR_FULL);
    assert_int_equal(policy_may_store(p, 1, UINT64_MAX, &why), ERR_FULL);
    policy_free(p);
}

/* The JSON has ' for ". */
static enum err read(struct policy *p, const char *text, struct why *why)
{
    char *json = mem_strdup(text);
    for (char *c = json; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *j = json_loads(json, 0, NULL);
    assert_non_null(j);
    enum err err = policy_of_json(p, j, why);
    json_decref(j);
    free(json);
    return err;
}

static void what_is_saved_comes_back(void **state)
{
    (void)state;
    struct policy *p = policy_new(), *q = policy_new();
    policy_set_rate(p, POLICY_UP, UINT64_MAX); /* cut to what a bucket can hold */
    policy_set_rate(p, POLICY_DOWN, 7);
    policy_set_storage(p, UINT64_MAX);
    assert_int_equal(policy_schedule_add(p, "Sat,Sun", POLICY_DOWN, 0, NULL), OK);
    assert_int_equal(policy_schedule_add(p, "22:00-07:00", POLICY_UP, MIB, NULL), OK);
    json_t *saved = policy_to_json(p);
    assert_int_equal(policy_of_json(q, saved, NULL), OK);
    json_t *again = policy_to_json(q);
    assert_true(json_equal(saved, again));
    json_decref(saved);
    json_decref(again);
    policy_free(p);
    policy_free(q);
}

static void a_wrong_policy_changes_nothing(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    policy_set_rate(p, POLICY_UP, 7);
    const char *const bad[] = {
        "[]",
        "{'up':-1}",
        "{'up':1,'down':'5M'}",
        "{'up':1,'storage':null}",
        "{'up':1,'cpu':5}",
        "{'up':1,'schedule':{}}",
        "{'up':1,'schedule':[{'when':'Mon','of':'up'}]}",
        "{'up':1,'schedule':[{'when':'Mon','of':'sideways','rate':1}]}",
        "{'up':1,'schedule':[{'when':'Mo','of':'up','rate':1}]}",
        "{'up':1,'schedule':[{'when':'Mon','of':'up','rate':1,'only':'x'}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct why why;
        if (read(p, bad[i], &why) != ERR_INVALID)
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(policy_rate_now(p, POLICY_UP), 7);
    }
    assert_int_equal(read(p, "{'down':3}", NULL), OK);
    assert_int_equal(policy_rate_now(p, POLICY_UP), 0);
    policy_free(p);
}

static void the_second_pair_of_limits_comes_before_all(void **state)
{
    (void)state;
    struct policy *p = policy_new();
    struct why why;
    char said[160];
    policy_set_rate(p, POLICY_UP, 1000);
    assert_int_equal(policy_schedule_add(p, "daily", POLICY_UP, 2000, &why), OK);
    assert_int_equal(policy_set_alt(p, true, "", 30, 0, &why), OK);
    assert_int_equal(policy_rate_now(p, POLICY_UP), 30);
    assert_int_equal(policy_rate_now(p, POLICY_DOWN), 0);
    policy_why(p, POLICY_UP, said, sizeof said);
    assert_string_equal(said, "upload is limited to 30 B/s by limits.alt");
    assert_int_equal(policy_set_alt(p, false, "Mon 08:00-10:00", 30, 0, &why), OK);
    policy_set_minute(p, 9 * 60);
    assert_int_equal(policy_rate_now(p, POLICY_UP), 30);
    policy_why(p, POLICY_UP, said, sizeof said);
    assert_string_equal(said, "upload is limited to 30 B/s by limits.alt-when Mon 08:00-10:00");
    policy_set_minute(p, 10 * 60);
    assert_int_equal(policy_rate_now(p, POLICY_UP), 2000);
    assert_int_equal(policy_set_alt(p, true, "Moonday", 1, 1, &why), ERR_INVALID);
    assert_int_equal(policy_rate_now(p, POLICY_UP), 2000);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_limits_everything_may_be_spent),
        cmocka_unit_test(a_limit_is_the_sum_of_what_all_spend),
        cmocka_unit_test(asking_is_not_spending),
        cmocka_unit_test(what_was_spent_too_much_is_paid_back),
        cmocka_unit_test(a_schedule_rules_in_its_hours),
        cmocka_unit_test(a_minute_that_changes_nothing_fills_no_bucket),
        cmocka_unit_test(the_schedule_has_a_length),
        cmocka_unit_test(storage_is_bounded_to_the_byte),
        cmocka_unit_test(what_is_saved_comes_back),
        cmocka_unit_test(a_wrong_policy_changes_nothing),
        cmocka_unit_test(the_second_pair_of_limits_comes_before_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
