#include "ydoc/share/greet_msg.h"

#include "base/pb.h"
#include "ydoc/share/share_roster_test.h"

static struct greet some_greeting(void)
{
    struct greet g = {.doc = test_doc(1).id,
                      .roster = cur_of("signed", 6),
                      .joins = true,
                      .name = "ann",
                      .code = GREET_BUSY,
                      .words = "later"};
    memset(g.token, 7, sizeof g.token);
    return g;
}

static void a_greeting_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct greet g = some_greeting(), got;
    struct buf b = {0};
    greet_put(&g, &b);
    assert_int_equal(greet_read(&got, buf_cur(&b), NULL), OK);
    assert_memory_equal(&got.doc, &g.doc, sizeof g.doc);
    assert_int_equal(got.roster.n, 6);
    assert_memory_equal(got.roster.p, "signed", 6);
    assert_true(got.joins);
    assert_memory_equal(got.token, g.token, sizeof g.token);
    assert_string_equal(got.name, "ann");
    assert_string_equal(got.words, "later");
    assert_int_equal(got.code, GREET_BUSY);
    buf_done(&b);
}

static void a_greeting_cut_anywhere_is_refused_or_another(void **state)
{
    (void)state;
    struct greet g = {.doc = test_doc(1).id}, got;
    struct buf b = {0};
    struct why why;
    greet_put(&g, &b);
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_equal(greet_read(&got, cur_of(buf_bytes(&b), n), &why), ERR_INVALID);
    assert_int_equal(greet_read(&got, buf_cur(&b), &why), OK);
    assert_false(got.joins);
    assert_int_equal(got.code, GREET_OK);
    buf_done(&b);
}

static enum err read(uint64_t version, size_t doc, size_t token, uint64_t code, struct greet *got)
{
    static const uint8_t zeros[64];
    struct buf b = {0};
    pb_put_uint(&b, 1, version);
    pb_put_bytes(&b, 2, zeros, doc);
    pb_put_bytes(&b, 4, zeros, token);
    pb_put_uint(&b, 6, code);
    enum err err = greet_read(got, buf_cur(&b), NULL);
    buf_done(&b);
    return err;
}

static void wrong_lengths_versions_and_sizes_are_refused(void **state)
{
    (void)state;
    struct greet got;
    struct buf b = {0};
    assert_int_equal(read(1, 32, 16, 0, &got), OK);
    assert_int_equal(read(1, 31, 16, 0, &got), ERR_INVALID);
    assert_int_equal(read(1, 33, 16, 0, &got), ERR_INVALID);
    assert_int_equal(read(1, 32, 15, 0, &got), ERR_INVALID);
    assert_int_equal(read(0, 32, 16, 0, &got), ERR_INVALID);
    assert_int_equal(read(2, 32, 16, 0, &got), ERR_UNSUPPORTED);
    assert_int_equal(read(1, 32, 16, 1000, &got), OK);
    assert_int_equal(got.code, GREET_OTHER);
    for (size_t i = 0; i <= GREET_MAX; i++)
        buf_u8(&b, 0);
    assert_int_equal(greet_read(&got, buf_cur(&b), NULL), ERR_LIMIT);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_is_read_as_it_was_written),
        cmocka_unit_test(a_greeting_cut_anywhere_is_refused_or_another),
        cmocka_unit_test(wrong_lengths_versions_and_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
