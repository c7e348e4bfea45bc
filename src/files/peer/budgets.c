#include "files/peer/budgets.h"

#include "base/map.h"
#include "base/mem.h"

struct budgets {
    struct map *by_ip;
};

struct budgets *budgets_new(uint64_t seed)
{
    struct budgets *b = MEM_NEW(struct budgets);
    b->by_ip = map_new(seed);
    return b;
}

void budgets_free(struct budgets *b)
{
    if (!b)
        return;
    map_free(b->by_ip);
    free(b);
}

struct budget *budgets_enter(struct budgets *b, const struct addr *peer, struct why *why)
{
    struct budget *one = map_get(b->by_ip, peer->ip, sizeof peer->ip);
    if (!one) {
        one = MEM_NEW(struct budget);
        budget_init(one);
        map_put(b->by_ip, peer->ip, sizeof peer->ip, one);
    }
    return budget_take(one, BUDGET_CONNS, 1, "a connection", why) ? NULL : one;
}

void budgets_leave(struct budgets *b, const struct addr *peer)
{
    struct budget *one = map_get(b->by_ip, peer->ip, sizeof peer->ip);
    if (!one)
        return;
    budget_give(one, BUDGET_CONNS, 1);
    if (one->used[BUDGET_CONNS] > 0)
        return;
    map_drop(b->by_ip, peer->ip, sizeof peer->ip);
    free(one);
}
