/* net/world_test.h over libuv: one loop, two addresses of the loopback network. */
#include "net/uv/uv_loop.h"

#include "net/world_test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LIMIT_US = 60 * 1000000 }; /* only a test that hangs ever sees it */

static bool run(struct world *w, bool (*until)(void *), void *arg)
{
    return uv_loop_run_until(w->a, until, arg, LIMIT_US);
}

static void to_stderr(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    fprintf(stderr, "# %s: %s\n", log_level_name(level), line);
}

static int open_world(void **state)
{
    struct world *w = MEM_NEW(struct world);
    w->priv = log_new(LOG_WARN, to_stderr, NULL);
    w->a = w->b = uv_loop_open(w->priv);
    w->at_a = addr_v4(127, 0, 0, 1, 0);
    w->at_b = addr_v4(127, 0, 0, 2, 0);
    w->settle_us = 20 * MSEC;
    w->run = run;
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    uv_loop_finish(w->a);
    log_free(w->priv);
    free(w);
    return 0;
}

static void a_dial_may_come_from_a_listening_port(void **state)
{
    struct world *w = *state;
    struct pair p;
    struct why why;
    pair_listen(&p, w);
    struct listener *ours = tcp_listen(w->a, &w->at_a, on_accept, &p, &why);
    struct addr from = listener_addr(ours), to = listener_addr(p.listener);
    p.client.c = tcp_dial(w->a, &to, &from, end_event, &p.client);
    world_run(w, pair_is_open, &p);
    assert_true(addr_equal(&p.server.c->peer, &from));
    listener_close(ours);
    pair_close(&p);
}

static void a_reset_is_told_and_what_came_before_it_is_read(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    p.server.idle = true; /* closes with bytes unread: the kernel sends a reset */
    p.client.to_send = 10;
    p.server.to_send = 5;
    pair_dial(&p);
    world_run(w, server_is_readable, &p);
    end_close(&p.server);
    world_run(w, end_is_told, &p.client);
    assert_int_equal(p.client.got, 5);
    assert_false(p.client.ended); /* a reset is no orderly end */
    assert_int_equal(p.client.why.code, ERR_CLOSED);
    pair_close(&p);
}

struct turns {
    unsigned count;
    bool over;
};

static bool turns_are_over(void *arg)
{
    struct turns *t = arg;
    t->count++;
    return t->over;
}

/* RELIABILITY 16: "accept pauses, no busy loop, recovers". */
static void without_descriptors_accepting_pauses_and_recovers(void **state)
{
    struct world *w = *state;
    struct rlimit was, low;
    struct pair p;
    struct turns turns = {0};
    int lowest = dup(0);
    close(lowest);
    pair_listen(&p, w);
    struct addr to = listener_addr(p.listener);
    log_set_level(w->priv, LOG_ERROR);
    p.client.c = tcp_dial(w->a, &to, NULL, end_event, &p.client);
    getrlimit(RLIMIT_NOFILE, &was);
    low = (struct rlimit){(rlim_t)lowest, was.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    timer_start(w->a, 150 * MSEC, world_flag, &turns.over);
    world_run(w, turns_are_over, &turns);
    assert_true(turns.count < 20); /* a pause of 100 ms in there; a spinning loop makes thousands */
    assert_null(p.server.c);
    setrlimit(RLIMIT_NOFILE, &was);
    world_run(w, pair_is_open, &p);
    pair_close(&p);
}

static void bytes_that_nobody_reads_do_not_spin_the_loop(void **state)
{
    struct world *w = *state;
    struct pair p;
    struct turns turns = {0};
    pair_listen(&p, w);
    p.server.idle = true;
    p.client.to_send = 10;
    pair_dial(&p);
    world_run(w, server_is_readable, &p);
    timer_start(w->a, w->settle_us, world_flag, &turns.over);
    world_run(w, turns_are_over, &turns);
    assert_true(turns.count < 10); /* a spinning loop makes thousands */
    pair_close(&p);
}

static void stop(void *arg)
{
    uv_loop_stop(arg);
}

static void on_sigusr1(void *arg)
{
    *(bool *)arg = true;
}

static void a_signal_is_a_callback_and_stop_ends_the_run(void **state)
{
    struct world *w = *state;
    bool heard = false;
    uv_loop_on_signal(w->a, SIGUSR1, on_sigusr1, &heard);
    raise(SIGUSR1);
    timer_start(w->a, 0, stop, w->a);
    uv_loop_run(w->a);
    world_run(w, world_is_set, &heard);
    uv_loop_stop(w->a); /* before the run */
    uv_loop_run(w->a);
}

static void count_done(void *arg)
{
    ++*(int *)arg;
}

static void no_work(void *arg)
{
    (void)arg;
}

static void finishing_the_loop_waits_for_the_lanes(void **state)
{
    struct world *w = *state;
    int dones = 0;
    for (int i = 0; i < 50; i++)
        lane_run(w->a, (enum lane)(i % LANE_COUNT), no_work, count_done, &dones);
    uv_loop_finish(w->a);
    assert_int_equal(dones, 50);
    w->a = uv_loop_open(NULL);
}

static void remember_line(void *arg, enum log_level level, const char *line)
{
    /* On a loaded machine any other callback may be slow as well. */
    if (level == LOG_DEBUG && !strncmp(line, "timer ", 6))
        snprintf(arg, 200, "%s", line);
}

static void dawdle(void *arg)
{
    uint64_t began_us = (uint64_t)loop_wall_us(arg);
    while ((uint64_t)loop_wall_us(arg) < began_us + UV_LOOP_SLOW_US + 2 * MSEC)
        ;
    uv_loop_stop(arg);
}

static void a_slow_callback_is_logged_by_name(void **state)
{
    (void)state;
    char line[200] = "";
    struct log *log = log_new(LOG_DEBUG, remember_line, line);
    struct loop *loop = uv_loop_open(log);
    timer_start(loop, 0, dawdle, loop);
    uv_loop_run(loop);
    assert_non_null(strstr(line, "timer kept the loop for "));
    uv_loop_finish(loop);
    log_free(log);
}

static void localhost_has_an_address(void **state)
{
    struct world *w = *state;
    struct answer r = {0};
    resolve_start(w->a, "localhost", 80, on_resolved, &r);
    world_run(w, world_is_set, &r.done);
    assert_true(r.n > 0);
    assert_true(addr_is_loopback(&r.first));
    assert_int_equal(r.first.port, 80);
}

/* What only the real world has. */
#define UV_CHECKS(CASE)                                                                            \
    CASE(a_dial_may_come_from_a_listening_port)                                                    \
    CASE(a_reset_is_told_and_what_came_before_it_is_read)                                          \
    CASE(without_descriptors_accepting_pauses_and_recovers)                                        \
    CASE(bytes_that_nobody_reads_do_not_spin_the_loop)                                             \
    CASE(a_signal_is_a_callback_and_stop_ends_the_run)                                             \
    CASE(finishing_the_loop_waits_for_the_lanes)                                                   \
    CASE(a_slow_callback_is_logged_by_name)                                                        \
    CASE(localhost_has_an_address)

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
    const struct CMUnitTest tests[] = {WORLD_CHECKS(CASE) UV_CHECKS(CASE)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
