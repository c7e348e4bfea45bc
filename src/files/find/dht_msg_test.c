#include "files/find/dht_msg.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/hex.h"

#include <stdio.h>

static struct arena *arena; /* of one test */

static int begin(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static enum err reads(struct cur bytes, struct dht_msg *out)
{
    struct why why = {0};
    enum err err = dht_msg_read(arena, bytes, out, &why);
    if (err != OK) {
        assert_int_equal(why.code, err);
        assert_true(why.text[0] != '\0');
    }
    return err;
}

static enum err reads_text(const char *text, struct dht_msg *out)
{
    return reads(cur_of(text, strlen(text)), out);
}

static void assert_cur(struct cur c, const char *text)
{
    assert_int_equal(c.n, strlen(text));
    assert_memory_equal(c.p, text, c.n);
}

static struct dht_id id_of(const char *text)
{
    struct dht_id id;
    assert_int_equal(strlen(text), DHT_ID_LEN);
    memcpy(id.b, text, DHT_ID_LEN);
    return id;
}

static void assert_id(const struct dht_id *id, const char *text)
{
    assert_memory_equal(id->b, text, DHT_ID_LEN);
}

/* The message is written as the text says, and the text is read as the message. */
static void assert_written(const struct dht_msg *m, const char *text)
{
    struct buf b = {0};
    dht_msg_put(&b, m);
    assert_cur(buf_cur(&b), text);
    buf_done(&b);
}

/* BEP 5's own examples, byte for byte. */

static void writes_and_reads_the_queries_of_bep_5(void **state)
{
    (void)state;
    static const struct {
        enum dht_method method;
        const char *text;
    } q[] = {
        {DHT_PING, "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"},
        {DHT_FIND_NODE, "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_"
                        "node1:t2:aa1:y1:qe"},
        {DHT_GET_PEERS, "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:"
                        "get_peers1:t2:aa1:y1:qe"},
        {DHT_ANNOUNCE_PEER,
         "d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:"
         "porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe"},
    };
    for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) {
        struct dht_msg m;
        assert_int_equal(reads_text(q[i].text, &m), OK);
        assert_int_equal(m.kind, DHT_QUERY);
        assert_int_equal(m.method, q[i].method);
        assert_null(m.fault);
        assert_cur(m.tid, "aa");
        assert_id(&m.id, "abcdefghij0123456789");
        if (q[i].method != DHT_PING)
            assert_id(&m.target, "mnopqrstuvwxyz123456");
        assert_written(&m, q[i].text);
        if (q[i].method == DHT_ANNOUNCE_PEER) {
            assert_int_equal(m.port, 6881);
            assert_true(m.implied_port);
            assert_cur(m.token, "aoeusnth");
        }
    }
}

static void writes_and_reads_the_replies_of_bep_5(void **state)
{
    (void)state;
    struct dht_msg m;
    const char *ping = "d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re";
    assert_int_equal(reads_text(ping, &m), OK);
    assert_int_equal(m.kind, DHT_REPLY);
    assert_id(&m.id, "mnopqrstuvwxyz123456");
    assert_written(&m, ping);
    const char *peers = "d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:"
                        "idhtnmee1:t2:aa1:y1:re";
    assert_int_equal(reads_text(peers, &m), OK);
    assert_int_equal(m.value_count, 2);
    struct addr first = addr_v4('a', 'x', 'j', 'e', '.' << 8 | 'u');
    assert_true(addr_equal(&m.values[0], &first));
    assert_written(&m, peers);
    const char *error = "d1:eli201e23:A Generic Error Oc"
                        "urrede1:t2:aa1:y1:ee";
    assert_int_equal(reads_text(error, &m), OK);
    assert_int_equal(m.kind, DHT_ERROR);
    assert_int_equal(m.error, DHT_E_GENERIC);
    assert_cur(m.error_text, "A Generic Error Oc"
                             "urred" /* as the BEP spells it */);
    assert_written(&m, error);
}

/* One message that has everything a reply can have. */
static struct dht_msg full_reply(void)
{
    static uint8_t bloom[DHT_BLOOM_LEN], key[DHT_KEY_LEN], sig[DHT_SIG_LEN];
    struct dht_msg m = {.kind = DHT_REPLY, .tid = cur_of("xy", 2), .version = cur_of("SH01", 4)};
    m.you = addr_v4(1, 2, 3, 4, 5);
    m.has_id = true;
    m.id = id_of("abcdefghij0123456789");
    m.token = cur_of("12345678", 8);
    m.item = (struct dht_item){
        .v = cur_of("d1:ai1e1:b2:xye", 15), .is_mutable = true, .key = key, .sig = sig, .seq = 7};
    m.has_seq = true;
    m.want4 = m.want6 = true;
    m.node_count = 2;
    m.nodes[0] = (struct dht_node){id_of("00000000000000000000"), addr_v4(9, 8, 7, 6, 1000)};
    m.nodes[1].id = id_of("11111111111111111111");
    m.nodes[1].addr = addr_of_bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, 2000);
    m.value_count = 2;
    m.values[0] = m.nodes[0].addr;
    m.values[1] = m.nodes[1].addr;
    m.bloom_seeds = m.bloom_peers = cur_of(bloom, sizeof bloom);
    m.has_samples = true;
    m.samples = cur_of("2222222222222222222233333333333333333333", 40);
    m.interval_s = 300;
    m.num = 9;
    return m;
}

/* BEP 33: each has 256 bytes, and who counts with them reads 256. */
static void a_bloom_filter_of_another_length_is_none(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct dht_msg m = full_reply(), out;
        struct buf b = {0};
        (which ? &m.bloom_seeds : &m.bloom_peers)->n = DHT_BLOOM_LEN - 1;
        dht_msg_put(&b, &m);
        assert_int_equal(reads(buf_cur(&b), &out), OK);
        assert_int_equal(out.bloom_seeds.n, 0);
        assert_int_equal(out.bloom_peers.n, 0);
        buf_done(&b);
    }
}

static void reads_back_all_that_a_reply_can_say(void **state)
{
    (void)state;
    struct dht_msg m = full_reply(), out;
    struct buf b = {0};
    dht_msg_put(&b, &m);
    assert_int_equal(reads(buf_cur(&b), &out), OK);
    assert_true(addr_equal(&out.you, &m.you));
    assert_cur(out.version, "SH01");
    assert_cur(out.token, "12345678");
    assert_cur(out.item.v, "d1:ai1e1:b2:xye");
    assert_true(out.item.is_mutable);
    assert_int_equal(out.item.seq, 7);
    assert_int_equal(out.node_count, 2);
    assert_int_equal(out.value_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(dht_id_equal(&out.nodes[i].id, &m.nodes[i].id));
        assert_true(addr_equal(&out.nodes[i].addr, &m.nodes[i].addr));
        assert_true(addr_equal(&out.values[i], &m.values[i]));
    }
    assert_int_equal(out.bloom_peers.n, DHT_BLOOM_LEN);
    assert_int_equal(out.samples.n, 40);
    assert_int_equal(out.interval_s, 300);
    assert_int_equal(out.num, 9);
    buf_done(&b);
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    struct dht_msg m = full_reply(), out;
    struct buf b = {0};
    dht_msg_put(&b, &m);
    for (size_t n = 0; n < buf_len(&b); n++) {
        uint8_t *cut = mem_dup(buf_bytes(&b), n); /* so that a read past it is seen */
        assert_int_equal(reads(cur_of(cut, n), &out), ERR_INVALID);
        free(cut);
    }
    buf_done(&b);
}

static void a_datagram_or_a_transaction_can_be_too_long(void **state)
{
    (void)state;
    struct dht_msg out;
    char text[256];
    for (int n = DHT_TID_MAX; n <= DHT_TID_MAX + 1; n++) {
        snprintf(text, sizeof text, "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t%d:%.*s1:y1:qe",
                 n, n, "ttttttttttttttttttttttttt");
        assert_int_equal(reads_text(text, &out), n > DHT_TID_MAX ? ERR_LIMIT : OK);
    }
    uint8_t big[DHT_PACKET_MAX + 1];
    memset(big, 'x', sizeof big);
    memcpy(big, "d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re", 47);
    assert_int_equal(reads(cur_of(big, sizeof big - 1), &out), OK); /* padding is passed over */
    assert_int_equal(reads(cur_of(big, sizeof big), &out), ERR_LIMIT);
}

static void takes_no_more_than_its_limits(void **state)
{
    (void)state;
    struct dht_msg out;
    struct buf b = {0};
    buf_str(&b, "d1:rd2:id20:mnopqrstuvwxyz1234565:nodes1040:");
    for (int i = 0; i < 40; i++)
        buf_str(&b, "abcdefghij0123456789\1\2\3\4\5\6");
    buf_str(&b, "6:valuesl");
    for (int i = 0; i < 116; i++)
        buf_str(&b, "6:axje.u");
    buf_str(&b, "ee1:t2:aa1:y1:re");
    assert_true(buf_len(&b) <= DHT_PACKET_MAX);
    assert_int_equal(reads(buf_cur(&b), &out), OK);
    assert_int_equal(out.node_count, DHT_NODES_MAX);
    assert_int_equal(out.value_count, 116);
    buf_clear(&b);
    buf_str(&b, "d1:rd2:id20:mnopqrstuvwxyz1234566:valuesl");
    for (int i = 0; i < DHT_VALUES_MAX + 1; i++)
        buf_str(&b, "6:axje.u");
    buf_str(&b, "ee1:t2:aa1:y1:re");
    assert_int_equal(reads(buf_cur(&b), &out), OK);
    assert_int_equal(out.value_count, DHT_VALUES_MAX);
    buf_done(&b);
}

static void says_what_a_query_lacks(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fault;
    } q[] = {
        {"d1:ade1:q4:ping1:t1:a1:y1:qe", "no id of 20 bytes"},
        {"d1:q4:ping1:t1:a1:y1:qe", "no id of 20 bytes"},
        {"d1:ad2:id19:abcdefghij012345678e1:q4:ping1:t1:a1:y1:qe", "no id of 20 bytes"},
        {"d1:ad2:id20:abcdefghij0123456789e1:q9:find_node1:t1:a1:y1:qe", "no target of 20 bytes"},
        {"d1:ad2:id20:abcdefghij0123456789e1:q9:get_peers1:t1:a1:y1:qe",
         "no info_hash of 20 bytes"},
        {"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti1ee1:q13:"
         "announce_peer1:t1:a1:y1:qe",
         "no token"},
        {"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234564:porti70000e5:token1:"
         "xe1:q13:announce_peer1:t1:a1:y1:qe",
         "no port"},
        {"d1:ad2:id20:abcdefghij01234567895:token1:xe1:q3:put1:t1:a1:y1:qe", "no value"},
        {"d1:ad2:id20:abcdefghij01234567891:k3:abc5:token1:x1:vi1ee1:q3:put1:t1:a1:y1:qe",
         "a mutable item needs k, sig and seq"},
        {"d1:ad2:id20:abcdefghij01234567895:token1:x1:vd1:bi1e1:ai1eee1:q3:put1:t1:a1:y1:qe",
         "the value's keys are not in order"},
    };
    for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) {
        struct dht_msg m;
        assert_int_equal(reads_text(q[i].text, &m), OK);
        assert_string_equal(m.fault, q[i].fault);
    }
}

static void refuses_what_nobody_could_answer(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "de",
                                      "i1e",
                                      "le",
                                      "d1:t1:ae",
                                      "d1:y1:qe",
                                      "d1:t1:a1:y1:qe",
                                      "d1:t1:a1:y1:re",
                                      "d1:t1:a1:y1:ee",
                                      "d1:rd2:id20:mnopqrstuvwxyz123456e1:t0:1:y1:re",
                                      "d1:q4:ping1:t1:a1:y1:xe",
                                      "d1:ele1:t1:a1:y1:re"};
    struct dht_msg m;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(reads_text(bad[i], &m), ERR_INVALID);
    assert_int_equal(reads_text("d1:ele1:t1:a1:y1:ee", &m), OK); /* an error that says nothing */
}

static void reads_who_is_read_only_and_what_is_wanted(void **state)
{
    (void)state;
    struct dht_msg m;
    const char *text =
        "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:wantl2:n42:"
        "n6ee1:q9:find_node2:roi1e1:t2:aa1:v4:SH011:y1:qe";
    assert_int_equal(reads_text(text, &m), OK);
    assert_true(m.read_only && m.want4 && m.want6);
    assert_written(&m, text);
    assert_int_equal(reads_text("d1:ad2:id20:abcdefghij0123456789e1:q3:foo1:t2:aa1:y1:qe", &m), OK);
    assert_int_equal(m.method, DHT_UNKNOWN);
}

/* BEP 44, "test vectors". */

static const char seq_1_hello[] = "12:Hello World!";

static struct dht_item hello(uint8_t key[DHT_KEY_LEN], uint8_t sig[DHT_SIG_LEN], const char *salt)
{
    const char *signature =
        salt[0] ? "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17d"
                  "df9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08"
                : "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff"
                  "1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01";
    assert_true(hex_decode("77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548", 64,
                           key, DHT_KEY_LEN));
    assert_true(hex_decode(signature, 128, sig, DHT_SIG_LEN));
    return (struct dht_item){.v = cur_of(seq_1_hello, sizeof seq_1_hello - 1),
                             .is_mutable = true,
                             .key = key,
                             .sig = sig,
                             .salt = cur_of(salt, strlen(salt)),
                             .seq = 1};
}

static void assert_hex(const struct dht_id *id, const char *hex)
{
    char text[2 * DHT_ID_LEN + 1];
    assert_string_equal(hex_encode(id->b, DHT_ID_LEN, text), hex);
}

static void knows_the_vectors_of_bep_44(void **state)
{
    (void)state;
    uint8_t key[DHT_KEY_LEN], sig[DHT_SIG_LEN];
    struct buf b = {0};
    struct dht_item item = hello(key, sig, "");
    dht_item_signed(&b, &item);
    assert_cur(buf_cur(&b), "3:seqi1e1:v12:Hello World!");
    assert_true(dht_item_is_good(&item));
    struct dht_id at = dht_item_target(&item);
    assert_hex(&at, "4a533d47ec9c7d95b1ad75f576cffc641853b750");
    item.seq = 2;
    assert_false(dht_item_is_good(&item));

    buf_clear(&b);
    item = hello(key, sig, "foobar");
    dht_item_signed(&b, &item);
    assert_cur(buf_cur(&b), "4:salt6:foobar3:seqi1e1:v12:Hello World!");
    assert_true(dht_item_is_good(&item));
    at = dht_item_target(&item);
    assert_hex(&at, "411eba73b6f087ca51a3795d9c8c938d365e32c1");
    sig[0] ^= 1;
    assert_false(dht_item_is_good(&item));

    struct dht_item fixed = {.v = cur_of(seq_1_hello, sizeof seq_1_hello - 1)};
    assert_true(dht_item_is_good(&fixed));
    at = dht_item_target(&fixed);
    assert_hex(&at, "e5f96f6f38320f0f33959cb4d3d656452117aadb");
    buf_done(&b);
}

static void knows_the_targets_of_bep_46(void **state)
{
    (void)state;
    uint8_t key[DHT_KEY_LEN];
    assert_true(hex_decode("8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e", 64,
                           key, sizeof key));
    struct dht_id at = dht_key_target(key, cur_of(NULL, 0));
    assert_hex(&at, "cc3f9d90b572172053626f9980ce261a850d050b");
    at = dht_key_target(key, cur_of("n", 1));
    assert_hex(&at, "59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f");
}

static void a_value_has_one_form_and_a_size(void **state)
{
    (void)state;
    static const char *const good[] = {"i1e", "0:", "le", "de", "d1:ai1e1:bi2ee", "ld1:ai1eee"};
    static const char *const bad[] = {"",
                                      "i01e",
                                      "i1ei2e",
                                      "d1:bi1e1:ai2ee",
                                      "d1:ai1e1:ai2ee",
                                      "ld1:bi1e1:aleee",
                                      "d2:aai1e1:ai1ee"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(dht_value_is_canonical(cur_of(good[i], strlen(good[i]))));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(dht_value_is_canonical(cur_of(bad[i], strlen(bad[i]))));
    char text[DHT_VALUE_MAX + 2];
    memset(text, 'x', sizeof text);
    memcpy(text, "996:", 4);
    struct dht_item item = {.v = cur_of(text, DHT_VALUE_MAX)};
    assert_true(dht_item_is_good(&item));
    memcpy(text, "997:", 4);
    item.v = cur_of(text, DHT_VALUE_MAX + 1);
    assert_false(dht_item_is_good(&item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_and_reads_the_queries_of_bep_5, begin, end),
        cmocka_unit_test_setup_teardown(writes_and_reads_the_replies_of_bep_5, begin, end),
        cmocka_unit_test_setup_teardown(a_bloom_filter_of_another_length_is_none, begin, end),
        cmocka_unit_test_setup_teardown(reads_back_all_that_a_reply_can_say, begin, end),
        cmocka_unit_test_setup_teardown(refuses_every_truncation, begin, end),
        cmocka_unit_test_setup_teardown(a_datagram_or_a_transaction_can_be_too_long, begin, end),
        cmocka_unit_test_setup_teardown(takes_no_more_than_its_limits, begin, end),
        cmocka_unit_test_setup_teardown(says_what_a_query_lacks, begin, end),
        cmocka_unit_test_setup_teardown(refuses_what_nobody_could_answer, begin, end),
        cmocka_unit_test_setup_teardown(reads_who_is_read_only_and_what_is_wanted, begin, end),
        cmocka_unit_test(knows_the_vectors_of_bep_44),
        cmocka_unit_test(knows_the_targets_of_bep_46),
        cmocka_unit_test(a_value_has_one_form_and_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
