#include "base/mem.h"
#include "ydoc/awareness.h"
#include "ydoc/lib0.h"
#include "ydoc/room/room_in.h"
#include "ydoc/sync.h"

static const char no_writing[] = "this document may be read here, but not written";

/* An answer that may be given when so many updates are on disk. */
struct held {
    struct link link;
    uint64_t number;
    struct buf message;
};

static bool may_write(const struct seat *s)
{
    return s->cfg.local ? s->room->writable : s->cfg.writes;
}

/* ---- speaking ---- */

void seat_say(struct seat *s, struct cur message)
{
    if (!s->paused && message.n > 0)
        s->cfg.send(s->cfg.arg, message);
}

void room_say(struct room *room, const struct seat *but, struct cur message)
{
    LIST_EACH(&room->seats, struct seat, s, link)
        if (s != but)
            seat_say(s, message);
}

void room_say_own(struct room *room, bool own_only, struct cur message)
{
    LIST_EACH(&room->seats, struct seat, s, link)
        if (s->cfg.own_only == own_only)
            seat_say(s, message);
}

static void put_held(struct link *to, uint64_t number, struct cur message)
{
    struct held *h = MEM_NEW(struct held);
    h->number = number;
    buf_put(&h->message, message.p, message.n);
    list_push(to, &h->link);
}

static void drop_held(struct held *h)
{
    list_drop(&h->link);
    buf_done(&h->message);
    free(h);
}

/* What was encoded just now may hold all that the document took in. */
static void say_when_kept(struct seat *s, struct cur message)
{
    if (s->room->kept == s->room->taken)
        seat_say(s, message);
    else
        put_held(&s->held, s->room->taken, message);
}

static void release(struct seat *s)
{
    LIST_EACH(&s->held, struct held, h, link)
        if (h->number <= s->room->kept && !s->paused) {
            seat_say(s, buf_cur(&h->message));
            drop_held(h);
        }
}

void room_release(struct room *room)
{
    LIST_EACH(&room->seats, struct seat, s, link)
        release(s);
}

/* Who was promised something that holds it is owed the whole document: what else it has is not
 * known any more. */
void room_break_promises(struct room *room)
{
    LIST_EACH(&room->seats, struct seat, s, link) {
        s->owed |= s->paused || !list_empty(&s->held);
        LIST_EACH(&s->held, struct held, h, link)
            drop_held(h);
    }
}

/* What was under way to the disk when it was paused is in none of the two: neither did it hear of
 * it, nor is it beyond its state vector. */
void room_say_update(struct room *room, const struct seat *but, uint64_t number, struct cur update)
{
    struct buf message = {0};
    sync_update(update, &message);
    LIST_EACH(&room->seats, struct seat, s, link) {
        if (s->cfg.own_only && but && !but->cfg.local)
            continue;
        if (s != but && s->paused && number <= s->taken_then)
            lib0_put_bytes(&s->missed, buf_bytes(&message), buf_len(&message));
        else if (s != but)
            seat_say(s, buf_cur(&message));
    }
    buf_done(&message);
}

static void say_denied(struct seat *s, const char *reason)
{
    struct buf message = {0};
    sync_denied(reason, &message);
    seat_say(s, buf_cur(&message));
    buf_done(&message);
}

/* Our step 1: it answers with what it has and we lack. */
static void ask(struct seat *s)
{
    struct buf message = {0};
    s->unasked = s->paused;
    sync_step1(s->room->doc, &message);
    seat_say(s, buf_cur(&message));
    buf_done(&message);
}

/* What a state vector lacks; NULL: all. */
static void say_since(struct seat *s, const struct states *had)
{
    struct buf update = {0}, message = {0};
    ydoc_encode(s->room->doc, UPDATE_V1, had, &update);
    sync_update(buf_cur(&update), &message);
    say_when_kept(s, buf_cur(&message));
    buf_done(&update);
    buf_done(&message);
}

static void pay(struct seat *s)
{
    if (!s->owed || s->paused)
        return;
    s->owed = false;
    say_since(s, NULL);
}

void room_mended(struct room *room)
{
    LIST_EACH(&room->seats, struct seat, s, link) {
        pay(s);
        ask(s);
    }
}

/* ---- coming and going ---- */

struct seat *room_sit(struct room *room, const struct seat_cfg *cfg, struct why *why)
{
    if (room->seat_count >= SEATS_MAX) {
        why_set(why, ERR_LIMIT, "%d sit at this document, which is as many as may", SEATS_MAX);
        return NULL;
    }
    struct seat *s = MEM_NEW(struct seat);
    s->room = room;
    s->cfg = *cfg;
    s->cfg.author = mem_strdup(cfg->author ? cfg->author : "");
    list_init(&s->held);
    list_push(&room->seats, &s->link);
    room->seat_count++;
    return s;
}

void seat_greet(struct seat *s)
{
    struct buf message = {0};
    (void)room_settle(s->room, NULL);
    ask(s);
    room_here_all(s->room, &message);
    seat_say(s, buf_cur(&message));
    buf_done(&message);
    if (!may_write(s))
        say_denied(s, no_writing);
}

static void seat_done_buffers(struct seat *s)
{
    buf_done(&s->had);
    buf_done(&s->missed);
    buf_done(&s->question);
}

void seat_leave(struct seat *s)
{
    if (!s)
        return;
    struct room *room = s->room;
    list_drop(&s->link);
    room->seat_count--;
    room_keep_without(room, s);
    LIST_EACH(&s->held, struct held, h, link)
        drop_held(h);
    room_here_without(room, s);
    seat_done_buffers(s);
    free((char *)(uintptr_t)s->cfg.author);
    free(s);
}

/* ---- who may write ---- */

/* Who may write from now on is asked for what was refused so far. */
static void writes_changed(struct seat *s, bool before)
{
    if (!before && may_write(s))
        ask(s);
    else if (before && !may_write(s))
        say_denied(s, no_writing);
}

void seat_set_writes(struct seat *s, bool writes)
{
    bool before = may_write(s);
    s->cfg.writes = writes;
    writes_changed(s, before);
}

void room_set_writable(struct room *room, bool writable)
{
    bool was = room->writable;
    room->writable = writable;
    LIST_EACH(&room->seats, struct seat, s, link)
        if (s->cfg.local)
            writes_changed(s, was);
}

void room_say_gone(struct room *room)
{
    struct why why;
    why_set(&why, ERR_NOT_FOUND, "the document was removed from this node");
    room->holders++; /* the last to leave does not end it under us */
    LIST_EACH(&room->seats, struct seat, s, link)
        if (s->cfg.gone)
            s->cfg.gone(s->cfg.arg, &why);
    room_set_writable(room, false);
    room_done(room);
}

/* ---- pauses ---- */

void seat_pause(struct seat *s)
{
    if (s->paused)
        return;
    s->paused = true;
    s->taken_then = s->room->taken;
    ydoc_state(s->room->doc, &s->had);
}

/* All that the document took in since the pause, as one update. */
static void say_missed(struct seat *s)
{
    struct states had = {0};
    if (s->owed)
        pay(s);
    else if (s->room->taken > s->taken_then && states_read(&had, buf_cur(&s->had), NULL) == OK)
        say_since(s, &had);
    states_done(&had);
}

void seat_resume(struct seat *s)
{
    struct buf message = {0}, question = s->question;
    if (!s->paused)
        return;
    (void)room_settle(s->room, NULL);
    s->paused = false;
    s->question = (struct buf){0};
    for (struct cur c = buf_cur(&s->missed); c.n > 0;)
        seat_say(s, lib0_bytes(&c));
    say_missed(s);
    release(s);
    if (s->unasked)
        ask(s);
    room_here_all(s->room, &message);
    seat_say(s, buf_cur(&message));
    struct why why;
    if (buf_len(&question) > 0 && seat_take(s, buf_cur(&question), &why) != OK)
        log_debug(s->room->rooms->cfg.log, "what was asked in a pause: %s", why.text);
    buf_done(&message);
    buf_done(&question);
    seat_done_buffers(s);
}

/* ---- listening ---- */

/* What waits for other updates is told as it came.  It came to others as well, who tell it us in
 * turn: twice within the last ones is once too often. */
static bool is_news(struct room *room, struct cur news)
{
    uint64_t hash;
    if (news.n == 0)
        return false;
    if (!ydoc_pending(room->doc))
        return true;
    hash = map_hash(1, news.p, news.n);
    for (unsigned i = 0; i < ROOM_WAITED; i++)
        if (room->waited[i] == hash)
            return false;
    room->waited[room->next_waited] = hash;
    room->next_waited = (room->next_waited + 1) % ROOM_WAITED;
    return true;
}

static void take_in(struct seat *s, struct cur news, const char *author)
{
    if (is_news(s->room, news))
        room_keep(s->room, s, news, author, NULL, NULL);
}

static void heard(struct seat *s, enum sync_kind kind, struct cur payload, struct cur reply)
{
    struct room *room = s->room;
    switch (kind) {
    case SYNC_ASKED:
        say_when_kept(s, reply);
        break;
    case SYNC_UPDATE:
        take_in(s, payload, s->cfg.author);
        break;
    case SYNC_REFUSED:
        if (!may_write(s)) /* else we ask for it again */
            say_denied(s, no_writing);
        break;
    case SYNC_AWARENESS:
        if (payload.n > 0)
            room_here_changed(room, s, payload);
        break;
    case SYNC_NOTHING:
    case SYNC_DENIED: /* its business: nothing of ours is lost */
        break;
    }
}

enum err seat_take(struct seat *s, struct cur message, struct why *why)
{
    struct room *room = s->room;
    struct buf reply = {0}, scratch = {0};
    struct cur payload;
    enum sync_kind kind;
    if (message.n > ROOM_MESSAGE_MAX)
        return why_set(why, ERR_LIMIT, "a message of %zu bytes, at most %d", message.n,
                       ROOM_MESSAGE_MAX);
    enum err e = room_settle(room, why);
    if (e != OK)
        return e;
    bool writes = may_write(s) && room->health == ROOM_WELL;
    e = sync_take(room->doc, room->here, message, writes, loop_now_us(room->rooms->cfg.loop), &kind,
                  &payload, &reply, &scratch, why);
    if (e == OK && kind == SYNC_ASKED && s->paused) {
        buf_clear(&s->question);
        buf_put(&s->question, message.p, message.n);
    } else if (e == OK) {
        heard(s, kind, payload, buf_cur(&reply));
    }
    buf_done(&reply);
    buf_done(&scratch);
    return e;
}

enum err seat_take_update(struct seat *s, struct cur update, const char *author, struct why *why)
{
    struct room *room = s->room;
    struct buf news = {0};
    bool waits = false;
    enum err e = room_settle(room, why);
    if (e != OK)
        return e;
    if (room->health != ROOM_WELL)
        return why_set(why, ERR_STATE, "a change could not be kept; updates are taken in soon");
    e = ydoc_learn(room->doc, UPDATE_V1, update, &news, &waits, why);
    if (e == OK)
        take_in(s, waits ? update : buf_cur(&news), author);
    buf_done(&news);
    return e;
}
