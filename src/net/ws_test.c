/* A WebSocket in the simulator: the checks of net/conn_test.h, and others who speak it badly. */
#include "net/ws.h"

#include "base/mem.h"
#include "net/ws_msg.h"

#include "sim/sim_pair_test.h"

static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb, void *arg)
{
    (void)w;
    return dialled ? ws_dial(below, "10.0.0.2:80", "/", cb, arg) : ws_accept(below, cb, arg);
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

/* We at b as server, or at a as client; the other side is a bare conn that says what a test says.
 */
struct talk {
    struct world *w;
    struct listener *listener;
    struct conn *us, *foe;
    bool client; /* we are */
    bool deaf;   /* the other side */
    bool opened, closed, ended;
    struct why why;
    struct buf got, heard; /* by us; by the other side, as on the wire */
};

static void on_us(void *arg, enum conn_event ev, const struct why *why)
{
    struct talk *t = arg;
    uint8_t bytes[300];
    ssize_t n = 0;
    t->opened |= ev == CONN_OPEN;
    if (ev == CONN_CLOSED) {
        t->closed = true;
        t->why = *why;
    }
    if (ev == CONN_READABLE)
        while ((n = conn_recv(t->us, bytes, sizeof bytes)) > 0)
            buf_put(&t->got, bytes, (size_t)n);
    t->ended |= n == CONN_END;
}

static void on_foe(void *arg, enum conn_event ev, const struct why *why)
{
    struct talk *t = arg;
    uint8_t bytes[300];
    ssize_t n;
    (void)why;
    if (ev == CONN_READABLE && !t->deaf)
        while ((n = conn_recv(t->foe, bytes, sizeof bytes)) > 0)
            buf_put(&t->heard, bytes, (size_t)n);
}

static void on_come(void *arg, struct conn *c)
{
    struct talk *t = arg;
    if (t->client) {
        t->foe = c;
        conn_watch(c, on_foe, t);
    } else {
        t->us = ws_accept(c, on_us, t);
    }
}

static void talk_open(struct talk *t, struct world *w, bool client)
{
    struct why why;
    *t = (struct talk){.w = w, .client = client};
    t->listener = tcp_listen(w->b, &w->at_b, on_come, t, &why);
    struct addr to = listener_addr(t->listener);
    struct conn *c = tcp_dial(w->a, &to, NULL, client ? NULL : on_foe, t);
    if (client)
        t->us = ws_dial(c, "b", "/", on_us, t);
    else
        t->foe = c;
    world_settle(w);
}

static void talk_close(struct talk *t)
{
    conn_close(t->us);
    conn_close(t->foe);
    listener_close(t->listener);
    buf_done(&t->got);
    buf_done(&t->heard);
}

static void say(struct talk *t, const void *bytes, size_t n)
{
    assert_int_equal(conn_send(t->foe, bytes, n), n);
    world_settle(t->w);
}
#define SAY(t, literal) say(t, literal, sizeof(literal) - 1)

#define ASK                                                                                        \
    "GET / HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define MASK "\0\0\0\0" /* as good as any */

/* Upgraded; what the other side heard of it is forgotten. */
static void serve(struct talk *t, struct world *w)
{
    talk_open(t, w, false);
    SAY(t, ASK);
    assert_true(t->opened);
    buf_clear(&t->heard);
}

static void got(const struct talk *t, const char *text)
{
    assert_int_equal(buf_len(&t->got), strlen(text));
    assert_memory_equal(buf_bytes(&t->got), text, strlen(text));
}

static void heard(const struct talk *t, const void *bytes, size_t n)
{
    assert_int_equal(buf_len(&t->heard), n);
    assert_memory_equal(buf_bytes(&t->heard), bytes, n);
}

static void messages_in_parts_with_pings_between_are_one_stream(void **state)
{
    struct talk t;
    serve(&t, *state);
    SAY(&t,
        "\x02\x83" MASK "Hel\x89\x82" MASK "hi\x00\x81" MASK "l\x80\x80" MASK "\x82\x81" MASK "o");
    got(&t, "Hello");
    heard(&t, "\x8a\2hi", 4); /* the pong */
    talk_close(&t);
}

static void a_frame_byte_by_byte_is_a_frame(void **state)
{
    static const char bytes[] = "\x82\x85" MASK "Hello\x89\x80" MASK "\x82\xfe\0\x7e" MASK;
    struct talk t;
    serve(&t, *state);
    for (size_t i = 0; i + 1 < sizeof bytes; i++)
        say(&t, bytes + i, 1);
    got(&t, "Hello");
    heard(&t, "\x8a\0", 2);
    for (int i = 0; i < 126; i++)
        say(&t, "x", 1);
    assert_int_equal(buf_len(&t.got), 5 + 126);
    assert_false(t.closed);
    talk_close(&t);
}

static void a_goodbye_is_the_end_and_is_answered(void **state)
{
    struct talk t;
    serve(&t, *state);
    SAY(&t, "\x82\x81" MASK "x\x88\x82" MASK "\3\xe8");
    got(&t, "x");
    assert_true(t.ended && !t.closed);
    assert_int_equal(conn_send(t.us, "y", 1), 1);
    conn_shut(t.us);
    world_settle(t.w);
    heard(&t, "\x82\1y\x88\2\3\xe8", 7);
    talk_close(&t);
}

static void after_our_goodbye_pings_and_offences_are_not_answered(void **state)
{
    struct talk t;
    serve(&t, *state);
    conn_shut(t.us);
    world_settle(t.w);
    SAY(&t, "\x89\x80" MASK "\x82\x81" MASK "x");
    got(&t, "x"); /* they may finish what they are saying */
    SAY(&t, "\x82\1x");
    assert_true(t.closed);
    heard(&t, "\x88\2\3\xe8", 4);
    talk_close(&t);
}

/* Says this to us, and we go with these words and, said to it, this code. */
static void offends(struct world *w, const void *bytes, size_t n, unsigned code, const char *words)
{
    struct talk t;
    serve(&t, w);
    say(&t, bytes, n);
    assert_true(t.closed);
    assert_non_null(strstr(t.why.text, words));
    const uint8_t bye[] = {0x88, 2, (uint8_t)(code >> 8), (uint8_t)code};
    heard(&t, bye, code ? sizeof bye : 0);
    talk_close(&t);
}
#define OFFENDS(literal, code, words) offends(*state, literal, sizeof(literal) - 1, code, words)

static void who_breaks_the_rules_is_told_which(void **state)
{
    OFFENDS("\x82\1x", WS_PROTOCOL, "without a mask");
    OFFENDS("\x81\x81" MASK "x", WS_KIND, "text");
    OFFENDS("\x80\x81" MASK "x", WS_PROTOCOL, "of no message");
    OFFENDS("\x02\x80" MASK "\x82\x80" MASK, WS_PROTOCOL, "inside another");
    OFFENDS("\xf2\x80" MASK, WS_PROTOCOL, "begins with f2");
    OFFENDS("\x88\x81" MASK "x", WS_PROTOCOL, "goodbye with code");
    OFFENDS("\x88\x82" MASK "\3\xf3", 0, "code 1011");
}

static void too_many_empty_frames_are_enough(void **state)
{
    struct talk t;
    struct buf b = {0};
    serve(&t, *state);
    for (int i = 0; i < WS_EMPTY_MAX - 1; i++)
        buf_put(&b, "\x82\x80" MASK, 6);
    say(&t, buf_bytes(&b), buf_len(&b));
    assert_false(t.closed);
    for (int i = 0; i < 2 * WS_EMPTY_MAX; i++)
        buf_put(&b, "\x82\x80" MASK, 6);
    conn_send(t.foe, buf_bytes(&b), buf_len(&b));
    world_settle(t.w);
    assert_true(t.closed);
    buf_done(&b);
    talk_close(&t);
}

/* It pings and does not take the answers: we hold only so many of them. */
static void who_pings_and_does_not_listen_costs_little(void **state)
{
    enum { ROUNDS = 400, PINGS = 100, PONG = 2 + WS_CONTROL_MAX };
    struct talk t;
    struct buf b = {0};
    size_t sent = 0;
    serve(&t, *state);
    t.deaf = true;
    for (int i = 0; i < PINGS; i++) {
        buf_put(&b, "\x89\xfd" MASK, 6);
        for (int k = 0; k < WS_CONTROL_MAX; k++)
            buf_u8(&b, 'x');
    }
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(conn_send(t.foe, buf_bytes(&b), buf_len(&b)), buf_len(&b));
        world_settle(t.w);
        sent += PINGS;
    }
    assert_false(t.closed);
    t.deaf = false;
    on_foe(&t, CONN_READABLE, NULL);
    world_settle(t.w);
    assert_in_range(buf_len(&t.heard), WS_OUT_MAX, sent * PONG / 2);
    buf_done(&b);
    talk_close(&t);
}

static void who_stops_without_a_goodbye_was_cut_off(void **state)
{
    struct talk t;
    serve(&t, *state);
    SAY(&t, "\x82\x85" MASK "He");
    conn_close(t.foe);
    t.foe = NULL;
    world_settle(t.w);
    assert_true(t.closed && !t.ended);
    assert_non_null(strstr(t.why.text, "WebSocket: cut off"));
    got(&t, "He");
    talk_close(&t);
}

static void what_is_no_upgrade_is_refused_by_http(void **state)
{
    struct talk t;
    talk_open(&t, *state, false);
    SAY(&t, "GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    assert_true(t.closed && !t.opened);
    assert_memory_equal(buf_bytes(&t.heard), "HTTP/1.1 400 ", 13);
    talk_close(&t);
}

static void a_server_that_says_no_is_quoted(void **state)
{
    struct talk t;
    talk_open(&t, *state, true);
    SAY(&t, "HTTP/1.1 403 Forbidden\r\n\r\n");
    assert_true(t.closed && !t.opened);
    assert_non_null(strstr(t.why.text, "HTTP status 403"));
    talk_close(&t);
}

static void a_servers_frames_may_come_with_its_answer(void **state)
{
    struct talk t;
    struct buf b = {0};
    char key[WS_KEY_LEN + 1];
    talk_open(&t, *state, true);
    assert_true(ws_read_request(buf_cur(&t.heard), key, NULL) > 0);
    ws_put_response(&b, key);
    buf_put(&b, "\x82\2hi\x82\x80" MASK, 4 + 6);
    say(&t, buf_bytes(&b), buf_len(&b));
    assert_true(t.opened);
    got(&t, "hi");
    assert_true(t.closed); /* and a server does not mask */
    assert_non_null(strstr(t.why.text, "masked"));
    buf_done(&b);
    talk_close(&t);
}

static void who_says_nothing_is_not_waited_for(void **state)
{
    struct talk t;
    talk_open(&t, *state, false);
    world_run(t.w, world_is_set, &t.closed);
    assert_int_equal(t.why.code, ERR_TIMEOUT);
    talk_close(&t);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONN_CHECKS(CASE) CASE(messages_in_parts_with_pings_between_are_one_stream)
            CASE(a_frame_byte_by_byte_is_a_frame) CASE(a_goodbye_is_the_end_and_is_answered)
                CASE(after_our_goodbye_pings_and_offences_are_not_answered)
                    CASE(who_breaks_the_rules_is_told_which) CASE(too_many_empty_frames_are_enough)
                        CASE(who_pings_and_does_not_listen_costs_little)
                            CASE(who_stops_without_a_goodbye_was_cut_off)
                                CASE(what_is_no_upgrade_is_refused_by_http)
                                    CASE(a_server_that_says_no_is_quoted)
                                        CASE(a_servers_frames_may_come_with_its_answer)
                                            CASE(who_says_nothing_is_not_waited_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
