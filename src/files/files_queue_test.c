/* Whose turn it is, what ends seeding, how much may be stored: whole nodes in the simulator. */
#include "files/films_test.h"

#include "core/policy.h"

struct wait {
    struct pair *p;
    int i;
    const char *state;
};

static bool reached(void *arg)
{
    struct wait *w = arg;
    return is(w->p, w->i, "state", w->state);
}

static void wait_state(struct pair *p, int i, const char *state)
{
    struct wait w = {p, i, state};
    if (!reached(&w) && !sim_run_until(p->sim, reached, &w, 300 * SEC)) {
        json_t *j = row(p, i);
        json_dumpf(j, stderr, JSON_INDENT(1));
        fail_msg("film %d is never %s", i, state);
    }
}

static void one_downloads_and_the_others_wait_for_their_turn(void **state)
{
    (void)state;
    struct pair p = pair_new((const char *const[]){"files.download-queue=1", NULL});
    for (int i = 0; i < FILMS; i++)
        get(&p, i);
    sim_run_for(p.sim, SEC / 4);
    assert_true(is(&p, 1, "state", "queued"));
    assert_true(is(&p, 1, "reason", "waits for its turn: number 1 of those that wait to download"));
    assert_int_equal(number(&p, 1, "peers"), 0);
    wait_state(&p, 0, "seeding");
    assert_int_equal(number(&p, 2, "done"), 0);
    wait_state(&p, 1, "seeding");
    wait_state(&p, 2, "seeding");
    pair_free(&p);
}

static void who_is_moved_up_comes_first_also_after_a_restart(void **state)
{
    (void)state;
    struct pair p = pair_new((const char *const[]){"files.download-queue=1", NULL});
    for (int i = 0; i < FILMS; i++) {
        get(&p, i);
        call(p.bob, "file.pause", json_pack("{s:s}", "id", p.id[i]));
    }
    call(p.bob, "file.queue", json_pack("{s:s, s:s}", "id", p.id[2], "to", "top"));
    call(p.bob, "file.queue", json_pack("{s:s, s:s}", "id", p.id[0], "to", "bottom"));
    call(p.bob, "file.label", json_pack("{s:s, s:[s]}", "id", p.id[0], "label", "tv"));
    node_crash(p.bob);
    node_start(p.bob, &files_app, p.set);
    assert_int_equal(number(&p, 2, "queue"), 0);
    assert_int_equal(number(&p, 1, "queue"), 1);
    assert_int_equal(number(&p, 0, "queue"), 2);
    json_t *j = row(&p, 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(j, "labels"), 0)), "tv");
    json_decref(j);
    for (int i = 0; i < FILMS; i++)
        call(p.bob, "file.resume", json_pack("{s:s}", "id", p.id[FILMS - 1 - i]));
    wait_state(&p, 2, "seeding");
    assert_int_equal(number(&p, 0, "done"), 0);
    pair_free(&p);
}

static void who_is_started_now_runs_beside_the_queue(void **state)
{
    (void)state;
    struct pair p = pair_new((const char *const[]){"files.download-queue=1", NULL});
    get(&p, 0);
    get(&p, 1);
    assert_true(is(&p, 1, "state", "queued"));
    call(p.bob, "file.resume", json_pack("{s:s, s:b}", "id", p.id[1], "now", 1));
    assert_false(is(&p, 1, "state", "queued"));
    wait_state(&p, 1, "seeding");
    pair_free(&p);
}

static void who_stalls_lets_the_next_one_begin(void **state)
{
    (void)state;
    struct pair p =
        pair_new((const char *const[]){"files.download-queue=1", "files.queue-stalled=60s", NULL});
    call(
        p.bob, "file.get",
        json_pack("{s:s}", "link", "magnet:?xt=urn:btih:00112233445566778899aabbccddeeff00112233"));
    get(&p, 0);
    assert_true(is(&p, 0, "state", "queued"));
    wait_state(&p, 0, "seeding");
    assert_true(sim_now_us(p.sim) > 60 * SEC);
    pair_free(&p);
}

static void seeding_ends_at_its_ratio_and_goes_on_when_told(void **state)
{
    (void)state;
    struct pair p = pair_new((const char *const[]){"files.ratio-limit=2", NULL});
    get(&p, 0);
    call(p.bob, "file.limit", json_pack("{s:s, s:s}", "id", p.id[0], "ratio", "0"));
    wait_state(&p, 0, "paused");
    json_t *j = row(&p, 0);
    assert_true(json_is_true(json_object_get(j, "finished")));
    assert_non_null(json_string_value(json_object_get(j, "done_at")));
    json_decref(j);
    call(p.bob, "file.resume", json_pack("{s:s}", "id", p.id[0]));
    sim_run_for(p.sim, 60 * SEC);
    assert_true(is(&p, 0, "state", "seeding"));
    assert_true(is(&p, 0, "ratio_limit_from", "off"));
    pair_free(&p);
}

static void seeding_ends_when_nobody_takes_a_byte(void **state)
{
    (void)state;
    struct pair p = pair_new(NULL);
    get(&p, 0);
    call(p.bob, "file.limit", json_pack("{s:s, s:s}", "id", p.id[0], "idle", "30m"));
    wait_state(&p, 0, "seeding");
    sim_run_for(p.sim, 29 * 60 * SEC);
    assert_true(is(&p, 0, "state", "seeding"));
    sim_run_for(p.sim, 2 * 60 * SEC);
    assert_true(is(&p, 0, "state", "paused"));
    assert_in_range(number(&p, 0, "seeding_s"), 29 * 60, 31 * 60);
    node_stop(p.bob);
    node_start(p.bob, &files_app, NULL);
    assert_in_range(number(&p, 0, "seeding_s"), 29 * 60, 31 * 60);
    pair_free(&p);
}

static void nothing_is_fetched_that_has_no_room(void **state)
{
    (void)state;
    struct pair p = pair_new(NULL);
    policy_set_storage(p.bob->policy, SIZE + SIZE / 2);
    get(&p, 0);
    wait_state(&p, 0, "seeding");
    get(&p, 1); /* by a link: its size is known when the metadata comes */
    wait_state(&p, 1, "queued");
    sim_run_for(p.sim, 60 * SEC);
    assert_true(is(&p, 1, "reason",
                   "storage is limited to 1.5 MiB: 1 MiB are used, 1 MiB more are asked for"));
    assert_int_equal(number(&p, 1, "downloaded"), 0);
    policy_set_storage(p.bob->policy, 2 * SIZE);
    wait_state(&p, 1, "seeding"); /* at the next look, by itself */
    pair_free(&p);
}

static void a_group_shares_one_rate(void **state)
{
    (void)state;
    struct pair p = pair_new(NULL);
    call(p.bob, "file.group-set", json_pack("{s:s, s:i}", "name", "slow", "down", 100000));
    for (int i = 0; i < 2; i++) {
        call(p.bob, "file.get", json_pack("{s:s, s:b}", "link", p.link[i], "paused", 1));
        call(p.bob, "file.limit", json_pack("{s:s, s:s}", "id", p.id[i], "group", "slow"));
        call(p.bob, "file.peer", json_pack("{s:s, s:s}", "id", p.id[i], "addr", "10.0.0.1:6881"));
        call(p.bob, "file.resume", json_pack("{s:s}", "id", p.id[i]));
    }
    uint64_t began = sim_now_us(p.sim);
    wait_state(&p, 0, "seeding");
    wait_state(&p, 1, "seeding");
    assert_in_range(sim_now_us(p.sim) - began, 18 * SEC, 26 * SEC);
    pair_free(&p);
}

/* Film 0 has a hundred candidates, and nobody answers there. */
static void who_has_many_to_dial_takes_turns_with_who_has_one(void **state)
{
    (void)state;
    struct pair p = pair_new((const char *const[]){"files.transports=tcp", NULL});
    json_t *crowd = json_array();
    for (int i = 0; i < 100; i++) {
        char *at = mem_printf("10.0.9.%d:6881", i + 1);
        json_array_append_new(crowd, json_string(at));
        free(at);
    }
    call(p.bob, "file.get", json_pack("{s:s, s:o}", "link", p.link[0], "peer", crowd));
    get(&p, 1);
    sim_run_for(p.sim, SEC); /* more than 16 are not dialled at once */
    assert_int_equal(number(&p, 1, "peers"), 1);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_downloads_and_the_others_wait_for_their_turn),
        cmocka_unit_test(who_is_moved_up_comes_first_also_after_a_restart),
        cmocka_unit_test(who_is_started_now_runs_beside_the_queue),
        cmocka_unit_test(who_stalls_lets_the_next_one_begin),
        cmocka_unit_test(seeding_ends_at_its_ratio_and_goes_on_when_told),
        cmocka_unit_test(seeding_ends_when_nobody_takes_a_byte),
        cmocka_unit_test(nothing_is_fetched_that_has_no_room),
        cmocka_unit_test(who_has_many_to_dial_takes_turns_with_who_has_one),
        cmocka_unit_test(a_group_shares_one_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
