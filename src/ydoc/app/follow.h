/* ydoc/app/follow.h - files on disk that are in step with a document, both ways.
 *
 * A file is looked at every FOLLOW_LOOK_US, on a disk lane: so it works with every editor, over a
 * network too.  When its size and time are other than before, and the same in two looks, so not
 * while somebody writes it, it is read, and its change is merged as that of an editor which began
 * from what the file held before (fork.h).  What others type is written to the file in one step, at
 * most so often; a file that changed meanwhile is read first.  What the file held when both agreed
 * last is kept in the database, before it is written: after a kill the same change is the same
 * update again.
 *
 * A file is never removed, and one that is removed changes nothing: it is written again when the
 * document changes.  What cannot be taken over (it is not UTF-8, or we may only read) is copied to
 * FILE.conflict, and the file goes on following. */
#ifndef SHOAL_YDOC_APP_FOLLOW_H
#define SHOAL_YDOC_APP_FOLLOW_H

#include "ydoc/shelf/shelf.h"

#include <jansson.h>

#define FOLLOW_LOOK_US (500 * MSEC)
enum {
    FOLLOWS_MAX = 64,
    FOLLOW_FILE_MAX = 8 * 1024 * 1024, /* bytes */
};

/* One entry of an array of struct migration, behind SHELF_MIGRATION. */
#define FOLLOW_MIGRATION                                                                           \
    {                                                                                              \
        "files that follow documents",                                                             \
            "CREATE TABLE follow ("                                                                \
            " doc BLOB PRIMARY KEY REFERENCES doc (key) ON DELETE CASCADE,"                        \
            " path TEXT NOT NULL UNIQUE,"                                                          \
            " base BLOB NOT NULL," /* the document as the file had it, an update of format 2 */    \
            " next BLOB"           /* the same, while the file is being written */                 \
            ") WITHOUT ROWID"                                                                      \
    }

struct docs;
struct follows;
/* All that the database knows go on; NULL: it says no. */
struct follows *follows_new(struct docs *d, struct why *why);
void follows_free(struct follows *f); /* NULL: nothing */

/* From now on the file follows it.  One that is there and differs is merged as if it had been typed
 * into an empty document.  ERR_STATE: the document or the file has another already; ERR_LIMIT. */
MUST_CHECK enum err follows_start(struct follows *f, const struct doc_id *id, const char *path,
                                  struct why *why);
/* No more; the file stays.  None: nothing happens. */
MUST_CHECK enum err follows_stop(struct follows *f, const struct doc_id *id, struct why *why);

/* f may be NULL: none. */
size_t follows_count(const struct follows *f);
const char *follows_file(const struct follows *f, const struct doc_id *id); /* NULL: none */
/* {"file","state","reason"} or null. */
json_t *follows_json(const struct follows *f, const struct doc_id *id);

#endif
