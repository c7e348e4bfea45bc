#include "host/mux/yamux_state.h"

#include "base/test.h"

static void a_window_takes_what_it_has_and_not_one_byte_more(void **state)
{
    (void)state;
    struct yamux_window w;
    yamux_window_init(&w);
    assert_false(yamux_window_take(&w, YAMUX_WINDOW + 1));
    assert_false(yamux_window_take(&w, UINT32_MAX));
    assert_true(yamux_window_take(&w, YAMUX_WINDOW));
    assert_true(yamux_window_take(&w, 0));
    assert_false(yamux_window_take(&w, 1));
}

static void credit_comes_at_half_a_window_and_is_what_was_eaten(void **state)
{
    (void)state;
    struct yamux_window w;
    uint32_t spare = YAMUX_HELD_MAX;
    yamux_window_init(&w);
    assert_true(yamux_window_take(&w, YAMUX_WINDOW));
    assert_int_equal(yamux_window_eat(&w, YAMUX_WINDOW / 2 - 1, SEC, 0, &spare), 0);
    assert_int_equal(w.left, 0);
    assert_int_equal(yamux_window_eat(&w, 1, SEC, 0, &spare), YAMUX_WINDOW / 2);
    assert_int_equal(w.left, YAMUX_WINDOW / 2);
    assert_int_equal(w.size, YAMUX_WINDOW);
    assert_int_equal(spare, YAMUX_HELD_MAX);
}

/* Half a window each `took`, with this round trip. */
static uint32_t size_after(uint64_t took_us, uint64_t rtt_us, int times, uint32_t *spare)
{
    struct yamux_window w;
    uint64_t now = SEC;
    yamux_window_init(&w);
    for (int i = 0; i < times; i++) {
        uint32_t half = w.size / 2;
        assert_true(yamux_window_take(&w, half));
        yamux_window_eat(&w, 1, now, rtt_us, spare);
        now += took_us;
        assert_true(yamux_window_eat(&w, half - 1, now, rtt_us, spare) >= half);
        assert_int_equal(w.left, w.size);
    }
    return w.size;
}

static void a_window_filled_within_four_round_trips_doubles_up_to_its_top(void **state)
{
    (void)state;
    uint32_t spare = YAMUX_HELD_MAX;
    assert_int_equal(size_after(200 * MSEC, 100 * MSEC, 1, &spare), 2 * YAMUX_WINDOW);
    assert_int_equal(spare, YAMUX_HELD_MAX - YAMUX_WINDOW);
    assert_int_equal(size_after(201 * MSEC, 100 * MSEC, 1, &spare), YAMUX_WINDOW);
    assert_int_equal(size_after(1, 0, 9, &spare), YAMUX_WINDOW); /* not measured */
    assert_int_equal(size_after(1, UINT64_MAX, 99, &spare), YAMUX_WINDOW_MAX);
    assert_int_equal(size_after(UINT64_MAX / 2, UINT64_MAX, 1, &spare), YAMUX_WINDOW);
}

static void growth_ends_where_the_connection_s_share_does(void **state)
{
    (void)state;
    uint32_t spare = 1000;
    assert_int_equal(size_after(1, SEC, 5, &spare), YAMUX_WINDOW + 1000);
    assert_int_equal(spare, 0);
    assert_int_equal(size_after(1, SEC, 5, &spare), YAMUX_WINDOW);
}

/* GHSA-4w32-2493-32g7: the sum of two credits of a peer overflowed. */
static void credit_saturates(void **state)
{
    (void)state;
    assert_int_equal(yamux_credit(1, 2), 3);
    assert_int_equal(yamux_credit(YAMUX_WINDOW, UINT32_MAX), UINT32_MAX);
    assert_int_equal(yamux_credit(UINT32_MAX, UINT32_MAX), UINT32_MAX);
    assert_int_equal(yamux_credit(UINT32_MAX - 5, 5), UINT32_MAX);
}

static void churn_has_a_burst_and_then_a_rate(void **state)
{
    (void)state;
    struct yamux_churn c = {0};
    uint64_t now = 1000 * SEC;
    for (int i = 0; i < YAMUX_CHURN_BURST; i++)
        assert_true(yamux_churn(&c, now));
    assert_false(yamux_churn(&c, now));
    now += SEC;
    for (int i = 0; i < YAMUX_CHURN_RATE; i++)
        assert_true(yamux_churn(&c, now));
    assert_false(yamux_churn(&c, now));
    for (int i = 0; i < 10000; i++) /* at the rate, for ever */
        assert_true(yamux_churn(&c, now += SEC / YAMUX_CHURN_RATE));
}

static void ids_are_odd_or_even_and_end(void **state)
{
    (void)state;
    assert_int_equal(yamux_next_id(0, true), 1);
    assert_int_equal(yamux_next_id(0, false), 2);
    assert_int_equal(yamux_next_id(1, true), 3);
    assert_int_equal(yamux_next_id(2, false), 4);
    assert_int_equal(yamux_next_id(UINT32_MAX - 2, true), UINT32_MAX);
    assert_int_equal(yamux_next_id(UINT32_MAX, true), 0);
    assert_int_equal(yamux_next_id(UINT32_MAX - 1, false), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_takes_what_it_has_and_not_one_byte_more),
        cmocka_unit_test(credit_comes_at_half_a_window_and_is_what_was_eaten),
        cmocka_unit_test(a_window_filled_within_four_round_trips_doubles_up_to_its_top),
        cmocka_unit_test(growth_ends_where_the_connection_s_share_does),
        cmocka_unit_test(credit_saturates),
        cmocka_unit_test(churn_has_a_burst_and_then_a_rate),
        cmocka_unit_test(ids_are_odd_or_even_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
