/* An edit under way to the disk, and the call that waits for it. */
#include "base/mem.h"
#include "ydoc/app/docs_in.h"

#include <stdlib.h>

struct writing {
    struct link link; /* in docs.writings */
    struct docs *d;
    struct call *call; /* NULL: the app ends, and nobody is answered */
    struct room *room;
    writing_tell *tell;
    json_t *more; /* NULL: nothing */
};

struct writing *writing_new(struct docs *d, struct call *c, struct room *room, writing_tell *tell)
{
    struct writing *w = MEM_NEW(struct writing);
    *w = (struct writing){.d = d, .call = c, .room = room, .tell = tell};
    list_push(&d->writings, &w->link);
    return w;
}

void writing_add(struct writing *w, json_t *more)
{
    json_decref(w->more);
    w->more = more;
}

static void answer_ok(struct writing *w, const struct shelf_doc *doc)
{
    json_t *out = w->tell ? w->tell(w->d, doc) : docs_row(w->d, doc);
    if (w->more)
        json_object_update(out, w->more);
    call_ok(w->call, out);
}

static void answer(struct writing *w, const struct why *why)
{
    struct shelf_doc doc;
    if (!w->call)
        return;
    if (why)
        docs_fail(w->call, why);
    else if (shelf_get(w->d->shelf, room_id(w->room), &doc))
        answer_ok(w, &doc);
    else
        call_failf(w->call, "doc.not_found", ERR_NOT_FOUND, "shoal doc ls shows what there is",
                   "the document was removed meanwhile");
}

void writing_done(void *arg, const struct why *why)
{
    struct writing *w = arg;
    answer(w, why);
    list_drop(&w->link);
    if (w->room)
        room_done(w->room);
    json_decref(w->more);
    free(w);
}

void writing_fail(struct writing *w, const struct why *why)
{
    writing_done(w, why);
}

void writings_done(struct docs *d)
{
    struct why why;
    why_set(&why, ERR_CLOSED, "the node ends; whether the change was kept is seen when it is back");
    LIST_EACH(&d->writings, struct writing, w, link) {
        if (w->call)
            docs_fail(w->call, &why);
        w->call = NULL;
        if (w->room)
            room_done(w->room);
        w->room = NULL;
    }
}

void writings_free(struct docs *d)
{
    LIST_EACH(&d->writings, struct writing, w, link) {
        list_drop(&w->link);
        json_decref(w->more);
        free(w);
    }
}
