/* host/mux/multistream_line.h - one message after another off a conn, and not a byte more.
 *
 * The talk and the lazy filter read with it.  The first message can only be the header, so it is
 * read whole; of the others the length comes first. */
#ifndef SHOAL_HOST_MUX_MULTISTREAM_LINE_H
#define SHOAL_HOST_MUX_MULTISTREAM_LINE_H

#include "host/mux/multistream_msg.h"

enum multistream_got {
    MULTISTREAM_LINE,   /* there is one, in `name` */
    MULTISTREAM_WAIT,   /* CONN_READABLE is owed */
    MULTISTREAM_WRONG,  /* and why */
    MULTISTREAM_FAILED, /* CONN_CLOSED is owed, with the reason */
};

struct multistream_line {
    bool greeted; /* the header has come */
    uint16_t have;
    uint8_t bytes[MULTISTREAM_MSG_MAX];
    char name[MULTISTREAM_NAME_MAX + 1];
};

/* The next line after the header, as far as it is there.  `l` begins zeroed. */
enum multistream_got multistream_line(struct multistream_line *l, struct conn *c, struct why *why);

#endif
