/* host/mux/duo_test.h - for tests: two conns that are the ends of one, and an end moved by hand. */
#ifndef SHOAL_HOST_MUX_DUO_TEST_H
#define SHOAL_HOST_MUX_DUO_TEST_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"
#include "net/conn.h"
#include "sim/sim.h"

struct duo {
    struct sim *sim;
    struct sim_node *ann, *bob;
    struct conn *a, *b; /* a dialled; open, and nobody watches them */
};

static void duo_ignore(void *arg, enum conn_event ev, const struct why *why)
{
    (void)arg, (void)ev, (void)why;
}

static void duo_accept(void *arg, struct conn *c)
{
    *(struct conn **)arg = c;
    conn_watch(c, duo_ignore, NULL);
}

static inline bool duo_is_there(void *arg)
{
    return *(struct conn **)arg != NULL;
}

static inline void duo_open(struct duo *d, uint64_t seed)
{
    const struct sim_link link = {
        .latency_us = 5 * MSEC, .up_rate = 20000000, .down_rate = 20000000};
    struct why why;
    *d = (struct duo){.sim = sim_new(seed)};
    struct addr at_a = addr_v4(10, 0, 0, 1, 0), at_b = addr_v4(10, 0, 0, 2, 0);
    d->ann = sim_node_add(d->sim, "ann", at_a, link);
    d->bob = sim_node_add(d->sim, "bob", at_b, link);
    struct listener *l = tcp_listen(sim_node_loop(d->bob), &at_b, duo_accept, &d->b, &why);
    struct addr to = listener_addr(l);
    d->a = tcp_dial(sim_node_loop(d->ann), &to, NULL, duo_ignore, NULL);
    assert_true(sim_run_until(d->sim, duo_is_there, &d->b, 10 * SEC));
    sim_run_for(d->sim, SEC);
    listener_close(l);
}

/* Closes the ends that are still there. */
static inline void duo_close(struct duo *d)
{
    conn_close(d->a);
    conn_close(d->b);
    sim_run_for(d->sim, SEC);
    sim_free(d->sim);
}

/* An end that keeps what it gets and says what the test gives it. */
struct hand {
    struct conn *c;
    struct buf got;
    bool deaf; /* does not read */
    bool ended, closed;
    struct why why;
};

static inline void hand_read(struct hand *h)
{
    uint8_t bytes[4096];
    ssize_t n;
    while ((n = conn_recv(h->c, bytes, sizeof bytes)) > 0)
        buf_put(&h->got, bytes, (size_t)n);
    h->ended |= n == CONN_END;
}

static inline void hand_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct hand *h = arg;
    if (ev == CONN_READABLE && !h->deaf)
        hand_read(h);
    if (ev == CONN_CLOSED) {
        h->closed = true;
        h->why = *why;
    }
}

/* Takes the conn, and reads on by itself. */
static inline void hand_take(struct hand *h, struct conn *c)
{
    *h = (struct hand){.c = c};
    conn_watch(c, hand_event, h);
    hand_read(h);
}

static inline void hand_drop(struct hand *h)
{
    conn_close(h->c);
    buf_done(&h->got);
    *h = (struct hand){0};
}

#endif
