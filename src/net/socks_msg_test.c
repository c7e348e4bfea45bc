#include "net/socks_msg.h"

#include "base/test.h"

#include <string.h>

static void is(struct buf *b, const char *bytes, size_t n)
{
    assert_int_equal(buf_len(b), n);
    assert_memory_equal(buf_bytes(b), bytes, n);
    buf_done(b);
}
#define IS(b, text) is(b, text, sizeof text - 1)

static struct addr v6(uint16_t port)
{
    static const uint8_t ip[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
    return addr_of_bytes(ip, sizeof ip, port);
}

static void what_we_say_is_the_rfc_s(void **state)
{
    (void)state;
    struct buf b = {0};
    struct addr four = addr_v4(1, 2, 3, 4, 80), six = v6(443);
    socks_put_hello(&b, false);
    IS(&b, "\5\1\0");
    socks_put_hello(&b, true);
    IS(&b, "\5\2\0\2");
    socks_put_login(&b, "ann", "secret");
    IS(&b, "\1\3ann\6secret");
    socks_put_request(&b, SOCKS_CONNECT, NULL, &four);
    IS(&b, "\5\1\0\1\1\2\3\4\0\x50");
    socks_put_request(&b, SOCKS_CONNECT, "a.example", &four);
    IS(&b, "\5\1\0\3\x09"
           "a.example\0\x50");
    socks_put_request(&b, SOCKS_UDP, NULL, &six);
    IS(&b, "\5\3\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\1\xbb");
    socks_put_udp(&b, NULL, &four);
    IS(&b, "\0\0\0\1\1\2\3\4\0\x50");
}

static void a_choice_of_method_is_read(void **state)
{
    (void)state;
    enum socks_method m;
    struct why why;
    assert_int_equal(socks_read_choice(cur_of("\5", 1), &m, &why), 0);
    assert_int_equal(socks_read_choice(cur_of("\5\0", 2), &m, &why), 2);
    assert_int_equal(m, SOCKS_OPEN);
    assert_int_equal(socks_read_choice(cur_of("\5\2", 2), &m, &why), 2);
    assert_int_equal(m, SOCKS_LOGIN);
    assert_int_equal(socks_read_choice(cur_of("\5\xff", 2), &m, &why), SOCKS_BAD);
    assert_int_equal(why.code, ERR_DENIED);
    assert_int_equal(socks_read_choice(cur_of("HT", 2), &m, &why), SOCKS_BAD);
    assert_int_equal(socks_read_login(cur_of("\1\0", 2), &why), 2);
    assert_int_equal(socks_read_login(cur_of("\1", 1), &why), 0);
    assert_int_equal(socks_read_login(cur_of("\1\1", 2), &why), SOCKS_BAD);
}

static void every_reply_is_read_whole_or_waits_for_more(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        int family;
    } rows[] = {
        {"\5\0\0\1\x7f\0\0\1\x1a\xe1", 10, ADDR_V4},
        {"\5\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x1a\xe1", 22, ADDR_V6},
        {"\5\0\0\3\4host\x1a\xe1", 11, ADDR_NONE},
    };
    struct addr bound;
    struct why why;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t n = 0; n < rows[i].n; n++)
            assert_int_equal(socks_read_reply(cur_of(rows[i].bytes, n), &bound, &why), 0);
        assert_int_equal(socks_read_reply(cur_of(rows[i].bytes, rows[i].n), &bound, &why),
                         rows[i].n);
        assert_int_equal(bound.family, rows[i].family);
        assert_true(bound.family == ADDR_NONE || bound.port == 6881);
    }
    assert_int_equal(socks_read_reply(cur_of("\5\5\0", 3), &bound, &why), SOCKS_BAD);
    assert_non_null(strstr(why.text, "refused"));
    assert_int_equal(socks_read_reply(cur_of("\5\x63\0", 3), &bound, &why), SOCKS_BAD);
    assert_int_equal(socks_read_reply(cur_of("\4", 1), &bound, &why), SOCKS_BAD);
    assert_int_equal(socks_read_reply(cur_of("\5\0\0\2", 4), &bound, &why), SOCKS_BAD);
}

static void a_datagram_s_head_says_whose_it_is(void **state)
{
    (void)state;
    struct addr from, four = addr_v4(1, 2, 3, 4, 80);
    struct buf b = {0};
    socks_put_udp(&b, NULL, &four);
    buf_str(&b, "hello");
    for (size_t n = 0; n < 10; n++) {
        struct cur cut = cur_of(buf_bytes(&b), n);
        assert_false(socks_read_udp(&cut, &from));
    }
    struct cur in = buf_cur(&b);
    assert_true(socks_read_udp(&in, &from));
    assert_true(addr_equal(&from, &four));
    assert_int_equal(in.n, 5);
    buf_bytes(&b)[2] = 1; /* a fragment */
    in = buf_cur(&b);
    assert_false(socks_read_udp(&in, &from));
    buf_done(&b);
    in = cur_of("\0\0\0\3\1h\0\x50", 8);
    assert_false(socks_read_udp(&in, &from));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_say_is_the_rfc_s),
        cmocka_unit_test(a_choice_of_method_is_read),
        cmocka_unit_test(every_reply_is_read_whole_or_waits_for_more),
        cmocka_unit_test(a_datagram_s_head_says_whose_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
