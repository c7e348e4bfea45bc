#include "tunnel/socksd_msg.h"

#include "base/test.h"
#include "crypto/base64.h"

#include <stdlib.h>

struct kit {
    struct socksd_talk talk;
    struct buf in, out;
};

static int open_kit(void **state)
{
    *state = calloc(1, sizeof(struct kit));
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    buf_done(&k->in);
    buf_done(&k->out);
    free(k);
    return 0;
}

static enum socksd_step hear(struct kit *k, const void *bytes, size_t n)
{
    enum socksd_step step;
    buf_put(&k->in, bytes, n);
    while ((step = socksd_step(&k->talk, &k->in, &k->out)) == SOCKSD_AGAIN)
        ;
    return step;
}

#define HEAR(k, text) hear((k), (text), sizeof(text) - 1)

static void said(struct kit *k, const void *bytes, size_t n)
{
    assert_int_equal(buf_len(&k->out), n);
    assert_memory_equal(buf_bytes(&k->out), bytes, n);
    buf_clear(&k->out);
}

#define SAID(k, text) said((k), (text), sizeof(text) - 1)

static void said_status(struct kit *k, const char *status)
{
    assert_true(buf_len(&k->out) > strlen(status));
    assert_memory_equal(buf_bytes(&k->out), status, strlen(status));
    buf_clear(&k->out);
}

/* RFC 1928 sections 3 to 6. */
static void a_name_is_asked_for_by_socks(void **state)
{
    struct kit *k = *state;
    struct why ok = {.code = OK};
    assert_int_equal(HEAR(k, "\5\1\0"), SOCKSD_MORE);
    SAID(k, "\5\0");
    assert_int_equal(HEAR(k, "\5\1\0\3\13example.org\1\xbbGET"), SOCKSD_READY);
    assert_string_equal(k->talk.target.host, "example.org");
    assert_int_equal(k->talk.target.port, 443);
    assert_int_equal(buf_len(&k->in), 3); /* raw already */
    socksd_put_result(&k->talk, &ok, &k->out);
    SAID(k, "\5\0\0\1\0\0\0\0\0\0");
}

static void addresses_are_asked_for_by_socks(void **state)
{
    struct kit *k = *state;
    assert_int_equal(HEAR(k, "\5\2\0\2\5\1\0\1\1\2\3\4\0\120"), SOCKSD_READY);
    assert_string_equal(k->talk.target.host, "1.2.3.4");
    assert_int_equal(k->talk.target.port, 80);
    k->talk = (struct socksd_talk){0};
    assert_int_equal(HEAR(k, "\5\1\0\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\120"),
                     SOCKSD_READY);
    assert_string_equal(k->talk.target.host, "2001:db8::1");
}

static void a_conversation_may_come_byte_by_byte(void **state)
{
    struct kit *k = *state;
    static const char all[] = "\5\1\2\1\3ann\6secret\5\1\0\3\3a.b\0\26";
    k->talk.user = "ann";
    k->talk.password = "secret";
    for (size_t i = 0; i + 2 < sizeof all; i++)
        assert_int_equal(hear(k, all + i, 1), SOCKSD_MORE);
    assert_int_equal(hear(k, all + sizeof all - 2, 1), SOCKSD_READY);
    SAID(k, "\5\2\1\0");
    assert_string_equal(k->talk.target.host, "a.b");
    assert_int_equal(k->talk.target.port, 22);
}

static void other_commands_and_addresses_are_refused_in_socks_words(void **state)
{
    struct kit *k = *state;
    static const struct {
        const char *bytes;
        size_t n;
        uint8_t code;
    } bad[] = {
        {"\5\2\0\1\1\2\3\4\0\120", 10, 7},        /* BIND */
        {"\5\3\0\1\1\2\3\4\0\120", 10, 7},        /* UDP ASSOCIATE */
        {"\5\1\0\2\1\2\3\4\0\120", 10, 8},        /* no such kind */
        {"\5\1\0\1\1\2\3\4\0\0", 10, 1},          /* port 0 */
        {"\5\1\0\3\0\0\120", 7, 1},               /* no name */
        {"\5\1\0\3\3a b\0\120", 10, 1},           /* a blank */
        {"\5\1\0\3\3a\0b\0\120", 10, 1},          /* a NUL */
        {"\5\1\0\3\14fe80::1%eth0\0\120", 19, 1}, /* a zone */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        k->talk = (struct socksd_talk){0};
        buf_clear(&k->in);
        HEAR(k, "\5\1\0");
        buf_clear(&k->out);
        assert_int_equal(hear(k, bad[i].bytes, bad[i].n), SOCKSD_REFUSED);
        assert_int_equal(buf_bytes(&k->out)[1], bad[i].code);
        buf_clear(&k->out);
        assert_int_equal(HEAR(k, "\5\1\0\1\1\2\3\4\0\120"), SOCKSD_REFUSED); /* for good */
    }
}

static void without_the_login_nobody_comes_in(void **state)
{
    struct kit *k = *state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {{"\1\3ann\6secreT", 12}, {"\1\3bob\6secret", 12}, {"\1\3ann\0", 6},
               {"\1\0\6secret", 9},     {"\2\3ann\6secret", 12}, {"\1\3ann\7secret\0", 13}};
    k->talk.user = "ann";
    k->talk.password = "secret";
    assert_int_equal(HEAR(k, "\5\1\0"), SOCKSD_REFUSED);
    SAID(k, "\5\xff");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        k->talk.state = SOCKSD_FIRST;
        buf_clear(&k->in);
        HEAR(k, "\5\1\2");
        buf_clear(&k->out);
        assert_int_equal(hear(k, bad[i].bytes, bad[i].n), SOCKSD_REFUSED);
        SAID(k, "\1\1");
    }
}

static void without_a_way_to_begin_it_is_over(void **state)
{
    struct kit *k = *state;
    assert_int_equal(HEAR(k, "\5\1\2"), SOCKSD_REFUSED);
    SAID(k, "\5\xff");
    k->talk = (struct socksd_talk){0};
    assert_int_equal(HEAR(k, "\4\1\0\120"), SOCKSD_REFUSED); /* SOCKS4 */
    k->talk = (struct socksd_talk){0};
    buf_clear(&k->in);
    assert_int_equal(HEAR(k, "\x16\3\1"), SOCKSD_REFUSED); /* TLS */
}

static void http_connects_too(void **state)
{
    struct kit *k = *state;
    struct why ok = {.code = OK}, no = {.code = ERR_DENIED, .text = "not there"};
    assert_int_equal(HEAR(k, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n"),
                     SOCKSD_MORE);
    assert_int_equal(HEAR(k, "\r\n\x16"), SOCKSD_READY);
    assert_string_equal(k->talk.target.host, "example.org");
    assert_int_equal(k->talk.target.port, 443);
    assert_int_equal(buf_len(&k->in), 1);
    socksd_put_result(&k->talk, &ok, &k->out);
    SAID(k, "HTTP/1.1 200 Connection established\r\n\r\n");
    socksd_put_result(&k->talk, &no, &k->out);
    said_status(k, "HTTP/1.1 403 ");
    no.code = ERR_CLOSED;
    socksd_put_result(&k->talk, &no, &k->out);
    said_status(k, "HTTP/1.1 502 ");
    k->talk = (struct socksd_talk){0};
    buf_clear(&k->in);
    assert_int_equal(HEAR(k, "connect [2001:db8::1]:80 HTTP/1.0\n\n"), SOCKSD_READY);
    assert_string_equal(k->talk.target.host, "2001:db8::1");
}

static void what_a_web_page_can_send_is_refused(void **state)
{
    struct kit *k = *state;
    static const char *const bad[] = {
        "GET / HTTP/1.1\r\n\r\n", "POST http://10.0.0.1/ HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n\r\n", "CONNECTX a:1 HTTP/1.1\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        k->talk = (struct socksd_talk){0};
        buf_clear(&k->in);
        assert_int_equal(hear(k, bad[i], strlen(bad[i])), SOCKSD_REFUSED);
        said_status(k, "HTTP/1.1 405 ");
    }
}

static void a_bad_target_is_refused_in_http_words(void **state)
{
    struct kit *k = *state;
    static const char *const bad[] = {
        "CONNECT a HTTP/1.1\r\n\r\n",     "CONNECT a:0 HTTP/1.1\r\n\r\n",
        "CONNECT :80 HTTP/1.1\r\n\r\n",   "CONNECT a:80\r\n\r\n",
        "CONNECT a:65536 HTTP/1.1\n\n",   "CONNECT a:80 FTP/1.1\r\n\r\n",
        "CONNECT u@a:80 HTTP/1.1\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        k->talk = (struct socksd_talk){0};
        buf_clear(&k->in);
        assert_int_equal(hear(k, bad[i], strlen(bad[i])), SOCKSD_REFUSED);
        said_status(k, "HTTP/1.1 400 ");
    }
}

static void http_wants_the_login_too(void **state)
{
    struct kit *k = *state;
    k->talk.user = "ann";
    k->talk.password = "secret";
    assert_int_equal(HEAR(k, "CONNECT a:80 HTTP/1.1\r\n\r\n"), SOCKSD_REFUSED);
    said_status(k, "HTTP/1.1 407 ");
    static const char *const logins[] = {"ann:secret", "ann:secre", "ann:secret2", "", "ann"};
    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        struct buf head = {0};
        buf_str(&head, "CONNECT a:80 HTTP/1.1\r\nProxy-Authorization: Basic ");
        base64_encode(&head, logins[i], strlen(logins[i]));
        buf_str(&head, "\r\n\r\n");
        k->talk.state = SOCKSD_FIRST;
        buf_clear(&k->in);
        assert_int_equal(hear(k, buf_bytes(&head), buf_len(&head)),
                         i == 0 ? SOCKSD_READY : SOCKSD_REFUSED);
        buf_done(&head);
    }
}

static void a_head_without_an_end_is_refused_in_time(void **state)
{
    struct kit *k = *state;
    HEAR(k, "CONNECT a:80 HTTP/1.1\r\n");
    while (buf_len(&k->in) < SOCKSD_IN_MAX - 1)
        assert_int_equal(HEAR(k, "x"), SOCKSD_MORE);
    assert_int_equal(HEAR(k, "x"), SOCKSD_REFUSED);
    said_status(k, "HTTP/1.1 431 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_asked_for_by_socks),
        TEST(addresses_are_asked_for_by_socks),
        TEST(a_conversation_may_come_byte_by_byte),
        TEST(other_commands_and_addresses_are_refused_in_socks_words),
        TEST(without_the_login_nobody_comes_in),
        TEST(without_a_way_to_begin_it_is_over),
        TEST(http_connects_too),
        TEST(what_a_web_page_can_send_is_refused),
        TEST(a_bad_target_is_refused_in_http_words),
        TEST(http_wants_the_login_too),
        TEST(a_head_without_an_end_is_refused_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
