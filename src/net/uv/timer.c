/* Timers: a binary heap in microseconds over one uv_timer_t.  libuv's own count milliseconds, and
 * must be freed late; these are dead the moment that they are cancelled. */
#include "base/mem.h"
#include "net/uv/turn.h"

struct timer {
    struct loop *loop;
    uint64_t due_us;
    uint64_t seq; /* starting order, among equals */
    size_t at;    /* its place in the heap */
    timer_cb *cb;
    void *arg;
};

static bool before(const struct timer *a, const struct timer *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void put(struct loop *l, size_t at, struct timer *t)
{
    l->timers[at] = t;
    t->at = at;
}

static void sift_up(struct loop *l, struct timer *t)
{
    size_t at = t->at;
    for (; at > 0 && before(t, l->timers[(at - 1) / 2]); at = (at - 1) / 2)
        put(l, at, l->timers[(at - 1) / 2]);
    put(l, at, t);
}

static void sift_down(struct loop *l, struct timer *t)
{
    size_t at = t->at;
    for (size_t child; (child = 2 * at + 1) < l->timer_count; at = child) {
        if (child + 1 < l->timer_count && before(l->timers[child + 1], l->timers[child]))
            child++;
        if (!before(l->timers[child], t))
            break;
        put(l, at, l->timers[child]);
    }
    put(l, at, t);
}

static void take_out(struct loop *l, const struct timer *t)
{
    struct timer *last = l->timers[--l->timer_count];
    if (last == t)
        return;
    put(l, t->at, last);
    sift_up(l, last);
    sift_down(l, last);
}

static void on_alarm(uv_timer_t *h);
static void on_soon(uv_idle_t *h);

/* Let libuv wake us for the first timer. */
static void arm(struct loop *l)
{
    if (l->timers_running)
        return; /* done once, when all that are due have run */
    uv_timer_stop(&l->alarm);
    uv_idle_stop(&l->soon);
    if (l->timer_count == 0)
        return;
    /* Both clocks are CLOCK_MONOTONIC; rounding up the absolute time never wakes us early. */
    uint64_t due_us = l->timers[0]->due_us, due_ms = (due_us + 999) / 1000;
    uv_update_time(&l->uv);
    if (due_us <= loop_now_us(l) || due_ms <= uv_now(&l->uv))
        uv_idle_start(&l->soon, on_soon);
    else
        uv_timer_start(&l->alarm, on_alarm, due_ms - uv_now(&l->uv), 0);
}

static void fire(struct loop *l, struct timer *t)
{
    timer_cb *cb = t->cb;
    void *arg = t->arg;
    take_out(l, t);
    free(t);
    turn_enter(l);
    turn_note(l, "timer", cb);
    cb(arg);
    turn_leave(l);
}

/* All that are due; not those that their callbacks start, which wait for the next turn. */
static void run_due(struct loop *l)
{
    uint64_t now_us = loop_now_us(l), last_seq = l->timer_seq;
    l->timers_running = true;
    while (l->timer_count > 0 && l->timers[0]->due_us <= now_us && l->timers[0]->seq <= last_seq)
        fire(l, l->timers[0]);
    l->timers_running = false;
    arm(l);
    /* libuv polls later in this very turn, and could wait there for long: but uv_loop_run_until()
     * wants to ask first whether what just ran was what it waits for. */
    uv_stop(&l->uv);
}

static void on_alarm(uv_timer_t *h)
{
    run_due(h->data);
}

static void on_soon(uv_idle_t *h)
{
    run_due(h->data);
}

struct timer *timer_start(struct loop *l, uint64_t after_us, timer_cb *cb, void *arg)
{
    uint64_t now_us = loop_now_us(l);
    struct timer *t = MEM_NEW(struct timer);
    *t = (struct timer){.loop = l, .seq = ++l->timer_seq, .cb = cb, .arg = arg};
    t->due_us = after_us < UINT64_MAX / 2 ? now_us + after_us : UINT64_MAX / 2;
    if (l->timer_count == l->timer_cap) {
        l->timer_cap = l->timer_cap ? 2 * l->timer_cap : 64;
        l->timers = mem_realloc(l->timers, l->timer_cap * sizeof *l->timers);
    }
    t->at = l->timer_count++;
    sift_up(l, t);
    if (t->at == 0)
        arm(l);
    return t;
}

void timer_cancel(struct timer *t)
{
    if (!t)
        return;
    struct loop *l = t->loop;
    bool first = t->at == 0;
    take_out(l, t);
    free(t);
    if (first)
        arm(l);
}

void timers_init(struct loop *l)
{
    l->alarm.data = l->soon.data = l;
    uv_timer_init(&l->uv, &l->alarm);
    uv_idle_init(&l->uv, &l->soon);
}

void timers_done(struct loop *l)
{
    if (l->timer_count > 0)
        log_debug(l->log, "%zu timers were still running when the loop ended", l->timer_count);
    for (size_t i = 0; i < l->timer_count; i++)
        free(l->timers[i]);
    free(l->timers);
    l->timers = NULL;
    l->timer_count = 0;
    uv_close((uv_handle_t *)&l->alarm, NULL);
    uv_close((uv_handle_t *)&l->soon, NULL);
}
