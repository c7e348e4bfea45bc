#include "sim/sim.h"

#include "sim/sim_two_test.h"

static void a_cut_stalls_and_healing_resumes(void **state)
{
    (void)state;
    struct two t;
    struct sim_link link = LAN;
    link.up_rate = 1000000;
    two_up(&t, 1, link);
    t.a.todo = 20 * 1000 * 1000;
    two_dial(&t);
    sim_run_for(t.sim, 5 * SEC);
    sim_cut(t.ann, t.bob);
    sim_run_for(t.sim, SEC);
    uint64_t got = t.b.got;
    assert_true(got > 0);
    sim_run_for(t.sim, 30 * SEC);
    assert_int_equal(t.b.got, got);
    sim_heal(t.ann, t.bob);
    sim_run_for(t.sim, 60 * SEC);
    assert_int_equal(t.b.got, t.a.todo);
    assert_false(t.b.wrong);
    two_down(&t);
}

static void a_cut_ends_a_busy_conn_after_a_minute_and_spares_an_idle_one(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    t.a.todo = 1000 * 1000 * 1000;
    two_dial(&t);
    sim_run_for(t.sim, 5 * SEC);
    sim_cut(t.bob, NULL);
    sim_run_for(t.sim, 59 * SEC);
    assert_int_equal(t.a.closed, 0);
    sim_run_for(t.sim, 2 * SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_TIMEOUT);
    assert_int_equal(t.b.closed, 0); /* it has nothing to say, so it does not know */
    sim_heal(t.bob, NULL);
    t.b.todo = 1;
    side_pump(&t.b);
    sim_run_for(t.sim, SEC);
    assert_int_equal(t.b.code, ERR_CLOSED);
    two_down(&t);
}

static void dialling_across_a_cut_times_out(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    sim_cut(t.ann, t.bob);
    two_dial(&t);
    sim_run_for(t.sim, CONN_HANDSHAKE_US);
    assert_int_equal(t.a.code, ERR_TIMEOUT);
    assert_null(t.b.conn);
    two_down(&t);
}

/* What an app does at a crash: free itself as ever. */
static void free_bob(void *arg)
{
    struct two *t = arg;
    conn_close(t->b.conn);
    listener_close(t->l);
    t->b.conn = NULL;
    t->l = NULL;
}

static void a_crash_is_silence_then_resets(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    t.b.todo = 100;
    two_dial(&t);
    sim_run_for(t.sim, SEC);
    struct timer *forgotten = timer_start(t.b.loop, SEC, never, NULL);
    (void)forgotten;
    sim_node_on_crash(t.bob, free_bob, &t);
    sim_node_crash(t.bob);
    t.a.todo = 1000;
    side_pump(&t.a);
    sim_run_for(t.sim, 30 * SEC);
    assert_int_equal(t.a.closed, 0);
    assert_false(t.a.ended);
    sim_node_restart(t.bob);
    sim_run_for(t.sim, 20 * SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_CLOSED);
    two_down(&t);
}

static void a_crash_that_nobody_mends_times_out(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    t.a.todo = 10 * 1000 * 1000;
    t.b.idle = true; /* so that at the crash all is acknowledged, and the window shut */
    two_dial(&t);
    sim_run_for(t.sim, 10 * SEC);
    sim_node_on_crash(t.bob, free_bob, &t);
    sim_node_crash(t.bob);
    sim_run_for(t.sim, 61 * SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_TIMEOUT);
    two_down(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_stalls_and_healing_resumes),
        cmocka_unit_test(a_cut_ends_a_busy_conn_after_a_minute_and_spares_an_idle_one),
        cmocka_unit_test(dialling_across_a_cut_times_out),
        cmocka_unit_test(a_crash_is_silence_then_resets),
        cmocka_unit_test(a_crash_that_nobody_mends_times_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
