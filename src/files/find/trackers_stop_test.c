#include "files/find/trackers.h"

#include "files/find/trackers_world_test.h"

static void stop_tells_who_heard_started_and_then_says_so(void **state)
{
    (void)state;
    size_t seeders;
    struct world *w = world_new((struct mi_tracker[]){ONE, TWO}, 2);
    udp_tracker_mute(w->two, true);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    const uint8_t *infohash = udp_tracker_seen(w->one)->infohash;
    assert_int_equal(udp_tracker_peers(w->one, infohash, &seeders), 1);
    unsigned before = udp_tracker_seen(w->two)->packets;
    trackers_stop(w->t, on_stopped, w);
    assert_int_equal(w->stops, 0);
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->stops, 1);
    assert_int_equal(udp_tracker_seen(w->one)->event, TRACKER_STOPPED);
    assert_int_equal(udp_tracker_seen(w->one)->want, 0);
    assert_int_equal(udp_tracker_peers(w->one, infohash, &seeders), 0);
    assert_int_equal(udp_tracker_seen(w->two)->packets, before);
    sim_run_for(w->sim, 3600 * SEC); /* and then it is quiet */
    assert_int_equal(udp_tracker_seen(w->one)->announces, 2);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(udp_tracker_seen(w->one)->events[TRACKER_STARTED], 2);
    world_free(w);
}

static void stop_does_not_wait_longer_than_3_s(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    udp_tracker_mute(w->one, true);
    unsigned before = udp_tracker_seen(w->one)->packets;
    trackers_stop(w->t, on_stopped, w);
    sim_run_for(w->sim, 3 * SEC - 1);
    assert_int_equal(w->stops, 0);
    assert_int_equal(udp_tracker_seen(w->one)->packets - before, 2); /* said again after 1 s */
    sim_run_for(w->sim, 1);
    assert_int_equal(w->stops, 1);
    world_free(w);
}

/* A person pauses, then removes or resumes, faster than a tracker answers. */
static void a_stop_within_a_stop_is_told_once_and_a_start_ends_it(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    udp_tracker_mute(w->one, true);
    trackers_stop(w->t, on_stopped, w);
    trackers_stop(w->t, on_stopped, w);
    sim_run_for(w->sim, 10 * SEC);
    assert_int_equal(w->stops, 1);
    udp_tracker_mute(w->one, false);
    trackers_start(w->t);
    trackers_stop(w->t, on_stopped, w);
    trackers_start(w->t);
    sim_run_for(w->sim, 60 * SEC);
    assert_int_equal(w->stops, 1);
    assert_true(udp_tracker_seen(w->one)->events[TRACKER_STARTED] >= 2);
    world_free(w);
}

static void stop_without_anybody_to_tell_is_done_in_the_next_turn(void **state)
{
    (void)state;
    struct world *w = world_new(NULL, 0);
    trackers_start(w->t);
    trackers_stop(w->t, on_stopped, w);
    assert_int_equal(w->stops, 0);
    sim_run_for(w->sim, 1);
    assert_int_equal(w->stops, 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_tells_who_heard_started_and_then_says_so),
        cmocka_unit_test(stop_does_not_wait_longer_than_3_s),
        cmocka_unit_test(a_stop_within_a_stop_is_told_once_and_a_start_ends_it),
        cmocka_unit_test(stop_without_anybody_to_tell_is_done_in_the_next_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
