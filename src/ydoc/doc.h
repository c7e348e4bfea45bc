/* ydoc/doc.h - a Yjs document: what all of its editors wrote, and how it reads now.
 *
 * Everybody holds the same set of operations, and whoever holds the same set sees the same text,
 * in whatever order they came.  An update carries operations; a state vector says which are here.
 *
 *     struct ydoc *d = ydoc_new(client, true, seed);
 *     ydoc_apply(d, UPDATE_V1, bytes, &why);          somebody else's update
 *     ydoc_begin(d);
 *     ytext_insert(d, "body", 0, "hi", 2, NULL, &why);
 *     ydoc_commit(d, UPDATE_V1, &update);             ours, to be sent to everybody
 *     ydoc_encode(d, UPDATE_V2, NULL, &all);          what is stored
 *
 * Encodings are byte for byte those of Yjs 13.6 for the same history (yjs-format, "Byte equality").
 * Positions and lengths are UTF-16 code units, as all of Yjs's faces count.  Not thread-safe; no
 * I/O, no clock.  Foreign bytes: a broken update changes nothing and is answered with an error. */
#ifndef SHOAL_YDOC_DOC_H
#define SHOAL_YDOC_DOC_H

#include "base/buf.h"
#include "base/err.h"
#include "ydoc/any.h"
#include "ydoc/update_msg.h"

#include <stdbool.h>
#include <stdint.h>

#define YDOC_CONTENT_MAX ((size_t)1 << 30) /* bytes of text and values that one document holds */
#define YDOC_CLIENTS_MAX ((size_t)1 << 20) /* who ever wrote in it */

#define YDOC_WAITING_MAX ((uint32_t)1 << 21) /* items that wait for something that is not here */

struct ydoc;

/* An empty document.  client: who writes in it here, drawn anew for each session of editing, below
 * 2^53; two writers with one id destroy it.  gc: forget what is deleted, as Yjs does by default;
 * without it snapshots can be read.  seed: for its tables (base/map.h). */
struct ydoc *ydoc_new(uint64_t client, bool gc, uint64_t seed);
void ydoc_free(struct ydoc *d);

/* Take in a foreign update.  What depends on something that is not here yet waits inside and is
 * part of every encoding.  ERR_INVALID, ERR_LIMIT, ERR_UNSUPPORTED: nothing was changed. */
enum err ydoc_apply(struct ydoc *d, enum update_format format, struct cur update, struct why *why);

/* The same, and appends what of it was news, as an update of format 1: nothing where all of it was
 * known.  *waits: some of it was put aside to wait, and is not in `news`. */
enum err ydoc_learn(struct ydoc *d, enum update_format format, struct cur update, struct buf *news,
                    bool *waits, struct why *why);

/* Does anything wait for what is not here? */
bool ydoc_pending(const struct ydoc *d);

/* Append what `have` (a state vector; NULL: nobody has anything) lacks. */
void ydoc_encode(struct ydoc *d, enum update_format format, const struct states *have,
                 struct buf *out);
/* Append the state vector; the snapshot: what is deleted and the state vector. */
void ydoc_state(const struct ydoc *d, struct buf *out);
void ydoc_snapshot(struct ydoc *d, struct buf *out);

/* Local edits between the two are one transaction and one update; edits outside are refused by
 * assert.  Commit appends the update to `out` (NULL: not wanted); nothing when nothing changed. */
void ydoc_begin(struct ydoc *d);
void ydoc_commit(struct ydoc *d, enum update_format format, struct buf *out);

/* ---- texts.  attrs: an object in the encoding of ydoc/any.h; NULL where none is named ---- */

/* Insert well-formed UTF-8.  attrs NULL: it looks like what stands to its left.  ERR_INVALID: the
 * position is behind the end. */
enum err ytext_insert(struct ydoc *d, const char *root, uint64_t pos, const void *utf8, size_t n,
                      const struct cur *attrs, struct why *why);
/* Insert one value that is no text. */
enum err ytext_embed(struct ydoc *d, const char *root, uint64_t pos, struct cur value,
                     const struct cur *attrs, struct why *why);
/* Delete what is there of the n units. */
void ytext_delete(struct ydoc *d, const char *root, uint64_t pos, uint64_t n);
/* Set attributes; null takes one away. */
enum err ytext_format(struct ydoc *d, const char *root, uint64_t pos, uint64_t n, struct cur attrs,
                      struct why *why);

/* Make the plain text read so, well-formed UTF-8, by the smallest change (ydoc/diff.h); what stands
 * in it that is no text stays. */
enum err ytext_become(struct ydoc *d, const char *root, struct cur utf8, struct why *why);

/* ---- arrays and maps ---- */

/* Insert the values of an array (ydoc/any.h). */
enum err yarray_insert(struct ydoc *d, const char *root, uint64_t pos, struct cur array,
                       struct why *why);
void yarray_delete(struct ydoc *d, const char *root, uint64_t pos, uint64_t n);
void ymap_set(struct ydoc *d, const char *root, const void *key, size_t n, struct cur value);
void ymap_delete(struct ydoc *d, const char *root, const void *key, size_t n);

/* ---- reading; all append JSON ---- */

void ydoc_text(struct ydoc *d, const char *root, struct buf *utf8); /* plain text, not JSON */
void ydoc_delta(struct ydoc *d, const char *root, struct buf *out); /* Quill's form */
void ydoc_array(struct ydoc *d, const char *root, struct buf *out);
void ydoc_map(struct ydoc *d, const char *root, struct buf *out);
void ydoc_xml(struct ydoc *d, const char *root, struct buf *utf8); /* not JSON */
/* The elements below a root: [{"tag","attributes","children"}, {"text": a delta}], without what is
 * neither. */
void ydoc_tree(struct ydoc *d, const char *root, struct buf *out);
/* Visible units of a text or elements of an array. */
uint64_t ydoc_length(struct ydoc *d, const char *root);

/* ---- positions that stay with their text ---- */

/* Append the relative position of an index; assoc below 0: it belongs to what is on its left. */
void ydoc_relative(struct ydoc *d, const char *root, uint64_t index, int assoc, struct buf *out);
/* Its index now.  ERR_NOT_FOUND: what it stood at is not here (any more); ERR_INVALID. */
enum err ydoc_absolute(struct ydoc *d, struct cur position, uint64_t *index, struct why *why);

#endif
