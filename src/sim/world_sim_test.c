/* net/world_test.h over the simulator: two nodes on a line with delay, jitter and a rate. */
#include "net/world_test.h"

#include "sim/sim_pair_test.h"

static int open_world(void **state)
{
    struct world *w = MEM_NEW(struct world);
    sim_pair_open(w, NULL);
    sim_set_multicast(w->priv, true);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    sim_pair_close(*state);
    free(*state);
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
    const struct CMUnitTest tests[] = {WORLD_CHECKS(CASE)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
