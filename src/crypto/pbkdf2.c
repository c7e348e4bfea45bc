#include "crypto/pbkdf2.h"

#include "crypto/evp.h"

#include <assert.h>
#include <limits.h>

void pbkdf2_sha512(const void *password, size_t password_len, const void *salt, size_t salt_len,
                   unsigned rounds, uint8_t *out, size_t out_len)
{
    assert(password_len <= INT_MAX && salt_len <= INT_MAX && out_len <= INT_MAX);
    assert(rounds >= 1 && rounds <= INT_MAX && out_len >= 1);
    evp_must(PKCS5_PBKDF2_HMAC(password_len > 0 ? password : "", (int)password_len,
                               salt_len > 0 ? salt : "", (int)salt_len, (int)rounds, EVP_sha512(),
                               (int)out_len, out));
}
