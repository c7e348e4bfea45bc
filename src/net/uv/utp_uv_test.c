/* net/utp.h over libuv: the contract of every conn, and a file's worth of bytes. */
#include "net/uv/uv_loop.h"

#include "net/utp_test.h"

enum { LIMIT_US = 60 * 1000000 }; /* only a test that hangs ever sees it */

static struct utp_end *utp_ends(const struct world *w)
{
    return w->priv;
}

static bool run(struct world *w, bool (*until)(void *), void *arg)
{
    return uv_loop_run_until(w->a, until, arg, LIMIT_US);
}

static int open_world(void **state)
{
    struct world *w = MEM_NEW(struct world);
    w->priv = mem_array(2, sizeof(struct utp_end));
    w->a = w->b = uv_loop_open(NULL);
    w->at_a = addr_v4(127, 0, 0, 1, 0);
    w->at_b = addr_v4(127, 0, 0, 2, 0);
    w->settle_us = 50 * MSEC;
    w->run = run;
    w->dial = utp_world_dial;
    w->listen = utp_world_listen;
    w->unlisten = utp_world_unlisten;
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    struct utp_end *ends = w->priv;
    for (int i = 0; i < 2; i++)
        if (ends[i].u)
            utp_end_close(&ends[i]);
    uv_loop_finish(w->a);
    free(ends);
    free(w);
    return 0;
}

static void many_bytes_go_in_few_packets_sent_again(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    p.client.to_send = 64 << 20;
    pair_dial(&p);
    world_run(w, pair_has_all, &p);
    struct utp_stat s = utp_stat_of(p.client.c);
    assert_int_equal(s.packet, 1472); /* the path's length was found */
    assert_true(s.again < s.sent / 5);
    pair_close(&p);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
    const struct CMUnitTest tests[] = {CONN_CHECKS(CASE)
                                           CASE(many_bytes_go_in_few_packets_sent_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
