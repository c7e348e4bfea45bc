/* ydoc/update_msg.h - the two formats of a Yjs update: what happened, struct by struct.
 *
 * An update is, for each client, a run of structs in the order of their clocks, and then the set of
 * what is deleted.  Format 1 writes them one after the other, format 2 as columns.  Here both are
 * read and written as the same `struct ystruct`s; nothing here knows a document.
 *
 *     update_read(&r, UPDATE_V1, bytes, &sink);
 *     while (update_next(&r, &s)) ...
 *     update_read_deletes(&r, &set);
 *     return update_done(&r, why);
 *
 * Contents are copied into `sink` and named by their place there, in one form for both formats:
 *   STRING  UTF-8                        BINARY  the bytes
 *   JSON    texts, each with its length  ANY     values (ydoc/any.h)
 *   EMBED   a value                      FORMAT  the key with its length, a value
 *   TYPE    the type's number, and its name with length where it has one
 *   DOC     the guid with its length, a value */
#ifndef SHOAL_YDOC_UPDATE_MSG_H
#define SHOAL_YDOC_UPDATE_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "ydoc/columns.h"
#include "ydoc/ranges.h"

#include <stdbool.h>
#include <stdint.h>

#define UPDATE_STRUCTS_MAX                                                                         \
    ((uint64_t)1 << 22) /* in one update; format 2 packs many into few bytes */
#define UPDATE_SWELL 64 /* structs, and bytes of content, for a byte of it ... */
#define UPDATE_SWELL_FREE ((uint64_t)1 << 16) /* ... beyond these */
#define UPDATE_CLOCK_MAX UINT32_MAX           /* units that one client may write */

enum update_format { UPDATE_V1, UPDATE_V2 };

/* The number on the wire. */
enum content {
    CONTENT_GC,
    CONTENT_DELETED,
    CONTENT_JSON,
    CONTENT_BINARY,
    CONTENT_STRING,
    CONTENT_EMBED,
    CONTENT_FORMAT,
    CONTENT_TYPE,
    CONTENT_ANY,
    CONTENT_DOC,
    CONTENT_SKIP,
};

/* What a type is called on the wire. */
enum type_kind {
    TYPE_ARRAY,
    TYPE_MAP,
    TYPE_TEXT,
    TYPE_XML_ELEMENT,
    TYPE_XML_FRAGMENT,
    TYPE_XML_HOOK,
    TYPE_XML_TEXT,
};

#define NO_CLIENT UINT64_MAX /* an id that is not there */

struct yid {
    uint64_t client, clock;
};

struct slice {
    size_t at, n; /* bytes of a sink */
};

struct ystruct {
    enum content kind;
    struct yid id;
    uint64_t len;           /* in units, 1 at least */
    struct yid left, right; /* origins; client NO_CLIENT: none */
    struct yid parent;      /* of the item that made the parent; client NO_CLIENT: none said */
    struct cur root;        /* or the parent's name, when p is not NULL */
    bool has_sub;           /* it stands under a key of its parent ... */
    struct cur sub;         /* ... which is said only where no origin says it; else p is NULL */
    struct slice content;
};

struct update_reader {
    struct cur in; /* format 2: the rest, behind the columns */
    struct buf *sink;
    struct buf names;     /* format 2: the keys so far, one behind the other ... */
    struct buf name_ends; /* ... and where each ends, eight bytes each */
    struct col_reader key_clock, client, left_clock, right_clock, info, parent_info, type_ref, len;
    struct text_reader text;
    struct buf scratch;        /* format 2: the names in the struct read last */
    uint64_t clients, structs; /* still to come: sections; structs of this one */
    struct yid at;             /* where the next struct starts */
    uint64_t seen;             /* structs so far */
    uint64_t structs_max;      /* what it may hold */
    uint64_t swell_max;        /* bytes in the sink */
    size_t sink_from;
    enum update_format format;
    struct why why; /* code is not OK once something went wrong */
};

/* Begin to read; the bytes and the sink must stay.  Ends with update_done(). */
void update_read(struct update_reader *r, enum update_format format, struct cur bytes,
                 struct buf *sink);
/* The next struct; false after the last, or when something is wrong. */
bool update_next(struct update_reader *r, struct ystruct *out);
/* What is deleted is added to the set. */
void update_read_deletes(struct update_reader *r, struct ranges *set);
/* Frees what the reader holds.  ERR_INVALID where the bytes break the format, ERR_LIMIT, or OK. */
enum err update_done(struct update_reader *r, struct why *why);

struct update_writer {
    struct buf *to;  /* where the update goes ... */
    struct buf *out; /* ... and its plain part: the same in format 1, `rest` in format 2 */
    struct buf rest;
    struct col_writer key_clock, client, left_clock, right_clock, info, parent_info, type_ref, len;
    struct text_writer text;
    uint64_t keys;
    enum update_format format;
};

/* Begin to append an update to `out`; ends with update_end(). */
void update_write(struct update_writer *w, enum update_format format, struct buf *out);
/* Say how many sections come; then each with its structs; then what is deleted. */
void update_put_clients(struct update_writer *w, uint64_t n);
void update_put_section(struct update_writer *w, uint64_t structs, struct yid first);
/* `content` is where s->content.at counts from. */
void update_put(struct update_writer *w, const struct ystruct *s, const uint8_t *content);
void update_put_deletes(struct update_writer *w, const struct ranges *set);
/* The update is whole; frees what the writer holds. */
void update_end(struct update_writer *w);

/* Drop the first n units, 0 < n < len, as if the struct had been split there.  What a torn pair of
 * halves becomes is appended to `sink`, which holds the content. */
void ystruct_cut(struct ystruct *s, uint64_t n, struct buf *sink);

/* Bytes that the first n units of this content take; *torn as in lib0_cut(). */
size_t content_cut(enum content kind, struct cur content, uint64_t n, bool *torn);

#endif
