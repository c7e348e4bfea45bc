#include "ydoc/columns.h"

#include "base/test.h"
#include "ydoc/lib0.h"

/* The examples of yjs-format section 5. */
static const struct {
    enum col_coding coding;
    uint64_t v[5];
    size_t count;
    const char *bytes;
    size_t n;
} example[] = {{COL_BYTES, {4, 4, 4, 1}, 4, "\x04\x02\x01", 3},
               {COL_UINTS, {1, 2, 3, 3, 3}, 5, "\x01\x02\x43\x01", 4},
               {COL_UINTS, {0, 0, 0}, 3, "\x40\x01", 2},
               {COL_UINTS, {0}, 1, "\x00", 1},
               {COL_DIFFS, {1, 2, 3, 2}, 4, "\x03\x01\x42", 3},
               {COL_DIFFS, {10, 9, 8, 7}, 4, "\x14\x41\x01", 3},
               {COL_DIFFS, {0, 0}, 2, "\x01\x00", 2}};

static void the_examples_are_written_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof example / sizeof *example; i++) {
        struct col_writer w;
        struct buf out = {0};
        col_write(&w, example[i].coding);
        for (size_t k = 0; k < example[i].count; k++)
            col_put(&w, example[i].v[k]);
        col_end(&w, &out);
        assert_int_equal(*buf_bytes(&out), example[i].n);
        assert_memory_equal(buf_bytes(&out) + 1, example[i].bytes, example[i].n);
        buf_done(&out);
    }
}

static void the_examples_are_read_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof example / sizeof *example; i++) {
        struct col_reader r;
        col_read(&r, example[i].coding, cur_of(example[i].bytes, example[i].n));
        for (size_t k = 0; k < example[i].count; k++)
            assert_true(col_next(&r) == example[i].v[k]);
        assert_false(r.bad);
        col_next(&r);
        assert_int_equal(r.bad, example[i].coding != COL_BYTES); /* whose last run has no end */
    }
}

static void differences_below_zero_are_bad(void **state)
{
    (void)state;
    struct col_reader r;
    col_read(&r, COL_DIFFS, cur_of("\x42", 1)); /* 0 - 1 */
    col_next(&r);
    assert_true(r.bad);
}

static void texts_are_cut_by_their_units(void **state)
{
    (void)state;
    struct text_writer w;
    struct buf out = {0}, text = {0};
    text_write(&w);
    text_put(&w, "ab", 2, 2);
    text_put(&w, "\xf0\x9f\x98\x80", 4, 2);
    text_put(&w, "d", 1, 1);
    text_end(&w, &out);
    struct cur column = buf_cur(&out);
    struct text_reader r;
    text_read(&r, lib0_bytes(&column));
    assert_int_equal(text_next(&r, &text), 2);
    assert_int_equal(text_next(&r, &text), 2);
    assert_int_equal(buf_len(&text), 6);
    assert_int_equal(text_next(&r, &text), 1);
    assert_false(r.bad);
    text_next(&r, &text);
    assert_true(r.bad);
    buf_done(&out);
    buf_done(&text);
}

/* Two lone halves that met in the column, told apart by the lengths: lib0 reads two broken halves.
 */
static void a_pair_that_is_cut_becomes_two_replacements(void **state)
{
    (void)state;
    struct text_reader r;
    struct buf text = {0};
    text_read(&r, cur_of("\x04\xf0\x9f\x98\x80\x41\x00", 7)); /* lengths 1, 1 */
    assert_int_equal(text_next(&r, &text), 1);
    assert_int_equal(text_next(&r, &text), 1);
    assert_false(r.bad);
    assert_int_equal(buf_len(&text), 6);
    assert_memory_equal(buf_bytes(&text), "\xef\xbf\xbd\xef\xbf\xbd", 6);
    buf_done(&text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_are_written_so),
        cmocka_unit_test(the_examples_are_read_so),
        cmocka_unit_test(differences_below_zero_are_bad),
        cmocka_unit_test(texts_are_cut_by_their_units),
        cmocka_unit_test(a_pair_that_is_cut_becomes_two_replacements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
