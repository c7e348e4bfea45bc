#include "files/meta/bencode.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>

/* Parse a text; the tree lives as long as *a. */
static enum err parse(struct arena **a, const char *text, const struct ben **out)
{
    static struct why why; /* of the last parse; tests run one after the other */
    why = (struct why){0};
    *a = arena_new();
    enum err err = ben_parse(*a, cur_of(text, strlen(text)), out, &why);
    if (err != OK) {
        assert_null(*out);
        assert_int_equal(why.code, err);
        assert_true(why.text[0] != '\0');
    }
    return err;
}

static enum err verdict(const char *text)
{
    struct arena *a;
    const struct ben *b;
    enum err err = parse(&a, text, &b);
    arena_free(a);
    return err;
}

static void assert_str(struct cur c, const char *text)
{
    assert_int_equal(c.n, strlen(text));
    assert_memory_equal(c.p, text, c.n);
}

static void reads_the_examples_of_bep_3(void **state)
{
    (void)state;
    struct arena *a;
    const struct ben *b;
    assert_int_equal(parse(&a, "4:spam", &b), OK);
    assert_int_equal(b->type, BEN_STR);
    assert_str(b->str, "spam");
    arena_free(a);
    assert_int_equal(parse(&a, "i-3e", &b), OK);
    assert_int_equal(b->type, BEN_INT);
    assert_int_equal(b->i, -3);
    arena_free(a);
    assert_int_equal(parse(&a, "l4:spam4:eggse", &b), OK);
    assert_int_equal(b->type, BEN_LIST);
    assert_int_equal(b->count, 2);
    assert_str(b->kids->str, "spam");
    assert_str(b->kids->next->str, "eggs");
    assert_null(b->kids->next->next);
    arena_free(a);
    assert_int_equal(parse(&a, "d3:cow3:moo4:spam4:eggse", &b), OK);
    assert_str(ben_str(b, "cow"), "moo");
    assert_str(ben_str(b, "spam"), "eggs");
    arena_free(a);
    assert_int_equal(parse(&a, "d4:spaml1:a1:bee", &b), OK);
    assert_int_equal(ben_get(b, "spam", BEN_LIST)->count, 2);
    assert_str(ben_get(b, "spam", BEN_LIST)->raw, "l1:a1:be");
    arena_free(a);
}

static void integers_fill_64_bits_and_not_one_more(void **state)
{
    (void)state;
    struct arena *a;
    const struct ben *b;
    assert_int_equal(parse(&a, "i9223372036854775807e", &b), OK);
    assert_true(b->i == INT64_MAX);
    arena_free(a);
    assert_int_equal(parse(&a, "i-9223372036854775808e", &b), OK);
    assert_true(b->i == INT64_MIN);
    arena_free(a);
    assert_int_equal(verdict("i9223372036854775808e"), ERR_LIMIT);
    assert_int_equal(verdict("i-9223372036854775809e"), ERR_LIMIT);
    assert_int_equal(verdict("i18446744073709551616e"), ERR_LIMIT);
    assert_int_equal(verdict("i0e"), OK);
}

static void numbers_have_one_spelling(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "i03e",  "i-0e",  "i-03e",   "i00e", "ie",   "i-e",     "i+1e", "i1 e", "i 1e",
        "i--1e", "i1.0e", "04:spam", "00:",  "-1:a", "4 :spam", "i1x",  "+1:a", "0x1:a",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (verdict(wrong[i]) != ERR_INVALID)
            fail_msg("taken: %s", wrong[i]);
    assert_int_equal(verdict("0:"), OK);
}

static void no_length_is_believed_before_its_bytes_are_there(void **state)
{
    (void)state;
    assert_int_equal(verdict("d2222222222:l"), ERR_INVALID);
    assert_int_equal(verdict("5:spam"), ERR_INVALID);
    assert_int_equal(verdict("9223372036854775807:a"), ERR_INVALID);
    assert_int_equal(verdict("18446744073709551615:a"), ERR_LIMIT);
    assert_int_equal(verdict("99999999999999999999999999:a"), ERR_LIMIT);
}

static void every_truncation_is_an_error_and_so_is_one_byte_more(void **state)
{
    (void)state;
    const char whole[] = "d1:ad2:id20:abcdefghij0123456789e1:lli-1ei0e0:e1:q4:ping1:xi42ee";
    struct why why;
    for (size_t n = 0; n <= sizeof whole - 1; n++) {
        struct arena *a = arena_new();
        char *exact = mem_dup(whole, n); /* so that a read past the end is seen */
        const struct ben *b;
        enum err err = ben_parse(a, cur_of(exact, n), &b, &why);
        assert_int_equal(err, n == sizeof whole - 1 ? OK : ERR_INVALID);
        free(exact);
        arena_free(a);
    }
    assert_int_equal(verdict("i1ei2e"), ERR_INVALID);
    assert_int_equal(verdict("dee"), ERR_INVALID);
    assert_int_equal(verdict("e"), ERR_INVALID);
}

static void a_value_at_the_front_leaves_the_rest(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    const struct ben *b;
    struct why why;
    struct cur c = cur_of("d8:msg_typei1e5:piecei0ee<data>", 31);
    assert_int_equal(ben_parse_front(a, &c, &b, &why), OK);
    assert_int_equal(ben_int(b, "msg_type", 7), 1);
    assert_str(c, "<data>");
    struct cur broken = cur_of("d8:msg_typei1", 13);
    assert_int_equal(ben_parse_front(a, &broken, &b, &why), ERR_INVALID);
    assert_int_equal(broken.n, 13);
    arena_free(a);
}

static enum err nested(char open, size_t depth)
{
    struct buf b = {0};
    for (size_t i = 0; i < depth; i++)
        buf_str(&b, open == 'l' ? "l" : "d1:a");
    buf_str(&b, "0:");
    for (size_t i = 0; i < depth; i++)
        buf_u8(&b, 'e');
    struct arena *a = arena_new();
    const struct ben *out;
    struct why why;
    enum err err = ben_parse(a, buf_cur(&b), &out, &why);
    arena_free(a);
    buf_done(&b);
    return err;
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(nested('l', BEN_DEPTH), OK);
    assert_int_equal(nested('l', BEN_DEPTH + 1), ERR_LIMIT);
    assert_int_equal(nested('d', BEN_DEPTH), OK);
    assert_int_equal(nested('d', BEN_DEPTH + 1), ERR_LIMIT);
    assert_int_equal(nested('l', 1000000), ERR_LIMIT);
}

static enum err many(size_t count)
{
    struct buf b = {0};
    buf_u8(&b, 'l');
    for (size_t i = 0; i < count; i++)
        buf_str(&b, "0:");
    buf_u8(&b, 'e');
    struct arena *a = arena_new();
    const struct ben *out;
    struct why why;
    enum err err = ben_parse(a, buf_cur(&b), &out, &why);
    arena_free(a);
    buf_done(&b);
    return err;
}

static void the_number_of_values_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(many(BEN_NODES - 1), OK); /* and the list itself */
    assert_int_equal(many(BEN_NODES), ERR_LIMIT);
}

static void members_are_found_by_key_and_type(void **state)
{
    (void)state;
    struct arena *a;
    const struct ben *b;
    assert_int_equal(parse(&a, "d1:zi1e1:ai2e1:zi3e1:s0:e", &b), OK); /* out of order, and twice */
    assert_int_equal(ben_int(b, "z", -1), 1);
    assert_int_equal(ben_int(b, "a", -1), 2);
    assert_int_equal(ben_int(b, "s", -1), -1);
    assert_null(ben_get(b, "z", BEN_STR));
    assert_null(ben_get(b, "zz", BEN_INT));
    assert_null(ben_get(NULL, "z", BEN_INT));
    assert_null(ben_get(b->kids, "z", BEN_INT));
    assert_int_equal(ben_str(b, "nothing").n, 0);
    arena_free(a);
    assert_int_equal(parse(&a, "d1:zi1e1:z1:xe", &b), OK);
    assert_null(ben_get(b, "z", BEN_STR)); /* the first counts, whatever its type */
    arena_free(a);
    assert_int_equal(verdict("di1ei2ee"), ERR_INVALID); /* a key is a string */
    assert_int_equal(verdict("d1:ae"), ERR_INVALID);    /* and has a value */
}

static void raw_bytes_are_as_they_came(void **state)
{
    (void)state;
    struct arena *a;
    const struct ben *b;
    assert_int_equal(parse(&a, "d4:infod1:zi1e1:ai2ee1:q0:e", &b), OK);
    assert_str(ben_get(b, "info", BEN_DICT)->raw, "d1:zi1e1:ai2ee");
    assert_str(b->raw, "d4:infod1:zi1e1:ai2ee1:q0:e");
    arena_free(a);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_u8(&b, 'd');
    ben_put_key(&b, "min");
    ben_put_int(&b, INT64_MIN);
    ben_put_key(&b, "s");
    ben_put_str(&b, "a\0b", 3);
    buf_u8(&b, 'e');
    assert_int_equal(buf_len(&b), 37);
    assert_memory_equal(buf_bytes(&b), "d3:mini-9223372036854775808e1:s3:a\0be", 37);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_examples_of_bep_3),
        cmocka_unit_test(integers_fill_64_bits_and_not_one_more),
        cmocka_unit_test(numbers_have_one_spelling),
        cmocka_unit_test(no_length_is_believed_before_its_bytes_are_there),
        cmocka_unit_test(every_truncation_is_an_error_and_so_is_one_byte_more),
        cmocka_unit_test(a_value_at_the_front_leaves_the_rest),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(the_number_of_values_is_bounded),
        cmocka_unit_test(members_are_found_by_key_and_type),
        cmocka_unit_test(raw_bytes_are_as_they_came),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
