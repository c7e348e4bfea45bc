#include "files/peer/pipeline.h"

#include "base/test.h"
#include "files/meta/metainfo.h"

static void it_doubles_each_round_trip_until_the_rate_stops_growing(void **state)
{
    (void)state;
    struct pipeline pl;
    pipeline_init(&pl);
    uint64_t now = SEC;
    pipeline_waiting(&pl, now);
    for (int i = 0; i < PIPELINE_START; i++)
        pipeline_block(&pl, now += MSEC);
    assert_int_equal(pipeline_depth(&pl, 2000), 2 * PIPELINE_START);
    pipeline_tick(&pl, 1000000);
    assert_true(pl.growing);
    pipeline_tick(&pl, 1050000);
    assert_false(pl.growing);
    assert_int_equal(pipeline_depth(&pl, 2000), 1050000 * PIPELINE_AHEAD_S / BLOCK_LEN);
}

static void it_never_asks_more_than_the_peer_queues(void **state)
{
    (void)state;
    struct pipeline pl;
    pipeline_init(&pl);
    for (uint64_t i = 1; i < 5000; i++)
        pipeline_block(&pl, i * MSEC);
    assert_int_equal(pipeline_depth(&pl, 5000), PIPELINE_MAX);
    assert_int_equal(pipeline_depth(&pl, 500), 500);
    assert_int_equal(pipeline_depth(&pl, 0), PIPELINE_REQQ_DEFAULT);
    assert_int_equal(pipeline_depth(&pl, 1), 1);
}

static void a_block_is_expected_at_the_usual_pace(void **state)
{
    (void)state;
    struct pipeline pl;
    pipeline_init(&pl);
    uint64_t now = SEC;
    pipeline_waiting(&pl, now);
    assert_int_equal(pipeline_due_us(&pl, false, 0, now), now + PIPELINE_PAUSE_GUESS_US);
    for (int i = 0; i < 200; i++)
        pipeline_block(&pl, now += 100 * MSEC);
    assert_in_range(pipeline_due_us(&pl, true, 0, now) - now, 90 * MSEC, 101 * MSEC);
    assert_in_range(pipeline_due_us(&pl, true, 4, now) - now, 450 * MSEC, 505 * MSEC);
    /* Late: who has kept us waiting for long will do so for as long again. */
    assert_int_equal(pipeline_due_us(&pl, true, 0, now + 3 * SEC), now + 6 * SEC);
    assert_in_range(pipeline_due_us(&pl, false, 0, now + 3 * SEC) - now, 3090 * MSEC, 3101 * MSEC);
}

static void a_slow_peer_keeps_a_few_on_the_way(void **state)
{
    (void)state;
    struct pipeline pl;
    pipeline_init(&pl);
    pipeline_tick(&pl, 100);
    pipeline_tick(&pl, 100);
    assert_int_equal(pipeline_depth(&pl, 500), PIPELINE_MIN);
}

static void a_stalled_peer_is_tried_with_one_block(void **state)
{
    (void)state;
    struct pipeline pl;
    pipeline_init(&pl);
    uint64_t now = 100 * SEC;
    pipeline_waiting(&pl, now);
    assert_false(pipeline_check(&pl, now + PIPELINE_WAIT_FIRST_US - 1));
    assert_true(pipeline_check(&pl, now + PIPELINE_WAIT_FIRST_US));
    assert_int_equal(pipeline_depth(&pl, 500), 1);
    pipeline_block(&pl, now + 20 * SEC);
    assert_true(pipeline_depth(&pl, 500) > 1);
}

static void the_wait_follows_the_usual_pause(void **state)
{
    (void)state;
    struct pipeline fast, slow;
    pipeline_init(&fast);
    pipeline_init(&slow);
    uint64_t now = SEC;
    pipeline_waiting(&fast, now);
    pipeline_waiting(&slow, now);
    for (int i = 1; i <= 20; i++) {
        pipeline_block(&fast, now + (uint64_t)i * MSEC);
        pipeline_block(&slow, now + (uint64_t)i * 4 * SEC);
    }
    assert_true(pipeline_check(&fast, fast.last_us + PIPELINE_WAIT_MIN_US));
    assert_false(pipeline_check(&slow, slow.last_us + 30 * SEC));
    assert_true(pipeline_check(&slow, slow.last_us + PIPELINE_WAIT_MAX_US));
}

static void a_rate_is_smoothed_and_ends_at_zero(void **state)
{
    (void)state;
    struct rate r = {0};
    rate_add(&r, 1000);
    rate_tick(&r, SEC);
    assert_int_equal(r.per_s, 1000);
    rate_add(&r, 4000);
    rate_tick(&r, 3 * SEC);
    assert_int_equal(r.per_s, (3 * 1000 + 2000) / 4);
    for (uint64_t i = 0; i < RATE_IDLE_TICKS; i++)
        rate_tick(&r, (4 + i) * SEC);
    assert_int_equal(r.per_s, 0);
    assert_int_equal(r.total, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_doubles_each_round_trip_until_the_rate_stops_growing),
        cmocka_unit_test(it_never_asks_more_than_the_peer_queues),
        cmocka_unit_test(a_block_is_expected_at_the_usual_pace),
        cmocka_unit_test(a_slow_peer_keeps_a_few_on_the_way),
        cmocka_unit_test(a_stalled_peer_is_tried_with_one_block),
        cmocka_unit_test(the_wait_follows_the_usual_pause),
        cmocka_unit_test(a_rate_is_smoothed_and_ends_at_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
