#include "host/name/multiaddr.h"

#include "base/buf.h"
#include "base/test.h"
#include "crypto/hex.h"

#include <stdio.h>

#define ED "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV"
#define QM "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC"

enum { BYTES_MAX = 1024 };

static struct multiaddr parsed(const char *text)
{
    struct multiaddr a;
    struct why why = {0};
    if (multiaddr_parse(&a, text, &why) != OK)
        fail_msg("%s: %s", text, why.text);
    return a;
}

/* What js (@multiformats/multiaddr 13) makes of each; where it differs from go-multiaddr
 * (/unix, /http-path, to which it adds a slash, and /memory, a text to it) by go's rules. */
static const struct {
    const char *text, *hex;
} vectors[] = {
    {"/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV",
     "04c0000207060fa1a503260024080112202d3de6d16ae87f7a933fe1552162a2d3f04951e90e8051e4ee2c18f002d"
     "d0fb4"},
    {"/dns4/example.org/tcp/443/wss", "360b6578616d706c652e6f72670601bbde03"},
    {"/dns6/example.org/tcp/443/tls/ws", "370b6578616d706c652e6f72670601bbc003dd03"},
    {"/dns/example.org/tcp/443/tls/sni/front.example/ws",
     "350b6578616d706c652e6f72670601bbc003c1030d66726f6e742e6578616d706c65dd03"},
    {"/ip6/2001:db8::1/udp/4001/quic-v1", "2920010db800000000000000000000000191020fa1cd03"},
    {"/ip6zone/eth0/ip6/fe80::1/tcp/22", "2a046574683029fe800000000000000000000000000001060016"},
    {"/ip4/192.0.2.0/ipcidr/24", "04c00002002b18"},
    {"/dnsaddr/bootstrap.libp2p.io/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC",
     "3813626f6f7473747261702e6c69627032702e696fa503221220d52ebb89d85b02a284948203a62ff28389c57c9f4"
     "2beec4ec20db76a68911c0b"},
    {"/ip4/127.0.0.1/tcp/9/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC/p2p-circuit/p2p/"
     "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV",
     "047f000001060009a503221220d52ebb89d85b02a284948203a62ff28389c57c9f42beec4ec20db76a68911c0ba20"
     "2a503260024080112202d3de6d16ae87f7a933fe1552162a2d3f04951e90e8051e4ee2c18f002dd0fb4"},
    {"/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash/"
     "uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ",
     "047f000001910204d2cd03d103d203221220241f96b80cf18a52e3818d8c340a0c23bdc24224c0f62bfd5a96e291f"
     "eda5ebd"},
    {"/ip4/127.0.0.1/tcp/443/tls/sni/example.com/http/http-path/foo",
     "047f0000010601bbc003c1030b6578616d706c652e636f6de003e10303666f6f"},
    {"/http-path/tmp%2Fbar", "e10307746d702f626172"},
    {"/memory/4", "89060000000000000004"},
    {"/ip4/1.2.3.4/udp/9090/webrtc-direct/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ",
     "0401020304910223829802d203221220241f96b80cf18a52e3818d8c340a0c23bdc24224c0f62bfd5a96e291feda5"
     "ebd"},
    {"/ip4/1.2.3.4/udp/1/quic", "040102030491020001cc03"},
    {"/ip4/1.2.3.4/tcp/80/noise", "0401020304060050c603"},
    {"/webrtc", "9902"},
    {"/unix/a/b/c/d/e", "90030a2f612f622f632f642f65"},
    {"/ip6/::ffff:192.0.2.1/tcp/1", "2900000000000000000000ffffc0000201060001"},
    /* go-multiaddr, TestStringToBytes */
    {"/ip4/127.0.0.1/udp/1234", "047f000001910204d2"},
    {"/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321", "047f000001910204d2047f0000010610e1"},
};

static void text_and_bytes_are_what_others_make_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        char hex[2 * MULTIADDR_MAX + 1], text[MULTIADDR_TEXT];
        struct multiaddr back, a = parsed(vectors[i].text);
        assert_string_equal(hex_encode(a.bytes, a.len, hex), vectors[i].hex);
        assert_int_equal(multiaddr_decode(&back, cur_of(a.bytes, a.len), NULL), OK);
        assert_true(multiaddr_equal(&a, &back));
        assert_string_equal(multiaddr_format(&back, text), vectors[i].text);
    }
}

static void other_spellings_mean_the_same(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"/ip4/127.0.0.1/tcp/1234/", "/ip4/127.0.0.1/tcp/1234"},
        {"/ip4/127.0.0.1/tcp/1234///", "/ip4/127.0.0.1/tcp/1234"},
        {"/ipfs/" QM, "/p2p/" QM},
        {"/p2p/k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl7", "/p2p/" QM},
        {"/p2p/bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u", "/p2p/" ED},
        {"/ip6/2001:0DB8::0:1/tcp/00080", "/ip6/2001:db8::1/tcp/80"},
        {"/http-path/%66%6fo", "/http-path/foo"},
        {"/http-path/a+b", "/http-path/a%2Bb"},
        {"/certhash/b2uaraocy6yrdblb4sfptaddgimjmmpy", "/certhash/u1QEQOFj2IjCsPJFfMAxmQxLGPw"},
        {"/certhash/zQmbWTwYGcmdyK9CYfNBcfs9nhZs17a6FQ4Y8oea278xx41",
         "/certhash/uEiDDq4_xNyDorZBH3TlGyjxOWOWMCIiMhS__GBTaDkxL4Q"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char text[MULTIADDR_TEXT];
        struct multiaddr a = parsed(same[i][0]), b = parsed(same[i][1]);
        multiaddr_format(&a, text);
        if (i < 9)
            assert_string_equal(text, same[i][1]);
        assert_true(i == 9 || multiaddr_equal(&a, &b));
    }
}

/* go-multiaddr, TestConstructFails, and our own. */
static void texts_that_say_nothing_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "/",
        "//",
        "ip4/1.2.3.4",
        "/ip4",
        "/ip4/::1",
        "/ip4/fdpsofodsajfdoisa",
        "/ip4/1.2.3",
        "/ip4/1.2.3.4.5",
        "/ip4//tcp/1",
        "/ip4/1.2.3.4//tcp/1",
        "//ip4/1.2.3.4",
        "/ip4/::/ipcidr/256",
        "/ip6/::/ipcidr/1026",
        "/ip4/1.2.3.4/ipcidr/256",
        "/ip6",
        "/ip6/1::2::3",
        "/ip6/0000:0000:0000:0000:0000:ffff:255.255.255.2559",
        "/ip6/fe80::1%eth0",
        "/ip6zone",
        "/ip6zone/",
        "/ip6zone//ip6/fe80::1",
        "/udp",
        "/tcp",
        "/tcp/",
        "/udp/65536",
        "/tcp/65536",
        "/tcp/-1",
        "/tcp/+1",
        "/tcp/ 1",
        "/tcp/1x",
        "/tcp/99999999999999999999999",
        "/quic/65536",
        "/quic-v1/65536",
        "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash",
        "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash/b2uaraocy6yrdblb4sfptaddgimjmmp",
        "/certhash/uEiA",
        "/certhash/mEiA",
        "/ip4/127.0.0.1/ipfs",
        "/ip4/127.0.0.1/ipfs/tcp",
        "/ip4/127.0.0.1/p2p",
        "/ip4/127.0.0.1/p2p/tcp",
        "/p2p/QmxoHT6iViN5xAjoz1VZ553cL31U9F94ht3QvWR1FrEbZY",
        "/unix",
        "/unix/",
        "/ip4/1.2.3.4/tcp/80/unix",
        "/memory/92233720368547758081",
        "/memory/18446744073709551616",
        "/dns",
        "/dns//tcp/1",
        "/dns/a b/tcp/1",
        "/dns/a\nb/tcp/1",
        "/dns/\xff/tcp/1",
        "/dns/\xe2\x80\xae/tcp/1",
        "/http-path",
        "/http-path/",
        "/http-path/%",
        "/http-path/%2",
        "/http-path/%2g",
        "/p2p-circuit/x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct multiaddr a;
        struct why why = {0};
        enum err code = multiaddr_parse(&a, bad[i], &why);
        if (code != ERR_INVALID && strcmp(bad[i], "/p2p-circuit/x") && strncmp(bad[i], "/quic", 5))
            fail_msg("%s: %d %s", bad[i], code, why.text);
        assert_true(code != OK && why.text[0] && a.len == 0);
    }
}

static void what_we_do_not_know_is_told_from_nonsense(void **state)
{
    (void)state;
    struct multiaddr a;
    static const char *const other[] = {"/onion3/x", "/ip4/1.2.3.4/tcp/1/x-new/5", "/utp",
                                        "/ip4/1.2.3.4/sctp/1"};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_int_equal(multiaddr_parse(&a, other[i], NULL), ERR_UNSUPPORTED);
    /* /ip4/1.2.3.4, then onion3, then a number that no table has */
    assert_int_equal(multiaddr_decode(&a, cur_of("\x04\1\2\3\4\xbd\x03", 7), NULL),
                     ERR_UNSUPPORTED);
    assert_int_equal(multiaddr_decode(&a, cur_of("\xff\xff\xff\xff\x0f", 5), NULL),
                     ERR_UNSUPPORTED);
}

/* One that is cut is itself shorter, or none. */
static void bytes_cut_inside_a_part_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct multiaddr cut, a = parsed(vectors[i].text);
        struct cur at = cur_of(a.bytes, a.len);
        struct multiaddr_part part;
        size_t ends[MULTIADDR_PARTS_MAX], count = 0;
        while (multiaddr_next(&at, &part))
            ends[count++] = a.len - at.n;
        assert_true(cur_done(&at));
        for (size_t n = 0, next = 0; n < a.len; n++) {
            bool whole = next < count && ends[next] == n;
            next += whole;
            enum err code = multiaddr_decode(&cut, cur_of(a.bytes, n), NULL);
            assert_int_equal(code, whole ? OK : ERR_INVALID);
        }
    }
}

static enum err decode(const char *hex)
{
    uint8_t bytes[BYTES_MAX];
    struct multiaddr a;
    size_t n = strlen(hex) / 2;
    assert_true(hex_decode(hex, 2 * n, bytes, n));
    return multiaddr_decode(&a, cur_of(bytes, n), NULL);
}

static void values_in_bytes_are_looked_at_too(void **state)
{
    (void)state;
    assert_int_equal(decode("350161"), OK);          /* /dns/a */
    assert_int_equal(decode("3500"), ERR_INVALID);   /* no name */
    assert_int_equal(decode("35012f"), ERR_INVALID); /* a slash in it */
    assert_int_equal(decode("350100"), ERR_INVALID); /* a NUL */
    assert_int_equal(decode("35ffffffffffffffff7f61"), ERR_INVALID);
    assert_int_equal(decode("b5000161"), ERR_INVALID); /* a longer code */
    assert_int_equal(decode("35810061"), ERR_INVALID); /* a longer length */
    assert_int_equal(decode("9003022f61"), OK);        /* /unix/a */
    assert_int_equal(decode("9003012f"), ERR_INVALID);
    assert_int_equal(decode("90030161"), ERR_INVALID);
    assert_int_equal(decode("9003032f612f"), ERR_INVALID);
    assert_int_equal(decode("9003022f61dd03"), ERR_INVALID); /* /ws after a path */
    assert_int_equal(decode("d20302120161"), ERR_INVALID);   /* a hash cut short */
    assert_int_equal(decode("a503020000"), ERR_INVALID);     /* nobody's peer id */
    assert_int_equal(decode("e10300"), ERR_INVALID);         /* an empty path */
    assert_int_equal(decode("e1030100"), OK);                /* any byte, escaped */
}

static void a_name_has_at_most_253_letters(void **state)
{
    (void)state;
    char text[300];
    struct multiaddr a;
    for (size_t n = 253; n <= 254; n++) {
        memset(text, 'a', sizeof text);
        memcpy(text, "/dns/", 5);
        text[5 + n] = '\0';
        assert_int_equal(multiaddr_parse(&a, text, NULL), n == 253 ? OK : ERR_INVALID);
    }
}

static void an_address_has_at_most_16_parts_and_384_bytes(void **state)
{
    (void)state;
    uint8_t bytes[MULTIADDR_MAX + 1];
    struct multiaddr a;
    for (size_t i = 0; i < 17; i++)
        memcpy(bytes + 2 * i, "\xdd\x03", 2); /* /ws */
    assert_int_equal(multiaddr_decode(&a, cur_of(bytes, 32), NULL), OK);
    assert_int_equal(multiaddr_decode(&a, cur_of(bytes, 34), NULL), ERR_LIMIT);
    memset(bytes, 'a', sizeof bytes);
    for (size_t n = MULTIADDR_MAX; n <= sizeof bytes; n++) {
        memcpy(bytes, "\xe1\x03", 2);
        bytes[2] = (uint8_t)((n - 4) | 0x80);
        bytes[3] = (uint8_t)((n - 4) >> 7);
        assert_int_equal(multiaddr_decode(&a, cur_of(bytes, n), NULL),
                         n == MULTIADDR_MAX ? OK : ERR_LIMIT);
    }
    char text[MULTIADDR_TEXT + 1];
    memset(text, '/', sizeof text);
    memcpy(text, "/ws", 3);
    text[MULTIADDR_TEXT - 1] = '\0';
    assert_int_equal(multiaddr_parse(&a, text, NULL), OK);
    text[MULTIADDR_TEXT - 1] = '/';
    text[MULTIADDR_TEXT] = '\0';
    assert_int_equal(multiaddr_parse(&a, text, NULL), ERR_LIMIT);
}

static void the_longest_text_has_room(void **state)
{
    (void)state;
    uint8_t bytes[MULTIADDR_MAX] = {0};
    struct multiaddr back, a;
    char text[MULTIADDR_TEXT];
    for (size_t i = 0; i < 15; i++)
        memcpy(bytes + 2 * i, "\x98\x02", 2);  /* /webrtc-direct */
    memcpy(bytes + 30, "\xe1\x03\xde\x02", 4); /* 350 bytes */
    assert_int_equal(multiaddr_decode(&a, cur_of(bytes, sizeof bytes), NULL), OK);
    multiaddr_format(&a, text);
    assert_int_equal(strlen(text), 15 * 14 + 11 + 3 * 350);
    back = parsed(text);
    assert_true(multiaddr_equal(&a, &back));
}

/* --- routes ---------------------------------------------------------------------------------- */

static struct multiaddr_route routed(const char *text)
{
    struct multiaddr a = parsed(text);
    struct multiaddr_route r;
    struct why why = {0};
    if (multiaddr_route(&a, &r, &why) != OK)
        fail_msg("%s: %s", text, why.text);
    return r;
}

static void is_peer(const struct peer_id *id, const char *want)
{
    char text[PEER_ID_FORMAT];
    assert_string_equal(peer_id_format(id, text), want);
}

static void addresses_of_machines_are_routes(void **state)
{
    (void)state;
    char text[ADDR_TEXT];
    struct multiaddr_route r = routed("/ip4/192.0.2.7/tcp/4001/p2p/" ED);
    assert_true(r.reach == REACH_TCP && r.port == 4001 && !r.named && !r.relayed && !r.host[0]);
    assert_string_equal(addr_format(&r.addr, text), "192.0.2.7:4001");
    is_peer(&r.peer, ED);
    r = routed("/ip6/2001:db8::1/udp/4001/quic-v1");
    assert_true(r.reach == REACH_QUIC && r.peer.len == 0);
    assert_string_equal(addr_format(&r.addr, text), "[2001:db8::1]:4001");
    r = routed("/ip6/::ffff:192.0.2.1/tcp/1");
    assert_string_equal(addr_format(&r.addr, text), "192.0.2.1:1");
    r = routed("/ip4/0.0.0.0/tcp/0"); /* to listen at */
    assert_string_equal(addr_format(&r.addr, text), "0.0.0.0:0");
}

static void wss_is_tls_and_ws(void **state)
{
    (void)state;
    static const char *const same[] = {"/dns4/example.org/tcp/443/wss",
                                       "/dns4/example.org/tcp/443/tls/ws",
                                       "/dns4/example.org/tcp/443/tls/sni/front.example/ws"};
    for (size_t i = 0; i < 3; i++) {
        struct multiaddr_route r = routed(same[i]);
        assert_true(r.reach == REACH_WSS && r.port == 443 && r.named == MA_DNS4);
        assert_int_equal(r.addr.family, ADDR_NONE);
        assert_string_equal(r.host, "example.org");
        assert_string_equal(r.sni, i == 2 ? "front.example" : "");
    }
    assert_int_equal(routed("/ip4/1.2.3.4/tcp/80/ws").reach, REACH_WS);
    assert_int_equal(routed("/dns6/x/tcp/80/ws").named, MA_DNS6);
    assert_int_equal(routed("/dns/x/udp/80/quic-v1").named, MA_DNS);
}

static void a_dnsaddr_needs_no_port(void **state)
{
    (void)state;
    struct multiaddr_route r = routed("/dnsaddr/bootstrap.libp2p.io/p2p/" QM);
    assert_true(r.named == MA_DNSADDR && r.port == 0 && !r.relayed);
    assert_string_equal(r.host, "bootstrap.libp2p.io");
    is_peer(&r.peer, QM);
    assert_int_equal(routed("/dnsaddr/x").peer.len, 0);
    assert_int_equal(routed("/dnsaddr/x/tcp/5").port, 5);
}

static void a_circuit_says_by_whom_and_to_whom(void **state)
{
    (void)state;
    struct multiaddr_route r = routed("/ip4/192.0.2.7/tcp/4001/p2p/" QM "/p2p-circuit/p2p/" ED);
    assert_true(r.relayed && r.addr.family == ADDR_V4);
    is_peer(&r.relay, QM);
    is_peer(&r.peer, ED);
    r = routed("/ip4/192.0.2.7/tcp/4001/p2p/" QM "/p2p-circuit");
    assert_true(r.relayed && r.peer.len == 0);
    is_peer(&r.relay, QM);
    r = routed("/p2p/" QM "/p2p-circuit/p2p/" ED);
    assert_true(r.relayed && r.addr.family == ADDR_NONE && !r.named && r.port == 0);
    is_peer(&r.relay, QM);
    r = routed("/ip4/192.0.2.7/tcp/4001/p2p-circuit/p2p/" ED);
    assert_true(r.relayed && r.relay.len == 0);
    is_peer(&r.peer, ED);
}

static void other_ways_are_told_in_words(void **state)
{
    (void)state;
    static const char *const other[] = {
        "/p2p/" ED,
        "/p2p-circuit/p2p/" ED,
        "/tcp/80",
        "/ws",
        "/ip4/1.2.3.4",
        "/ip4/1.2.3.4/p2p/" ED,
        "/dns/x",
        "/ip4/1.2.3.4/udp/1",
        "/ip4/1.2.3.4/udp/1/quic",
        "/ip4/1.2.3.4/udp/1/quic-v1/webtransport",
        "/ip4/1.2.3.4/udp/1/webrtc-direct",
        "/ip4/1.2.3.4/tcp/1/tls",
        "/ip4/1.2.3.4/tcp/1/tls/sni/x",
        "/ip4/1.2.3.4/tcp/1/noise",
        "/ip4/1.2.3.4/tcp/1/ws/ws",
        "/ip4/1.2.3.4/tcp/1/http",
        "/ip4/1.2.3.4/tcp/1/ip4/1.2.3.4/tcp/1",
        "/ip4/1.2.3.4/tcp/1/p2p/" ED "/p2p/" ED,
        "/ip4/1.2.3.4/tcp/1/p2p/" ED "/tcp/1",
        "/ip4/1.2.3.4/tcp/1/p2p/" ED "/p2p-circuit/p2p/" QM "/p2p-circuit",
        "/ip4/1.2.3.4/tcp/1/p2p/" ED "/p2p-circuit/webrtc/p2p/" QM,
        "/ip6zone/eth0/ip6/fe80::1/tcp/22",
        "/ip4/1.2.3.0/ipcidr/24",
        "/unix/a",
        "/memory/1",
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        struct multiaddr a = parsed(other[i]);
        struct multiaddr_route r;
        struct why why = {0};
        if (multiaddr_route(&a, &r, &why) != ERR_UNSUPPORTED || !why.text[0])
            fail_msg("%s: %s", other[i], why.text);
    }
    struct multiaddr none = {0};
    struct multiaddr_route r;
    assert_int_equal(multiaddr_route(&none, &r, NULL), ERR_UNSUPPORTED);
}

/* --- making ---------------------------------------------------------------------------------- */

static void is(const struct multiaddr *a, const char *want)
{
    char text[MULTIADDR_TEXT];
    assert_string_equal(multiaddr_format(a, text), want);
}

static void is_made_of_an_address_of_the_network(void **state)
{
    (void)state;
    static const char *const want[] = {"/ip4/1.2.3.4/tcp/80", "/ip4/1.2.3.4/tcp/80/ws",
                                       "/ip4/1.2.3.4/tcp/80/tls/ws", "/ip4/1.2.3.4/udp/80/quic-v1"};
    struct addr addr = addr_v4(1, 2, 3, 4, 80), none = {.family = ADDR_NONE};
    struct multiaddr a;
    for (enum reach r = REACH_TCP; r <= REACH_QUIC; r++) {
        struct multiaddr_route route;
        multiaddr_of_addr(&a, &addr, r);
        is(&a, want[r]);
        assert_int_equal(multiaddr_route(&a, &route, NULL), OK);
        assert_true(route.reach == r && addr_equal(&route.addr, &addr));
    }
    assert_int_equal(addr_parse(&addr, "[2001:db8::1]:65535", NULL), OK);
    multiaddr_of_addr(&a, &addr, REACH_TCP);
    is(&a, "/ip6/2001:db8::1/tcp/65535");
    multiaddr_of_addr(&a, &none, REACH_TCP);
    assert_int_equal(a.len, 0);
    is(&a, "");
}

static void parts_are_added_and_the_peer_taken_off(void **state)
{
    (void)state;
    struct multiaddr a = parsed("/ip4/1.2.3.4/tcp/80"), plain = a;
    struct peer_id relay, peer;
    assert_int_equal(peer_id_parse(&relay, QM, NULL), OK);
    assert_int_equal(peer_id_parse(&peer, ED, NULL), OK);
    multiaddr_drop_peer(&a); /* has none */
    assert_true(multiaddr_equal(&a, &plain));
    assert_int_equal(multiaddr_add_peer(&a, &relay), OK);
    assert_int_equal(multiaddr_add(&a, MA_P2P_CIRCUIT, cur_of(NULL, 0)), OK);
    multiaddr_drop_peer(&a); /* not at its end */
    is(&a, "/ip4/1.2.3.4/tcp/80/p2p/" QM "/p2p-circuit");
    assert_int_equal(multiaddr_add_peer(&a, &peer), OK);
    is(&a, "/ip4/1.2.3.4/tcp/80/p2p/" QM "/p2p-circuit/p2p/" ED);
    multiaddr_drop_peer(&a);
    is(&a, "/ip4/1.2.3.4/tcp/80/p2p/" QM "/p2p-circuit");
    a.len = 0;
    multiaddr_drop_peer(&a);
    assert_int_equal(a.len, 0);
    assert_int_equal(multiaddr_add_peer(&a, &peer), OK);
    multiaddr_drop_peer(&a);
    assert_int_equal(a.len, 0);
}

static void what_cannot_be_added_leaves_it_as_it_was(void **state)
{
    (void)state;
    struct multiaddr a = parsed("/ip4/1.2.3.4"), before = a;
    struct peer_id nobody = {0};
    uint8_t much[MULTIADDR_MAX];
    memset(much, 'a', sizeof much);
    assert_int_equal(multiaddr_add(&a, MA_TCP, cur_of("\0\1\2", 3)), ERR_INVALID);
    assert_int_equal(multiaddr_add(&a, MA_TCP, cur_of("\1", 1)), ERR_INVALID);
    assert_int_equal(multiaddr_add(&a, MA_WS, cur_of("\xdd\x03", 2)), ERR_INVALID);
    assert_int_equal(multiaddr_add(&a, MA_DNS, cur_of(NULL, 0)), ERR_INVALID);
    assert_int_equal(multiaddr_add_peer(&a, &nobody), ERR_INVALID);
    assert_int_equal(multiaddr_add(&a, (enum multiaddr_code)5, cur_of(NULL, 0)), ERR_UNSUPPORTED);
    assert_int_equal(multiaddr_add(&a, MA_HTTP_PATH, cur_of(much, sizeof much)), ERR_LIMIT);
    assert_int_equal(multiaddr_add(&a, MA_HTTP_PATH, cur_of(much, MULTIADDR_MAX - 8)), ERR_LIMIT);
    assert_true(multiaddr_equal(&a, &before));
    assert_int_equal(multiaddr_add(&a, MA_HTTP_PATH, cur_of(much, MULTIADDR_MAX - 9)), OK);
    assert_int_equal(a.len, MULTIADDR_MAX);
    a = parsed("/ws/ws/ws/ws/ws/ws/ws/ws/ws/ws/ws/ws/ws/ws/ws/ws");
    assert_int_equal(multiaddr_add(&a, MA_WS, cur_of(NULL, 0)), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_bytes_are_what_others_make_of_them),
        cmocka_unit_test(other_spellings_mean_the_same),
        cmocka_unit_test(texts_that_say_nothing_are_refused),
        cmocka_unit_test(what_we_do_not_know_is_told_from_nonsense),
        cmocka_unit_test(bytes_cut_inside_a_part_are_refused),
        cmocka_unit_test(values_in_bytes_are_looked_at_too),
        cmocka_unit_test(a_name_has_at_most_253_letters),
        cmocka_unit_test(an_address_has_at_most_16_parts_and_384_bytes),
        cmocka_unit_test(the_longest_text_has_room),
        cmocka_unit_test(addresses_of_machines_are_routes),
        cmocka_unit_test(wss_is_tls_and_ws),
        cmocka_unit_test(a_dnsaddr_needs_no_port),
        cmocka_unit_test(a_circuit_says_by_whom_and_to_whom),
        cmocka_unit_test(other_ways_are_told_in_words),
        cmocka_unit_test(is_made_of_an_address_of_the_network),
        cmocka_unit_test(parts_are_added_and_the_peer_taken_off),
        cmocka_unit_test(what_cannot_be_added_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
