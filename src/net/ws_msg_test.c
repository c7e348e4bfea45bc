#include "net/ws_msg.h"

#include "base/test.h"

#include <stdlib.h>
#include <string.h>

/* RFC 6455 section 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define ASK                                                                                        \
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"                     \
    "Connection: Upgrade\r\nSec-WebSocket-Key: " KEY "\r\nOrigin: http://example.com\r\n"          \
    "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define YES "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"

static int ask(const char *text, struct why *why)
{
    char key[WS_KEY_LEN + 1];
    *why = (struct why){0};
    return ws_read_request(cur_of(text, strlen(text)), key, why);
}

static int answer(const char *text, struct why *why)
{
    *why = (struct why){0};
    return ws_read_response(cur_of(text, strlen(text)), KEY, why);
}

static void refused(int n, const struct why *why, enum err code, const char *words)
{
    assert_int_equal(n, WS_BAD);
    assert_int_equal(why->code, code);
    assert_non_null(strstr(why->text, words));
}

static void the_specs_upgrade_is_understood(void **state)
{
    (void)state;
    char key[WS_KEY_LEN + 1];
    struct why why;
    struct buf b = {0};
    assert_int_equal(ws_read_request(cur_of(ASK "more", sizeof ASK + 3), key, &why),
                     sizeof ASK - 1);
    assert_string_equal(key, KEY);
    ws_put_response(&b, key);
    char *said = buf_take_str(&b);
    assert_non_null(strstr(said, "Sec-WebSocket-Accept: " ACCEPT "\r\n"));
    free(said);
    for (size_t n = 0; n < sizeof ASK - 1; n++)
        assert_int_equal(ws_read_request(cur_of(ASK, n), key, &why), WS_MORE);
}

static void what_we_ask_is_answered(void **state)
{
    (void)state;
    char key[WS_KEY_LEN + 1];
    struct why why;
    struct buf b = {0};
    ws_put_request(&b, "192.0.2.7:4001", "/", KEY);
    assert_int_equal(ws_read_request(buf_cur(&b), key, &why), buf_len(&b));
    assert_string_equal(key, KEY);
    buf_clear(&b);
    ws_put_response(&b, key);
    assert_int_equal(ws_read_response(buf_cur(&b), KEY, &why), buf_len(&b));
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_equal(ws_read_response(cur_of(buf_bytes(&b), n), KEY, &why), WS_MORE);
    buf_done(&b);
}

static void names_and_words_have_no_case_and_stand_in_lists(void **state)
{
    (void)state;
    struct why why;
    assert_true(
        ask("GET / HTTP/1.1\nhOST: x\nUPGRADE: h2c , WebSocket\nconnection:keep-alive,UPGRADE\n"
            "sec-websocket-key:" KEY "\nsec-websocket-version: 13\n\n",
            &why) > 0);
}

static void what_asks_for_no_websocket_is_refused(void **state)
{
    (void)state;
    struct why why;
    refused(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n", &why), &why, ERR_INVALID, "does not ask");
    refused(ask("POST / HTTP/1.1\r\nHost: x\r\n\r\n", &why), &why, ERR_INVALID, "GET");
    refused(ask("GET / HTTP/1.0\r\nHost: x\r\n\r\n", &why), &why, ERR_INVALID, "GET");
    refused(ask("\r\n\r\n", &why), &why, ERR_INVALID, "GET");
    refused(ask("GET / HTTP/1.1\r\nHost: x\r\n" UPGRADE "Sec-WebSocket-Version: 8\r\n\r\n", &why),
            &why, ERR_UNSUPPORTED, "version");
    refused(ask("GET / HTTP/1.1\r\nHost: x\r\n" UPGRADE
                "Sec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13\r\n\r\n",
                &why),
            &why, ERR_INVALID, "16 bytes");
    refused(ask("GET / HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Key: " KEY
                "\r\nSec-WebSocket-Version: 13\r\n\r\n",
                &why),
            &why, ERR_INVALID, "does not ask"); /* without Host */
}

static void answers_that_are_none_are_refused(void **state)
{
    (void)state;
    struct why why;
    refused(answer("HTTP/1.1 404 Not Found\r\n\r\n", &why), &why, ERR_DENIED, "404");
    refused(answer("SSH-2.0-OpenSSH\r\n\r\n", &why), &why, ERR_INVALID, "HTTP");
    refused(answer(YES UPGRADE "Sec-WebSocket-Accept: AAAA\r\n\r\n", &why), &why, ERR_INVALID,
            "as a WebSocket");
    refused(answer(YES "Connection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", &why),
            &why, ERR_INVALID, "as a WebSocket");
    refused(answer(YES UPGRADE "Sec-WebSocket-Accept: " ACCEPT
                               "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
                   &why),
            &why, ERR_INVALID, "not offered");
}

/* A request with so many lines. */
static int asked(unsigned lines)
{
    char key[WS_KEY_LEN + 1];
    struct why why;
    struct buf b = {0};
    buf_put(&b, ASK, sizeof ASK - 3);
    for (unsigned i = 8; i < lines; i++) /* it has eight */
        buf_str(&b, "X: y\r\n");
    buf_str(&b, "\r\n");
    int n = ws_read_request(buf_cur(&b), key, &why);
    buf_done(&b);
    return n;
}

static void a_request_is_so_long(void **state)
{
    (void)state;
    size_t rest = WS_HTTP_MAX - (sizeof ASK - 1);
    char key[WS_KEY_LEN + 1], many[WS_HTTP_MAX];
    struct why why;
    assert_true(asked(WS_LINES_MAX) > 0);
    assert_int_equal(asked(WS_LINES_MAX + 1), WS_BAD);
    memset(many, 'x', sizeof many);
    assert_int_equal(ws_read_request(cur_of(many, sizeof many - 1), key, &why), WS_MORE);
    assert_int_equal(ws_read_request(cur_of(many, sizeof many), key, &why), WS_BAD);
    struct buf b = {0};
    for (size_t over = 0; over < 2; over++) {
        buf_clear(&b);
        buf_put(&b, ASK, sizeof ASK - 3);
        for (size_t i = 0; i < rest + over - 2; i++)
            buf_u8(&b, 'x');
        buf_str(&b, "\r\n\r\n");
        assert_int_equal(ws_read_request(buf_cur(&b), key, &why), over ? WS_BAD : WS_HTTP_MAX);
    }
    buf_done(&b);
}

static int frame(const char *bytes, size_t n, struct ws_frame *f)
{
    struct why why;
    return ws_read_frame(cur_of(bytes, n), f, &why);
}
#define FRAME(literal) frame(literal, sizeof(literal) - 1, &f)

/* Section 5.7. */
static void the_specs_frames_are_understood(void **state)
{
    (void)state;
    struct ws_frame f;
    uint8_t text[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
    assert_int_equal(FRAME("\x81\5Hello"), 2);
    assert_true(f.opcode == WS_TEXT && f.last && !f.masked && f.len == 5);
    assert_int_equal(FRAME("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), 6);
    ws_mask(text, sizeof text, f.mask, 0);
    assert_memory_equal(text, "Hello", 5);
    assert_int_equal(FRAME("\1\3Hel"), 2);
    assert_false(f.last);
    assert_int_equal(FRAME("\x80\2lo"), 2);
    assert_int_equal(f.opcode, WS_CONTINUATION);
    assert_int_equal(FRAME("\x89\5Hello"), 2);
    assert_int_equal(f.opcode, WS_PING);
    assert_int_equal(FRAME("\x82\x7e\1\0"), 4);
    assert_int_equal(f.len, 256);
    assert_int_equal(FRAME("\x82\x7f\0\0\0\0\0\1\0\0"), 10);
    assert_int_equal(f.len, 65536);
    for (size_t n = 0; n < 10; n++)
        assert_int_equal(frame("\x82\x7f\0\0\0\0\0\1\0\0", n, &f), WS_MORE);
    for (size_t n = 0; n < 6; n++)
        assert_int_equal(frame("\x81\x85\x37\xfa\x21\x3d", n, &f), WS_MORE);
}

static void frames_against_the_rules_are_refused(void **state)
{
    (void)state;
    struct ws_frame f;
    assert_int_equal(FRAME("\xc2\0"), WS_BAD);                       /* an extension's bit */
    assert_int_equal(FRAME("\x83\0"), WS_BAD);                       /* an unknown opcode */
    assert_int_equal(FRAME("\x8b\0"), WS_BAD);                       /* likewise */
    assert_int_equal(FRAME("\x09\0"), WS_BAD);                       /* a ping in parts */
    assert_int_equal(FRAME("\x89\x7d"), 2);                          /* so long */
    assert_int_equal(FRAME("\x89\x7e\0\x7e"), WS_BAD);               /* and no longer */
    assert_int_equal(FRAME("\x82\x7e\0\x7d"), WS_BAD);               /* fits in 7 bits */
    assert_int_equal(FRAME("\x82\x7f\0\0\0\0\0\0\xff\xff"), WS_BAD); /* in 16 */
    assert_int_equal(FRAME("\x82\x7f\x80\0\0\0\0\1\0\0"), WS_BAD);   /* 2^63 */
    assert_int_equal(FRAME("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), 10);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536};
    static uint8_t payload[65536], back[65536];
    static const uint8_t mask[4] = {1, 2, 3, 4};
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int masked = 0; masked < 2; masked++) {
            struct ws_frame f;
            struct buf b = {0};
            ws_put_frame(&b, WS_BINARY, masked ? mask : NULL, payload, sizes[i]);
            int n = ws_read_frame(buf_cur(&b), &f, NULL);
            assert_int_equal((size_t)n + sizes[i], buf_len(&b));
            assert_true(f.len == sizes[i] && f.last && f.masked == (masked == 1));
            buf_eat(&b, (size_t)n);
            if (sizes[i] > 0)
                memcpy(back, buf_bytes(&b), sizes[i]);
            if (masked) { /* in parts that are no multiple of the mask */
                size_t cut = sizes[i] / 3;
                ws_mask(back, cut, mask, 0);
                ws_mask(back + cut, sizes[i] - cut, mask, cut);
            }
            assert_memory_equal(back, payload, sizes[i]);
            buf_done(&b);
        }
}

static void goodbyes_have_codes_of_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        unsigned code; /* 0: refused */
    } cases[] = {{"", 0, 1005},
                 {"\3\xe8", 2, 1000},
                 {"\3\xe8"
                  "bye",
                  5, 1000},
                 {"\3", 1, 0},
                 {"\3\xe7", 2, 0},
                 {"\3\xec", 2, 0},
                 {"\3\xed", 2, 0},
                 {"\3\xee", 2, 0},
                 {"\3\xf6", 2, 1014},
                 {"\3\xf7", 2, 0},
                 {"\x0b\xb7", 2, 0},
                 {"\x0b\xb8", 2, 3000},
                 {"\x13\x87", 2, 4999},
                 {"\x13\x88", 2, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned code;
        struct why why;
        enum err err = ws_read_close(cur_of(cases[i].bytes, cases[i].n), &code, &why);
        assert_int_equal(err, cases[i].code ? OK : ERR_INVALID);
        if (cases[i].code)
            assert_int_equal(code, cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specs_upgrade_is_understood),
        cmocka_unit_test(what_we_ask_is_answered),
        cmocka_unit_test(names_and_words_have_no_case_and_stand_in_lists),
        cmocka_unit_test(what_asks_for_no_websocket_is_refused),
        cmocka_unit_test(answers_that_are_none_are_refused),
        cmocka_unit_test(a_request_is_so_long),
        cmocka_unit_test(the_specs_frames_are_understood),
        cmocka_unit_test(frames_against_the_rules_are_refused),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(goodbyes_have_codes_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
