#include "files/find/dht_id.h"

#include "base/test.h"
#include "crypto/hex.h"

static struct dht_id id_of(const char *hex)
{
    struct dht_id id;
    assert_true(hex_decode(hex, strlen(hex), id.b, DHT_ID_LEN));
    return id;
}

static struct addr ip_of(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(&a, text, NULL), OK);
    return a;
}

static void knows_the_ids_of_bep_42(void **state)
{
    (void)state;
    static const struct {
        const char *ip, *id;
    } vectors[] = {
        {"124.31.75.21:1", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"},
        {"21.75.31.124:1", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"},
        {"65.23.51.170:1", "a5d43220bc8f112a3d426c84764f8c2a1150e616"},
        {"84.124.73.14:1", "1b0321dd1bb1fe518101ceef99462b947a01ff41"},
        {"43.213.53.83:1", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct addr ip = ip_of(vectors[i].ip);
        struct dht_id id = id_of(vectors[i].id), other = id;
        assert_true(dht_id_is_secure(&id, &ip));
        other.b[2] ^= 0x08; /* the 21st bit */
        assert_false(dht_id_is_secure(&other, &ip));
        other = id;
        other.b[2] ^= 0x04; /* the 22nd is free */
        assert_true(dht_id_is_secure(&other, &ip));
        /* The rest of the vector is chance: from it the same id is made. */
        struct dht_id made = dht_id_for(&ip, &id);
        assert_memory_equal(made.b, id.b, DHT_ID_LEN);
    }
}

static void makes_ids_that_it_finds_secure(void **state)
{
    (void)state;
    static const char *const ips[] = {"1.2.3.4:5", "[2001:db8::1]:5", "223.255.255.1:5"};
    struct dht_id chance = id_of("ffffffffffffffffffffffffffffffffffffff00");
    for (size_t i = 0; i < sizeof ips / sizeof ips[0]; i++) {
        struct addr ip = ip_of(ips[i]);
        for (int r = 0; r < 256; r++) {
            chance.b[DHT_ID_LEN - 1] = (uint8_t)r;
            struct dht_id id = dht_id_for(&ip, &chance);
            assert_true(dht_id_is_secure(&id, &ip));
            assert_int_equal(id.b[DHT_ID_LEN - 1], r);
        }
    }
    struct addr high = ip_of("[2001:db8:0:0:1::]:5"), low = ip_of("[2001:db8::ffff]:5");
    struct dht_id id = dht_id_for(&high, &chance);
    assert_true(dht_id_is_secure(&id, &low)); /* only the upper half of an IPv6 address counts */
}

static void any_id_will_do_at_home(void **state)
{
    (void)state;
    static const char *const ips[] = {"10.1.2.3:1", "172.16.0.1:1", "192.168.1.1:1",
                                      "169.254.1.1:1", "127.0.0.1:1"};
    struct dht_id id = id_of("0123456789abcdef0123456789abcdef01234567");
    for (size_t i = 0; i < sizeof ips / sizeof ips[0]; i++) {
        struct addr ip = ip_of(ips[i]);
        assert_true(dht_id_is_secure(&id, &ip));
    }
    struct addr out = ip_of("8.8.8.8:1");
    assert_false(dht_id_is_secure(&id, &out));
}

static void the_nearer_has_the_smaller_xor(void **state)
{
    (void)state;
    struct dht_id t = id_of("8000000000000000000000000000000000000000");
    struct dht_id a = id_of("8000000000000000000000000000000000000001");
    struct dht_id b = id_of("0000000000000000000000000000000000000000");
    assert_true(dht_id_nearer(&t, &a, &b) < 0);
    assert_true(dht_id_nearer(&t, &b, &a) > 0);
    assert_int_equal(dht_id_nearer(&t, &a, &a), 0);
    assert_int_equal(dht_id_common(&t, &a), 159);
    assert_int_equal(dht_id_common(&t, &b), 0);
    assert_int_equal(dht_id_common(&t, &t), 160);
}

static void finds_a_place_in_each_bucket(void **state)
{
    (void)state;
    struct dht_id own = id_of("0123456789abcdef0123456789abcdef01234567");
    struct dht_id chance = id_of("fedcba9876543210fedcba9876543210fedcba98");
    for (unsigned bits = 0; bits < DHT_ID_BITS; bits++) {
        struct dht_id id = dht_id_in_bucket(&own, bits, &chance);
        assert_int_equal(dht_id_common(&own, &id), bits);
    }
}

static void one_stranger_is_one_address_or_one_household(void **state)
{
    (void)state;
    uint8_t a[DHT_STRANGER_LEN], b[DHT_STRANGER_LEN];
    struct addr one = ip_of("1.2.3.4:1"), port = ip_of("1.2.3.4:2"), two = ip_of("1.2.3.5:1");
    dht_id_stranger(&one, a);
    dht_id_stranger(&port, b);
    assert_memory_equal(a, b, sizeof a);
    dht_id_stranger(&two, b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_true(dht_id_same_net(&one, &two));
    struct addr six = ip_of("[2001:db8::1]:1"), same = ip_of("[2001:db8::2:1]:9");
    dht_id_stranger(&six, a);
    dht_id_stranger(&same, b);
    assert_memory_equal(a, b, sizeof a);
    struct addr lab = ip_of("127.0.0.1:1"), lab2 = ip_of("127.0.0.1:2");
    dht_id_stranger(&lab, a);
    dht_id_stranger(&lab2, b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_false(dht_id_same_net(&lab, &lab2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_ids_of_bep_42),
        cmocka_unit_test(makes_ids_that_it_finds_secure),
        cmocka_unit_test(any_id_will_do_at_home),
        cmocka_unit_test(the_nearer_has_the_smaller_xor),
        cmocka_unit_test(finds_a_place_in_each_bucket),
        cmocka_unit_test(one_stranger_is_one_address_or_one_household),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
