/* ydoc/any.h - lib0's `any`: the JSON-like values in documents.
 *
 * A value is kept as its encoding, in the one form that Yjs itself would write for it (integers as
 * integers, the shortest float that holds the number, keys that look like array indices first, as
 * JavaScript orders them).  So equal values of one structure have equal bytes, and what we encode
 * again is what Yjs would. */
#ifndef SHOAL_YDOC_ANY_H
#define SHOAL_YDOC_ANY_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define ANY_DEPTH_MAX 200 /* objects and arrays within each other */

/* The first byte of a value (lib0 encoding.js, writeAny). */
enum any_kind {
    ANY_BYTES = 116,
    ANY_ARRAY,
    ANY_OBJECT,
    ANY_STRING,
    ANY_TRUE,
    ANY_FALSE,
    ANY_BIGINT,
    ANY_FLOAT64,
    ANY_FLOAT32,
    ANY_INTEGER,
    ANY_NULL,
    ANY_UNDEFINED,
};

/* Read one foreign value and append it in its one form.  ERR_INVALID: no such value, cut short, not
 * UTF-8; ERR_LIMIT: nested too deep.  On an error `out` may hold a part. */
enum err any_copy(struct cur *in, struct buf *out, struct why *why);

/* Skip one value of ours, that is, one that any_copy or any_put_* wrote. */
struct cur any_take(struct cur *in);

/* Append a value; n elements or members follow the head of an array or object. */
void any_put_number(struct buf *out, double v);
void any_put_text(struct buf *out, const void *utf8, size_t n);
void any_put_head(struct buf *out, enum any_kind array_or_object, uint64_t n);

/* Read JSON text.  ERR_INVALID says where it is not JSON. */
enum err any_from_json(const void *text, size_t n, struct buf *out, struct why *why);

/* How values that JSON lacks are written. */
enum any_style {
    ANY_STRINGIFY, /* as JSON.stringify: undefined left out or null, no numbers become null */
    ANY_TAGGED,    /* as {"$undef":1}, {"$big":"1"}, {"$num":"NaN"}, {"$bin":"00ff"} */
};

/* Append one value of ours as JSON text. */
void any_json(struct cur *in, enum any_style style, struct buf *out);
/* A JSON string literal of well-formed UTF-8, escaped as JSON.stringify does. */
void any_json_text(struct buf *out, const void *utf8, size_t n);

#endif
