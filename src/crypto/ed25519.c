#include "crypto/ed25519.h"

#include "crypto/wipe.h"

#include <sodium.h>

_Static_assert(ED25519_SEED_LEN == crypto_sign_SEEDBYTES &&
                   ED25519_SECRET_LEN == crypto_sign_SECRETKEYBYTES &&
                   ED25519_PUB_LEN == crypto_sign_PUBLICKEYBYTES &&
                   ED25519_SIG_LEN == crypto_sign_BYTES,
               "our lengths are libsodium's");

/* None of these draws random bytes or picks an implementation at run time, so none needs
 * sodium_init(). */

void ed25519_secret(const uint8_t seed[ED25519_SEED_LEN], uint8_t secret[ED25519_SECRET_LEN],
                    uint8_t pub[ED25519_PUB_LEN])
{
    crypto_sign_seed_keypair(pub, secret, seed);
}

void ed25519_public(const uint8_t seed[ED25519_SEED_LEN], uint8_t pub[ED25519_PUB_LEN])
{
    uint8_t secret[ED25519_SECRET_LEN];
    ed25519_secret(seed, secret, pub);
    wipe(secret, sizeof secret);
}

void ed25519_sign(const uint8_t secret[ED25519_SECRET_LEN], const void *msg, size_t n,
                  uint8_t sig[ED25519_SIG_LEN])
{
    crypto_sign_detached(sig, NULL, msg, n, secret);
}

bool ed25519_verify(const uint8_t pub[ED25519_PUB_LEN], const void *msg, size_t n,
                    const uint8_t sig[ED25519_SIG_LEN])
{
    return crypto_sign_verify_detached(sig, msg, n, pub) == 0;
}
