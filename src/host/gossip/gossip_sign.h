/* host/gossip/gossip_sign.h - whose message is it?  The policy StrictSign (libp2p/specs
 * pubsub/README.md "Message Signing"), and the names that messages go by.
 *
 * The signed text is "libp2p-pubsub:" and the message with the fields 1 to 4 alone.  The
 * specification leaves out the signature only; go, rust and js leave out the key as well, so do we.
 *
 * Implementations name the same message differently, and a topic holds all of them: go and the
 * specification by author and sequence number, js by the author's key and the number, rust by both
 * as text.  Whoever knows all three can talk to all. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_SIGN_H
#define SHOAL_HOST_GOSSIP_GOSSIP_SIGN_H

#include "core/keys.h"
#include "host/gossip/gossip_msg.h"
#include "host/name/peer_id.h"

enum { GOSSIP_SEQNO_LEN = 8 };

enum gossip_form { GOSSIP_GO, GOSSIP_JS, GOSSIP_RUST, GOSSIP_FORMS };

struct gossip_id {
    uint16_t len; /* 0: it has no name of this form */
    uint8_t bytes[GOSSIP_ID_MAX];
};

/* A message whose author is known. */
struct gossip_author {
    struct peer_id id;
    struct pubkey key;
    uint64_t seqno;
};

/* Append a message of ours, signed. */
void gossip_sign(const struct keys *keys, const struct peer_id *from, uint64_t seqno,
                 struct cur topic, struct cur data, struct buf *out);

/* Who says it wrote it: cheap, nothing is verified.  ERR_INVALID where the policy is broken: no
 * author, number, or signature; a number that has not 8 bytes; a key that is not the author's. */
MUST_CHECK enum err gossip_author(const struct gossip_msg *m, struct gossip_author *out,
                                  struct why *why);
/* Whether it is so: ERR_INVALID. */
MUST_CHECK enum err gossip_verify(const struct gossip_msg *m, const struct gossip_author *a,
                                  struct why *why);

/* Its name. */
void gossip_name(const struct gossip_author *a, enum gossip_form form, struct gossip_id *out);

#endif
