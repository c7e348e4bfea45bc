/* host/gossip/gossip_out.h - what waits for one peer, and the stream on which it goes out.
 *
 * Things are said in the next turn, or where something was just said GOSSIP_OUT_APART_US after
 * that: what comes at a thousand a second goes out ten in one RPC, and what comes alone goes at
 * once.  In an RPC are first subscriptions, then control, then messages.  A peer that takes too
 * little loses what it is told last: messages and the ids of messages beyond the limits below are
 * dropped here; grafts, prunes and subscriptions never, and where even these pile up the stream is
 * given up. Without a stream things wait, within the same limits. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_OUT_H
#define SHOAL_HOST_GOSSIP_GOSSIP_OUT_H

#include "host/gossip/gossip_state.h"
#include "net/conn.h"

enum {
    GOSSIP_OUT_MESSAGES = 1024,
    GOSSIP_OUT_BYTES = 2 << 20,        /* of messages; one is always taken */
    GOSSIP_OUT_IDS_BYTES = 256 << 10,  /* of IHAVE, IWANT, IDONTWANT */
    GOSSIP_OUT_MUST_BYTES = 512 << 10, /* of the rest */
    GOSSIP_OUT_APART_US = 10000,
    GOSSIP_OUT_FULL_BYTES = 16 << 10, /* do not wait for more */
};

struct gossip_out;

struct gossip_out_cfg {
    struct loop *loop;
    bool (*wants)(void *arg, const struct gossip_held *m); /* still, when its turn comes */
    /* The stream is over, or the peer takes nothing; from the loop.  gossip_out_stream(o, NULL)
     * was done. */
    void (*lost)(void *arg, const struct why *why);
    void *arg;
};
struct gossip_out *gossip_out_new(const struct gossip_out_cfg *cfg);
void gossip_out_free(struct gossip_out *o); /* NULL: nothing */

/* Takes the stream, open and not watched; one that it had is reset, what waited is forgotten. */
void gossip_out_stream(struct gossip_out *o, struct conn *stream);

/* Say so, in the next turn. */
void gossip_out_sub(struct gossip_out *o, struct cur topic, bool subscribe);
void gossip_out_act(struct gossip_out *o, const struct gossip_action *a);

size_t gossip_out_waiting(const struct gossip_out *o);  /* bytes */
size_t gossip_out_messages(const struct gossip_out *o); /* that wait */
size_t gossip_out_dropped(const struct gossip_out *o);  /* things, so far */

#endif
