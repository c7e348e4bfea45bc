/* ydoc/shelf/shelf.h - documents on disk: of each the folded state, the updates since, and how it
 * read before.
 *
 * An update that shelf_append() has called back for survives a kill and a power cut.  A change
 * after a pause is written at once; what comes within SHELF_GATHER_US of that is one commit.  When
 * the log of a document outgrows max(SHELF_LOG_MIN, its state), shelf_fold() writes a state in its
 * place; what waits for other updates is part of both.  Rows are in the app's database; nothing is
 * kept in memory but the rows that wait. */
#ifndef SHOAL_YDOC_SHELF_SHELF_H
#define SHOAL_YDOC_SHELF_SHELF_H

#include "core/app.h"
#include "core/keys.h"
#include "ydoc/doc.h"
#include "ydoc/shelf/tables.h"

#define SHELF_GATHER_US 2000
#define SHELF_REVISION_US (300 * SEC) /* one author's edits in this time are one revision */
enum {
    DOC_ID_LEN = 32,
    DOC_ID_TEXT = 2 * DOC_ID_LEN + 1,
    SHELF_DOCS_MAX = 10000,
    SHELF_TITLE_MAX = 200,               /* bytes of UTF-8 */
    SHELF_LOG_MIN = 64 * 1024,           /* bytes */
    SHELF_UPDATE_MAX = 16 * 1024 * 1024, /* bytes of one update */
    SHELF_REVISIONS_MAX = 200,           /* of one document; the older ones are thinned out */
};

/* A document's name for ever: the Ed25519 public key that says who its members are. */
struct doc_id {
    uint8_t key[DOC_ID_LEN];
};
/* As 64 small hex digits; returns out. */
const char *doc_id_text(const struct doc_id *id, char out[DOC_ID_TEXT]);
bool doc_id_of(const char *text, struct doc_id *id); /* false: they are not 64 hex digits */

struct shelf_doc {
    struct doc_id id;
    char title[SHELF_TITLE_MAX + 1];
    char author[PEER_ID_TEXT];      /* of the last change; "": nobody yet */
    int64_t created_us, changed_us; /* wall clock */
    uint64_t bytes;                 /* on disk, without its history */
};

/* The tables alone, for tests; docs_app's own list begins with SHELF_MIGRATION (tables.h). */
extern const struct migration shelf_migrations[1];

struct shelf;
struct shelf_cfg {
    struct loop *loop;
    const struct log *log;
    struct db *db; /* outlives it */
};
struct shelf *shelf_new(const struct shelf_cfg *cfg);
/* What waits is written first, and nobody is told.  Not from a shelf_done_cb.  NULL: nothing. */
void shelf_free(struct shelf *s);

/* ERR_STATE: it is there already; ERR_LIMIT: SHELF_DOCS_MAX, or a title too long.  Adding, dropping
 * and renaming are one statement each, and may be part of a transaction of the caller's. */
MUST_CHECK enum err shelf_add(struct shelf *s, const struct doc_id *id, const char *title,
                              struct why *why);
/* With its history. */
MUST_CHECK enum err shelf_drop(struct shelf *s, const struct doc_id *id, struct why *why);
MUST_CHECK enum err shelf_rename(struct shelf *s, const struct doc_id *id, const char *title,
                                 struct why *why);
bool shelf_get(struct shelf *s, const struct doc_id *id, struct shelf_doc *out);
/* All, the last changed first; *out is the caller's to free(). */
size_t shelf_list(struct shelf *s, struct shelf_doc **out);
/* By an id's first 4 or more hex digits, or a whole title.  ERR_NOT_FOUND; ERR_INVALID: several. */
MUST_CHECK enum err shelf_find(struct shelf *s, const char *text, struct shelf_doc *out,
                               struct why *why);

/* All that was ever appended, into an empty document; also what waits to be written. */
MUST_CHECK enum err shelf_load(struct shelf *s, const struct doc_id *id, struct ydoc *into,
                               struct why *why);

/* Keep an update of format 1, by a peer.  done: once, from the loop, in order; why NULL: it is on
 * disk, else nothing of it is, and the document is as it was.  The bytes are copied. */
typedef void shelf_done_cb(void *arg, const struct why *why);
void shelf_append(struct shelf *s, const struct doc_id *id, struct cur update, const char *author,
                  shelf_done_cb *done, void *arg);

/* Whether the log is longer than it should be; then the whole document, written in its place.  What
 * waits is written first.  `whole` holds all that the shelf does, and may hold more: what could not
 * be appended is kept so. */
bool shelf_is_long(struct shelf *s, const struct doc_id *id);
MUST_CHECK enum err shelf_fold(struct shelf *s, const struct doc_id *id, struct ydoc *whole,
                               struct why *why);

/* --- how it read before -------------------------------------------------------------------------
 *
 * A new revision begins with an edit by another author, or one SHELF_REVISION_US after the newest
 * began; until then the newest one grows.  Authors who take turns share one, after the eighth in
 * that time.  A revision that outgrows 1 MiB is ended, too.  Numbers that were thinned out are not
 * used again. */

struct shelf_revision {
    int64_t number; /* 1, 2, ... */
    int64_t at_us;  /* wall clock, of its last edit */
    char author[PEER_ID_TEXT];
    uint64_t bytes; /* of its text */
};
/* Newest first; *out is the caller's to free(). */
size_t shelf_history(struct shelf *s, const struct doc_id *id, struct shelf_revision **out);
/* What comes next begins a revision: somebody was shown this one, or changes the document at one
 * stroke.  Not where eight began within SHELF_REVISION_US: the next one goes on. */
void shelf_close(struct shelf *s, const struct doc_id *id);
/* The same, however many began: what a restore undoes is there to be restored.  The number of the
 * newest, which is how the document reads now; 0: there is none. */
int64_t shelf_close_surely(struct shelf *s, const struct doc_id *id);
/* The document as it was, into an empty one.  ERR_NOT_FOUND. */
MUST_CHECK enum err shelf_revision(struct shelf *s, const struct doc_id *id, int64_t number,
                                   struct ydoc *into, struct why *why);

#endif
