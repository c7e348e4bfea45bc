#include "net/ws_inbox.h"

#include "base/test.h"

static const uint8_t mask[4] = {1, 2, 3, 4};

/* One frame of a client; not the last of its message unless told. */
static void put(struct ws_inbox *in, enum ws_opcode opcode, const char *text, bool last)
{
    struct buf b = {0};
    ws_put_frame(&b, opcode, mask, text, strlen(text));
    if (!last)
        buf_bytes(&b)[0] &= 0x7f;
    buf_put(&in->raw, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
}

static void next_is(struct ws_inbox *in, enum ws_opcode opcode, const char *text)
{
    enum ws_opcode is;
    enum ws_code code;
    struct cur payload;
    struct why why;
    assert_int_equal(ws_inbox_next(in, &is, &payload, &code, &why), 1);
    assert_int_equal(is, opcode);
    assert_int_equal(payload.n, strlen(text));
    assert_memory_equal(payload.p, text, payload.n);
}

static int next(struct ws_inbox *in, enum ws_code *code)
{
    enum ws_opcode opcode;
    struct cur payload;
    return ws_inbox_next(in, &opcode, &payload, code, NULL);
}

static void messages_come_whole_also_in_parts_with_pings_between(void **state)
{
    (void)state;
    struct ws_inbox in = {.max = 20};
    enum ws_code code;
    put(&in, WS_BINARY, "one", true);
    put(&in, WS_BINARY, "tw", false);
    put(&in, WS_PING, "?", true);
    put(&in, WS_CONTINUATION, "", false);
    put(&in, WS_CONTINUATION, "o", true);
    put(&in, WS_BINARY, "", true);
    next_is(&in, WS_BINARY, "one");
    next_is(&in, WS_PING, "?");
    next_is(&in, WS_BINARY, "two");
    next_is(&in, WS_BINARY, "");
    assert_int_equal(next(&in, &code), WS_MORE);
    ws_inbox_done(&in);
}

static void a_frame_that_is_cut_short_waits_for_the_rest(void **state)
{
    (void)state;
    struct buf whole = {0};
    enum ws_code code;
    ws_put_frame(&whole, WS_BINARY, mask, "hello", 5);
    for (size_t n = 0; n < buf_len(&whole); n++) {
        struct ws_inbox in = {.max = 20};
        buf_put(&in.raw, buf_bytes(&whole), n);
        assert_int_equal(next(&in, &code), WS_MORE);
        buf_put(&in.raw, buf_bytes(&whole) + n, buf_len(&whole) - n);
        next_is(&in, WS_BINARY, "hello");
        ws_inbox_done(&in);
    }
    buf_done(&whole);
}

static void refused(const char *first, bool last, enum ws_opcode opcode, const char *second,
                    enum ws_code want)
{
    struct ws_inbox in = {.max = 10};
    enum ws_code code;
    put(&in, WS_BINARY, first, last);
    put(&in, opcode, second, true);
    int got = next(&in, &code);
    if (got == 1)
        got = next(&in, &code);
    assert_int_equal(got, WS_BAD);
    assert_int_equal(code, want);
    ws_inbox_done(&in);
}

static void what_a_client_may_not_say_is_refused_with_its_code(void **state)
{
    (void)state;
    struct ws_inbox in = {.max = 10};
    enum ws_code code;
    refused("a", true, WS_TEXT, "text", WS_KIND);
    refused("a", true, WS_CONTINUATION, "b", WS_PROTOCOL);
    refused("a", false, WS_BINARY, "b", WS_PROTOCOL);
    refused("a", true, WS_BINARY, "12345678901", WS_BIG); /* one past the limit */
    refused("12345", false, WS_CONTINUATION, "678901", WS_BIG);
    put(&in, WS_BINARY, "1234567890", true);
    next_is(&in, WS_BINARY, "1234567890");
    ws_put_frame(&in.raw, WS_BINARY, NULL, "bare", 4); /* no mask */
    assert_int_equal(next(&in, &code), WS_BAD);
    assert_int_equal(code, WS_PROTOCOL);
    ws_inbox_done(&in);
}

static void parts_without_end_are_refused(void **state)
{
    (void)state;
    struct ws_inbox in = {.max = 10};
    enum ws_code code;
    put(&in, WS_BINARY, "", false);
    for (int i = 1; i < WS_PARTS_MAX; i++)
        put(&in, WS_CONTINUATION, "", false);
    assert_int_equal(next(&in, &code), WS_MORE);
    put(&in, WS_CONTINUATION, "", true);
    assert_int_equal(next(&in, &code), WS_BAD);
    assert_int_equal(code, WS_BIG);
    ws_inbox_done(&in);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_whole_also_in_parts_with_pings_between),
        cmocka_unit_test(a_frame_that_is_cut_short_waits_for_the_rest),
        cmocka_unit_test(what_a_client_may_not_say_is_refused_with_its_code),
        cmocka_unit_test(parts_without_end_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
