/* ydoc/lib0.h - the primitive encodings under every Yjs message (lib0's encoding.js, decoding.js).
 *
 * Numbers are little-endian base 128 of at most 2^53 - 1, signed ones keep their sign apart from
 * their magnitude, so that there is a zero below zero; text and bytes carry their length in front.
 * Reads poison the cursor like all others (base/cur.h). */
#ifndef SHOAL_YDOC_LIB0_H
#define SHOAL_YDOC_LIB0_H

#include "base/buf.h"
#include "base/cur.h"

#include <stdbool.h>
#include <stdint.h>

#define LIB0_MAX (((uint64_t)1 << 53) - 1) /* Number.MAX_SAFE_INTEGER */

/* A signed number.  -0 is not 0: column codings use it as a mark. */
struct lib0_int {
    uint64_t magnitude; /* at most LIB0_MAX */
    bool negative;
};

/* varUint; above LIB0_MAX the cursor is poisoned.  Needless trailing groups are accepted, as lib0
 * does. */
uint64_t lib0_long_uint(struct cur *c);
static inline uint64_t lib0_uint(struct cur *c)
{
    return c->n > 0 && *c->p < 0x80 ? cur_u8(c) : lib0_long_uint(c);
}

/* varInt: the first byte holds six bits and the sign. */
struct lib0_int lib0_long_int(struct cur *c);
static inline struct lib0_int lib0_int(struct cur *c)
{
    if (c->n == 0 || *c->p & 0x80)
        return lib0_long_int(c);
    uint8_t b = cur_u8(c); /* mostly one byte is all of it */
    return (struct lib0_int){b & 0x3f, (b & 0x40) != 0};
}
/* The same as a plain number, -0 being 0. */
int64_t lib0_i64(struct cur *c);

/* A view of length-prefixed bytes; of text, which must be UTF-8. */
struct cur lib0_bytes(struct cur *c);
struct cur lib0_text(struct cur *c);

static inline void lib0_put_uint(struct buf *b, uint64_t v)
{
    while (v > 0x7f) {
        buf_u8(b, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    buf_u8(b, (uint8_t)v);
}

/* varInt, with its sign; of a plain number. */
void lib0_put_int(struct buf *b, struct lib0_int v);
/* 0 is the one above zero. */
void lib0_put_i64(struct buf *b, int64_t v);
void lib0_put_bytes(struct buf *b, const void *p, size_t n); /* text as well */

/* Is all of it ASCII?  Then bytes are units, and it is well-formed: most text is asked no more. */
bool lib0_ascii(const uint8_t *p, size_t n);

/* UTF-16 code units of well-formed UTF-8: what Yjs counts text in. */
uint64_t lib0_units(const uint8_t *p, size_t n);

/* Bytes of the first `units` code units of well-formed UTF-8.  *inside is set when the cut would
 * fall between the two halves of a pair; then the bytes before that character are given. */
size_t lib0_cut(const uint8_t *p, size_t n, uint64_t units, bool *inside);

#endif
