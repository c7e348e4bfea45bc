#include "host/gossip/gossip_sign.h"

#include "base/mem.h"
#include "base/pb.h"
#include "base/test.h"
#include "crypto/hex.h"
#include "host/name/keys_test.h"

#include <stdio.h>
#include <stdlib.h>

struct kit {
    struct keys *keys;
    struct peer_id self;
    struct buf msg; /* signed, of the number 7 */
};

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static int open_kit(void **state)
{
    static const uint8_t entropy[16] = {1};
    struct kit *k = *state = MEM_NEW(struct kit);
    struct pubkey key;
    k->keys = keys_of_entropy(entropy, sizeof entropy);
    pubkey_of_ed25519(&key, keys_peer_public(k->keys));
    peer_id_of_key(&key, &k->self);
    gossip_sign(k->keys, &k->self, 7, text("news"), text("hello"), &k->msg);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    keys_free(k->keys);
    buf_done(&k->msg);
    free(k);
    return 0;
}

static void what_we_sign_is_ours(void **state)
{
    struct kit *k = *state;
    struct gossip_msg m;
    struct gossip_author a;
    assert_int_equal(gossip_msg_decode(&m, buf_cur(&k->msg), NULL), OK);
    assert_int_equal(gossip_author(&m, &a, NULL), OK);
    assert_true(peer_id_equal(&a.id, &k->self));
    assert_int_equal(a.seqno, 7);
    assert_null(m.key.p); /* it is in the id */
    assert_int_equal(gossip_verify(&m, &a, NULL), OK);
}

/* "libp2p-pubsub:" and fields 1 to 4, by hand: neither signature nor key. */
static void the_key_is_not_signed(void **state)
{
    struct kit *k = *state;
    struct gossip_msg m;
    struct gossip_author a;
    struct buf signed_text = {0}, key = {0};
    struct pubkey pub;
    assert_int_equal(gossip_msg_decode(&m, buf_cur(&k->msg), NULL), OK);
    buf_str(&signed_text, "libp2p-pubsub:");
    pb_put_bytes(&signed_text, 1, k->self.bytes, k->self.len);
    pb_put_str(&signed_text, 2, "hello");
    pb_put_bytes(&signed_text, 3, "\0\0\0\0\0\0\0\7", 8);
    pb_put_str(&signed_text, 4, "news");
    pubkey_of_ed25519(&pub, keys_peer_public(k->keys));
    assert_true(pubkey_verify(&pub, buf_bytes(&signed_text), buf_len(&signed_text), m.signature.p,
                              m.signature.n));
    pubkey_encode(&pub, &key);
    m.key = buf_cur(&key); /* as some send it all the same */
    assert_int_equal(gossip_author(&m, &a, NULL), OK);
    assert_int_equal(gossip_verify(&m, &a, NULL), OK);
    buf_done(&signed_text);
    buf_done(&key);
}

static void what_was_changed_does_not_hold(void **state)
{
    struct kit *k = *state;
    struct gossip_msg m, other;
    struct gossip_author a;
    assert_int_equal(gossip_msg_decode(&m, buf_cur(&k->msg), NULL), OK);
    other = m;
    other.data = text("hullo");
    assert_int_equal(gossip_author(&other, &a, NULL), OK);
    assert_int_equal(gossip_verify(&other, &a, NULL), ERR_INVALID);
    other = m;
    other.topic = text("olds");
    assert_int_equal(gossip_verify(&other, &a, NULL), ERR_INVALID);
    other = m;
    other.seqno = cur_of("\0\0\0\0\0\0\0\x8", 8);
    assert_int_equal(gossip_author(&other, &a, NULL), OK);
    assert_int_equal(gossip_verify(&other, &a, NULL), ERR_INVALID);
    other = m;
    other.data = (struct cur){0};
    assert_int_equal(gossip_verify(&other, &a, NULL), ERR_INVALID);
}

static void what_strict_sign_asks_for_must_be_there(void **state)
{
    struct kit *k = *state;
    struct gossip_msg m, other;
    struct gossip_author a;
    struct buf key = {0};
    uint8_t raw[64];
    assert_int_equal(gossip_msg_decode(&m, buf_cur(&k->msg), NULL), OK);
    other = m;
    other.from = (struct cur){0};
    assert_int_equal(gossip_author(&other, &a, NULL), ERR_INVALID);
    other = m;
    other.seqno = (struct cur){0};
    assert_int_equal(gossip_author(&other, &a, NULL), ERR_INVALID);
    other.seqno = cur_of("\0\0\0\0\0\0\0", 7);
    assert_int_equal(gossip_author(&other, &a, NULL), ERR_INVALID);
    other.seqno = cur_of("\0\0\0\0\0\0\0\0", 9);
    assert_int_equal(gossip_author(&other, &a, NULL), ERR_INVALID);
    other = m;
    other.signature = (struct cur){0};
    assert_int_equal(gossip_author(&other, &a, NULL), ERR_INVALID);
    other = m; /* a key of somebody else */
    const char *hex = key_vectors[0].key;
    size_t n = strlen(hex) / 2;
    assert_true(n <= sizeof raw && hex_decode(hex, n * 2, raw, n));
    other.key = cur_of(raw, n);
    assert_int_equal(gossip_author(&other, &a, NULL), ERR_INVALID);
    buf_done(&key);
}

static void who_has_a_hashed_id_must_send_the_key(void **state)
{
    (void)state;
    uint8_t id[64], key[PUBKEY_DATA_MAX];
    struct gossip_author a;
    size_t v = 0;
    while (key_vectors[v].type != PUBKEY_RSA)
        v++;
    size_t id_len = strlen(key_vectors[v].id_hex) / 2, key_len = strlen(key_vectors[v].key) / 2;
    assert_true(id_len <= sizeof id && key_len <= sizeof key);
    assert_true(hex_decode(key_vectors[v].id_hex, id_len * 2, id, id_len));
    assert_true(hex_decode(key_vectors[v].key, key_len * 2, key, key_len));
    struct gossip_msg m = {.from = cur_of(id, id_len),
                           .seqno = cur_of("\0\0\0\0\0\0\0\1", 8),
                           .topic = text("t"),
                           .signature = text("sig")};
    assert_int_equal(gossip_author(&m, &a, NULL), ERR_INVALID);
    m.key = cur_of(key, key_len);
    assert_int_equal(gossip_author(&m, &a, NULL), OK);
    assert_int_equal(gossip_verify(&m, &a, NULL), ERR_INVALID);
}

static void each_implementation_has_its_name_for_it(void **state)
{
    struct kit *k = *state;
    struct gossip_msg m;
    struct gossip_author a;
    struct gossip_id go, js, rust;
    struct buf want = {0};
    char id[PEER_ID_FORMAT];
    assert_int_equal(gossip_msg_decode(&m, buf_cur(&k->msg), NULL), OK);
    assert_int_equal(gossip_author(&m, &a, NULL), OK);
    a.seqno = UINT64_MAX;
    gossip_name(&a, GOSSIP_GO, &go);
    gossip_name(&a, GOSSIP_JS, &js);
    gossip_name(&a, GOSSIP_RUST, &rust);
    assert_int_equal(go.len, 38 + 8);
    assert_memory_equal(go.bytes, k->self.bytes, 38);
    assert_memory_equal(go.bytes + 38, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    assert_int_equal(js.len,
                     36 + 8); /* the message of the key, which the id holds behind 2 bytes */
    assert_memory_equal(js.bytes, k->self.bytes + 2, 36);
    buf_printf(&want, "%s18446744073709551615", peer_id_format(&k->self, id));
    assert_int_equal(rust.len, buf_len(&want));
    assert_memory_equal(rust.bytes, buf_bytes(&want), rust.len);
    buf_done(&want);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(what_we_sign_is_ours),
        CASE(the_key_is_not_signed),
        CASE(what_was_changed_does_not_hold),
        CASE(what_strict_sign_asks_for_must_be_there),
        CASE(who_has_a_hashed_id_must_send_the_key),
        CASE(each_implementation_has_its_name_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
