#include "host/secure/tls_cert.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "host/secure/foreign_test.h"

#include <openssl/x509v3.h>

#define NOW_S INT64_C(1700000000) /* some day in 2023 */
#define YEAR_S (INT64_C(365) * 24 * 3600)

/* libp2p/specs tls/tls.md, "Test vectors"; the last one's signature is another key's. */
static const struct vector {
    const char *id, *cert;
} vectors[] = {
    {"12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv",
     "308201ae30820156a0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a"
     "13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f"
     "34303936303130313133303030305a302031123010060355040a13096c69627032702e696f310a300806"
     "035504051301313059301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca8"
     "5e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a6"
     "51691606d8173e55bd37e381569ea37c307a3078060a2b0601040183a25a0101046a3068042408011220"
     "a77f1d92fedb59dddaea5a1c4abd1ac2fbde7d7b879ed364501809923d7c11b90440d90d2769db992d5e"
     "6195dbb08e706b6651e024fda6cfb8846694a435519941cac215a8207792e42849cccc6cd8136c6e4bde"
     "92a58c5e08cfd4206eb5fe0bf909300a06082a8648ce3d0403020346003043021f50f6b6c52711a88177"
     "8718238f650c9fb48943ae6ee6d28427dc6071ae55e702203625f116a7a454db9c56986c82a25682f724"
     "8ea1cb764d322ea983ed36a31b77"},
    {"QmfXbAwNjJLXfesgztEHe8HwgVDCMMpZ9Eax1HYq6hn9uE",
     "308201f63082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a"
     "13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f"
     "34303936303130313133303030305a302031123010060355040a13096c69627032702e696f310a300806"
     "035504051301313059301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca8"
     "5e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a6"
     "51691606d8173e55bd37e381569ea381c23081bf3081bc060a2b0601040183a25a01010481ad3081aa04"
     "5f0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004bf30511f909414ebdd32"
     "42178fd290f093a551cf75c973155de0bb5a96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3d"
     "d72a801980d205e8a1ad29f2044730450220064ea8124774caf8f50e57f436aa62350ce652418c019df5"
     "d98a3ac666c9386a022100aa59d704a931b5f72fb9222cb6cc51f954d04a4e2e5450f8805fe8918f71ea"
     "ae300a06082a8648ce3d04030203470030440220799395b0b6c1e940a7e4484705f610ab51ed376f19ff"
     "9d7c16757cfbf61b8d4302206205c03fbb0f95205c779be86581d3e31c01871ad5d1f3435bcf375cb0e5"
     "088a"},
    {"16Uiu2HAkutTMoTzDw1tCvSRtu6YoixJwS46S1ZFxW8hSx9fWHiPs",
     "308201ba3082015fa0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a"
     "13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f"
     "34303936303130313133303030305a302031123010060355040a13096c69627032702e696f310a300806"
     "035504051301313059301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca8"
     "5e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a6"
     "51691606d8173e55bd37e381569ea38184308181307f060a2b0601040183a25a01010471306f04250802"
     "12210206dc6968726765b820f050263ececf7f71e4955892776c0970542efd689d238204463044022014"
     "5e15a991961f0d08cd15425bb95ec93f6ffa03c5a385eedc34ecf464c7a8ab022026b3109b8a3f40ef83"
     "3169777eb2aa337cfb6282f188de0666d1bcec2a4690dd300a06082a8648ce3d04030203490030460221"
     "00e1a217eeef9ec9204b3f774a08b70849646b6a1e6b8b27f93dc00ed58545d9fe022100b00dafa549d0"
     "f03547878338c7b15e7502888f6d45db387e5ae6b5d46899cef0"},
    {NULL, "308201f73082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a"
           "13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f"
           "34303936303130313133303030305a302031123010060355040a13096c69627032702e696f310a300806"
           "035504051301313059301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca8"
           "5e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a6"
           "51691606d8173e55bd37e381569ea381c23081bf3081bc060a2b0601040183a25a01010481ad3081aa04"
           "5f0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004bf30511f909414ebdd32"
           "42178fd290f093a551cf75c973155de0bb5a96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3d"
           "d72a801980d205e8a1ad29f204473045022100bb6e03577b7cc7a3cd1558df0da2b117dfdcc0399bc250"
           "4ebe7de6f65cade72802206de96e2a5be9b6202adba24ee0362e490641ac45c240db71fe955f2c5cf8df"
           "6e300a06082a8648ce3d0403020348003045022100e847f267f43717358f850355bdcabbefb2cfbf8a3c"
           "043b203a14788a092fe8db022027c1d04a2d41fd6b57a7e8b3989e470325de4406e52e084e34a3fd56ee"
           "f0d0df"},
};

static struct keys *ours(void)
{
    static const uint8_t entropy[16] = "nobody's secret";
    return keys_of_entropy(entropy, sizeof entropy);
}

/* Of exactly the size, so that a sanitizer sees one byte too many. */
static enum err read_copy(const uint8_t *bytes, size_t n, struct pubkey *who, struct why *why)
{
    void *copy = mem_dup(bytes, n);
    *why = (struct why){0};
    enum err e = tls_cert_read(cur_of(copy, n), NOW_S, who, why);
    assert_int_equal(e != OK, why->text[0] != '\0');
    free(copy);
    return e;
}

static void the_specifications_vectors_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t der[600];
        size_t n = strlen(vectors[i].cert) / 2;
        struct pubkey who;
        struct peer_id id;
        struct why why;
        char text[PEER_ID_FORMAT];
        assert_true(n <= sizeof der && hex_decode(vectors[i].cert, 2 * n, der, n));
        enum err e = read_copy(der, n, &who, &why);
        if (!vectors[i].id) {
            assert_int_equal(e, ERR_DENIED);
            assert_non_null(strstr(why.text, "did not sign"));
            continue;
        }
        if (e != OK)
            fail_msg("%zu: %s", i, why.text);
        peer_id_of_key(&who, &id);
        assert_string_equal(peer_id_format(&id, text), vectors[i].id);
    }
}

static void what_we_make_we_read_as_ours(void **state)
{
    struct keys *keys = ours();
    struct pubkey who, us;
    struct buf cert = {0}, key = {0}, other = {0};
    struct why why;
    (void)state;
    tls_cert_make(keys, UINT64_MAX, &cert, &key);
    if (read_copy(buf_bytes(&cert), buf_len(&cert), &who, &why) != OK)
        fail_msg("%s", why.text);
    pubkey_of_ed25519(&us, keys_peer_public(keys));
    assert_true(pubkey_equal(&who, &us));
    for (int64_t now = YEAR_S; now < 2000 * YEAR_S; now += 100 * YEAR_S)
        assert_int_equal(tls_cert_read(buf_cur(&cert), now, &who, &why),
                         now == YEAR_S ? ERR_DENIED : OK); /* 1971 */

    buf_clear(&key);
    tls_cert_make(keys, UINT64_MAX, &other, &key); /* with another key */
    assert_true(buf_len(&other) != buf_len(&cert) ||
                memcmp(buf_bytes(&other), buf_bytes(&cert), buf_len(&cert)) != 0);
    keys_free(keys);
    buf_done(&cert);
    buf_done(&other);
    buf_done(&key);
}

static void each_changed_byte_and_each_cut_is_refused(void **state)
{
    struct keys *keys = ours();
    struct pubkey who;
    struct buf cert = {0}, key = {0};
    struct why why;
    (void)state;
    tls_cert_make(keys, 1, &cert, &key);
    for (size_t i = 0; i < buf_len(&cert); i++) {
        assert_int_not_equal(read_copy(buf_bytes(&cert), i, &who, &why), OK);
        buf_bytes(&cert)[i] ^= 1;
        assert_int_not_equal(read_copy(buf_bytes(&cert), buf_len(&cert), &who, &why), OK);
        buf_bytes(&cert)[i] ^= 1;
    }
    buf_u8(&cert, 0);
    assert_int_equal(read_copy(buf_bytes(&cert), buf_len(&cert), &who, &why), ERR_INVALID);
    keys_free(keys);
    buf_done(&cert);
    buf_done(&key);
}

/* A certificate as somebody else might make it. */
struct odd {
    EVP_PKEY *key;        /* NULL: a fresh one on P-256 */
    const EVP_MD *digest; /* NULL: SHA-256 */
    EVP_PKEY *signer;     /* NULL: key */
    struct foreign *who;
    int64_t from_s, to_s;       /* from NOW_S; 0, 0: a year each way */
    int copies;                 /* of libp2p's extension */
    bool critical;              /* that one */
    bool other, other_critical; /* an extension that nobody knows */
    bool usage;                 /* keyUsage, critical */
    bool lies;                  /* the identity signed something else */
};

static void add_extension(X509 *x, const char *oid, bool critical, const struct buf *value)
{
    ASN1_OBJECT *name = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(octets, buf_bytes(value), (int)buf_len(value));
    X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, name, critical, octets);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(name);
}

/* By OpenSSL's own DER, for a second opinion of ours. */
static void put_der(struct buf *out, int tag, const struct buf *content)
{
    ASN1_STRING *s = ASN1_STRING_type_new(tag);
    unsigned char *der = NULL;
    ASN1_STRING_set(s, buf_bytes(content), (int)buf_len(content));
    int n = i2d_ASN1_OCTET_STRING(s, &der);
    buf_put(out, der, (size_t)n);
    OPENSSL_free(der);
    ASN1_STRING_free(s);
}

static void signed_key(const struct odd *o, X509 *x, struct buf *out)
{
    unsigned char *spki = NULL;
    struct buf text = {0}, sig = {0}, key = {0}, pair = {0};
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    buf_str(&text, o->lies ? "libp2p-tls-handshakf:" : "libp2p-tls-handshake:");
    buf_put(&text, spki, (size_t)n);
    foreign_sign(o->who, buf_bytes(&text), buf_len(&text), &sig);
    pubkey_encode(&o->who->pub, &key);
    put_der(&pair, V_ASN1_OCTET_STRING, &key);
    put_der(&pair, V_ASN1_OCTET_STRING, &sig);
    buf_u8(out, 0x30);
    if (buf_len(&pair) > 0x7f)
        buf_u8(out, buf_len(&pair) > 0xff ? 0x82 : 0x81);
    buf_be(out, buf_len(&pair), buf_len(&pair) > 0xff ? 2 : 1);
    buf_put(out, buf_bytes(&pair), buf_len(&pair));
    OPENSSL_free(spki);
    buf_done(&text);
    buf_done(&sig);
    buf_done(&key);
    buf_done(&pair);
}

static void add_extensions(const struct odd *o, X509 *x)
{
    struct buf value = {0};
    signed_key(o, x, &value);
    for (int i = 0; i < o->copies; i++)
        add_extension(x, "1.3.6.1.4.1.53594.1.1", o->critical, &value);
    if (o->other)
        add_extension(x, "1.3.6.1.4.1.53594.9.9", o->other_critical, &value);
    if (o->usage) {
        X509_EXTENSION *e =
            X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,digitalSignature");
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }
    buf_done(&value);
}

/* What is made of it. */
static enum err read_odd(struct odd o, struct pubkey *who, struct why *why)
{
    EVP_PKEY *key = o.key ? o.key : EVP_EC_gen("P-256");
    X509 *x = X509_new();
    unsigned char *der = NULL;
    time_t from = NOW_S + (o.from_s || o.to_s ? o.from_s : -YEAR_S);
    time_t to = NOW_S + (o.from_s || o.to_s ? o.to_s : YEAR_S);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    ASN1_TIME_set(X509_getm_notBefore(x), from);
    ASN1_TIME_set(X509_getm_notAfter(x), to);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    add_extensions(&o, x);
    bool no_digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
    assert_true(X509_sign(x, o.signer ? o.signer : key,
                          no_digest  ? NULL
                          : o.digest ? o.digest
                                     : EVP_sha256()) > 0);
    int n = i2d_X509(x, &der);
    enum err e = read_copy(der, (size_t)n, who, why);
    OPENSSL_free(der);
    X509_free(x);
    if (!o.key)
        EVP_PKEY_free(key);
    return e;
}

static void check_odd(struct odd o, enum err code, const char *words)
{
    struct pubkey who;
    struct why why;
    enum err e = read_odd(o, &who, &why);
    if (e != code || !strstr(why.text, words))
        fail_msg("%d: %s, where \"%s\" was expected", e, why.text, words);
}

static void identities_of_all_kinds_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < FOREIGN_TYPES; i++) {
        struct foreign f;
        struct pubkey who;
        struct why why;
        foreign_make(&f, foreign_types[i]);
        if (read_odd((struct odd){.who = &f, .copies = 1}, &who, &why) != OK)
            fail_msg("%s", why.text);
        assert_true(pubkey_equal(&who, &f.pub));
        check_odd((struct odd){.who = &f, .copies = 1, .lies = true}, ERR_DENIED, "did not sign");
        foreign_done(&f);
    }
}

static void a_certificate_holds_between_its_dates(void **state)
{
    struct foreign f;
    (void)state;
    foreign_make(&f, PUBKEY_ECDSA);
    check_odd((struct odd){.who = &f, .copies = 1, .from_s = -1, .to_s = 1}, OK, "");
    check_odd((struct odd){.who = &f, .copies = 1, .from_s = 1, .to_s = 2}, ERR_DENIED,
              "not yet valid");
    check_odd((struct odd){.who = &f, .copies = 1, .from_s = -2, .to_s = -1}, ERR_DENIED,
              "no longer valid");
    foreign_done(&f);
}

static void extensions_are_as_the_specification_says(void **state)
{
    struct foreign f;
    (void)state;
    foreign_make(&f, PUBKEY_ECDSA);
    check_odd((struct odd){.who = &f, .copies = 1, .critical = true}, OK, "");
    check_odd((struct odd){.who = &f, .copies = 1, .other = true}, OK, "");
    check_odd((struct odd){.who = &f, .copies = 1, .other = true, .other_critical = true},
              ERR_UNSUPPORTED, "critical");
    check_odd((struct odd){.who = &f, .copies = 1, .usage = true}, ERR_UNSUPPORTED, "critical");
    check_odd((struct odd){.who = &f}, ERR_INVALID, "0 libp2p extensions");
    check_odd((struct odd){.who = &f, .copies = 2}, ERR_INVALID, "2 libp2p extensions");
    foreign_done(&f);
}

static void its_own_key_and_signature_are_strong(void **state)
{
    struct foreign f;
    EVP_PKEY *small = EVP_RSA_gen(1024), *rsa = EVP_RSA_gen(2048), *other = EVP_EC_gen("P-256"),
             *k1 = EVP_EC_gen("secp256k1"), *p384 = EVP_EC_gen("P-384"),
             *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    (void)state;
    foreign_make(&f, PUBKEY_ECDSA);
    check_odd((struct odd){.who = &f, .copies = 1, .key = rsa}, OK, "");
    check_odd((struct odd){.who = &f, .copies = 1, .key = p384}, OK, "");
    check_odd((struct odd){.who = &f, .copies = 1, .key = ed}, OK, "");
    check_odd((struct odd){.who = &f, .copies = 1, .key = small}, ERR_UNSUPPORTED,
              "RSA of 1024 bits");
    check_odd((struct odd){.who = &f, .copies = 1, .key = k1}, ERR_UNSUPPORTED, "curve");
    check_odd((struct odd){.who = &f, .copies = 1, .digest = EVP_sha1()}, ERR_UNSUPPORTED, "weak");
    check_odd((struct odd){.who = &f, .copies = 1, .signer = other}, ERR_DENIED,
              "not signed by itself");
    foreign_done(&f);
    EVP_PKEY_free(small);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other);
    EVP_PKEY_free(k1);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(ed);
}

static void what_is_too_long_is_not_looked_at(void **state)
{
    uint8_t *bytes = mem_zalloc(TLS_CERT_MAX + 1);
    struct pubkey who;
    struct why why;
    (void)state;
    assert_int_equal(read_copy(bytes, TLS_CERT_MAX, &who, &why), ERR_INVALID);
    assert_int_equal(read_copy(bytes, TLS_CERT_MAX + 1, &who, &why), ERR_LIMIT);
    free(bytes);
}

static void a_signed_key_is_two_octet_strings_in_der(void **state)
{
    struct cur key, sig;
    struct why why;
    static const char good[] = "\x30\x09\x04\x03KEY\x04\x02SG";
    static const char *const bad[] = {
        "\x30\x09\x04\x03KEY\x04\x02SG!",    /* one byte behind it */
        "\x30\x0a\x04\x03KEY\x04\x02SG!",    /* and inside */
        "\x31\x09\x04\x03KEY\x04\x02SG",     /* a SET */
        "\x30\x09\x05\x03KEY\x04\x02SG",     /* a NULL */
        "\x30\x81\x09\x04\x03KEY\x04\x02SG", /* a length that is not the shortest */
        "\x30\x80\x04\x03KEY\x04\x02SG",     /* BER's indefinite length */
        "\x30\x84\x01\x01\x01\x09\x04\x03KEY\x04\x02SG",
    };
    (void)state;
    assert_int_equal(tls_cert_read_signed_key(cur_of(good, 11), &key, &sig, &why), OK);
    assert_int_equal(key.n, 3);
    assert_memory_equal(key.p, "KEY", 3);
    assert_int_equal(sig.n, 2);
    assert_memory_equal(sig.p, "SG", 2);
    for (size_t n = 0; n < 11; n++)
        assert_int_equal(tls_cert_read_signed_key(cur_of(good, n), &key, &sig, &why), ERR_INVALID);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tls_cert_read_signed_key(cur_of(bad[i], strlen(bad[i])), &key, &sig, &why),
                         ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specifications_vectors_come_out),
        cmocka_unit_test(what_we_make_we_read_as_ours),
        cmocka_unit_test(each_changed_byte_and_each_cut_is_refused),
        cmocka_unit_test(identities_of_all_kinds_are_read),
        cmocka_unit_test(a_certificate_holds_between_its_dates),
        cmocka_unit_test(extensions_are_as_the_specification_says),
        cmocka_unit_test(its_own_key_and_signature_are_strong),
        cmocka_unit_test(what_is_too_long_is_not_looked_at),
        cmocka_unit_test(a_signed_key_is_two_octet_strings_in_der),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
