/* host/secure/noise_cipher.h - one direction of Noise's traffic: a key, and how many messages went
 * (Noise Protocol Framework revision 34, sections 5.1 "CipherState" and 12.3 "ChaChaPoly"). */
#ifndef SHOAL_HOST_SECURE_NOISE_CIPHER_H
#define SHOAL_HOST_SECURE_NOISE_CIPHER_H

#include "crypto/chachapoly.h"

enum {
    NOISE_MESSAGE_MAX = 65535, /* section 3, tag included */
    NOISE_TAG_LEN = CHACHAPOLY_TAG_LEN,
};

struct noise_cipher {
    struct chachapoly *aead; /* borrowed: connections of a host share two, one each way */
    uint8_t key[CHACHAPOLY_KEY_LEN];
    uint64_t nonce; /* of the next message; the last of all is "reserved for other use" */
};

/* aead: for sealing or for opening; whatever its key is.  The key is copied. */
void noise_cipher_init(struct noise_cipher *c, struct chachapoly *aead,
                       const uint8_t key[CHACHAPOLY_KEY_LEN]);
void noise_cipher_done(struct noise_cipher *c); /* wiped */

/* n bytes into n + NOISE_TAG_LEN, and back; out may be in.  False: no nonce is left; or what is
 * opened was not sealed so, and zeros come out. */
MUST_CHECK bool noise_cipher_seal(struct noise_cipher *c, const void *ad, size_t ad_len,
                                  const void *in, size_t n, void *out);
MUST_CHECK bool noise_cipher_open(struct noise_cipher *c, const void *ad, size_t ad_len,
                                  const void *in, size_t n, void *out);

#endif
