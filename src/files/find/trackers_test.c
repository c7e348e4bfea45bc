#include "files/find/trackers.h"

#include "files/find/trackers_world_test.h"

static void an_announce_over_udp_carries_all_and_brings_peers(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    assert_status(w, 0, "idle", "");
    trackers_start(w->t);
    assert_status(w, 0, "asking", "");
    assert_int_equal(w->answers, 0); /* never from inside a call */
    sim_run_for(w->sim, SEC);
    const struct udp_tracker_seen *seen = udp_tracker_seen(w->one);
    assert_int_equal(seen->packets, 3); /* connect, announce, scrape */
    assert_int_equal(seen->events[TRACKER_STARTED], 1);
    assert_memory_equal(seen->infohash, "INFOHASHINFOHASHINFO", 20);
    assert_memory_equal(seen->peer_id, "-SH0100-abcdefghijkl", 20);
    assert_int_equal(seen->downloaded, 100);
    assert_int_equal(seen->uploaded, 7);
    assert_int_equal(seen->left, 40);
    assert_int_equal(seen->want, 80);
    assert_int_equal(seen->port, 6881);
    assert_string_equal(seen->url_data, "/announce?k=v");
    assert_int_equal(w->answers, 1);
    assert_int_equal(w->peer_count, 0); /* nobody but us */
    assert_status(w, 0, "working", "");
    assert_int_equal(next_s(w, 0), 599);
    world_free(w);
}

static void peers_are_told_of_each_other(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    struct world other = {.left = 0};
    const struct mi_tracker url = ONE;
    struct loop *loop = sim_node_loop(w->far);
    struct tracker_udp *udp = tracker_udp_new(loop, NULL);
    const struct trackers_cfg cfg = {.loop = loop,
                                     .udp = udp,
                                     .urls = &url,
                                     .url_count = 1,
                                     .fill = fill,
                                     .peers = on_peers,
                                     .arg = &other};
    struct trackers *t = trackers_new(&cfg);
    trackers_start(t);
    sim_run_for(w->sim, SEC);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->peer_count, 1);
    struct addr want = addr_v4(10, 0, 0, 3, 6881);
    assert_true(addr_equal(&w->peers[0], &want));
    json_t *list = trackers_status(w->t, sim_now_us(w->sim));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "seeders")), 1);
    json_decref(list);
    trackers_free(t);
    tracker_udp_free(udp);
    world_free(w);
}

static void it_announces_at_the_interval_and_uses_a_connection_twice(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    trackers_start(w->t);
    sim_run_for(w->sim, 590 * SEC);
    assert_int_equal(udp_tracker_seen(w->one)->announces, 1);
    sim_run_for(w->sim, 20 * SEC);
    assert_int_equal(udp_tracker_seen(w->one)->announces, 2);
    assert_int_equal(udp_tracker_seen(w->one)->event, TRACKER_NONE);
    assert_int_equal(udp_tracker_seen(w->one)->connects, 2); /* the first id is too old, */
    assert_int_equal(udp_tracker_seen(w->one)->packets, 5);  /* and not even tried */
    uint32_t key = udp_tracker_seen(w->one)->key;
    w->left = 0;
    trackers_completed(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(udp_tracker_seen(w->one)->event, TRACKER_COMPLETED);
    assert_int_equal(udp_tracker_seen(w->one)->connects, 2); /* the second was not */
    assert_int_equal(udp_tracker_seen(w->one)->key, key);
    world_free(w);
}

static void lost_packets_are_sent_again_as_bep_15_says(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    udp_tracker_mute(w->one, true);
    trackers_start(w->t);
    static const struct {
        unsigned at_s, packets; /* connect at 0, 15, 45; failed at 105; again at 135 */
    } want[] = {{14, 1}, {16, 2}, {44, 2}, {46, 3}, {104, 3}, {106, 3}, {134, 3}, {136, 4}};
    uint64_t start = sim_now_us(w->sim);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        sim_run_to(w->sim, start + want[i].at_s * SEC);
        assert_int_equal(udp_tracker_seen(w->one)->packets, want[i].packets);
        if (want[i].at_s == 106)
            assert_status(w, 0, "failed", "no answer");
    }
    udp_tracker_mute(w->one, false);
    sim_run_for(w->sim, 20 * SEC); /* the second try of the second ask */
    assert_status(w, 0, "working", "");
    assert_int_equal(udp_tracker_seen(w->one)->events[TRACKER_STARTED], 1);
    world_free(w);
}

static void the_next_of_the_tier_is_asked_when_one_is_dead(void **state)
{
    (void)state;
    struct world *w = world_new(
        (struct mi_tracker[]){{"udp://one.example:6969", 0}, {"udp://two.example:6969", 0}}, 2);
    udp_tracker_mute(w->one, true);
    udp_tracker_mute(w->two, true);
    trackers_start(w->t);
    sim_run_for(w->sim, 50 * SEC);
    bool one_first = udp_tracker_seen(w->one)->packets > 0;
    assert_int_equal(udp_tracker_seen(one_first ? w->two : w->one)->packets, 0);
    udp_tracker_mute(one_first ? w->two : w->one, false);
    sim_run_for(w->sim, 60 * SEC);
    assert_int_equal(w->answers, 1);
    assert_status(w, one_first ? 1 : 0, "working", "");
    assert_status(w, one_first ? 0 : 1, "failed", "no answer");
    assert_int_equal(next_s(w, one_first ? 0 : 1), -1);
    world_free(w);
}

static void each_tier_is_announced_to(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE, TWO}, 2);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(udp_tracker_seen(w->one)->announces, 1);
    assert_int_equal(udp_tracker_seen(w->two)->announces, 1);
    assert_string_equal(udp_tracker_seen(w->two)->url_data, "");
    world_free(w);
}

static void a_refusal_is_told_in_the_trackers_words(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    udp_tracker_refuse(w->one, "not registered");
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_status(w, 0, "failed", "not registered");
    assert_int_equal(w->answers, 0);
    assert_int_equal(udp_tracker_seen(w->one)->announces, 1); /* a fresh id is not doubted */
    world_free(w);
}

static void a_connection_that_the_tracker_forgot_is_made_anew(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    trackers_start(w->t);
    sim_run_for(w->sim, 31 * SEC);
    udp_tracker_forget_connections(w->one);
    trackers_announce(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(udp_tracker_seen(w->one)->announces, 2);
    assert_status(w, 0, "working", "");
    world_free(w);
}

static void by_hand_it_waits_for_30_s(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    trackers_start(w->t);
    sim_run_for(w->sim, 29 * SEC);
    trackers_announce(w->t);
    sim_run_for(w->sim, SEC - 1);
    assert_int_equal(udp_tracker_seen(w->one)->announces, 1);
    sim_run_for(w->sim, SEC);
    trackers_announce(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(udp_tracker_seen(w->one)->announces, 2);
    world_free(w);
}

/* A tracker that says what the test wants it to. */
struct raw {
    struct udp *udp;
    struct addr client;
    uint32_t transaction;
    unsigned packets;
};

static void on_raw(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct raw *r = arg;
    struct cur c = cur_of(bytes, n);
    cur_take(&c, 12);
    r->transaction = cur_be32(&c);
    r->client = *from;
    r->packets++;
}

/* connect's answer, `n` bytes of it. */
static void say_connected(struct world *w, struct raw *r, const struct addr *to,
                          uint32_t transaction, size_t n)
{
    struct buf b = {0};
    buf_be32(&b, 0);
    buf_be32(&b, transaction);
    buf_be64(&b, 1);
    udp_send(r->udp, to, buf_bytes(&b), n);
    buf_done(&b);
    sim_run_for(w->sim, SEC);
}

static void strangers_are_not_listened_to(void **state)
{
    (void)state;
    struct world *w = world_new(NULL, 0);
    struct raw real = {0}, forger = {0};
    struct addr at = addr_v4(10, 0, 0, 2, 7000), far = addr_v4(10, 0, 0, 3, 7000);
    real.udp = udp_open(sim_node_loop(w->near), &at, on_raw, &real, NULL);
    forger.udp = udp_open(sim_node_loop(w->far), &far, on_raw, &forger, NULL);
    trackers_add(w->t, "udp://one.example:7000", 0);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(real.packets, 1);
    say_connected(w, &forger, &real.client, real.transaction, 16);
    say_connected(w, &real, &real.client, real.transaction + 1, 16);
    say_connected(w, &real, &real.client, real.transaction, 0);
    say_connected(w, &real, &real.client, real.transaction, 7);
    assert_int_equal(real.packets, 1); /* no announce followed */
    assert_status(w, 0, "asking", "");
    say_connected(w, &real, &real.client, real.transaction, 16);
    assert_int_equal(real.packets, 2);
    say_connected(w, &real, &real.client, real.transaction, 15); /* ours, but broken */
    assert_status(w, 0, "failed", "an answer cut short");
    udp_close(real.udp);
    udp_close(forger.udp);
    world_free(w);
}

static void urls_that_cannot_be_asked_are_said_to_fail(void **state)
{
    (void)state;
    struct world *w =
        world_new((struct mi_tracker[]){{"wss://one.example", 0},
                                        {"udp://one.example", 1},
                                        {"udp://nowhere.example:1", 2},
                                        {"http://127.0.0.1:9091/transmission/rpc?x=/announce", 3},
                                        {"http://user@localhost/x", 4},
                                        {"http://[::1]:80/x", 5}},
                  6);
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    json_t *list = trackers_status(w->t, sim_now_us(w->sim));
    for (size_t i = 0; i < 6; i++) {
        const json_t *o = json_array_get(list, i);
        assert_string_equal(json_string_value(json_object_get(o, "state")), "failed");
        assert_true(json_string_length(json_object_get(o, "error")) > 0);
        if (i >= 3)
            assert_non_null(strstr(json_string_value(json_object_get(o, "error")), "/announce"));
    }
    json_decref(list);
    assert_status(w, 0, "failed", "trackers of this kind are not spoken to");
    world_free(w);
}

static void urls_given_twice_or_too_many_are_not_taken(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE, ONE}, 2);
    char url[64];
    json_t *one = trackers_status(w->t, sim_now_us(w->sim));
    assert_int_equal(json_array_size(one), 1);
    json_decref(one);
    for (int i = 0; i < MI_TRACKERS_MAX; i++) {
        snprintf(url, sizeof url, "wss://%d.example", i);
        trackers_add(w->t, url, 0);
    }
    trackers_add(w->t, "http://a b", 0);
    json_t *list = trackers_status(w->t, sim_now_us(w->sim));
    assert_int_equal(json_array_size(list), MI_TRACKERS_MAX);
    json_decref(list);
    world_free(w);
}

static json_int_t status_number(struct world *w, const char *key)
{
    json_t *list = trackers_status(w->t, sim_now_us(w->sim));
    const json_t *v = json_object_get(json_array_get(list, 0), key);
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    json_decref(list);
    return n;
}

static void numbers_are_scraped_without_an_announce(void **state)
{
    (void)state;
    struct world *w = world_new((struct mi_tracker[]){ONE}, 1);
    w->left = 0;
    trackers_start(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(udp_tracker_seen(w->one)->scrapes, 1); /* beside the announce */
    trackers_completed(w->t); /* nothing is owed to who heard `started` from a seed */
    sim_run_for(w->sim, SEC);
    /* Another, who only looks. */
    const struct mi_tracker url = ONE;
    const struct trackers_cfg cfg = {.loop = sim_node_loop(w->far),
                                     .udp = tracker_udp_new(sim_node_loop(w->far), NULL),
                                     .urls = &url,
                                     .url_count = 1,
                                     .fill = fill,
                                     .peers = on_peers,
                                     .arg = w};
    struct trackers *announcer = w->t;
    w->t = trackers_new(&cfg);
    assert_int_equal(status_number(w, "downloaded"), -1);
    trackers_scrape(w->t);
    trackers_scrape(w->t); /* not again so soon */
    sim_run_for(w->sim, SEC);
    assert_int_equal(status_number(w, "seeders"), 1);
    assert_int_equal(status_number(w, "leechers"), 0);
    assert_int_equal(status_number(w, "downloaded"), 1);
    trackers_scrape(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(udp_tracker_seen(w->one)->scrapes, 2);
    assert_int_equal(udp_tracker_seen(w->one)->events[TRACKER_STARTED], 1);
    sim_run_for(w->sim, TRACKERS_SCRAPE_S * SEC);
    trackers_scrape(w->t);
    sim_run_for(w->sim, SEC);
    assert_int_equal(udp_tracker_seen(w->one)->scrapes, 3);
    trackers_free(w->t);
    tracker_udp_free(cfg.udp);
    w->t = announcer;
    world_free(w);
}

/* Each moment of an ask's life: freeing makes it silent, and nothing is left behind (the sanitizer
 * and tracker_udp_free look). */
static void it_can_be_freed_at_any_moment(void **state)
{
    (void)state;
    for (uint64_t ms = 0; ms < 60; ms += 2) {
        struct world *w = world_new((struct mi_tracker[]){ONE, TWO}, 2);
        trackers_start(w->t);
        sim_run_for(w->sim, ms * MSEC);
        unsigned answers = w->answers;
        if (ms % 4 == 0)
            trackers_stop(w->t, on_stopped, w);
        sim_run_for(w->sim, ms * MSEC / 4);
        trackers_free(w->t);
        w->t = NULL;
        unsigned stops = w->stops;
        sim_run_for(w->sim, 60 * SEC);
        assert_true(w->answers >= answers && w->answers <= 2);
        assert_int_equal(w->stops, stops);
        world_free(w);
    }
}

static void free_in_peers(void *arg, const struct addr *peers, size_t n)
{
    (void)peers, (void)n;
    struct world *w = arg;
    w->answers++;
    trackers_free(w->t);
    w->t = NULL;
}

static void it_can_be_freed_in_its_own_callback(void **state)
{
    (void)state;
    struct world *w = world_new(NULL, 0);
    const struct mi_tracker urls[] = {ONE, TWO};
    const struct trackers_cfg cfg = {.loop = sim_node_loop(w->client),
                                     .udp = w->udp,
                                     .urls = urls,
                                     .url_count = 2,
                                     .fill = fill,
                                     .peers = free_in_peers,
                                     .arg = w};
    trackers_free(w->t);
    w->t = trackers_new(&cfg);
    trackers_start(w->t);
    sim_run_for(w->sim, 60 * SEC);
    assert_int_equal(w->answers, 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_announce_over_udp_carries_all_and_brings_peers),
        cmocka_unit_test(peers_are_told_of_each_other),
        cmocka_unit_test(it_announces_at_the_interval_and_uses_a_connection_twice),
        cmocka_unit_test(lost_packets_are_sent_again_as_bep_15_says),
        cmocka_unit_test(the_next_of_the_tier_is_asked_when_one_is_dead),
        cmocka_unit_test(each_tier_is_announced_to),
        cmocka_unit_test(a_refusal_is_told_in_the_trackers_words),
        cmocka_unit_test(a_connection_that_the_tracker_forgot_is_made_anew),
        cmocka_unit_test(by_hand_it_waits_for_30_s),
        cmocka_unit_test(strangers_are_not_listened_to),
        cmocka_unit_test(urls_that_cannot_be_asked_are_said_to_fail),
        cmocka_unit_test(urls_given_twice_or_too_many_are_not_taken),
        cmocka_unit_test(numbers_are_scraped_without_an_announce),
        cmocka_unit_test(it_can_be_freed_at_any_moment),
        cmocka_unit_test(it_can_be_freed_in_its_own_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
