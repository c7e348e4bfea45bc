/* How it read before, and reads again. */
#include "base/mem.h"
#include "ydoc/any.h"
#include "ydoc/app/docs_in.h"
#include "ydoc/restore.h"

#include <string.h>

void docs_on_history(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    if (!docs_named(d, c, &doc, NULL))
        return;
    call_ok(c, docs_revisions(d, &doc.id));
    shelf_close(d->shelf, &doc.id);
}

/* The title is the document's name and no part of what it says: that stays. */
static void keep_title(struct ydoc *past, struct ydoc *now)
{
    char title[SHELF_TITLE_MAX + 1];
    struct buf value = {0};
    if (!docs_title(now, title))
        return;
    any_put_text(&value, title, strlen(title));
    ydoc_begin(past);
    ymap_set(past, DOCS_META, "title", 5, buf_cur(&value));
    ydoc_commit(past, UPDATE_V1, NULL);
    buf_done(&value);
}

/* A change like any other: who types meanwhile, and those who are away, see it come. */
static void restore(struct docs *d, struct call *c, struct room *room, struct ydoc *past,
                    int64_t revision)
{
    int64_t before = shelf_close_surely(d->shelf, room_id(room)); /* what is undone */
    struct writing *w = writing_new(d, c, room, NULL);
    room_begin(room);
    keep_title(past, room_doc(room));
    bool restored = ydoc_restore(room_doc(room), past);
    writing_add(w,
                json_pack("{s:I, s:b, s:o}", "revision", (json_int_t)revision, "restored", restored,
                          "before", restored ? json_integer((json_int_t)before) : json_null()));
    room_commit(room, d->me, writing_done, w);
}

void docs_on_restore(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    int64_t revision;
    if (!docs_named(d, c, &doc, &revision) || !docs_may_write(d, c, &doc.id))
        return;
    if (revision == 0) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal doc restore ID@REVISION",
                   "which revision? shoal doc history shows them");
        return;
    }
    struct ydoc *past = docs_revision(d, c, &doc.id, revision);
    struct room *room = past ? docs_room(d, c, &doc.id) : NULL;
    if (room)
        restore(d, c, room, past, revision);
    ydoc_free(past);
}
