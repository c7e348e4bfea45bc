#include "tunnel/lasting_msg.h"

#include "base/test.h"

static void a_frame_is_read_as_it_was_written(void **state)
{
    (void)state;
    static const struct lasting_frame frames[] = {
        {.kind = LASTING_DATA, .len = 1},
        {.kind = LASTING_DATA, .len = LASTING_FRAME_MAX},
        {.kind = LASTING_ACK, .got = 1, .may = UINT64_MAX},
        {.kind = LASTING_END},
        {.kind = LASTING_WANT},
        {.kind = LASTING_BROKEN},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct buf b = {0};
        struct lasting_frame got;
        lasting_put(&b, &frames[i]);
        assert_int_equal(lasting_head_len(buf_cur(&b)), buf_len(&b));
        assert_in_range(buf_len(&b), 1, LASTING_HEAD_MAX);
        assert_int_equal(lasting_read(&got, buf_cur(&b), NULL), OK);
        assert_int_equal(got.kind, frames[i].kind);
        assert_int_equal(got.len, frames[i].len);
        assert_int_equal(got.got, frames[i].got);
        assert_int_equal(got.may, frames[i].may);
        for (size_t n = 0; n < buf_len(&b); n++) {
            assert_in_range(lasting_head_len(cur_of(buf_bytes(&b), n)), n + 1, buf_len(&b));
            assert_int_equal(lasting_read(&got, cur_of(buf_bytes(&b), n), NULL), ERR_INVALID);
        }
        buf_done(&b);
    }
}

static void what_is_written_is_what_the_document_says(void **state)
{
    (void)state;
    struct buf b = {0};
    lasting_put(&b, &(struct lasting_frame){.kind = LASTING_DATA, .len = 0x1234});
    lasting_put(&b, &(struct lasting_frame){.kind = LASTING_ACK, .got = 7, .may = 0x40000});
    lasting_put(&b, &(struct lasting_frame){.kind = LASTING_END});
    static const uint8_t wire[] = {0, 0, 0x12, 0x34,                         /* */
                                   1, 0, 0,    16,   0, 0, 0, 0, 0, 0, 0, 7, /* */
                                   0, 0, 0,    0,    0, 4, 0, 0,             /* */
                                   2, 0, 0,    0};
    assert_int_equal(buf_len(&b), sizeof wire);
    assert_memory_equal(buf_bytes(&b), wire, sizeof wire);
    buf_done(&b);
}

static void other_kinds_and_lengths_are_refused(void **state)
{
    (void)state;
    static const uint8_t bad[][20] = {
        {0, 0, 0, 0}, /* DATA of nothing */
        {0, 1, 0, 1}, /* one byte more than may be */
        {0, 0xff, 0xff, 0xff}, {1, 0, 0, 15}, {1, 0, 0, 17}, {2, 0, 0, 1},
        {3, 0, 0, 1},          {4, 1, 0, 0},  {5, 0, 0, 0},  {255, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lasting_frame f;
        struct why why;
        size_t n = bad[i][0] == LASTING_ACK ? 20 : 4;
        assert_int_equal(lasting_read(&f, cur_of(bad[i], n), &why), ERR_INVALID);
        assert_true(why.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_read_as_it_was_written),
        cmocka_unit_test(what_is_written_is_what_the_document_says),
        cmocka_unit_test(other_kinds_and_lengths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
