#include "crypto/secp256k1.h"

#include <secp256k1.h>

/* The library's own constant context: enough for all that needs no secret. */
static bool parse(const uint8_t pub[SECP256K1_PUB_LEN], secp256k1_pubkey *out)
{
    return secp256k1_ec_pubkey_parse(secp256k1_context_static, out, pub, SECP256K1_PUB_LEN) == 1;
}

bool secp256k1_is_public(const uint8_t pub[SECP256K1_PUB_LEN])
{
    secp256k1_pubkey key;
    return parse(pub, &key);
}

bool secp256k1_verify(const uint8_t pub[SECP256K1_PUB_LEN], const uint8_t hash[SHA256_LEN],
                      const void *sig, size_t sig_len)
{
    const secp256k1_context *ctx = secp256k1_context_static;
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature parsed;
    if (sig_len == 0) /* the library aborts for NULL */
        return false;
    return parse(pub, &key) &&
           secp256k1_ecdsa_signature_parse_der(ctx, &parsed, sig, sig_len) == 1 &&
           secp256k1_ecdsa_verify(ctx, &parsed, hash, &key) == 1; /* refuses the high S */
}
