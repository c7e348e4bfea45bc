/* net/world_test.h - what net/loop.h, conn.h and udp.h promise, as checks that run over any world.
 *
 * Two implementations keep one contract; both include this file in a test program of their own,
 * which gives a driver (struct world, net/conn_test.h) and runs WORLD_CHECKS as it is shown there.
 */
#ifndef SHOAL_NET_WORLD_TEST_H
#define SHOAL_NET_WORLD_TEST_H

#include "net/conn_test.h"

#include "base/mem.h"
#include "net/mcast.h"

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
    CASE(a_cancelled_look_up_of_texts_is_silent)                                                   \
    CASE(an_impossible_name_has_no_texts)                                                          \
    CONN_CHECKS(CASE)                                                                              \
    CASE(both_ends_know_the_addresses)                                                             \
    CASE(a_dial_from_a_foreign_address_fails_later_not_now)                                        \
    CASE(a_taken_port_is_refused_with_a_reason)                                                    \
    CASE(a_closed_listener_is_silent)                                                              \
    CASE(datagrams_come_with_their_sender)                                                         \
    CASE(many_datagrams_in_one_call_come_one_by_one)                                               \
    CASE(a_datagram_socket_may_close_in_its_callback)                                              \
    CASE(a_taken_udp_port_is_refused_with_a_reason)                                                \
    CASE(a_group_is_heard_by_all_who_joined_the_sender_too)

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

/* Streams, where they are the transport's own business. */

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

struct run {
    unsigned seen; /* a bit for each */
    size_t count, pauses, unpaused;
};

static void on_run(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct run *r = arg;
    (void)from;
    assert_in_range(bytes[0], 0, 10);
    assert_int_equal(n, bytes[0] == 10 ? 50 : 1000);
    for (size_t i = 1; i < n; i++)
        assert_int_equal(bytes[i], pattern(bytes[0] + i));
    r->seen |= 1u << bytes[0];
    r->count++;
    r->unpaused++;
}

static void on_run_pause(void *arg)
{
    struct run *r = arg;
    assert_true(r->unpaused > 0);
    r->unpaused = 0;
    r->pauses++;
}

static bool run_is_whole(void *arg)
{
    return ((struct run *)arg)->count == 22;
}

/* Parts do not end where datagrams end; a run that must not be cut comes as well. */
static void many_datagrams_in_one_call_come_one_by_one(void **state)
{
    struct world *w = *state;
    struct post a = {0};
    struct run r = {0};
    struct why why;
    uint8_t bytes[10050];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 1000 == 0 ? (uint8_t)(i / 1000) : pattern(i / 1000 + i % 1000);
    struct iovec parts[] = {{bytes, 700}, {bytes + 700, 5300}, {bytes + 6000, sizeof bytes - 6000}};
    post_open(&a, w->a, &w->at_a);
    struct udp *b = udp_open(w->b, &w->at_b, on_run, &r, &why);
    assert_non_null(b);
    udp_on_pause(b, on_run_pause);
    struct addr at_b = udp_addr(b);
    assert_true(udp_sendv(a.u, &at_b, parts, 3, 1000, false));
    assert_true(udp_sendv(a.u, &at_b, parts, 3, 1000, true));
    world_run(w, run_is_whole, &r);
    assert_int_equal(r.seen, 0x7ff);
    assert_true(r.pauses > 0);
    assert_int_equal(r.unpaused, 0);
    udp_close(b);
    udp_close(a.u);
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

struct ears {
    struct mcast *m;
    struct addr from;
    unsigned got;
};

static void on_group(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct ears *e = arg;
    if (n != 5 || memcmp(bytes, "shoal", 5) != 0)
        return; /* the real network may have others */
    e->from = *from;
    e->got++;
}

/* The interface with this world's address: in the real one that is loopback's, any of it. */
static struct iface iface_of(struct loop *loop, const struct addr *at)
{
    struct iface all[IFACES_MAX];
    size_t n = iface_list(loop, all, IFACES_MAX);
    for (size_t i = 0; i < n; i++)
        if (addr_same_ip(&all[i].addr, at) ||
            (all[i].loopback && addr_is_loopback(at) && all[i].addr.family == at->family)) {
            all[i].addr = *at;
            return all[i];
        }
    fail_msg("no interface for it among %zu", n);
    return all[0];
}

static bool both_heard(void *arg)
{
    struct ears *e = arg;
    return e[0].got > 0 && e[1].got > 0;
}

static void a_group_is_heard_by_all_who_joined_the_sender_too(void **state)
{
    struct world *w = *state;
    struct ears e[3] = {0};
    struct why why;
    struct addr group = addr_v4(239, 192, 77, 78, 7879);
    struct iface a = iface_of(w->a, &w->at_a), b = iface_of(w->b, &w->at_b);
    e[0].m = mcast_open(w->a, &group, on_group, &e[0], &why);
    e[1].m = mcast_open(w->b, &group, on_group, &e[1], &why);
    e[2].m = mcast_open(w->b, &group, on_group, &e[2], &why); /* joins nothing */
    assert_non_null(e[0].m);
    assert_non_null(e[1].m);
    assert_int_equal(mcast_join(e[0].m, &a, &why), OK);
    assert_int_equal(mcast_join(e[0].m, &a, &why), OK); /* once more: nothing */
    assert_int_equal(mcast_join(e[1].m, &b, &why), OK);
    mcast_send(e[0].m, &a, "shoal", 5);
    world_run(w, both_heard, e);
    world_settle(w);
    assert_int_equal(e[0].got, 1);
    assert_int_equal(e[1].got, 1);
    assert_int_equal(e[2].got, 0);
    assert_true(addr_same_ip(&e[1].from, &w->at_a));
    for (size_t i = 0; i < 3; i++)
        mcast_close(e[i].m);
    mcast_close(NULL);
}

#endif
