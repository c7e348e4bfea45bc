#include "ydoc/share/part_msg.h"

#include "base/test.h"

enum { MOST = 100000 };

static struct part_msg a_piece(const uint8_t *bytes, size_t n)
{
    return (struct part_msg){
        .name = {1, 2, 3}, .at = 50000, .total = 80000, .bytes = cur_of(bytes, n)};
}

static enum err read_back(const struct part_msg *p, struct part_msg *out)
{
    static uint8_t kept[2 * PART_MAX]; /* what `out` looks at */
    struct buf b = {0};
    part_put(p, &b);
    size_t n = buf_len(&b);
    assert_true(n <= sizeof kept);
    memcpy(kept, buf_bytes(&b), n);
    buf_done(&b);
    return part_read(out, cur_of(kept, n), MOST, NULL);
}

static void a_piece_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct part_msg p = a_piece((const uint8_t *)"hello", 5), got;
    assert_int_equal(read_back(&p, &got), OK);
    assert_memory_equal(got.name, p.name, sizeof p.name);
    assert_int_equal(got.at, 50000);
    assert_int_equal(got.total, 80000);
    assert_int_equal(got.bytes.n, 5);
    assert_memory_equal(got.bytes.p, "hello", 5);
}

static void a_piece_without_bytes_too_long_or_beyond_its_whole_is_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[PART_MAX + 1];
    struct part_msg p = a_piece(bytes, 0), got;
    assert_int_equal(read_back(&p, &got), ERR_INVALID);
    p = a_piece(bytes, PART_MAX);
    assert_int_equal(read_back(&p, &got), OK);
    p = a_piece(bytes, PART_MAX + 1);
    assert_int_equal(read_back(&p, &got), ERR_INVALID);
    p = a_piece(bytes, 5);
    p.at = p.total - 5;
    assert_int_equal(read_back(&p, &got), OK);
    p.at++;
    assert_int_equal(read_back(&p, &got), ERR_INVALID);
    p.at = p.total + 1;
    assert_int_equal(read_back(&p, &got), ERR_INVALID);
    p = a_piece(bytes, 5);
    p.total = MOST;
    assert_int_equal(read_back(&p, &got), OK);
    p.total++;
    assert_int_equal(read_back(&p, &got), ERR_LIMIT);
}

static void what_is_cut_short_is_refused(void **state)
{
    (void)state;
    struct part_msg p = a_piece((const uint8_t *)"h", 1), got;
    struct buf b = {0}, have = {0};
    part_put(&p, &b);
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_equal(part_read(&got, cur_of(buf_bytes(&b), n), MOST, NULL), ERR_INVALID);
    part_put_have(&p, &have);
    for (size_t n = 0; n < buf_len(&have); n++)
        assert_int_equal(part_read_have(&got, cur_of(buf_bytes(&have), n), NULL), ERR_INVALID);
    assert_int_equal(part_read_have(&got, buf_cur(&have), NULL), OK);
    assert_int_equal(got.at, 50000);
    assert_int_equal(part_read_have(&got, buf_cur(&b), NULL), ERR_INVALID); /* and more */
    buf_done(&b);
    buf_done(&have);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_is_read_as_it_was_written),
        cmocka_unit_test(a_piece_without_bytes_too_long_or_beyond_its_whole_is_refused),
        cmocka_unit_test(what_is_cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
