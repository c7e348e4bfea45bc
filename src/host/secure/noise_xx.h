/* host/secure/noise_xx.h - the handshake Noise_XX_25519_ChaChaPoly_SHA256 (Noise Protocol Framework
 * revision 34, sections 5 and 7.5), message by message, without a connection.
 *
 *     -> e                    the initiator's ephemeral key
 *     <- e, ee, s, es         the responder's, and, sealed, its static key
 *     -> s, se                sealed: the initiator's static key
 *
 * Each message carries a payload behind its keys; that of the first is not secret.
 *
 *     struct noise_xx *x = noise_xx_new(true, &aeads, &ours, &once, cur_of("", 0));
 *     while (noise_xx_next(x) != NOISE_XX_SPLIT)
 *         either noise_xx_write(x, payload, &out, why) or noise_xx_read(x, message, &in, why)
 *     noise_xx_split(x, send_key, recv_key);
 *
 * Whose the static key is, is for the payloads to say (noise_msg.h).  After a failure there is
 * nothing to do but free it. */
#ifndef SHOAL_HOST_SECURE_NOISE_XX_H
#define SHOAL_HOST_SECURE_NOISE_XX_H

#include "base/buf.h"
#include "base/cur.h"
#include "crypto/chachapoly.h"
#include "crypto/sha256.h"
#include "crypto/x25519.h"

#include <stdbool.h>

/* A pair of keys; wipe it. */
struct noise_key {
    uint8_t secret[X25519_LEN], pub[X25519_LEN];
};
/* From 32 random bytes. */
void noise_key_init(struct noise_key *k, const uint8_t secret[X25519_LEN]);

enum noise_xx_next { NOISE_XX_WRITE, NOISE_XX_READ, NOISE_XX_SPLIT };

/* What seals and what opens, whatever their keys are; borrowed, and shared by many. */
struct noise_aeads {
    struct chachapoly *seals, *opens;
};

/* Keys are copied; once: an ephemeral one, for this handshake alone. */
struct noise_xx;
struct noise_xx *noise_xx_new(bool initiator, const struct noise_aeads *aeads,
                              const struct noise_key *ours, const struct noise_key *once,
                              struct cur prologue);
void noise_xx_free(struct noise_xx *x); /* wiped; NULL: nothing */

enum noise_xx_next noise_xx_next(const struct noise_xx *x);

/* Appends our message; the payload is ours to bound: with it the message must not pass
 * NOISE_MESSAGE_MAX.  ERR_INVALID: the other side's key is a point of low order. */
MUST_CHECK enum err noise_xx_write(struct noise_xx *x, struct cur payload, struct buf *out,
                                   struct why *why);
/* Takes theirs; appends its payload.  ERR_INVALID: cut short, not authentic, or a key of low
 * order. */
MUST_CHECK enum err noise_xx_read(struct noise_xx *x, struct cur message, struct buf *payload,
                                  struct why *why);

/* Their static key, once it came; NULL before. */
const uint8_t *noise_xx_static(const struct noise_xx *x);

/* The keys of what follows; the handshake's hash, which nobody else has (section 11.2). */
void noise_xx_split(const struct noise_xx *x, uint8_t send[SHA256_LEN], uint8_t recv[SHA256_LEN]);
void noise_xx_hash(const struct noise_xx *x, uint8_t out[SHA256_LEN]);

#endif
