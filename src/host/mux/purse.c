#include "host/mux/purse.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static struct purse *new_of(uint64_t bytes)
{
    struct purse *p = MEM_NEW(struct purse);
    budget_init(&p->budget);
    p->budget.limit[BUDGET_BYTES] = bytes;
    p->budget.limit[BUDGET_STREAMS] = PURSE_STREAMS_MAX;
    p->holders = 1;
    return p;
}

struct purse *purse_new_common(void)
{
    return new_of(PURSE_COMMON_MAX);
}

struct purse *purse_new(struct purse *common, unsigned conns)
{
    struct purse *p = new_of(PURSE_BYTES_MAX);
    p->budget.limit[BUDGET_CONNS] = conns;
    p->common = purse_hold(common);
    return p;
}

struct purse *purse_hold(struct purse *p)
{
    if (p)
        p->holders++;
    return p;
}

void purse_drop(struct purse *p)
{
    if (!p || --p->holders > 0)
        return;
    purse_drop(p->common);
    free(p);
}

static uint64_t used(const struct purse *p)
{
    return p->budget.used[BUDGET_BYTES];
}

static uint64_t left(const struct purse *p)
{
    return p->budget.limit[BUDGET_BYTES] - used(p);
}

/* How much of so much comes out of what all have. */
static uint64_t beyond_own(uint64_t bytes)
{
    return bytes > PURSE_OWN ? bytes - PURSE_OWN : 0;
}

size_t purse_spare(const struct purse *p)
{
    if (!p)
        return SIZE_MAX;
    uint64_t n = left(p);
    if (p->common && left(p->common) < n)
        n = left(p->common);
    return (size_t)(n / 2);
}

static enum err draw(struct purse *p, size_t n, const char *what, struct why *why)
{
    uint64_t before = beyond_own(used(p));
    enum err e = budget_take(&p->budget, BUDGET_BYTES, n, what, why);
    if (e != OK || !p->common)
        return e;
    struct why none;
    if (budget_take(&p->common->budget, BUDGET_BYTES, beyond_own(used(p)) - before, what, &none) ==
        OK)
        return OK;
    budget_give(&p->budget, BUDGET_BYTES, n);
    return why_set(why, ERR_LIMIT, "no room for %s: all peers together make us hold too much",
                   what);
}

static void give_back(struct purse *p, size_t n)
{
    uint64_t before = beyond_own(used(p));
    budget_give(&p->budget, BUDGET_BYTES, n);
    if (p->common)
        budget_give(&p->common->budget, BUDGET_BYTES, before - beyond_own(used(p)));
}

void tab_open(struct tab *t, struct purse *p)
{
    *t = (struct tab){.purse = purse_hold(p)};
}

void tab_close(struct tab *t)
{
    tab_give(t, t->bytes);
    purse_drop(t->purse);
    *t = (struct tab){0};
}

enum err tab_take(struct tab *t, size_t n, const char *what, struct why *why)
{
    if (!t || !t->purse || n == 0)
        return OK;
    enum err e = draw(t->purse, n, what, why);
    t->bytes += e == OK ? n : 0;
    return e;
}

void tab_give(struct tab *t, size_t n)
{
    if (!t || !t->purse)
        return;
    assert(n <= t->bytes);
    t->bytes -= n;
    give_back(t->purse, n);
}
