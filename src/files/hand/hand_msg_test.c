#include "files/hand/hand_msg.h"

#include "base/pb.h"
#include "base/test.h"
#include "files/hand/hand_code.h"

static const uint8_t bytes[CPACE_KEY_LEN] = {1, 2, 3};

static struct hand_msg full(void)
{
    return (struct hand_msg){.number = 4,
                             .said = HAND_WRONG,
                             .session = cur_of(bytes, HAND_SESSION_LEN),
                             .share = cur_of(bytes, CPACE_LEN),
                             .tag = cur_of(bytes, CPACE_KEY_LEN),
                             .offer = cur_of("offer", 5)};
}

static void is(struct cur c, struct cur want)
{
    assert_int_equal(c.n, want.n);
    assert_memory_equal(c.p, want.p, want.n);
}

static void what_is_said_reads_back(void **state)
{
    (void)state;
    struct hand_msg m = full(), back;
    struct buf b = {0};
    struct why why;
    hand_msg_put(&b, &m);
    assert_int_equal(hand_msg_read(&back, buf_cur(&b), &why), OK);
    assert_int_equal(back.number, 4);
    assert_int_equal(back.said, HAND_WRONG);
    is(back.session, m.session);
    is(back.share, m.share);
    is(back.tag, m.tag);
    is(back.offer, m.offer);
    buf_done(&b);
}

static void nothing_is_a_message_too(void **state)
{
    (void)state;
    struct hand_msg back;
    struct why why;
    assert_int_equal(hand_msg_read(&back, cur_of(NULL, 0), &why), OK);
    assert_null(back.share.p);
    assert_int_equal(back.said, HAND_YES);
}

static void a_message_cut_short_is_refused_or_says_less(void **state)
{
    (void)state;
    struct hand_msg m = full(), back;
    struct buf b = {0};
    struct why why;
    hand_msg_put(&b, &m);
    for (size_t n = 1; n < buf_len(&b); n++)
        if (hand_msg_read(&back, cur_of(buf_bytes(&b), n), &why) == OK)
            assert_null(back.offer.p);
    buf_done(&b);
}

static void refused(const struct buf *b)
{
    struct hand_msg back;
    struct why why = {0};
    assert_int_equal(hand_msg_read(&back, buf_cur(b), &why), ERR_INVALID);
    assert_true(why.text[0]);
}

/* A share, a tag or a session of another length; a number past the last; all one past. */
static void lengths_and_numbers_are_exact(void **state)
{
    (void)state;
    static const struct {
        uint32_t field;
        size_t len;
    } wrong[] = {{2, HAND_SESSION_LEN - 1},
                 {2, HAND_SESSION_LEN + 1},
                 {3, CPACE_LEN + 1},
                 {3, 0},
                 {5, CPACE_KEY_LEN - 1}};
    struct hand_msg back;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buf b = {0};
        pb_put_bytes(&b, wrong[i].field, bytes, wrong[i].len);
        refused(&b);
        buf_done(&b);
    }
    struct buf b = {0};
    pb_put_uint(&b, 1, HAND_NAMEPLATE_MAX);
    assert_int_equal(hand_msg_read(&back, buf_cur(&b), NULL), OK);
    buf_clear(&b);
    pb_put_uint(&b, 1, HAND_NAMEPLATE_MAX + 1);
    refused(&b);
    buf_clear(&b);
    pb_put_uint(&b, 4, 77); /* of a later version: no */
    assert_int_equal(hand_msg_read(&back, buf_cur(&b), NULL), OK);
    assert_int_equal(back.said, HAND_NO);
    buf_done(&b);
}

static void what_is_wanted_reads_back(void **state)
{
    (void)state;
    struct hand_want w = {.chunk = 70000, .end = HAND_DECLINED}, back;
    struct buf b = {0};
    struct why why;
    w.token[15] = 9;
    hand_want_put(&b, &w);
    assert_true(buf_len(&b) <= HAND_SMALL_MAX);
    assert_int_equal(hand_want_read(&back, buf_cur(&b), &why), OK);
    assert_memory_equal(back.token, w.token, HAND_TOKEN_LEN);
    assert_int_equal(back.chunk, 70000);
    assert_int_equal(back.end, HAND_DECLINED);
    assert_int_equal(hand_want_read(&back, cur_of(buf_bytes(&b), 10), &why), ERR_INVALID);
    assert_int_equal(hand_want_read(&back, cur_of(NULL, 0), &why), ERR_INVALID);
    buf_done(&b);
}

static void a_frame_waits_for_its_last_byte(void **state)
{
    (void)state;
    struct buf b = {0};
    struct hand_frame f;
    struct why why;
    enum err err;
    hand_frame_put_chunk(&b, bytes);
    for (size_t n = 0; n < HAND_FRAME_MAX; n++) {
        struct cur c = cur_of(buf_bytes(&b), n);
        assert_false(hand_frame_read(&f, &c, &err, &why));
        assert_int_equal(err, OK);
        assert_int_equal(c.n, n); /* nothing was taken */
    }
    buf_str(&b, "and its bytes");
    struct cur c = buf_cur(&b);
    assert_true(hand_frame_read(&f, &c, &err, &why));
    assert_int_equal(f.kind, HAND_FRAME_CHUNK);
    assert_memory_equal(f.hash, bytes, SHA256_LEN);
    assert_int_equal(c.n, strlen("and its bytes"));
    buf_done(&b);
}

static void the_last_words_drive_no_terminal(void **state)
{
    (void)state;
    struct buf b = {0};
    struct hand_frame f;
    struct why why;
    enum err err;
    hand_frame_put_end(&b, "gone\033[2J \xff bye");
    struct cur c = buf_cur(&b);
    assert_true(hand_frame_read(&f, &c, &err, &why));
    assert_int_equal(f.kind, HAND_FRAME_END);
    assert_string_equal(f.words, "gone [2J   bye");
    buf_done(&b);
}

static void what_is_no_frame_is_refused(void **state)
{
    (void)state;
    struct hand_frame f;
    struct why why;
    enum err err;
    struct cur c = cur_of("\0", 1), many = cur_of("\x02\xc9", 2);
    assert_false(hand_frame_read(&f, &c, &err, &why));
    assert_int_equal(err, ERR_INVALID);
    assert_false(hand_frame_read(&f, &many, &err, &why)); /* one word too long, seen at once */
    assert_int_equal(err, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_reads_back),
        cmocka_unit_test(nothing_is_a_message_too),
        cmocka_unit_test(a_message_cut_short_is_refused_or_says_less),
        cmocka_unit_test(lengths_and_numbers_are_exact),
        cmocka_unit_test(what_is_wanted_reads_back),
        cmocka_unit_test(a_frame_waits_for_its_last_byte),
        cmocka_unit_test(the_last_words_drive_no_terminal),
        cmocka_unit_test(what_is_no_frame_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
