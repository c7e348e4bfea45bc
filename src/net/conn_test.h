/* net/conn_test.h - what net/conn.h promises of every conn, as checks that run over any stack.
 *
 * A transport's and a filter's test program include this file and run CONN_CHECKS: bytes, events,
 * back-pressure, ends and closing at each step are the same wherever one is in a stack.  A filter
 * gives its own `dress`, which puts it over a tcp conn:
 *
 *     static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb,
 *                               void *arg)
 *     { return dialled ? tls_dial(..., below, cb, arg) : tls_accept(..., below, cb, arg); }
 *
 *     #define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
 *     const struct CMUnitTest tests[] = {CONN_CHECKS(CASE)};
 *
 * The setup puts a struct world * into *state; the teardown frees the loops, and that nothing leaks
 * is the sanitizer's part.  net/world_test.h has this and the checks of loop.h and udp.h. */
#ifndef SHOAL_NET_CONN_TEST_H
#define SHOAL_NET_CONN_TEST_H

#include "base/test.h"

#include "net/conn.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* a and b are two nodes, or one and the same loop with two addresses. */
struct world {
    struct loop *a, *b;
    struct addr at_a, at_b; /* addresses of the two, port 0 */
    uint64_t settle_us;     /* what was sent so long ago has arrived */
    /* Run both until until(arg), asked after each step, holds; false: it never did (some seconds;
     * the driver decides). */
    bool (*run)(struct world *w, bool (*until)(void *arg), void *arg);
    /* The filter under test over `below`, which it takes; NULL: none. */
    struct conn *(*dress)(struct world *w, struct conn *below, bool dialled, conn_cb *cb,
                          void *arg);
    /* Another transport than TCP: from a to b, where `listen` was called; it gives the address.
     * NULL: TCP. */
    struct conn *(*dial)(struct world *w, const struct addr *to, conn_cb *cb, void *arg);
    struct addr (*listen)(struct world *w, accept_cb *cb, void *arg);
    void (*unlisten)(struct world *w);
    void *priv;
};

#define CONN_CHECKS(CASE)                                                                          \
    CASE(a_dial_opens_once_and_carries_bytes_both_ways)                                            \
    CASE(a_dial_to_a_closed_port_is_refused_with_words)                                            \
    CASE(closing_a_dial_at_once_means_silence)                                                     \
    CASE(closing_a_dial_after_each_step_means_silence)                                             \
    CASE(closing_in_any_callback_means_silence)                                                    \
    CASE(two_mebibytes_go_through_both_ways_at_once)                                               \
    CASE(who_does_not_read_stops_the_sender)                                                       \
    CASE(readable_is_raised_once_until_again)                                                      \
    CASE(sending_before_open_is_answered_when_open)                                                \
    CASE(after_the_end_writing_goes_on)                                                            \
    CASE(bytes_before_a_close_arrive)                                                              \
    CASE(writing_to_who_has_gone_is_told_once)

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

/* An end sends `to_send` bytes of a pattern and checks the pattern of what it gets. */

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
    struct listener *listener; /* of TCP */
    struct addr at;            /* where it listens */
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
    if (p->w->dress)
        p->server.c = p->w->dress(p->w, c, false, end_event, &p->server);
    else
        conn_watch(c, end_event, &p->server);
    end_send(&p->server);
}

static void pair_listen(struct pair *p, struct world *w)
{
    struct why why;
    *p = (struct pair){.w = w};
    p->client = p->server = (struct end){.w = w, .close_at = NOT_AT_ALL};
    if (w->listen) {
        p->at = w->listen(w, on_accept, p);
        return;
    }
    p->listener = tcp_listen(w->b, &w->at_b, on_accept, p, &why);
    if (!p->listener)
        fail_msg("%s", why.text);
    p->at = listener_addr(p->listener);
}

static void pair_unlisten(struct pair *p)
{
    if (p->w->unlisten)
        p->w->unlisten(p->w);
    listener_close(p->listener);
    p->listener = NULL;
}

static void pair_dial_to(struct pair *p, struct addr to)
{
    p->client.in_call = true;
    if (p->w->dial)
        p->client.c = p->w->dial(p->w, &to, end_event, &p->client);
    else
        p->client.c = tcp_dial(p->w->a, &to, NULL, end_event, &p->client);
    if (p->w->dress)
        p->client.c = p->w->dress(p->w, p->client.c, true, end_event, &p->client);
    p->client.in_call = false;
    assert_non_null(p->client.c);
}

static void pair_dial(struct pair *p)
{
    assert_int_not_equal(p->at.port, 0);
    pair_dial_to(p, p->at);
}

static bool pair_is_open(void *arg)
{
    struct pair *p = arg;
    return p->client.seen[CONN_OPEN] && p->server.c && (!p->w->dress || p->server.seen[CONN_OPEN]);
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
    pair_unlisten(p);
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
    assert_int_equal(p.server.seen[CONN_OPEN], w->dress ? 1 : 0); /* tcp was open when it came */
    assert_int_equal(p.client.seen[CONN_WRITABLE], 0);
    assert_int_equal(p.client.seen[CONN_CLOSED] + p.server.seen[CONN_CLOSED], 0);
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
    pair_unlisten(&p);
    pair_dial(&p);
    world_run(w, end_is_told, &p.client);
    assert_int_equal(p.client.seen[CONN_OPEN], 0);
    assert_int_equal(p.client.why.code, ERR_CLOSED);
    assert_non_null(strstr(p.client.why.text, "refused"));
    pair_close(&p);
}

static void closing_a_dial_at_once_means_silence(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    pair_dial(&p);
    end_close(&p.client);
    pair_unlisten(&p);
    world_settle(w);
    pair_close(&p);
}

struct steps {
    struct loop *loop;
    int turns;
    bool over;
};

static void on_step(void *arg)
{
    struct steps *s = arg;
    s->over = s->turns-- == 0;
    if (!s->over)
        timer_start(s->loop, 0, on_step, s);
}

/* First turn by turn, as a real loop moves; then at moments ever later, as a simulated one does. */
static void closing_a_dial_after_each_step_means_silence(void **state)
{
    enum { TURNS = 8, MOMENTS = 12 };
    struct world *w = *state;
    for (int i = 0; i < TURNS + MOMENTS; i++) {
        struct pair p;
        struct steps steps = {.loop = w->a, .turns = i < TURNS ? i : 0};
        pair_listen(&p, w);
        p.client.to_send = p.server.to_send = 10;
        pair_dial(&p);
        timer_start(w->a, i < TURNS ? 0 : w->settle_us >> (TURNS + MOMENTS - i), on_step, &steps);
        world_run(w, world_is_set, &steps.over);
        end_close(&p.client);
        pair_close(&p);
    }
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
        p.client.close_at = ev;
        p.client.to_send = ev == CONN_WRITABLE ? 64 << 20 : 10;
        p.server.to_send = 100;
        if (ev == CONN_CLOSED)
            pair_unlisten(&p);
        pair_dial(&p);
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

#endif
