/* host/gossip/gossip_msg.h - what peers of a topic say (libp2p/specs pubsub/README.md "The RPC",
 * gossipsub-v1.0.md "Protobuf", v1.1 "PRUNE Backoff and Peer Exchange", v1.2 "Protobuf Extension").
 *
 * One RPC is a bundle of items: subscriptions, messages, control.  It is walked whole before
 * anything of it is acted on, and then taken item by item, as views, without allocating:
 *
 *     struct gossip_rpc rpc;
 *     struct gossip_item it;
 *     if (gossip_rpc_open(&rpc, bytes, why) == OK)
 *         while (gossip_rpc_next(&rpc, &it)) ...
 *
 * Items of topics longer than GOSSIP_TOPIC_MAX and ids longer than GOSSIP_ID_MAX are passed over:
 * they can be nothing of ours. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_MSG_H
#define SHOAL_HOST_GOSSIP_GOSSIP_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>

enum {
    GOSSIP_RPC_MAX = 1 << 20,  /* that we read, as go */
    GOSSIP_SAY_MAX = 64 << 10, /* that we send, where no single message is longer: rust's default */
    GOSSIP_DATA_MAX = (1 << 20) - 4096, /* of one message: it still fits into an RPC */
    GOSSIP_TOPIC_MAX = 256,
    GOSSIP_ID_MAX = 512,        /* js puts the author's key into it: RSA of 2,048 bits has 299 */
    GOSSIP_ITEMS_MAX = 1 << 14, /* of one RPC; ids are counted where they are used */
};

/* A message, as it came.  p NULL: the field was not there. */
struct gossip_msg {
    struct cur from, data, seqno, topic, signature, key;
    struct cur whole; /* all of it, to be passed on as it is */
};

enum gossip_item_kind {
    GOSSIP_SUBSCRIBE,
    GOSSIP_UNSUBSCRIBE,
    GOSSIP_MESSAGE,
    GOSSIP_IHAVE,
    GOSSIP_IWANT,
    GOSSIP_GRAFT,
    GOSSIP_PRUNE,
    GOSSIP_IDONTWANT,
};

struct gossip_item {
    enum gossip_item_kind kind;
    struct cur topic;      /* of all but messages, IWANT and IDONTWANT */
    struct gossip_msg msg; /* GOSSIP_MESSAGE */
    struct cur ids;        /* IHAVE, IWANT, IDONTWANT: for gossip_ids_next() */
    uint32_t ids_field;
    uint64_t backoff_s; /* GOSSIP_PRUNE, as the peer says it: not clamped; 0: not said */
    struct cur peers;   /* GOSSIP_PRUNE: for gossip_px_next() */
};

struct gossip_rpc {
    struct cur rest, control; /* inside a control message: its rest */
};

/* ERR_INVALID: malformed.  ERR_LIMIT: more than GOSSIP_ITEMS_MAX items. */
MUST_CHECK enum err gossip_rpc_open(struct gossip_rpc *r, struct cur bytes, struct why *why);
/* False: that was all. */
bool gossip_rpc_next(struct gossip_rpc *r, struct gossip_item *out);
/* The ids of an item, one after the other. */
bool gossip_ids_next(struct gossip_item *it, struct cur *id);

/* The peers of a PRUNE, one after the other: an id, and the signed record (host/name/envelope.h),
 * which may be empty.  Nothing of it was looked at. */
bool gossip_px_next(struct gossip_item *it, struct cur *id, struct cur *record);

/* One message alone. */
MUST_CHECK enum err gossip_msg_decode(struct gossip_msg *out, struct cur bytes, struct why *why);

/* Parts of an RPC, appended. */
void gossip_put_sub(struct buf *rpc, struct cur topic, bool subscribe);
void gossip_put_msg(struct buf *rpc, struct cur message);
void gossip_put_control(struct buf *rpc, const struct buf *control); /* nothing where it is empty */
/* Parts of a control message, appended. */
void gossip_put_graft(struct buf *control, struct cur topic);
/* peers: as gossip_put_px() made them, or NULL. */
void gossip_put_prune(struct buf *control, struct cur topic, uint64_t backoff_s,
                      const struct buf *peers);
void gossip_put_px(struct buf *peers, struct cur id, struct cur record);
/* kind: GOSSIP_IHAVE (with its topic), GOSSIP_IWANT or GOSSIP_IDONTWANT; ids as gossip_put_id()
 * made them. */
void gossip_put_ids(struct buf *control, enum gossip_item_kind kind, struct cur topic,
                    const struct buf *ids);
void gossip_put_id(struct buf *ids, enum gossip_item_kind kind, struct cur id);

#endif
