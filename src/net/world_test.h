/* net/world_test.h - what net/loop.h, conn.h and udp.h promise, as checks that run over any world.
 *
 * Two implementations keep one contract; both include this file in a test program of their own,
 * which gives a driver and runs WORLD_CHECKS:
 *
 *     #define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
 *     const struct CMUnitTest tests[] = {WORLD_CHECKS(CASE)};
 *
 * The setup puts a struct world * into *state.  a and b are two nodes, or one and the same loop
 * with two addresses.  The teardown frees the loops; that nothing leaks is the sanitizer's part. */
#ifndef SHOAL_NET_WORLD_TEST_H
#define SHOAL_NET_WORLD_TEST_H

#include "base/test.h"

#include "base/mem.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/udp.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct world {
    struct loop *a, *b;
    struct addr at_a, at_b; /* addresses of the two, port 0 */
    uint64_t settle_us;     /* what was sent so long ago has arrived */
    /* Run both until until(arg) holds; false: it never did (some seconds; the driver decides). */
    bool (*run)(struct world *w, bool (*until)(void *arg), void *arg);
    void *priv;
};

#define WORLD_CHECKS(CASE)                                                                         \
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
    CASE(a_dial_opens_once_and_carries_bytes_both_ways)                                            \
    CASE(both_ends_know_the_addresses)                                                             \
    CASE(a_dial_to_a_closed_port_is_refused_with_words)                                            \
    CASE(a_dial_from_a_foreign_address_fails_later_not_now)                                        \
    CASE(closing_a_dial_at_once_means_silence)                                                     \
    CASE(closing_in_any_callback_means_silence)                                                    \
    CASE(two_mebibytes_go_through_both_ways_at_once)                                               \
    CASE(who_does_not_read_stops_the_sender)                                                       \
    CASE(readable_is_raised_once_until_again)                                                      \
    CASE(sending_before_open_is_answered_when_open)                                                \
    CASE(after_the_end_writing_goes_on)                                                            \
    CASE(bytes_before_a_close_arrive)                                                              \
    CASE(writing_to_who_has_gone_is_told_once)                                                     \
    CASE(a_taken_port_is_refused_with_a_reason)                                                    \
    CASE(a_closed_listener_is_silent)                                                              \
    CASE(datagrams_come_with_their_sender)                                                         \
    CASE(a_datagram_socket_may_close_in_its_callback)                                              \
    CASE(a_taken_udp_port_is_refused_with_a_reason)

/* Waiting. */

static void world_flag(void *arg)
{
    *(bool *)arg = true;
}

static bool world_is_set(void *arg)
{
    return *(bool *)arg;
}

/* Until all that is under way has arrived; for checks that nothing comes. */
static void world_settle(struct world *w)
{
    bool over = false;
    timer_start(w->a, w->settle_us, world_flag, &over);
    assert_true(w->run(w, world_is_set, &over));
}

static void world_run(struct world *w, bool (*until)(void *), void *arg)
{
    if (!w->run(w, until, arg))
        fail_msg("what the test waits for never came");
}

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

/* Only LANE_DISK_ORDERED has a single thread, which may share the counters. */
static void work_ordered(void *arg)
{
    struct work_job *j = arg;
    struct work *k = j->all;
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

/* Streams.  An end sends `to_send` bytes of a pattern and checks the pattern of what it gets. */

enum { NOT_AT_ALL = -1 };

struct end {
    struct world *w;
    struct conn *c;
    int seen[4];  /* events, by enum conn_event */
    int close_at; /* the event at which it closes, or NOT_AT_ALL */
    size_t to_send, sent, got;
    bool idle;            /* does nothing at CONN_READABLE */
    bool shut_when_sent;  /* says that it has no more */
    bool ended, failed;   /* CONN_END was read; CONN_FAILED was returned */
    bool in_call, closed; /* closed: by itself, in a callback */
    struct why why;
};

static uint8_t pattern(size_t at)
{
    return (uint8_t)(at * 7 + at / 256 * 3 + at / 65536);
}

static void end_send(struct end *e)
{
    uint8_t bytes[5000];
    while (e->sent < e->to_send && !e->failed) {
        size_t n = e->to_send - e->sent < sizeof bytes ? e->to_send - e->sent : sizeof bytes;
        for (size_t i = 0; i < n; i++)
            bytes[i] = pattern(e->sent + i);
        struct iovec parts[3] = {{bytes, n / 3}, {bytes + n / 3, 0}, {bytes + n / 3, n - n / 3}};
        e->in_call = true;
        ssize_t took = conn_sendv(e->c, parts, 3);
        e->in_call = false;
        if (took == CONN_AGAIN)
            return;
        if (took == CONN_FAILED) {
            e->failed = true;
            return;
        }
        assert_true(took > 0 && (size_t)took <= n);
        e->sent += (size_t)took;
        if ((size_t)took < n)
            return; /* CONN_WRITABLE is owed after this too */
    }
    if (e->shut_when_sent && e->sent == e->to_send) {
        e->shut_when_sent = false;
        e->in_call = true;
        conn_shut(e->c);
        e->in_call = false;
    }
}

/* Reads at most `most` bytes; false once there is nothing to read now. */
static bool end_read(struct end *e, size_t most)
{
    uint8_t bytes[4096];
    e->in_call = true;
    ssize_t n = conn_recv(e->c, bytes, most < sizeof bytes ? most : sizeof bytes);
    e->in_call = false;
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] != pattern(e->got++))
            fail_msg("byte %zu is not what was sent", e->got - 1);
    e->ended |= n == CONN_END;
    e->failed |= n == CONN_FAILED;
    assert_int_not_equal(n, 0);
    return n > 0;
}

static void end_close(struct end *e)
{
    e->in_call = true;
    conn_close(e->c);
    e->c = NULL;
    e->closed = true;
}

static void end_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct end *e = arg;
    assert_false(e->closed);  /* silence after conn_close */
    assert_false(e->in_call); /* never from inside a call */
    assert_int_equal(e->seen[CONN_CLOSED], 0);
    assert_true((ev == CONN_CLOSED) == (why != NULL));
    e->seen[ev]++;
    if (why)
        e->why = *why;
    if ((int)ev == e->close_at) {
        end_close(e);
        return;
    }
    if (ev == CONN_READABLE && !e->idle)
        while (end_read(e, SIZE_MAX))
            ;
    if (ev == CONN_OPEN || ev == CONN_WRITABLE)
        end_send(e);
}

/* A listener at b that makes `server` of the first connection, and `client`, which dials it. */
struct pair {
    struct world *w;
    struct listener *listener;
    struct end client, server;
};

static void on_accept(void *arg, struct conn *c)
{
    struct pair *p = arg;
    if (p->server.c || p->server.closed) {
        conn_close(c);
        return;
    }
    p->server.c = c;
    conn_watch(c, end_event, &p->server);
    end_send(&p->server);
}

static void pair_listen(struct pair *p, struct world *w)
{
    struct why why;
    *p = (struct pair){.w = w};
    p->client = p->server = (struct end){.w = w, .close_at = NOT_AT_ALL};
    p->listener = tcp_listen(w->b, &w->at_b, on_accept, p, &why);
    if (!p->listener)
        fail_msg("%s", why.text);
}

static void pair_dial(struct pair *p)
{
    struct addr to = listener_addr(p->listener);
    assert_int_not_equal(to.port, 0);
    p->client.in_call = true;
    p->client.c = tcp_dial(p->w->a, &to, NULL, end_event, &p->client);
    p->client.in_call = false;
    assert_non_null(p->client.c);
}

static bool pair_is_open(void *arg)
{
    struct pair *p = arg;
    return p->client.seen[CONN_OPEN] && p->server.c;
}

static void pair_open(struct pair *p, struct world *w)
{
    pair_listen(p, w);
    pair_dial(p);
    world_run(w, pair_is_open, p);
}

static void pair_close(struct pair *p)
{
    conn_close(p->client.c);
    conn_close(p->server.c);
    listener_close(p->listener);
    world_settle(p->w); /* so that an event after the close would be seen */
}

static bool pair_has_all(void *arg)
{
    struct pair *p = arg;
    return p->client.got == p->server.to_send && p->server.got == p->client.to_send;
}

static void a_dial_opens_once_and_carries_bytes_both_ways(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    p.client.to_send = 10;
    p.server.to_send = 20;
    pair_dial(&p);
    world_run(w, pair_has_all, &p);
    assert_int_equal(p.client.seen[CONN_OPEN], 1);
    assert_int_equal(p.server.seen[CONN_OPEN], 0); /* it was open when it came */
    assert_int_equal(p.client.seen[CONN_WRITABLE], 0);
    assert_int_equal(p.client.seen[CONN_CLOSED] + p.server.seen[CONN_CLOSED], 0);
    pair_close(&p);
}

static void both_ends_know_the_addresses(void **state)
{
    struct world *w = *state;
    struct pair p;
    char text[120], expected[120], peer[ADDR_TEXT];
    pair_listen(&p, w);
    struct addr to = listener_addr(p.listener);
    p.client.c = tcp_dial(w->a, &to, &w->at_a, end_event, &p.client);
    world_run(w, pair_is_open, &p);
    assert_true(addr_equal(&p.client.c->peer, &to));
    assert_true(addr_equal(&p.server.c->local, &to));
    assert_true(addr_equal(&p.server.c->peer, &p.client.c->local));
    assert_true(addr_same_ip(&p.client.c->local, &w->at_a));
    snprintf(expected, sizeof expected, "tcp to %s", addr_format(&to, peer));
    assert_string_equal(conn_describe(p.client.c, text), expected);
    pair_close(&p);
}

static bool end_is_told(void *arg)
{
    return ((struct end *)arg)->seen[CONN_CLOSED] > 0;
}

static void a_dial_to_a_closed_port_is_refused_with_words(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    struct addr to = listener_addr(p.listener);
    listener_close(p.listener);
    p.client.c = tcp_dial(w->a, &to, NULL, end_event, &p.client);
    world_run(w, end_is_told, &p.client);
    assert_int_equal(p.client.seen[CONN_OPEN], 0);
    assert_int_equal(p.client.why.code, ERR_CLOSED);
    assert_non_null(strstr(p.client.why.text, "refused"));
    p.listener = NULL;
    pair_close(&p);
}

static void a_dial_from_a_foreign_address_fails_later_not_now(void **state)
{
    struct world *w = *state;
    struct pair p;
    struct addr foreign = addr_v4(203, 0, 113, 77, 0);
    pair_listen(&p, w);
    struct addr to = listener_addr(p.listener);
    p.client.in_call = true;
    p.client.c = tcp_dial(w->a, &to, &foreign, end_event, &p.client);
    p.client.in_call = false;
    assert_int_equal(p.client.seen[CONN_CLOSED], 0);
    world_run(w, end_is_told, &p.client);
    assert_int_not_equal(p.client.why.code, OK);
    assert_int_not_equal(p.client.why.text[0], '\0');
    pair_close(&p);
}

static void closing_a_dial_at_once_means_silence(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    pair_dial(&p);
    end_close(&p.client);
    listener_close(p.listener);
    p.listener = NULL;
    world_settle(w);
    pair_close(&p);
}

static bool client_is_closed(void *arg)
{
    return ((struct pair *)arg)->client.closed;
}

static void closing_in_any_callback_means_silence(void **state)
{
    struct world *w = *state;
    for (int ev = CONN_OPEN; ev <= CONN_CLOSED; ev++) {
        struct pair p;
        pair_listen(&p, w);
        struct addr to = listener_addr(p.listener);
        p.client.close_at = ev;
        p.client.to_send = ev == CONN_WRITABLE ? 64 << 20 : 10;
        p.server.to_send = 100;
        if (ev == CONN_CLOSED) {
            listener_close(p.listener);
            p.listener = NULL;
        }
        p.client.c = tcp_dial(w->a, &to, NULL, end_event, &p.client);
        world_run(w, client_is_closed, &p);
        pair_close(&p);
    }
}

static void two_mebibytes_go_through_both_ways_at_once(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    p.client.to_send = p.server.to_send = 2 << 20;
    pair_dial(&p);
    world_run(w, pair_has_all, &p);
    pair_close(&p);
}

static void who_does_not_read_stops_the_sender(void **state)
{
    struct world *w = *state;
    struct pair p;
    enum { MORE_THAN_ANY_BUFFER = 40 << 20 };
    pair_listen(&p, w);
    p.client.to_send = MORE_THAN_ANY_BUFFER;
    p.server.idle = true;
    pair_dial(&p);
    world_run(w, pair_is_open, &p);
    world_settle(w);
    assert_true(p.client.sent < MORE_THAN_ANY_BUFFER);
    assert_int_equal(p.server.got, 0);
    assert_int_equal(p.server.seen[CONN_READABLE], 1);
    /* The owner comes back by himself and reads on. */
    p.server.idle = false;
    while (end_read(&p.server, SIZE_MAX))
        ;
    world_run(w, pair_has_all, &p);
    assert_true(p.client.seen[CONN_WRITABLE] > 0);
    pair_close(&p);
}

static bool server_is_readable(void *arg)
{
    return ((struct pair *)arg)->server.seen[CONN_READABLE] > 0;
}

static void readable_is_raised_once_until_again(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    p.server.idle = true;
    p.client.to_send = 10;
    pair_dial(&p);
    world_run(w, server_is_readable, &p);
    p.client.to_send = 20; /* more comes, nobody asks */
    end_send(&p.client);
    world_settle(w);
    assert_int_equal(p.server.seen[CONN_READABLE], 1);
    assert_true(end_read(&p.server, 15)); /* stops before CONN_AGAIN */
    world_settle(w);
    assert_int_equal(p.server.seen[CONN_READABLE], 1);
    while (end_read(&p.server, 3))
        ;
    assert_int_equal(p.server.got, 20);
    world_settle(w);
    assert_int_equal(p.server.seen[CONN_READABLE], 1);
    p.client.to_send = 30;
    end_send(&p.client);
    world_settle(w);
    assert_int_equal(p.server.seen[CONN_READABLE], 2);
    pair_close(&p);
}

static void sending_before_open_is_answered_when_open(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    pair_dial(&p);
    p.client.to_send = 10;
    end_send(&p.client); /* CONN_AGAIN, and so CONN_WRITABLE is owed */
    assert_int_equal(p.client.sent, 0);
    assert_false(end_read(&p.client, 1));
    assert_false(p.client.failed || p.client.ended);
    world_run(w, pair_has_all, &p);
    world_settle(w);
    assert_int_equal(p.client.seen[CONN_WRITABLE], 1);
    pair_close(&p);
}

static bool client_has_ended(void *arg)
{
    return ((struct pair *)arg)->client.ended;
}

static bool server_has_ended(void *arg)
{
    return ((struct pair *)arg)->server.ended;
}

static void after_the_end_writing_goes_on(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    p.server.to_send = 100000;
    p.server.shut_when_sent = true;
    pair_dial(&p);
    world_run(w, client_has_ended, &p);
    assert_int_equal(p.client.got, 100000);
    p.client.ended = false;
    assert_false(end_read(&p.client, 1));
    assert_true(p.client.ended); /* it stays the end */
    p.client.to_send = 100000;
    p.client.shut_when_sent = true;
    end_send(&p.client);
    world_run(w, server_has_ended, &p);
    assert_int_equal(p.server.got, 100000);
    assert_int_equal(p.client.seen[CONN_CLOSED] + p.server.seen[CONN_CLOSED], 0);
    pair_close(&p);
}

static void bytes_before_a_close_arrive(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_open(&p, w);
    p.server.to_send = 1000;
    end_send(&p.server);
    end_close(&p.server);
    world_run(w, client_has_ended, &p);
    assert_int_equal(p.client.got, 1000);
    pair_close(&p);
}

static bool client_is_told(void *arg)
{
    struct pair *p = arg;
    if (!p->client.failed && !p->client.seen[CONN_CLOSED]) {
        p->client.to_send++;
        end_send(&p->client);
    }
    return p->client.seen[CONN_CLOSED] > 0;
}

static void writing_to_who_has_gone_is_told_once(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_open(&p, w);
    end_close(&p.server);
    world_run(w, client_is_told, &p);
    assert_int_equal(p.client.seen[CONN_CLOSED], 1);
    assert_int_not_equal(p.client.why.text[0], '\0');
    assert_int_equal(conn_send(p.client.c, "x", 1), CONN_FAILED);
    pair_close(&p);
}

static void a_taken_port_is_refused_with_a_reason(void **state)
{
    struct world *w = *state;
    struct pair p;
    struct why why = {0};
    pair_listen(&p, w);
    struct addr taken = listener_addr(p.listener);
    assert_null(tcp_listen(w->b, &taken, on_accept, &p, &why));
    assert_int_not_equal(why.code, OK);
    assert_int_not_equal(why.text[0], '\0');
    pair_close(&p);
}

static void a_closed_listener_is_silent(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    pair_dial(&p);
    listener_close(p.listener);
    listener_close(NULL);
    p.listener = NULL;
    world_settle(w);
    assert_null(p.server.c);
    pair_close(&p);
}

/* Datagrams. */

struct post {
    struct udp *u;
    struct addr last_from;
    unsigned got, echoed;
    size_t bytes;
    bool close_in_callback;
    bool in_call;
};

static void on_post(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct post *p = arg;
    assert_non_null(p->u);
    assert_false(p->in_call);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], pattern(i));
    p->got++;
    p->bytes += n;
    p->last_from = *from;
    if (p->close_in_callback) {
        udp_close(p->u);
        p->u = NULL;
    }
}

static struct udp *post_open(struct post *p, struct loop *loop, const struct addr *at)
{
    struct why why;
    p->u = udp_open(loop, at, on_post, p, &why);
    if (!p->u)
        fail_msg("%s", why.text);
    return p->u;
}

static bool post_has_three(void *arg)
{
    return ((struct post *)arg)->got == 3;
}

static void datagrams_come_with_their_sender(void **state)
{
    struct world *w = *state;
    struct post a = {0}, b = {0};
    uint8_t bytes[1400];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = pattern(i);
    struct addr at_a = udp_addr(post_open(&a, w->a, &w->at_a));
    struct addr at_b = udp_addr(post_open(&b, w->b, &w->at_b));
    assert_int_not_equal(at_b.port, 0);
    b.in_call = true;
    udp_send(a.u, &at_b, bytes, sizeof bytes);
    udp_send(a.u, &at_b, bytes, 1);
    udp_send(a.u, &at_b, bytes, 0);
    b.in_call = false;
    world_run(w, post_has_three, &b);
    assert_int_equal(b.bytes, sizeof bytes + 1);
    assert_true(addr_equal(&b.last_from, &at_a));
    udp_send(b.u, &b.last_from, bytes, 20);
    udp_send(b.u, &b.last_from, bytes, 20);
    udp_send(b.u, &b.last_from, bytes, 20);
    world_run(w, post_has_three, &a);
    assert_true(addr_equal(&a.last_from, &at_b));
    udp_close(a.u);
    udp_close(b.u);
    udp_close(NULL);
}

static bool post_is_closed(void *arg)
{
    return ((struct post *)arg)->u == NULL;
}

static void a_datagram_socket_may_close_in_its_callback(void **state)
{
    struct world *w = *state;
    struct post a = {0}, b = {.close_in_callback = true};
    post_open(&a, w->a, &w->at_a);
    struct addr at_b = udp_addr(post_open(&b, w->b, &w->at_b));
    uint8_t byte = pattern(0);
    udp_send(a.u, &at_b, &byte, 1);
    udp_send(a.u, &at_b, &byte, 1);
    world_run(w, post_is_closed, &b);
    udp_send(a.u, &at_b, &byte, 1); /* to nobody, which is no error */
    world_settle(w);
    udp_send(a.u, &at_b, &byte, 1);
    assert_int_equal(b.got, 1);
    udp_close(a.u);
}

static void a_taken_udp_port_is_refused_with_a_reason(void **state)
{
    struct world *w = *state;
    struct post a = {0};
    struct why why = {0};
    struct addr taken = udp_addr(post_open(&a, w->a, &w->at_a));
    assert_null(udp_open(w->a, &taken, on_post, &a, &why));
    assert_int_not_equal(why.code, OK);
    assert_int_not_equal(why.text[0], '\0');
    udp_close(a.u);
}

#endif
