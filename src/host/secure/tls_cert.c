#include "host/secure/tls_cert.h"

#include "crypto/openssl.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define EXTENSION "1.3.6.1.4.1.53594.1.1"
#define NOT_BEFORE "19750101000000Z"
#define NOT_AFTER "40960101000000Z"

static const char signed_prefix[] = "libp2p-tls-handshake:";

enum {
    DER_SEQUENCE = 0x30,
    DER_OCTETS = 0x04,
    RSA_BITS_MIN = 2048, /* as of identities, host/name/pubkey.h */
    RSA_BITS_MAX = 8192,
    SECURITY_BITS_MIN = 112, /* of the self-signature's digest: no MD5, no SHA-1 */
};

/* OpenSSL's functions fail here when memory ran out (base/mem.h). */
static void must(bool done)
{
    if (!done)
        abort();
}

/* DER by hand, for the one small thing that is ours. */

/* An element of this tag and its content; lengths in their shortest form (X.690 section 10.1), of
 * at most two bytes. */
static struct cur der_take(struct cur *c, uint8_t tag)
{
    bool bad = cur_u8(c) != tag;
    size_t n = cur_u8(c);
    if (n == 0x81) {
        n = cur_u8(c);
        bad |= n < 0x80;
    } else if (n == 0x82) {
        n = cur_be16(c);
        bad |= n < 0x100;
    } else {
        bad |= n > 0x7f;
    }
    return cur_take(c, bad ? SIZE_MAX : n);
}

static void der_put(struct buf *out, uint8_t tag, const struct buf *content)
{
    size_t n = buf_len(content);
    buf_u8(out, tag);
    if (n >= 0x80)
        buf_u8(out, n >= 0x100 ? 0x82 : 0x81);
    buf_be(out, n, n >= 0x100 ? 2 : 1);
    buf_put(out, buf_bytes(content), n);
}

enum err tls_cert_read_signed_key(struct cur der, struct cur *key, struct cur *sig, struct why *why)
{
    struct cur sequence = der_take(&der, DER_SEQUENCE);
    *key = der_take(&sequence, DER_OCTETS);
    *sig = der_take(&sequence, DER_OCTETS);
    if (!cur_done(&der) || !cur_done(&sequence))
        return why_set(why, ERR_INVALID, "certificate: its libp2p extension is no SignedKey");
    return OK;
}

/* What the identity signs: the prefix and the certificate's key. */
static void signed_text(X509_PUBKEY *key, struct buf *out)
{
    unsigned char *spki = NULL;
    int n = i2d_X509_PUBKEY(key, &spki);
    must(n > 0);
    buf_str(out, signed_prefix);
    buf_put(out, spki, (size_t)n);
    OPENSSL_free(spki);
}

/* Making one. */

static void put_extension(X509 *x, const struct keys *keys)
{
    struct pubkey who;
    struct buf text = {0}, key = {0}, pair = {0}, value = {0};
    uint8_t sig[KEYS_SIG_LEN];
    signed_text(X509_get_X509_PUBKEY(x), &text);
    keys_sign(keys, buf_bytes(&text), buf_len(&text), sig);
    buf_clear(&text);
    buf_put(&text, sig, sizeof sig);
    pubkey_of_ed25519(&who, keys_peer_public(keys));
    pubkey_encode(&who, &key);
    der_put(&pair, DER_OCTETS, &key);
    der_put(&pair, DER_OCTETS, &text);
    der_put(&value, DER_SEQUENCE, &pair);

    ASN1_OBJECT *oid = OBJ_txt2obj(EXTENSION, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    must(oid && octets &&
         ASN1_OCTET_STRING_set(octets, buf_bytes(&value), (int)buf_len(&value)) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, octets);
    must(extension && X509_add_ext(x, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(oid);
    buf_done(&text);
    buf_done(&key);
    buf_done(&pair);
    buf_done(&value);
}

static X509 *make(const struct keys *keys, uint64_t serial, EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_NAME_new();
    must(x && name && X509_set_version(x, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1 | 1) == 1 &&
         X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"libp2p.io", -1,
                                    -1, 0) == 1 &&
         X509_set_subject_name(x, name) == 1 && X509_set_issuer_name(x, name) == 1 &&
         ASN1_TIME_set_string_X509(X509_getm_notBefore(x), NOT_BEFORE) == 1 &&
         ASN1_TIME_set_string_X509(X509_getm_notAfter(x), NOT_AFTER) == 1 &&
         X509_set_pubkey(x, key) == 1);
    put_extension(x, keys);
    must(X509_sign(x, key, EVP_sha256()) > 0);
    X509_NAME_free(name);
    return x;
}

void tls_cert_make(const struct keys *keys, uint64_t serial, struct buf *cert, struct buf *key)
{
    unsigned char *der = NULL;
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    must(pair != NULL);
    X509 *x = make(keys, serial, pair);
    int n = i2d_X509(x, &der);
    must(n > 0);
    buf_put(cert, der, (size_t)n);
    OPENSSL_free(der);
    der = NULL;
    n = i2d_PrivateKey(pair, &der);
    must(n > 0);
    buf_put(key, der, (size_t)n);
    OPENSSL_clear_free(der, (size_t)n);
    X509_free(x);
    EVP_PKEY_free(pair);
}

/* Reading one. */

/* Its own key, of a kind that is checked in bounded time. */
static enum err check_key(EVP_PKEY *key, struct why *why)
{
    char curve[32];
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    if (!key)
        return why_set(why, ERR_UNSUPPORTED, "certificate: a key of unknown kind");
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
        return OK;
    case EVP_PKEY_RSA:
        if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX)
            return OK;
        return why_set(why, ERR_UNSUPPORTED, "certificate: RSA of %d bits", bits);
    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1 &&
            (!strcmp(curve, "prime256v1") || !strcmp(curve, "secp384r1") ||
             !strcmp(curve, "secp521r1")))
            return OK;
        return why_set(why, ERR_UNSUPPORTED, "certificate: a curve that is not NIST's");
    default:
        return why_set(why, ERR_UNSUPPORTED, "certificate: a key of unknown kind");
    }
}

static enum err check_self_signature(X509 *x, struct why *why)
{
    EVP_PKEY *key = X509_get0_pubkey(x);
    int bits;
    enum err e = check_key(key, why);
    if (e != OK)
        return e;
    if (X509_get_signature_info(x, NULL, NULL, &bits, NULL) != 1 || bits < SECURITY_BITS_MIN)
        return why_set(why, ERR_UNSUPPORTED, "certificate: it is signed in a way that is weak");
    if (X509_verify(x, key) != 1)
        return why_set(why, ERR_DENIED, "certificate: it is not signed by itself");
    return OK;
}

static enum err check_dates(const X509 *x, int64_t now_s, struct why *why)
{
    time_t now = (time_t)now_s;
    if (X509_cmp_time(X509_get0_notBefore(x), &now) >= 0)
        return why_set(why, ERR_DENIED, "certificate: not yet valid");
    if (X509_cmp_time(X509_get0_notAfter(x), &now) <= 0)
        return why_set(why, ERR_DENIED, "certificate: no longer valid");
    return OK;
}

/* The libp2p extension's value; others are passed over unless they are critical. */
static enum err find_extension(const X509 *x, struct cur *value, struct why *why)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(EXTENSION, 1);
    unsigned found = 0;
    bool critical = false;
    must(oid != NULL);
    for (int i = 0; i < X509_get_ext_count(x); i++) {
        X509_EXTENSION *e = X509_get_ext(x, i);
        const ASN1_OCTET_STRING *octets = X509_EXTENSION_get_data(e);
        if (OBJ_cmp(X509_EXTENSION_get_object(e), oid) == 0) {
            *value = cur_of(ASN1_STRING_get0_data(octets), (size_t)ASN1_STRING_length(octets));
            found++;
        } else {
            critical |= X509_EXTENSION_get_critical(e) != 0;
        }
    }
    ASN1_OBJECT_free(oid);
    if (critical)
        return why_set(why, ERR_UNSUPPORTED, "certificate: an unknown extension is critical");
    if (found != 1) /* RFC 5280 section 4.2: not "more than one instance" */
        return why_set(why, ERR_INVALID, "certificate: %u libp2p extensions, where one belongs",
                       found);
    return OK;
}

static enum err check_identity(X509 *x, struct pubkey *who, struct why *why)
{
    struct cur value, key, sig;
    struct buf text = {0};
    enum err e = find_extension(x, &value, why);
    if (e == OK)
        e = tls_cert_read_signed_key(value, &key, &sig, why);
    if (e == OK)
        e = pubkey_decode(who, key, why);
    if (e != OK)
        return e;
    signed_text(X509_get_X509_PUBKEY(x), &text);
    if (!pubkey_verify(who, buf_bytes(&text), buf_len(&text), sig.p, sig.n))
        e = why_set(why, ERR_DENIED, "certificate: the identity did not sign its key");
    buf_done(&text);
    return e;
}

static enum err check(X509 *x, int64_t now_s, struct pubkey *who, struct why *why)
{
    const ASN1_BIT_STRING *issuer = NULL, *subject = NULL;
    X509_get0_uids(x, &issuer, &subject);
    if (issuer || subject) /* "Certificates MUST omit" them */
        return why_set(why, ERR_INVALID, "certificate: it has unique ids");
    enum err e = check_dates(x, now_s, why);
    if (e == OK)
        e = check_self_signature(x, why);
    return e == OK ? check_identity(x, who, why) : e;
}

enum err tls_cert_read(struct cur cert, int64_t now_s, struct pubkey *who, struct why *why)
{
    const unsigned char *p = cert.p;
    if (cert.n > TLS_CERT_MAX)
        return why_set(why, ERR_LIMIT, "certificate: %zu bytes, at most %d", cert.n, TLS_CERT_MAX);
    ERR_clear_error();
    X509 *x = cert.n > 0 ? d2i_X509(NULL, &p, (long)cert.n) : NULL;
    enum err e;
    if (!x || p != cert.p + cert.n)
        e = why_set(why, ERR_INVALID, "certificate: this is none");
    else
        e = check(x, now_s, who, why);
    X509_free(x);
    ERR_clear_error();
    return e;
}
