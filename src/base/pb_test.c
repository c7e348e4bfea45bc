#include "base/pb.h"

#include "base/test.h"

/* protobuf.dev, "Encoding": Test1 with a = 150, Test2 with b = "testing", Test3 with Test1 in c. */
static void reads_the_examples_of_the_encoding(void **state)
{
    (void)state;
    struct cur msg = cur_of("\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01", 17);
    struct pb_field f;
    assert_true(pb_next(&msg, &f));
    assert_true(f.number == 1 && f.wire == PB_VARINT && f.value == 150 && f.bytes.n == 0);
    assert_true(pb_next(&msg, &f));
    assert_true(f.number == 2 && f.wire == PB_BYTES && f.value == 0);
    assert_int_equal(f.bytes.n, 7);
    assert_memory_equal(f.bytes.p, "testing", 7);
    assert_true(pb_next(&msg, &f));
    assert_int_equal(f.number, 3);
    struct cur inner = f.bytes;
    assert_true(pb_next(&inner, &f) && f.number == 1 && f.value == 150);
    assert_false(pb_next(&inner, &f));
    assert_true(cur_done(&inner));
    assert_false(pb_next(&msg, &f));
    assert_true(cur_done(&msg));
}

static void fixed_numbers_are_little_endian(void **state)
{
    (void)state;
    struct cur msg = cur_of("\x09\x08\x07\x06\x05\x04\x03\x02\x01\x15\x04\x03\x02\x01", 14);
    struct pb_field f;
    assert_true(pb_next(&msg, &f) && f.number == 1 && f.wire == PB_FIXED64);
    assert_true(f.value == 0x0102030405060708);
    assert_true(pb_next(&msg, &f) && f.number == 2 && f.wire == PB_FIXED32);
    assert_true(f.value == 0x01020304);
    assert_false(pb_next(&msg, &f));
    assert_true(cur_done(&msg));
}

static void what_it_wrote_it_reads(void **state)
{
    (void)state;
    const uint64_t values[] = {0, 1, 127, 128, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    struct buf b = {0}, inner = {0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        pb_put_uint(&b, (1 << 29) - 1, values[i]);
    pb_put_str(&inner, 1, "x");
    pb_put_buf(&b, 16, &inner);
    pb_put_bytes(&b, 2, NULL, 0);
    struct cur msg = buf_cur(&b);
    struct pb_field f;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_true(pb_next(&msg, &f));
        assert_true(f.number == (1 << 29) - 1 && f.value == values[i]);
    }
    assert_true(pb_next(&msg, &f) && f.number == 16 && f.bytes.n == 3);
    assert_memory_equal(f.bytes.p, "\x0a\x01x", 3);
    assert_true(pb_next(&msg, &f) && f.number == 2 && f.wire == PB_BYTES && f.bytes.n == 0);
    assert_false(pb_next(&msg, &f));
    assert_true(cur_done(&msg));
    buf_done(&b);
    buf_done(&inner);
}

/* All fields are read; whether the cursor holds at the end. */
static bool is_whole(const char *bytes, size_t n)
{
    struct cur msg = cur_of(bytes, n);
    struct pb_field f;
    while (pb_next(&msg, &f))
        ;
    return cur_done(&msg);
}

static void a_message_cut_inside_a_field_is_not_whole(void **state)
{
    (void)state;
    const char msg[] = "\x08\x96\x01\x12\x07testing\x19\1\2\3\4\5\6\7\x08\x25\1\2\3\4";
    for (size_t n = 0; n < sizeof msg; n++)
        assert_int_equal(is_whole(msg, n), n == 0 || n == 3 || n == 12 || n == 21 || n == 26);
}

static void a_malformed_field_ends_the_message_badly(void **state)
{
    (void)state;
    assert_true(is_whole("\xf8\xff\xff\xff\x0f\x00", 6));  /* field 2^29 - 1 */
    assert_false(is_whole("\x80\x80\x80\x80\x10\x00", 6)); /* 2^29 */
    assert_false(is_whole("\x00\x00", 2));                 /* field 0 */
    assert_false(is_whole("\x0b\x0c", 2));                 /* a group */
    assert_false(is_whole("\x0b", 1));                     /* and nothing in it */
    assert_false(is_whole("\x0c", 1));                     /* its end */
    assert_false(is_whole("\x0e\x00", 2));                 /* wire type 6 */
    assert_false(is_whole("\x0f\x00", 2));                 /* 7 */
    assert_false(is_whole("\x0a\x02x", 3));                /* longer than there is */
    assert_false(is_whole("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 12)); /* 2^64 - 1 */
    assert_false(is_whole("\x12\x06"
                          "\x0a\x07"
                          "abcdefgh",
                          3)); /* the outer one is cut */
}

static uint64_t varint(const char *bytes, size_t n, bool *good)
{
    struct cur c = cur_of(bytes, n);
    uint64_t v = pb_uvarint(&c);
    *good = cur_done(&c);
    return v;
}

static void a_varint_has_ten_bytes_and_64_bits(void **state)
{
    (void)state;
    bool good;
    assert_true(varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &good) == UINT64_MAX &&
                good);
    varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &good);
    assert_false(good);
    varint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, &good);
    assert_false(good);
    for (size_t n = 0; n < 10; n++) {
        varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", n, &good);
        assert_false(good);
    }
    assert_true(varint("\x81\x80\x00", 3, &good) == 1 && good); /* needless zero bytes */
    assert_true(varint("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10, &good) == 1 && good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_examples_of_the_encoding),
        cmocka_unit_test(fixed_numbers_are_little_endian),
        cmocka_unit_test(what_it_wrote_it_reads),
        cmocka_unit_test(a_message_cut_inside_a_field_is_not_whole),
        cmocka_unit_test(a_malformed_field_ends_the_message_badly),
        cmocka_unit_test(a_varint_has_ten_bytes_and_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
