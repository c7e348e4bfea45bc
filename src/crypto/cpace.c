#include "crypto/cpace.h"

#include "base/buf.h"
#include "crypto/hmac.h"
#include "crypto/wipe.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(CPACE_LEN == crypto_core_ristretto255_BYTES &&
                   CPACE_LEN == crypto_core_ristretto255_SCALARBYTES &&
                   SHA512_LEN == crypto_core_ristretto255_HASHBYTES,
               "our lengths are libsodium's");

#define DSI "CPaceRistretto255"
enum { HASH_INPUT = 128 }; /* H.s_in_bytes of SHA-512 */

/* prepend_len(): the length as LEB128, then the bytes. */
static void put(struct buf *b, const void *bytes, size_t n)
{
    buf_uvarint(b, n);
    buf_put(b, bytes, n);
}

static void put_cur(struct buf *b, struct cur c)
{
    put(b, c.p, c.n);
}

static void wiped(struct buf *b)
{
    wipe(buf_bytes(b), buf_len(b));
    buf_done(b);
}

/* generator_string(): the password and zeros fill the hash's first block. */
static void generator(const struct cpace_common *common, uint8_t out[CPACE_LEN])
{
    static const uint8_t zeros[HASH_INPUT];
    struct buf b = {0};
    uint8_t hash[SHA512_LEN];
    buf_room(&b, 2 * HASH_INPUT + common->password.n + common->channel.n + common->session.n);
    put(&b, DSI, strlen(DSI));
    put_cur(&b, common->password);
    size_t used = buf_len(&b);
    put(&b, zeros, used < HASH_INPUT - 1 ? HASH_INPUT - 1 - used : 0);
    put_cur(&b, common->channel);
    put_cur(&b, common->session);
    sha512(buf_bytes(&b), buf_len(&b), hash);
    if (crypto_core_ristretto255_from_hash(out, hash) != 0)
        abort(); /* it knows no failure */
    wipe(hash, sizeof hash);
    wiped(&b);
}

void cpace_begin(struct cpace *c, const struct cpace_common *common, bool asks,
                 const uint8_t random[CPACE_LEN])
{
    uint8_t g[CPACE_LEN];
    c->asks = asks;
    memcpy(c->scalar, random, CPACE_LEN);
    c->scalar[CPACE_LEN - 1] &= 0x0f; /* "a uniform bit string" of group_size_bits = 252 */
    generator(common, g);
    if (crypto_scalarmult_ristretto255(c->share, c->scalar, g) != 0)
        abort(); /* a zero came from who gives us random bytes */
    wipe(g, sizeof g);
}

/* H(lv_cat(DSI_ISK, sid, K) || transcript_ir(Ya, ADa, Yb, ADb)) */
static void session_key(const struct cpace_common *common, const uint8_t k[CPACE_LEN],
                        const uint8_t *ya, const uint8_t *yb, uint8_t out[CPACE_KEY_LEN])
{
    struct buf b = {0};
    buf_room(&b, 4 * HASH_INPUT + common->session.n + common->asks_too.n + common->answers_too.n);
    put(&b, DSI "_ISK", strlen(DSI "_ISK"));
    put_cur(&b, common->session);
    put(&b, k, CPACE_LEN);
    put(&b, ya, CPACE_LEN);
    put_cur(&b, common->asks_too);
    put(&b, yb, CPACE_LEN);
    put_cur(&b, common->answers_too);
    sha512(buf_bytes(&b), buf_len(&b), out);
    wiped(&b);
}

/* MAC(mac_key, lv_cat(Y, AD)) */
static void tag(const uint8_t mac_key[SHA512_LEN], const uint8_t *y, struct cur too,
                uint8_t out[CPACE_KEY_LEN])
{
    struct buf b = {0};
    put(&b, y, CPACE_LEN);
    put_cur(&b, too);
    hmac_sha512(mac_key, SHA512_LEN, buf_bytes(&b), buf_len(&b), out);
    buf_done(&b);
}

static void tags(const struct cpace *c, const struct cpace_common *common, const uint8_t *theirs,
                 struct cpace_keys *out)
{
    struct buf b = {0};
    uint8_t mac_key[SHA512_LEN];
    buf_room(&b, 2 * HASH_INPUT + common->session.n);
    buf_str(&b, "CPaceMac");
    buf_put(&b, common->session.p, common->session.n);
    buf_put(&b, out->key, CPACE_KEY_LEN);
    sha512(buf_bytes(&b), buf_len(&b), mac_key);
    tag(mac_key, c->share, c->asks ? common->asks_too : common->answers_too, out->ours);
    tag(mac_key, theirs, c->asks ? common->answers_too : common->asks_too, out->theirs);
    wipe(mac_key, sizeof mac_key);
    wiped(&b);
}

bool cpace_finish(struct cpace *c, const struct cpace_common *common,
                  const uint8_t theirs[CPACE_LEN], struct cpace_keys *out)
{
    uint8_t k[CPACE_LEN];
    /* scalar_mult_vfy(): libsodium refuses what is no point, and the neutral one as the result. */
    bool good = crypto_scalarmult_ristretto255(k, c->scalar, theirs) == 0;
    if (good) {
        session_key(common, k, c->asks ? c->share : theirs, c->asks ? theirs : c->share, out->key);
        tags(c, common, theirs, out);
    }
    wipe(c->scalar, sizeof c->scalar);
    wipe(k, sizeof k);
    return good;
}
