#include "lib/shoal_kit_test.h"

#include <poll.h>
#include <pthread.h>
#include <uv.h>

enum { THREADS = 4, CALLS = 1000 };

struct caller {
    struct shoal_loop *loop;
    unsigned made, seen;
    unsigned *ended;
};

static void on_call(void *arg)
{
    struct caller *c = arg;
    if (++c->seen == CALLS && ++*c->ended == THREADS)
        shoal_loop_stop(c->loop);
}

static void *call_often(void *arg)
{
    struct caller *c = arg;
    for (; c->made < CALLS; c->made++)
        shoal_loop_call(c->loop, on_call, c);
    return NULL;
}

static void calls_from_other_threads_are_made_once_each(void **state)
{
    struct kit *k = *state;
    struct caller callers[THREADS];
    pthread_t threads[THREADS];
    unsigned ended = 0;
    for (int i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){k->loop, 0, 0, &ended};
        pthread_create(&threads[i], NULL, call_often, &callers[i]);
    }
    run(k);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].seen, CALLS);
    }
}

static void add(void *arg)
{
    ++*(unsigned *)arg;
}

static void calls_that_wait_are_made_before_a_loop_is_gone(void **state)
{
    (void)state;
    unsigned seen = 0;
    struct shoal_loop *loop = shoal_loop_new();
    shoal_loop_call(loop, add, &seen);
    shoal_loop_call(loop, add, &seen);
    assert_int_equal(seen, 0);
    shoal_loop_free(loop);
    assert_int_equal(seen, 2);
    shoal_loop_free(NULL);
}

static void a_loop_that_was_stopped_before_it_ran_does_not(void **state)
{
    struct kit *k = *state;
    shoal_loop_stop(k->loop);
    shoal_loop_run(k->loop);
}

static void it_is_known_how_long_there_is_to_wait(void **state)
{
    (void)state;
    unsigned rings = 0;
    struct shoal_loop *loop = shoal_loop_new();
    shoal_loop_turn(loop);
    assert_int_equal(shoal_loop_wait_ms(loop), -1);
    struct shoal_timer *t = shoal_timer_start(loop, 30000, add, &rings);
    assert_in_range(shoal_loop_wait_ms(loop), 0, 32); /* rounded up */
    shoal_timer_cancel(t);
    assert_int_equal(shoal_loop_wait_ms(loop), -1);
    shoal_timer_start(loop, 0, add, &rings);
    assert_int_equal(shoal_loop_wait_ms(loop), 0);
    while (rings == 0)
        shoal_loop_turn(loop);
    shoal_loop_free(loop);
}

static void a_loop_runs_behind_a_descriptor(void **state)
{
    struct kit *k = *state;
    serve(k);
    unsigned rings = 0;
    shoal_host_open(k->a, shoal_host_address(k->b, 0), echo_name, 1, on_open, k, NULL);
    shoal_timer_start(k->loop, 30000, add, &rings);
    shoal_timer_cancel(shoal_timer_start(k->loop, 10, add, &rings));
    k->limit = shoal_timer_start(k->loop, LIMIT_US, on_late, NULL);
    uint64_t before_us = shoal_loop_now_us(k->loop);
    while (k->told == 0 || rings == 0) {
        struct pollfd p = {.fd = shoal_loop_fd(k->loop), .events = POLLIN};
        poll(&p, 1, shoal_loop_wait_ms(k->loop));
        shoal_loop_turn(k->loop);
    }
    assert_true(shoal_loop_now_us(k->loop) >= before_us + 30000);
    assert_int_equal(rings, 1);
    assert_non_null(k->stream);
    shoal_timer_cancel(k->limit);
}

static void end_theirs(uv_check_t *h)
{
    struct kit *k = h->data;
    if (k->told > 0)
        uv_stop(h->loop);
}

static void a_loop_runs_on_the_libuv_loop_of_the_caller(void **state)
{
    struct kit *k = *state;
    uv_loop_t theirs;
    uv_check_t check;
    struct shoal_err err;
    serve(k);
    uv_loop_init(&theirs);
    uv_check_init(&theirs, &check);
    check.data = k;
    uv_check_start(&check, end_theirs);
    assert_int_equal(shoal_loop_attach(k->loop, &theirs, &err), SHOAL_OK);
    assert_int_equal(shoal_loop_attach(k->loop, &theirs, &err), SHOAL_ERR_STATE);
    k->limit = shoal_timer_start(k->loop, LIMIT_US, on_late, NULL);
    shoal_host_open(k->a, shoal_host_address(k->b, 0), echo_name, 1, on_open, k, NULL);
    uv_run(&theirs, UV_RUN_DEFAULT);
    assert_non_null(k->stream);
    shoal_timer_cancel(k->limit);
    shoal_loop_detach(k->loop);
    shoal_loop_detach(k->loop);
    uv_close((uv_handle_t *)&check, NULL);
    uv_run(&theirs, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&theirs), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(calls_from_other_threads_are_made_once_each),
        CASE(calls_that_wait_are_made_before_a_loop_is_gone),
        CASE(a_loop_that_was_stopped_before_it_ran_does_not),
        CASE(it_is_known_how_long_there_is_to_wait),
        CASE(a_loop_runs_behind_a_descriptor),
        CASE(a_loop_runs_on_the_libuv_loop_of_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
