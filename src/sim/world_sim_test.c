/* net/world_test.h over the simulator: two nodes on a line with delay, jitter and a rate. */
#include "sim/sim.h"

#include "net/world_test.h"

#define LIMIT_US (600 * SEC) /* simulated: it costs nothing */

static bool run(struct world *w, bool (*until)(void *arg), void *arg)
{
    return sim_run_until(w->priv, until, arg, LIMIT_US);
}

static int open_world(void **state)
{
    static const struct sim_link link = {
        .latency_us = 5 * MSEC, .jitter_us = 100, .up_rate = 20000000, .down_rate = 20000000};
    struct world *w = MEM_NEW(struct world);
    struct sim *sim = sim_new(5);
    sim_set_multicast(sim, true);
    w->priv = sim;
    w->at_a = addr_v4(10, 0, 0, 1, 0);
    w->at_b = addr_v4(10, 0, 0, 2, 0);
    w->a = sim_node_loop(sim_node_add(sim, "ann", w->at_a, link));
    w->b = sim_node_loop(sim_node_add(sim, "bob", w->at_b, link));
    w->settle_us = SEC;
    w->run = run;
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    sim_free(w->priv);
    free(w);
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
    const struct CMUnitTest tests[] = {WORLD_CHECKS(CASE)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
