#include "files/find/trackers.h"

#include "files/find/trackers_world_test.h"

static void an_address_to_come_from_keeps_the_other_family_out(void **state)
{
    (void)state;
    struct world *w = world_new(NULL, 0);
    uint8_t six[16] = {0xfd, [15] = 2};
    sim_name_add(w->sim, "six.example", addr_of_bytes(six, 16, 0));
    struct addr from = addr_v4(10, 0, 0, 1, 99);
    struct tracker_udp *udp = tracker_udp_new(sim_node_loop(w->client), &from);
    const struct mi_tracker url = {"udp://six.example:6969", 0};
    const struct trackers_cfg cfg = {.loop = sim_node_loop(w->client),
                                     .udp = udp,
                                     .urls = &url,
                                     .url_count = 1,
                                     .fill = fill,
                                     .peers = on_peers,
                                     .arg = w};
    trackers_free(w->t);
    w->t = trackers_new(&cfg);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_status(w, 0, "failed", "it has no address that can be reached from here");
    trackers_free(w->t);
    tracker_udp_free(udp);
    w->t = NULL;
    world_free(w);
}

static void announces_reach_a_tracker_over_ipv6(void **state)
{
    (void)state;
    struct world *w = world_new(NULL, 0);
    uint8_t mine[16] = {0xfd, [15] = 1}, its[16] = {0xfd, [15] = 2};
    sim_node_add_ip(w->client, addr_of_bytes(mine, 16, 0));
    sim_node_add_ip(w->near, addr_of_bytes(its, 16, 0));
    struct udp_tracker *six = tracker_at(w->near, addr_of_bytes(its, 16, 6969));
    trackers_start(w->t);
    trackers_add(w->t, "udp://[fd00::2]:6969", 0);
    sim_run_for(w->sim, SEC);
    assert_status(w, 0, "working", "");
    assert_int_equal(udp_tracker_seen(six)->announces, 1);
    udp_tracker_close(six);
    world_free(w);
}

/* The same trackers, with both families for us and for the first of them. */
static struct udp_tracker *with_both(struct world *w)
{
    uint8_t mine[16] = {0xfd, [15] = 1}, its[16] = {0xfd, [15] = 2};
    static const struct mi_tracker url = ONE;
    const struct trackers_cfg cfg = {.loop = sim_node_loop(w->client),
                                     .udp = w->udp,
                                     .both = true,
                                     .urls = &url,
                                     .url_count = 1,
                                     .fill = fill,
                                     .peers = on_peers,
                                     .arg = w};
    sim_node_add_ip(w->client, addr_of_bytes(mine, 16, 0));
    sim_node_add_ip(w->near, addr_of_bytes(its, 16, 0));
    sim_name_add(w->sim, "one.example", addr_of_bytes(its, 16, 0));
    trackers_free(w->t);
    w->t = trackers_new(&cfg);
    return tracker_at(w->near, addr_of_bytes(its, 16, 6969));
}

static void reached_by_both_families_we_announce_by_both(void **state)
{
    (void)state;
    struct world *w = world_new(NULL, 0);
    struct udp_tracker *six = with_both(w);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_status(w, 0, "working", "");
    assert_int_equal(udp_tracker_seen(w->one)->announces, 1);
    assert_int_equal(udp_tracker_seen(six)->announces, 1);
    assert_int_equal(w->answers, 2);
    trackers_stop(w->t, on_stopped, w);
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->stops, 1);
    assert_int_equal(udp_tracker_seen(w->one)->events[TRACKER_STOPPED], 1);
    assert_int_equal(udp_tracker_seen(six)->events[TRACKER_STOPPED], 1);
    udp_tracker_close(six);
    world_free(w);
}

static void one_family_that_is_silent_holds_up_nobody(void **state)
{
    (void)state;
    struct world *w = world_new(NULL, 0);
    struct udp_tracker *six = with_both(w);
    udp_tracker_mute(six, true);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_status(w, 0, "working", "");
    sim_run_for(w->sim, 300 * SEC);
    assert_status(w, 0, "working", ""); /* nor does its failure count */
    assert_int_equal(udp_tracker_seen(w->one)->announces, 1);
    udp_tracker_mute(w->one, true);
    trackers_announce(w->t);
    sim_run_for(w->sim, 120 * SEC);
    assert_status(w, 0, "failed", "no answer");
    udp_tracker_close(six);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_to_come_from_keeps_the_other_family_out),
        cmocka_unit_test(announces_reach_a_tracker_over_ipv6),
        cmocka_unit_test(reached_by_both_families_we_announce_by_both),
        cmocka_unit_test(one_family_that_is_silent_holds_up_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
