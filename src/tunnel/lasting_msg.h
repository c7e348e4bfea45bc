/* tunnel/lasting_msg.h - frames of a stream that survives its connection; doc/DESIGN-connect.md,
 * "Through a cut".
 *
 *     kind (1 byte), length (3 bytes, big-endian), and so many bytes:
 *     DATA    1 to LASTING_FRAME_MAX of the sender's bytes
 *     ACK     8 bytes: so many came; 8 bytes: so many may come in all
 *     END     none: no more bytes.  Counts as one where it is acknowledged
 *     WANT    none: there is more than may come
 *     BROKEN  none: it is over, and what came is not all
 *
 * A frame's head is what is before the bytes of DATA, and all of any other frame.  Pure. */
#ifndef SHOAL_TUNNEL_LASTING_MSG_H
#define SHOAL_TUNNEL_LASTING_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdint.h>

enum {
    LASTING_FRAME_MAX = 64 << 10, /* bytes of one DATA */
    LASTING_HEAD_MAX = 20,        /* the longest head */
};

enum lasting_kind { LASTING_DATA, LASTING_ACK, LASTING_END, LASTING_WANT, LASTING_BROKEN };

struct lasting_frame {
    enum lasting_kind kind;
    uint32_t len;      /* DATA: so many bytes follow */
    uint64_t got, may; /* ACK */
};

/* How long the head is that begins so, as far as `have` tells: what is there and more. */
size_t lasting_head_len(struct cur have);
/* A whole head.  ERR_INVALID: a kind or a length that there is none of. */
MUST_CHECK enum err lasting_read(struct lasting_frame *out, struct cur head, struct why *why);
/* The head, appended. */
void lasting_put(struct buf *out, const struct lasting_frame *f);

#endif
