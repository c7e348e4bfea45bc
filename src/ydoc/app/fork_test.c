#include "ydoc/app/fork.h"

#include "base/mem.h"
#include "base/test.h"
#include "ydoc/doc.h"

#include <stdlib.h>

static void write(struct ydoc *d, const char *text)
{
    ydoc_begin(d);
    assert_int_equal(ytext_become(d, "text", cur_of(text, strlen(text)), NULL), OK);
    ydoc_commit(d, UPDATE_V1, NULL);
}

static void reads(struct ydoc *d, const char *want)
{
    struct buf text = {0};
    ydoc_text(d, "text", &text);
    char *is = buf_take_str(&text);
    assert_string_equal(is, want);
    free(is);
}

static struct buf base_of(struct ydoc *d)
{
    struct buf base = {0};
    ydoc_encode(d, UPDATE_V2, NULL, &base);
    return base;
}

static void what_others_typed_meanwhile_stays(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct buf update = {0}, after = {0}, text = {0};
    write(d, "one\ntwo\nthree\n");
    struct buf base = base_of(d);
    write(d, "zero\none\ntwo\nthree\n");
    assert_int_equal(
        fork_edit(buf_cur(&base), "text", cur_of("one\n2\nthree\n", 12), &update, &after, NULL),
        OK);
    assert_int_equal(ydoc_apply(d, UPDATE_V1, buf_cur(&update), NULL), OK);
    reads(d, "zero\none\n2\nthree\n");
    assert_int_equal(fork_text(buf_cur(&after), "text", &text, NULL), OK);
    assert_int_equal(buf_len(&text), 12);
    assert_memory_equal(buf_bytes(&text), "one\n2\nthree\n", 12);
    buf_done(&base);
    buf_done(&update);
    buf_done(&after);
    buf_done(&text);
    ydoc_free(d);
}

static void said_twice_it_is_one_change(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(1, true, 1);
    write(d, "a");
    struct buf base = base_of(d), first = {0}, second = {0};
    assert_int_equal(fork_edit(buf_cur(&base), "text", cur_of("ab", 2), &first, NULL, NULL), OK);
    assert_int_equal(fork_edit(buf_cur(&base), "text", cur_of("ab", 2), &second, NULL, NULL), OK);
    assert_int_equal(ydoc_apply(d, UPDATE_V1, buf_cur(&first), NULL), OK);
    write(d, "abc");
    assert_int_equal(ydoc_apply(d, UPDATE_V1, buf_cur(&second), NULL), OK);
    reads(d, "abc");
    buf_done(&base);
    buf_done(&first);
    buf_done(&second);
    ydoc_free(d);
}

static void what_is_no_text_or_no_base_is_refused(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct buf update = {0};
    struct why why;
    write(d, "a");
    struct buf base = base_of(d);
    assert_int_equal(fork_edit(buf_cur(&base), "text", cur_of("\xff", 1), &update, NULL, &why),
                     ERR_INVALID);
    for (size_t n = 0; n < buf_len(&base); n++)
        assert_int_not_equal(
            fork_edit(cur_of(buf_bytes(&base), n), "text", cur_of("b", 1), &update, NULL, &why),
            OK);
    assert_int_equal(buf_len(&update), 0);
    assert_int_equal(fork_edit(buf_cur(&base), "text", cur_of("a", 1), &update, NULL, &why), OK);
    assert_int_equal(buf_len(&update), 0);
    buf_done(&base);
    ydoc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_typed_meanwhile_stays),
        cmocka_unit_test(said_twice_it_is_one_change),
        cmocka_unit_test(what_is_no_text_or_no_base_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
