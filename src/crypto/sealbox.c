#include "crypto/sealbox.h"

#include "crypto/wipe.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)SEALBOX_MORE == crypto_box_SEALBYTES &&
                   (int)SEALBOX_RANDOM == crypto_box_SECRETKEYBYTES,
               "our lengths are libsodium's");

/* crypto_box_seal() draws its key itself; here randomness is an argument, so the same is put
 * together from its parts: ephemeral_pk || box(m, pk, ephemeral_sk, nonce = blake2b(ephemeral_pk ||
 * pk)) (libsodium documentation, "Sealed boxes", "Algorithm details"). */
bool sealbox_seal(const uint8_t pub[ED25519_PUB_LEN], const uint8_t random[SEALBOX_RANDOM],
                  const void *in, size_t n, uint8_t *out)
{
    uint8_t to[crypto_box_PUBLICKEYBYTES], both[2 * crypto_box_PUBLICKEYBYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (crypto_sign_ed25519_pk_to_curve25519(to, pub) != 0)
        return false;
    if (crypto_scalarmult_base(both, random) != 0)
        abort(); /* it knows no failure */
    memcpy(both + crypto_box_PUBLICKEYBYTES, to, sizeof to);
    crypto_generichash(nonce, sizeof nonce, both, sizeof both, NULL, 0);
    memcpy(out, both, crypto_box_PUBLICKEYBYTES);
    return crypto_box_easy(out + crypto_box_PUBLICKEYBYTES, in, n, nonce, to, random) == 0;
}

bool sealbox_open(const uint8_t secret[ED25519_SECRET_LEN], const void *in, size_t n, uint8_t *out)
{
    uint8_t ours[crypto_box_SECRETKEYBYTES], pub[crypto_box_PUBLICKEYBYTES];
    if (n < SEALBOX_MORE)
        return false;
    if (crypto_sign_ed25519_sk_to_curve25519(ours, secret) != 0 ||
        crypto_scalarmult_base(pub, ours) != 0)
        abort(); /* it is our own key */
    bool good = crypto_box_seal_open(out, in, n, pub, ours) == 0;
    wipe(ours, sizeof ours);
    return good;
}
