/* net/loop_test.h - what net/loop.h promises (clock, timers, randomness, lanes, names), as checks
 * that run over any world: a part of net/world_test.h, which says how. */
#ifndef SHOAL_NET_LOOP_TEST_H
#define SHOAL_NET_LOOP_TEST_H

#include "net/conn_test.h"

#include "base/mem.h"

#define LOOP_CHECKS(CASE)                                                                          \
    CASE(timers_fire_by_time_and_then_by_starting_order)                                           \
    CASE(a_cancelled_timer_is_silent)                                                              \
    CASE(a_timer_of_zero_waits_for_the_next_turn)                                                  \
    CASE(the_clock_stands_still_in_a_callback)                                                     \
    CASE(random_bytes_fill_all_that_was_asked)                                                     \
    CASE(lanes_run_each_job_once_and_in_order)                                                     \
    CASE(a_job_may_queue_the_next)                                                                 \
    CASE(numeric_hosts_resolve_without_asking)                                                     \
    CASE(a_cancelled_resolve_is_silent)                                                            \
    CASE(an_impossible_name_has_a_reason)                                                          \
    CASE(a_cancelled_look_up_of_texts_is_silent)                                                   \
    CASE(an_impossible_name_has_no_texts)

/* Timers. */

struct ring_order {
    struct loop *loop;
    char heard[16];
    size_t n;
    uint64_t started_us, last_us;
    struct timer *other;
    struct ring *rings;
};

struct ring {
    struct ring_order *order;
    char name;
    uint64_t after_us;
};

static void on_ring(void *arg)
{
    const struct ring *r = arg;
    struct ring_order *o = r->order;
    uint64_t now_us = loop_now_us(o->loop);
    assert_true(now_us >= o->started_us + r->after_us); /* never early */
    assert_true(now_us >= o->last_us);
    o->last_us = now_us;
    o->heard[o->n++] = r->name;
}

static bool heard_six(void *arg)
{
    return ((struct ring_order *)arg)->n == 6;
}

/* In a callback, where the clock stands still: the moments below are exact. */
static void start_six(void *arg)
{
    struct ring_order *o = arg;
    o->started_us = loop_now_us(o->loop);
    for (size_t i = 0; i < 6; i++)
        timer_start(o->loop, o->rings[i].after_us, on_ring, &o->rings[i]);
    assert_int_equal(o->n, 0);
}

static void timers_fire_by_time_and_then_by_starting_order(void **state)
{
    struct world *w = *state;
    struct ring_order o = {.loop = w->a};
    struct ring rings[] = {{&o, 'f', 5 * MSEC + 1}, {&o, 'c', 3 * MSEC}, {&o, 'a', 0},
                           {&o, 'd', 3 * MSEC},     {&o, 'e', 5 * MSEC}, {&o, 'b', 0}};
    o.rings = rings;
    timer_start(w->a, 0, start_six, &o);
    world_run(w, heard_six, &o);
    assert_memory_equal(o.heard, "abcdef", 6);
}

static void cancel_the_other(void *arg)
{
    struct ring_order *o = arg;
    timer_cancel(o->other);
    o->heard[o->n++] = 'x';
}

static void a_cancelled_timer_is_silent(void **state)
{
    struct world *w = *state;
    struct ring_order o = {.loop = w->a, .started_us = loop_now_us(w->a)};
    struct ring never = {&o, '!', 0}, again = {&o, 'y', 0};
    timer_cancel(NULL);
    timer_cancel(timer_start(w->a, 0, on_ring, &never));
    timer_cancel(timer_start(w->a, w->settle_us / 2, on_ring, &never));
    timer_start(w->a, 0, cancel_the_other, &o); /* in the same turn, just before it */
    o.other = timer_start(w->a, 0, on_ring, &never);
    timer_start(w->a, 0, on_ring, &again);
    world_settle(w);
    assert_int_equal(o.n, 2);
    assert_memory_equal(o.heard, "xy", 2);
}

struct nested {
    struct loop *loop;
    bool inside, done;
};

static void on_inner(void *arg)
{
    struct nested *n = arg;
    assert_false(n->inside);
    n->done = true;
}

static void on_outer(void *arg)
{
    struct nested *n = arg;
    n->inside = true;
    timer_start(n->loop, 0, on_inner, n);
    n->inside = false;
}

static void a_timer_of_zero_waits_for_the_next_turn(void **state)
{
    struct world *w = *state;
    struct nested n = {.loop = w->a, .inside = true};
    timer_start(w->a, 0, on_outer, &n);
    n.inside = false;
    world_run(w, world_is_set, &n.done);
}

static void look_at_the_clock(void *arg)
{
    struct nested *n = arg;
    uint64_t then_us = loop_now_us(n->loop);
    volatile unsigned sink = 0;
    for (unsigned i = 0; i < 100000; i++) /* longer than a microsecond anywhere */
        sink += i;
    (void)sink;
    n->done = true;
    assert_int_equal(loop_now_us(n->loop), then_us);
}

static void the_clock_stands_still_in_a_callback(void **state)
{
    struct world *w = *state;
    struct nested n = {.loop = w->a};
    timer_start(w->a, 0, look_at_the_clock, &n);
    world_run(w, world_is_set, &n.done);
    assert_true(loop_wall_us(w->a) > 0);
}

static void random_bytes_fill_all_that_was_asked(void **state)
{
    struct world *w = *state;
    uint8_t seen[100] = {0}, bytes[102] = {0};
    for (int round = 0; round < 20; round++) {
        loop_random(w->a, bytes + 1, 100);
        for (size_t i = 0; i < 100; i++)
            seen[i] |= bytes[i + 1];
    }
    for (size_t i = 0; i < 100; i++)
        assert_int_not_equal(seen[i], 0);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(bytes[101], 0);
    assert_int_not_equal(loop_random_u64(w->a), loop_random_u64(w->a));
}

/* Lanes. */

enum { WORLD_JOBS = 40 };

struct work {
    struct loop *loop;
    enum lane lane;
    int started[WORLD_JOBS], ended[WORLD_JOBS]; /* written by the lane, read when all is done */
    int start_count, end_count, told;
    bool done, in_start;
    struct work_job {
        struct work *all;
        int number, runs, dones;
    } jobs[WORLD_JOBS];
};

/* Only LANE_DISK_ORDERED has a single thread, which may share the counters.  The first job is
 * long: a second thread would end others before it. */
static void work_ordered(void *arg)
{
    struct work_job *j = arg;
    struct work *k = j->all;
    volatile unsigned sink = 0;
    for (unsigned i = 0; j->number == 0 && i < 10000000; i++)
        sink += i;
    (void)sink;
    j->runs++;
    k->started[k->start_count++] = j->number;
}

static void work_any(void *arg)
{
    struct work_job *j = arg;
    j->runs++;
}

static void work_told(void *arg)
{
    struct work_job *j = arg;
    struct work *k = j->all;
    assert_false(k->in_start);
    assert_int_equal(j->runs, 1);
    j->dones++;
    k->ended[k->end_count++] = j->number;
    k->done = ++k->told == WORLD_JOBS;
    assert_int_equal(lane_queued(k->loop, k->lane), WORLD_JOBS - k->told);
}

static void lanes_run_each_job_once_and_in_order(void **state)
{
    struct world *w = *state;
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        struct work k = {.loop = w->a, .lane = (enum lane)lane, .in_start = true};
        for (int i = 0; i < WORLD_JOBS; i++) {
            k.jobs[i] = (struct work_job){.all = &k, .number = i};
            lane_run(w->a, k.lane, lane == LANE_DISK_ORDERED ? work_ordered : work_any, work_told,
                     &k.jobs[i]);
        }
        assert_int_equal(lane_queued(w->a, k.lane), WORLD_JOBS);
        k.in_start = false;
        world_run(w, world_is_set, &k.done);
        for (int i = 0; i < WORLD_JOBS; i++) {
            assert_int_equal(k.jobs[i].dones, 1);
            if (lane == LANE_DISK_ORDERED) {
                assert_int_equal(k.started[i], i);
                assert_int_equal(k.ended[i], i);
            }
        }
        assert_int_equal(lane_queued(w->a, k.lane), 0);
    }
}

static void work_next(void *arg)
{
    struct work_job *j = arg;
    struct work *k = j->all;
    if (++k->told < 3)
        lane_run(k->loop, LANE_CPU, work_any, work_next, j);
    else
        k->done = true;
}

static void a_job_may_queue_the_next(void **state)
{
    struct world *w = *state;
    struct work k = {.loop = w->a};
    k.jobs[0].all = &k;
    lane_run(w->a, LANE_CPU, work_any, work_next, &k.jobs[0]);
    world_run(w, world_is_set, &k.done);
    assert_int_equal(k.jobs[0].runs, 3);
}

/* Names. */

struct answer {
    unsigned calls;
    bool done;
    struct addr first;
    size_t n;
    struct why why;
};

static void on_resolved(void *arg, const struct addr *found, size_t n, const struct why *why)
{
    struct answer *r = arg;
    r->calls++;
    r->n = n;
    r->done = true;
    assert_true((n > 0) == (why == NULL));
    if (n > 0)
        r->first = found[0];
    else
        r->why = *why;
}

static void numeric_hosts_resolve_without_asking(void **state)
{
    struct world *w = *state;
    static const char *const hosts[] = {"192.0.2.7", "2001:db8::7"};
    for (size_t i = 0; i < 2; i++) {
        struct answer r = {0};
        char ip[ADDR_TEXT];
        assert_non_null(resolve_start(w->a, hosts[i], 6881, on_resolved, &r));
        assert_int_equal(r.calls, 0);
        world_run(w, world_is_set, &r.done);
        assert_int_equal(r.calls, 1);
        assert_int_equal(r.n, 1);
        assert_string_equal(addr_format_ip(&r.first, ip), hosts[i]);
        assert_int_equal(r.first.port, 6881);
    }
}

static void a_cancelled_resolve_is_silent(void **state)
{
    struct world *w = *state;
    struct answer r = {0};
    resolve_cancel(NULL);
    resolve_cancel(resolve_start(w->a, "192.0.2.7", 1, on_resolved, &r));
    resolve_cancel(resolve_start(w->a, "localhost", 1, on_resolved, &r));
    world_settle(w);
    assert_int_equal(r.calls, 0);
}

static void an_impossible_name_has_a_reason(void **state)
{
    struct world *w = *state;
    struct answer r = {0};
    resolve_start(w->a, "", 1, on_resolved, &r);
    world_run(w, world_is_set, &r.done);
    assert_int_equal(r.n, 0);
    assert_int_not_equal(r.why.text[0], '\0');
}

static void on_texts(void *arg, const char *const *found, size_t n, const struct why *why)
{
    struct answer *r = arg;
    (void)found;
    r->calls++;
    r->n = n;
    r->done = true;
    assert_true((n > 0) == (why == NULL));
    if (why)
        r->why = *why;
}

static void a_cancelled_look_up_of_texts_is_silent(void **state)
{
    struct world *w = *state;
    struct answer r = {0};
    resolve_text_cancel(NULL);
    resolve_text_cancel(resolve_text_start(w->a, "", on_texts, &r));
    world_settle(w);
    assert_int_equal(r.calls, 0);
}

static void an_impossible_name_has_no_texts(void **state)
{
    struct world *w = *state;
    struct answer r = {0};
    assert_non_null(resolve_text_start(w->a, "", on_texts, &r));
    assert_int_equal(r.calls, 0);
    world_run(w, world_is_set, &r.done);
    assert_int_equal(r.n, 0);
    assert_int_not_equal(r.why.text[0], '\0');
}

#endif
