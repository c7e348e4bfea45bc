/* ydoc/app/docs_in.h - the app from inside.  For the files of ydoc/app alone.
 *
 *   docs_app.c       begins and ends it         docs_table.c    its methods, for every face
 *   docs_json.c      what is told of a document docs_events.c   told when it changes
 *   docs_methods.c   new, ls, show, rename, rm  docs_text.c     cat, append, edit
 *   docs_past.c      history, restore           docs_share.c    share, join, members, unshare
 *   docs_export.c    export (export.h)          docs_follow.c   files in step (follow.h)
 *   docs_sockets.c   the y-websocket endpoint
 *   writing.c        an edit under way to the disk, and the call that waits for it */
#ifndef SHOAL_YDOC_APP_DOCS_IN_H
#define SHOAL_YDOC_APP_DOCS_IN_H

#include "base/list.h"
#include "base/map.h"
#include "core/app.h"
#include "ydoc/app/docs.h"
#include "ydoc/room/room.h"
#include "ydoc/share/share.h"
#include "ydoc/shelf/shelf.h"

#define DOCS_ROOT "text"          /* the root that the command line reads and writes */
#define DOCS_META "meta"          /* a map: "title" */
#define DOCS_TELL_US (250 * MSEC) /* a document's events: four a second */
enum {
    DOCS_TEXT_MAX = 8 * 1024 * 1024,       /* bytes of a text that comes in one piece */
    DOCS_BASE_TEXT_MAX = 20 * 1024 * 1024, /* of an encoded state, as base64 */
    DOCS_NAME_MAX = 256,                   /* of what names a document */
};

struct docs {
    struct app_env env;
    const char *me; /* our peer id */
    struct shelf *shelf;
    struct rooms *rooms;
    struct share *share;
    struct room_watch watch;
    struct map *telling; /* id to struct telling */
    struct link joins, writings;
    struct follows *follows;
};

extern const struct conf_key docs_settings[];
extern const struct method docs_methods[];
extern const struct sockets_ops docs_sockets;

/* --- docs_json.c ------------------------------------------------------------------------------ */

/* {"id","title","role","created","changed","author","bytes","present","file"}. */
json_t *docs_row(struct docs *d, const struct shelf_doc *doc);
/* [{"name","color"}], one for each client that is here now. */
json_t *docs_here(struct docs *d, const struct doc_id *id);
json_t *docs_members(struct docs *d, const struct doc_id *id);
json_t *docs_revisions(struct docs *d, const struct doc_id *id);
const char *docs_role_name(enum doc_role role);

/* --- docs_methods.c: the steps of most of them.  false, NULL: the call was answered. -------------
 */

/* Parameter "id": an id, its beginning, a title; "@N" behind it is a revision where one may be
 * named (revision NULL: none may; 0: as it is now). */
bool docs_named(struct docs *d, struct call *c, struct shelf_doc *out, int64_t *revision);
/* Given back by room_done(). */
struct room *docs_room(struct docs *d, struct call *c, const struct doc_id *id);
bool docs_may_write(struct docs *d, struct call *c, const struct doc_id *id);
void docs_fail(struct call *c, const struct why *why);
/* The plain text as a JSON string. */
json_t *docs_text(struct ydoc *doc);
/* The document as a revision has it; ydoc_free(). */
struct ydoc *docs_revision(struct docs *d, struct call *c, const struct doc_id *id, int64_t number);
/* Its title as all members have it; false: it has none that can be shown. */
bool docs_title(struct ydoc *doc, char out[SHELF_TITLE_MAX + 1]);

/* The methods, as docs_table.c says them. */
void docs_on_new(void *app, struct call *c);
void docs_on_ls(void *app, struct call *c);
void docs_on_show(void *app, struct call *c);
void docs_on_rename(void *app, struct call *c);
void docs_on_rm(void *app, struct call *c);
/* docs_text.c */
void docs_on_cat(void *app, struct call *c);
void docs_on_append(void *app, struct call *c);
void docs_on_edit(void *app, struct call *c);
/* docs_past.c */
void docs_on_history(void *app, struct call *c);
void docs_on_restore(void *app, struct call *c);
/* docs_share.c */
void docs_on_share(void *app, struct call *c);
void docs_on_join(void *app, struct call *c);
void docs_on_members(void *app, struct call *c);
void docs_on_unshare(void *app, struct call *c);
void docs_joins_done(struct docs *d);
/* docs_export.c */
void docs_on_export(void *app, struct call *c);
/* docs_follow.c */
void docs_on_follow(void *app, struct call *c);

/* --- writing.c -------------------------------------------------------------------------------- */

/* What a call that changed something is answered with when it is kept: docs_row(), or what `tell`
 * makes of it. */
struct writing;
typedef json_t *writing_tell(struct docs *d, const struct shelf_doc *doc);
/* Takes the room. */
struct writing *writing_new(struct docs *d, struct call *c, struct room *room, writing_tell *tell);
/* Members of `more`, which it takes, are told besides. */
void writing_add(struct writing *w, json_t *more);
/* For room_commit() and its like: arg is the writing, which is gone after it. */
void writing_done(void *arg, const struct why *why);
/* It is not to be after all: answered with why, and gone. */
void writing_fail(struct writing *w, const struct why *why);
/* At the end: whoever still waits is told so; then, when the shelf is gone and calls nobody back.
 */
void writings_done(struct docs *d);
void writings_free(struct docs *d);

/* --- docs_events.c ---------------------------------------------------------------------------- */

/* Changes are told between the two. */
void docs_events_begin(struct docs *d);
void docs_events_end(struct docs *d);
/* How many were here when it was looked at last; 0: nobody. */
size_t docs_present(const struct docs *d, const struct doc_id *id);
/* Who they are, or what they may do, has changed. */
void docs_tell_members(struct docs *d, const struct doc_id *id);
/* The shelf's title, and `doc`'s, is the one that a member gave it: all see the same. */
void docs_take_title(struct docs *d, struct shelf_doc *doc);

#endif
