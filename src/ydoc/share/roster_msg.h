/* ydoc/share/roster_msg.h - who the members of a document are: the list that its owner signs.
 *
 *     message Roster { bytes doc = 1;                 32: the public key that the list is signed by
 *                      uint64 seq = 2;                greater with each list
 *                      uint64 epoch = 3;              greater with each new key
 *                      repeated Member members = 4; } by peer id, each once; one is the owner
 *     message Member { bytes peer = 1; uint32 role = 2; string name = 3;
 *                      bytes box = 4; }               the epoch's key, sealed to the peer
 *     message Signed { bytes roster = 1; bytes signature = 2; }
 *
 * The signature (Ed25519) is over ROSTER_SIGNED and the roster's bytes as they came.  Pure. */
#ifndef SHOAL_YDOC_SHARE_ROSTER_MSG_H
#define SHOAL_YDOC_SHARE_ROSTER_MSG_H

#include "crypto/sealbox.h"
#include "ydoc/share/share.h"

#define ROSTER_SIGNED "shoal/doc/roster/1"
enum {
    ROSTER_MAX = 64 * 1024, /* bytes of a signed one */
    ROSTER_NAME_MAX = 63,   /* bytes of a name: harmless text (base/utf8.h), blanks for the rest */
    ROSTER_KEY_LEN = 32,
    ROSTER_BOX_LEN = ROSTER_KEY_LEN + SEALBOX_MORE,
};

struct roster_member {
    struct peer_id peer; /* one that holds an Ed25519 key: to others nothing can be sealed */
    enum doc_role role;
    char name[ROSTER_NAME_MAX + 1];
    uint8_t box[ROSTER_BOX_LEN];
};

struct roster {
    struct doc_id doc;
    uint64_t seq, epoch; /* seq 0: there is none */
    size_t count;
    struct roster_member *members; /* sorted by peer */
};
void roster_done(struct roster *r); /* leaves an empty one */
void roster_copy(struct roster *out, const struct roster *r);

/* NULL: no member. */
struct roster_member *roster_find(const struct roster *r, const struct peer_id *peer);
bool roster_writes(const struct roster *r, const struct peer_id *peer);
/* As it is, or in the place of who has this id.  ERR_LIMIT: SHARE_MEMBERS_MAX. */
MUST_CHECK enum err roster_set(struct roster *r, const struct roster_member *m, struct why *why);
void roster_drop(struct roster *r, const struct peer_id *peer);
/* As others may read it: at most so many bytes of it, what is not harmless as blanks. */
void roster_name(char out[ROSTER_NAME_MAX + 1], struct cur in);

/* The Ed25519 key of a peer id.  ERR_UNSUPPORTED: it holds none. */
MUST_CHECK enum err roster_peer_key(const struct peer_id *peer, uint8_t out[ED25519_PUB_LEN],
                                    struct why *why);

/* Append it signed.  secret: the document's, as ed25519_secret() makes it. */
void roster_sign(const struct roster *r, const uint8_t secret[ED25519_SECRET_LEN], struct buf *out);
/* The signed roster of `doc`, into an empty one.  ERR_DENIED: its owner did not sign it;
 * ERR_LIMIT; ERR_INVALID. */
MUST_CHECK enum err roster_read(struct roster *out, const struct doc_id *doc, struct cur msg,
                                struct why *why);

/* What is signed, without the signature. */
void roster_put(const struct roster *r, struct buf *out);
MUST_CHECK enum err roster_parse(struct roster *out, struct cur body, struct why *why);

#endif
