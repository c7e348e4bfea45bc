/* host/mux/yamux_inbox.h - bytes that a stream's owner has not read yet.
 *
 * A queue in pieces, which are small while there is little and go back as soon as they are read: an
 * idle stream holds none, and a byte costs at most about twice itself, however the bytes come.  How
 * much may be put is the window's business. */
#ifndef SHOAL_HOST_MUX_YAMUX_INBOX_H
#define SHOAL_HOST_MUX_YAMUX_INBOX_H

#include "base/cur.h"

struct inbox_piece;
struct yamux_inbox {
    struct inbox_piece *first, *last;
    uint32_t held; /* bytes */
};

/* Begins zeroed. */
void yamux_inbox_put(struct yamux_inbox *b, struct cur bytes);
/* Up to n bytes, oldest first; returns how many. */
size_t yamux_inbox_take(struct yamux_inbox *b, void *to, size_t n);
/* Forget all. */
void yamux_inbox_done(struct yamux_inbox *b);

#endif
