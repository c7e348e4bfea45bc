/* SOCKS5 over the simulator: the checks of net/conn_test.h, and proxies that say no. */
#include "net/socks.h"

#include "base/mem.h"
#include "net/filter.h"
#include "net/udp.h"

#include "sim/sim_pair_test.h"

static const struct socks proxy = {.user = "ann", .password = "secret"};

/* The proxy's end as a filter: hears hello, login and request, says yes, and lets bytes pass. */
struct server {
    struct filter f;
    int step; /* messages heard */
};

static const struct {
    const char *heard;
    size_t heard_n;
    const char *say;
    size_t say_n;
} talk[] = {
    {"\5\2\0\2", 4, "\5\2", 2},
    {"\1\3ann\6secret", 12, "\1\0", 2},
    {NULL, 10, "\5\0\0\1\0\0\0\0\0\0", 10}, /* CONNECT to an IPv4 address */
};

static void server_hear(struct filter *f)
{
    struct server *s = (struct server *)f;
    while (s->step < 3) {
        size_t n = talk[s->step].heard_n;
        if (buf_len(&f->in) < n && filter_fill(f, &f->in, n - buf_len(&f->in)) <= 0)
            return;
        if (buf_len(&f->in) < n)
            continue;
        if (talk[s->step].heard)
            assert_memory_equal(buf_bytes(&f->in), talk[s->step].heard, n);
        buf_clear(&f->in);
        buf_put(&f->out, talk[s->step].say, talk[s->step].say_n);
        s->step++;
    }
    filter_pass(f);
}

static const struct filter_ops server_ops = {.conn = FILTER_CONN("proxy"), .shake = server_hear};

static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb, void *arg)
{
    struct addr to = addr_v4(10, 0, 0, 9, 80);
    (void)w;
    if (dialled)
        return socks_over(below, &proxy, NULL, &to, cb, arg);
    struct server *s = MEM_NEW(struct server);
    filter_init(&s->f, &server_ops, below, cb, arg);
    return &s->f.conn;
}

static int open_world(void **state)
{
    *state = MEM_NEW(struct world);
    sim_pair_open(*state, dress);
    return 0;
}

static int close_world(void **state)
{
    sim_pair_close(*state);
    free(*state);
    return 0;
}

/* A proxy at b that answers each part it hears with the next text. */
struct mute {
    struct conn *c;
    const char *const *say;
    const size_t *say_n;
    struct listener *listener;
    struct world *w;
    size_t at;
};

static void mute_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct mute *m = arg;
    uint8_t bytes[600];
    (void)why;
    if (ev == CONN_READABLE)
        while (conn_recv(m->c, bytes, sizeof bytes) > 0)
            if (m->say[m->at])
                conn_send(m->c, m->say[m->at], m->say_n[m->at]), m->at++;
}

static void mute_accept(void *arg, struct conn *c)
{
    struct mute *m = arg;
    m->c = c;
    conn_watch(c, mute_event, m);
}

struct verdict {
    bool open, closed;
    struct why why;
};

static void on_dialled(void *arg, enum conn_event ev, const struct why *why)
{
    struct verdict *v = arg;
    v->open |= ev == CONN_OPEN;
    if (ev == CONN_CLOSED) {
        v->closed = true;
        v->why = *why;
    }
}

static void refused(struct world *w, const struct socks *login, const char *const *say,
                    const size_t *say_n, const char *words)
{
    struct why why;
    struct mute m = {.say = say, .say_n = say_n, .w = w};
    struct verdict v = {0};
    m.listener = tcp_listen(w->b, &w->at_b, mute_accept, &m, &why);
    struct socks p = *login;
    p.at = listener_addr(m.listener);
    struct addr to = addr_v4(0, 0, 0, 0, 80);
    struct conn *c = socks_dial(w->a, &p, "tracker.example", &to, on_dialled, &v);
    world_run(w, world_is_set, &v.closed);
    assert_false(v.open);
    assert_non_null(strstr(v.why.text, words));
    conn_close(c);
    conn_close(m.c);
    listener_close(m.listener);
}

static void a_proxy_that_says_no_is_quoted(void **state)
{
    static const struct socks open = {0};
    static const char *const none[] = {"\5\xff", NULL}, *const login[] = {"\5\2", NULL};
    static const char *const rules[] = {"\5\0", "\5\2\0\1\0\0\0\0\0\0", NULL};
    static const char *const wrong[] = {"\5\2", "\1\1", NULL}, *const mute[] = {NULL};
    static const char *const web[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", NULL};
    static const size_t n[] = {2, 10, 10}, n2[] = {2, 2}, n3[] = {28};
    refused(*state, &open, none, n, "another way to log in");
    refused(*state, &open, login, n, "wants a user's name");
    refused(*state, &open, rules, n, "not allowed by its rules");
    refused(*state, &proxy, wrong, n2, "refuses the user's name or password");
    refused(*state, &open, web, n3, "does not speak SOCKS5");
    refused(*state, &open, mute, n, "no answer");
}

static void without_its_proxy_nothing_is_dialled(void **state)
{
    struct world *w = *state;
    struct socks gone = {.at = w->at_b};
    struct verdict v = {0};
    gone.at.port = 1080;
    struct addr to = w->at_b;
    to.port = 80;
    struct conn *c = socks_dial(w->a, &gone, NULL, &to, on_dialled, &v);
    world_run(w, world_is_set, &v.closed);
    assert_non_null(strstr(v.why.text, "10.0.0.2:1080"));
    conn_close(c);
}

/* A relay at b: says where it listens, and sends what it hears back as if from there. */

struct relay {
    struct mute control;
    struct udp *udp;
    struct buf reply;
};

static void relay_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct relay *r = arg;
    udp_send(r->udp, from, bytes, n);
}

static void got(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    assert_int_equal(from->port, 6969);
    assert_int_equal(n, 5);
    assert_memory_equal(bytes, "hello", 5);
    *(bool *)arg = true;
}

static bool is_up(void *arg)
{
    return socks_udp_is_up(arg);
}

static bool is_down(void *arg)
{
    return !socks_udp_is_up(arg);
}

static void datagrams_pass_while_the_proxy_stands(void **state)
{
    struct world *w = *state;
    struct why why;
    struct relay r = {0};
    uint8_t reply[] = {5, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    const char *say[] = {"\5\0", (const char *)reply, "\5\0", (const char *)reply, NULL};
    size_t say_n[] = {2, sizeof reply, 2, sizeof reply};
    r.udp = udp_open(w->b, &w->at_b, relay_packet, &r, &why);
    reply[8] = (uint8_t)(udp_addr(r.udp).port >> 8);
    reply[9] = (uint8_t)udp_addr(r.udp).port;
    r.control = (struct mute){.say = say, .say_n = say_n, .w = w};
    r.control.listener = tcp_listen(w->b, &w->at_b, mute_accept, &r.control, &why);
    struct socks p = {.at = listener_addr(r.control.listener)};
    bool heard = false;
    struct socks_udp *u = socks_udp_open(w->a, &p, got, &heard);
    struct addr to = addr_v4(192, 0, 2, 1, 6969);
    socks_udp_send(u, NULL, &to, "early", 5); /* lost */
    for (int round = 0; round < 2; round++) {
        heard = false;
        world_run(w, is_up, u);
        socks_udp_send(u, NULL, &to, "hello", 5);
        world_run(w, world_is_set, &heard);
        conn_close(r.control.c); /* the association ends with it, and is made again */
        world_run(w, is_down, u);
    }
    socks_udp_close(u);
    udp_close(r.udp);
    listener_close(r.control.listener);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
    const struct CMUnitTest tests[] = {CONN_CHECKS(CASE) CASE(a_proxy_that_says_no_is_quoted) CASE(
        without_its_proxy_nothing_is_dialled) CASE(datagrams_pass_while_the_proxy_stands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
