/* tunnel/ask.h - a stream to a peer for a service, or through its exit: asked for, answered, and
 * then raw.
 *
 * `cb` comes once, from the loop, with the stream (open, unwatched, the callee's) or a reason: the
 * peer is away, or its own words.  Then the handle is dead. */
#ifndef SHOAL_TUNNEL_ASK_H
#define SHOAL_TUNNEL_ASK_H

#include "host/host.h"
#include "tunnel/head_msg.h"

#define ASK_ANSWER_US (30 * SEC) /* it looks up a name and dials, meanwhile */

struct ask;
typedef void ask_cb(void *arg, struct conn *stream, const struct why *why);

/* protocol: static.  The stream is raw in both directions from where it is handed over. */
struct ask *ask_start(struct host *h, const struct peer_id *peer, const char *protocol,
                      const struct head_ask *what, ask_cb *cb, void *arg);
void ask_cancel(struct ask *a); /* NULL: nothing */

#endif
