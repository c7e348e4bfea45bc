#include "crypto/x25519.h"

#include "crypto/wipe.h"

#include <sodium.h>
#include <stdlib.h>

_Static_assert(X25519_LEN == crypto_scalarmult_curve25519_BYTES &&
                   X25519_LEN == crypto_scalarmult_curve25519_SCALARBYTES,
               "our lengths are libsodium's");

void x25519_public(const uint8_t secret[X25519_LEN], uint8_t pub[X25519_LEN])
{
    if (crypto_scalarmult_curve25519_base(pub, secret) != 0)
        abort(); /* it knows no failure */
}

bool x25519_shared(const uint8_t secret[X25519_LEN], const uint8_t theirs[X25519_LEN],
                   uint8_t out[X25519_LEN])
{
    if (crypto_scalarmult_curve25519(out, secret, theirs) == 0)
        return true;
    wipe(out, X25519_LEN);
    return false;
}
