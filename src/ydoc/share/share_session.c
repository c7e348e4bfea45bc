/* A stream with another member: a greeting each way, and then what the seats of the room say.
 *
 *     opened ----------------> its greeting goes out, the answer comes ---> live
 *     comes ---> its greeting comes, the answer goes out ----------------> live
 *
 * Of two that both opened at once, the one of the smaller peer id stays. */
#include "ydoc/share/share_in.h"

#include "base/mem.h"
#include "host/trust.h"
#include "ydoc/lib0.h"

#include <string.h>

#define SLOW_LOOK_US (50 * MSEC) /* between two looks whether a paused seat may go on */
#define DENIED_US (600 * SEC)    /* before somebody who sent us away is visited again */
enum { Y_SYNC = 0, Y_STEP_2 = 1 };

static void attach(struct session *x, struct shared *d)
{
    x->doc = d;
    list_push(&d->sessions, &x->link);
    d->session_count++;
}

static void detach(struct session *x)
{
    list_drop(&x->link);
    if (x->doc)
        x->doc->session_count--;
    else
        x->s->stranger_count--;
    x->doc = NULL;
}

/* It has caught up, or never will: the next may begin. */
static void visit_over(struct session *x)
{
    struct mate *m = mate_find(x->s, &x->peer);
    if (x->visits && m && m->visits > 0) /* it may be another than at the beginning */
        m->visits--;
    x->visits = false;
}

void share_session_free(struct session *x)
{
    struct bond *b = x->live ? bond_find(x->doc, &x->peer) : NULL;
    if (b)
        b->due |= !x->quiet;
    if (x->live)
        mate_seen(x->s, &x->peer);
    visit_over(x);
    detach(x);
    host_open_cancel(x->open);
    timer_cancel(x->timer);
    seat_leave(x->seat);
    messages_free(x->m);
    if (x->join)
        join_left(x->join);
    free(x);
}

static void on_doomed(void *arg)
{
    struct session *x = arg;
    x->timer = NULL;
    share_session_free(x);
}

/* Where it cannot be freed at once. */
static void doom(struct session *x)
{
    if (x->doomed)
        return;
    x->doomed = true;
    timer_cancel(x->timer);
    x->timer = timer_start(x->s->loop, 0, on_doomed, x);
}

struct session *session_find(const struct shared *d, const struct peer_id *peer)
{
    LIST_EACH(&d->sessions, struct session, x, link)
        if (!x->doomed && peer_id_equal(&x->peer, peer))
            return x;
    return NULL;
}

/* --- what the room says --------------------------------------------------------------------- */

static void on_slow(void *arg)
{
    struct session *x = arg;
    uint64_t now_us = loop_now_us(x->s->loop);
    size_t queued = messages_queued(x->m);
    if (queued != x->was_queued)
        x->slow_us = now_us;
    x->was_queued = queued;
    x->timer = NULL;
    if (now_us - x->slow_us > SHARE_SLOW_US) {
        log_debug(x->s->log, "a member takes nothing, and is shown out");
        share_session_free(x);
        return;
    }
    if (queued > 0) {
        x->timer = timer_start(x->s->loop, SLOW_LOOK_US, on_slow, x);
        return;
    }
    x->paused = false;
    seat_resume(x->seat);
}

static bool is_step_2(struct cur message)
{
    return lib0_uint(&message) == Y_SYNC && lib0_uint(&message) == Y_STEP_2;
}

static enum err send(struct session *x, struct cur message, struct why *why)
{
    return x->limited && message.n > PART_MAX && is_step_2(message)
               ? parts_send(x, message, why)
               : messages_send(x->m, message.p, message.n, why);
}

static void on_seat(void *arg, struct cur message)
{
    struct session *x = arg;
    struct why why;
    if (x->doomed)
        return;
    x->moved_us = loop_now_us(x->s->loop);
    if (send(x, message, &why) != OK) {
        log_debug(x->s->log, "a member cannot be told: %s", why.text);
        doom(x);
    } else if (!x->paused && messages_queued(x->m) > SHARE_QUEUED_MAX) {
        x->paused = true;
        x->slow_us = x->moved_us;
        x->was_queued = messages_queued(x->m);
        seat_pause(x->seat);
        x->timer = timer_start(x->s->loop, SLOW_LOOK_US, on_slow, x);
    }
}

/* --- live ----------------------------------------------------------------------------------- */

/* What came of a long answer before the relay had enough of it. */
static enum err say_what_is_here(struct session *x, struct why *why)
{
    struct buf b = {0};
    parts_have(x, &b);
    enum err err = buf_len(&b) > 0 ? messages_send(x->m, buf_bytes(&b), buf_len(&b), why) : OK;
    buf_done(&b);
    return err;
}

static bool go_live(struct session *x, struct why *why)
{
    struct shared *d = x->doc;
    char author[PEER_ID_FORMAT];
    if (!shared_hold(d, why))
        return false;
    struct seat_cfg cfg = {.send = on_seat,
                           .arg = x,
                           .writes = roster_writes(&d->roster, &x->peer),
                           .author = peer_id_format(&x->peer, author)};
    x->seat = room_sit(d->room, &cfg, why);
    if (!x->seat)
        return false;
    x->live = true;
    x->moved_us = loop_now_us(x->s->loop);
    messages_expect(x->m, 0);
    messages_allow(x->m, SHARE_MESSAGE_MAX);
    if (say_what_is_here(x, why) != OK)
        return false;
    share_keep_places(x->s, &x->peer); /* it may be a member since this moment */
    mate_seen(x->s, &x->peer);
    seat_greet(x->seat);
    places_tell(x);
    return true;
}

static void synced(struct session *x)
{
    struct bond *t = bond_find(x->doc, &x->peer);
    x->synced = true;
    visit_over(x);
    if (t)
        t->due = false;
    if (x->join)
        join_synced(x->join);
}

static enum err take_y(struct session *x, struct cur msg, struct why *why)
{
    enum err err = seat_take(x->seat, msg, why);
    if (err == OK && is_step_2(msg))
        synced(x);
    return err;
}

/* An answer that began before they lost us is old by now: they are asked for the rest. */
static enum err take_part(struct session *x, struct cur part, struct why *why)
{
    struct buf whole = {0};
    enum err err = parts_take(x, part, &whole, why);
    if (err == OK && buf_len(&whole) > 0) {
        err = take_y(x, buf_cur(&whole), why);
        if (err == OK && x->goes_on)
            seat_greet(x->seat);
        x->goes_on = false;
    }
    buf_done(&whole);
    return err;
}

/* A message of y-protocols, or one of ours. */
static enum err take(struct session *x, struct cur msg, struct why *why)
{
    struct cur at = msg;
    uint64_t type = lib0_uint(&at);
    if (type == DOC_ROSTER)
        return roster_offer(x->doc, at, why);
    if (type == DOC_PLACE)
        return places_take(x->doc, at, why);
    if (type == DOC_PART)
        return take_part(x, at, why);
    if (type == DOC_PART_HAVE)
        return part_read_have(&x->theirs, at, why);
    return take_y(x, msg, why);
}

/* --- greetings ------------------------------------------------------------------------------ */

static bool say(struct session *x, const struct greet *g)
{
    struct buf b = {0};
    greet_put(g, &b);
    enum err err = messages_send(x->m, buf_bytes(&b), buf_len(&b), NULL);
    buf_done(&b);
    return err == OK;
}

static void refuse(struct session *x, const struct greet *heard, enum greet_code code,
                   const char *words)
{
    struct greet no = {.doc = heard->doc, .code = code};
    roster_name(no.words, cur_of(words, strlen(words)));
    log_debug(x->s->log, "a stream for a document is refused: %s", words);
    if (say(x, &no))
        messages_shut(x->m);
    share_session_free(x);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why);

/* What is longer than a greeting is for members. */
static void let_in(struct session *x)
{
    x->m = messages_new(messages_take(x->m), SHARE_MESSAGE_MAX, on_message, x);
}

/* False: theirs gives way to one of ours. */
static bool make_way(struct session *x, const struct shared *d)
{
    struct session *other = session_find(d, &x->peer);
    if (!other)
        return true;
    if (other->ours && !other->live && peer_id_cmp(&x->s->self, &x->peer) < 0)
        return false;
    share_session_free(other); /* of before it lost us, or ours, which gives way */
    return true;
}

static void on_greeting(struct session *x, const struct greet *g)
{
    static const char nothing[] = "there is no such document here for you";
    struct shared *d = shared_find(x->s, &g->doc);
    struct why why;
    if (!d) {
        refuse(x, g, GREET_DENIED, nothing);
        return;
    }
    if (g->roster.n > 0 && roster_offer(d, g->roster, &why) != OK) {
        refuse(x, g, why.code == ERR_IO ? GREET_BUSY : GREET_DENIED, why.text);
        return;
    }
    if (g->joins && d->ours && door_enter(d, g, &x->peer, &why) != OK) {
        refuse(x, g, why.code == ERR_DENIED ? GREET_TOKEN : GREET_BUSY, why.text);
        return;
    }
    if (!roster_has_us(d) || !roster_find(&d->roster, &x->peer)) {
        refuse(x, g, GREET_DENIED, nothing);
        return;
    }
    if (!make_way(x, d) || d->session_count >= SHARE_STREAMS_MAX) {
        refuse(x, g, GREET_BUSY, "there are streams enough for this document");
        return;
    }
    struct cur newer = buf_cur(&d->signed_roster);
    if (g->roster.n == newer.n && memcmp(g->roster.p, newer.p, newer.n) == 0)
        newer = (struct cur){0};
    struct greet yes = {.doc = d->id, .roster = newer};
    detach(x);
    attach(x, d);
    let_in(x);
    if (!say(x, &yes) || !go_live(x, &why))
        share_session_free(x);
}

/* What others say of it is their opinion; its owner knows. */
static void sent_away(struct session *x, const struct greet *g)
{
    struct shared *d = x->doc;
    const struct roster_member *m = d ? roster_find(&d->roster, &x->peer) : NULL;
    struct bond *t = d ? bond_find(d, &x->peer) : NULL;
    log_debug(x->s->log, "a member does not let us in: %s", g->words);
    if (t && g->code != GREET_BUSY)
        t->not_before_us = loop_now_us(x->s->loop) + DENIED_US;
    if (m && m->role == DOC_OWNER && g->code == GREET_DENIED)
        roster_shown_out(d);
}

static void on_answer(struct session *x, const struct greet *g)
{
    struct why why = {0};
    if (memcmp(&g->doc, &x->id, sizeof x->id) != 0)
        why_set(&why, ERR_INVALID, "the answer is about another document");
    else if (g->code != GREET_OK)
        why_set(&why, ERR_DENIED, "%s", g->words);
    if (why.code == ERR_DENIED && !x->join)
        sent_away(x, g);
    if (why.code == OK && x->join && join_welcome(x->join, g, &why) == OK) {
        detach(x);
        attach(x, shared_find(x->s, &x->id));
    }
    if (why.code == OK && g->roster.n > 0)
        why.code = roster_offer(x->doc, g->roster, &why);
    if (x->doomed) /* by that roster */
        return;
    if (why.code == OK && go_live(x, &why))
        return;
    if (x->join)
        join_failed(x->join, g->code, &why);
    share_session_free(x);
}

static void on_first(struct session *x, struct cur msg)
{
    struct greet g;
    struct why why;
    if (greet_read(&g, msg, &why) != OK) {
        log_debug(x->s->log, "a stream for a document: %s", why.text);
        if (x->join)
            join_failed(x->join, GREET_OTHER, &why);
        share_session_free(x);
    } else if (x->ours) {
        on_answer(x, &g);
    } else {
        on_greeting(x, &g);
    }
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct session *x = arg;
    struct why own;
    if (ev != MESSAGES_ONE) {
        x->quiet = ev == MESSAGES_END;
        if (x->join && !x->synced)
            join_failed(x->join, GREET_OTHER, why);
        share_session_free(x);
        return;
    }
    if (x->doomed)
        return;
    if (!x->live) {
        on_first(x, msg);
        return;
    }
    x->moved_us = loop_now_us(x->s->loop);
    if (take(x, msg, &own) != OK) {
        log_debug(x->s->log, "a member speaks nonsense, and is shown out: %s", own.text);
        doom(x);
    }
}

/* --- opened --------------------------------------------------------------------------------- */

static void greet(struct session *x)
{
    struct greet g = {.doc = x->id};
    if (x->join)
        join_greet(x->join, &g);
    else
        g.roster = buf_cur(&x->doc->signed_roster);
    if (!say(x, &g))
        doom(x);
}

static void on_opened(void *arg, const struct host_stream *st, const struct why *why)
{
    struct session *x = arg;
    x->open = NULL;
    if (!st) {
        if (x->join)
            join_failed(x->join, GREET_OTHER, why);
        share_session_free(x);
        return;
    }
    x->limited = st->limited;
    x->m = messages_new(st->conn, SHARE_MESSAGE_MAX, on_message, x);
    messages_expect(x->m, SHARE_GREET_US);
    greet(x);
}

static struct session *session_new(struct share *s, const struct peer_id *peer)
{
    struct session *x = MEM_NEW(struct session);
    x->s = s;
    x->peer = *peer;
    return x;
}

struct session *session_open(struct share *s, const struct doc_id *id, const struct peer_id *peer,
                             struct share_join *join)
{
    static const char *const protocols[] = {DOC_PROTOCOL};
    struct session *x = session_new(s, peer);
    struct mate *m = mate_find(s, peer);
    x->id = *id;
    x->ours = true;
    x->join = join;
    if (join) {
        list_push(&s->strangers, &x->link);
        s->stranger_count++;
    } else {
        attach(x, shared_find(s, id));
        x->visits = m != NULL;
        m->visits++;
    }
    x->open = host_open(s->host, peer, protocols, 1, on_opened, x);
    return x;
}

static size_t strangers_of(const struct share *s, const struct peer_id *peer)
{
    size_t n = 0;
    LIST_EACH(&s->strangers, struct session, x, link)
        n += peer_id_equal(&x->peer, peer);
    return n;
}

static void on_stream(void *arg, const struct host_stream *st)
{
    struct share *s = arg;
    if (trust_of(host_trust(s->host), st->peer) == TRUST_BLOCKED ||
        s->stranger_count >= SHARE_GREETING_MAX ||
        strangers_of(s, st->peer) >= SHARE_GREETING_PEER_MAX) {
        conn_close(st->conn);
        return;
    }
    struct session *x = session_new(s, st->peer);
    list_push(&s->strangers, &x->link);
    s->stranger_count++;
    x->limited = st->limited;
    x->m = messages_new(st->conn, GREET_MAX, on_message, x);
    messages_expect(x->m, SHARE_GREET_US);
}

void sessions_begin(struct share *s)
{
    struct host_protocol p = {.name = DOC_PROTOCOL, .cb = on_stream, .arg = s, .limited = true};
    host_handle(s->host, &p);
}

void sessions_done(struct share *s)
{
    if (s->host)
        host_ignore(s->host, DOC_PROTOCOL);
    LIST_EACH(&s->strangers, struct session, x, link)
        share_session_free(x);
}

/* --- all of a document ---------------------------------------------------------------------- */

static void tell_roster(struct session *x)
{
    struct buf b = {0};
    lib0_put_uint(&b, DOC_ROSTER);
    buf_put(&b, buf_bytes(&x->doc->signed_roster), buf_len(&x->doc->signed_roster));
    if (messages_send(x->m, buf_bytes(&b), buf_len(&b), NULL) != OK)
        doom(x);
    buf_done(&b);
}

/* Nothing more is said to it from here on, nor heard. */
static void show_out(struct session *x)
{
    seat_leave(x->seat);
    x->seat = NULL;
    doom(x);
}

void sessions_roster(struct shared *d)
{
    LIST_EACH(&d->sessions, struct session, x, link) {
        if (x->doomed)
            continue;
        if (!roster_has_us(d) || !roster_find(&d->roster, &x->peer)) {
            show_out(x);
        } else if (x->live) {
            tell_roster(x);
            seat_set_writes(x->seat, roster_writes(&d->roster, &x->peer));
        }
    }
}

void sessions_see(struct shared *d)
{
    uint64_t now_us = loop_now_us(d->s->loop);
    LIST_EACH(&d->sessions, struct session, x, link)
        if (x->live && !x->doomed && now_us - x->moved_us > SHARE_QUIET_US &&
            now_us - d->busy_us > SHARE_BUSY_US) {
            x->quiet = true;
            messages_shut(x->m);
            share_session_free(x);
        }
}

void sessions_ask(struct shared *d)
{
    LIST_EACH(&d->sessions, struct session, x, link)
        if (x->live && !x->doomed)
            seat_greet(x->seat);
}
