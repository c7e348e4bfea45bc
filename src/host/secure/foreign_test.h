/* host/secure/foreign_test.h - identities as other implementations have them, which we verify and
 * never make: RSA, secp256k1, ECDSA. */
#ifndef SHOAL_HOST_SECURE_FOREIGN_TEST_H
#define SHOAL_HOST_SECURE_FOREIGN_TEST_H

#include "crypto/openssl.h"

#include "base/test.h"

#include "base/buf.h"
#include "host/name/peer_id.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

struct foreign {
    EVP_PKEY *key;
    struct pubkey pub;
    struct peer_id id;
};

static const enum pubkey_type foreign_types[] = {PUBKEY_RSA, PUBKEY_SECP256K1, PUBKEY_ECDSA};
enum { FOREIGN_TYPES = 3 };

static void foreign_make(struct foreign *f, enum pubkey_type type)
{
    unsigned char *der = NULL;
    f->pub.type = type;
    f->key = type == PUBKEY_RSA ? EVP_RSA_gen(2048)
                                : EVP_EC_gen(type == PUBKEY_ECDSA ? "P-256" : "secp256k1");
    assert_non_null(f->key);
    if (type == PUBKEY_SECP256K1) { /* compressed: the sign of y and x */
        uint8_t point[65];
        size_t n;
        assert_int_equal(EVP_PKEY_get_octet_string_param(f->key, "pub", point, sizeof point, &n),
                         1);
        assert_int_equal(n, 65);
        f->pub.len = 33;
        f->pub.data[0] = 2 | (point[64] & 1);
        memcpy(f->pub.data + 1, point + 1, 32);
    } else {
        int n = i2d_PUBKEY(f->key, &der);
        assert_in_range(n, 1, PUBKEY_DATA_MAX);
        f->pub.len = (uint16_t)n;
        memcpy(f->pub.data, der, (size_t)n);
        OPENSSL_free(der);
    }
    peer_id_of_key(&f->pub, &f->id);
}

static void foreign_done(struct foreign *f)
{
    EVP_PKEY_free(f->key);
}

/* OpenSSL picks either S; libp2p wants the low one of secp256k1. */
static void foreign_sign(const struct foreign *f, const void *msg, size_t n, struct buf *sig)
{
    do {
        size_t len = 0;
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        buf_clear(sig);
        assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, f->key), 1);
        assert_int_equal(EVP_DigestSign(md, NULL, &len, msg, n), 1);
        assert_int_equal(EVP_DigestSign(md, buf_room(sig, len), &len, msg, n), 1);
        buf_grew(sig, len);
        EVP_MD_CTX_free(md);
    } while (f->pub.type == PUBKEY_SECP256K1 &&
             !pubkey_verify(&f->pub, msg, n, buf_bytes(sig), buf_len(sig)));
}

#endif
