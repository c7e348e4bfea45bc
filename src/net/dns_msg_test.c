#include "net/dns_msg.h"

#include "base/buf.h"
#include "base/test.h"

#include <string.h>

/* An answer with one question for "_a.b" and no record yet. */
static void begin(struct buf *b, uint16_t answers)
{
    static const uint8_t question[] = {2, '_', 'a', 1, 'b', 0, 0, 16, 0, 1};
    buf_be32(b, 0x12348180);
    buf_be16(b, 1);
    buf_be16(b, answers);
    buf_be32(b, 0);
    buf_put(b, question, sizeof question);
}

static void record(struct buf *b, uint16_t type, uint16_t class, const char *data, size_t n)
{
    buf_be16(b, 0xc00c);
    buf_be16(b, type);
    buf_be16(b, class);
    buf_be32(b, 60);
    buf_be16(b, (uint16_t)n);
    buf_put(b, data, n);
}

static void strings_of_a_record_are_one_text(void **state)
{
    struct buf b = {0};
    struct dns_texts t;
    (void)state;
    begin(&b, 4);
    record(&b, 5, 1, "\1x\0", 3); /* an alias */
    record(&b, 16, 1, "\3abc\2de", 7);
    record(&b, 16, 3, "\3abc", 4); /* of another class */
    record(&b, 16, 1, "\1z", 2);
    assert_int_equal(dns_texts_decode(&t, buf_cur(&b), NULL), OK);
    assert_int_equal(t.count, 2);
    assert_string_equal(t.text[0], "abcde");
    assert_string_equal(t.text[1], "z");
    dns_texts_done(&t);
    buf_done(&b);
}

static void what_is_no_text_is_passed_over(void **state)
{
    static const char nul[] = {3, 'a', 0, 'b'};
    struct buf b = {0}, most = {0};
    struct dns_texts t;
    (void)state;
    for (unsigned i = 0; i < RESOLVE_TEXT_MAX / 128; i++) {
        buf_u8(&most, 128);
        for (unsigned k = 0; k < 128; k++)
            buf_u8(&most, 'x');
    }
    begin(&b, 5);
    record(&b, 16, 1, nul, sizeof nul);
    record(&b, 16, 1, "\0", 1);
    record(&b, 16, 1, "\7ab", 3); /* longer than its record */
    record(&b, 16, 1, (char *)buf_bytes(&most), buf_len(&most));
    buf_put(&most, "\1y", 2);
    record(&b, 16, 1, (char *)buf_bytes(&most), buf_len(&most));
    assert_int_equal(dns_texts_decode(&t, buf_cur(&b), NULL), OK);
    assert_int_equal(t.count, 1);
    assert_int_equal(strlen(t.text[0]), RESOLVE_TEXT_MAX);
    dns_texts_done(&t);
    buf_done(&b);
    buf_done(&most);
}

static void texts_past_the_limit_are_passed_over(void **state)
{
    struct buf b = {0};
    struct dns_texts t;
    (void)state;
    begin(&b, RESOLVE_TEXTS_MAX + 1);
    for (unsigned i = 0; i < RESOLVE_TEXTS_MAX + 1; i++)
        record(&b, 16, 1, "\1x", 2);
    assert_int_equal(dns_texts_decode(&t, buf_cur(&b), NULL), OK);
    assert_int_equal(t.count, RESOLVE_TEXTS_MAX);
    dns_texts_done(&t);
    buf_done(&b);
}

static void cut_short_is_refused(void **state)
{
    struct buf b = {0};
    struct dns_texts t;
    (void)state;
    begin(&b, 2);
    record(&b, 16, 1, "\3abc", 4);
    record(&b, 16, 1, "\3abc", 4);
    for (size_t n = 0; n < buf_len(&b); n++) {
        assert_int_equal(dns_texts_decode(&t, cur_of(buf_bytes(&b), n), NULL), ERR_INVALID);
        assert_int_equal(t.count, 0);
    }
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_of_a_record_are_one_text),
        cmocka_unit_test(what_is_no_text_is_passed_over),
        cmocka_unit_test(texts_past_the_limit_are_passed_over),
        cmocka_unit_test(cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
