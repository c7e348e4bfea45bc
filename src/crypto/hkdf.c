#include "crypto/hkdf.h"

#include "crypto/hmac.h"
#include "crypto/wipe.h"

#include <string.h>

enum { OUTPUTS_MAX = 3 };

/* RFC 5869 section 2: T(i) = HMAC(PRK, T(i - 1) | i), where T(0) is empty. */
static void expand(const uint8_t chaining_key[SHA256_LEN], const void *input, size_t n,
                   uint8_t out[][SHA256_LEN], uint8_t count)
{
    uint8_t prk[SHA256_LEN], block[SHA256_LEN + 1];
    hmac_sha256(chaining_key, SHA256_LEN, input, n, prk);
    for (uint8_t i = 0; i < count; i++) {
        size_t before = i > 0 ? SHA256_LEN : 0;
        if (i > 0)
            memcpy(block, out[i - 1], SHA256_LEN);
        block[before] = (uint8_t)(i + 1);
        hmac_sha256(prk, sizeof prk, block, before + 1, out[i]);
    }
    wipe(prk, sizeof prk);
    wipe(block, sizeof block);
}

void hkdf2_sha256(const uint8_t chaining_key[SHA256_LEN], const void *input, size_t n,
                  uint8_t out1[SHA256_LEN], uint8_t out2[SHA256_LEN])
{
    uint8_t out[OUTPUTS_MAX][SHA256_LEN];
    expand(chaining_key, input, n, out, 2);
    memcpy(out1, out[0], SHA256_LEN);
    memcpy(out2, out[1], SHA256_LEN);
    wipe(out, sizeof out);
}

void hkdf3_sha256(const uint8_t chaining_key[SHA256_LEN], const void *input, size_t n,
                  uint8_t out1[SHA256_LEN], uint8_t out2[SHA256_LEN], uint8_t out3[SHA256_LEN])
{
    uint8_t out[OUTPUTS_MAX][SHA256_LEN];
    expand(chaining_key, input, n, out, 3);
    memcpy(out1, out[0], SHA256_LEN);
    memcpy(out2, out[1], SHA256_LEN);
    memcpy(out3, out[2], SHA256_LEN);
    wipe(out, sizeof out);
}
