/* What is being written down.  An update is told to the others only when it is on disk: what its
 * author wrote here on ours, what came from a peer on the peer's, who told it us for that reason.
 * Ours follows.
 *
 * When it could not be written, memory holds what the disk does not.  Then the document is read
 * again from disk, so that nothing is shown that the next start would not know; everybody is told
 * why; and after a while all seats are asked what they have that we lack (step 1), as if they had
 * just come.  Whoever wrote what was lost still has it, and sends it again. */
#include "ydoc/room/room_in.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "ydoc/sync.h"

#include <stdio.h>

struct keeping {
    struct link link;
    struct room *room;
    struct seat *from; /* NULL: ourselves, or it left */
    uint64_t number;
    bool told;
    struct buf update;
    shelf_done_cb *done;
    void *arg;
};

/* ---- when it fails ---- */

static void on_mend(void *arg);

static void mend_in(struct room *room, uint64_t after_us)
{
    timer_cancel(room->mend);
    room->mend = timer_start(room->rooms->cfg.loop, after_us, on_mend, room);
}

enum err room_settle(struct room *room, struct why *why)
{
    if (room->health != ROOM_SPOILT)
        return OK;
    struct why reason;
    struct ydoc *doc = room_load(room, &reason);
    if (!doc) {
        mend_in(room, ROOM_AGAIN_US);
        return why_set(why, reason.code, "the document could not be read again: %s", reason.text);
    }
    ydoc_free(room->doc);
    room->doc = doc;
    room->health = ROOM_DEAF;
    mend_in(room, ROOM_AGAIN_US);
    return OK;
}

static void on_mend(void *arg)
{
    struct room *room = arg;
    room->mend = NULL;
    if (room->health == ROOM_SPOILT) {
        if (room_settle(room, NULL) == OK)
            room_tell_watchers(room, ROOM_CHANGED);
        return;
    }
    room->health = ROOM_WELL;
    room_mended(room);
}

/* The rest of the same commit fails in the same turn; then the room is mended once. */
static void fail(struct room *room, const struct why *why)
{
    if (room->health == ROOM_SPOILT)
        return;
    struct buf message = {0};
    char text[sizeof why->text + 40];
    snprintf(text, sizeof text, "the change could not be kept: %s", why->text);
    if (room->health == ROOM_WELL)
        log_warn(room->rooms->cfg.log, "%s", text);
    room->health = ROOM_SPOILT;
    mend_in(room, 0);
    room_break_promises(room);
    sync_denied(text, &message);
    room_say(room, NULL, buf_cur(&message));
    buf_done(&message);
}

/* ---- when it is kept ---- */

static void fold(struct room *room)
{
    struct why why;
    struct shelf *shelf = room->rooms->cfg.shelf;
    if (room->health == ROOM_WELL && list_empty(&room->keeping) &&
        shelf_is_long(shelf, &room->id) && shelf_fold(shelf, &room->id, room->doc, &why) != OK)
        log_warn(room->rooms->cfg.log, "the log could not be folded: %s", why.text);
}

static void kept(struct room *room, const struct keeping *k)
{
    room->kept = k->number;
    if (!k->told)
        room_say_update(room, k->from, k->number, buf_cur(&k->update));
    room_release(room);
    room_tell_watchers(room, ROOM_CHANGED);
    fold(room);
}

static void keeping_free(struct keeping *k)
{
    buf_done(&k->update);
    free(k);
}

static void on_done(void *arg, const struct why *why)
{
    struct keeping *k = arg;
    struct room *room = k->room;
    list_drop(&k->link);
    if (why) {
        room->kept = k->number; /* nobody waits for it any more */
        fail(room, why);
    } else {
        kept(room, k);
    }
    if (k->done)
        k->done(k->arg, why);
    keeping_free(k);
}

void room_keep(struct room *room, struct seat *from, struct cur update, const char *author,
               shelf_done_cb *done, void *arg)
{
    struct keeping *k = MEM_NEW(struct keeping);
    k->room = room;
    k->from = from;
    k->number = ++room->taken;
    buf_put(&k->update, update.p, update.n);
    k->done = done;
    k->arg = arg;
    list_push(&room->keeping, &k->link);
    k->told = from && !from->cfg.local;
    if (k->told)
        room_say_update(room, from, k->number, update);
    shelf_append(room->rooms->cfg.shelf, &room->id, update, author, on_done, k);
}

void room_keep_without(struct room *room, const struct seat *s)
{
    LIST_EACH(&room->keeping, struct keeping, k, link)
        if (k->from == s)
            k->from = NULL;
}

void room_keep_done(struct room *room)
{
    timer_cancel(room->mend);
    LIST_EACH(&room->keeping, struct keeping, k, link) {
        list_drop(&k->link);
        keeping_free(k);
    }
}

/* ---- our own edits ---- */

void room_begin(struct room *room)
{
    (void)room_settle(room, NULL);
    ydoc_begin(room->doc);
}

void room_commit(struct room *room, const char *author, shelf_done_cb *done, void *arg)
{
    struct buf update = {0};
    struct why why = {0};
    ydoc_commit(room->doc, UPDATE_V1, &update);
    if (room->health == ROOM_SPOILT)
        why_set(&why, ERR_IO, "the document could not be read again after a write had failed");
    else if (buf_len(&update) > SHELF_UPDATE_MAX)
        why_set(&why, ERR_LIMIT, "a change of %zu bytes, at most %d", buf_len(&update),
                SHELF_UPDATE_MAX);
    if (why.code == OK && buf_len(&update) > 0) {
        room_keep(room, NULL, buf_cur(&update), author, done, arg);
    } else {
        if (why.code != OK)
            fail(room, &why);
        if (done)
            done(arg, why.code != OK ? &why : NULL);
    }
    buf_done(&update);
}

void room_set_text(struct room *room, const char *root, struct cur utf8, const char *author,
                   shelf_done_cb *done, void *arg)
{
    struct why why;
    enum err e = utf8_valid(utf8.p, utf8.n) ? OK : why_set(&why, ERR_INVALID, "not UTF-8");
    room_begin(room);
    if (e == OK)
        e = ytext_become(room->doc, root, utf8, &why);
    if (e == OK) {
        room_commit(room, author, done, arg);
        return;
    }
    ydoc_commit(room->doc, UPDATE_V1, NULL);
    if (done)
        done(arg, &why);
}

void room_take(struct room *room, struct cur update, const char *author, shelf_done_cb *done,
               void *arg)
{
    struct buf news = {0};
    struct why why;
    bool waits = false;
    enum err e = room_settle(room, &why);
    if (e == OK && update.n > SHELF_UPDATE_MAX)
        e = why_set(&why, ERR_LIMIT, "a change of %zu bytes, at most %d", update.n,
                    SHELF_UPDATE_MAX);
    if (e == OK && update.n > 0)
        e = ydoc_learn(room->doc, UPDATE_V1, update, &news, &waits, &why);
    if (e == OK && (waits || buf_len(&news) > 0))
        room_keep(room, NULL, waits ? update : buf_cur(&news), author, done, arg);
    else if (done)
        done(arg, e != OK ? &why : NULL);
    buf_done(&news);
}
