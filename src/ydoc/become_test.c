#include "base/mem.h"
#include "base/test.h"
#include "ydoc/any.h"
#include "ydoc/diff.h"
#include "ydoc/doc.h"

#include <stdlib.h>

static void write(struct ydoc *d, const char *text)
{
    struct why why;
    ydoc_begin(d);
    assert_int_equal(ytext_become(d, "text", cur_of(text, strlen(text)), &why), OK);
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

static void embed(struct ydoc *d, uint64_t at)
{
    struct buf value = {0};
    any_put_text(&value, "picture", 7);
    ydoc_begin(d);
    assert_int_equal(ytext_embed(d, "text", at, buf_cur(&value), NULL, NULL), OK);
    ydoc_commit(d, UPDATE_V1, NULL);
    buf_done(&value);
}

static void a_text_reads_as_it_was_asked_to(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(1, true, 1);
    static const char *const texts[] = {"one\ntwo\n",   "one\n2\nthree\n", "",
                                        "\U0001F600 a", "\U0001F601 ab",   "b"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write(d, texts[i]);
        reads(d, texts[i]);
    }
    ydoc_free(d);
}

static void what_is_no_text_stays_where_it_is(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct buf delta = {0};
    write(d, "abcdefgh");
    embed(d, 2);
    embed(d, 2);
    embed(d, 7); /* ab##cde#fgh */
    embed(d, 11);
    write(d, "aXcghYZ"); /* b goes, def goes with one in it */
    reads(d, "aXcghYZ");
    ydoc_delta(d, "text", &delta);
    char *is = buf_take_str(&delta);
    assert_string_equal(is,
                        "[{\"insert\":\"aX\"},{\"insert\":\"picture\"},{\"insert\":\"picture\"},"
                        "{\"insert\":\"c\"},{\"insert\":\"picture\"},{\"insert\":\"ghYZ\"},"
                        "{\"insert\":\"picture\"}]");
    free(is);
    ydoc_free(d);
}

static void whatever_stands_in_it_any_text_becomes_any_other(void **state)
{
    (void)state;
    uint32_t seed = 5;
    struct ydoc *d = ydoc_new(1, true, 1);
    for (uint64_t i = 0; i < 2000; i++) {
        char text[40] = "";
        seed = seed * 1664525 + 1013904223;
        for (size_t k = 0; k < (seed >> 8) % 30; k++)
            text[k] = "abc\n"[(seed >> (k % 24)) % 4];
        write(d, text);
        reads(d, text);
        if (i % 100 < 8)
            embed(d, (seed >> 16) % (ydoc_length(d, "text") + 1));
        assert_int_equal(ydoc_length(d, "text") - strlen(text),
                         i / 100 * 8 + (i % 100 < 8 ? i % 100 + 1 : 8));
    }
    ydoc_free(d);
}

/* An editor that was opened before, and saved after, somebody else typed. */
static void who_wrote_meanwhile_is_not_overwritten(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(1, true, 1), *fork = ydoc_new(2, true, 1);
    struct buf all = {0}, change = {0};
    struct why why;
    write(d, "milk\nbread\n");
    ydoc_encode(d, UPDATE_V2, NULL, &all);
    assert_int_equal(ydoc_apply(fork, UPDATE_V2, buf_cur(&all), &why), OK);
    write(d, "milk\nbutter\nbread\n");
    ydoc_begin(fork);
    assert_int_equal(ytext_become(fork, "text", cur_of("2 milk\nbread!\n", 14), &why), OK);
    ydoc_commit(fork, UPDATE_V1, &change);
    assert_int_equal(ydoc_apply(d, UPDATE_V1, buf_cur(&change), &why), OK);
    reads(d, "2 milk\nbutter\nbread!\n");
    buf_done(&all);
    buf_done(&change);
    ydoc_free(fork);
    ydoc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_reads_as_it_was_asked_to),
        cmocka_unit_test(what_is_no_text_stays_where_it_is),
        cmocka_unit_test(whatever_stands_in_it_any_text_becomes_any_other),
        cmocka_unit_test(who_wrote_meanwhile_is_not_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
