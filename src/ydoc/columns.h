/* ydoc/columns.h - the run-length codings of update format v2 (lib0's RleEncoder and its kin).
 *
 * Each column of an update is a byte string of its own, in which one field of all structs stands.
 * A run may stand for any number of values in a few bytes, so whoever reads counts what he takes.
 * A reader that is asked for more than there is, or finds nonsense, is `bad` and gives zeros. */
#ifndef SHOAL_YDOC_COLUMNS_H
#define SHOAL_YDOC_COLUMNS_H

#include "base/buf.h"
#include "base/cur.h"
#include "ydoc/lib0.h"

#include <stdbool.h>
#include <stdint.h>

enum col_coding {
    COL_BYTES, /* RleEncoder of bytes: the last run has no count, its value goes on for ever */
    COL_UINTS, /* UintOptRleEncoder */
    COL_DIFFS, /* IntDiffOptRleEncoder: runs of equal differences */
};

struct col_reader {
    struct cur in;
    uint64_t value, left; /* of the run that we are in */
    int64_t diff;         /* COL_DIFFS: what each value adds; else 0 */
    enum col_coding coding;
    bool bad;
};

/* For col_next(): on to the next run; nothing but zeros from here on. */
void col_next_run(struct col_reader *r);
void col_spoil(struct col_reader *r);

/* Begin to read a column, which must stay. */
void col_read(struct col_reader *r, enum col_coding coding, struct cur column);
/* The next value; 0 when there is none, or none that can be (`bad`). */
static inline uint64_t col_next(struct col_reader *r)
{
    if (r->left == 0)
        col_next_run(r);
    r->left--;
    r->value += (uint64_t)r->diff; /* wraps: then it is more than LIB0_MAX */
    if (r->value > LIB0_MAX)
        col_spoil(r);
    return r->value;
}

struct col_writer {
    struct buf out;
    uint64_t value, run; /* run: values not yet written; 0 at the start only */
    int64_t diff;
    enum col_coding coding;
};

/* Begin one; it frees at col_end(). */
void col_write(struct col_writer *w, enum col_coding coding);
/* Add a value. */
void col_put(struct col_writer *w, uint64_t value);
/* Write what waits, and the column itself with its length in front; frees what the writer held. */
void col_end(struct col_writer *w, struct buf *out);

/* The column of texts: all of them in one, then their lengths in UTF-16 units.  A length may end
 * between the halves of a pair when two lone halves met; each half is then U+FFFD, as Yjs would
 * write it again. */
struct text_reader {
    struct cur text;
    struct col_reader lengths;
    bool ascii; /* all of it */
    bool half;  /* the second half of a pair is what comes next */
    bool bad;
};

/* Begin to read the column of texts, which must stay. */
void text_read(struct text_reader *r, struct cur column);
/* Append the next text to `out`; returns its UTF-16 units. */
uint64_t text_next(struct text_reader *r, struct buf *out);

struct text_writer {
    struct buf text;
    struct col_writer lengths;
};

/* Begin one; it frees at text_end(). */
void text_write(struct text_writer *w);
/* Add a text of so many UTF-16 units. */
void text_put(struct text_writer *w, const void *utf8, size_t n, uint64_t units);
/* As col_end(). */
void text_end(struct text_writer *w, struct buf *out);

#endif
