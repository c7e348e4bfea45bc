/* ydoc/shelf/shelf_in.h - the shelf from inside; for this folder only.
 *
 *     shelf         which documents there are
 *     shelf_append  updates come in and are written together
 *     shelf_load    a document is read; its log becomes a state
 *     shelf_pack    many updates become one
 *     shelf_tell    the log becomes revisions
 *     shelf_thin    too many revisions become fewer
 *     shelf_past    revisions are listed and read
 *
 * Calls do not overlap: each is done with the database when it returns. */
#ifndef SHOAL_YDOC_SHELF_SHELF_IN_H
#define SHOAL_YDOC_SHELF_SHELF_IN_H

#include "base/list.h"
#include "ydoc/shelf/shelf.h"

struct shelf {
    struct loop *loop;
    const struct log *log;
    struct db *db;
    struct link waiting, answered; /* struct row; to be written, to be told */
    size_t waiting_bytes;
    struct timer *timer; /* runs while either list holds something */
    uint64_t written_us; /* when that was last */
    bool failing;        /* the last commit did; said once */
};

/* A document's row, without its title and what else only lists show. */
struct found {
    int64_t number;
    int64_t told, changed;
    uint64_t state_bytes, log_bytes;
    char name[80]; /* "document 1f2e3d4c, "Groceries"", for sentences */
};
/* ERR_NOT_FOUND. */
enum err shelf_seek(struct shelf *s, const struct doc_id *id, struct found *out, struct why *why);

/* A text of the database; what is not as we write it (somebody's own hand, a bad disk) is "". */
void shelf_text(struct db_stmt *q, int column, char *out, size_t cap);

/* All that waits is on disk or answered with an error, this one.  Nobody is told from inside. */
enum err shelf_flush(struct shelf *s, struct why *why);
/* What stands beside the bytes of an update, to see that they are still what was written. */
int64_t shelf_sum(enum update_format format, struct cur update);
/* The update in columns `at`, its format, `at` + 1, its sum, and `at` + 2 of a row; valid until the
 * next step.  ERR_INVALID: it is damaged. */
enum err shelf_column(struct db_stmt *q, int at, enum update_format *format, struct cur *update,
                      struct why *why);
void shelf_bind(struct db_stmt *q, int at, enum update_format format, struct cur update);

/* --- putting updates together ----------------------------------------------------------------- */

#define REVISION_BYTES_MAX ((size_t)8 << 20) /* more are not put together */

/* Can it be read again?  What an update may become is bounded by its size. */
enum err shelf_check(enum update_format format, struct cur update, struct why *why);
/* Append all, of format 1, as one update. */
enum err shelf_pack(const struct cur *updates, size_t n, struct buf *out,
                    enum update_format *format, struct why *why);
/* Append both as one update of format 2; false: they are better left apart. */
bool shelf_join(enum update_format first_format, struct cur first, enum update_format then_format,
                struct cur then, struct buf *out);

/* --- history; inside a transaction ------------------------------------------------------------ */

/* What the log holds and no revision does yet becomes part of the newest, or new ones. */
enum err shelf_tell(struct shelf *s, const struct found *there, struct why *why);
/* And what comes later begins another revision. */
enum err shelf_tell_end(struct shelf *s, const struct found *there, struct why *why);
/* Do authors who take turns share the newest revision, since so many began in the last minutes? */
bool shelf_is_busy(struct shelf *s, const struct found *there);
/* The same where that cannot be read: one revision that is all there is. */
enum err shelf_tell_whole(struct shelf *s, const struct found *there, enum update_format format,
                          struct cur state, struct why *why);
/* SHELF_REVISIONS_MAX are left: the first, the last ones, and ever fewer of those between. */
enum err shelf_thin(struct shelf *s, const struct found *there, struct why *why);

/* Apply all revisions: what was ever folded. */
enum err shelf_replay(struct shelf *s, const struct found *there, struct ydoc *into,
                      struct why *why);

/* Apply what of this document waits. */
enum err shelf_apply_waiting(struct shelf *s, const struct doc_id *id, struct ydoc *into,
                             struct why *why);

#endif
