/* Everything at once, under the sanitizers: nodes that dial each other and themselves, close
 * whenever they like, crash, and are cut off.  What must hold: nothing is corrupted, no handle is
 * told twice, and the same seed gives the same run. */
#include "sim/sim.h"

#include "base/mem.h"
#include "base/test.h"
#include "net/conn.h"
#include "net/udp.h"
#include "sim/sim_world.h"

#include <stdio.h>

enum { MEN = 6, CONNS = 12 };

struct chaos;

struct talk {
    struct man *man;
    struct conn *c; /* NULL: free */
    uint64_t sent, got;
    bool shut, closed;
};

struct man {
    struct chaos *chaos;
    struct sim_node *node;
    struct loop *loop;
    struct listener *listener;
    struct udp *udp;
    struct timer *tick;
    struct talk talks[CONNS];
};

struct chaos {
    struct sim *sim;
    struct man men[MEN];
    uint64_t bytes, accepted, failed, ended, datagrams;
    bool wrong;
};

static unsigned roll(struct man *m, unsigned sides)
{
    return (unsigned)(loop_random_u64(m->loop) % sides);
}

static struct addr address(size_t i, uint16_t port)
{
    return addr_v4(10, 0, 0, (uint8_t)(i + 1), port);
}

static void talk_close(struct talk *t)
{
    conn_close(t->c);
    t->c = NULL;
}

static void talk_read(struct talk *t)
{
    uint8_t bytes[3000];
    ssize_t n;
    while ((n = conn_recv(t->c, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            t->man->chaos->wrong |= bytes[i] != (uint8_t)(t->got++ * 31 / 7);
        t->man->chaos->bytes += (uint64_t)n;
        if (roll(t->man, 30) == 0)
            return; /* has enough for now: comes back at a tick, or never */
    }
    if (n == CONN_END && ++t->man->chaos->ended && roll(t->man, 2) == 0)
        talk_close(t);
}

static void talk_send(struct talk *t)
{
    uint8_t bytes[20000];
    if (t->shut)
        return;
    unsigned n = 1 + roll(t->man, sizeof bytes);
    for (unsigned i = 0; i < n; i++)
        bytes[i] = (uint8_t)((t->sent + i) * 31 / 7);
    ssize_t put = conn_send(t->c, bytes, n);
    if (put > 0)
        t->sent += (uint64_t)put;
}

static void on_talk(void *arg, enum conn_event ev, const struct why *why)
{
    struct talk *t = arg;
    assert_non_null(t->c);
    assert_false(t->closed);
    assert_int_equal(ev == CONN_CLOSED, why != NULL);
    if (ev == CONN_CLOSED) {
        t->man->chaos->failed++;
        t->closed = true;
        assert_int_equal(conn_recv(t->c, &(char){0}, 1), CONN_FAILED);
        talk_close(t);
    } else if (roll(t->man, 40) == 0) {
        talk_close(t);
    } else if (ev == CONN_READABLE) {
        talk_read(t);
    } else {
        talk_send(t);
    }
}

static struct talk *talk_new(struct man *m)
{
    for (size_t i = 0; i < CONNS; i++)
        if (!m->talks[i].c) {
            m->talks[i] = (struct talk){.man = m};
            return &m->talks[i];
        }
    return NULL;
}

static void on_accept(void *arg, struct conn *c)
{
    struct man *m = arg;
    m->chaos->accepted++;
    struct talk *t = talk_new(m);
    if (!t) {
        conn_close(c);
        return;
    }
    t->c = c;
    conn_watch(c, on_talk, t);
    if (roll(m, 4) == 0)
        talk_send(t);
}

static void on_datagram(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct man *m = arg;
    assert_int_equal(n, 3);
    assert_int_equal(bytes[0], from->ip[3]);
    m->chaos->datagrams++;
}

static void work(void *arg)
{
    ++*(int *)arg;
}

static void worked(void *arg)
{
    free(arg); /* lost or done, it comes back */
}

static void act(struct man *m, struct talk *t)
{
    switch (roll(m, 8)) {
    case 0:
        talk_close(t);
        break;
    case 1:
        if (!t->shut)
            conn_shut(t->c);
        t->shut = true;
        break;
    case 2:
        talk_read(t);
        break;
    default:
        talk_send(t);
    }
}

static void on_tick(void *arg)
{
    struct man *m = arg;
    m->tick = timer_start(m->loop, roll(m, 100 * 1000), on_tick, m);
    struct addr to = address(roll(m, MEN + 1), 80); /* one more than there are */
    struct talk *t = talk_new(m);
    if (t && roll(m, 3) == 0)
        t->c = tcp_dial(m->loop, &to, NULL, on_talk, t);
    for (size_t i = 0; i < CONNS; i++)
        if (m->talks[i].c && roll(m, 3) == 0)
            act(m, &m->talks[i]);
    to.port = 81;
    uint8_t bytes[3] = {udp_addr(m->udp).ip[3]};
    udp_send(m->udp, &to, bytes, sizeof bytes);
    lane_run(m->loop, (enum lane)roll(m, LANE_COUNT), work, worked, MEM_NEW(int));
}

static void man_start(struct man *m)
{
    struct addr at = address((size_t)(m - m->chaos->men), 81), any = addr_v4(0, 0, 0, 0, 80);
    m->udp = udp_open(m->loop, &at, on_datagram, m, NULL);
    m->listener = tcp_listen(m->loop, &any, on_accept, m, NULL);
    assert_non_null(m->udp);
    assert_non_null(m->listener);
    m->tick = timer_start(m->loop, 0, on_tick, m);
}

/* The app's end at a crash: it frees most of what it has, and tries to speak. */
static void man_crashed(void *arg)
{
    struct man *m = arg;
    for (size_t i = 0; i < CONNS; i++)
        if (m->talks[i].c && i % 4 > 0) {
            assert_int_equal(conn_send(m->talks[i].c, "x", 1), CONN_FAILED);
            talk_close(&m->talks[i]);
        }
    udp_send(m->udp, &(struct addr){.family = ADDR_V4}, "x", 1);
    timer_cancel(m->tick);
    listener_close(m->listener);
    memset(m->talks, 0, sizeof m->talks);
}

static void weather(void *arg)
{
    struct chaos *c = arg;
    struct man *god = &c->men[0]; /* his dice, not his node */
    struct man *m = &c->men[1 + roll(god, MEN - 1)], *other = &c->men[roll(god, MEN)];
    switch (roll(god, 6)) {
    case 0:
        sim_cut(m->node, m == other ? NULL : other->node);
        break;
    case 1:
    case 2:
        sim_heal(m->node, NULL);
        break;
    case 3:
        sim_node_crash(m->node);
        break;
    default:
        if (!sim_node_is_up(m->node)) {
            sim_node_restart(m->node);
            man_start(m);
        }
    }
    sim_at(c->sim, sim_now_us(c->sim) + 1 * SEC, weather, c);
}

static uint64_t run(uint64_t seed, struct chaos *c)
{
    struct sim_link link = {10 * MSEC, 4 * MSEC, 5000, 300000, 900000, 0, 0, 0};
    *c = (struct chaos){.sim = sim_new(seed)};
    for (size_t i = 0; i < MEN; i++) {
        struct man *m = &c->men[i];
        m->chaos = c;
        m->node = sim_node_add(c->sim, "man", address(i, 0), link);
        m->loop = sim_node_loop(m->node);
        sim_node_on_crash(m->node, man_crashed, m);
        man_start(m);
    }
    sim_at(c->sim, sim_now_us(c->sim) + 5 * SEC, weather, c);
    sim_run_for(c->sim, 60 * SEC);
    uint64_t hash = sim_trace_hash(c->sim);
    for (size_t i = 0; i < MEN; i++)
        sim_node_crash(c->men[i].node);
    assert_true(list_empty(&c->sim->flows)); /* nothing outlives both of its ends */
    sim_free(c->sim);
    return hash;
}

static void chaos_corrupts_nothing_and_repeats_itself(void **state)
{
    (void)state;
    struct chaos c;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        uint64_t hash = run(seed, &c);
        assert_false(c.wrong);
        assert_true(c.bytes > 1000 * 1000);
        assert_true(c.accepted > 200 && c.failed > 50 && c.ended > 20 && c.datagrams > 1000);
        assert_int_equal(run(seed, &c), hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chaos_corrupts_nothing_and_repeats_itself)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
