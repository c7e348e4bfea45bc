#include "host/mux/multistream_msg.h"

#include "base/mem.h"
#include "base/test.h"

static enum err read_it(const void *bytes, size_t n, char *name)
{
    char other[MULTISTREAM_NAME_MAX + 1];
    struct cur c = cur_of(bytes, n);
    struct why why = {0};
    enum err err = multistream_read(&c, name ? name : other, &why);
    assert_true(err == OK || why.text[0]);
    if (err == OK)
        assert_true(cur_done(&c));
    return err;
}

static void the_specification_s_example_is_written_and_read(void **state)
{
    (void)state;
    char name[MULTISTREAM_NAME_MAX + 1];
    struct buf out = {0};
    multistream_write(&out, "na"); /* "0x036e610a" */
    assert_int_equal(buf_len(&out), 4);
    assert_memory_equal(buf_bytes(&out), "\x03na\n", 4);
    assert_int_equal(read_it(buf_bytes(&out), 4, name), OK);
    assert_string_equal(name, "na");
    buf_clear(&out);
    multistream_write(&out, MULTISTREAM_HEADER);
    assert_int_equal(buf_len(&out), MULTISTREAM_HEADER_LEN);
    assert_memory_equal(buf_bytes(&out), "\x13/multistream/1.0.0\n", MULTISTREAM_HEADER_LEN);
    buf_done(&out);
}

static void a_name_of_every_length_is_read_byte_by_byte_and_not_past_its_end(void **state)
{
    (void)state;
    char name[MULTISTREAM_NAME_MAX + 1] = "", got[MULTISTREAM_NAME_MAX + 1];
    for (size_t n = 1; n <= MULTISTREAM_NAME_MAX; n++) {
        struct buf out = {0};
        size_t have = 0, more = 1;
        name[n - 1] = 'x';
        multistream_write(&out, name);
        size_t whole = buf_len(&out);
        buf_str(&out, "more");
        while (more > 0) {
            assert_int_equal(multistream_more(cur_of(buf_bytes(&out), have), &more, NULL), OK);
            assert_true(have + more <= whole);
            if (more > 0) {
                assert_int_not_equal(read_it(buf_bytes(&out), have, NULL), OK);
                have++;
            }
        }
        assert_int_equal(have, whole);
        assert_int_equal(read_it(buf_bytes(&out), whole, got), OK);
        assert_string_equal(got, name);
        buf_done(&out);
    }
}

static void one_byte_past_the_limit_is_refused_by_its_length_alone(void **state)
{
    (void)state;
    size_t more;
    assert_int_equal(multistream_more(cur_of("\x81\x02", 2), &more, NULL), OK); /* 257 */
    assert_int_equal(more, 257);
    assert_int_equal(multistream_more(cur_of("\x82\x02", 2), &more, NULL), ERR_LIMIT);
    assert_int_equal(multistream_more(cur_of("\xff\x7f", 2), &more, NULL), ERR_LIMIT);
    assert_int_equal(multistream_more(cur_of("\xff\xff", 2), &more, NULL), ERR_LIMIT);
    assert_int_equal(multistream_more(cur_of("\x80\x80\x80", 3), &more, NULL), ERR_LIMIT);
}

static void lengths_that_are_not_minimal_or_leave_no_room_are_refused(void **state)
{
    (void)state;
    size_t more;
    assert_int_equal(multistream_more(cur_of("\x83\x00na\n", 5), &more, NULL), ERR_INVALID);
    assert_int_equal(multistream_more(cur_of("\x00", 1), &more, NULL), ERR_INVALID);
    assert_int_equal(multistream_more(cur_of("\x01\n", 2), &more, NULL), ERR_INVALID);
}

static void what_is_no_line_is_refused(void **state)
{
    (void)state;
    assert_int_equal(read_it("\x03nap", 4, NULL), ERR_INVALID);
    assert_int_equal(read_it("\x03n\n\n", 4, NULL), ERR_INVALID);
    assert_int_equal(read_it("\x03n\0\n", 4, NULL), ERR_INVALID);
    assert_int_equal(read_it("\x02\n\n", 3, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specification_s_example_is_written_and_read),
        cmocka_unit_test(a_name_of_every_length_is_read_byte_by_byte_and_not_past_its_end),
        cmocka_unit_test(one_byte_past_the_limit_is_refused_by_its_length_alone),
        cmocka_unit_test(lengths_that_are_not_minimal_or_leave_no_room_are_refused),
        cmocka_unit_test(what_is_no_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
