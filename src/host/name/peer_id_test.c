#include "host/name/peer_id.h"

#include "base/test.h"
#include "core/keys.h"
#include "crypto/hex.h"
#include "host/name/keys_test.h"

enum { BYTES_MAX = 1400, KINDS = sizeof key_vectors / sizeof *key_vectors };

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    assert_true(n < BYTES_MAX && hex_decode(hex, 2 * n, out, n));
    return n;
}

static struct pubkey vector_key(size_t i)
{
    uint8_t bytes[BYTES_MAX];
    struct pubkey key;
    size_t n = unhex(key_vectors[i].key, bytes);
    assert_int_equal(pubkey_decode(&key, cur_of(bytes, n), NULL), OK);
    return key;
}

static struct peer_id parsed(const char *text)
{
    struct peer_id id;
    assert_int_equal(peer_id_parse(&id, text, NULL), OK);
    return id;
}

static void a_key_gives_the_id_that_others_give_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t want[BYTES_MAX];
        char text[PEER_ID_FORMAT];
        struct pubkey key = vector_key(i);
        struct peer_id id, back;
        peer_id_of_key(&key, &id);
        assert_int_equal(id.len, unhex(key_vectors[i].id_hex, want));
        assert_memory_equal(id.bytes, want, id.len);
        assert_string_equal(peer_id_format(&id, text), key_vectors[i].id);
        back = parsed(text);
        assert_true(peer_id_equal(&id, &back));
        assert_int_equal(peer_id_decode(&back, cur_of(want, id.len), NULL), OK);
        assert_true(peer_id_equal(&id, &back));
    }
}

static void a_short_key_is_in_its_id_and_a_long_one_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct pubkey key = vector_key(i), got;
        struct peer_id id = parsed(key_vectors[i].id);
        bool inlined = key.type == PUBKEY_ED25519 || key.type == PUBKEY_SECP256K1;
        assert_int_equal(peer_id_key(&id, &got, NULL), inlined ? OK : ERR_NOT_FOUND);
        assert_true(!inlined || pubkey_equal(&key, &got));
    }
    struct peer_id nobody = {0};
    struct pubkey key;
    assert_int_equal(peer_id_key(&nobody, &key, NULL), ERR_NOT_FOUND);
}

/* peer-ids.md, "Examples"; js-libp2p's CIDs of the keys there; go-multiaddr's peers. */
static void every_text_form_is_read(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe",
         "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"},
        {"bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6",
         "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"},
        {"bafzaajiiaijcca3xo7uzjzcsyilaj6i54cj44qk7kqzpoao5rti2pjx6udtdbp6kte",
         "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY"},
        {"bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm",
         "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC"},
        {"k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl7",
         "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC"},
        {"k51qzi5uqu5dhb6l8spkdx7yxafegfkee5by8h7lmjh2ehc2sgg34z7c15vzqs",
         "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV"},
        {"bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u",
         "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct peer_id a = parsed(same[i][0]), b = parsed(same[i][1]);
        assert_true(peer_id_equal(&a, &b));
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "1",
        "Qm",
        "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p",         /* cut */
        "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p0",        /* a strange letter */
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdGG",             /* longer than its hash */
        "QmxoHT6iViN5xAjoz1VZ553cL31U9F94ht3QvWR1FrEbZY",              /* go-multiaddr: so too */
        "bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su", /* a content */
        "mAXASIHZ",                                                    /* base64 */
        "1111111111111111111111111111111111111111111111111111111111111111111111111111111111",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct peer_id id;
        struct why why;
        assert_int_equal(peer_id_parse(&id, bad[i], &why), ERR_INVALID);
        assert_true(why.text[0] != '\0');
    }
}

static void bytes_that_are_no_id_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t bytes[BYTES_MAX] = {0};
        struct peer_id id;
        size_t whole = unhex(key_vectors[i].id_hex, bytes);
        for (size_t n = 0; n <= whole + 1; n++)
            assert_int_equal(peer_id_decode(&id, cur_of(bytes, n), NULL),
                             n == whole ? OK : ERR_INVALID);
    }
    static const char *const bad[] = {
        "0000",                                         /* the identity of nothing */
        "00024142",                                     /* of what is no key */
        "1200",                                         /* a hash of no bytes */
        "1114000102030405060708090a0b0c0d0e0f10111213", /* SHA-1 */
        "800004080112000000",                           /* a longer code */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[BYTES_MAX];
        struct peer_id id;
        size_t n = unhex(bad[i], bytes);
        assert_int_equal(peer_id_decode(&id, cur_of(bytes, n), NULL), ERR_INVALID);
    }
}

static void ids_have_an_order(void **state)
{
    (void)state;
    struct peer_id ids[KINDS];
    for (size_t i = 0; i < KINDS; i++)
        ids[i] = parsed(key_vectors[i].id);
    for (size_t i = 0; i < KINDS; i++)
        for (size_t j = 0; j < KINDS; j++) {
            int order = peer_id_cmp(&ids[i], &ids[j]);
            assert_int_equal(order == 0, i == j);
            assert_int_equal(order<0, peer_id_cmp(&ids[j], &ids[i])> 0);
            assert_int_equal(peer_id_equal(&ids[i], &ids[j]), i == j);
        }
    struct peer_id cut = ids[0];
    cut.len--;
    assert_true(peer_id_cmp(&cut, &ids[0]) < 0 && peer_id_cmp(&ids[0], &cut) > 0);
    assert_false(peer_id_equal(&cut, &ids[0]));
}

/* core/keys.h writes our own id without this module. */
static void our_keys_call_us_the_same(void **state)
{
    (void)state;
    uint8_t entropy[16] = {0};
    for (uint8_t i = 0; i < 8; i++) {
        char text[PEER_ID_FORMAT];
        struct pubkey key;
        struct peer_id id;
        entropy[0] = i;
        struct keys *keys = keys_of_entropy(entropy, sizeof entropy);
        pubkey_of_ed25519(&key, keys_peer_public(keys));
        peer_id_of_key(&key, &id);
        assert_string_equal(peer_id_format(&id, text), keys_peer_id(keys));
        keys_free(keys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_gives_the_id_that_others_give_it),
        cmocka_unit_test(a_short_key_is_in_its_id_and_a_long_one_is_not),
        cmocka_unit_test(every_text_form_is_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(bytes_that_are_no_id_are_refused),
        cmocka_unit_test(ids_have_an_order),
        cmocka_unit_test(our_keys_call_us_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
