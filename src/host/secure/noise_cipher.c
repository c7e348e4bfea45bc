#include "host/secure/noise_cipher.h"

#include <string.h>

void noise_cipher_init(struct noise_cipher *c, enum chachapoly_use use,
                       const uint8_t key[CHACHAPOLY_KEY_LEN])
{
    *c = (struct noise_cipher){.aead = chachapoly_new(use, key)};
}

void noise_cipher_done(struct noise_cipher *c)
{
    chachapoly_free(c->aead);
    *c = (struct noise_cipher){0};
}

/* "32 bits of zeros followed by little-endian encoding of n" */
static void write_nonce(uint64_t n, uint8_t out[CHACHAPOLY_NONCE_LEN])
{
    memset(out, 0, 4);
    for (size_t i = 4; i < CHACHAPOLY_NONCE_LEN; i++, n >>= 8)
        out[i] = (uint8_t)n;
}

bool noise_cipher_seal(struct noise_cipher *c, const void *ad, size_t ad_len, const void *in,
                       size_t n, void *out)
{
    uint8_t nonce[CHACHAPOLY_NONCE_LEN];
    if (c->nonce == UINT64_MAX)
        return false;
    write_nonce(c->nonce++, nonce);
    chachapoly_seal(c->aead, nonce, ad, ad_len, in, n, out);
    return true;
}

bool noise_cipher_open(struct noise_cipher *c, const void *ad, size_t ad_len, const void *in,
                       size_t n, void *out)
{
    uint8_t nonce[CHACHAPOLY_NONCE_LEN];
    if (c->nonce == UINT64_MAX)
        return false;
    write_nonce(c->nonce++, nonce);
    return chachapoly_open(c->aead, nonce, ad, ad_len, in, n, out);
}
