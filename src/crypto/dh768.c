#include "crypto/dh768.h"

#include "crypto/evp.h"

#include <openssl/bn.h>

static const char prime_hex[] = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD1"
                                "29024E088A67CC74020BBEA63B139B22514A08798E3404DD"
                                "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245"
                                "E485B576625E7EC6F44C42E9A63A36210000000000090563";

struct group {
    BN_CTX *ctx;
    BN_MONT_CTX *mont;
    BIGNUM *prime;
};

static struct group group_open(void)
{
    struct group g = {.ctx = BN_CTX_new(), .mont = BN_MONT_CTX_new()};
    evp_must(g.ctx && g.mont && BN_hex2bn(&g.prime, prime_hex) > 0);
    evp_must(BN_MONT_CTX_set(g.mont, g.prime, g.ctx));
    return g;
}

static void group_close(struct group *g)
{
    BN_free(g->prime);
    BN_MONT_CTX_free(g->mont);
    BN_CTX_free(g->ctx);
}

static void power(const struct group *g, const BIGNUM *base, const uint8_t secret[DH768_SECRET],
                  uint8_t out[DH768_LEN])
{
    BIGNUM *x = BN_bin2bn(secret, DH768_SECRET, NULL), *y = BN_new();
    evp_must(x && y && BN_mod_exp_mont_consttime(y, base, x, g->prime, g->ctx, g->mont) == 1);
    evp_must(BN_bn2binpad(y, out, DH768_LEN) == DH768_LEN);
    BN_clear_free(x);
    BN_clear_free(y);
}

void dh768_public(const uint8_t secret[DH768_SECRET], uint8_t out[DH768_LEN])
{
    struct group g = group_open();
    BIGNUM *two = BN_new();
    evp_must(two && BN_set_word(two, 2) == 1);
    power(&g, two, secret, out);
    BN_free(two);
    group_close(&g);
}

enum err dh768_shared(const uint8_t secret[DH768_SECRET], const uint8_t theirs[DH768_LEN],
                      uint8_t out[DH768_LEN], struct why *why)
{
    struct group g = group_open();
    BIGNUM *y = BN_bin2bn(theirs, DH768_LEN, NULL), *last = BN_dup(g.prime);
    evp_must(y && last && BN_sub_word(last, 1) == 1);
    enum err e = OK;
    if (BN_is_zero(y) || BN_is_one(y) || BN_cmp(y, last) >= 0)
        e = why_set(why, ERR_INVALID, "their key is none of the group's");
    else
        power(&g, y, secret, out);
    BN_free(y);
    BN_free(last);
    group_close(&g);
    return e;
}
