/* ydoc/diff.h - what to change in a text so that it reads as another.
 *
 * What an editor wrote back, a file that changed on disk, a revision that is restored: each is a
 * whole text, and a document is edited, not replaced, so that what others type meanwhile, and
 * their cursors, stay.  First whole lines, then characters of those lines that differ; where two
 * places have nothing in common but chance, one is replaced by the other.
 *
 * No character (code point, and so no surrogate pair) is ever split.  Memory is linear.  Pure. */
#ifndef SHOAL_YDOC_DIFF_H
#define SHOAL_YDOC_DIFF_H

#include "base/buf.h"
#include "base/cur.h"

#include <stdint.h>

enum {
    DIFF_LINES_MAX = 1 << 18, /* of what is left between the same beginning and end; beyond it is
                               * replaced as one block */
    DIFF_CHARS_MAX = 1 << 16, /* of one place that differs; likewise */
};
#define DIFF_WORK_MAX (UINT64_C(1) << 24) /* comparisons in all: about 50 ms; then in blocks */

/* One edit: at `at` take `cut` away, then put `put` (a view of `to`) there.  In UTF-16 units of the
 * text as the edits before left it, from the beginning to the end: they are done as they come. */
typedef void text_diff_cb(void *arg, uint64_t at, uint64_t cut, struct cur put);

/* from, to: well-formed UTF-8. */
void text_diff(struct cur from, struct cur to, text_diff_cb *cb, void *arg);

/* The same within *work comparisons, which are counted down: for many texts that share them. */
void text_diff_within(uint64_t *work, struct cur from, struct cur to, text_diff_cb *cb, void *arg);

/* Append something that is no text and stands among it: one unit, a line of its own, and equal to
 * what has the same number, below 2^31.  It is written as no UTF-8 is (RFC 2279's six bytes). */
void text_diff_put_value(struct buf *text, uint32_t number);

/* UTF-16 units of well-formed UTF-8, and of such values. */
uint64_t text_units(struct cur utf8);

#endif
