/* ydoc/share/envelope.h - what a member says to all others in a document's topic, sealed.
 *
 *     message Envelope { uint64 seq = 1;       of the roster that the author has
 *                        uint64 epoch = 2;     of the key that this is sealed with
 *                        bytes nonce = 3;      24, random
 *                        bytes box = 4; }      XChaCha20-Poly1305 (crypto/xchacha.h) of:
 *     message Batch    { repeated bytes messages = 1;   of y-protocols
 *                        bytes digest = 2; }            32: of all that the author has; may be left
 * out
 *
 * Sealed with it, so that a box fits nowhere else: ENVELOPE_SEALED, the document, seq and epoch (64
 * bits, big-endian each), and the author's peer id.  Who the author is, gossip knows: its messages
 * are signed (StrictSign).  Pure. */
#ifndef SHOAL_YDOC_SHARE_ENVELOPE_H
#define SHOAL_YDOC_SHARE_ENVELOPE_H

#include "crypto/xchacha.h"
#include "ydoc/share/roster_msg.h"

#define ENVELOPE_SEALED "shoal/doc/topic/1"
enum {
    ENVELOPE_MAX = 64 * 1024, /* bytes; what is longer goes by stream */
    ENVELOPE_MORE = 128,      /* of it, what is not messages; each of those is 4 longer, too */
    ENVELOPE_MESSAGES_MAX = 256,
    ENVELOPE_DIGEST_LEN = 32,
};

struct envelope {
    uint64_t seq, epoch;
    uint8_t nonce[XCHACHA_NONCE_LEN];
    struct cur box; /* a view */
};
MUST_CHECK enum err envelope_read(struct envelope *out, struct cur msg, struct why *why);

struct envelope_key {
    struct doc_id doc;
    struct peer_id author;
    const uint8_t *key; /* ROSTER_KEY_LEN bytes */
};
/* Append it: `batch` sealed.  Of e all but the box is given. */
void envelope_seal(const struct envelope *e, const struct envelope_key *k, struct cur batch,
                   struct buf *out);
/* Append what is in it; false: it is not sealed so. */
MUST_CHECK bool envelope_open(const struct envelope *e, const struct envelope_key *k,
                              struct buf *out);

struct envelope_batch {
    size_t count;
    struct cur messages[ENVELOPE_MESSAGES_MAX]; /* views */
    bool has_digest;
    uint8_t digest[ENVELOPE_DIGEST_LEN];
};
void envelope_put_message(struct buf *batch, struct cur message);
void envelope_put_digest(struct buf *batch, const uint8_t digest[ENVELOPE_DIGEST_LEN]);
MUST_CHECK enum err envelope_read_batch(struct envelope_batch *out, struct cur batch,
                                        struct why *why);

#endif
