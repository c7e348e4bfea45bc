#include "net/addr.h"

#include "base/test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static struct addr parsed(const char *text)
{
    struct addr a;
    struct why why;
    if (addr_parse(&a, text, &why) != OK)
        fail_msg("%s: %s", text, why.text);
    return a;
}

static void what_it_writes_it_reads(void **state)
{
    (void)state;
    static const char *const same[] = {"1.2.3.4:80",       "0.0.0.0:0", "255.255.255.255:65535",
                                       "[2001:db8::1]:80", "[::]:0",    "[::1]:65535"};
    char text[ADDR_TEXT];
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct addr a = parsed(same[i]);
        assert_string_equal(addr_format(&a, text), same[i]);
    }
    struct addr long_one = parsed("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    assert_string_equal(addr_format(&long_one, text),
                        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    assert_string_equal(addr_format_ip(&long_one, text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    struct addr none = {0};
    assert_string_equal(addr_format(&none, text), "none");
}

static void an_ipv4_address_in_ipv6_clothes_is_ipv4(void **state)
{
    (void)state;
    struct addr a = parsed("[::ffff:1.2.3.4]:80"), b = addr_v4(1, 2, 3, 4, 80);
    assert_true(addr_equal(&a, &b));
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    memcpy(&in6.sin6_port, "\0\x50", 2);
    memcpy(&in6.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
    a = addr_of_sockaddr((struct sockaddr *)&in6);
    assert_true(addr_equal(&a, &b));
}

static void everything_else_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",           "1.2.3.4",    "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:000080",  "1.2.3.4:+8",
        "1.2.3.4: 8", "1.2.3.4:8 ", "1.2.3:80", "01.2.3.4:80",   "1.2.3.256:80",    "::1:80",
        "[::1]",      "[::1]80",    "[::1:80",  "[1.2.3.4]:80",  "[fe80::1%lo]:80", "localhost:80",
        "[]:80",      ":80"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct addr a;
        struct why why = {0};
        if (addr_parse(&a, wrong[i], &why) != ERR_INVALID)
            fail_msg("\"%s\" was accepted", wrong[i]);
        assert_int_equal(why.code, ERR_INVALID);
        assert_int_not_equal(why.text[0], '\0');
        assert_int_equal(a.family, ADDR_NONE);
    }
}

static void a_name_and_a_port_come_apart(void **state)
{
    (void)state;
    char host[254], name[300];
    uint16_t port;
    struct why why;
    assert_int_equal(addr_split("tracker.example.org:6969", host, sizeof host, &port, &why), OK);
    assert_string_equal(host, "tracker.example.org");
    assert_int_equal(port, 6969);
    assert_int_equal(addr_split("[2001:db8::1]:80", host, sizeof host, &port, &why), OK);
    assert_string_equal(host, "2001:db8::1");
    assert_int_equal(addr_split("a b:80", host, sizeof host, &port, &why), ERR_INVALID);
    assert_int_equal(addr_split("a\n:80", host, sizeof host, &port, &why), ERR_INVALID);

    memset(name, 'a', sizeof name);
    snprintf(name + 253, sizeof name - 253, ":80");
    assert_int_equal(addr_split(name, host, sizeof host, &port, &why), OK);
    memset(name, 'a', 254);
    snprintf(name + 254, sizeof name - 254, ":80");
    assert_int_equal(addr_split(name, host, sizeof host, &port, &why), ERR_LIMIT);
    assert_int_equal(addr_split("abc:80", host, 4, &port, &why), OK);
    assert_int_equal(addr_split("abcd:80", host, 4, &port, &why), ERR_LIMIT);
}

static void it_goes_through_a_sockaddr_unchanged(void **state)
{
    (void)state;
    static const char *const some[] = {"1.2.3.4:80", "[2001:db8::7]:443"};
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_storage ss;
        struct addr a = parsed(some[i]);
        assert_true(addr_to_sockaddr(&a, &ss) <= 28);
        struct addr b = addr_of_sockaddr((struct sockaddr *)&ss);
        assert_true(addr_equal(&a, &b));
    }
    struct sockaddr un = {.sa_family = AF_UNIX};
    assert_int_equal(addr_of_sockaddr(&un).family, ADDR_NONE);
    assert_int_equal(addr_of_bytes("12345", 5, 1).family, ADDR_NONE);
}

static void order_and_key_see_every_part(void **state)
{
    (void)state;
    struct addr a = addr_v4(1, 2, 3, 4, 5), b = addr_v4(1, 2, 3, 4, 6), c = addr_v4(1, 2, 3, 5, 5);
    struct addr six = parsed("[102:304::]:5"); /* the same bytes as a */
    assert_int_equal(addr_cmp(&a, &a), 0);
    assert_true(addr_cmp(&a, &b) < 0 && addr_cmp(&b, &a) > 0);
    assert_true(addr_cmp(&b, &c) < 0);
    assert_true(addr_cmp(&c, &six) < 0);
    assert_true(addr_same_ip(&a, &b) && !addr_same_ip(&a, &c) && !addr_same_ip(&a, &six));
}

static void kinds_have_exact_edges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback, private, dialable;
    } kinds[] = {
        {"126.255.255.255:1", false, false, true},
        {"127.0.0.1:1", true, false, true},
        {"127.255.255.255:1", true, false, true},
        {"9.255.255.255:1", false, false, true},
        {"10.0.0.0:1", false, true, true},
        {"11.0.0.0:1", false, false, true},
        {"172.15.255.255:1", false, false, true},
        {"172.16.0.0:1", false, true, true},
        {"172.31.255.255:1", false, true, true},
        {"172.32.0.0:1", false, false, true},
        {"192.168.0.1:1", false, true, true},
        {"192.169.0.0:1", false, false, true},
        {"100.63.255.255:1", false, false, true},
        {"100.64.0.0:1", false, true, true},
        {"100.127.255.255:1", false, true, true},
        {"100.128.0.0:1", false, false, true},
        {"169.254.1.1:1", false, true, true},
        {"0.1.2.3:1", false, false, false},
        {"223.255.255.255:1", false, false, true},
        {"224.0.0.1:1", false, false, false},
        {"239.255.255.255:1", false, false, false},
        {"240.0.0.0:1", false, false, false},
        {"255.255.255.255:1", false, false, false},
        {"8.8.8.8:0", false, false, false},
        {"[fdd8:5122:9da1::1]:1", false, true, false},
        {"[fdd8:5122:9da1:ffff:ffff:ffff:ffff:ffff]:1", false, true, false},
        {"[fdd8:5122:9da0::1]:1", false, true, true},
        {"[fdd8:5122:9da2::1]:1", false, true, true},
        {"0.0.0.0:1", false, false, false},
        {"[::]:1", false, false, false},
        {"[::1]:1", true, false, true},
        {"[::2]:1", false, false, true},
        {"[fbff::1]:1", false, false, true},
        {"[fc00::1]:1", false, true, true},
        {"[fdff::1]:1", false, true, true},
        {"[fe7f::1]:1", false, false, true},
        {"[fe80::1]:1", false, true, true},
        {"[febf::1]:1", false, true, true},
        {"[fec0::1]:1", false, false, true},
        {"[ff02::1]:1", false, false, false},
        {"[100::1]:1", false, false, false},
        {"[100:0:0:1::1]:1", false, false, true},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct addr a = parsed(kinds[i].text);
        if (addr_is_loopback(&a) != kinds[i].loopback || addr_is_private(&a) != kinds[i].private ||
            addr_is_dialable(&a) != kinds[i].dialable)
            fail_msg("%s is taken for something else", kinds[i].text);
    }
    struct addr any = parsed("[::]:1"), none = {0};
    assert_true(addr_is_any(&any));
    assert_false(addr_is_any(&none) || addr_is_dialable(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_writes_it_reads),
        cmocka_unit_test(an_ipv4_address_in_ipv6_clothes_is_ipv4),
        cmocka_unit_test(everything_else_is_refused_with_a_reason),
        cmocka_unit_test(a_name_and_a_port_come_apart),
        cmocka_unit_test(it_goes_through_a_sockaddr_unchanged),
        cmocka_unit_test(order_and_key_see_every_part),
        cmocka_unit_test(kinds_have_exact_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
