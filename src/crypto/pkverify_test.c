#include "crypto/pkverify.h"

#include "base/buf.h"
#include "base/test.h"
#include "crypto/hex.h"

/* Made with Python's cryptography 48. */
static const char rsa_key[] =
    "30820122300d06092a864886f70d01010105000382010f003082010a0282010100e6b6c7052d3f96"
    "e02bd01e4d8d5170b6c8d9d0816017ad3cf4ae4a404bb65cec84be32ad8f8e4a0eac7a500da88dad"
    "fd134f9fb752b3c5e5a1dfc89cdbbddebd854aed30b6528d5022dc5622471259670ec1a951d8a7b3"
    "a0474e8129146f1bc02778638735cb022ad65deffbe35465deccb4464e1c3fad7345e830aecd9a37"
    "889efd0ce4b74bc28b9349529b31ba570a23ed021bfac1d0e11f8a891fdd0da6290562715ef03723"
    "815c82b1d297cd96bcfee8c26035bc28186c224e4ba921155a46e3b0c2d3b11865cc519251be79e8"
    "e6602c81012eca0c3e0feb6c62d5acbd0e3bb27f1d7d00339d683fb287a9091bc5a90f77b90c69ec"
    "3cac3674a449fc98fd0203010001";
static const char rsa_sig[] =
    "13f6c48fe275fdf42a8b6c2c0bc453215cf147d26a66d5b58cae45231823b095d6d41826d65d207c"
    "3dc3f98bc6d3ec06ec7c10e1692c2a9935d5e05decb5158a0c99e1ad469a4ca0a618cc37d0e5ead0"
    "c1751aea197b2fb1eb1835cc6fc8ee7d58e2d362219413485ab5242b9caedf16d9352f19a624a4b7"
    "13dd92e93f2050ef2a27d47333c8095c9a7df94b7125688b599eab64f004f6bac165eae7d0e98e15"
    "a7fe4d7853935ee7ef035b8bbecacf59c98471d210ee4d9fc01faa82036a0cc96bbd87d3857c24e6"
    "43c9b90a4f35236f1382157ac80aeb818b46451203d51ca1130251466d63924ba780b2ab2bcfcb81"
    "03f3751953a1454672a9c92a94cdc21b";
static const char rsa_pss_sig[] =
    "bc67d35c7636f590df54e6112528654e8f8b52b3a0b3219d607ac71ddf0a705f3a18e1075f7cc984"
    "20d29b6cfa25ada15947aa644b83c92463d2986c55394109f07f2d7630ee0f0d79615a4dfd8536e1"
    "4b66dc9d2a9cf974cd0075cf6f9805ceb1888878f297ea783a1276455c522b65d49672c754960a20"
    "42a7b47dc08d6a1895e14cc2c4639e134de5eb6daeb22b4fc851d87de4e96ff2d700465968c42211"
    "5350756777579ab4194b934621a9488cbc77a21da727449d7d75818d68abeeea185f1f89439d94d6"
    "59b20e478779a81e9fadfd9d71855443fc8c713deb89d25bf28c384b7013e9faaa7fb6f93abbd38a"
    "f0eb48f6f9e9f4131ef72b8fbbeaf463";
static const char p256_key[] =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004870e6f64a0c84078bafc65f623"
    "ce96016bb9bfde31e34319be829f8b19cc8e451ece0f19f464159b2a8cb5125ed3796d8fbda549c9"
    "8b36b17ac15244a330fc3a";
static const char p256_sig[] =
    "3044022007c0d57e7b07da2286422043c00b4d23d36392e8a56fc483f6333da03b188f970220261d"
    "4f0fc1d7cf7ac0a115c2b03aac7278a264006e9d447044142999adfbd323";
static const char p256_compressed[] =
    "3039301306072a8648ce3d020106082a8648ce3d03010703220002870e6f64a0c84078bafc65f623"
    "ce96016bb9bfde31e34319be829f8b19cc8e45";
static const char p384_key[] =
    "3076301006072a8648ce3d020106052b8104002203620004a22e873c6cfe4335712b61acbcbf6032"
    "56b19978e5a4b0ea020e330400445d1c76042ba1fb51de9ef90f1ed122e3837447d5376be3479adb"
    "34bff3ec48ccfc6d066695c1bb90c39db6611cc95c9cbfddeae967a299575311e664d8f0b5159490";
static const char text[] = "every key signs this";

enum { BYTES_MAX = 1400 };

struct bytes {
    uint8_t p[BYTES_MAX];
    size_t n;
};

static struct bytes unhex(const char *hex)
{
    struct bytes b = {.n = strlen(hex) / 2};
    assert_true(hex_decode(hex, strlen(hex), b.p, b.n));
    return b;
}

static bool verifies(enum pk_kind kind, const char *key_hex, const char *sig_hex, const char *msg)
{
    struct bytes key = unhex(key_hex), sig = unhex(sig_hex);
    return pkverify(kind, key.p, key.n, msg, strlen(msg), sig.p, sig.n);
}

static void knows_the_signatures_of_another_program(void **state)
{
    (void)state;
    assert_true(verifies(PK_RSA, rsa_key, rsa_sig, text));
    assert_true(verifies(PK_P256, p256_key, p256_sig, text));
    assert_false(verifies(PK_RSA, rsa_key, rsa_sig, "no key signs this"));
    assert_false(verifies(PK_P256, p256_key, p256_sig, "no key signs this"));
    assert_false(verifies(PK_RSA, rsa_key, rsa_sig, ""));
}

static void one_kind_is_not_taken_for_another(void **state)
{
    (void)state;
    assert_false(verifies(PK_RSA, p256_key, p256_sig, text));
    assert_false(verifies(PK_P256, rsa_key, rsa_sig, text));
    assert_false(verifies(PK_RSA, rsa_key, rsa_pss_sig, text));
    struct bytes other = unhex(p384_key);
    assert_false(pkverify_is_key(PK_P256, other.p, other.n));
}

static void refuses_what_is_cut_changed_or_lengthened(enum pk_kind kind, const char *key_hex,
                                                      const char *sig_hex)
{
    struct bytes key = unhex(key_hex), sig = unhex(sig_hex);
    for (size_t n = 0; n <= key.n + 1; n++)
        assert_int_equal(pkverify_is_key(kind, key.p, n), n == key.n);
    assert_false(pkverify(kind, key.p, key.n, text, strlen(text), NULL, 0));
    for (size_t n = 0; n <= sig.n + 1; n++)
        assert_int_equal(pkverify(kind, key.p, key.n, text, strlen(text), sig.p, n), n == sig.n);
    for (size_t i = 0; i < sig.n; i++) {
        sig.p[i] ^= 1;
        assert_false(pkverify(kind, key.p, key.n, text, strlen(text), sig.p, sig.n));
        sig.p[i] ^= 1;
    }
}

static void every_byte_of_key_and_signature_counts(void **state)
{
    (void)state;
    refuses_what_is_cut_changed_or_lengthened(PK_RSA, rsa_key, rsa_sig);
    refuses_what_is_cut_changed_or_lengthened(PK_P256, p256_key, p256_sig);
}

static void a_key_has_one_spelling(void **state)
{
    (void)state;
    struct bytes compressed = unhex(p256_compressed), key = unhex(p256_key);
    assert_false(pkverify_is_key(PK_P256, compressed.p, compressed.n));
    key.p[26] = 0x06; /* "hybrid": the parity of y said twice */
    assert_false(pkverify_is_key(PK_P256, key.p, key.n));
    key.p[26] = 0x07;
    assert_false(pkverify_is_key(PK_P256, key.p, key.n));
    key.p[26] = 0x04;
    assert_true(pkverify_is_key(PK_P256, key.p, key.n));
    key.p[key.n - 1] ^= 1; /* off the curve */
    assert_false(pkverify_is_key(PK_P256, key.p, key.n));
}

/* tag, length in two bytes, and the rest. */
static void put_der(struct buf *out, uint8_t tag, const struct buf *inner)
{
    buf_u8(out, tag);
    buf_u8(out, 0x82);
    buf_be16(out, (uint16_t)buf_len(inner));
    buf_put(out, buf_bytes(inner), buf_len(inner));
}

/* Is an RSA key of so many bits, with this exponent, one that we take?  The number is no product
 * of primes; nothing here could tell. */
static bool takes_rsa(unsigned bits, const void *exponent, size_t exponent_len)
{
    struct buf number = {0}, pair = {0}, key = {0}, string = {0}, all = {0}, der = {0};
    uint8_t modulus[1100] = {0};
    size_t n = (bits + 7) / 8;
    modulus[0] = (uint8_t)(1 << (bits - 1) % 8);
    modulus[n - 1] |= 1;
    if (bits % 8 == 0)
        buf_u8(&number, 0); /* else it were negative */
    buf_put(&number, modulus, n);
    put_der(&pair, 0x02, &number);
    buf_u8(&pair, 0x02);
    buf_u8(&pair, (uint8_t)exponent_len);
    buf_put(&pair, exponent, exponent_len);
    put_der(&key, 0x30, &pair);
    buf_u8(&string, 0); /* no bits left over */
    buf_put(&string, buf_bytes(&key), buf_len(&key));
    buf_put(&all, "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15);
    put_der(&all, 0x03, &string);
    put_der(&der, 0x30, &all);
    bool takes = pkverify_is_key(PK_RSA, buf_bytes(&der), buf_len(&der));
    struct buf *used[] = {&number, &pair, &key, &string, &all, &der};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++)
        buf_done(used[i]);
    return takes;
}

static void rsa_keys_have_2048_to_8192_bits(void **state)
{
    (void)state;
    assert_true(takes_rsa(2048, "\x01\x00\x01", 3));
    assert_true(takes_rsa(4096, "\x01\x00\x01", 3));
    assert_true(takes_rsa(8192, "\x01\x00\x01", 3));
    assert_false(takes_rsa(2047, "\x01\x00\x01", 3));
    assert_false(takes_rsa(8193, "\x01\x00\x01", 3));
}

static void an_exponent_is_odd_and_short(void **state)
{
    (void)state;
    assert_true(takes_rsa(2048, "\x03", 1));
    assert_true(takes_rsa(2048, "\x7f\xff\xff\xff", 4));
    assert_false(takes_rsa(2048, "\x00\x80\x00\x00\x01", 5)); /* 32 bits */
    assert_false(takes_rsa(2048, "\x01", 1));
    assert_false(takes_rsa(2048, "\x04", 1));
    assert_false(takes_rsa(2048, "\x00", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_signatures_of_another_program),
        cmocka_unit_test(one_kind_is_not_taken_for_another),
        cmocka_unit_test(every_byte_of_key_and_signature_counts),
        cmocka_unit_test(a_key_has_one_spelling),
        cmocka_unit_test(rsa_keys_have_2048_to_8192_bits),
        cmocka_unit_test(an_exponent_is_odd_and_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
