/* base/buf.h - bytes that we are about to write, or have received and not yet parsed.
 *
 * A growable queue of bytes: append at the tail, eat from the head.  It is the writing half of
 * base/cur.h, and with it the only place that touches raw bytes.  Lives inside its owner:
 * buf_init/buf_done, or `struct buf b = {0};`.  A buffer that a peer can make grow is bounded by
 * its owner, who looks at buf_len() before he appends. */
#ifndef SHOAL_BASE_BUF_H
#define SHOAL_BASE_BUF_H

#include "base/cur.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *p;  /* the allocation; NULL when empty */
    size_t head; /* first byte not yet eaten */
    size_t tail; /* one past the last byte */
    size_t cap;
};

static inline void buf_init(struct buf *b)
{
    *b = (struct buf){0};
}

/* Frees the bytes and leaves an empty buffer, ready for use again. */
void buf_done(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
    return b->tail - b->head;
}

/* The bytes themselves; valid until the next call that changes b.  NULL when nothing is held. */
static inline uint8_t *buf_bytes(const struct buf *b)
{
    return b->p ? b->p + b->head : NULL;
}

/* The bytes as a cursor; valid until the next call that changes b. */
static inline struct cur buf_cur(const struct buf *b)
{
    return cur_of(buf_bytes(b), buf_len(b));
}

/* Room for n bytes at the tail, uninitialised; they count only after buf_grew(). */
uint8_t *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);

/* Drop n bytes (at most buf_len) from the head; all of them. */
void buf_eat(struct buf *b, size_t n);
void buf_clear(struct buf *b);

/* Append.  Integers are big-endian, as nearly all our protocols are. */
void buf_put(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, const char *s); /* without its NUL */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_be(struct buf *b, uint64_t v, size_t width); /* big-endian, width 1 to 8 */
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_uvarint(struct buf *b, uint64_t v); /* unsigned LEB128, v < 2^63 */

/* The bytes as a NUL-terminated string that now belongs to the caller (free()); b is empty. */
char *buf_take_str(struct buf *b);

#endif
