#include "net/utp_cc.h"

#include "base/test.h"

enum { PACKET = 1400, MS = 1000 };
#define MINUTE UINT64_C(60000000)

/* A round trip in which all of the window came and waited queue_us. */
static void round_trip(struct utp_cc *cc, uint32_t base_us, uint32_t queue_us, uint64_t now_us)
{
    utp_cc_delay(cc, base_us + queue_us, 5, now_us);
    utp_cc_rtt(cc, 50 * MS + queue_us);
    size_t window = cc->window;
    for (size_t sent = 0; sent < window; sent += PACKET)
        utp_cc_acked(cc, PACKET, window);
}

static void it_begins_with_four_packets_and_doubles(void **state)
{
    (void)state;
    struct utp_cc cc;
    utp_cc_init(&cc, PACKET);
    assert_int_equal(cc.window, 4 * PACKET);
    assert_int_equal(cc.rto_us, 1000 * MS);
    round_trip(&cc, 1000, 0, 0);
    assert_int_equal(cc.window, 8 * PACKET);
    round_trip(&cc, 1000, 0, 0);
    assert_int_equal(cc.window, 16 * PACKET);
}

static void slow_start_ends_where_the_queue_begins(void **state)
{
    (void)state;
    struct utp_cc cc;
    utp_cc_init(&cc, PACKET);
    round_trip(&cc, 1000, 0, 0);
    size_t was = cc.window;
    for (int i = 0; i < UTP_DELAYS_NOW; i++) /* the least of three counts */
        utp_cc_delay(&cc, 1000 + 95 * MS, 5, 0);
    utp_cc_rtt(&cc, 145 * MS);
    utp_cc_acked(&cc, PACKET, cc.window);
    assert_false(cc.slow_start);
    assert_in_range(cc.window, was, was + UTP_GAIN);
}

static struct utp_cc steady(void)
{
    struct utp_cc cc;
    utp_cc_init(&cc, PACKET);
    for (uint64_t i = 0; i < 5; i++)
        round_trip(&cc, 70 * MS, 0, i * 50 * MS);
    utp_cc_lost(&cc);
    return cc;
}

static void below_the_target_it_grows_by_no_more_than_the_gain(void **state)
{
    (void)state;
    struct utp_cc cc = steady();
    size_t was = cc.window;
    round_trip(&cc, 70 * MS, 0, MINUTE / 2);
    assert_in_range(cc.window, was + UTP_GAIN * 8 / 10, was + UTP_GAIN);
}

static void above_the_target_it_backs_off_and_at_it_stands(void **state)
{
    (void)state;
    struct utp_cc cc = steady();
    for (uint32_t i = 0; i < 3; i++)
        round_trip(&cc, 70 * MS, 100 * MS, MINUTE / 2);
    size_t was = cc.window;
    round_trip(&cc, 70 * MS, 100 * MS, MINUTE / 2);
    assert_int_equal(cc.window, was);
    for (uint32_t i = 0; i < 3; i++)
        round_trip(&cc, 70 * MS, 160 * MS, MINUTE / 2);
    assert_true(cc.window < was - 1500);
    was = cc.window;
    for (uint32_t i = 0; i < 100; i++)
        round_trip(&cc, 70 * MS, 400 * MS, MINUTE / 2);
    assert_int_equal(cc.window, UTP_WINDOW_LEAST * PACKET); /* virtually nothing */
}

static void an_unused_window_does_not_grow(void **state)
{
    (void)state;
    struct utp_cc cc = steady();
    size_t was = cc.window;
    for (int i = 0; i < 100; i++)
        utp_cc_acked(&cc, PACKET, PACKET);
    assert_int_equal(cc.window, was);
}

static void clocks_that_wrap_are_compared_all_the_same(void **state)
{
    (void)state;
    struct utp_cc cc;
    utp_cc_init(&cc, PACKET);
    utp_cc_delay(&cc, UINT32_MAX - 10 * MS, 5, 0);
    for (int i = 0; i < 3; i++)
        utp_cc_delay(&cc, 40 * MS - 1, 5, 0);
    assert_int_equal(cc.queue_us, 50 * MS);
}

static void a_base_is_forgotten_after_some_minutes(void **state)
{
    (void)state;
    struct utp_cc cc;
    utp_cc_init(&cc, PACKET);
    utp_cc_delay(&cc, 10 * MS, 5, 0);
    for (uint64_t m = 1; m <= UTP_BASE_MINUTES; m++) {
        utp_cc_delay(&cc, 60 * MS, 5, m * MINUTE);
        utp_cc_delay(&cc, 60 * MS, 5, m * MINUTE);
        utp_cc_delay(&cc, 60 * MS, 5, m * MINUTE);
        /* the route has changed: no queue of 50 ms stands for ever */
        assert_int_equal(cc.queue_us, m < UTP_BASE_MINUTES ? 50 * MS : 0);
    }
}

/* 50 millionths: a bad quartz.  Ours loses, so our packets seem ever later; theirs seem earlier. */
static void drifting_clocks_are_no_queue(void **state)
{
    (void)state;
    struct utp_cc cc;
    utp_cc_init(&cc, PACKET);
    for (uint32_t s = 0; s < 600; s++)
        utp_cc_delay(&cc, 30 * MS + 50 * s, 90 * MS - 50 * s, s * UINT64_C(1000000));
    assert_in_range(cc.queue_us, 0, 200);
}

static void a_leap_is_no_drift(void **state)
{
    (void)state;
    struct utp_cc cc;
    utp_cc_init(&cc, PACKET);
    utp_cc_delay(&cc, 30 * MS, 90 * MS, 0);
    utp_cc_delay(&cc, 30 * MS, 90 * MS - UTP_DRIFT_MAX_US - 1, 1);
    assert_int_equal(cc.ours.base[0], 30 * MS);
    utp_cc_delay(&cc, 30 * MS, 90 * MS - 2 * UTP_DRIFT_MAX_US - 1, 2);
    assert_int_equal(cc.ours.base[0], 30 * MS); /* 40 ms, then a sample of 30 */
    assert_int_equal(cc.theirs.base[0], 90 * MS - 2 * UTP_DRIFT_MAX_US - 1);
}

static void a_lying_clock_cannot_say_more_than_a_round_trip(void **state)
{
    (void)state;
    struct utp_cc cc = steady();
    utp_cc_rtt(&cc, 50 * MS);
    for (uint32_t i = 0; i < 3; i++)
        utp_cc_delay(&cc, 70 * MS + 3000 * MS, 5, MINUTE / 2);
    size_t was = cc.window;
    utp_cc_acked(&cc, PACKET, cc.window);
    assert_true(cc.window >= was); /* 50 ms of queue at most: below the target */
}

static void a_loss_halves_and_a_timeout_begins_again(void **state)
{
    (void)state;
    struct utp_cc cc = steady();
    size_t was = cc.window;
    utp_cc_lost(&cc);
    assert_int_equal(cc.window, was / 2);
    utp_cc_timeout(&cc);
    assert_int_equal(cc.window, PACKET);
    assert_int_equal(cc.threshold, was / 4);
    for (int i = 0; i < 20; i++)
        utp_cc_lost(&cc);
    assert_int_equal(cc.window, UTP_WINDOW_LEAST * PACKET);
}

/* BEP 29: rtt_var += (|rtt - packet_rtt| - rtt_var) / 4, rtt += (packet_rtt - rtt) / 8,
 * timeout = max(rtt + rtt_var * 4, 500). */
static void the_timeout_follows_the_round_trips(void **state)
{
    (void)state;
    struct utp_cc cc;
    utp_cc_init(&cc, PACKET);
    utp_cc_rtt(&cc, 400 * MS);
    assert_int_equal(cc.rto_us, 400 * MS + 4 * 200 * MS);
    utp_cc_rtt(&cc, 800 * MS);
    assert_int_equal(cc.rtt_us, 450 * MS);
    assert_int_equal(cc.rtt_var_us, 250 * MS);
    assert_int_equal(cc.rto_us, 450 * MS + 4 * 250 * MS);
    for (int i = 0; i < 100; i++)
        utp_cc_rtt(&cc, 10 * MS);
    assert_int_equal(cc.rto_us, UTP_RTO_MIN_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_four_packets_and_doubles),
        cmocka_unit_test(slow_start_ends_where_the_queue_begins),
        cmocka_unit_test(below_the_target_it_grows_by_no_more_than_the_gain),
        cmocka_unit_test(above_the_target_it_backs_off_and_at_it_stands),
        cmocka_unit_test(an_unused_window_does_not_grow),
        cmocka_unit_test(clocks_that_wrap_are_compared_all_the_same),
        cmocka_unit_test(a_base_is_forgotten_after_some_minutes),
        cmocka_unit_test(drifting_clocks_are_no_queue),
        cmocka_unit_test(a_leap_is_no_drift),
        cmocka_unit_test(a_lying_clock_cannot_say_more_than_a_round_trip),
        cmocka_unit_test(a_loss_halves_and_a_timeout_begins_again),
        cmocka_unit_test(the_timeout_follows_the_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
