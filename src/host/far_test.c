/* One stream over a long path: its windows grow until the line is full. */
#include "host/host.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/mux/yamux.h"
#include "host/talk/perf.h"
#include "sim/sim.h"

#include <string.h>

enum { MOST = 128 << 20 }; /* bytes, of which the first part opens the windows */

struct kit {
    struct sim *sim;
    struct loop *loop[2];
    struct keys *keys[2];
    struct host *host[2];
    struct perf *perf;
    struct conn *stream;
    uint64_t left;
    bool shut, ended;
};

static struct multiaddr at(unsigned i, enum reach reach)
{
    struct multiaddr a;
    struct addr addr = addr_v4(10, 0, 0, (uint8_t)(i + 1), 4001);
    multiaddr_of_addr(&a, &addr, reach);
    return a;
}

static void begin(struct kit *k, uint64_t rate, enum reach reach)
{
    k->sim = sim_new(1);
    for (unsigned i = 0; i < 2; i++) {
        struct sim_link line = {.latency_us = 15 * MSEC, .up_rate = rate, .down_rate = rate};
        uint8_t entropy[16] = {(uint8_t)(i + 1)};
        struct multiaddr here = at(i, reach);
        k->loop[i] = sim_node_loop(
            sim_node_add(k->sim, i ? "b" : "a", addr_v4(10, 0, 0, (uint8_t)(i + 1), 0), line));
        k->keys[i] = keys_of_entropy(entropy, sizeof entropy);
        struct host_cfg cfg = {.loop = k->loop[i],
                               .keys = k->keys[i],
                               .agent = "shoal/test",
                               .listen = &here,
                               .listen_count = 1,
                               .lab = true};
        k->host[i] = host_new(&cfg, NULL);
        assert_non_null(k->host[i]);
    }
    k->perf = perf_new(k->host[1]);
}

static void end(struct kit *k)
{
    conn_close(k->stream);
    perf_free(k->perf);
    for (unsigned i = 0; i < 2; i++) {
        host_free(k->host[i]);
        keys_free(k->keys[i]);
    }
    sim_run_for(k->sim, SEC);
    sim_free(k->sim);
}

static void push(struct kit *k)
{
    static const uint8_t zeros[64 << 10];
    while (k->left > 0) {
        ssize_t n = conn_send(k->stream, zeros, k->left < sizeof zeros ? k->left : sizeof zeros);
        if (n <= 0)
            return;
        k->left -= (uint64_t)n;
    }
    if (!k->shut)
        conn_shut(k->stream);
    k->shut = true;
}

static void on_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct kit *k = arg;
    uint8_t byte;
    (void)why;
    assert_int_not_equal(ev, CONN_CLOSED);
    if (ev == CONN_READABLE)
        k->ended |= conn_recv(k->stream, &byte, 1) == CONN_END;
    else
        push(k);
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    uint8_t byte;
    (void)why;
    assert_non_null(s);
    k->stream = s->conn;
    conn_watch(s->conn, on_event, k);
    (void)conn_recv(s->conn, &byte, 1);
}

static bool is_open(void *arg)
{
    return ((struct kit *)arg)->stream != NULL;
}

static bool has_ended(void *arg)
{
    return ((struct kit *)arg)->ended;
}

/* How much of the line a stream fills, in percent, its beginning included. */
static unsigned share(uint64_t rate, enum reach reach)
{
    static const char *const names[] = {PERF_PROTOCOL};
    struct kit k = {.left = MOST};
    struct multiaddr there = at(1, reach);
    begin(&k, rate, reach);
    host_learn(k.host[0], host_id(k.host[1]), &there, 1);
    host_open(k.host[0], host_id(k.host[1]), names, 1, on_open, &k);
    assert_true(sim_run_until(k.sim, is_open, &k, 10 * SEC));
    uint64_t began_us = sim_now_us(k.sim);
    push(&k);
    assert_true(sim_run_until(k.sim, has_ended, &k, 120 * SEC));
    uint64_t took_us = sim_now_us(k.sim) - began_us;
    end(&k);
    unsigned percent = (unsigned)(100 * (uint64_t)MOST * SEC / rate / took_us);
    print_message("# %u %% of the line\n", percent);
    return percent;
}

static void quic_fills_100_mbit_over_60_ms(void **state)
{
    (void)state;
    assert_in_range(share(12500000, REACH_QUIC), 90, 100);
}

/* --- Yamux over a line that holds any number of bytes on their way ---------------------------
 *
 * The simulator's TCP has 256 KiB of them, which would be the limit and not the window. */

enum { LINE_RATE = 12500000, WAITING_MAX = 64 << 10 };
#define LINE_LATENCY_US (30 * MSEC)

struct packet {
    struct packet *next;
    uint64_t at_us;
    size_t n, read;
    uint8_t bytes[];
};

struct side {
    struct conn conn;
    struct side *other;
    struct packet *first, **last; /* on their way to it */
    uint64_t free_at_us;          /* its line outwards */
    struct timer *timer;
    uint64_t timer_at_us;
    bool want_read, want_write;
};

static void side_look(void *arg);

static void look_at(struct side *s, uint64_t at_us)
{
    uint64_t now = loop_now_us(s->conn.loop);
    if (s->timer && s->timer_at_us <= at_us)
        return;
    timer_cancel(s->timer);
    s->timer_at_us = at_us;
    s->timer = timer_start(s->conn.loop, at_us > now ? at_us - now : 0, side_look, s);
}

static bool line_is_full(const struct side *s)
{
    return s->free_at_us > loop_now_us(s->conn.loop) + (uint64_t)WAITING_MAX * SEC / LINE_RATE;
}

static void side_look(void *arg)
{
    struct side *s = arg;
    s->timer = NULL;
    uint64_t now = loop_now_us(s->conn.loop);
    bool read = s->want_read && s->first && s->first->at_us <= now;
    bool write = s->want_write && !line_is_full(s);
    s->want_read &= !read;
    s->want_write &= !write;
    if (read)
        conn_raise(&s->conn, CONN_READABLE, NULL);
    if (write)
        conn_raise(&s->conn, CONN_WRITABLE, NULL);
    if (s->want_read && s->first)
        look_at(s, s->first->at_us);
    if (s->want_write)
        look_at(s, now + MSEC);
}

static ssize_t side_recv(struct conn *c, void *to, size_t n)
{
    struct side *s = (struct side *)c;
    struct packet *p = s->first;
    if (!p || p->at_us > loop_now_us(c->loop)) {
        s->want_read = true;
        if (p)
            look_at(s, p->at_us);
        return CONN_AGAIN;
    }
    n = n < p->n - p->read ? n : p->n - p->read;
    memcpy(to, p->bytes + p->read, n);
    p->read += n;
    if (p->read == p->n) {
        s->first = p->next;
        if (!s->first)
            s->last = &s->first;
        free(p);
    }
    return (ssize_t)n;
}

static ssize_t side_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct side *s = (struct side *)c;
    uint64_t now = loop_now_us(c->loop);
    ssize_t took = 0;
    for (int i = 0; i < count && !line_is_full(s); i++) {
        if (iov[i].iov_len == 0)
            continue;
        struct packet *p = mem_zalloc(sizeof *p + iov[i].iov_len);
        p->n = iov[i].iov_len;
        memcpy(p->bytes, iov[i].iov_base, p->n);
        s->free_at_us = (s->free_at_us > now ? s->free_at_us : now) + p->n * SEC / LINE_RATE;
        p->at_us = s->free_at_us + LINE_LATENCY_US;
        *s->other->last = p;
        s->other->last = &p->next;
        took += (ssize_t)p->n;
        if (s->other->want_read)
            look_at(s->other, s->other->first->at_us);
    }
    if (line_is_full(s)) {
        s->want_write = true;
        look_at(s, now + MSEC);
    }
    return took > 0 ? took : CONN_AGAIN;
}

static void side_close(struct conn *c)
{
    struct side *s = (struct side *)c;
    timer_cancel(s->timer);
    for (struct packet *p; (p = s->first);) {
        s->first = p->next;
        free(p);
    }
    s->last = &s->first;
    s->timer = NULL;
}

static void side_shut(struct conn *c)
{
    (void)c;
}

static const struct conn_ops side_ops = {
    .name = "far", .recv = side_recv, .sendv = side_sendv, .close = side_close, .shut = side_shut};

struct far {
    struct conn *in, *out;
    uint64_t got, left;
};

static void on_got(void *arg, enum conn_event ev, const struct why *why)
{
    static uint8_t bytes[64 << 10];
    struct far *f = arg;
    ssize_t n;
    (void)why;
    while (ev == CONN_READABLE && (n = conn_recv(f->in, bytes, sizeof bytes)) > 0)
        f->got += (uint64_t)n;
}

static void on_came(void *arg, struct conn *s)
{
    struct far *f = arg;
    f->in = s;
    conn_watch(s, on_got, f);
}

static void on_may_write(void *arg, enum conn_event ev, const struct why *why)
{
    static const uint8_t zeros[64 << 10];
    struct far *f = arg;
    (void)why;
    assert_int_not_equal(ev, CONN_CLOSED);
    while (f->left > 0) {
        ssize_t n = conn_send(f->out, zeros, f->left < sizeof zeros ? f->left : sizeof zeros);
        if (n <= 0)
            return;
        f->left -= (uint64_t)n;
    }
}

static bool all_came(void *arg)
{
    return ((struct far *)arg)->got == MOST;
}

static void yamux_fills_100_mbit_over_60_ms(void **state)
{
    static const struct mux_events events = {.stream = on_came};
    struct sim *sim = sim_new(1);
    struct loop *loop =
        sim_node_loop(sim_node_add(sim, "a", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0}));
    struct side side[2] = {0};
    struct mux *m[2];
    struct far f = {.left = MOST};
    (void)state;
    for (int i = 0; i < 2; i++) {
        side[i] = (struct side){.conn = {.ops = &side_ops, .loop = loop},
                                .other = &side[1 - i],
                                .last = &side[i].first,
                                .want_read = true};
        m[i] = yamux_new(&side[i].conn, i == 0, &events, &f);
    }
    f.out = mux_open(m[0], NULL);
    conn_watch(f.out, on_may_write, &f);
    uint64_t began_us = sim_now_us(sim);
    on_may_write(&f, CONN_WRITABLE, NULL);
    assert_true(sim_run_until(sim, all_came, &f, 120 * SEC));
    uint64_t took_us = sim_now_us(sim) - began_us;
    unsigned percent = (unsigned)(100 * (uint64_t)MOST * SEC / LINE_RATE / took_us);
    print_message("# %u %% of the line\n", percent);
    conn_close(f.out);
    conn_close(f.in);
    mux_close(m[0]);
    mux_close(m[1]);
    side_close(&side[0].conn); /* what the other said last */
    sim_free(sim);
    assert_in_range(percent, 90, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yamux_fills_100_mbit_over_60_ms),
        cmocka_unit_test(quic_fills_100_mbit_over_60_ms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
