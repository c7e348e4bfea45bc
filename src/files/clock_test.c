/* The machine's clock jumps by a year, forth and back: nothing ends early or lasts for ever. */
#include "files/films_test.h"

#include "files/owner/unwanted.h"

#define YEAR_US (INT64_C(365) * 86400 * 1000000)

static const char *const by_dht[] = {"files.dht-bootstrap=10.0.0.1:6881", NULL};

static void jump(struct pair *p, int64_t by_us)
{
    sim_node_jump_wall(p->ann->machine, by_us);
    sim_node_jump_wall(p->bob->machine, by_us);
}

static void seeding_times_and_limits_are_of_a_clock_that_does_not_jump(void **state)
{
    (void)state;
    for (int way = -1; way <= 1; way += 2) {
        struct pair p = pair_new(by_dht);
        get(&p, 0);
        json_decref(node_call(p.bob, "file.limit",
                              json_pack("{s:s, s:s}", "id", p.id[0], "idle", "30m"), NULL));
        sim_run_for(p.sim, 600 * SEC);
        jump(&p, way * YEAR_US);
        sim_run_for(p.sim, 600 * SEC);
        assert_true(is(&p, 0, "state", "seeding"));
        assert_in_range(number(&p, 0, "seeding_s"), 1100, 1400);
        sim_run_for(p.sim, 900 * SEC);
        assert_true(is(&p, 0, "state", "paused"));
        pair_free(&p);
    }
}

static void what_is_asked_for_comes_whatever_the_clock_says(void **state)
{
    (void)state;
    struct pair p = pair_new(by_dht);
    get(&p, 0);
    jump(&p, YEAR_US);
    sim_run_for(p.sim, 60 * SEC);
    get(&p, 1);
    jump(&p, -2 * YEAR_US);
    sim_run_for(p.sim, 60 * SEC);
    get(&p, 2);
    node_stop(p.bob); /* what was kept at another time is read */
    jump(&p, YEAR_US);
    node_start(p.bob, &files_app, NULL);
    sim_run_for(p.sim, 10 * SEC);
    for (int i = 0; i < FILMS; i++) {
        assert_true(is(&p, i, "state", "seeding"));
        assert_in_range(number(&p, i, "seeding_s"), 0, 600);
    }
    pair_free(&p);
}

/* Bans. */

static void ignore(void *arg)
{
    (void)arg;
}

static struct unwanted *rules_new(struct node *n)
{
    struct why why;
    struct unwanted_cfg cfg = {.loop = n->env.loop,
                               .vfs = n->env.vfs,
                               .log = n->env.log,
                               .db = n->env.db,
                               .lists_dir = "/data/lists",
                               .addrs = ignore,
                               .torrents = ignore};
    struct unwanted *r = unwanted_new(&cfg, n->conf, &why);
    assert_non_null(r);
    return r;
}

static void a_ban_lasts_a_day_however_the_clock_jumps(void **state)
{
    (void)state;
    for (int way = -1; way <= 1; way += 2) {
        struct pair p = pair_new(by_dht);
        struct addr liar = addr_v4(10, 0, 0, 9, 6881);
        struct unwanted *r = rules_new(p.bob);
        unwanted_ban(r, &liar);
        jump(&p, way * YEAR_US);
        assert_true(unwanted_refuse(r, &liar));
        sim_run_for(p.sim, 23 * 3600 * SEC);
        assert_true(unwanted_refuse(r, &liar));
        sim_run_for(p.sim, 2 * 3600 * SEC);
        assert_false(unwanted_refuse(r, &liar));
        /* Kept by a clock that was wrong: no ban is for ever. */
        unwanted_ban(r, &liar);
        unwanted_free(r);
        jump(&p, way * YEAR_US);
        r = rules_new(p.bob);
        sim_run_for(p.sim, 25 * 3600 * SEC);
        assert_false(unwanted_refuse(r, &liar));
        unwanted_free(r);
        pair_free(&p);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeding_times_and_limits_are_of_a_clock_that_does_not_jump),
        cmocka_unit_test(what_is_asked_for_comes_whatever_the_clock_says),
        cmocka_unit_test(a_ban_lasts_a_day_however_the_clock_jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
