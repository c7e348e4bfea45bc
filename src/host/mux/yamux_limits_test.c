/* How much the other side may send, open, ask and leave unread. */
#include "host/mux/yamux_peer_test.h"

static void more_than_the_window_ends_the_session(void **state)
{
    (void)state;
    /* The first frame of a stream: CVE-2026-32314. */
    struct peer *p = peer_open(false);
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, YAMUX_WINDOW + 1, 0);
    hear_the_end(p, ERR_INVALID, "262145 bytes, 262144 allowed");
    peer_close(p);
    p = peer_open(false);
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, UINT32_MAX, 0);
    hear_the_end(p, ERR_INVALID, "262144 allowed");
    peer_close(p);
    /* The last byte that is allowed, and one more. */
    p = peer_open(false);
    p->reads = false;
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, YAMUX_WINDOW, YAMUX_WINDOW);
    pass(p);
    assert_false(p->closed);
    frame(p, YAMUX_DATA, 0, 1, 1, 1);
    hear_the_end(p, ERR_INVALID, "1 bytes, 0 allowed");
    peer_read(p, 0, SIZE_MAX); /* what came before is still there */
    assert_int_equal(p->got, YAMUX_WINDOW);
    peer_close(p);
}

/* Credit that overflows a sum, on every frame that may carry some (GHSA-4w32-2493-32g7,
 * CVE-2024-32984). */
static void credit_without_end_is_only_much(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, UINT32_MAX, 0);
    frame(p, YAMUX_WINDOW_UPDATE, 0, 1, UINT32_MAX, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_FIN, 1, UINT32_MAX, 0);
    pass(p);
    assert_false(p->closed);
    assert_int_equal(conn_send(p->s[0], "abc", 3), 3);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    hear(p, YAMUX_DATA, 0, 1, 3);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, UINT32_MAX, 0);
    pass(p);
    assert_true(p->told[0]);
    assert_int_equal(p->stream_why.code, ERR_CLOSED);
    peer_close(p);
}

static size_t say_much(struct conn *c, size_t most)
{
    static const uint8_t zeros[32768];
    size_t all = 0;
    ssize_t n = 1;
    while (all < most && n > 0)
        if ((n = conn_send(c, zeros, sizeof zeros < most - all ? sizeof zeros : most - all)) > 0)
            all += (size_t)n;
    return all;
}

static void we_send_what_we_may_and_credit_with_a_fin_counts(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    size_t sent = 0;
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 100, 0);
    for (int i = 0; i < 5; i++) {
        pass(p);
        sent += say_much(p->s[0], SIZE_MAX);
    }
    assert_int_equal(sent, YAMUX_WINDOW + 100);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_FIN, 1, 50, 0);
    pass(p);
    assert_true(p->ended);
    assert_int_equal(say_much(p->s[0], SIZE_MAX), 50);
    peer_close(p);
}

static void credit_is_given_when_the_owner_reads_and_half_a_window_at_once(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->reads = false;
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, YAMUX_WINDOW, YAMUX_WINDOW);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    hear_nothing(p);
    struct yamux_frame ping;
    peer_read(p, 0, YAMUX_WINDOW / 8 - 1);
    pass(p);
    hear_nothing(p);
    peer_read(p, 0, YAMUX_WINDOW / 2 - YAMUX_WINDOW / 8);
    pass(p);
    assert_true(heard(p, &ping)); /* how far is it? */
    assert_int_equal(ping.type, YAMUX_PING);
    hear_nothing(p);
    peer_read(p, 0, 1);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, 0, 1, YAMUX_WINDOW / 2);
    hear_nothing(p);
    peer_close(p);
}

/* Half a window more comes and is read; what credit is given for it? */
static uint32_t credit_for_half(struct peer *p, uint32_t size)
{
    struct yamux_frame f = {0};
    frame(p, YAMUX_DATA, 0, 1, size / 2, size / 2);
    sim_run_for(p->d.sim, 200 * MSEC);
    while (heard(p, &f) && f.type != YAMUX_WINDOW_UPDATE)
        ;
    assert_int_equal(f.type, YAMUX_WINDOW_UPDATE);
    return f.length;
}

static void a_window_that_is_filled_in_four_round_trips_doubles(void **state)
{
    (void)state;
    enum { HALF = YAMUX_WINDOW / 2 };
    struct peer *p = peer_open(false);
    struct yamux_frame f;
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, HALF, HALF);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    assert_true(heard(p, &f));
    assert_int_equal(f.type, YAMUX_PING);
    hear(p, YAMUX_WINDOW_UPDATE, 0, 1, HALF);
    assert_int_equal(credit_for_half(p, YAMUX_WINDOW), HALF); /* the round trip is not known */
    frame(p, YAMUX_PING, YAMUX_ACK, 0, f.length + 1, 0);      /* not that one */
    pass(p);
    assert_int_equal(mux_rtt_us(p->mux), 0);
    frame(p, YAMUX_PING, YAMUX_ACK, 0, f.length, 0);
    sim_run_for(p->d.sim, 10 * SEC);
    assert_true(mux_rtt_us(p->mux) >= 2 * SEC && mux_rtt_us(p->mux) < 3 * SEC);
    assert_int_equal(credit_for_half(p, YAMUX_WINDOW), HALF); /* it took 10 s */
    assert_int_equal(credit_for_half(p, YAMUX_WINDOW), HALF + YAMUX_WINDOW);
    assert_int_equal(credit_for_half(p, 2 * YAMUX_WINDOW), YAMUX_WINDOW + 2 * YAMUX_WINDOW);
    peer_close(p);
}

static void so_many_unacknowledged_are_taken_and_one_more_is_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    struct buf b = {0};
    for (uint32_t i = 0; i <= YAMUX_ACK_MAX;
         i++) { /* in one piece: nothing is acknowledged between */
        yamux_write(buf_room(&b, YAMUX_HEADER_LEN),
                    &(struct yamux_frame){YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2 * i + 1, 0});
        buf_grew(&b, YAMUX_HEADER_LEN);
    }
    assert_int_equal(conn_send(p->h.c, buf_bytes(&b), buf_len(&b)), buf_len(&b));
    buf_done(&b);
    pass(p);
    assert_int_equal(p->shown, YAMUX_ACK_MAX);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 2 * YAMUX_ACK_MAX + 1, 0);
    for (uint32_t i = 0; i < YAMUX_ACK_MAX; i++)
        hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 2 * i + 1, 0);
    hear_nothing(p);
    peer_close(p);
}

static void more_streams_than_we_bear_are_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    for (uint32_t i = 0; i < YAMUX_STREAMS_MAX + 10; i++) {
        frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2 * i + 1, 0, 0);
        sim_run_for(p->d.sim, MSEC);
    }
    pass(p);
    assert_int_equal(p->shown, YAMUX_STREAMS_MAX);
    assert_int_equal(mux_count(p->mux), YAMUX_STREAMS_MAX);
    unsigned resets = 0;
    for (struct yamux_frame f; heard(p, &f);)
        resets += f.flags == YAMUX_RST;
    assert_int_equal(resets, 10);
    conn_close(p->s[--p->shown]); /* one goes, one may come */
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 99999, 0, 0);
    pass(p);
    assert_int_equal(p->shown, YAMUX_STREAMS_MAX);
    assert_false(p->closed);
    peer_close(p);
}

/* HTTP/2's rapid reset, in Yamux. */
static void opening_and_resetting_has_a_rate_and_leaves_nothing(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->reads = false;
    unsigned i = 0;
    for (; i < YAMUX_CHURN_BURST && !p->closed; i++) {
        frame(p, YAMUX_DATA, YAMUX_SYN, 2 * i + 1, 10, 10);
        frame(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 2 * i + 1, 0, 0);
        if (i % 64 == 63) {
            sim_run_for(p->d.sim, MSEC * 100);
            while (p->shown > 0)
                conn_close(p->s[--p->shown]);
            memset(p->told, 0, sizeof p->told);
        }
    }
    assert_false(p->closed);
    assert_int_equal(mux_count(p->mux), 0);
    for (; i < 4 * YAMUX_CHURN_BURST && !p->closed; i++) {
        frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN | YAMUX_RST, 2 * i + 1, 0, 0);
        if (i % 64 == 63)
            sim_run_for(p->d.sim, MSEC);
    }
    hear_the_end(p, ERR_LIMIT, "opened to be reset");
    peer_close(p);
}

/* Reading never waits for writing, and nobody who does not read makes us hold much. */
static void who_asks_on_and_does_not_read_is_heard_and_owed_one_answer(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->h.deaf = true;
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, 1, 1);
    frame(p, YAMUX_WINDOW_UPDATE, 0, 1, 64 << 20, 0);
    pass(p);
    size_t sent = 0;
    for (size_t n = 1; n > 0; sent += n) {
        n = say_much(p->s[0], SIZE_MAX);
        pass(p);
    }
    assert_true(sent < 4 << 20);
    for (uint32_t i = 0; i < 20000; i++)
        frame(p, YAMUX_PING, YAMUX_SYN, 0, i, 0);
    frame(p, YAMUX_DATA, 0, 1, 1000, 1000);
    pass(p);
    assert_int_equal(p->got, 1001); /* it was read all the same */
    assert_false(p->closed);
    p->h.deaf = false;
    hand_read(&p->h);
    pass(p);
    unsigned pongs = 0;
    uint32_t last = 0;
    for (struct yamux_frame f; heard(p, &f);)
        if (f.type == YAMUX_PING && f.flags == YAMUX_ACK) {
            pongs++;
            last = f.length;
        }
    assert_int_equal(pongs, 1);
    assert_int_equal(last, 19999);
    peer_close(p);
}

static void who_takes_nothing_for_long_is_given_up(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->h.deaf = true;
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 64 << 20, 0);
    pass(p);
    for (int i = 0; i < 5; i++) {
        say_much(p->s[0], SIZE_MAX);
        pass(p);
    }
    for (int i = 0; i < 65 && !p->closed; i++) {
        frame(p, YAMUX_PING, YAMUX_SYN, 0, 1, 0); /* it is not silent */
        pass(p);
    }
    assert_true(p->closed);
    assert_int_equal(p->why.code, ERR_TIMEOUT);
    assert_non_null(strstr(p->why.text, "written"));
    peer_close(p);
}

static void all_streams_together_hold_so_much(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->reads = false;
    unsigned full = YAMUX_HELD_MAX / YAMUX_WINDOW;
    for (unsigned i = 0; i <= full; i++)
        frame(p, YAMUX_DATA, YAMUX_SYN, 2 * i + 1, YAMUX_WINDOW, YAMUX_WINDOW);
    sim_run_for(p->d.sim, 20 * SEC);
    assert_false(p->closed);
    assert_int_equal(p->shown, full + 1);
    assert_false(p->told[full - 1]);
    assert_true(p->told[full]);
    assert_int_equal(p->stream_why.code, ERR_LIMIT);
    peer_read(p, 0, SIZE_MAX); /* one is read, and there is room again */
    frame(p, YAMUX_DATA, YAMUX_SYN, 2 * full + 3, YAMUX_WINDOW, YAMUX_WINDOW);
    sim_run_for(p->d.sim, SEC);
    assert_false(p->told[full + 1]);
    peer_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_the_window_ends_the_session),
        cmocka_unit_test(credit_without_end_is_only_much),
        cmocka_unit_test(we_send_what_we_may_and_credit_with_a_fin_counts),
        cmocka_unit_test(credit_is_given_when_the_owner_reads_and_half_a_window_at_once),
        cmocka_unit_test(a_window_that_is_filled_in_four_round_trips_doubles),
        cmocka_unit_test(so_many_unacknowledged_are_taken_and_one_more_is_reset),
        cmocka_unit_test(more_streams_than_we_bear_are_reset),
        cmocka_unit_test(opening_and_resetting_has_a_rate_and_leaves_nothing),
        cmocka_unit_test(who_asks_on_and_does_not_read_is_heard_and_owed_one_answer),
        cmocka_unit_test(who_takes_nothing_for_long_is_given_up),
        cmocka_unit_test(all_streams_together_hold_so_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
