/* A server's WebSocket in the simulator; the client is a bare conn that says what a test says. */
#include "net/wsock.h"

#include "base/mem.h"
#include "base/test.h"
#include "sim/sim.h"

#include <stdlib.h>

struct talk {
    struct sim *sim;
    struct loop *us_loop, *foe_loop;
    struct listener *listener;
    struct wsock *us;
    struct conn *foe;
    bool deaf; /* the client reads nothing */
    bool free_at_message, foe_ended;
    unsigned messages, drained, ended;
    struct why why; /* of the end; OK: both said goodbye */
    struct buf last, heard;
};

static void on_message(void *arg, struct cur message)
{
    struct talk *t = arg;
    t->messages++;
    buf_clear(&t->last);
    buf_put(&t->last, message.p, message.n);
    if (t->free_at_message) {
        wsock_free(t->us);
        t->us = NULL;
    }
}

static void on_drained(void *arg)
{
    ((struct talk *)arg)->drained++;
}

static void on_ended(void *arg, const struct why *why)
{
    struct talk *t = arg;
    t->ended++;
    t->why = why ? *why : (struct why){0};
    wsock_free(t->us);
    t->us = NULL;
}

static const struct wsock_ops ops = {on_message, on_drained, on_ended};

static void on_foe(void *arg, enum conn_event ev, const struct why *why)
{
    struct talk *t = arg;
    uint8_t bytes[3000];
    ssize_t n = 0;
    (void)why;
    if (ev == CONN_READABLE && !t->deaf)
        while ((n = conn_recv(t->foe, bytes, sizeof bytes)) > 0)
            buf_put(&t->heard, bytes, (size_t)n);
    t->foe_ended |= n == CONN_END || ev == CONN_CLOSED;
}

static void on_come(void *arg, struct conn *c)
{
    struct talk *t = arg;
    struct buf early = {0};
    ws_put_frame(&early, WS_BINARY, (const uint8_t[4]){1, 2, 3, 4}, "early", 5);
    t->us = wsock_new(c, buf_cur(&early), 1000, &ops, t);
    buf_done(&early);
}

static void run(struct talk *t, uint64_t us)
{
    sim_run_for(t->sim, us);
}

static int open_talk(void **state)
{
    struct talk *t = MEM_NEW(struct talk);
    struct sim_link link = {.latency_us = MSEC, .up_rate = 10000000, .down_rate = 10000000};
    struct addr at = addr_v4(10, 0, 0, 1, 80);
    t->sim = sim_new(3);
    t->us_loop = sim_node_loop(sim_node_add(t->sim, "us", addr_v4(10, 0, 0, 1, 0), link));
    t->foe_loop = sim_node_loop(sim_node_add(t->sim, "foe", addr_v4(10, 0, 0, 2, 0), link));
    t->listener = tcp_listen(t->us_loop, &at, on_come, t, NULL);
    t->foe = tcp_dial(t->foe_loop, &at, NULL, on_foe, t);
    run(t, 100 * MSEC);
    assert_non_null(t->us);
    assert_int_equal(t->messages, 1); /* what came with the upgrade */
    *state = t;
    return 0;
}

static int close_talk(void **state)
{
    struct talk *t = *state;
    wsock_free(t->us);
    conn_close(t->foe);
    listener_close(t->listener);
    buf_done(&t->last);
    buf_done(&t->heard);
    sim_free(t->sim);
    free(t);
    return 0;
}

/* The client says a frame. */
static void say(struct talk *t, enum ws_opcode opcode, const char *text)
{
    struct buf b = {0};
    ws_put_frame(&b, opcode, (const uint8_t[4]){9, 8, 7, 6}, text, strlen(text));
    assert_int_equal(conn_send(t->foe, buf_bytes(&b), buf_len(&b)), buf_len(&b));
    buf_done(&b);
    run(t, 100 * MSEC);
}

/* What the client heard last. */
static void heard(struct talk *t, enum ws_opcode opcode, const char *payload, size_t n)
{
    struct ws_frame f;
    int head = ws_read_frame(buf_cur(&t->heard), &f, NULL);
    assert_true(head > 0);
    assert_int_equal(f.opcode, opcode);
    assert_false(f.masked);
    assert_in_range(f.len, n, buf_len(&t->heard) - (size_t)head);
    assert_memory_equal(buf_bytes(&t->heard) + head, payload, n);
    buf_eat(&t->heard, (size_t)head + f.len);
}

static void messages_go_both_ways_and_pings_are_answered(void **state)
{
    struct talk *t = *state;
    say(t, WS_BINARY, "hello");
    assert_int_equal(t->messages, 2);
    assert_memory_equal(buf_bytes(&t->last), "hello", 5);
    wsock_send(t->us, cur_of("one", 3));
    wsock_send(t->us, cur_of("two", 3));
    run(t, 100 * MSEC);
    heard(t, WS_BINARY, "one", 3);
    heard(t, WS_BINARY, "two", 3);
    say(t, WS_PING, "are you there?");
    heard(t, WS_PONG, "are you there?", 14);
    assert_int_equal(t->ended, 0);
}

static void a_goodbye_is_returned_and_is_the_end(void **state)
{
    struct talk *t = *state;
    say(t, WS_CLOSE, "\x03\xe8");
    heard(t, WS_CLOSE, "\x03\xe8", 2);
    assert_int_equal(t->ended, 1);
    assert_int_equal(t->why.code, OK);
}

static void our_goodbye_is_answered_or_not_waited_for_long(void **state)
{
    struct talk *t = *state;
    wsock_bye(t->us, WS_DENIED, "no");
    wsock_send(t->us, cur_of("x", 1)); /* nothing follows a goodbye */
    run(t, 100 * MSEC);
    heard(t, WS_CLOSE, "\x03\xf0no", 4);
    assert_int_equal(buf_len(&t->heard), 0);
    say(t, WS_BINARY, "too late");
    assert_int_equal(t->messages, 1);
    assert_int_equal(t->ended, 0);
    run(t, WSOCK_BYE_US);
    assert_int_equal(t->ended, 1);
    assert_int_equal(t->why.code, OK);
}

static void nonsense_is_answered_by_a_close(void **state)
{
    struct talk *t = *state;
    static const char junk[5000] = "GET / HTTP/1.1\r\n";
    conn_send(t->foe, junk, sizeof junk);
    run(t, 100 * MSEC);
    heard(t, WS_CLOSE, "\x03\xea", 2);
    conn_send(t->foe, junk, sizeof junk); /* and what follows is not looked at */
    run(t, 100 * MSEC);
    assert_int_equal(buf_len(&t->heard), 0);
    run(t, WSOCK_BYE_US);
    assert_int_equal(t->ended, 1);
    assert_true(t->foe_ended);
}

static void who_goes_without_a_goodbye_has_ended(void **state)
{
    struct talk *t = *state;
    conn_close(t->foe);
    t->foe = NULL;
    run(t, SEC);
    assert_int_equal(t->ended, 1);
    assert_int_equal(t->why.code, ERR_CLOSED);
}

static void who_takes_nothing_is_told_of_and_ended(void **state)
{
    struct talk *t = *state;
    static const char block[65536];
    t->deaf = true;
    size_t unsent = 0;
    for (int i = 0; i < 100 && unsent < 1000000; i++) {
        wsock_send(t->us, cur_of(block, sizeof block));
        run(t, 100 * MSEC);
        unsent = wsock_unsent(t->us);
    }
    assert_true(unsent >= 1000000);
    assert_int_equal(t->drained, 0);
    run(t, WSOCK_STUCK_US / 2);
    t->deaf = false; /* it wakes up in time */
    on_foe(t, CONN_READABLE, NULL);
    run(t, 10 * SEC);
    assert_int_equal(t->drained, 1);
    assert_int_equal(wsock_unsent(t->us), 0);
    t->deaf = true;
    for (int i = 0; i < 60; i++)
        wsock_send(t->us, cur_of(block, sizeof block));
    run(t, WSOCK_STUCK_US + 10 * SEC);
    assert_int_equal(t->ended, 1);
    assert_int_equal(t->why.code, ERR_TIMEOUT);
}

static void it_may_be_freed_in_a_callback(void **state)
{
    struct talk *t = *state;
    t->free_at_message = true;
    say(t, WS_BINARY, "x");
    assert_int_equal(t->messages, 2);
    assert_null(t->us);
    assert_int_equal(t->ended, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_talk, close_talk)
    static const struct CMUnitTest tests[] = {
        CASE(messages_go_both_ways_and_pings_are_answered),
        CASE(a_goodbye_is_returned_and_is_the_end),
        CASE(our_goodbye_is_answered_or_not_waited_for_long),
        CASE(nonsense_is_answered_by_a_close),
        CASE(who_goes_without_a_goodbye_has_ended),
        CASE(who_takes_nothing_is_told_of_and_ended),
        CASE(it_may_be_freed_in_a_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
