#include "ydoc/lib0.h"

#include "base/test.h"

/* The values and bytes of lib0's own format (yjs-format section 1). */
static void numbers_have_their_published_bytes(void **state)
{
    (void)state;
    static const struct {
        uint64_t v;
        const char *bytes;
        size_t n;
    } known[] = {{0, "\0", 1},
                 {127, "\x7f", 1},
                 {128, "\x80\x01", 2},
                 {300, "\xac\x02", 2},
                 {0xffffffff, "\xff\xff\xff\xff\x0f", 5},
                 {LIB0_MAX, "\xff\xff\xff\xff\xff\xff\xff\x0f", 8}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf b = {0};
        lib0_put_uint(&b, known[i].v);
        assert_int_equal(buf_len(&b), known[i].n);
        assert_memory_equal(buf_bytes(&b), known[i].bytes, known[i].n);
        struct cur c = buf_cur(&b);
        assert_true(lib0_uint(&c) == known[i].v && cur_done(&c));
        buf_done(&b);
    }
}

static void signed_numbers_keep_a_zero_below_zero(void **state)
{
    (void)state;
    static const struct {
        struct lib0_int v;
        const char *bytes;
        size_t n;
    } known[] = {
        {{63, false}, "\x3f", 1},    {{64, false}, "\x80\x01", 2},       {{1, true}, "\x41", 1},
        {{64, true}, "\xc0\x01", 2}, {{8192, false}, "\x80\x80\x01", 3}, {{0, true}, "\x40", 1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf b = {0};
        lib0_put_int(&b, known[i].v);
        assert_int_equal(buf_len(&b), known[i].n);
        assert_memory_equal(buf_bytes(&b), known[i].bytes, known[i].n);
        struct cur c = buf_cur(&b);
        struct lib0_int v = lib0_int(&c);
        assert_true(v.magnitude == known[i].v.magnitude && v.negative == known[i].v.negative &&
                    cur_done(&c));
        buf_done(&b);
    }
}

static bool refused(const char *bytes, size_t n, bool with_sign)
{
    struct cur c = cur_of(bytes, n);
    if (with_sign)
        lib0_int(&c);
    else
        lib0_uint(&c);
    return c.bad;
}

static void more_than_53_bits_are_refused(void **state)
{
    (void)state;
    assert_true(refused("\x80\x80\x80\x80\x80\x80\x80\x10", 8, false)); /* 2^53 */
    assert_true(refused("\xff\xff\xff\xff\xff\xff\xff\xff\x01", 9, false));
    assert_true(refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, true));
    assert_true(refused("\x80", 1, false));
    assert_true(refused("", 0, true));
}

/* Where enough follows they are read at once, else byte by byte. */
static void a_number_is_the_same_whatever_follows(void **state)
{
    (void)state;
    for (uint64_t v = 1; v <= LIB0_MAX; v = v * 3 + 1)
        for (size_t behind = 0; behind < 9; behind++) {
            struct buf b = {0}, s = {0};
            lib0_put_uint(&b, v);
            lib0_put_int(&s, (struct lib0_int){v, behind % 2});
            buf_put(&b, "\xff\xff\xff\xff\xff\xff\xff\xff", behind);
            buf_put(&s, "\xff\xff\xff\xff\xff\xff\xff\xff", behind);
            struct cur c = buf_cur(&b), d = buf_cur(&s);
            assert_true(lib0_uint(&c) == v && c.n == behind && !c.bad);
            struct lib0_int i = lib0_int(&d);
            assert_true(i.magnitude == v && i.negative == behind % 2 && d.n == behind && !d.bad);
            buf_done(&b);
            buf_done(&s);
        }
    struct cur c = cur_of("\x81\x80\x00.......", 10); /* needless groups are borne */
    assert_true(lib0_uint(&c) == 1 && c.n == 7);
    assert_true(refused("\x80\x80\x80\x80\x80\x80\x80\x10.", 9, false));
    assert_true(refused("\x80\x80\x80\x80\x80\x80\x80\x20.", 9, true));
}

static void ascii_is_told_apart(void **state)
{
    (void)state;
    uint8_t text[20];
    for (size_t n = 0; n <= sizeof text; n++) {
        memset(text, 'a', sizeof text);
        assert_true(lib0_ascii(text, n));
        for (size_t i = 0; i < n; i++) {
            text[i] = 0xc3;
            assert_false(lib0_ascii(text, n));
            text[i] = 'a';
        }
    }
}

static void text_must_be_whole_and_utf8(void **state)
{
    (void)state;
    struct cur c = cur_of("\x02hi", 3), cut = cur_of("\x03hi", 3), bad = cur_of("\x01\xff", 2);
    assert_int_equal(lib0_text(&c).n, 2);
    assert_true(cur_done(&c));
    lib0_text(&cut);
    assert_true(cut.bad);
    lib0_text(&bad);
    assert_true(bad.bad);
}

static void text_is_counted_and_cut_in_utf16(void **state)
{
    (void)state;
    const uint8_t *text =
        (const uint8_t
             *)"a\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80z"; /* a, e acute, a Han sign, a smile, z */
    bool inside;
    assert_int_equal(lib0_units(text, 11), 6);
    assert_int_equal(lib0_cut(text, 11, 3, &inside), 6);
    assert_false(inside);
    assert_int_equal(lib0_cut(text, 11, 4, &inside), 6); /* before the smile */
    assert_true(inside);
    assert_int_equal(lib0_cut(text, 11, 5, &inside), 10);
    assert_int_equal(lib0_cut(text, 11, 99, &inside), 11);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_their_published_bytes),
        cmocka_unit_test(signed_numbers_keep_a_zero_below_zero),
        cmocka_unit_test(more_than_53_bits_are_refused),
        cmocka_unit_test(a_number_is_the_same_whatever_follows),
        cmocka_unit_test(ascii_is_told_apart),
        cmocka_unit_test(text_must_be_whole_and_utf8),
        cmocka_unit_test(text_is_counted_and_cut_in_utf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
