#include "host/name/pubkey.h"

#include "base/pb.h"
#include "base/test.h"
#include "crypto/hex.h"
#include "host/name/keys_test.h"

enum { BYTES_MAX = 1400, KINDS = sizeof key_vectors / sizeof *key_vectors };

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    assert_true(n < BYTES_MAX && hex_decode(hex, 2 * n, out, n));
    return n;
}

static void the_keys_of_the_spec_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t bytes[BYTES_MAX];
        struct pubkey key;
        struct buf again = {0};
        size_t n = unhex(key_vectors[i].key, bytes);
        assert_int_equal(pubkey_decode(&key, cur_of(bytes, n), NULL), OK);
        assert_int_equal(key.type, key_vectors[i].type);
        pubkey_encode(&key, &again);
        assert_int_equal(buf_len(&again), n);
        assert_memory_equal(buf_bytes(&again), bytes, n);
        buf_done(&again);
    }
}

static void each_kind_verifies_what_others_signed(void **state)
{
    (void)state;
    const size_t n = strlen(KEY_SIGNED);
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t bytes[BYTES_MAX], sig[BYTES_MAX];
        struct pubkey key;
        assert_int_equal(pubkey_decode(&key, cur_of(bytes, unhex(key_vectors[i].key, bytes)), NULL),
                         OK);
        size_t sig_len = unhex(key_vectors[i].sig, sig);
        assert_true(pubkey_verify(&key, KEY_SIGNED, n, sig, sig_len));
        assert_false(pubkey_verify(&key, KEY_SIGNED, n - 1, sig, sig_len));
        assert_false(pubkey_verify(&key, KEY_SIGNED, n, sig, sig_len - 1));
        assert_false(pubkey_verify(&key, KEY_SIGNED, n, sig, 0));
        assert_false(pubkey_verify(&key, KEY_SIGNED, n, NULL, 0));
        assert_false(pubkey_verify(&key, NULL, 0, sig, sig_len));
        sig[sig_len - 1] ^= 1;
        assert_false(pubkey_verify(&key, KEY_SIGNED, n, sig, sig_len));
    }
}

static void a_signature_has_no_second_form(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX], sig[BYTES_MAX];
    struct pubkey key;
    for (size_t i = 0; i < KINDS; i++)
        if (key_vectors[i].type == PUBKEY_SECP256K1)
            assert_int_equal(
                pubkey_decode(&key, cur_of(bytes, unhex(key_vectors[i].key, bytes)), NULL), OK);
    assert_false(pubkey_verify(&key, KEY_SIGNED, strlen(KEY_SIGNED), sig, unhex(key_high_s, sig)));
}

static void a_message_cut_anywhere_is_no_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t bytes[BYTES_MAX] = {0};
        struct pubkey key;
        size_t whole = unhex(key_vectors[i].key, bytes);
        for (size_t n = 0; n <= whole + 1; n++)
            assert_int_equal(pubkey_decode(&key, cur_of(bytes, n), NULL),
                             n == whole ? OK : ERR_INVALID);
    }
}

static bool is_key(const char *hex)
{
    uint8_t bytes[BYTES_MAX];
    struct pubkey key;
    struct why why;
    enum err code = pubkey_decode(&key, cur_of(bytes, unhex(hex, bytes)), &why);
    assert_true(code == OK || (code == ERR_INVALID && why.text[0]));
    return code == OK;
}

#define POINT "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"

/* peer-ids.md, "Keys": minimal varints, in order of tags, all fields, no other fields. */
static void a_key_has_one_message(void **state)
{
    (void)state;
    assert_true(is_key("08011220" POINT));
    assert_false(is_key("0881001220" POINT));      /* a longer varint */
    assert_false(is_key("080112a000" POINT));      /* a longer length */
    assert_false(is_key("8800011220" POINT));      /* a longer tag */
    assert_false(is_key("1220" POINT "0801"));     /* the other way round */
    assert_false(is_key("1220" POINT));            /* no type */
    assert_false(is_key("0801"));                  /* no data */
    assert_false(is_key("08011220" POINT "1800")); /* one field more */
    assert_false(is_key("080108011220" POINT));    /* a field twice */
    assert_false(is_key("0d010000001220" POINT));  /* a fixed number for the type */
    assert_false(is_key(""));
}

static void other_types_and_sizes_are_refused(void **state)
{
    (void)state;
    assert_false(is_key("08041220" POINT));         /* type 4 */
    assert_false(is_key("0880808080101220" POINT)); /* 2^32 */
    assert_false(is_key("08011221" POINT "00"));    /* Ed25519 of 33 bytes */
    assert_false(is_key("08021220" POINT));         /* secp256k1 of 32 bytes */
    assert_false(is_key("0802122105" POINT));       /* neither 02 nor 03 */
    assert_false(is_key("08001220" POINT));         /* no DER */
    assert_false(is_key("08031220" POINT));
    assert_false(is_key("08011200"));
}

static void more_data_than_any_key_has_is_refused(void **state)
{
    (void)state;
    static const uint8_t much[PUBKEY_DATA_MAX + 1];
    for (size_t n = PUBKEY_DATA_MAX; n <= sizeof much; n++) {
        struct buf b = {0};
        struct pubkey key;
        struct why why;
        pb_put_uint(&b, 1, PUBKEY_RSA);
        pb_put_bytes(&b, 2, much, n);
        assert_int_equal(pubkey_decode(&key, buf_cur(&b), &why), ERR_INVALID);
        assert_int_equal(strstr(why.text, "at most") != NULL, n > PUBKEY_DATA_MAX);
        buf_done(&b);
    }
}

static void keys_are_equal_by_type_and_bytes(void **state)
{
    (void)state;
    uint8_t bytes[32] = {1};
    struct pubkey a, b;
    memset(&b, 0xff, sizeof b);
    pubkey_of_ed25519(&a, bytes);
    pubkey_of_ed25519(&b, bytes);
    assert_true(pubkey_equal(&a, &b));
    b.type = PUBKEY_RSA;
    assert_false(pubkey_equal(&a, &b));
    bytes[31] = 1;
    pubkey_of_ed25519(&b, bytes);
    assert_false(pubkey_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_of_the_spec_are_read_and_written),
        cmocka_unit_test(each_kind_verifies_what_others_signed),
        cmocka_unit_test(a_signature_has_no_second_form),
        cmocka_unit_test(a_message_cut_anywhere_is_no_key),
        cmocka_unit_test(a_key_has_one_message),
        cmocka_unit_test(other_types_and_sizes_are_refused),
        cmocka_unit_test(more_data_than_any_key_has_is_refused),
        cmocka_unit_test(keys_are_equal_by_type_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
