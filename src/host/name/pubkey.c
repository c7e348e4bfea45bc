#include "host/name/pubkey.h"

#include "base/pb.h"
#include "crypto/ed25519.h"
#include "crypto/pkverify.h"
#include "crypto/secp256k1.h"

#include <string.h>

_Static_assert((int)PUBKEY_DATA_MAX >= (int)PK_DER_MAX, "each key that is taken has room");

enum { TYPE = 1, DATA = 2 };

static bool is_whole(const struct pubkey *key)
{
    switch (key->type) {
    case PUBKEY_RSA:
        return pkverify_is_key(PK_RSA, key->data, key->len);
    case PUBKEY_ED25519:
        return key->len == ED25519_PUB_LEN; /* whether it is a point, verifying says */
    case PUBKEY_SECP256K1:
        return key->len == SECP256K1_PUB_LEN && secp256k1_is_public(key->data);
    case PUBKEY_ECDSA:
        return pkverify_is_key(PK_P256, key->data, key->len);
    }
    return false;
}

/* "encoding must be deterministic": type, data, nothing else, each varint as short as it can be. */
enum err pubkey_decode(struct pubkey *out, struct cur bytes, struct why *why)
{
    struct cur msg = bytes;
    struct pb_field type, data;
    bool both = pb_next(&msg, &type) && pb_next(&msg, &data);
    if (!both || type.number != TYPE || type.wire != PB_VARINT || data.number != DATA ||
        data.wire != PB_BYTES)
        return why_set(why, ERR_INVALID, "public key: not a type and its data");
    if (type.value > PUBKEY_ECDSA)
        return why_set(why, ERR_INVALID, "public key of an unknown type %llu",
                       (unsigned long long)type.value);
    if (data.bytes.n > PUBKEY_DATA_MAX)
        return why_set(why, ERR_INVALID, "public key of %zu bytes, at most %u", data.bytes.n,
                       (unsigned)PUBKEY_DATA_MAX);
    size_t head = data.bytes.n < 0x80 ? 4 : 5; /* two tags, a type, a length; and nothing after */
    if (bytes.n != head + data.bytes.n)
        return why_set(why, ERR_INVALID, "public key: its message is not the shortest");
    out->type = (enum pubkey_type)type.value;
    out->len = (uint16_t)data.bytes.n;
    if (data.bytes.n > 0)
        memcpy(out->data, data.bytes.p, data.bytes.n);
    if (!is_whole(out))
        return why_set(why, ERR_INVALID, "public key of type %u: wrong size or shape",
                       (unsigned)out->type);
    return OK;
}

void pubkey_encode(const struct pubkey *key, struct buf *out)
{
    pb_put_uint(out, TYPE, key->type);
    pb_put_bytes(out, DATA, key->data, key->len);
}

void pubkey_of_ed25519(struct pubkey *out, const uint8_t pub[ED25519_PUB_LEN])
{
    out->type = PUBKEY_ED25519;
    out->len = ED25519_PUB_LEN;
    memcpy(out->data, pub, ED25519_PUB_LEN);
}

bool pubkey_equal(const struct pubkey *a, const struct pubkey *b)
{
    return a->type == b->type && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool verify_secp256k1(const struct pubkey *key, const void *msg, size_t n, const void *sig,
                             size_t sig_len)
{
    uint8_t hash[SHA256_LEN];
    sha256(msg, n, hash);
    return secp256k1_verify(key->data, hash, sig, sig_len);
}

bool pubkey_verify(const struct pubkey *key, const void *msg, size_t n, const void *sig,
                   size_t sig_len)
{
    switch (key->type) {
    case PUBKEY_RSA:
        return pkverify(PK_RSA, key->data, key->len, msg, n, sig, sig_len);
    case PUBKEY_ED25519:
        return sig_len == ED25519_SIG_LEN && ed25519_verify(key->data, msg, n, sig);
    case PUBKEY_SECP256K1:
        return verify_secp256k1(key, msg, n, sig, sig_len);
    case PUBKEY_ECDSA:
        return pkverify(PK_P256, key->data, key->len, msg, n, sig, sig_len);
    }
    return false;
}
