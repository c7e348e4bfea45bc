/* host/secure/noise_msg.h - what two libp2p peers tell each other inside a Noise handshake
 * (libp2p/specs noise/README.md, "The libp2p Handshake Payload"): who they are, the identity's
 * signature of the static Noise key, and which muxers they speak.
 *
 * A message is read into views of its bytes, which the caller keeps meanwhile.  Whether the key is
 * one and the signature its own is asked of host/name/pubkey.h. */
#ifndef SHOAL_HOST_SECURE_NOISE_MSG_H
#define SHOAL_HOST_SECURE_NOISE_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>

enum {
    NOISE_MUXERS_MAX = 32, /* named by one side; others send one or two */
    NOISE_SIGNED_LEN = 24 + 32,
};

struct noise_payload {
    struct cur key, sig;                 /* identity_key, a protobuf of its own; identity_sig */
    size_t muxer_count;                  /* 0: it said nothing of muxers */
    struct cur muxers[NOISE_MUXERS_MAX]; /* in its order of preference */
};

/* ERR_INVALID: no such message, or it lacks key or signature; ERR_LIMIT: too many muxers.  Unknown
 * fields and extensions are passed over. */
MUST_CHECK enum err noise_payload_read(struct cur bytes, struct noise_payload *out,
                                       struct why *why);

/* muxers: names, NULL-terminated; none, or NULL: the extension is left out. */
void noise_payload_write(struct buf *out, struct cur key, struct cur sig,
                         const char *const *muxers);

/* What the identity signs: "noise-libp2p-static-key:" and the static key. */
void noise_signed_text(uint8_t out[NOISE_SIGNED_LEN], const uint8_t static_key[32]);

/* The first of the initiator's muxers that the responder has too (libp2p/specs
 * connections/inlined-muxer-negotiation.md): one of `ours`; NULL where a side named none.
 * ERR_INVALID: both did and share none, "the handshake MUST fail". */
MUST_CHECK enum err noise_pick_muxer(const char *const *ours, const struct noise_payload *theirs,
                                     bool we_began, const char **picked, struct why *why);

#endif
