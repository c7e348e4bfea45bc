#include "host/name/cid.h"

#include "base/test.h"
#include "crypto/hex.h"

#include <stdio.h>

enum { BYTES_MAX = 200 };

static struct cid parsed(const char *text)
{
    struct cid c;
    assert_int_equal(cid_parse(&c, text, NULL), OK);
    return c;
}

static enum err decode(struct cid *c, const char *hex, struct why *why)
{
    uint8_t bytes[BYTES_MAX];
    size_t n = strlen(hex) / 2;
    assert_true(n <= sizeof bytes && hex_decode(hex, 2 * n, bytes, n));
    return cid_decode(c, cur_of(bytes, n), why);
}

/* The text, what is in it, and what we write for it.  What js (multiformats 13) says of each. */
static const struct {
    const char *text, *hex, *written;
    uint8_t version;
    uint64_t codec;
} vectors[] = {
    {"QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdG",
     "12209d6c2be50f706953479ab9df2ce3edca90b68053c00b3004b7f0accbcfb172cf",
     "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdG", 0, CID_DAG_PB},
    {"bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su",
     "015512206e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95",
     "bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su", 1, CID_RAW},
    {"k51qzi5uqu5dhb6l8spkdx7yxafegfkee5by8h7lmjh2ehc2sgg34z7c15vzqs",
     "01720024080112202d3de6d16ae87f7a933fe1552162a2d3f04951e90e8051e4ee2c18f002dd0fb4",
     "bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u", 1, CID_LIBP2P_KEY},
    {"zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA",
     "015512206e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95",
     "bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su", 1, CID_RAW},
    {"k2cwuebehu25964wkyur07ojbfw5otexdh4mq0cbtw10597acwdqhtat",
     "015512206e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95",
     "bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su", 1, CID_RAW},
    {"uAVUSIG5v95UKNhh6gBYTQm6Fjc5obNfX48D8Qu4DMActJFyV",
     "015512206e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95",
     "bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su", 1, CID_RAW},
    {"f015512206e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95",
     "015512206e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95",
     "bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su", 1, CID_RAW},
    {"BAFKREIDON73ZKCRWDB5IAFQTIJXILDOONBWNPV7DYD6EF3QDGADS2JC4SU",
     "015512206e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95",
     "bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su", 1, CID_RAW},
    {"bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf47mlsz4",
     "017012209d6c2be50f706953479ab9df2ce3edca90b68053c00b3004b7f0accbcfb172cf",
     "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf47mlsz4", 1, CID_DAG_PB},
};

static void reads_and_writes_what_js_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        char text[CID_FORMAT], hex[2 * BYTES_MAX + 1];
        struct buf b = {0};
        struct cid back, c = parsed(vectors[i].text);
        assert_int_equal(c.version, vectors[i].version);
        assert_int_equal(c.codec, vectors[i].codec);
        cid_encode(&c, &b);
        assert_string_equal(hex_encode(buf_bytes(&b), buf_len(&b), hex), vectors[i].hex);
        assert_string_equal(cid_format(&c, text), vectors[i].written);
        assert_int_equal(cid_decode(&back, buf_cur(&b), NULL), OK);
        assert_true(cid_equal(&c, &back));
        buf_done(&b);
    }
}

#define DIGEST "6e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95"

static void the_key_of_a_dht_is_the_multihash(void **state)
{
    (void)state;
    struct cid v0, raw;
    char hex[2 * CID_HASH_MAX + 1];
    assert_int_equal(decode(&v0, "1220" DIGEST, NULL), OK);
    assert_int_equal(decode(&raw, "01551220" DIGEST, NULL), OK);
    assert_false(cid_equal(&v0, &raw));
    struct cur a = cid_multihash(&v0), b = cid_multihash(&raw);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
    assert_string_equal(hex_encode(a.p, a.n, hex), "1220" DIGEST);
}

static void bytes_cut_anywhere_are_no_cid(void **state)
{
    (void)state;
    static const char *const whole[] = {"1220" DIGEST, "01551220" DIGEST, "01e50100024142"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        char hex[BYTES_MAX];
        struct cid c;
        size_t len = strlen(whole[i]);
        for (size_t n = 0; n < len; n += 2) {
            snprintf(hex, sizeof hex, "%.*s", (int)n, whole[i]);
            assert_int_equal(decode(&c, hex, NULL), ERR_INVALID);
        }
        snprintf(hex, sizeof hex, "%s00", whole[i]);
        assert_int_equal(decode(&c, hex, NULL), ERR_INVALID);
        assert_int_equal(decode(&c, whole[i], NULL), OK);
    }
}

static void other_versions_are_told_from_nonsense(void **state)
{
    (void)state;
    struct cid c;
    struct why why;
    assert_int_equal(decode(&c, "02551220" DIGEST, &why), ERR_UNSUPPORTED);
    assert_true(why.text[0] != '\0');
    assert_int_equal(decode(&c, "03551220" DIGEST, NULL), ERR_UNSUPPORTED);
    assert_int_equal(decode(&c, "00551220" DIGEST, NULL), ERR_INVALID);
    assert_int_equal(decode(&c, "04551220" DIGEST, NULL), ERR_INVALID);
    assert_int_equal(decode(&c, "8100551220" DIGEST, NULL), ERR_INVALID); /* a longer 1 */
    assert_int_equal(decode(&c, "01d5001220" DIGEST, NULL), ERR_INVALID); /* a longer codec */
}

static void a_hash_has_at_most_80_bytes(void **state)
{
    (void)state;
    uint8_t bytes[2 + CID_HASH_MAX + 1] = {1, CID_RAW, 0, CID_HASH_MAX - 2};
    char text[CID_FORMAT];
    struct cid c, back;
    assert_int_equal(cid_decode(&c, cur_of(bytes, sizeof bytes - 1), NULL), OK);
    assert_int_equal(c.hash_len, CID_HASH_MAX);
    back = parsed(cid_format(&c, text));
    assert_true(cid_equal(&c, &back));
    bytes[3]++;
    assert_int_equal(cid_decode(&c, cur_of(bytes, sizeof bytes), NULL), ERR_LIMIT);
}

static void the_longest_cid_has_room_as_text(void **state)
{
    (void)state;
    char text[CID_FORMAT];
    struct cid back, c = {.version = 1, .codec = INT64_MAX, .hash_len = CID_HASH_MAX};
    memset(c.hash, 0x7f, sizeof c.hash);
    c.hash[0] = 0;
    c.hash[1] = CID_HASH_MAX - 2;
    back = parsed(cid_format(&c, text));
    assert_true(cid_equal(&c, &back));
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err code;
    } bad[] = {
        {"", ERR_INVALID},
        {"Qm", ERR_UNSUPPORTED}, /* no base is called Q */
        {"QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBd0", ERR_INVALID},
        {"b", ERR_INVALID},
        {"bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4s", ERR_INVALID},
        {"zQmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdG", ERR_INVALID}, /* version 0 in a base */
        {"f1220" DIGEST, ERR_INVALID},
        {"MAVUSIG5v95UKNhh6gBYTQm6FjdGk", ERR_UNSUPPORTED},
        {"f0155004f00000000000000000000000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000000000000000000000000000000000000000000000000000000000000",
         ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cid c;
        struct why why;
        assert_int_equal(cid_parse(&c, bad[i].text, &why), bad[i].code);
        assert_true(why.text[0] != '\0');
    }
}

static void a_multihash_is_taken_whole(void **state)
{
    (void)state;
    struct cur c = cur_of("\x12\x02hi\x00\x00x", 7), digest;
    uint64_t code;
    struct cur all = multihash_take(&c, &code, &digest);
    assert_true(code == 0x12 && all.n == 4 && digest.n == 2 && digest.p == all.p + 2);
    all = multihash_take(&c, &code, NULL);
    assert_true(code == 0 && all.n == 2 && c.n == 1);
    all = multihash_take(&c, &code, &digest);
    assert_true(all.bad && c.bad && digest.n == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_what_js_does),
        cmocka_unit_test(the_key_of_a_dht_is_the_multihash),
        cmocka_unit_test(bytes_cut_anywhere_are_no_cid),
        cmocka_unit_test(other_versions_are_told_from_nonsense),
        cmocka_unit_test(a_hash_has_at_most_80_bytes),
        cmocka_unit_test(the_longest_cid_has_room_as_text),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(a_multihash_is_taken_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
