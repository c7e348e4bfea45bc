#include "crypto/sealbox.h"

#include "base/test.h"

#include <sodium.h>

static const uint8_t seed[ED25519_SEED_LEN] = {7}, random_bytes[SEALBOX_RANDOM] = {1, 2, 3};

struct pair {
    uint8_t secret[ED25519_SECRET_LEN], pub[ED25519_PUB_LEN];
};

static struct pair pair_of(uint8_t first)
{
    struct pair p;
    uint8_t from[ED25519_SEED_LEN] = {first};
    ed25519_secret(from, p.secret, p.pub);
    return p;
}

static void what_is_sealed_to_a_key_its_holder_reads(void **state)
{
    (void)state;
    struct pair p = pair_of(seed[0]);
    uint8_t box[5 + SEALBOX_MORE], out[5];
    assert_true(sealbox_seal(p.pub, random_bytes, "hello", 5, box));
    assert_true(sealbox_open(p.secret, box, sizeof box, out));
    assert_memory_equal(out, "hello", 5);
}

static void a_box_of_nothing_is_a_box(void **state)
{
    (void)state;
    struct pair p = pair_of(seed[0]), other = pair_of(2);
    uint8_t box[SEALBOX_MORE], out[1] = {0};
    assert_true(sealbox_seal(p.pub, random_bytes, "", 0, box));
    assert_true(sealbox_open(p.secret, box, sizeof box, out));
    assert_false(sealbox_open(other.secret, box, sizeof box, out));
    assert_false(sealbox_open(p.secret, box, sizeof box - 1, out));
}

static void libsodium_reads_ours_and_we_read_its(void **state)
{
    (void)state;
    struct pair p = pair_of(9);
    uint8_t box[5 + SEALBOX_MORE], out[5], pub[32], secret[32];
    assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(pub, p.pub), 0);
    assert_int_equal(crypto_sign_ed25519_sk_to_curve25519(secret, p.secret), 0);
    assert_true(sealbox_seal(p.pub, random_bytes, "hello", 5, box));
    assert_int_equal(crypto_box_seal_open(out, box, sizeof box, pub, secret), 0);
    assert_memory_equal(out, "hello", 5);
    assert_int_equal(crypto_box_seal(box, (const uint8_t *)"world", 5, pub), 0);
    assert_true(sealbox_open(p.secret, box, sizeof box, out));
    assert_memory_equal(out, "world", 5);
}

static void nobody_else_reads_it_and_a_changed_box_is_refused(void **state)
{
    (void)state;
    struct pair p = pair_of(1), other = pair_of(2);
    uint8_t box[5 + SEALBOX_MORE], out[5];
    assert_true(sealbox_seal(p.pub, random_bytes, "hello", 5, box));
    assert_false(sealbox_open(other.secret, box, sizeof box, out));
    for (size_t i = 0; i < sizeof box; i++) {
        box[i] ^= 1;
        assert_false(sealbox_open(p.secret, box, sizeof box, out));
        box[i] ^= 1;
        assert_false(sealbox_open(p.secret, box, i, out));
    }
}

static void what_is_no_key_is_not_sealed_to(void **state)
{
    (void)state;
    uint8_t none[ED25519_PUB_LEN] = {0}, box[5 + SEALBOX_MORE];
    assert_false(sealbox_seal(none, random_bytes, "hello", 5, box));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_to_a_key_its_holder_reads),
        cmocka_unit_test(a_box_of_nothing_is_a_box),
        cmocka_unit_test(libsodium_reads_ours_and_we_read_its),
        cmocka_unit_test(nobody_else_reads_it_and_a_changed_box_is_refused),
        cmocka_unit_test(what_is_no_key_is_not_sealed_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
