#include "sim/sim.h"

#include "sim/sim_two_test.h"

static void connecting_takes_one_round_trip(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    uint64_t from_us = sim_now_us(t.sim);
    two_dial(&t);
    assert_false(t.a.open); /* never from inside dial */
    sim_run_for(t.sim, SEC);
    assert_true(t.a.open && t.b.open);
    assert_int_equal(t.a.open_us - from_us, 40 * MSEC);
    assert_int_equal(t.b.open_us - from_us, 60 * MSEC);
    assert_true(addr_same_ip(&t.b.conn->peer, &t.a.conn->local));
    assert_int_equal(t.b.conn->peer.port, t.a.conn->local.port);
    two_down(&t);
}

static void nobody_listening_is_refused_and_nobody_there_times_out(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    struct addr to = addr_v4(10, 0, 0, 2, 81);
    struct conn *c = tcp_dial(t.a.loop, &to, NULL, on_side, &t.a);
    sim_run_for(t.sim, 40 * MSEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_CLOSED);
    conn_close(c);
    to = addr_v4(10, 9, 9, 9, 80);
    c = tcp_dial(t.a.loop, &to, NULL, on_side, &t.a);
    sim_run_for(t.sim, CONN_HANDSHAKE_US - 1);
    assert_int_equal(t.a.closed, 1);
    sim_run_for(t.sim, 1);
    assert_int_equal(t.a.closed, 2);
    assert_int_equal(t.a.code, ERR_TIMEOUT);
    conn_close(c);
    two_down(&t);
}

static void an_address_of_no_family_of_ours_fails_in_the_next_turn(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    struct addr to = addr_of_bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, 80);
    t.a.conn = tcp_dial(t.a.loop, &to, NULL, on_side, &t.a);
    assert_int_equal(t.a.closed, 0);
    sim_run_for(t.sim, 0);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_IO);
    two_down(&t);
}

static uint64_t seconds_for(struct two *t, uint64_t bytes)
{
    t->a.todo = bytes;
    t->a.end_after = true;
    two_dial(t);
    sim_run_for(t->sim, 3600 * SEC);
    assert_true(t->b.ended);
    assert_false(t->b.wrong);
    assert_int_equal(t->b.got, bytes);
    return t->b.end_us - t->a.open_us;
}

static void one_stream_fills_the_line_within_five_percent(void **state)
{
    (void)state;
    static const uint64_t rates[] = {50000, 1000000, 4000000};
    for (size_t i = 0; i < 3; i++)
        for (int down = 0; down < 2; down++) {
            struct two t;
            two_up(&t, 1, LAN);
            struct sim_link slow = LAN;
            *(down ? &slow.down_rate : &slow.up_rate) = rates[i];
            sim_node_set_link(down ? t.bob : t.ann, slow);
            uint64_t us = seconds_for(&t, rates[i] * 20);
            assert_in_range(us, 20 * SEC, 21 * SEC);
            two_down(&t);
        }
}

static void streams_of_one_line_share_it(void **state)
{
    (void)state;
    struct sim *sim = sim_new(3);
    struct sim_link slow = LAN;
    slow.up_rate = 1000000;
    struct sim_node *hub = sim_node_add(sim, "hub", addr_v4(10, 0, 0, 1, 0), slow);
    struct side up[5] = {0}, down[5] = {0};
    struct listener *l[5];
    for (uint8_t i = 0; i < 5; i++) {
        struct sim_node *n = sim_node_add(sim, "leaf", addr_v4(10, 0, 1, i, 0), LAN);
        down[i].loop = sim_node_loop(n);
        struct addr at = addr_v4(10, 0, 1, i, 80);
        l[i] = tcp_listen(down[i].loop, &at, on_accept, &down[i], NULL);
        up[i] = (struct side){.loop = sim_node_loop(hub), .todo = 1000 * 1000 * 1000};
        up[i].conn = tcp_dial(up[i].loop, &at, NULL, on_side, &up[i]);
    }
    sim_run_for(sim, 60 * SEC);
    uint64_t sum = 0;
    for (int i = 0; i < 5; i++) {
        assert_in_range(down[i].got, 60 * 1000 * 1000 / 10, 60 * 1000 * 1000 / 2);
        sum += down[i].got;
        conn_close(up[i].conn);
        conn_close(down[i].conn);
        listener_close(l[i]);
    }
    assert_in_range(sum, 57 * 1000 * 1000, 60 * 1000 * 1000);
    sim_free(sim);
}

static void loss_slows_but_never_corrupts(void **state)
{
    (void)state;
    uint64_t before = 0;
    static const uint32_t ppm[] = {0, 1000, 10000, 100000};
    for (size_t i = 0; i < 4; i++) {
        struct two t;
        struct sim_link link = LAN;
        link.up_rate = 5000000;
        link.jitter_us = 5 * MSEC;
        link.loss_ppm = ppm[i] / 2; /* the way has two lines */
        two_up(&t, 1, link);
        uint64_t us = seconds_for(&t, 5000000);
        assert_true(us > before);
        before = us * 3 / 2;
        two_down(&t);
    }
}

static void who_does_not_read_stops_the_sender(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    t.a.todo = 10 * 1024 * 1024;
    t.b.idle = true;
    two_dial(&t);
    sim_run_for(t.sim, 3600 * SEC);
    assert_int_equal(t.a.closed, 0);
    assert_in_range(t.a.sent, 448 * 1024, 512 * 1024); /* one buffer at each end */
    t.b.idle = false;
    side_drain(&t.b);
    sim_run_for(t.sim, 60 * SEC);
    assert_int_equal(t.b.got, t.a.todo);
    assert_false(t.b.wrong);
    two_down(&t);
}

static void what_was_sent_before_closing_arrives(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    t.a.todo = 200 * 1000;
    two_dial(&t);
    sim_run_for(t.sim, 45 * MSEC);
    assert_int_equal(t.a.sent, t.a.todo);
    conn_close(t.a.conn);
    t.a.conn = NULL;
    sim_run_for(t.sim, SEC);
    assert_int_equal(t.b.got, t.a.todo);
    assert_true(t.b.ended);
    two_down(&t);
}

static void sending_to_one_who_has_closed_is_reset(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    two_dial(&t);
    sim_run_for(t.sim, SEC);
    conn_close(t.b.conn);
    t.b.conn = NULL;
    sim_run_for(t.sim, SEC);
    assert_true(t.a.ended);
    assert_int_equal(t.a.closed, 0);
    t.a.todo = 1;
    side_pump(&t.a);
    sim_run_for(t.sim, SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_CLOSED);
    two_down(&t);
}

static void closing_with_bytes_unread_resets(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    t.a.todo = 10;
    t.b.idle = true;
    two_dial(&t);
    sim_run_for(t.sim, SEC);
    conn_close(t.b.conn);
    t.b.conn = NULL;
    sim_run_for(t.sim, SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_CLOSED);
    two_down(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting_takes_one_round_trip),
        cmocka_unit_test(nobody_listening_is_refused_and_nobody_there_times_out),
        cmocka_unit_test(an_address_of_no_family_of_ours_fails_in_the_next_turn),
        cmocka_unit_test(one_stream_fills_the_line_within_five_percent),
        cmocka_unit_test(streams_of_one_line_share_it),
        cmocka_unit_test(loss_slows_but_never_corrupts),
        cmocka_unit_test(who_does_not_read_stops_the_sender),
        cmocka_unit_test(what_was_sent_before_closing_arrives),
        cmocka_unit_test(sending_to_one_who_has_closed_is_reset),
        cmocka_unit_test(closing_with_bytes_unread_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
