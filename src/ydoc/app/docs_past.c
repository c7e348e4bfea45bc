/* How it read before, and reads again. */
#include "base/mem.h"
#include "ydoc/app/docs_in.h"

void docs_on_history(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    if (!docs_named(d, c, &doc, NULL))
        return;
    call_ok(c, docs_revisions(d, &doc.id));
    shelf_close(d->shelf, &doc.id);
}

/* A change like any other: who types meanwhile, and those who are away, see it come. */
void docs_on_restore(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    int64_t revision;
    struct buf text = {0};
    if (!docs_named(d, c, &doc, &revision) || !docs_may_write(d, c, &doc.id))
        return;
    if (revision == 0) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal doc restore ID@REVISION",
                   "which revision? shoal doc history shows them");
        return;
    }
    struct ydoc *past = docs_revision(d, c, &doc.id, revision);
    if (!past)
        return;
    ydoc_text(past, DOCS_ROOT, &text);
    struct room *room = docs_room(d, c, &doc.id);
    if (room && buf_len(&text) == 0 && ydoc_length(room_doc(room), DOCS_ROOT) == 0) {
        call_failf(c, "doc.no_text", ERR_UNSUPPORTED,
                   "shoal doc export shows a revision: shoal doc export ID@REVISION",
                   "it has no plain text, now or then, and nothing else is restored");
        room_done(room);
    } else if (room) {
        shelf_close(d->shelf, &doc.id); /* what is undone stays to be restored */
        room_set_text(room, DOCS_ROOT, buf_cur(&text), d->me, writing_done,
                      writing_new(d, c, room, NULL));
    }
    buf_done(&text);
    ydoc_free(past);
}
