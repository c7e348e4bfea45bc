#include "host/reach/relay_msg.h"

#include "base/test.h"

#include <string.h>

static struct peer_id somebody(uint8_t seed)
{
    uint8_t entropy[16] = {seed};
    struct keys *keys = keys_of_entropy(entropy, sizeof entropy);
    struct pubkey key;
    struct peer_id id;
    pubkey_of_ed25519(&key, keys_peer_public(keys));
    peer_id_of_key(&key, &id);
    keys_free(keys);
    return id;
}

static struct relay_msg full(void)
{
    struct relay_msg m = {.type = RELAY_STATUS,
                          .status = RELAY_OK,
                          .peer = somebody(1),
                          .has_reservation = true,
                          .expire_s = 1767225600,
                          .addr_count = 2,
                          .limit = {.duration_s = 120, .data_bytes = 131072}};
    m.addrs[0] = cur_of("one", 3);
    m.addrs[1] = cur_of("other", 5);
    m.voucher = cur_of("voucher", 7);
    return m;
}

static void what_is_said_is_understood(void **state)
{
    struct relay_msg m = full(), back;
    struct buf out = {0};
    (void)state;
    relay_hop_encode(&m, &out);
    assert_int_equal(relay_hop_decode(&back, buf_cur(&out), NULL), OK);
    assert_int_equal(back.type, RELAY_STATUS);
    assert_int_equal(back.status, RELAY_OK);
    assert_true(peer_id_equal(&back.peer, &m.peer));
    assert_int_equal(back.expire_s, 1767225600);
    assert_int_equal(back.addr_count, 2);
    assert_memory_equal(back.addrs[1].p, "other", 5);
    assert_memory_equal(back.voucher.p, "voucher", 7);
    assert_int_equal(back.limit.duration_s, 120);
    assert_int_equal(back.limit.data_bytes, 131072);
    buf_clear(&out);
    relay_stop_encode(&m, &out);
    assert_int_equal(relay_stop_decode(&back, buf_cur(&out), NULL), OK);
    assert_int_equal(back.type, RELAY_STATUS);
    assert_int_equal(back.status, RELAY_OK);
    assert_int_equal(back.limit.data_bytes, 131072);
    buf_done(&out);
}

/* As the schema says: type 1 varint, status 5 varint. */
static void the_bytes_are_those_of_the_schema(void **state)
{
    static const uint8_t refused[] = {0x08, 0x02, 0x28, 0xc8, 0x01};
    static const uint8_t stop_ok[] = {0x08, 0x01, 0x20, 0x64};
    struct relay_msg m = {.type = RELAY_STATUS, .status = RELAY_RESERVATION_REFUSED};
    struct buf out = {0};
    (void)state;
    relay_hop_encode(&m, &out);
    assert_int_equal(buf_len(&out), sizeof refused);
    assert_memory_equal(buf_bytes(&out), refused, sizeof refused);
    buf_clear(&out);
    m.status = RELAY_OK;
    relay_stop_encode(&m, &out);
    assert_int_equal(buf_len(&out), sizeof stop_ok);
    assert_memory_equal(buf_bytes(&out), stop_ok, sizeof stop_ok);
    buf_done(&out);
}

/* Only where a field ends can a message be cut and still be one; none such is read wrongly. */
static void cut_short_it_is_refused_or_less(void **state)
{
    struct relay_msg m = full(), back;
    struct buf out = {0};
    size_t good = 0;
    (void)state;
    relay_hop_encode(&m, &out);
    for (size_t n = 0; n < buf_len(&out); n++)
        good += relay_hop_decode(&back, cur_of(buf_bytes(&out), n), NULL) == OK;
    assert_int_equal(good, 5); /* behind nothing and each of the first four fields */
    buf_done(&out);
}

static void other_types_and_bad_peers_are_refused(void **state)
{
    static const uint8_t type3[] = {0x08, 0x03}, type2[] = {0x08, 0x02};
    static const uint8_t bad_peer[] = {0x12, 0x03, 0x0a, 0x01, 0xff};
    struct relay_msg m;
    struct why why;
    (void)state;
    assert_int_equal(relay_hop_decode(&m, cur_of(type3, 2), &why), ERR_INVALID);
    assert_int_equal(relay_hop_decode(&m, cur_of(type2, 2), &why), OK);
    assert_int_equal(relay_stop_decode(&m, cur_of(type2, 2), &why), ERR_INVALID);
    assert_int_equal(relay_hop_decode(&m, cur_of(bad_peer, 5), &why), ERR_INVALID);
}

static void addresses_past_the_limit_are_passed_over(void **state)
{
    struct relay_msg back;
    struct buf out = {0}, in = {0};
    (void)state;
    /* type 2, reservation (3) of nine addresses (2) */
    buf_put(&out, "\x08\x02\x1a", 3);
    for (unsigned i = 0; i < RELAY_ADDRS_MAX + 1; i++)
        buf_put(&in, "\x12\x01\x61", 3);
    buf_uvarint(&out, buf_len(&in));
    buf_put(&out, buf_bytes(&in), buf_len(&in));
    assert_int_equal(relay_hop_decode(&back, buf_cur(&out), NULL), OK);
    assert_int_equal(back.addr_count, RELAY_ADDRS_MAX);
    buf_done(&in);
    buf_done(&out);
}

static void a_voucher_is_signed_by_the_relay_it_names(void **state)
{
    uint8_t entropy[16] = {7};
    struct keys *keys = keys_of_entropy(entropy, sizeof entropy);
    struct relay_voucher v = {.relay = somebody(7), .peer = somebody(2), .expire_s = 99}, back;
    struct buf out = {0};
    struct why why;
    (void)state;
    relay_voucher_seal(&v, &out, keys);
    assert_int_equal(relay_voucher_open(&back, buf_cur(&out), &why), OK);
    assert_true(peer_id_equal(&back.peer, &v.peer));
    assert_int_equal(back.expire_s, 99);
    buf_clear(&out);
    v.relay = somebody(8);
    relay_voucher_seal(&v, &out, keys);
    assert_int_equal(relay_voucher_open(&back, buf_cur(&out), &why), ERR_INVALID);
    buf_done(&out);
    keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_understood),
        cmocka_unit_test(the_bytes_are_those_of_the_schema),
        cmocka_unit_test(cut_short_it_is_refused_or_less),
        cmocka_unit_test(other_types_and_bad_peers_are_refused),
        cmocka_unit_test(addresses_past_the_limit_are_passed_over),
        cmocka_unit_test(a_voucher_is_signed_by_the_relay_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
