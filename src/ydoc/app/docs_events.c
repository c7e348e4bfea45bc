/* Told when a document changes: to the event stream, at most four times a second each. */
#include "base/mem.h"
#include "core/bus.h"
#include "ydoc/app/docs_in.h"

#include <stdlib.h>
#include <string.h>

struct telling {
    struct docs *d;
    struct doc_id id;
    struct timer *timer;
    bool changed, presence;
    size_t here;
};

static struct telling *telling_of(struct docs *d, const struct doc_id *id)
{
    struct telling *t = map_get(d->telling, id->key, DOC_ID_LEN);
    if (!t) { /* as many as there are documents */
        t = MEM_NEW(struct telling);
        t->d = d;
        t->id = *id;
        map_put(d->telling, id->key, DOC_ID_LEN, t);
    }
    return t;
}

size_t docs_present(const struct docs *d, const struct doc_id *id)
{
    const struct telling *t = map_get(d->telling, id->key, DOC_ID_LEN);
    return t ? t->here : 0;
}

static void post(struct docs *d, const char *type, const struct doc_id *id, json_t *data)
{
    char hex[DOC_ID_TEXT];
    bus_post(d->env.bus, BUS_STATE, type, doc_id_text(id, hex), data);
}

void docs_take_title(struct docs *d, struct shelf_doc *doc)
{
    char title[SHELF_TITLE_MAX + 1];
    struct why why;
    struct room *room = rooms_open(d->rooms, &doc->id, NULL);
    if (!room)
        return;
    if (docs_title(room_doc(room), title) && strcmp(title, doc->title) != 0) {
        if (shelf_rename(d->shelf, &doc->id, title, &why) == OK)
            memcpy(doc->title, title, sizeof title);
        else
            log_warn(d->env.log, "a title could not be kept: %s", why.text);
    }
    room_done(room);
}

static void tell(void *arg)
{
    struct telling *t = arg;
    struct docs *d = t->d;
    struct shelf_doc doc;
    bool changed = t->changed, presence = t->presence;
    t->timer = NULL;
    t->changed = t->presence = false;
    if (!shelf_get(d->shelf, &t->id, &doc))
        return;
    if (presence) {
        json_t *here = docs_here(d, &t->id);
        t->here = json_array_size(here);
        post(d, "doc.presence", &t->id,
             json_pack("{s:I, s:o}", "present", (json_int_t)t->here, "here", here));
    }
    if (changed) {
        docs_take_title(d, &doc);
        post(d, "doc.changed", &t->id, docs_row(d, &doc));
    }
}

static void tell_soon(struct telling *t)
{
    if (!t->timer)
        t->timer = timer_start(t->d->env.loop, DOCS_TELL_US, tell, t);
}

static void on_room(void *arg, struct room *room, enum room_event ev)
{
    struct telling *t = telling_of(arg, room_id(room));
    switch (ev) {
    case ROOM_CHANGED:
        t->changed = true;
        break;
    case ROOM_PRESENCE:
        t->presence = true;
        break;
    }
    tell_soon(t);
}

void docs_tell_members(struct docs *d, const struct doc_id *id)
{
    struct telling *t = telling_of(d, id);
    post(d, "doc.member", id, json_pack("{s:o}", "members", docs_members(d, id)));
    t->changed = true;
    tell_soon(t);
}

void docs_events_begin(struct docs *d)
{
    d->telling = map_new(loop_random_u64(d->env.loop));
    d->watch = (struct room_watch){.cb = on_room, .arg = d};
    rooms_watch(d->rooms, &d->watch);
}

void docs_events_end(struct docs *d)
{
    struct telling *t;
    room_unwatch(&d->watch);
    for (size_t at = 0; (t = map_next(d->telling, &at, NULL, NULL));) {
        timer_cancel(t->timer);
        free(t);
    }
    map_free(d->telling);
    d->telling = NULL;
}
