#include "tunnel/exit_policy.h"

#include "base/test.h"

#include <stdio.h>

/* Our exit: behind 9.1.2.3, with an IPv6 network of its own. */
static struct exit_policy plain(void)
{
    struct exit_policy p = {.own_count = 0};
    static const char *const own[] = {"9.1.2.3:4001", "[2a01:4f8:1:2::10]:4001", "127.0.0.1:4001",
                                      "192.168.1.5:4001"};
    for (size_t i = 0; i < 4; i++) {
        struct addr a;
        assert_int_equal(addr_parse(&a, own[i], NULL), OK);
        exit_policy_own(&p, &a);
        exit_policy_own(&p, &a);
    }
    assert_int_equal(p.own_count, 3); /* loopback is everybody's */
    return p;
}

static void allow(struct exit_policy *p, const char *rule)
{
    struct why why;
    if (exit_rule_parse(&p->rules[p->rule_count++], rule, &why) != OK)
        fail_msg("%s", why.text);
}

static enum err check(const struct exit_policy *p, const char *to)
{
    struct addr a;
    struct why why;
    if (addr_parse(&a, to, NULL) != OK)
        fail_msg("%s is no address", to);
    enum err code = exit_policy_check(p, &a, &why);
    assert_true(code == OK || why.text[0]);
    return code;
}

/* Each with every port that is allowed elsewhere. */
static const char *const places[] = {
    /* this network, private, CGNAT, loopback, link-local */
    "0.0.0.0",
    "0.0.0.1",
    "0.255.255.255",
    "10.0.0.0",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.0",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.0",
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.88.99.0",
    "192.88.99.1",
    "192.88.99.255",
    "192.168.0.0",
    "192.168.0.1",
    "192.168.1.5",
    "192.168.255.255",
    "198.18.0.0",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    /* multicast, reserved, broadcast */
    "224.0.0.0",
    "224.0.0.1",
    "224.0.0.251",
    "239.255.255.250",
    "239.255.255.255",
    "240.0.0.0",
    "250.1.2.3",
    "255.255.255.254",
    "255.255.255.255",
    /* our own */
    "9.1.2.3",
    "[2a01:4f8:1:2::10]",
    "[2a01:4f8:1:2::1]",
    "[2a01:4f8:1:2:ffff:ffff:ffff:ffff]",
    /* IPv6 */
    "[::]",
    "[::1]",
    "[::2]",
    "[::ffff]",
    "[100::]",
    "[100::1]",
    "[100:0:0:1::]",
    "[fc00::]",
    "[fc00::1]",
    "[fd00::1]",
    "[fd12:3456:789a::1]",
    "[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]",
    "[fe80::]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[feff::1]",
    "[ff00::]",
    "[ff02::1]",
    "[ff02::fb]",
    "[ff0e::1]",
    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]",
    "[2001:db8::]",
    "[2001:db8::1]",
    "[2001:db8:ffff::1]",
    "[3fff::1]",
    "[3fff:fff::1]",
    "[4000::1]",
    "[5f00::1]",
    "[8000::1]",
    "[e000::1]",
    "[1::1]",
    "[64:ff9a::1]",
    "[200::1]",
    "[400::1]",
    /* IPv6 that carries IPv4 */
    "[::127.0.0.1]",
    "[::8.8.8.8]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:192.168.1.1]",
    "[::ffff:100.64.0.1]",
    "[::ffff:0.0.0.0]",
    "[::ffff:224.0.0.1]",
    "[::ffff:9.1.2.3]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:0:8.8.8.8]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b::8.8.8.8]",
    "[64:ff9b::]",
    "[64:ff9b:1::1]",
    "[64:ff9b:1:ffff::10.0.0.1]",
    "[2001::1]",
    "[2001:0:4136:e378::1]",
    "[2001:1::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[2001:1ff::1]",
    "[2002:7f00:1::1]",
    "[2002:a00:1::1]",
    "[2002:c0a8:101::1]",
    "[2002:808:808::1]",
    "[2a00::5efe:10.0.0.1]",
    "[2a00::200:5efe:8.8.8.8]",
};

static const uint16_t usual[] = {22, 80, 443, 853, 993, 8080};
static const char *const ordinary[] = {"8.8.8.8", "1.1.1.1", "9.1.2.4", "[2606:4700:4700::1111]",
                                       "[2a01:4f8:1:3::10]"};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static enum err check_at(const struct exit_policy *p, const char *ip, unsigned port)
{
    char text[ADDR_TEXT + 16];
    snprintf(text, sizeof text, "%s:%u", ip, port);
    return check(p, text);
}

static void no_forbidden_place_is_reached(void **state)
{
    (void)state;
    struct exit_policy p = plain();
    unsigned tried = 0;
    for (size_t i = 0; i < COUNT(places); i++)
        for (size_t k = 0; k < COUNT(usual); k++, tried++)
            if (check_at(&p, places[i], usual[k]) != ERR_DENIED)
                fail_msg("%s:%u is reached", places[i], usual[k]);
    assert_true(COUNT(places) >= 100 && tried >= 600);
}

/* With rules for the whole world at once. */
static void a_rule_for_the_world_opens_no_forbidden_place(void **state)
{
    (void)state;
    struct exit_policy p = plain();
    allow(&p, "0.0.0.0/0:1-65535");
    allow(&p, "[::]/0:1-65535");
    allow(&p, "[2000::]/3:1-65535");
    allow(&p, "128.0.0.0/1:1-65535");
    allow(&p, "[8000::]/1:1-65535");
    for (size_t i = 0; i < COUNT(places); i++)
        for (size_t k = 0; k < COUNT(usual); k++)
            if (check_at(&p, places[i], usual[k]) != ERR_DENIED)
                fail_msg("%s:%u is reached", places[i], usual[k]);
    assert_int_equal(check(&p, "8.8.8.8:12345"), OK);
    assert_int_equal(check(&p, "[2606:4700::1]:12345"), OK);
}

static void ordinary_places_are_reached_at_six_ports(void **state)
{
    (void)state;
    struct exit_policy p = plain();
    for (size_t i = 0; i < COUNT(ordinary); i++) {
        unsigned open = 0;
        for (unsigned port = 0; port <= UINT16_MAX; port++)
            open += check_at(&p, ordinary[i], port) == OK;
        assert_int_equal(open, COUNT(usual));
        for (size_t k = 0; k < COUNT(usual); k++)
            assert_int_equal(check_at(&p, ordinary[i], usual[k]), OK);
    }
}

static void some_ports_are_closed_whatever_a_rule_says(void **state)
{
    (void)state;
    struct exit_policy p = plain();
    allow(&p, "0.0.0.0/0:1-65535");
    allow(&p, "8.8.8.8:25,445,6881-6999");
    allow(&p, "127.0.0.0/8:1-65535");
    static const uint16_t never[] = {0,   23,  25,  135, 136,  137,  138,
                                     139, 445, 465, 587, 6881, 6900, 6999};
    for (size_t i = 0; i < COUNT(never); i++) {
        assert_int_equal(check_at(&p, "8.8.8.8", never[i]), ERR_DENIED);
        assert_int_equal(check_at(&p, "127.0.0.1", never[i]), ERR_DENIED);
    }
    assert_int_equal(check(&p, "8.8.8.8:6880"), OK);
    assert_int_equal(check(&p, "8.8.8.8:7000"), OK);
    assert_int_equal(check(&p, "8.8.8.8:134"), OK);
    assert_int_equal(check(&p, "8.8.8.8:140"), OK);
}

static void a_rule_opens_the_private_range_that_it_names(void **state)
{
    (void)state;
    struct exit_policy p = plain();
    allow(&p, "127.0.0.0/8:8000");
    allow(&p, "192.168.1.0/24:80");
    allow(&p, "[fd00::]/16:443");
    assert_int_equal(check(&p, "127.0.0.1:8000"), OK);
    assert_int_equal(check(&p, "127.0.0.1:8001"), ERR_DENIED);
    assert_int_equal(check(&p, "192.168.1.6:80"), OK);
    assert_int_equal(check(&p, "192.168.1.6:443"), ERR_DENIED);
    assert_int_equal(check(&p, "192.168.2.6:80"), ERR_DENIED);
    assert_int_equal(check(&p, "192.168.1.5:80"), ERR_DENIED); /* our own, all the same */
    assert_int_equal(check(&p, "[fd00::7]:443"), OK);
    assert_int_equal(check(&p, "[fd01::7]:443"), ERR_DENIED);
}

static void no_rule_opens_the_address_of_no_one(void **state)
{
    (void)state;
    struct exit_policy p = plain();
    allow(&p, "0.0.0.0/8:1-65535");
    allow(&p, "[::]/0:1-65535");
    assert_int_equal(check(&p, "0.0.0.0:80"),
                     ERR_DENIED); /* connecting there is connecting to us */
    assert_int_equal(check(&p, "[::]:80"), ERR_DENIED);
}

static void one_refused_address_refuses_the_name(void **state)
{
    (void)state;
    struct exit_policy p = plain();
    struct why why;
    struct addr all[] = {addr_v4(8, 8, 8, 8, 443), addr_v4(1, 1, 1, 1, 443),
                         addr_v4(10, 0, 0, 1, 443)};
    assert_int_equal(exit_policy_check_all(&p, all, 2, &why), OK);
    assert_int_equal(exit_policy_check_all(&p, all, 3, &why), ERR_DENIED);
    assert_non_null(strstr(why.text, "10.0.0.1"));
    assert_int_equal(exit_policy_check_all(&p, all, 0, &why), ERR_NOT_FOUND);
    assert_int_equal(exit_policy_check_all(&p, &(struct addr){.port = 80}, 1, &why), ERR_DENIED);
}

static void of_many_own_addresses_the_newest_count(void **state)
{
    (void)state;
    struct exit_policy p = {.own_count = 0};
    for (unsigned i = 0; i < EXIT_OWN_MAX + 4; i++) {
        struct addr a = addr_v4(9, 0, 0, (uint8_t)i, 0);
        exit_policy_own(&p, &a);
    }
    assert_int_equal(p.own_count, EXIT_OWN_MAX);
    assert_int_equal(check(&p, "9.0.0.3:80"), OK);
    assert_int_equal(check(&p, "9.0.0.4:80"), ERR_DENIED);
    assert_int_equal(check(&p, "9.0.0.35:80"), ERR_DENIED);
}

/* An address that was made with the bytes of a mapped one, not stored as IPv4. */
static void a_mapped_address_is_refused_as_it_is(void **state)
{
    (void)state;
    struct exit_policy p = plain();
    struct why why;
    struct addr a = {.family = ADDR_V6, .port = 443, .ip = {[10] = 0xff, 0xff, 8, 8, 8, 8}};
    assert_int_equal(exit_policy_check(&p, &a, &why), ERR_DENIED);
    assert_non_null(strstr(why.text, "mapped"));
}

static void rules_are_read_and_written_the_same(void **state)
{
    (void)state;
    static const char *const good[] = {"192.0.2.0/24:80",       "0.0.0.0/0:1-65535",
                                       "10.0.0.1/32:22,80,443", "[2001:db8::]/32:8000-8010",
                                       "[::1]/128:80",          "1.2.3.4/32:1,2,3,4,5,6,7,8-9"};
    for (size_t i = 0; i < COUNT(good); i++) {
        struct exit_rule r;
        char text[EXIT_RULE_TEXT];
        assert_int_equal(exit_rule_parse(&r, good[i], NULL), OK);
        assert_string_equal(exit_rule_format(&r, text), good[i]);
    }
    struct exit_rule one;
    assert_int_equal(exit_rule_parse(&one, "127.0.0.1:80", NULL), OK);
    assert_int_equal(one.bits, 32);
}

static void what_is_no_rule_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      ":",
                                      "80",
                                      "1.2.3.4",
                                      "1.2.3.4:",
                                      "1.2.3.4/33:80",
                                      "1.2.3.4/:80",
                                      "1.2.3.4/24:80",
                                      "1.2.3.4/-1:80",
                                      "1.2.3.4:0",
                                      "1.2.3.4:65536",
                                      "1.2.3.4:80-",
                                      "1.2.3.4:90-80",
                                      "1.2.3.4:80,",
                                      "1.2.3.4:,80",
                                      "1.2.3.4:80x",
                                      "example.org:80",
                                      "[::1]/129:80",
                                      "[fd00::1]/64:80",
                                      "::1:80",
                                      "1.2.3.4:1,2,3,4,5,6,7,8,9",
                                      "1.2.3.4:0080000",
                                      "[",
                                      "[]",
                                      "[::1",
                                      "1.2.3.4/32",
                                      "/:"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct exit_rule r;
        struct why why;
        if (exit_rule_parse(&r, bad[i], &why) == OK)
            fail_msg("\"%s\" is a rule", bad[i]);
        assert_true(why.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_forbidden_place_is_reached),
        cmocka_unit_test(a_rule_for_the_world_opens_no_forbidden_place),
        cmocka_unit_test(ordinary_places_are_reached_at_six_ports),
        cmocka_unit_test(some_ports_are_closed_whatever_a_rule_says),
        cmocka_unit_test(a_rule_opens_the_private_range_that_it_names),
        cmocka_unit_test(no_rule_opens_the_address_of_no_one),
        cmocka_unit_test(one_refused_address_refuses_the_name),
        cmocka_unit_test(of_many_own_addresses_the_newest_count),
        cmocka_unit_test(a_mapped_address_is_refused_as_it_is),
        cmocka_unit_test(rules_are_read_and_written_the_same),
        cmocka_unit_test(what_is_no_rule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
