#include "crypto/pkverify.h"

#include "crypto/evp.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>
#include <string.h>

enum { RSA_EXPONENT_BITS_MAX = 31, P256_POINT_LEN = 64 };

static bool is_rsa(EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    bool good = EVP_PKEY_is_a(key, "RSA") == 1 && bits >= PK_RSA_BITS_MIN &&
                bits <= PK_RSA_BITS_MAX &&
                EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                BN_num_bits(e) <= RSA_EXPONENT_BITS_MAX && BN_num_bits(e) >= 2 && BN_is_odd(e);
    BN_free(e);
    return good;
}

/* What stands before the point in a P-256 key: RFC 5480 sections 2.1.1 and 2.1.1.1, and the 4 of an
 * uncompressed one (section 2.2).  OpenSSL alone would also take, and write, the other forms. */
static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

static bool is_p256(const void *der, size_t der_len)
{
    return der_len == sizeof p256_head + P256_POINT_LEN &&
           memcmp(der, p256_head, sizeof p256_head) == 0;
}

/* Does the key, written by us, have these very bytes? */
static bool is_spelt(EVP_PKEY *key, const void *der, size_t der_len)
{
    uint8_t *ours = NULL;
    int n = i2d_PUBKEY(key, &ours);
    bool same = n > 0 && (size_t)n == der_len && memcmp(ours, der, der_len) == 0;
    OPENSSL_free(ours);
    return same;
}

/* The caller's; NULL for what is no such key. */
static EVP_PKEY *parse(enum pk_kind kind, const void *der, size_t der_len)
{
    const uint8_t *at = der;
    if (der_len == 0 || der_len > PK_DER_MAX)
        return NULL;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der_len);
    if (key && (kind == PK_RSA ? is_rsa(key) : is_p256(der, der_len)) &&
        is_spelt(key, der, der_len))
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

bool pkverify_is_key(enum pk_kind kind, const void *der, size_t der_len)
{
    EVP_PKEY *key = parse(kind, der, der_len);
    bool good = key != NULL;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

bool pkverify(enum pk_kind kind, const void *der, size_t der_len, const void *msg, size_t n,
              const void *sig, size_t sig_len)
{
    EVP_PKEY *key = parse(kind, der, der_len);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const void *text = n > 0 ? msg : "";
    bool good = key && md && sig_len > 0 &&
                EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(md, sig, sig_len, text, n) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* why it is none is nobody's business here */
    return good;
}
