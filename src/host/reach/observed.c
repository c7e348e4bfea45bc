#include "host/reach/observed.h"

#include <stdlib.h>
#include <string.h>

struct addr observed_net(const struct addr *a)
{
    size_t keep = a->family == ADDR_V4 ? 2 : 4;
    struct addr net = *a;
    net.port = 0;
    memset(net.ip + keep, 0, sizeof net.ip - keep);
    return net;
}

static struct observed_one *place_for(struct observed *o, const struct addr *at)
{
    struct observed_one *oldest = &o->all[0];
    for (size_t i = 0; i < OBSERVED_MAX; i++) {
        if (addr_equal(&o->all[i].at, at))
            return &o->all[i];
        if (o->all[i].heard_us < oldest->heard_us)
            oldest = &o->all[i];
    }
    *oldest = (struct observed_one){.at = *at};
    return oldest;
}

void observed_add(struct observed *o, const struct addr *at, const struct addr *by, uint64_t now_us)
{
    struct observed_one *one = place_for(o, at);
    struct addr net = observed_net(by);
    size_t to = 0; /* its own place, else the oldest */
    for (size_t i = 0; i < OBSERVED_BY_MAX; i++) {
        if (addr_equal(&one->by[i].net, &net)) {
            to = i;
            break;
        }
        if (one->by[i].heard_us < one->by[to].heard_us)
            to = i;
    }
    one->heard_us = now_us;
    one->by[to].net = net;
    one->by[to].heard_us = now_us;
}

static size_t count(const struct observed_one *one, uint64_t now_us)
{
    size_t n = 0;
    for (size_t i = 0; i < OBSERVED_BY_MAX; i++)
        n += one->by[i].net.family != ADDR_NONE && now_us - one->by[i].heard_us < OBSERVED_US;
    return n;
}

static int by_addr(const void *a, const void *b)
{
    return addr_cmp(a, b);
}

size_t observed_agreed(const struct observed *o, size_t agree, uint64_t now_us, struct addr *out,
                       size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < OBSERVED_MAX && n < cap; i++)
        if (o->all[i].at.family != ADDR_NONE && count(&o->all[i], now_us) >= agree)
            out[n++] = o->all[i].at;
    qsort(out, n, sizeof *out, by_addr);
    return n;
}

static int by_time(const void *a, const void *b)
{
    const struct observed_one *x = a, *y = b;
    int later = (x->heard_us < y->heard_us) - (x->heard_us > y->heard_us);
    return later ? later : addr_cmp(&x->at, &y->at);
}

size_t observed_newest(const struct observed *o, uint64_t now_us, struct addr *out, size_t cap)
{
    struct observed sorted = *o;
    size_t n = 0;
    qsort(sorted.all, OBSERVED_MAX, sizeof sorted.all[0], by_time);
    for (size_t i = 0; i < OBSERVED_MAX && n < cap; i++)
        if (sorted.all[i].at.family != ADDR_NONE && count(&sorted.all[i], now_us) > 0)
            out[n++] = sorted.all[i].at;
    return n;
}
