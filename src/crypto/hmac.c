#include "crypto/hmac.h"

#include "crypto/evp.h"

#include <assert.h>
#include <limits.h>
#include <openssl/hmac.h>

static void hmac(const EVP_MD *md, const void *key, size_t key_len, const void *bytes, size_t n,
                 uint8_t *out)
{
    assert(key_len <= INT_MAX);
    const uint8_t *text = n > 0 ? bytes : (const uint8_t *)""; /* HMAC() fails for NULL */
    evp_must(HMAC(md, key, (int)key_len, text, n, out, NULL) != NULL);
}

void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t n,
                 uint8_t out[SHA256_LEN])
{
    hmac(EVP_sha256(), key, key_len, bytes, n, out);
}

void hmac_sha512(const void *key, size_t key_len, const void *bytes, size_t n,
                 uint8_t out[SHA512_LEN])
{
    hmac(EVP_sha512(), key, key_len, bytes, n, out);
}
