#include "tunnel/head_msg.h"

#include "base/pb.h"
#include "base/test.h"

#include <stdio.h>

static struct buf ask_for(const char *service, const char *host, uint16_t port)
{
    struct head_ask a = {.port = port};
    struct buf b = {0};
    snprintf(a.service, sizeof a.service, "%s", service);
    snprintf(a.host, sizeof a.host, "%s", host);
    head_put_ask(&b, &a);
    return b;
}

static void a_question_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct head_ask got;
    struct buf b = ask_for("web", "", 0);
    assert_memory_equal(buf_bytes(&b), "\x0a\x03web\x22\x10", 7);
    assert_int_equal(head_read_ask(&got, buf_cur(&b), NULL), OK);
    assert_string_equal(got.service, "web");
    assert_string_equal(got.host, "");
    buf_done(&b);
    b = ask_for("", "example.org", 443);
    assert_int_equal(head_read_ask(&got, buf_cur(&b), NULL), OK);
    assert_string_equal(got.service, "");
    assert_string_equal(got.host, "example.org");
    assert_int_equal(got.port, 443);
    buf_done(&b);
}

static void a_question_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct head_ask got;
    struct why why;
    struct buf b = ask_for("", "example.org", 443);
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_equal(head_read_ask(&got, cur_of(buf_bytes(&b), n), &why), ERR_INVALID);
    buf_done(&b);
    b = ask_for("w", "", 0);
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_equal(head_read_ask(&got, cur_of(buf_bytes(&b), n), &why), ERR_INVALID);
    buf_done(&b);
}

static enum err read(const char *service, const char *host, uint64_t port)
{
    struct head_ask got;
    struct buf b = {0};
    pb_put_bytes(&b, 4, "0123456789abcdef", 16);
    if (service)
        pb_put_str(&b, 1, service);
    if (host)
        pb_put_str(&b, 2, host);
    if (port)
        pb_put_uint(&b, 3, port);
    pb_put_str(&b, 9, "of a later version");
    enum err code = head_read_ask(&got, buf_cur(&b), NULL);
    buf_done(&b);
    return code;
}

static void it_is_for_a_service_or_for_a_host_and_a_port(void **state)
{
    (void)state;
    assert_int_equal(read("web", NULL, 0), OK);
    assert_int_equal(read(NULL, "a.b", 1), OK);
    assert_int_equal(read(NULL, "2001:db8::1", 65535), OK);
    assert_int_equal(read("web", "a.b", 1), ERR_INVALID);
    assert_int_equal(read("web", NULL, 1), ERR_INVALID);
    assert_int_equal(read(NULL, "a.b", 0), ERR_INVALID);
    assert_int_equal(read(NULL, "a.b", 65536), ERR_INVALID);
    assert_int_equal(read("we b", NULL, 0), ERR_INVALID);
    assert_int_equal(read("1web", NULL, 0), ERR_INVALID);
    assert_int_equal(read("a/b", NULL, 0), ERR_INVALID);
    assert_int_equal(read(NULL, "fe80::1%eth0", 80), ERR_INVALID);
    assert_int_equal(read(NULL, "a b", 80), ERR_INVALID);
    assert_int_equal(read(NULL, "a\r\nb", 80), ERR_INVALID);
}

static void what_goes_on_says_how_far_it_is(void **state)
{
    (void)state;
    struct head_ask a = {.resumes = true, .got = UINT64_MAX, .session = "0123456789abcde"}, got;
    struct buf b = {0};
    head_put_ask(&b, &a);
    assert_int_equal(head_read_ask(&got, buf_cur(&b), NULL), OK);
    assert_true(got.resumes && got.got == UINT64_MAX);
    assert_memory_equal(got.session, a.session, sizeof a.session);
    buf_done(&b);
    struct head_answer yes = {.got = 1 << 20}, heard;
    head_put_answer(&b, &yes);
    assert_int_equal(head_read_answer(&heard, buf_cur(&b), NULL), OK);
    assert_int_equal(heard.got, 1 << 20);
    buf_done(&b);
}

static void without_a_session_of_sixteen_bytes_nothing_is_asked(void **state)
{
    (void)state;
    struct head_ask got;
    for (size_t n = 0; n <= 20; n++) {
        struct buf b = {0};
        pb_put_str(&b, 1, "web");
        pb_put_bytes(&b, 4, "0123456789abcdefghijk", n);
        assert_int_equal(head_read_ask(&got, buf_cur(&b), NULL), n == 16 ? OK : ERR_INVALID);
        buf_done(&b);
    }
    assert_int_equal(head_read_ask(&got, cur_of("\x0a\x03web", 5), NULL), ERR_INVALID);
}

static void names_are_as_long_as_they_may_be(void **state)
{
    (void)state;
    char name[HEAD_HOST_MAX + 2];
    memset(name, 'x', sizeof name);
    name[HEAD_SERVICE_MAX + 1] = 0;
    assert_int_equal(read(name, NULL, 0), ERR_INVALID);
    name[HEAD_SERVICE_MAX] = 0;
    assert_int_equal(read(name, NULL, 0), OK);
    memset(name, 'x', sizeof name);
    name[HEAD_HOST_MAX + 1] = 0;
    assert_int_equal(read(NULL, name, 1), ERR_INVALID);
    name[HEAD_HOST_MAX] = 0;
    assert_int_equal(read(NULL, name, 1), OK);
}

static void a_message_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct head_ask got;
    struct head_answer answer;
    uint8_t many[HEAD_MAX + 1] = {0};
    assert_int_equal(head_read_ask(&got, cur_of(many, sizeof many), NULL), ERR_LIMIT);
    assert_int_equal(head_read_answer(&answer, cur_of(many, sizeof many), NULL), ERR_LIMIT);
}

static void an_answer_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (unsigned code = HEAD_OK; code <= HEAD_OTHER; code++) {
        struct buf b = {0};
        struct head_answer got;
        head_put_answer(&b, &(struct head_answer){(enum head_code)code, "so it is", 0});
        assert_int_equal(head_read_answer(&got, buf_cur(&b), NULL), OK);
        assert_int_equal(got.code, code);
        assert_string_equal(got.words, "so it is");
        for (size_t n = 3; n < buf_len(&b); n++)
            assert_int_equal(head_read_answer(&got, cur_of(buf_bytes(&b), n), NULL), ERR_INVALID);
        buf_done(&b);
    }
}

static void what_a_peer_says_cannot_drive_a_terminal(void **state)
{
    (void)state;
    struct head_answer got;
    struct buf b = {0};
    pb_put_uint(&b, 1, 77);
    pb_put_bytes(&b, 2, "a\x1b[2J\nb\x7f\xff\xe2\x80\xae", 12);
    assert_int_equal(head_read_answer(&got, buf_cur(&b), NULL), OK);
    assert_int_equal(got.code, HEAD_OTHER);
    assert_string_equal(got.words, "a [2J b   ");
    buf_done(&b);
}

static void words_are_cut_at_a_whole_character(void **state)
{
    (void)state;
    struct head_answer got;
    struct buf b = {0};
    char words[HEAD_WORDS_MAX + 3];
    memset(words, 'x', sizeof words);
    memcpy(words + HEAD_WORDS_MAX - 1, "\xc3\xa4", 2);
    words[sizeof words - 1] = 0;
    pb_put_uint(&b, 1, HEAD_DENIED);
    pb_put_str(&b, 2, words);
    assert_int_equal(head_read_answer(&got, buf_cur(&b), NULL), OK);
    assert_int_equal(strlen(got.words), HEAD_WORDS_MAX - 1);
    buf_done(&b);
}

/* No code is no consent. */
static void an_empty_answer_gives_nothing(void **state)
{
    (void)state;
    struct head_answer got;
    assert_int_equal(head_read_answer(&got, cur_of(NULL, 0), NULL), OK);
    assert_int_equal(got.code, HEAD_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_read_as_it_was_written),
        cmocka_unit_test(a_question_cut_anywhere_is_refused),
        cmocka_unit_test(it_is_for_a_service_or_for_a_host_and_a_port),
        cmocka_unit_test(what_goes_on_says_how_far_it_is),
        cmocka_unit_test(without_a_session_of_sixteen_bytes_nothing_is_asked),
        cmocka_unit_test(names_are_as_long_as_they_may_be),
        cmocka_unit_test(a_message_that_is_too_long_is_refused),
        cmocka_unit_test(an_answer_is_read_as_it_was_written),
        cmocka_unit_test(what_a_peer_says_cannot_drive_a_terminal),
        cmocka_unit_test(words_are_cut_at_a_whole_character),
        cmocka_unit_test(an_empty_answer_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
