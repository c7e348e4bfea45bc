#include "files/peer/mse_msg.h"

#include "crypto/wipe.h"

#include <string.h>

static void hash(const char tag[5], const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                 uint8_t out[SHA1_LEN])
{
    uint8_t all[4 + DH768_LEN + SHA1_LEN];
    memcpy(all, tag, 4);
    memcpy(all + 4, a, a_len);
    if (b_len > 0)
        memcpy(all + 4 + a_len, b, b_len);
    sha1(all, 4 + a_len + b_len, out);
    wipe(all, sizeof all);
}

void mse_req1(const uint8_t s[DH768_LEN], uint8_t out[SHA1_LEN])
{
    hash("req1", s, DH768_LEN, NULL, 0, out);
}

void mse_req2(const uint8_t skey[SHA1_LEN], uint8_t out[SHA1_LEN])
{
    hash("req2", skey, SHA1_LEN, NULL, 0, out);
}

void mse_req3(const uint8_t s[DH768_LEN], uint8_t out[SHA1_LEN])
{
    hash("req3", s, DH768_LEN, NULL, 0, out);
}

void mse_key(bool initiators, const uint8_t s[DH768_LEN], const uint8_t skey[SHA1_LEN],
             uint8_t out[SHA1_LEN])
{
    hash(initiators ? "keyA" : "keyB", s, DH768_LEN, skey, SHA1_LEN, out);
}

void mse_xor(const uint8_t a[SHA1_LEN], const uint8_t b[SHA1_LEN], uint8_t out[SHA1_LEN])
{
    for (size_t i = 0; i < SHA1_LEN; i++)
        out[i] = a[i] ^ b[i];
}

uint32_t mse_choose(uint32_t provided, uint32_t accepted, bool plain_is_enough)
{
    uint32_t both = provided & accepted;
    if ((both & MSE_PLAIN) && (plain_is_enough || !(both & MSE_RC4)))
        return MSE_PLAIN;
    return both & MSE_RC4;
}

enum err mse_read_head(struct cur c, uint32_t *methods, size_t *pad, struct why *why)
{
    uint64_t vc = cur_be(&c, MSE_VC);
    *methods = cur_be32(&c);
    *pad = cur_be16(&c);
    if (!cur_done(&c) || vc != 0)
        return why_set(why, ERR_INVALID, "encryption: what it says is not of this key");
    if (*pad > MSE_PAD_MAX)
        return why_set(why, ERR_LIMIT, "encryption: a pad of %zu bytes, at most %d", *pad,
                       MSE_PAD_MAX);
    return OK;
}
