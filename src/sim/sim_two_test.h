/* sim/sim_two_test.h - Ann, who dials, and Bob, who listens; each sends and checks a pattern. */
#ifndef SHOAL_SIM_SIM_TWO_TEST_H
#define SHOAL_SIM_SIM_TWO_TEST_H

#include "base/mem.h"
#include "base/test.h"
#include "net/conn.h"
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

/* Byte i of every stream in these tests. */
static inline uint8_t pattern(uint64_t i)
{
    return (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16) * 29);
}

/* One side of a conn: sends `todo` bytes of the pattern, checks what it gets. */
struct side {
    struct loop *loop;
    struct conn *conn;
    uint64_t todo, sent, got;
    uint64_t open_us, end_us;      /* when it opened; when the other's last byte was read */
    bool open, ended, wrong, idle; /* idle: does not read */
    bool end_after;                /* FIN after the last byte */
    int closed;
    enum err code;
};

static inline void side_pump(struct side *s)
{
    uint8_t block[8192];
    while (s->sent < s->todo) {
        size_t n = s->todo - s->sent < sizeof block ? (size_t)(s->todo - s->sent) : sizeof block;
        for (size_t i = 0; i < n; i++)
            block[i] = pattern(s->sent + i);
        ssize_t put = conn_send(s->conn, block, n);
        if (put < 0)
            return;
        s->sent += (uint64_t)put;
    }
    if (s->end_after) {
        s->end_after = false;
        conn_shut(s->conn);
    }
}

static inline void side_drain(struct side *s)
{
    uint8_t block[5000];
    ssize_t n;
    while ((n = conn_recv(s->conn, block, sizeof block)) > 0)
        for (ssize_t i = 0; i < n; i++)
            s->wrong |= block[i] != pattern(s->got++);
    if (n == CONN_END) {
        s->ended = true;
        s->end_us = loop_now_us(s->loop);
    }
}

static inline void on_side(void *arg, enum conn_event ev, const struct why *why)
{
    struct side *s = arg;
    switch (ev) {
    case CONN_OPEN:
        assert_false(s->open);
        s->open = true;
        s->open_us = loop_now_us(s->loop);
        side_pump(s);
        break;
    case CONN_READABLE:
        if (!s->idle)
            side_drain(s);
        break;
    case CONN_WRITABLE:
        side_pump(s);
        break;
    case CONN_CLOSED:
        s->closed++;
        s->code = why->code;
        break;
    }
}

static inline void on_accept(void *arg, struct conn *c)
{
    struct side *s = arg;
    assert_null(s->conn);
    s->conn = c;
    s->open = true;
    s->open_us = loop_now_us(s->loop);
    conn_watch(c, on_side, s);
    side_pump(s);
}

/* Ann dials Bob, who listens on port 80. */
struct two {
    struct sim *sim;
    struct sim_node *ann, *bob;
    struct side a, b;
    struct listener *l;
};

static inline void two_up(struct two *t, uint64_t seed, struct sim_link link)
{
    *t = (struct two){.sim = sim_new(seed)};
    t->ann = sim_node_add(t->sim, "ann", addr_v4(10, 0, 0, 1, 0), link);
    t->bob = sim_node_add(t->sim, "bob", addr_v4(10, 0, 0, 2, 0), link);
    t->a.loop = sim_node_loop(t->ann);
    t->b.loop = sim_node_loop(t->bob);
    struct addr at = addr_v4(0, 0, 0, 0, 80);
    t->l = tcp_listen(t->b.loop, &at, on_accept, &t->b, NULL);
    assert_non_null(t->l);
}

static inline void two_dial(struct two *t)
{
    struct addr to = addr_v4(10, 0, 0, 2, 80);
    t->a.conn = tcp_dial(t->a.loop, &to, NULL, on_side, &t->a);
}

static inline void two_down(struct two *t)
{
    conn_close(t->a.conn);
    conn_close(t->b.conn);
    listener_close(t->l);
    sim_run_for(t->sim, 100 * SEC);
    sim_free(t->sim);
}

#define LAN ((struct sim_link){.latency_us = 10 * MSEC})

/* For callbacks that must not come. */
static inline void never(void *arg)
{
    (void)arg;
    fail();
}

#endif
