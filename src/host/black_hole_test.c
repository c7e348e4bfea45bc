#include "host/black_hole.h"

#include "base/test.h"
#include "host/host.h"
#include "sim/sim.h"

static void say(struct black_hole *b, unsigned n, bool good)
{
    for (unsigned i = 0; i < n; i++)
        black_hole_said(b, good);
}

static void a_few_failures_are_none(void **state)
{
    struct black_hole b = {0};
    (void)state;
    say(&b, BLACK_HOLE_LAST - 1, false);
    assert_true(black_hole_may(&b));
    say(&b, 1, false);
    assert_false(black_hole_may(&b));
}

static void a_few_successes_are_enough(void **state)
{
    struct black_hole b = {0};
    (void)state;
    say(&b, BLACK_HOLE_GOOD, true);
    say(&b, BLACK_HOLE_LAST - BLACK_HOLE_GOOD, false);
    assert_true(black_hole_may(&b));
    say(&b, 1, false); /* and the first of them is forgotten */
    assert_false(black_hole_may(&b));
}

static void one_in_so_many_finds_out(void **state)
{
    struct black_hole b = {0};
    unsigned dials = 0;
    (void)state;
    say(&b, BLACK_HOLE_LAST, false);
    for (unsigned i = 0; i < 10 * BLACK_HOLE_PROBE; i++)
        dials += black_hole_may(&b);
    assert_int_equal(dials, 10);
    say(&b, 1, true);
    for (unsigned i = 0; i < BLACK_HOLE_PROBE; i++)
        assert_true(black_hole_may(&b));
}

/* --- a host that dials ---------------------------------------------------------------------- */

static void on_dial(void *arg, const struct peer_id *peer, const struct why *why)
{
    (void)why;
    *(bool *)arg = peer != NULL;
}

static bool is_true(void *arg)
{
    return *(bool *)arg;
}

/* How long one takes to reach two, who says that it can be reached by QUIC and cannot. */
static uint64_t dial_us(struct sim *sim, struct host *one, const struct host *two)
{
    struct addr there = addr_v4(20, 0, 0, 2, 4001);
    struct multiaddr at[2];
    bool reached = false;
    multiaddr_of_addr(&at[0], &there, REACH_QUIC);
    multiaddr_of_addr(&at[1], &there, REACH_TCP);
    uint64_t began_us = sim_now_us(sim);
    host_dial(one, host_id(two), at, 2, on_dial, &reached);
    assert_true(sim_run_until(sim, is_true, &reached, 30 * SEC));
    uint64_t took_us = sim_now_us(sim) - began_us;
    host_hang_up(one, host_id(two));
    sim_run_for(sim, 30 * SEC);
    return took_us;
}

static void datagrams_that_are_swallowed_are_waited_for_so_often_and_no_more(void **state)
{
    struct sim *sim = sim_new(1);
    struct host *h[2];
    struct keys *keys[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const struct sim_link line = {.latency_us = 5 * MSEC};
        struct addr ip = addr_v4(20, 0, 0, (uint8_t)(i + 1), 4001);
        struct multiaddr here;
        uint8_t entropy[16] = {(uint8_t)(i + 1)};
        multiaddr_of_addr(&here, &ip, REACH_TCP);
        keys[i] = keys_of_entropy(entropy, sizeof entropy);
        struct host_cfg cfg = {.loop = sim_node_loop(sim_node_add(sim, i ? "b" : "a", ip, line)),
                               .keys = keys[i],
                               .agent = "shoal/test",
                               .listen = &here,
                               .listen_count = 1};
        h[i] = host_new(&cfg, NULL);
    }
    for (unsigned i = 0; i < BLACK_HOLE_LAST; i++)
        assert_in_range(dial_us(sim, h[0], h[1]), 250 * MSEC, SEC); /* QUIC has its head start */
    unsigned late = 0;
    for (unsigned i = 0; i < BLACK_HOLE_PROBE; i++)
        late += dial_us(sim, h[0], h[1]) >= 250 * MSEC;
    assert_int_equal(late, 1);
    for (unsigned i = 0; i < 2; i++) {
        host_free(h[i]);
        keys_free(keys[i]);
    }
    sim_run_for(sim, 60 * SEC);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_failures_are_none),
        cmocka_unit_test(a_few_successes_are_enough),
        cmocka_unit_test(one_in_so_many_finds_out),
        cmocka_unit_test(datagrams_that_are_swallowed_are_waited_for_so_often_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
