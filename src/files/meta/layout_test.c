#include "files/meta/layout.h"

#include "base/test.h"

#include <stdio.h>

/* Pieces of 10: |aaaaaaaaab|bbbbpppppp|c (z, y and w are empty) */
static const struct mi_file files[] = {
    {.path = "z", .len = 0, .offset = 0},
    {.path = "a", .len = 9, .offset = 0},
    {.path = "y", .len = 0, .offset = 9},
    {.path = "b", .len = 5, .offset = 9},
    {.path = "pad", .len = 6, .offset = 14, .pad = true},
    {.path = "c", .len = 1, .offset = 20},
    {.path = "w", .len = 0, .offset = 21},
};
static const struct layout layout = {
    .files = files, .file_count = 7, .total = 21, .piece_len = 10, .piece_count = 3};

/* "a@1+3 b@0+2": file, place in it, length; a pad in brackets. */
static void assert_spans(uint64_t offset, uint64_t len, const char *want)
{
    char got[200] = "";
    struct layout_span s;
    for (struct layout_walk w = layout_walk(&layout, offset, len); layout_next(&w, &s);)
        snprintf(got + strlen(got), sizeof got - strlen(got), s.pad ? "(%s@%d+%d)" : "%s@%d+%d ",
                 files[s.file].path, (int)s.at, (int)s.len);
    assert_string_equal(got, want);
}

static void a_range_is_the_row_of_its_spans(void **state)
{
    (void)state;
    assert_spans(0, 10, "a@0+9 b@0+1 ");
    assert_spans(10, 10, "b@1+4 (pad@0+6)");
    assert_spans(20, 1, "c@0+1 ");
    assert_spans(0, 21, "a@0+9 b@0+5 (pad@0+6)c@0+1 ");
    assert_spans(8, 1, "a@8+1 ");
    assert_spans(9, 1, "b@0+1 ");
    assert_spans(15, 2, "(pad@1+2)");
    assert_spans(4, 0, "");
    assert_spans(21, 0, "");
}

static void every_byte_of_every_range_is_covered_once(void **state)
{
    (void)state;
    for (uint64_t from = 0; from <= 21; from++) {
        for (uint64_t to = from; to <= 21; to++) {
            uint64_t at = from;
            struct layout_span s;
            for (struct layout_walk w = layout_walk(&layout, from, to - from);
                 layout_next(&w, &s);) {
                assert_int_equal(files[s.file].offset + s.at, at);
                assert_true(s.len > 0 && s.at + s.len <= files[s.file].len);
                at += s.len;
            }
            assert_int_equal(at, to);
        }
    }
}

static void pieces_and_files_know_each_other(void **state)
{
    (void)state;
    assert_int_equal(layout_piece_len(&layout, 1), 10);
    assert_int_equal(layout_piece_len(&layout, 2), 1);
    assert_int_equal(layout_piece_at(&layout, 2), 20);
    uint32_t first, end;
    layout_file_pieces(&layout, 3, &first, &end);
    assert_true(first == 0 && end == 2);
    layout_file_pieces(&layout, 5, &first, &end);
    assert_true(first == 2 && end == 3);
    layout_file_pieces(&layout, 6, &first, &end);
    assert_true(first == end);
}

static void offsets_past_four_gigabytes_hold(void **state)
{
    (void)state;
    static const struct mi_file big[] = {
        {.path = "a", .len = UINT64_C(1) << 42, .offset = 0},
        {.path = "b", .len = 7, .offset = UINT64_C(1) << 42},
    };
    const struct layout l = {.files = big,
                             .file_count = 2,
                             .total = (UINT64_C(1) << 42) + 7,
                             .piece_len = 1 << 24,
                             .piece_count = (1 << 18) + 1};
    assert_true(layout_piece_at(&l, 1 << 18) == UINT64_C(1) << 42);
    assert_int_equal(layout_piece_len(&l, 1 << 18), 7);
    struct layout_walk w = layout_walk(&l, (UINT64_C(1) << 42) - 1, 3);
    struct layout_span s;
    assert_true(layout_next(&w, &s) && s.at == (UINT64_C(1) << 42) - 1 && s.len == 1);
    assert_true(layout_next(&w, &s) && s.file == 1 && s.at == 0 && s.len == 2);
    assert_false(layout_next(&w, &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_the_row_of_its_spans),
        cmocka_unit_test(every_byte_of_every_range_is_covered_once),
        cmocka_unit_test(pieces_and_files_know_each_other),
        cmocka_unit_test(offsets_past_four_gigabytes_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
