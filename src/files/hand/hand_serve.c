/* Somebody fetches what he was offered: chunks, as fast as his line and the owner's limits take
 * them; one buffer of them is held, and one is read meanwhile. */
#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "core/policy.h"
#include "host/mux/messages.h"

#include <stdlib.h>

enum { LOW = 256 << 10 };  /* with less that waits, the next is read */
#define END_US (600 * SEC) /* he syncs and names what he got, meanwhile */
#define PAUSE_MIN_US (5 * MSEC)

struct serve {
    struct hands *h;
    struct peer_id peer;
    struct give *give;  /* NULL: it is not known yet which */
    struct messages *m; /* what he wants, and in the end that he has it */
    struct conn *conn;  /* while bytes go */
    struct buf out;
    uint64_t next; /* chunk to be read */
    struct hand_read *read;
    struct why failed; /* OK: it goes well */
    struct timer *later, *idle;
    uint64_t last_us;
    struct link link; /* in hands.serves */
};

static void serve_free(struct serve *s)
{
    if (s->give) {
        s->give->serve = NULL;
        hand_tend(s->h, &s->peer);
    }
    s->h->serve_count--;
    list_drop(&s->link);
    hand_read_cancel(s->read);
    timer_cancel(s->later);
    timer_cancel(s->idle);
    messages_free(s->m);
    conn_close(s->conn);
    buf_done(&s->out);
    free(s);
}

void hand_serves_done(struct hands *h)
{
    LIST_EACH(&h->serves, struct serve, s, link)
        serve_free(s);
}

/* Between two frames alone words can be said; else the line is cut, and he hears them when he comes
 * again. */
void hand_serve_cut(struct serve *s, const char *words)
{
    if (!s)
        return;
    if (words && s->conn && buf_len(&s->out) == 0) {
        hand_frame_put_end(&s->out, words);
        ssize_t n = conn_send(s->conn, buf_bytes(&s->out), buf_len(&s->out));
        if (n == (ssize_t)buf_len(&s->out))
            conn_shut(s->conn);
    } else if (s->m) {
        messages_shut(s->m);
    }
    serve_free(s);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void go_on(struct serve *s);
static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why);

static void on_later(void *arg)
{
    struct serve *s = arg;
    s->later = NULL;
    go_on(s);
}

/* The file is another, or gone: trying again is of no use.  A disk may be in a better mood. */
static bool is_for_good(const struct why *why)
{
    return why->code == ERR_STATE || why->code == ERR_NOT_FOUND || why->code == ERR_DENIED;
}

static void on_read(void *arg, struct buf *frames, uint64_t next, const struct why *why)
{
    struct serve *s = arg;
    s->read = NULL;
    s->next = next;
    if (buf_len(&s->out) == 0) {
        buf_done(&s->out);
        s->out = *frames;
        buf_init(frames);
    } else {
        buf_put(&s->out, buf_bytes(frames), buf_len(frames));
    }
    if (why) {
        log_info(s->h->log, "%s cannot be handed over: %s", s->give->name, why->text);
        if (!is_for_good(why)) { /* he comes again */
            serve_free(s);
            return;
        }
        hand_frame_put_end(&s->out, why->text);
        s->failed = *why;
    }
    go_on(s);
}

/* How much may go now; 0: a timer brings us back. */
static size_t allowance(struct serve *s)
{
    struct policy *p = s->h->cfg.env->policy;
    uint64_t now = loop_now_us(s->h->loop);
    size_t n = policy_may(p, POLICY_UP, buf_len(&s->out), now);
    if (n == 0 && !s->later) {
        uint64_t wait = policy_wait_us(p, POLICY_UP, 1, now);
        s->later = timer_start(s->h->loop, wait > PAUSE_MIN_US ? wait : PAUSE_MIN_US, on_later, s);
    }
    return n;
}

static void note(struct serve *s, size_t n)
{
    uint64_t now = loop_now_us(s->h->loop);
    uint64_t queued = buf_len(&s->out),
             read = hand_offer_before(hand_source_offer(s->give->source), s->next);
    policy_spend(s->h->cfg.env->policy, POLICY_UP, n, now);
    hand_pace_count(&s->give->pace, now, n);
    s->last_us = now;
    s->give->sent = read > queued ? read - queued : 0;
}

/* False: no more goes now. */
static bool send_some(struct serve *s)
{
    while (buf_len(&s->out) > 0) {
        size_t may = allowance(s);
        ssize_t n = may > 0 ? conn_send(s->conn, buf_bytes(&s->out), may) : CONN_AGAIN;
        if (n <= 0)
            return false;
        buf_eat(&s->out, (size_t)n);
        note(s, (size_t)n);
    }
    return true;
}

static void go_on(struct serve *s)
{
    uint64_t chunks = hand_source_offer(s->give->source)->chunks;
    bool empty = send_some(s);
    if (s->failed.code != OK) {
        if (empty) {
            struct why why = s->failed;
            conn_shut(s->conn);
            give_over(s->give, &why); /* and s is gone */
        }
        return;
    }
    if (s->next < chunks) {
        if (!s->read && buf_len(&s->out) < LOW)
            s->read = hand_read_start(s->h->loop, s->give->source, s->next, on_read, s);
        return;
    }
    if (!empty || s->read)
        return;
    timer_cancel(s->later);
    timer_cancel(s->idle); /* all is out: his word is awaited that he has it */
    s->idle = s->later = NULL;
    struct conn *c = s->conn;
    s->conn = NULL;
    s->m = messages_new(c, HAND_SMALL_MAX, on_message, s);
    messages_expect(s->m, END_US);
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct serve *s = arg;
    switch (ev) {
    case CONN_OPEN:
    case CONN_READABLE:
        break;
    case CONN_WRITABLE:
        go_on(s);
        break;
    case CONN_CLOSED:
        log_debug(s->h->log, "who fetches %s is gone: %s", s->give->name, why->text);
        serve_free(s);
        break;
    }
}

static void on_idle(void *arg)
{
    struct serve *s = arg;
    uint64_t quiet = loop_now_us(s->h->loop) - s->last_us;
    s->idle = NULL;
    if (quiet >= HAND_QUIET_US && !s->later)
        serve_free(s);
    else
        s->idle = timer_start(s->h->loop, quiet < HAND_QUIET_US ? HAND_QUIET_US - quiet : SEC,
                              on_idle, s);
}

/* --- what he wants ---------------------------------------------------------------------------- */

static void refuse(struct serve *s, const char *words)
{
    struct conn *c = messages_take(s->m);
    struct buf b = {0};
    s->m = NULL;
    s->conn = c;
    hand_frame_put_end(&b, words);
    if (conn_send(c, buf_bytes(&b), buf_len(&b)) == (ssize_t)buf_len(&b))
        conn_shut(c);
    buf_done(&b);
    serve_free(s);
}

static void begin(struct serve *s, const struct hand_want *w)
{
    struct give *g = s->give;
    s->conn = messages_take(s->m);
    s->m = NULL;
    s->next = w->chunk;
    s->last_us = loop_now_us(s->h->loop);
    s->idle = timer_start(s->h->loop, HAND_QUIET_US, on_idle, s);
    conn_watch(s->conn, on_conn, s);
    g->phase = HAND_RUNNING;
    g->sent = hand_offer_before(hand_source_offer(g->source), w->chunk);
    give_kept(g);
    give_tell(g);
    s->later = timer_start(s->h->loop, 0, on_later, s);
}

static void on_want(struct serve *s, const struct hand_want *w)
{
    struct give *g = give_of_token(s->h, w->token, &s->peer);
    struct why why;
    if (!g || w->chunk > hand_source_offer(g->source)->chunks) {
        if (w->end == HAND_GOES_ON)
            refuse(s, g ? "there is no such chunk" : "that is no longer offered");
        else
            hand_serve_cut(s, NULL);
        return;
    }
    if (g->serve && g->serve != s) /* of a line that was cut, as he knows and we do not */
        serve_free(g->serve);
    s->give = g;
    g->serve = s;
    hand_tend(s->h, &s->peer);
    switch (w->end) {
    case HAND_GOES_ON:
        begin(s, w);
        break;
    case HAND_HAS_ALL:
        give_over(g, NULL);
        break;
    case HAND_DECLINED:
        why_set(&why, ERR_DENIED, "the other side does not want it");
        give_over(g, &why);
        break;
    }
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct serve *s = arg;
    struct hand_want w;
    (void)why;
    if (ev != MESSAGES_ONE || hand_want_read(&w, msg, NULL) != OK ||
        (s->give && w.end == HAND_GOES_ON))
        serve_free(s);
    else
        on_want(s, &w);
}

/* Who has not said yet what he wants goes first. */
static bool make_room(struct hands *h)
{
    LIST_EACH(&h->serves, struct serve, s, link)
        if (!s->give) {
            serve_free(s);
            return true;
        }
    return false;
}

void hand_serve_on_stream(void *arg, const struct host_stream *st)
{
    struct hands *h = arg;
    if (h->serve_count == HAND_SERVES_MAX && !make_room(h)) {
        conn_close(st->conn);
        return;
    }
    struct serve *s = MEM_NEW(struct serve);
    s->h = h;
    s->peer = *st->peer;
    list_push(&h->serves, &s->link);
    h->serve_count++;
    s->m = messages_new(st->conn, HAND_SMALL_MAX, on_message, s);
    messages_expect(s->m, HAND_VISIT_US);
}
