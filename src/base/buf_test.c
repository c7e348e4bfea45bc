#include "base/buf.h"

#include "base/test.h"

#include <stdlib.h>

static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct buf b = {0};
    uint8_t next_in = 0, next_out = 0;
    for (size_t round = 1; round < 400; round++) { /* grows, moves down, grows again */
        for (size_t i = 0; i < round % 37; i++)
            buf_u8(&b, next_in++);
        size_t eat = buf_len(&b) * (round % 5) / 4;
        for (size_t i = 0; i < eat; i++)
            assert_int_equal(buf_bytes(&b)[i], next_out++);
        buf_eat(&b, eat);
    }
    while (buf_len(&b) > 0) {
        assert_int_equal(*buf_bytes(&b), next_out++);
        buf_eat(&b, 1);
    }
    assert_int_equal(next_in, next_out);
    buf_done(&b);
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_be16(&b, 0x0102);
    buf_be32(&b, 0x03040506);
    buf_be64(&b, UINT64_C(0x0708090a0b0c0d0e));
    buf_be(&b, 0x0f1011, 3);
    assert_int_equal(buf_len(&b), 17);
    for (size_t i = 0; i < 17; i++)
        assert_int_equal(buf_bytes(&b)[i], i + 1);
    buf_done(&b);
}

static void uvarint_is_what_the_cursor_reads(void **state)
{
    (void)state;
    struct buf b = {0};
    for (unsigned bit = 0; bit < 63; bit++)
        for (int64_t d = -1; d <= 1; d++) {
            uint64_t v = (UINT64_C(1) << bit) + (uint64_t)d;
            buf_uvarint(&b, v);
            struct cur c = buf_cur(&b);
            assert_true(cur_uvarint(&c) == v && cur_done(&c));
            buf_clear(&b);
        }
    buf_uvarint(&b, INT64_MAX);
    assert_int_equal(buf_len(&b), 9);
    buf_done(&b);
}

static void room_counts_only_when_it_grew(void **state)
{
    (void)state;
    struct buf b = {0};
    assert_null(buf_bytes(&b));
    memcpy(buf_room(&b, 1000), "abc", 3);
    assert_int_equal(buf_len(&b), 0);
    buf_grew(&b, 3);
    assert_int_equal(buf_len(&b), 3);
    assert_memory_equal(buf_bytes(&b), "abc", 3);
    buf_done(&b);
    buf_u8(&b, 'x'); /* done leaves it ready */
    assert_int_equal(buf_len(&b), 1);
    buf_done(&b);
}

static void text_can_be_taken_away(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_printf(&b, "%s-%d", "piece", 7);
    buf_str(&b, "!");
    buf_put(&b, NULL, 0);
    buf_eat(&b, 1);
    char *s = buf_take_str(&b);
    assert_string_equal(s, "iece-7!");
    assert_int_equal(buf_len(&b), 0);
    free(s);
    s = buf_take_str(&b);
    assert_string_equal(s, "");
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(uvarint_is_what_the_cursor_reads),
        cmocka_unit_test(room_counts_only_when_it_grew),
        cmocka_unit_test(text_can_be_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
