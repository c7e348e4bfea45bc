/* ydoc/share/part_msg.h - pieces of an answer that is longer than a strange relay carries at once.
 *
 * A circuit over a relay that counts ends after some 128 KiB, so what is longer would never come.
 * Over such a stream it goes in pieces, and who has some of it says so when the two meet again:
 * then it goes on from there.  The name is SHA-256 of the whole, its first half. */
#ifndef SHOAL_YDOC_SHARE_PART_MSG_H
#define SHOAL_YDOC_SHARE_PART_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

enum { PART_NAME_LEN = 16, PART_MAX = 16 * 1024 /* bytes of one piece */ };

/* Behind their numbers (DOC_PART, DOC_PART_HAVE) on a stream. */
struct part_msg {
    uint8_t name[PART_NAME_LEN]; /* of the whole */
    uint64_t at;                 /* where these bytes begin; or how many are there */
    uint64_t total;              /* of the whole; told by pieces alone */
    struct cur bytes;            /* a view; 1 to PART_MAX; likewise */
};

/* Appends a piece, its number left to the caller; part_put_have(): how much is there. */
void part_put(const struct part_msg *p, struct buf *out);
/* ERR_INVALID; ERR_LIMIT: of more than `max` bytes in all. */
MUST_CHECK enum err part_read(struct part_msg *out, struct cur msg, uint64_t max, struct why *why);
void part_put_have(const struct part_msg *p, struct buf *out);
MUST_CHECK enum err part_read_have(struct part_msg *out, struct cur msg, struct why *why);

#endif
