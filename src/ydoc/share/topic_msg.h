/* ydoc/share/topic_msg.h - what a member says to all others in a document's topic, sealed.
 *
 *     message Envelope { uint64 seq = 1;       of the roster that the author has
 *                        uint64 epoch = 2;     of the key that this is sealed with
 *                        bytes nonce = 3;      24, random
 *                        bytes box = 4; }      XChaCha20-Poly1305 (crypto/xchacha.h) of:
 *     message Batch    { repeated bytes messages = 1;   of y-protocols
 *                        bytes digest = 2; }            32: of all that the author has; may be left
 * out
 *
 * Sealed with it, so that a box fits nowhere else: TOPIC_MSG_SEALED, the document, seq and epoch
 * (64 bits, big-endian each), and the author's peer id.  Who the author is, gossip knows: its
 * messages are signed (StrictSign).  Pure. */
#ifndef SHOAL_YDOC_SHARE_TOPIC_MSG_H
#define SHOAL_YDOC_SHARE_TOPIC_MSG_H

#include "crypto/xchacha.h"
#include "ydoc/share/roster_msg.h"

#define TOPIC_MSG_SEALED "shoal/doc/topic/1"
enum {
    TOPIC_MSG_MAX = 64 * 1024, /* bytes; what is longer goes by stream */
    TOPIC_MSG_MORE = 128,      /* of it, what is not messages; each of those is 4 longer, too */
    TOPIC_MSG_MESSAGES_MAX = 256,
    TOPIC_MSG_DIGEST_LEN = 32,
};

struct topic_msg {
    uint64_t seq, epoch;
    uint8_t nonce[XCHACHA_NONCE_LEN];
    struct cur box; /* a view */
};
MUST_CHECK enum err topic_msg_read(struct topic_msg *out, struct cur msg, struct why *why);

struct topic_key {
    struct doc_id doc;
    struct peer_id author;
    const uint8_t *key; /* ROSTER_KEY_LEN bytes */
};
/* Append it: `batch` sealed.  Of e all but the box is given. */
void topic_msg_seal(const struct topic_msg *e, const struct topic_key *k, struct cur batch,
                    struct buf *out);
/* Append what is in it; false: it is not sealed so. */
MUST_CHECK bool topic_msg_open(const struct topic_msg *e, const struct topic_key *k,
                               struct buf *out);

struct topic_batch {
    size_t count;
    struct cur messages[TOPIC_MSG_MESSAGES_MAX]; /* views */
    bool has_digest;
    uint8_t digest[TOPIC_MSG_DIGEST_LEN];
};
void topic_batch_put(struct buf *batch, struct cur message);
void topic_batch_digest(struct buf *batch, const uint8_t digest[TOPIC_MSG_DIGEST_LEN]);
MUST_CHECK enum err topic_batch_read(struct topic_batch *out, struct cur batch, struct why *why);

#endif
