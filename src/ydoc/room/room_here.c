/* Who is here.  A cursor that moves often is told at a pace: at once, and then each
 * ROOM_PRESENCE_US at most, as it stands by then. */
#include "ydoc/room/room_in.h"

#include "base/mem.h"
#include "ydoc/awareness.h"
#include "ydoc/lib0.h"
#include "ydoc/sync.h"

#include <string.h>

struct presence {
    uint64_t client;
    struct seat *by;  /* through whom it was told last; NULL: gone */
    uint64_t told_us; /* 0: not yet */
    bool due;
    bool own; /* it is our owner's */
};

/* Entries of awareness, and how many. */
struct entries {
    struct buf bytes;
    uint64_t count;
};

static void tell_due(struct room *room);

static void on_tell(void *arg)
{
    struct room *room = arg;
    room->tell = NULL;
    tell_due(room);
}

static void add(struct room *room, const struct presence *p, struct entries *to)
{
    to->count += awareness_put(room->here, p->client, &to->bytes);
}

/* The entries that may be told now, and those of our owner among them.  *wait_us: until the next
 * may, or UINT64_MAX. */
static void collect(struct room *room, struct entries *all, struct entries *own, uint64_t *wait_us)
{
    uint64_t now_us = loop_now_us(room->rooms->cfg.loop);
    struct presence *p;
    *wait_us = UINT64_MAX;
    for (size_t at = 0; (p = map_next(room->presences, &at, NULL, NULL));) {
        if (!p->due)
            continue;
        uint64_t since_us = now_us - p->told_us;
        if (p->told_us > 0 && since_us < ROOM_PRESENCE_US) {
            uint64_t left_us = ROOM_PRESENCE_US - since_us;
            *wait_us = left_us < *wait_us ? left_us : *wait_us;
            continue;
        }
        p->due = false;
        p->told_us = now_us;
        add(room, p, all);
        if (p->own)
            add(room, p, own);
    }
}

static void put_message(uint64_t count, const struct buf *entries, struct buf *out)
{
    struct buf update = {0};
    lib0_put_uint(&update, count);
    buf_put(&update, buf_bytes(entries), buf_len(entries));
    sync_awareness(buf_cur(&update), out);
    buf_done(&update);
}

static void say_entries(struct room *room, bool own_only, struct entries *e)
{
    struct buf message = {0};
    if (e->count > 0) {
        put_message(e->count, &e->bytes, &message);
        room_say_own(room, own_only, buf_cur(&message));
    }
    buf_done(&e->bytes);
    buf_done(&message);
}

static void tell_due(struct room *room)
{
    struct entries all = {0}, own = {0};
    uint64_t wait_us;
    collect(room, &all, &own, &wait_us);
    if (wait_us != UINT64_MAX && !room->tell)
        room->tell = timer_start(room->rooms->cfg.loop, wait_us, on_tell, room);
    bool any = all.count > 0;
    say_entries(room, false, &all);
    say_entries(room, true, &own);
    if (any)
        room_tell_watchers(room, ROOM_PRESENCE);
}

static struct presence *presence_of(struct room *room, uint64_t client)
{
    struct presence *p = map_get(room->presences, &client, sizeof client);
    if (!p) {
        p = MEM_NEW(struct presence);
        p->client = client;
        map_put(room->presences, &p->client, sizeof p->client, p);
    }
    return p;
}

/* ---- expiry ---- */

static void forget_gone(struct room *room)
{
    struct presence *p;
    struct buf entry = {0};
    for (size_t at = 0; (p = map_next(room->presences, &at, NULL, NULL));)
        if (!awareness_put(room->here, p->client, &entry)) {
            map_drop(room->presences, &p->client, sizeof p->client);
            free(p);
        }
    buf_done(&entry);
}

static void on_expire(void *arg)
{
    struct room *room = arg;
    struct buf changed = {0};
    room->expire = NULL;
    awareness_expire(room->here, loop_now_us(room->rooms->cfg.loop), &changed);
    forget_gone(room);
    if (buf_len(&changed) > 0)
        room_here_changed(room, NULL, buf_cur(&changed));
    buf_done(&changed);
    if (map_count(room->presences) > 0 && !room->expire)
        room->expire = timer_start(room->rooms->cfg.loop, ROOM_EXPIRE_US, on_expire, room);
}

/* ---- what happens ---- */

void room_here_changed(struct room *room, struct seat *from, struct cur changed)
{
    for (uint64_t n = lib0_uint(&changed); n > 0 && !changed.bad; n--) {
        struct presence *p = presence_of(room, lib0_uint(&changed));
        lib0_uint(&changed); /* its clock */
        struct cur json = lib0_bytes(&changed);
        p->by = json.n == 4 && memcmp(json.p, "null", 4) == 0 ? NULL : from;
        p->own = from ? from->cfg.local : p->own;
        p->due = true;
    }
    if (map_count(room->presences) > 0 && !room->expire)
        room->expire = timer_start(room->rooms->cfg.loop, ROOM_EXPIRE_US, on_expire, room);
    tell_due(room);
}

void room_here_without(struct room *room, const struct seat *s)
{
    struct presence *p;
    for (size_t at = 0; (p = map_next(room->presences, &at, NULL, NULL));)
        if (p->by == s) {
            awareness_gone(room->here, p->client);
            p->by = NULL;
            p->due = true;
            p->told_us = 0;
        }
    tell_due(room);
}

void room_here_all(struct room *room, struct buf *out)
{
    struct presence *p;
    struct buf entries = {0};
    uint64_t count = 0;
    for (size_t at = 0; (p = map_next(room->presences, &at, NULL, NULL));)
        count += awareness_put(room->here, p->client, &entries);
    if (count > 0)
        put_message(count, &entries, out);
    buf_done(&entries);
}

void room_here_init(struct room *room)
{
    room->presences = map_new(loop_random_u64(room->rooms->cfg.loop));
}

void room_here_done(struct room *room)
{
    struct presence *p;
    timer_cancel(room->tell);
    timer_cancel(room->expire);
    for (size_t at = 0; (p = map_next(room->presences, &at, NULL, NULL));)
        free(p);
    map_free(room->presences);
}
