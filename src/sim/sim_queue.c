#include "sim/sim_queue.h"

#include "base/mem.h"

#include <assert.h>

static bool before(const struct sim_slot *a, const struct sim_slot *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->seq < b->seq;
}

static void set(struct sim_queue *q, size_t i, struct sim_slot s)
{
    q->slots[i] = s;
    s.ev->pos = i + 1;
}

static void sift_up(struct sim_queue *q, size_t i, struct sim_slot s)
{
    while (i > 0) {
        size_t up = (i - 1) / 2;
        if (!before(&s, &q->slots[up]))
            break;
        set(q, i, q->slots[up]);
        i = up;
    }
    set(q, i, s);
}

static void sift_down(struct sim_queue *q, size_t i, struct sim_slot s)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= q->n)
            break;
        if (child + 1 < q->n && before(&q->slots[child + 1], &q->slots[child]))
            child++;
        if (!before(&q->slots[child], &s))
            break;
        set(q, i, q->slots[child]);
        i = child;
    }
    set(q, i, s);
}

void sim_queue_done(struct sim_queue *q)
{
    free(q->slots);
    *q = (struct sim_queue){0};
}

void sim_queue_put(struct sim_queue *q, struct sim_event *ev, uint64_t at_us)
{
    assert(ev->pos == 0);
    if (q->n == q->cap) {
        q->cap = q->cap ? 2 * q->cap : 256;
        q->slots = mem_realloc(q->slots, q->cap * sizeof *q->slots);
    }
    sift_up(q, q->n++, (struct sim_slot){at_us, q->seq++, ev});
}

void sim_queue_drop(struct sim_queue *q, struct sim_event *ev)
{
    if (ev->pos == 0)
        return;
    size_t i = ev->pos - 1;
    ev->pos = 0;
    struct sim_slot last = q->slots[--q->n];
    if (last.ev == ev)
        return;
    if (i > 0 && before(&last, &q->slots[(i - 1) / 2]))
        sift_up(q, i, last);
    else
        sift_down(q, i, last);
}

uint64_t sim_queue_next_us(const struct sim_queue *q)
{
    return q->n > 0 ? q->slots[0].at_us : UINT64_MAX;
}

struct sim_event *sim_queue_take(struct sim_queue *q)
{
    assert(q->n > 0);
    struct sim_event *ev = q->slots[0].ev;
    sim_queue_drop(q, ev);
    return ev;
}
