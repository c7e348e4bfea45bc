#include "net/utp_flight.h"

#include "base/test.h"

enum { FULL = 120, PAYLOAD = FULL - UTP_HEADER, MS = 1000, RTT = 20 * MS };

struct box {
    struct utp_pool pool;
    struct utp_flight f;
    struct utp_news news;
};

/* `n` full packets from number `seq` on, sent a millisecond apart from now 0 on. */
static struct box box_of(uint16_t seq, unsigned n)
{
    struct box b = {.pool.max = 4096};
    static const uint8_t bytes[PAYLOAD * 300];
    utp_flight_init(&b.f, seq);
    assert_int_equal(utp_flight_put(&b.f, &b.pool, bytes, (size_t)PAYLOAD * n, FULL), PAYLOAD * n);
    for (unsigned i = 0; i < n; i++)
        utp_flight_sent(&b.f, (uint16_t)(seq + i), i * MS);
    return b;
}

static void box_done(struct box *b)
{
    utp_flight_done(&b->f, &b->pool);
    assert_int_equal(b->pool.used, 0);
    utp_pool_done(&b->pool);
}

/* bits: of a mask of 4 bytes. */
static void ack(struct box *b, uint16_t last, uint32_t bits, uint64_t now_us)
{
    uint8_t mask[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                       (uint8_t)(bits >> 24)};
    struct utp_packet p = {.type = UTP_STATE, .ack = last};
    if (bits)
        p.sack = cur_of(mask, sizeof mask);
    utp_flight_ack(&b->f, &b->pool, &p, RTT, now_us, &b->news);
}

static void small_writes_share_a_packet_until_it_is_sent(void **state)
{
    (void)state;
    struct box b = {.pool.max = 100};
    utp_flight_init(&b.f, 7);
    for (int i = 0; i < 5; i++)
        assert_int_equal(utp_flight_put(&b.f, &b.pool, "hello", 5, FULL), 5);
    assert_int_equal(b.f.end, 8);
    assert_int_equal(b.f.queued, UTP_HEADER + 25);
    utp_flight_sent(&b.f, 7, 0);
    assert_int_equal(b.f.queued, 0);
    assert_int_equal(b.f.bytes, UTP_HEADER + 25);
    utp_flight_put(&b.f, &b.pool, "hello", 5, FULL);
    assert_int_equal(b.f.end, 9); /* what was sent never changes */
    box_done(&b);
}

static void acknowledgements_free_and_measure(void **state)
{
    (void)state;
    struct box b = box_of(65534, 5); /* over the end of the numbers */
    ack(&b, 0, 0, 30 * MS);
    assert_true(b.news.progress);
    assert_int_equal(b.news.bytes, 3 * FULL);
    assert_int_equal(b.news.rtt_us, 28 * MS); /* of the last of them */
    assert_int_equal(b.f.first, 1);
    assert_int_equal(b.f.bytes, 2 * FULL);
    ack(&b, 0, 0, 31 * MS);
    assert_false(b.news.progress);
    box_done(&b);
}

static void what_was_not_sent_cannot_be_acknowledged(void **state)
{
    (void)state;
    struct box b = box_of(10, 5);
    ack(&b, 15, 0, 30 * MS);
    assert_false(b.news.progress);
    ack(&b, 8, 0, 30 * MS); /* before the first */
    assert_false(b.news.progress);
    ack(&b, 9, 0xfffffff0, 30 * MS); /* bits past the last packet */
    assert_int_equal(b.f.bytes, 5 * FULL);
    box_done(&b);
}

/* BEP 29: "but 3 or more packets have been acked past it". */
static void three_past_one_and_it_is_lost(void **state)
{
    (void)state;
    struct box b = box_of(10, 6);
    ack(&b, 9, 0x3, 2 * MS); /* 11 and 12 are there, in no time: two past 10 */
    assert_false(b.news.was_lost);
    ack(&b, 9, 0x7, 2 * MS);
    assert_true(b.news.was_lost);
    assert_int_equal(b.news.lost_seq, 10);
    assert_int_equal(b.f.lost, 1);
    assert_int_equal(b.f.bytes, 2 * FULL); /* 14 and 15 */
    utp_flight_sent(&b.f, 10, 30 * MS);
    assert_int_equal(b.f.lost, 0);
    ack(&b, 15, 0, 50 * MS);
    assert_int_equal(b.f.first, 16);
    assert_int_equal(b.f.bytes, 0);
    box_done(&b);
}

/* RFC 8985: else only a timeout would find it. */
static void what_was_sent_again_can_be_lost_again(void **state)
{
    (void)state;
    struct box b = box_of(10, 8);
    ack(&b, 9, 0x7, 20 * MS);
    utp_flight_sent(&b.f, 10, 20 * MS);
    ack(&b, 9, 0xf, 21 * MS);
    assert_false(b.news.was_lost);
    utp_flight_put(&b.f, &b.pool, "more", 4, FULL);
    utp_flight_sent(&b.f, 18, 30 * MS); /* much later, and it arrives */
    ack(&b, 9, 0xff, 50 * MS);
    assert_true(b.news.was_lost);
    assert_int_equal(b.f.lost, 1);
    box_done(&b);
}

static void a_lost_probe_is_no_word_about_the_load(void **state)
{
    (void)state;
    struct box b = box_of(10, 0);
    static const uint8_t bytes[1500];
    assert_int_equal(utp_flight_probe(&b.f, &b.pool, bytes, 100, 200), 0); /* too few */
    assert_int_equal(utp_flight_probe(&b.f, &b.pool, bytes, 1500, 200), 180);
    utp_flight_put(&b.f, &b.pool, bytes, (size_t)PAYLOAD * 4, FULL);
    for (uint16_t i = 0; i < 5; i++)
        utp_flight_sent(&b.f, (uint16_t)(10 + i), 0);
    ack(&b, 9, 0xf, 20 * MS);
    assert_false(b.news.was_lost);
    assert_int_equal(b.news.probe_lost, 200);
    assert_int_equal(b.f.lost, 1); /* but it is sent again */
    assert_false(utp_flight_at(&b.f, 10)->probe);
    box_done(&b);
}

static void no_more_packets_than_a_mask_tells_of(void **state)
{
    (void)state;
    struct box b = {.pool.max = 100000};
    utp_flight_init(&b.f, 60000);
    size_t put = 0;
    for (int i = 0; i < UTP_PACKETS_MAX + 5; i++) {
        uint8_t bytes[PAYLOAD] = {0};
        put += utp_flight_put(&b.f, &b.pool, bytes, sizeof bytes, FULL);
    }
    assert_int_equal(put, PAYLOAD * UTP_PACKETS_MAX);
    assert_false(utp_flight_fin(&b.f, &b.pool));
    box_done(&b);
}

static void the_pool_bounds_all_but_a_little(void **state)
{
    (void)state;
    struct box b = {.pool.max = 0};
    static const uint8_t bytes[PAYLOAD * 20];
    utp_flight_init(&b.f, 1);
    assert_int_equal(utp_flight_put(&b.f, &b.pool, bytes, sizeof bytes, FULL),
                     PAYLOAD * UTP_BLOCKS_EACH);
    box_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_writes_share_a_packet_until_it_is_sent),
        cmocka_unit_test(acknowledgements_free_and_measure),
        cmocka_unit_test(what_was_not_sent_cannot_be_acknowledged),
        cmocka_unit_test(three_past_one_and_it_is_lost),
        cmocka_unit_test(what_was_sent_again_can_be_lost_again),
        cmocka_unit_test(a_lost_probe_is_no_word_about_the_load),
        cmocka_unit_test(no_more_packets_than_a_mask_tells_of),
        cmocka_unit_test(the_pool_bounds_all_but_a_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
