#include "host/backoff.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <string.h>

struct place {
    struct link link; /* in backoff.places, who failed last at the end */
    uint64_t until_us, wait_us;
    size_t n;
    uint8_t to[];
};

struct backoff {
    struct map *by_place;
    struct link places;
};

struct backoff *backoff_new(uint64_t seed)
{
    struct backoff *b = MEM_NEW(struct backoff);
    b->by_place = map_new(seed);
    list_init(&b->places);
    return b;
}

static void forget(struct backoff *b, struct place *p)
{
    map_drop(b->by_place, p->to, p->n);
    list_drop(&p->link);
    free(p);
}

void backoff_free(struct backoff *b)
{
    if (!b)
        return;
    LIST_EACH(&b->places, struct place, p, link)
        forget(b, p);
    map_free(b->by_place);
    free(b);
}

uint64_t backoff_left_us(const struct backoff *b, const void *to, size_t n, uint64_t now_us)
{
    const struct place *p = map_get(b->by_place, to, n);
    return p && p->until_us > now_us ? p->until_us - now_us : 0;
}

static struct place *place_new(struct backoff *b, const void *to, size_t n)
{
    if (map_count(b->by_place) == BACKOFF_MAX)
        forget(b, LIST_FIRST(&b->places, struct place, link));
    struct place *p = mem_zalloc(sizeof *p + n);
    list_init(&p->link);
    p->n = n;
    if (n > 0)
        memcpy(p->to, to, n);
    map_put(b->by_place, p->to, n, p);
    return p;
}

void backoff_failed(struct backoff *b, const void *to, size_t n, uint64_t now_us)
{
    struct place *p = map_get(b->by_place, to, n);
    if (!p)
        p = place_new(b, to, n);
    p->wait_us = !p->wait_us                        ? BACKOFF_FIRST_US
                 : p->wait_us * 2 < BACKOFF_LAST_US ? p->wait_us * 2
                                                    : BACKOFF_LAST_US;
    p->until_us = now_us + p->wait_us;
    list_drop(&p->link);
    list_push(&b->places, &p->link);
}

void backoff_reached(struct backoff *b, const void *to, size_t n)
{
    struct place *p = map_get(b->by_place, to, n);
    if (p)
        forget(b, p);
}

size_t backoff_count(const struct backoff *b)
{
    return map_count(b->by_place);
}
