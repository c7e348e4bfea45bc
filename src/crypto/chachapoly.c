#include "crypto/chachapoly.h"

#include "crypto/evp.h"
#include "crypto/wipe.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct chachapoly {
    EVP_CIPHER_CTX *ctx;
    enum chachapoly_use use;
};

struct chachapoly *chachapoly_new(enum chachapoly_use use, const uint8_t key[CHACHAPOLY_KEY_LEN])
{
    struct chachapoly *c = MEM_NEW(struct chachapoly);
    c->use = use;
    c->ctx = EVP_CIPHER_CTX_new();
    evp_must(c->ctx && EVP_CipherInit_ex(c->ctx, EVP_chacha20_poly1305(), NULL, key, NULL,
                                         use == CHACHAPOLY_SEALS) == 1);
    return c;
}

void chachapoly_free(struct chachapoly *c)
{
    if (!c)
        return;
    EVP_CIPHER_CTX_free(c->ctx); /* wipes the key */
    free(c);
}

void chachapoly_rekey(struct chachapoly *c, const uint8_t key[CHACHAPOLY_KEY_LEN])
{
    evp_must(EVP_CipherInit_ex(c->ctx, NULL, NULL, key, NULL, -1)); /* -1: direction as it is */
}

/* The nonce, the data that only counts, then the text.  Nothing is passed as no call at all:
 * EVP takes NULL for the end. */
static void run(struct chachapoly *c, const uint8_t nonce[CHACHAPOLY_NONCE_LEN], const void *ad,
                size_t ad_len, const void *in, size_t n, void *out)
{
    int got;
    assert(ad_len <= INT_MAX && n <= INT_MAX);
    evp_must(EVP_CipherInit_ex(c->ctx, NULL, NULL, NULL, nonce, -1)); /* -1: direction as it is */
    if (ad_len > 0)
        evp_must(EVP_CipherUpdate(c->ctx, NULL, &got, ad, (int)ad_len));
    if (n > 0)
        evp_must(EVP_CipherUpdate(c->ctx, out, &got, in, (int)n));
}

void chachapoly_seal(struct chachapoly *c, const uint8_t nonce[CHACHAPOLY_NONCE_LEN],
                     const void *ad, size_t ad_len, const void *in, size_t n, void *out)
{
    uint8_t *tag = (uint8_t *)out + n;
    int got;
    assert(c->use == CHACHAPOLY_SEALS);
    run(c, nonce, ad, ad_len, in, n, out);
    evp_must(EVP_CipherFinal_ex(c->ctx, tag, &got)); /* a stream: nothing is left to write */
    evp_must(EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_GET_TAG, CHACHAPOLY_TAG_LEN, tag));
}

bool chachapoly_open(struct chachapoly *c, const uint8_t nonce[CHACHAPOLY_NONCE_LEN],
                     const void *ad, size_t ad_len, const void *in, size_t n, void *out)
{
    uint8_t tag[CHACHAPOLY_TAG_LEN], nothing[CHACHAPOLY_TAG_LEN];
    int got;
    assert(c->use == CHACHAPOLY_OPENS);
    if (n < CHACHAPOLY_TAG_LEN)
        return false;
    n -= CHACHAPOLY_TAG_LEN;
    memcpy(tag, (const uint8_t *)in + n, sizeof tag);
    run(c, nonce, ad, ad_len, in, n, out);
    evp_must(EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag));
    if (EVP_CipherFinal_ex(c->ctx, nothing, &got) == 1)
        return true;
    ERR_clear_error();
    wipe(out, n);
    return false;
}
