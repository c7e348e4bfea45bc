#include "host/find/mdns_msg.h"

#include "base/test.h"

#include <string.h>

#define SERVICE "\4_p2p\4_udp\5local\0"
#define HEAD(flags, questions, answers) "\0\0" flags "\0" questions "\0" answers "\0\0\0\0"
#define QUERY "\0\0"
#define RESPONSE "\x84\0"
#define ALICE "12D3KooWQNHbP9NjhcVwVbw3VhMVTWeqiiPHjqBcMGiQCnZoCpjM"

static struct peer_id peer(void)
{
    struct pubkey key;
    struct peer_id id;
    uint8_t pub[32] = {0x58, 0x66, 0x66, 0x66}; /* need not be on the curve to be a name */
    pubkey_of_ed25519(&key, pub);
    peer_id_of_key(&key, &id);
    return id;
}

static struct multiaddr addr(const char *text)
{
    struct multiaddr a;
    assert_int_equal(multiaddr_parse(&a, text, NULL), OK);
    return a;
}

static enum err read(const void *bytes, size_t n, struct mdns_msg *m)
{
    struct why why = {0};
    enum err code = mdns_read(cur_of(bytes, n), m, &why);
    assert_true((code == OK) == (why.text[0] == '\0'));
    return code;
}
#define READ(literal, m) read(literal, sizeof(literal) - 1, m)

/* libp2p/specs discovery/mdns.md, "Request". */
static void the_question_is_the_specs(void **state)
{
    static const char spec[] = HEAD(QUERY, "\1", "\0") SERVICE "\0\14\0\1";
    (void)state;
    struct mdns_msg m;
    struct buf b = {0};
    mdns_put_query(&b);
    assert_int_equal(buf_len(&b), sizeof spec - 1);
    assert_memory_equal(buf_bytes(&b), spec, sizeof spec - 1);
    assert_int_equal(READ(spec, &m), OK);
    assert_true(m.who && !m.response && !m.services && !m.about[0] && m.count == 0);
    buf_done(&b);
}

static void the_answer_says_where_we_are(void **state)
{
    (void)state;
    struct peer_id id = peer();
    struct multiaddr a[2] = {addr("/ip4/192.0.2.7/tcp/4001"), addr("/ip6/2001:db8::1/tcp/4001/ws")};
    struct mdns_msg m;
    struct buf b = {0};
    assert_int_equal(mdns_put_answer(&b, "somebody", &id, a, 2), 2);
    assert_int_equal(read(buf_bytes(&b), buf_len(&b), &m), OK);
    assert_true(m.response && !m.who);
    assert_int_equal(m.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(multiaddr_equal(&m.found[i].addr, &a[i]));
        assert_true(peer_id_equal(&m.found[i].peer, &id));
    }
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_equal(read(buf_bytes(&b), n, &m), ERR_INVALID);
    buf_done(&b);
}

static void services_and_names_are_asked_for(void **state)
{
    (void)state;
    struct mdns_msg m;
    struct buf b = {0};
    assert_int_equal(READ(HEAD(QUERY, "\2", "\0") "\11_services\7_dns-sd\4_udp\5local\0\0\14\0\1"
                                                  "\3Bob" SERVICE "\0\20\x80\1",
                          &m),
                     OK);
    assert_true(m.services && !m.who);
    assert_string_equal(m.about, "bob"); /* names have no case */
    mdns_put_services(&b);
    assert_int_equal(read(buf_bytes(&b), buf_len(&b), &m), OK);
    assert_true(m.response && m.count == 0);
    buf_done(&b);
}

/* RFC 1035 section 4.1.4: NAME and a pointer to the service's name, 12 bytes in. */
static void compressed_names_are_followed(void **state)
{
    (void)state;
    struct mdns_msg m;
    assert_int_equal(READ(HEAD(RESPONSE, "\0", "\2") SERVICE
                          "\0\14\0\1\0\0\0\x78\0\4\1a\xc0\14"
                          "\1a\xc0\14\0\20\x80\1\0\0\0\x78\0\140\137"
                          "dnsaddr=/ip4/192.0.2.7/tcp/4001/p2p/" ALICE "\x01",
                          &m),
                     ERR_INVALID); /* its length is one too many */
    assert_int_equal(READ(HEAD(RESPONSE, "\0", "\2") SERVICE
                          "\0\14\0\1\0\0\0\x78\0\4\1a\xc0\14"
                          "\1a\xc0\14\0\20\x80\1\0\0\0\x78\0\131\130"
                          "DNSADDR=/ip4/192.0.2.7/tcp/4001/p2p/" ALICE,
                          &m),
                     OK);
    assert_int_equal(m.count, 1);
}

static void names_in_a_ring_are_refused(void **state)
{
    (void)state;
    struct mdns_msg m;
    assert_int_equal(READ(HEAD(QUERY, "\1", "\0") "\xc0\14\0\14\0\1", &m), ERR_INVALID);
    assert_int_equal(READ(HEAD(QUERY, "\1", "\0") "\1a\xc0\14\0\14\0\1", &m), ERR_INVALID);
    assert_int_equal(READ(HEAD(QUERY, "\1", "\0") "\xc0\20\0\14\0\1\0\0\0", &m), ERR_INVALID);
    assert_int_equal(READ(HEAD(QUERY, "\1", "\0") "\xc3\xff\0\14\0\1", &m), ERR_INVALID);
    assert_int_equal(READ(HEAD(QUERY, "\1", "\0") "\x41xx\0\0\14\0\1", &m), ERR_INVALID);
}

/* So many pointers, each to the one before, behind the service's name. */
static enum err after_jumps(unsigned n)
{
    struct mdns_msg m;
    struct buf b = {0};
    buf_put(&b, HEAD(QUERY, "\2", "\0") SERVICE "\0\14\0\1", 12 + 17 + 4);
    buf_bytes(&b)[5] = (uint8_t)(1 + n);
    for (unsigned i = 0; i < n; i++) {
        unsigned to = i == 0 ? 12 : 33 + 6 * (i - 1);
        buf_be16(&b, (uint16_t)(0xc000 | to));
        buf_put(&b, "\0\14\0\1", 4);
    }
    enum err code = read(buf_bytes(&b), buf_len(&b), &m);
    assert_true(code != OK || m.who);
    buf_done(&b);
    return code;
}

static void so_many_pointers_are_followed(void **state)
{
    (void)state;
    assert_int_equal(after_jumps(MDNS_JUMPS_MAX), OK);
    assert_int_equal(after_jumps(MDNS_JUMPS_MAX + 1), ERR_INVALID);
}

/* A name of n bytes. */
static enum err named(size_t n)
{
    struct mdns_msg m;
    struct buf b = {0};
    buf_put(&b, HEAD(QUERY, "\1", "\0"), 12);
    for (n--; n > 0;) {
        size_t label = n - 1 < MDNS_LABEL_MAX ? n - 1 : MDNS_LABEL_MAX;
        label -= n - 1 - label == 1; /* none may be left with a length and no letter */
        buf_u8(&b, (uint8_t)label);
        for (size_t i = 0; i < label; i++)
            buf_u8(&b, 'x');
        n -= 1 + label;
    }
    buf_put(&b, "\0\0\14\0\1", 5);
    enum err code = read(buf_bytes(&b), buf_len(&b), &m);
    buf_done(&b);
    return code;
}

static void a_name_is_so_long(void **state)
{
    (void)state;
    assert_int_equal(named(MDNS_NAME_MAX), OK);
    assert_int_equal(named(MDNS_NAME_MAX + 1), ERR_INVALID);
}

static void what_failed_and_other_kinds_are_no_concern(void **state)
{
    (void)state;
    struct mdns_msg m;
    assert_int_equal(READ(HEAD("\x28\0", "\0", "\0"), &m), ERR_UNSUPPORTED);
    assert_int_equal(READ(HEAD("\x84\3", "\0", "\0"), &m), ERR_UNSUPPORTED);
    assert_int_equal(
        READ(HEAD(RESPONSE, "\0", "\1") "\7printer\5local\0\0\1\0\1\0\0\0\x78\0\4\1\2\3\4", &m),
        OK);
    assert_int_equal(m.count, 0);
}

/* A TXT record of the service with this string, so many times. */
static size_t found_times(size_t times, const char *string, uint32_t ttl)
{
    struct mdns_msg m;
    struct buf b = {0};
    buf_put(&b, HEAD(RESPONSE, "\0", "\1") "\1a" SERVICE "\0\20\0\1", 12 + 2 + 17 + 4);
    buf_be32(&b, ttl);
    buf_be16(&b, (uint16_t)(times * (1 + strlen(string))));
    for (size_t i = 0; i < times; i++) {
        buf_u8(&b, (uint8_t)strlen(string));
        buf_str(&b, string);
    }
    assert_int_equal(read(buf_bytes(&b), buf_len(&b), &m), OK);
    buf_done(&b);
    return m.count;
}

static size_t found_in(const char *string, uint32_t ttl)
{
    return found_times(1, string, ttl);
}

static void addresses_that_do_not_say_who_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(found_in("dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/" ALICE, 120), 1);
    assert_int_equal(found_in("dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/" ALICE, 0), 0); /* it goes */
    assert_int_equal(found_in("dnsaddr=/ip4/1.2.3.4/tcp/1", 120), 0);
    assert_int_equal(found_in("dnsaddr=/p2p/" ALICE "/p2p-circuit/p2p/" ALICE, 120), 0);
    assert_int_equal(found_in("dnsaddr=", 120), 0);
    assert_int_equal(found_in("path=/ip4/1.2.3.4/tcp/1/p2p/" ALICE, 120), 0);
    assert_int_equal(found_in("", 120), 0);
}

static void so_many_addresses_and_records_are_taken(void **state)
{
    (void)state;
    static const char string[] = "dnsaddr=/ip4/1.2.3.4/tcp/1/p2p/" ALICE;
    assert_int_equal(found_times(MDNS_FOUND_MAX, string, 120), MDNS_FOUND_MAX);
    assert_int_equal(found_times(MDNS_FOUND_MAX + 1, string, 120), MDNS_FOUND_MAX);
    struct peer_id id = peer();
    struct multiaddr one = addr("/ip4/192.0.2.7/tcp/1"), many[20];
    struct mdns_msg m;
    struct buf b = {0};
    for (size_t i = 0; i < 20; i++)
        many[i] = one;
    size_t put = mdns_put_answer(&b, "x", &id, many, 20);
    assert_in_range(put, 10, MDNS_FOUND_MAX);
    assert_in_range(buf_len(&b), MDNS_ANSWER_MAX - 100, MDNS_ANSWER_MAX);
    assert_int_equal(read(buf_bytes(&b), buf_len(&b), &m), OK);
    assert_int_equal(m.count, put);
    buf_clear(&b);
    buf_put(&b, HEAD(QUERY, "\0", "\0"), 12);
    buf_bytes(&b)[5] = MDNS_RECORDS_MAX + 1;
    for (int i = 0; i < MDNS_RECORDS_MAX; i++)
        buf_put(&b, "\0\0\1\0\1", 5);
    buf_put(&b, SERVICE "\0\14\0\1", 17 + 4);
    assert_int_equal(read(buf_bytes(&b), buf_len(&b), &m), OK);
    assert_false(m.who); /* one past those that are read */
    buf_done(&b);
}

static void an_address_too_long_for_a_string_is_left_out(void **state)
{
    (void)state;
    struct peer_id id = peer();
    char name[256];
    struct buf b = {0};
    memset(name, 'x', sizeof name);
    memcpy(name, "/dns4/", 6);
    memcpy(name + 190, "/tcp/1", 7);
    struct multiaddr a[2] = {addr(name), addr("/ip4/192.0.2.7/tcp/1")};
    assert_int_equal(mdns_put_answer(&b, "x", &id, a, 2), 1);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_question_is_the_specs),
        cmocka_unit_test(the_answer_says_where_we_are),
        cmocka_unit_test(services_and_names_are_asked_for),
        cmocka_unit_test(compressed_names_are_followed),
        cmocka_unit_test(names_in_a_ring_are_refused),
        cmocka_unit_test(so_many_pointers_are_followed),
        cmocka_unit_test(a_name_is_so_long),
        cmocka_unit_test(what_failed_and_other_kinds_are_no_concern),
        cmocka_unit_test(addresses_that_do_not_say_who_are_passed_over),
        cmocka_unit_test(so_many_addresses_and_records_are_taken),
        cmocka_unit_test(an_address_too_long_for_a_string_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
