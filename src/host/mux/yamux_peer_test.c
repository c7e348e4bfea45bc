/* What others do, what they do wrong, and what they do on purpose. */
#include "host/mux/yamux_peer_test.h"

static void a_stream_is_acknowledged_read_and_ended(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, 5, 5);
    pass(p);
    assert_int_equal(p->shown, 1);
    assert_int_equal(p->got, 5);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    frame(p, YAMUX_DATA, YAMUX_FIN, 1, 3, 3);
    pass(p);
    assert_int_equal(p->got, 8);
    assert_true(p->ended);
    assert_int_equal(conn_send(p->s[0], "abc", 3), 3);
    conn_shut(p->s[0]);
    pass(p);
    hear(p, YAMUX_DATA, 0, 1, 3);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_FIN, 1, 0);
    assert_int_equal(conn_send(p->s[0], "x", 1), CONN_FAILED);
    hear_nothing(p);
    peer_close(p);
}

static void ours_begins_with_its_first_bytes_or_in_the_next_turn(void **state)
{
    (void)state;
    struct peer *p = peer_open(true);
    watch(p, mux_open(p->mux, NULL));
    watch(p, mux_open(p->mux, NULL));
    conn_send(p->s[1], "abc", 3);
    pass(p);
    hear(p, YAMUX_DATA, YAMUX_SYN, 3, 3);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0);
    conn_close(mux_open(p->mux, NULL)); /* nobody ever hears of it */
    pass(p);
    hear_nothing(p);
    peer_close(p);
}

static void frames_come_in_any_pieces(void **state)
{
    (void)state;
    static const char all[] = "\0\0\0\1\0\0\0\1\0\0\0\3abc"
                              "\0\2\0\1\0\0\0\0\0\0\0\7"
                              "\0\0\0\4\0\0\0\1\0\0\0\2de";
    struct peer *p = peer_open(false);
    for (size_t i = 0; i < sizeof all - 1; i++) {
        assert_int_equal(conn_send(p->h.c, all + i, 1), 1);
        sim_run_for(p->d.sim, 100 * MSEC);
        assert_int_equal(p->shown, i >= 11);
        assert_int_equal(p->ended, i == sizeof all - 2);
    }
    assert_int_equal(p->got, 5);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    hear(p, YAMUX_PING, YAMUX_ACK, 0, 7);
    peer_close(p);
}

/* "Late" frames crossed the last one on the wire. */
static void frames_for_streams_that_are_over_are_ignored(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, 0, 1, 5, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 2, 5, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_FIN, 3, UINT32_MAX, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 2, 0, 0);
    frame(p, YAMUX_DATA, YAMUX_RST, 5, 10, 10);
    frame(p, YAMUX_DATA, 0, 7, 1 << 20, 1 << 20); /* more than any window */
    frame(p, YAMUX_PING, YAMUX_SYN, 0, 99, 0);
    pass(p);
    assert_false(p->closed);
    assert_int_equal(p->shown, 0);
    hear(p, YAMUX_PING, YAMUX_ACK, 0, 99);
    hear_nothing(p);
    peer_close(p);
}

static void an_answer_to_no_ping_is_ignored(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_PING, YAMUX_ACK, 0, 1, 0);
    frame(p, YAMUX_PING, 0, 0, 1, 0);
    pass(p);
    assert_false(p->closed);
    assert_int_equal(mux_rtt_us(p->mux), 0);
    hear_nothing(p);
    peer_close(p);
}

static void who_opens_with_our_ids_or_twice_is_hung_up_on(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, 0);
    hear_the_end(p, ERR_INVALID, "a client opens stream 2");
    peer_close(p);
    p = peer_open(true);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, 0);
    hear_the_end(p, ERR_INVALID, "a server opens stream 1");
    peer_close(p);
    p = peer_open(true);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, 0);
    hear_the_end(p, ERR_INVALID, "opened twice");
    assert_true(p->told[0]);
    peer_close(p);
}

static void who_speaks_no_yamux_is_hung_up_on(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    conn_send(p->h.c, "GET / HTTP/1.1\r\n", 16);
    hear_the_end(p, ERR_INVALID, "version 71");
    peer_close(p);
}

static void an_orphan_s_late_bytes_are_answered_with_a_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 3, 0, 0);
    pass(p);
    for (int i = 0; i < 2; i++) {
        conn_send(p->s[i], "bye", 3);
        conn_shut(p->s[i]);
        conn_close(p->s[i]);
    }
    p->shown = 0;
    assert_int_equal(mux_count(p->mux), 0);
    pass(p);
    buf_clear(&p->h.got);
    frame(p, YAMUX_DATA, YAMUX_FIN, 1, 4, 4); /* that was all: no need */
    frame(p, YAMUX_DATA, 0, 3, 4, 4);
    frame(p, YAMUX_DATA, 0, 3, 4, 4);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 3, 0);
    hear_nothing(p);
    peer_close(p);
}

static void a_stream_that_is_only_closed_is_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, 0);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    conn_close(p->s[0]);
    p->shown = 0;
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, 0);
    peer_close(p);
}

static void more_after_the_end_resets_the_stream_alone(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_DATA, YAMUX_SYN | YAMUX_FIN, 1, 1, 1);
    frame(p, YAMUX_DATA, 0, 1, 1, 1);
    pass(p);
    assert_true(p->told[0]);
    assert_false(p->closed);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, 0);
    peer_close(p);
}

static void pings_are_answered_with_their_value(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_PING, YAMUX_SYN, 0, 0xdeadbeef, 0);
    frame(p, YAMUX_PING, YAMUX_SYN, 0, 0, 0);
    pass(p);
    hear(p, YAMUX_PING, YAMUX_ACK, 0, 0xdeadbeef);
    hear(p, YAMUX_PING, YAMUX_ACK, 0, 0);
    peer_close(p);
}

static void a_goodbye_with_a_reason_is_the_end_and_one_without_is_not(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 4; code++) {
        struct peer *p = peer_open(true);
        struct why why;
        frame(p, YAMUX_GO_AWAY, 0, 0, code, 0);
        pass(p);
        assert_int_equal(p->closed, code != YAMUX_NORMAL);
        assert_null(mux_open(p->mux, &why));
        assert_int_equal(why.code, ERR_STATE);
        frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, 0);
        pass(p);
        assert_int_equal(p->shown, code == YAMUX_NORMAL);
        peer_close(p);
    }
}

static void after_our_goodbye_new_streams_are_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    mux_shut(p->mux);
    pass(p);
    hear(p, YAMUX_GO_AWAY, 0, 0, YAMUX_NORMAL);
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, 10, 10);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, 0);
    assert_int_equal(p->shown, 0);
    peer_close(p);
}

/* rust closes a connection without streams after 10 s: that is no fault. */
static void hanging_up_is_told_as_the_end(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    conn_shut(p->h.c);
    pass(p);
    assert_true(p->closed);
    assert_int_equal(p->why.code, ERR_CLOSED);
    peer_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_acknowledged_read_and_ended),
        cmocka_unit_test(ours_begins_with_its_first_bytes_or_in_the_next_turn),
        cmocka_unit_test(frames_come_in_any_pieces),
        cmocka_unit_test(frames_for_streams_that_are_over_are_ignored),
        cmocka_unit_test(an_answer_to_no_ping_is_ignored),
        cmocka_unit_test(who_opens_with_our_ids_or_twice_is_hung_up_on),
        cmocka_unit_test(who_speaks_no_yamux_is_hung_up_on),
        cmocka_unit_test(an_orphan_s_late_bytes_are_answered_with_a_reset),
        cmocka_unit_test(a_stream_that_is_only_closed_is_reset),
        cmocka_unit_test(more_after_the_end_resets_the_stream_alone),
        cmocka_unit_test(pings_are_answered_with_their_value),
        cmocka_unit_test(a_goodbye_with_a_reason_is_the_end_and_one_without_is_not),
        cmocka_unit_test(after_our_goodbye_new_streams_are_reset),
        cmocka_unit_test(hanging_up_is_told_as_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
