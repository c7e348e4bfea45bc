#include "files/owner/scan_msg.h"

#include "base/mem.h"
#include "base/test.h"

#include <string.h>

static void is(const char *text, size_t n, enum scan_verdict want, const char *want_words)
{
    enum scan_verdict verdict;
    char words[SCAN_WORDS];
    assert_true(scan_read_answer(cur_of(text, n), false, &verdict, words));
    assert_int_equal(verdict, want);
    assert_string_equal(words, want_words);
}

#define IS(text, want, words) is(text, sizeof text, want, words)

static void each_answer_of_clamd_is_known(void **state)
{
    (void)state;
    IS("stream: OK", SCAN_CLEAN, "");
    IS("stream: Win.Test.EICAR_HDB-1 FOUND", SCAN_INFECTED, "Win.Test.EICAR_HDB-1");
    IS("INSTREAM size limit exceeded. ERROR", SCAN_ERROR, "INSTREAM size limit exceeded.");
    IS("UNKNOWN COMMAND", SCAN_ERROR, "UNKNOWN COMMAND");
    IS("", SCAN_ERROR, "no answer");
}

static void only_the_words_of_a_clean_answer_are_clean(void **state)
{
    (void)state;
    IS("stream: OK FOUND", SCAN_INFECTED, "OK");
    IS("stream: OKAY", SCAN_ERROR, "stream: OKAY");
    IS("stream: OK ", SCAN_ERROR, "stream: OK ");
    IS("x stream: OK", SCAN_ERROR, "x stream: OK");
    IS("stream:  FOUND", SCAN_ERROR, "stream:  FOUND");
    IS("stream: a\x1b[2J FOUND", SCAN_INFECTED, "a\\x1b[2J");
}

static void a_part_of_an_answer_is_none_until_it_ends(void **state)
{
    (void)state;
    static const char ok[] = "stream: OK";
    enum scan_verdict verdict;
    char words[SCAN_WORDS], many[SCAN_ANSWER_MAX];
    for (size_t n = 0; n < sizeof ok; n++)
        assert_false(scan_read_answer(cur_of(ok, n), false, &verdict, words));
    /* Without its NUL it may have been cut: no verdict that lets anything through. */
    assert_true(scan_read_answer(cur_of(ok, sizeof ok - 1), true, &verdict, words));
    assert_int_equal(verdict, SCAN_ERROR);
    memset(many, 'a', sizeof many);
    assert_false(scan_read_answer(cur_of(many, sizeof many - 1), false, &verdict, words));
    assert_true(scan_read_answer(cur_of(many, sizeof many), false, &verdict, words));
    assert_int_equal(verdict, SCAN_ERROR);
}

static void a_stream_is_framed(void **state)
{
    (void)state;
    struct buf b = {0};
    scan_put_begin(&b);
    scan_put_chunk(&b, "abc", 3);
    scan_put_chunk(&b, NULL, 0);
    assert_int_equal(buf_len(&b), 10 + 7 + 4);
    assert_memory_equal(buf_bytes(&b), "zINSTREAM\0\0\0\0\3abc\0\0\0\0", 21);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_of_clamd_is_known),
        cmocka_unit_test(only_the_words_of_a_clean_answer_are_clean),
        cmocka_unit_test(a_part_of_an_answer_is_none_until_it_ends),
        cmocka_unit_test(a_stream_is_framed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
