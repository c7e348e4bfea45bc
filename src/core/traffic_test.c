/* A day of traffic in slots. */
#include "core/traffic.h"

#include "base/mem.h"
#include "base/test.h"

static json_int_t up_at(const struct traffic *t, size_t i)
{
    json_t *j = traffic_json(t);
    json_int_t n = json_integer_value(json_array_get(json_object_get(j, "up"), i));
    json_decref(j);
    return n;
}

static size_t length_of(const struct traffic *t)
{
    json_t *j = traffic_json(t);
    size_t n = json_array_size(json_object_get(j, "down"));
    assert_int_equal(json_array_size(json_object_get(j, "up")), n);
    json_decref(j);
    return n;
}

static json_int_t from_of(const struct traffic *t)
{
    json_t *j = traffic_json(t);
    json_int_t n = json_integer_value(json_object_get(j, "from"));
    json_decref(j);
    return n;
}

enum { DAY = 30000 * TRAFFIC_SLOT_S }; /* some time at which a slot begins */

static void what_is_added_counts_for_its_slot(void **state)
{
    (void)state;
    struct traffic *t = traffic_new();
    assert_int_equal(length_of(t), 0);
    traffic_note(t, DAY + 10, 100, 7);
    traffic_note(t, DAY + TRAFFIC_SLOT_S - 1, 150, 7);
    traffic_note(t, DAY + TRAFFIC_SLOT_S, 151, 7);
    traffic_note(t, DAY + 3 * TRAFFIC_SLOT_S, 161, 7);
    assert_int_equal(from_of(t), DAY);
    assert_int_equal(length_of(t), 4);
    const json_int_t want[] = {150, 1, 0, 10};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(up_at(t, i), want[i]);
    traffic_free(t);
}

static void a_day_is_kept_and_no_more(void **state)
{
    (void)state;
    struct traffic *t = traffic_new();
    for (int i = 0; i <= TRAFFIC_SLOTS; i++)
        traffic_note(t, DAY + (int64_t)i * TRAFFIC_SLOT_S, (uint64_t)i * 3, 0);
    assert_int_equal(length_of(t), TRAFFIC_SLOTS);
    assert_int_equal(from_of(t), DAY + TRAFFIC_SLOT_S);
    assert_int_equal(up_at(t, 0), 3);
    assert_int_equal(up_at(t, TRAFFIC_SLOTS - 1), 3);
    traffic_note(t, DAY + 9 * 24 * 3600, 5000, 0); /* asleep for a week */
    assert_int_equal(length_of(t), 1);
    assert_int_equal(up_at(t, 0), 5000 - TRAFFIC_SLOTS * 3);
    traffic_free(t);
}

static void totals_and_clocks_that_go_back_add_nothing(void **state)
{
    (void)state;
    struct traffic *t = traffic_new();
    traffic_note(t, -5, 100, 0);
    assert_int_equal(length_of(t), 0);
    traffic_note(t, DAY, 100, 0);
    traffic_note(t, DAY, 40, 0);
    traffic_note(t, DAY - 4000, 50, 0);
    assert_int_equal(length_of(t), 1);
    assert_int_equal(up_at(t, 0), 110);
    traffic_free(t);
}

/* What traffic_json() of `t` says, in a new one. */
static struct traffic *again(const struct traffic *t, int64_t wall_s)
{
    struct why why;
    json_t *saved = traffic_json(t);
    struct traffic *next = traffic_new();
    assert_int_equal(traffic_of_json(next, saved, wall_s, &why), OK);
    json_t *same = traffic_json(next);
    assert_true(json_equal(saved, same));
    json_decref(same);
    json_decref(saved);
    return next;
}

static void a_run_goes_on_with_the_day_of_the_run_before(void **state)
{
    (void)state;
    struct traffic *t = traffic_new(), *next = again(t, DAY); /* an empty one, too */
    traffic_free(next);
    for (int i = 0; i < TRAFFIC_SLOTS + 3; i++)
        traffic_note(t, DAY + i * TRAFFIC_SLOT_S, 1000 * (uint64_t)i, 0);
    int64_t now_s = DAY + (TRAFFIC_SLOTS + 2) * TRAFFIC_SLOT_S;
    next = again(t, now_s);
    traffic_note(next, now_s, 5, 0); /* this run has begun to count at 0 */
    assert_int_equal(up_at(next, TRAFFIC_SLOTS - 1), 1005);
    traffic_note(next, now_s + 2 * TRAFFIC_SLOT_S, 12, 0); /* down meanwhile */
    assert_int_equal(up_at(next, TRAFFIC_SLOTS - 3), 1005);
    assert_int_equal(up_at(next, TRAFFIC_SLOTS - 2), 0);
    assert_int_equal(up_at(next, TRAFFIC_SLOTS - 1), 7);
    traffic_free(next);
    traffic_free(t);
}

static void what_is_no_day_is_not_gone_on_with(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"step_s\":300,\"from\":0,\"up\":[1],\"down\":[]}",
        "{\"step_s\":60,\"from\":0,\"up\":[1],\"down\":[1]}",
        "{\"step_s\":300,\"from\":-300,\"up\":[1],\"down\":[1]}",
        "{\"step_s\":300,\"from\":0,\"up\":[1],\"down\":[-1]}",
        "{\"step_s\":300,\"from\":0,\"up\":[1],\"down\":[\"1\"]}",
        "{\"step_s\":300,\"from\":600,\"up\":[1,1],\"down\":[1,1]}", /* of tomorrow */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct why why;
        struct traffic *t = traffic_new();
        json_t *saved = json_loads(bad[i], 0, NULL);
        assert_non_null(saved);
        assert_int_equal(traffic_of_json(t, saved, 899, &why), ERR_INVALID);
        assert_int_equal(length_of(t), 0);
        json_decref(saved);
        traffic_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_counts_for_its_slot),
        cmocka_unit_test(a_day_is_kept_and_no_more),
        cmocka_unit_test(totals_and_clocks_that_go_back_add_nothing),
        cmocka_unit_test(a_run_goes_on_with_the_day_of_the_run_before),
        cmocka_unit_test(what_is_no_day_is_not_gone_on_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
