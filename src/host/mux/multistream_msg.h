/* host/mux/multistream_msg.h - multistream-select's messages: a length, a name and a newline
 * (libp2p/specs connections/README.md "multistream-select").
 *
 *     13 "/multistream/1.0.0\n"    07 "/noise\n"    03 "na\n"
 *
 * The length is a varint, minimal, and counts the newline.  Pure. */
#ifndef SHOAL_HOST_MUX_MULTISTREAM_MSG_H
#define SHOAL_HOST_MUX_MULTISTREAM_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "host/mux/multistream.h"

#define MULTISTREAM_HEADER "/multistream/1.0.0" /* both sides' first message */
#define MULTISTREAM_NA "na"                     /* "Not Available" */

enum {
    MULTISTREAM_HEADER_LEN = 20,                       /* the first message, whole */
    MULTISTREAM_MSG_MAX = 2 + MULTISTREAM_NAME_MAX + 1 /* of ours and of others' */
};

/* Append one message.  name: 1 to MULTISTREAM_NAME_MAX bytes. */
void multistream_write(struct buf *out, const char *name);

/* How many bytes, at least, does the message still need of which `have` is the beginning?  0: none,
 * it is whole.  No byte of what follows it is ever counted.  ERR_INVALID: no length, ERR_LIMIT: too
 * long. */
MUST_CHECK enum err multistream_more(struct cur have, size_t *more, struct why *why);

/* Take a whole message off c.  The name is never empty and holds no NUL and no newline. */
MUST_CHECK enum err multistream_read(struct cur *c, char name[MULTISTREAM_NAME_MAX + 1],
                                     struct why *why);

#endif
