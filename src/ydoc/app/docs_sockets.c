/* The y-websocket endpoint: whoever has a WebSocket open at /docs/ID sits in that document's room.
 *
 * y-websocket's messages are y-protocols' own, one in each WebSocket message, so there is nothing
 * to translate.  Who is here by this node's key is its owner, and writes what the owner may. */
#include "base/mem.h"
#include "core/sockets.h"
#include "ydoc/app/docs_in.h"

#include <stdlib.h>

struct app_socket {
    struct room *room;
    struct seat *seat;
};

static enum err find(void *app, const char *path, struct why *why)
{
    struct docs *d = app;
    struct doc_id id;
    struct shelf_doc known;
    if (!doc_id_of(path, &id) || !shelf_get(d->shelf, &id, &known))
        return why_set(why, ERR_NOT_FOUND, "no such document here: its whole id is the path");
    return OK;
}

static struct app_socket *sit(void *app, const char *path, bool writes, socket_send_cb *send,
                              socket_end_cb *end, void *arg, struct why *why)
{
    struct docs *d = app;
    struct doc_id id;
    if (find(app, path, why) != OK || !doc_id_of(path, &id))
        return NULL;
    struct room *room = rooms_open(d->rooms, &id, why);
    if (!room)
        return NULL;
    struct seat_cfg cfg = {.send = send, .gone = end, .arg = arg, .local = writes, .author = d->me};
    struct seat *seat = room_sit(room, &cfg, why);
    if (!seat) {
        room_done(room);
        return NULL;
    }
    struct app_socket *s = MEM_NEW(struct app_socket);
    *s = (struct app_socket){room, seat};
    seat_greet(seat);
    return s;
}

static enum err take(struct app_socket *s, struct cur message, struct why *why)
{
    return seat_take(s->seat, message, why);
}

static void pause_it(struct app_socket *s)
{
    seat_pause(s->seat);
}

static void resume(struct app_socket *s)
{
    seat_resume(s->seat);
}

static void leave(struct app_socket *s)
{
    seat_leave(s->seat);
    room_done(s->room);
    free(s);
}

const struct sockets_ops docs_sockets = {
    .message_max = SHELF_UPDATE_MAX + 64,
    .find = find,
    .open = sit,
    .take = take,
    .pause = pause_it,
    .resume = resume,
    .close = leave,
};
