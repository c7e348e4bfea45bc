#include "crypto/xchacha.h"

#include <sodium.h>

_Static_assert((int)XCHACHA_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES &&
                   (int)XCHACHA_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
                   (int)XCHACHA_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "our lengths are libsodium's");

void xchacha_seal(const uint8_t key[XCHACHA_KEY_LEN], const uint8_t nonce[XCHACHA_NONCE_LEN],
                  struct cur ad, struct cur in, uint8_t *out)
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, in.p, in.n, ad.p, ad.n, NULL, nonce, key);
}

bool xchacha_open(const uint8_t key[XCHACHA_KEY_LEN], const uint8_t nonce[XCHACHA_NONCE_LEN],
                  struct cur ad, struct cur in, uint8_t *out)
{
    return in.n >= XCHACHA_TAG_LEN && crypto_aead_xchacha20poly1305_ietf_decrypt(
                                          out, NULL, NULL, in.p, in.n, ad.p, ad.n, nonce, key) == 0;
}
