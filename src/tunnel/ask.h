/* tunnel/ask.h - a stream to a peer for a service, through its exit, or for a session that goes on:
 * asked for and answered; frames follow (lasting.h).
 *
 * `cb` comes once, from the loop, with the stream (open, unwatched, the callee's) or a reason: the
 * peer is away, or its own words.  Then the handle is dead. */
#ifndef SHOAL_TUNNEL_ASK_H
#define SHOAL_TUNNEL_ASK_H

#include "host/host.h"
#include "tunnel/head_msg.h"

#define ASK_ANSWER_US (30 * SEC) /* it looks up a name and dials, meanwhile */

struct ask;
struct ask_answer {      /* valid during the call */
    struct conn *stream; /* NULL: why */
    const struct peer_id *peer;
    const char *protocol;
    const uint8_t *session;
    uint64_t got; /* of a session that goes on: so much of ours is there */
    bool said;    /* it is the peer that says no */
};
typedef void ask_cb(void *arg, const struct ask_answer *answer, const struct why *why);

/* protocol: static.  A session is chosen, unless it is one that goes on. */
struct ask *ask_start(struct host *h, const struct peer_id *peer, const char *protocol,
                      const struct head_ask *what, ask_cb *cb, void *arg);
void ask_cancel(struct ask *a); /* NULL: nothing */

#endif
