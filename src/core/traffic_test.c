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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_counts_for_its_slot),
        cmocka_unit_test(a_day_is_kept_and_no_more),
        cmocka_unit_test(totals_and_clocks_that_go_back_add_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
