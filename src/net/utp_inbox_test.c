#include "net/utp_inbox.h"

#include "base/test.h"

enum { ROOM = 1 << 20 };

struct box {
    struct utp_pool pool;
    struct utp_inbox in;
};

static struct box box_of(uint16_t last)
{
    struct box b = {.pool.max = 4096};
    utp_inbox_init(&b.in, last);
    return b;
}

static void box_done(struct box *b)
{
    utp_inbox_done(&b->in, &b->pool);
    assert_int_equal(b->pool.used, 0);
    utp_pool_done(&b->pool);
}

static bool put(struct box *b, enum utp_type type, uint16_t seq, const char *text)
{
    struct utp_packet p = {.type = type, .seq = seq, .body = cur_of(text, strlen(text))};
    return utp_inbox_put(&b->in, &b->pool, &p, ROOM);
}

static void reads(struct box *b, const char *want)
{
    char text[64] = "";
    size_t n = utp_inbox_read(&b->in, &b->pool, text, sizeof text - 1);
    assert_int_equal(n, strlen(want));
    assert_string_equal(text, want);
}

static void what_comes_early_waits_for_its_turn(void **state)
{
    (void)state;
    struct box b = box_of(65534);
    uint8_t mask[UTP_SACK_MAX];
    assert_true(put(&b, UTP_DATA, 1, "c"));
    assert_true(put(&b, UTP_DATA, 0, "b"));
    assert_false(put(&b, UTP_DATA, 0, "x")); /* twice */
    reads(&b, "");
    assert_int_equal(utp_inbox_mask(&b.in, mask), 4);
    assert_int_equal(mask[0], 0x03);
    assert_true(put(&b, UTP_DATA, 65535, "a"));
    reads(&b, "abc");
    assert_int_equal(b.in.ack, 1);
    assert_int_equal(utp_inbox_mask(&b.in, mask), 0);
    assert_false(put(&b, UTP_DATA, 1, "x")); /* old */
    box_done(&b);
}

static void small_packets_share_a_block(void **state)
{
    (void)state;
    struct box b = box_of(0);
    for (uint16_t i = 1; i <= 1000; i++)
        put(&b, UTP_DATA, i, "x");
    assert_int_equal(b.in.bytes, 1000);
    assert_int_equal(b.in.held, 1);
    box_done(&b);
}

static void the_end_comes_after_all_before_it(void **state)
{
    (void)state;
    struct box b = box_of(0);
    assert_true(put(&b, UTP_FIN, 3, ""));
    assert_false(b.in.ended);
    assert_false(put(&b, UTP_DATA, 4, "behind"));
    put(&b, UTP_DATA, 1, "a");
    assert_false(b.in.ended);
    put(&b, UTP_DATA, 2, "b");
    assert_true(b.in.ended);
    reads(&b, "ab");
    assert_false(put(&b, UTP_DATA, 4, "behind"));
    box_done(&b);
}

static void what_was_kept_behind_an_end_is_dropped(void **state)
{
    (void)state;
    struct box b = box_of(0);
    put(&b, UTP_DATA, 5, "behind");
    put(&b, UTP_FIN, 2, "");
    put(&b, UTP_DATA, 1, "a");
    assert_true(b.in.ended);
    assert_int_equal(b.in.late_n + b.in.late_bytes, 0);
    reads(&b, "a");
    assert_int_equal(b.in.held, 0);
    box_done(&b);
}

static void limits_are_kept(void **state)
{
    (void)state;
    struct box b = box_of(100);
    struct utp_packet p = {.type = UTP_DATA, .seq = 101, .body = cur_of("hello", 5)};
    assert_false(utp_inbox_put(&b.in, &b.pool, &p, 4));
    assert_true(utp_inbox_put(&b.in, &b.pool, &p, 5));
    assert_false(put(&b, UTP_DATA, 102 + UTP_PACKETS_MAX, "far"));
    assert_true(put(&b, UTP_DATA, 101 + UTP_PACKETS_MAX, "far"));
    uint8_t mask[UTP_SACK_MAX];
    assert_int_equal(utp_inbox_mask(&b.in, mask), UTP_SACK_MAX);
    assert_int_equal(mask[UTP_SACK_MAX - 1], 0x40);
    static uint8_t large[UTP_BLOCK + 1];
    p = (struct utp_packet){.type = UTP_DATA, .seq = 102, .body = cur_of(large, sizeof large)};
    assert_false(utp_inbox_put(&b.in, &b.pool, &p, ROOM));
    box_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_early_waits_for_its_turn),
        cmocka_unit_test(small_packets_share_a_block),
        cmocka_unit_test(the_end_comes_after_all_before_it),
        cmocka_unit_test(what_was_kept_behind_an_end_is_dropped),
        cmocka_unit_test(limits_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
