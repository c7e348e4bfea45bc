/* base/pb.h - protobuf, as far as our protocols use it: varints and byte strings with a field
 * number (protobuf.dev "Encoding"), read from a cursor and written to a buffer.
 *
 * Reading visits the fields in the order in which they come; unknown ones are skipped by going on.
 *
 *     struct pb_field f;
 *     while (pb_next(&msg, &f))
 *         switch (f.number) {
 *         case 1: type = f.value; break;
 *         case 2: data = f.bytes; break;
 *         }
 *     if (!cur_done(&msg)) return why_set(why, ERR_INVALID, "...");
 *
 * A malformed field poisons the cursor.  Groups are refused.  A field of the wrong wire type has
 * bytes of length 0 and value 0 as the case may be: who cares looks at f.wire. */
#ifndef SHOAL_BASE_PB_H
#define SHOAL_BASE_PB_H

#include "base/buf.h"
#include "base/cur.h"

#include <stdbool.h>

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_field {
    uint32_t number;
    enum pb_wire wire;
    uint64_t value;   /* varint (up to 10 bytes on the wire, as protobuf has it), fixed */
    struct cur bytes; /* PB_BYTES: a view */
};

bool pb_next(struct cur *msg, struct pb_field *f); /* false: at the end, or msg is bad */
/* A byte string of exactly n bytes into `out`; false: it is none. */
MUST_CHECK bool pb_fixed(const struct pb_field *f, void *out, size_t n);

/* One field each; number: 1 to 2^29 - 1.  A zero and an empty string are written too: whether a
 * field is left out is the caller's matter. */
void pb_put_uint(struct buf *b, uint32_t number, uint64_t value);
void pb_put_fixed64(struct buf *b, uint32_t number, uint64_t value);
void pb_put_bytes(struct buf *b, uint32_t number, const void *bytes, size_t n);
void pb_put_str(struct buf *b, uint32_t number, const char *s);
void pb_put_buf(struct buf *b, uint32_t number, const struct buf *inner);

/* A varint of a length prefix, as protobuf has it: up to 10 bytes, needless zero bytes allowed. */
uint64_t pb_uvarint(struct cur *c);

#endif
