/* sim/sim_pair_test.h - the world of net/conn_test.h, simulated: ann and bob, and a good line.
 *
 * A filter's test program is this, its own `dress`, and CONN_CHECKS:
 *
 *     static int open_world(void **state)
 *     {
 *         *state = MEM_NEW(struct world);
 *         sim_pair_open(*state, dress);
 *         return 0;
 *     }
 *
 * and a teardown with sim_pair_close().  net/filter_test.c is an example. */
#ifndef SHOAL_SIM_SIM_PAIR_TEST_H
#define SHOAL_SIM_SIM_PAIR_TEST_H

#include "net/conn_test.h"
#include "sim/sim.h"

#define SIM_PAIR_LIMIT_US (600 * SEC) /* simulated: it costs nothing */

static bool sim_pair_run(struct world *w, bool (*until)(void *arg), void *arg)
{
    return sim_run_until(w->priv, until, arg, SIM_PAIR_LIMIT_US);
}

/* w is zeroed; w->priv is the struct sim.  dress: as in struct world, or NULL. */
static void sim_pair_open(struct world *w,
                          struct conn *(*dress)(struct world *w, struct conn *below, bool dialled,
                                                conn_cb *cb, void *arg))
{
    static const struct sim_link link = {
        .latency_us = 5 * MSEC, .jitter_us = 100, .up_rate = 20000000, .down_rate = 20000000};
    struct sim *sim = sim_new(5);
    w->priv = sim;
    w->at_a = addr_v4(10, 0, 0, 1, 0);
    w->at_b = addr_v4(10, 0, 0, 2, 0);
    w->a = sim_node_loop(sim_node_add(sim, "ann", w->at_a, link));
    w->b = sim_node_loop(sim_node_add(sim, "bob", w->at_b, link));
    w->settle_us = SEC;
    w->run = sim_pair_run;
    w->dress = dress;
}

static void sim_pair_close(struct world *w)
{
    sim_free(w->priv);
}

#endif
