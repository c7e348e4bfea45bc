#include "host/secure/noise_cipher.h"

#include "crypto/wipe.h"

#include <string.h>

void noise_cipher_init(struct noise_cipher *c, struct chachapoly *aead,
                       const uint8_t key[CHACHAPOLY_KEY_LEN])
{
    *c = (struct noise_cipher){.aead = aead};
    memcpy(c->key, key, sizeof c->key);
}

void noise_cipher_done(struct noise_cipher *c)
{
    wipe(c, sizeof *c);
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
    chachapoly_rekey(c->aead, c->key);
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
    chachapoly_rekey(c->aead, c->key);
    return chachapoly_open(c->aead, nonce, ad, ad_len, in, n, out);
}
