#include "ydoc/room/room.h"

#include "base/mem.h"
#include "ydoc/awareness.h"
#include "ydoc/room/room_in.h"

#include <assert.h>

struct rooms *rooms_new(const struct rooms_cfg *cfg)
{
    struct rooms *r = MEM_NEW(struct rooms);
    r->cfg = *cfg;
    r->open = map_new(loop_random_u64(cfg->loop));
    list_init(&r->watches);
    return r;
}

static void room_free(struct room *room)
{
    assert(list_empty(&room->seats));
    timer_cancel(room->linger);
    room_keep_done(room);
    room_here_done(room);
    awareness_free(room->here);
    ydoc_free(room->doc);
    if (room->forgotten)
        map_drop(room->rooms->open, &room->forgotten, sizeof room->forgotten);
    else
        map_drop(room->rooms->open, room->id.key, DOC_ID_LEN);
    free(room);
}

void rooms_free(struct rooms *r)
{
    struct room *room;
    if (!r)
        return;
    for (size_t at = 0; (room = map_next(r->open, &at, NULL, NULL));) {
        assert(room->holders == 0);
        room_free(room);
    }
    map_free(r->open);
    free(r);
}

/* ---- open and close ---- */

/* 32 bits of client id keep updates short; not one that wrote here before, for what it had written
 * last need not have reached the disk. */
struct ydoc *room_load(struct room *room, struct why *why)
{
    struct loop *loop = room->rooms->cfg.loop;
    for (;;) {
        uint64_t client = loop_random_u64(loop) >> 32;
        struct ydoc *doc = ydoc_new(client, true, loop_random_u64(loop));
        struct buf state = {0};
        struct states states = {0};
        enum err e = shelf_load(room->rooms->cfg.shelf, &room->id, doc, why);
        if (e == OK) {
            ydoc_state(doc, &state);
            e = states_read(&states, buf_cur(&state), why);
        }
        bool known = e == OK && states_get(&states, client) > 0;
        buf_done(&state);
        states_done(&states);
        if (e == OK && !known)
            return doc;
        ydoc_free(doc);
        if (e != OK)
            return NULL;
    }
}

static void on_linger(void *arg)
{
    struct room *room = arg;
    room->linger = NULL;
    if (list_empty(&room->keeping))
        room_free(room);
    else
        room->linger = timer_start(room->rooms->cfg.loop, ROOM_LINGER_US, on_linger, room);
}

/* One that only lingers makes room for another. */
static bool make_room(struct rooms *r, struct why *why)
{
    struct room *room;
    if (map_count(r->open) < ROOMS_MAX)
        return true;
    for (size_t at = 0; (room = map_next(r->open, &at, NULL, NULL));)
        if (room->holders == 0 && list_empty(&room->keeping)) {
            room_free(room);
            return true;
        }
    why_set(why, ERR_LIMIT, "%d documents are open, which is as many as may be", ROOMS_MAX);
    return false;
}

static struct room *room_new(struct rooms *r, const struct doc_id *id, struct why *why)
{
    struct room *room = MEM_NEW(struct room);
    room->rooms = r;
    room->id = *id;
    room->doc = room_load(room, why);
    if (!room->doc) {
        free(room);
        return NULL;
    }
    room->here = awareness_new(loop_random_u64(r->cfg.loop));
    room->writable = true;
    list_init(&room->seats);
    list_init(&room->watches);
    list_init(&room->keeping);
    room_here_init(room);
    map_put(r->open, room->id.key, DOC_ID_LEN, room);
    return room;
}

static void tell_opened(struct room *room)
{
    LIST_EACH(&room->rooms->watches, struct room_watch, w, link)
        if (w->opened)
            w->opened(w->arg, room);
}

struct room *rooms_open(struct rooms *r, const struct doc_id *id, struct why *why)
{
    struct room *room = map_get(r->open, id->key, DOC_ID_LEN);
    struct shelf_doc known;
    if (!room && !shelf_get(r->cfg.shelf, id, &known)) {
        why_set(why, ERR_NOT_FOUND, "no such document here");
        return NULL;
    }
    bool fresh = !room;
    if (fresh && make_room(r, why))
        room = room_new(r, id, why);
    if (!room)
        return NULL;
    timer_cancel(room->linger);
    room->linger = NULL;
    room->holders++;
    if (fresh)
        tell_opened(room);
    return room;
}

void room_done(struct room *room)
{
    assert(room->holders > 0);
    if (--room->holders == 0)
        room->linger = timer_start(room->rooms->cfg.loop, room->forgotten ? 0 : ROOM_LINGER_US,
                                   on_linger, room);
}

void rooms_forget(struct rooms *r, const struct doc_id *id)
{
    struct room *room = map_get(r->open, id->key, DOC_ID_LEN);
    if (!room)
        return;
    if (room->holders == 0) {
        room_free(room);
        return;
    }
    map_drop(r->open, id->key, DOC_ID_LEN);
    room->forgotten = ++r->forgotten;
    map_put(r->open, &room->forgotten, sizeof room->forgotten, room);
    room_say_gone(room);
}

/* ---- what it is ---- */

const struct doc_id *room_id(const struct room *room)
{
    return &room->id;
}

struct ydoc *room_doc(struct room *room)
{
    (void)room_settle(room, NULL);
    return room->doc;
}

struct awareness *room_awareness(struct room *room)
{
    return room->here;
}

bool room_writable(const struct room *room)
{
    return room->writable;
}

/* ---- who watches ---- */

void room_watch(struct room *room, struct room_watch *w)
{
    list_push(&room->watches, &w->link);
}

void rooms_watch(struct rooms *r, struct room_watch *w)
{
    list_push(&r->watches, &w->link);
}

void room_unwatch(struct room_watch *w)
{
    list_drop(&w->link);
}

void room_tell_watchers(struct room *room, enum room_event ev)
{
    LIST_EACH(&room->watches, struct room_watch, w, link)
        w->cb(w->arg, room, ev);
    LIST_EACH(&room->rooms->watches, struct room_watch, w, link)
        w->cb(w->arg, room, ev);
}
