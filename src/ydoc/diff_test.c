#include "ydoc/diff.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"

#include <stdlib.h>

/* A text to which edits are done; everything asked of them is looked at on the way. */
struct page {
    struct buf text;
    uint64_t cut, put; /* units, in all */
    size_t edits;
};

/* Bytes before `units`; fails the test where that is inside a character. */
static size_t place(const struct page *p, uint64_t units)
{
    struct cur text = buf_cur(&p->text);
    for (size_t n = 0; n <= text.n; n++)
        if (n == text.n || (text.p[n] & 0xc0) != 0x80) {
            uint64_t here = text_units(cur_of(text.p, n));
            if (here == units)
                return n;
            assert_true(here < units);
        }
    fail_msg("there is no unit %llu", (unsigned long long)units);
    return 0;
}

static void edit(void *arg, uint64_t at, uint64_t cut, struct cur put)
{
    struct page *p = arg;
    struct buf next = {0};
    size_t begin = place(p, at), end = place(p, at + cut);
    struct cur text = buf_cur(&p->text);
    buf_put(&next, text.p, begin);
    buf_put(&next, put.p, put.n);
    cur_take(&text, end);
    buf_put(&next, text.p, text.n);
    buf_done(&p->text);
    p->text = next;
    p->cut += cut;
    p->put += text_units(put);
    p->edits++;
    assert_true(cut > 0 || put.n > 0);
}

static struct page change(const char *from, size_t n, const char *to, size_t m)
{
    struct page p = {0};
    buf_put(&p.text, from, n);
    text_diff(cur_of(from, n), cur_of(to, m), edit, &p);
    assert_int_equal(buf_len(&p.text), m);
    if (m > 0)
        assert_memory_equal(buf_bytes(&p.text), to, m);
    buf_done(&p.text);
    return p;
}

static void costs(const char *from, const char *to, uint64_t cut, uint64_t put, size_t edits)
{
    struct page p = change(from, strlen(from), to, strlen(to));
    assert_int_equal(p.cut, cut);
    assert_int_equal(p.put, put);
    assert_int_equal(p.edits, edits);
}

static void only_what_differs_is_touched(void **state)
{
    (void)state;
    costs("", "", 0, 0, 0);
    costs("same", "same", 0, 0, 0);
    costs("", "new", 0, 3, 1);
    costs("old", "", 3, 0, 1);
    costs("the quick fox", "the quick brown fox", 0, 6, 1);
    costs("one\ntwo\nthree\n", "one\n2\nthree\n", 3, 1, 1);
    costs("one\ntwo\nthree\nfour\n", "zero\none\nthree\nfour\nfive\n", 4, 10, 3);
    costs("kitten", "sitting", 2, 3, 3);
}

static void what_is_unlike_is_replaced_as_a_whole(void **state)
{
    (void)state;
    costs("abcdefgh", "zyxwvuts", 8, 8, 1);
    costs("the cat sat there", "no dog ran about", 17, 16, 1);
}

static void a_character_is_never_split(void **state)
{
    (void)state;
    costs("\U0001F600", "\U0001F601", 2, 2, 1);     /* the same first surrogate */
    costs("\u00e9", "\u00e8", 1, 1, 1);             /* the same first byte */
    costs("\u0569", "\u0169", 1, 1, 1);             /* the same last byte */
    costs("\U0001F600xy", "xy\U0001F600", 2, 2, 2); /* positions count two for it */
    costs("a\U0001F600b\u00e9c", "a\U0001F600\u00e9c", 1, 0, 1);
}

/* Texts of few different characters and lines, so that much is equal by chance. */
static size_t make(uint32_t *seed, char *to, size_t most)
{
    static const char *const words[] = {"a",      "b",      "\n",         "\n",
                                        "\u00e9", "\u20ac", "\U0001F600", "line\n"};
    size_t n = 0;
    *seed = *seed * 1664525 + 1013904223;
    for (size_t left = (*seed >> 16) % 60; left > 0; left--) {
        *seed = *seed * 1664525 + 1013904223;
        const char *word = words[(*seed >> 20) % 8];
        if (n + strlen(word) > most)
            break;
        memcpy(to + n, word, strlen(word));
        n += strlen(word);
    }
    return n;
}

static void done_to_the_one_it_gives_the_other(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int i = 0; i < 5000; i++) {
        char from[256], to[256];
        size_t n = make(&seed, from, sizeof from), m = make(&seed, to, sizeof to);
        change(from, n, to, m);
    }
}

/* --- sizes ---------------------------------------------------------------------------------- */

struct tally {
    uint64_t cut, put;
};

static void count(void *arg, uint64_t at, uint64_t cut, struct cur put)
{
    struct tally *t = arg;
    (void)at;
    t->cut += cut;
    t->put += put.n;
}

static struct buf lines(size_t n, const char *form, unsigned step)
{
    struct buf b = {0};
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, form, (unsigned)i * step);
    return b;
}

/* Whether the lengths come out right is all that is asked here. */
static struct tally huge(struct buf *from, struct buf *to)
{
    struct tally t = {0};
    text_diff(buf_cur(from), buf_cur(to), count, &t);
    assert_int_equal((int64_t)buf_len(from) - (int64_t)t.cut + (int64_t)t.put, buf_len(to));
    buf_done(from);
    buf_done(to);
    return t;
}

static void huge_texts_cost_little(void **state)
{
    (void)state;
    /* Many lines, an edit at each end: only these. */
    struct buf from = lines(200000, "line %u of the text\n", 1), to = {0};
    buf_str(&to, "x");
    buf_put(&to, buf_bytes(&from), buf_len(&from));
    buf_str(&to, "y");
    buf_str(&from, "z");
    struct tally t = huge(&from, &to);
    assert_int_equal(t.cut, 1);
    assert_int_equal(t.put, 2);
    /* Every line another one. */
    from = lines(200000, "line %u of the text\n", 1),
    to = lines(200000, "line %u of the text\n", 7);
    huge(&from, &to);
    /* One line, nothing in common; too many lines. */
    from = lines(2000000, "%u", 1), to = lines(2000000, "%x", 3);
    huge(&from, &to);
    from = lines(3000000, "\n\na\n", 0), to = lines(3000000, "\nb\n", 0);
    huge(&from, &to);
    /* The same few lines in another order, as often as it may be. */
    from = lines(DIFF_LINES_MAX / 8, "a\nb\na\na\nb\na\nb\n", 0);
    to = lines(DIFF_LINES_MAX / 8, "b\nb\na\nb\na\nb\na\n", 0);
    huge(&from, &to);
}

static void one_past_a_limit_is_replaced_as_a_block(void **state)
{
    (void)state;
    struct buf from = {0}, to = {0};
    for (size_t i = 0; i < DIFF_CHARS_MAX; i++)
        buf_u8(&from, 'a' + i % 26);
    for (int more = 0; more < 2; more++) {
        buf_clear(&to);
        buf_put(&to, buf_bytes(&from), buf_len(&from));
        buf_bytes(&to)[0] = 'Z';
        buf_bytes(&to)[buf_len(&to) / 2] = 'Y';
        buf_bytes(&to)[buf_len(&to) - 1] = 'X';
        struct tally t = {0};
        text_diff(buf_cur(&from), buf_cur(&to), count, &t);
        assert_int_equal(t.cut, more ? buf_len(&from) : 3);
        buf_u8(&from, 'b');
    }
    buf_done(&from);
    buf_done(&to);
}

static void put_values(struct buf *out, const uint32_t *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text_diff_put_value(out, numbers[i]);
}

/* What is no text is one unit, equal to itself alone, and stays though its neighbours change. */
static void values_among_the_text_stay_whole(void **state)
{
    (void)state;
    struct buf from = {0}, to = {0};
    static const uint32_t all[] = {0, 1, 63, 64, 0x7fffffff, 0x40000000};
    put_values(&from, all, 6);
    assert_int_equal(text_units(buf_cur(&from)), 6);
    buf_str(&from, "abcdefgh");
    put_values(&from, all + 1, 1);
    put_values(&to, all + 1, 1); /* 0 goes */
    buf_str(&to, "zwq");
    put_values(&to, all + 2, 2);
    put_values(&to, all + 5, 1); /* 0x7fffffff goes */
    buf_str(&to, "stuvwxy");
    put_values(&to, all + 1, 1);
    struct page p = {0};
    buf_put(&p.text, buf_bytes(&from), buf_len(&from));
    text_diff(buf_cur(&from), buf_cur(&to), edit, &p);
    assert_int_equal(buf_len(&p.text), buf_len(&to));
    assert_memory_equal(buf_bytes(&p.text), buf_bytes(&to), buf_len(&to));
    assert_int_equal(p.cut, 2 + 8);
    assert_int_equal(p.put, 3 + 7);
    buf_done(&p.text);
    buf_done(&from);
    buf_done(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_differs_is_touched),
        cmocka_unit_test(what_is_unlike_is_replaced_as_a_whole),
        cmocka_unit_test(a_character_is_never_split),
        cmocka_unit_test(done_to_the_one_it_gives_the_other),
        cmocka_unit_test(huge_texts_cost_little),
        cmocka_unit_test(values_among_the_text_stay_whole),
        cmocka_unit_test(one_past_a_limit_is_replaced_as_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
