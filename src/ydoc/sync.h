/* ydoc/sync.h - y-protocols' messages, as y-websocket and our own streams carry them.
 *
 * One message in, at most one out: whoever connects sends sync step 1 (its state vector), is
 * answered with step 2 (what it lacks), and from then on each change is sent as an update. */
#ifndef SHOAL_YDOC_SYNC_H
#define SHOAL_YDOC_SYNC_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct awareness;
struct ydoc;

enum sync_kind {
    SYNC_NOTHING,   /* of a kind that is passed over */
    SYNC_ASKED,     /* step 1, or a question for awareness: there is a reply */
    SYNC_UPDATE,    /* an update: *payload is what the document learnt by it, maybe nothing */
    SYNC_REFUSED,   /* an update that was not taken in, and may have been news: *payload */
    SYNC_AWARENESS, /* others are here, or left: *payload is what changed */
    SYNC_DENIED,    /* we may not: *payload is the reason */
};

/* Take in one message.  `writable` false: updates are refused.  The reply is appended to
 * `reply`; *payload is a view of the message or of `scratch`.  ERR_INVALID and the like: nothing
 * was changed. */
enum err sync_take(struct ydoc *d, struct awareness *a, struct cur message, bool writable,
                   uint64_t now_us, enum sync_kind *kind, struct cur *payload, struct buf *reply,
                   struct buf *scratch, struct why *why);

/* Append messages: step 1; an update; awareness in the encoding of awareness.h; a refusal. */
void sync_step1(struct ydoc *d, struct buf *out);
void sync_update(struct cur update, struct buf *out);
void sync_awareness(struct cur update, struct buf *out);
void sync_denied(const char *reason, struct buf *out);

#endif
