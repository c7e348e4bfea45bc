#include "host/kad/kad_msg.h"

#include "base/pb.h"
#include "base/test.h"

#include <string.h>

/* An identity peer id of a made-up Ed25519 key: 00 24 08 01 12 20 and 32 bytes. */
static struct peer_id some_peer(uint8_t which)
{
    struct pubkey key;
    struct peer_id id;
    uint8_t pub[32] = {0x58, 0x66, 0x66, 0x66}; /* need not be on the curve to be a name */
    pub[31] = which;
    pubkey_of_ed25519(&key, pub);
    peer_id_of_key(&key, &id);
    return id;
}

static void fill(struct kad_msg *m)
{
    static const uint8_t addr[] = {4, 127, 0, 0, 1, 6, 0x0f, 0xa1};
    *m = (struct kad_msg){.type = KAD_GET_VALUE,
                          .key = cur_of("/v/key", 6),
                          .has_record = true,
                          .record = {cur_of("/v/key", 6), cur_of("value", 5)},
                          .closer_count = 2,
                          .provider_count = 1};
    for (uint8_t i = 0; i < 2; i++) {
        m->closer[i].id = some_peer(i);
        m->closer[i].addrs[m->closer[i].count++] = cur_of(addr, sizeof addr);
    }
    m->providers[0].id = some_peer(9);
}

static void what_is_said_is_read(void **state)
{
    (void)state;
    static struct kad_msg m, back;
    struct buf b = {0};
    fill(&m);
    kad_msg_encode(&m, &b);
    assert_int_equal(kad_msg_decode(&back, buf_cur(&b), NULL), OK);
    assert_int_equal(back.type, KAD_GET_VALUE);
    assert_memory_equal(back.record.value.p, "value", 5);
    assert_int_equal(back.closer_count, 2);
    assert_int_equal(back.closer[1].count, 1);
    assert_true(peer_id_equal(&back.closer[1].id, &m.closer[1].id));
    assert_true(peer_id_equal(&back.providers[0].id, &m.providers[0].id));
    buf_done(&b);
}

static void every_truncation_is_refused_or_read_as_less(void **state)
{
    (void)state;
    static struct kad_msg m, back;
    struct buf b = {0};
    size_t whole = 0;
    fill(&m);
    kad_msg_encode(&m, &b);
    for (size_t n = 0; n < buf_len(&b); n++)
        whole += kad_msg_decode(&back, cur_of(buf_bytes(&b), n), NULL) == OK;
    assert_int_equal(whole, 6); /* between two fields */
    buf_done(&b);
}

static void more_peers_than_twenty_and_more_addresses_than_eight_are_passed_over(void **state)
{
    (void)state;
    static struct kad_msg back;
    struct buf b = {0}, one = {0};
    struct peer_id id = some_peer(1);
    pb_put_bytes(&one, 1, id.bytes, id.len);
    for (unsigned i = 0; i < 100; i++)
        pb_put_bytes(&one, 2, "\x04\x7f\0\0\1", 5);
    for (unsigned i = 0; i < 500; i++)
        pb_put_buf(&b, 8, &one);
    assert_int_equal(kad_msg_decode(&back, buf_cur(&b), NULL), OK);
    assert_int_equal(back.closer_count, KAD_PEERS_MAX);
    assert_int_equal(back.closer[0].count, KAD_ADDRS_MAX);
    buf_done(&b);
    buf_done(&one);
}

static void a_peer_without_a_readable_id_is_passed_over(void **state)
{
    (void)state;
    static struct kad_msg back;
    struct buf b = {0}, one = {0};
    pb_put_bytes(&one, 1, "nobody", 6);
    pb_put_buf(&b, 8, &one);
    assert_int_equal(kad_msg_decode(&back, buf_cur(&b), NULL), OK);
    assert_int_equal(back.closer_count, 0);
    buf_done(&b);
    buf_done(&one);
}

static void a_key_of_81_bytes_and_a_type_of_6_are_refused(void **state)
{
    (void)state;
    static struct kad_msg back;
    uint8_t key[KAD_KEY_MAX + 1] = {0};
    struct buf b = {0};
    pb_put_bytes(&b, 2, key, KAD_KEY_MAX);
    assert_int_equal(kad_msg_decode(&back, buf_cur(&b), NULL), OK);
    pb_put_bytes(&b, 2, key, KAD_KEY_MAX + 1);
    assert_int_equal(kad_msg_decode(&back, buf_cur(&b), NULL), ERR_LIMIT);
    buf_clear(&b);
    pb_put_uint(&b, 1, KAD_PING);
    assert_int_equal(kad_msg_decode(&back, buf_cur(&b), NULL), OK);
    pb_put_uint(&b, 1, KAD_PING + 1);
    assert_int_equal(kad_msg_decode(&back, buf_cur(&b), NULL), ERR_INVALID);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_read),
        cmocka_unit_test(every_truncation_is_refused_or_read_as_less),
        cmocka_unit_test(more_peers_than_twenty_and_more_addresses_than_eight_are_passed_over),
        cmocka_unit_test(a_peer_without_a_readable_id_is_passed_over),
        cmocka_unit_test(a_key_of_81_bytes_and_a_type_of_6_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
