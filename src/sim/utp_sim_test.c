/* net/utp.h in the simulator: the contract of every conn, and what bad lines do to it. */
#include "net/utp_test.h"
#include "sim/sim.h"

#define LIMIT_US (600 * SEC)

struct place {
    struct sim *sim;
    struct sim_node *ann, *bob;
    struct utp_end ends[2];
};

static struct utp_end *utp_ends(const struct world *w)
{
    return ((struct place *)w->priv)->ends;
}

static bool run(struct world *w, bool (*until)(void *arg), void *arg)
{
    return sim_run_until(((struct place *)w->priv)->sim, until, arg, LIMIT_US);
}

static struct world *world_new(uint64_t seed, struct sim_link link)
{
    struct world *w = MEM_NEW(struct world);
    struct place *p = MEM_NEW(struct place);
    p->sim = sim_new(seed);
    w->priv = p;
    w->at_a = addr_v4(10, 0, 0, 1, 0);
    w->at_b = addr_v4(10, 0, 0, 2, 0);
    p->ann = sim_node_add(p->sim, "ann", w->at_a, link);
    p->bob = sim_node_add(p->sim, "bob", w->at_b, link);
    w->a = sim_node_loop(p->ann);
    w->b = sim_node_loop(p->bob);
    w->settle_us = SEC;
    w->run = run;
    w->dial = utp_world_dial;
    w->listen = utp_world_listen;
    w->unlisten = utp_world_unlisten;
    return w;
}

static void world_free(struct world *w)
{
    struct place *p = w->priv;
    for (int i = 0; i < 2; i++)
        if (p->ends[i].u)
            utp_end_close(&p->ends[i]);
    sim_free(p->sim);
    free(p);
    free(w);
}

static int open_world(void **state)
{
    *state = world_new(5, (struct sim_link){.latency_us = 5 * MSEC,
                                            .jitter_us = 100,
                                            .up_rate = 20000000,
                                            .down_rate = 20000000});
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
    const struct CMUnitTest tests[] = {CONN_CHECKS(CASE)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
