#include "tunnel/lasting.h"

#include "base/mem.h"
#include "host/mux/messages.h"
#include "tunnel/lasting_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TURN_MAX = 1 << 20 }; /* bytes read in one turn; then others have theirs */
#define TAG "forward"        /* host_tag() */

struct lasting {
    struct conn conn;
    struct link link; /* in all->list */
    struct lastings *all;
    struct peer_id peer;
    const char *protocol;
    uint8_t session[HEAD_SESSION_LEN];
    bool ours; /* we asked for it, and ask again */
    struct lasting_state state;
    struct tab tab;      /* what it holds, drawn from the peer's purse: see draw() */
    struct conn *stream; /* NULL: lost, or no more needed */
    uint8_t head[LASTING_HEAD_MAX];
    size_t head_len;
    uint32_t body_in, body_out; /* of a DATA that is being read, written */
    struct buf out;             /* heads that the stream has not taken */
    bool want_read, want_write; /* the owner's */
    bool left;                  /* he closed it, and it goes out */
    bool shut;                  /* the stream, by us: all is over here */
    bool failed;
    bool tending; /* something moved lately: its connection is watched over */
    uint64_t moved_us;
    bool busy, gone; /* events are being told; freed when that is over */
    struct ask *ask;
    struct timer *ack, *again, *deadline, *turn;
};

static const struct conn_ops ops;

static void lost(struct lasting *r);
static void on_stream(void *arg, enum conn_event ev, const struct why *why);

/* --- watching over the connection ------------------------------------------------------------ */

static bool any_tends(const struct lastings *all, const struct peer_id *peer)
{
    LIST_EACH(&all->list, struct lasting, r, link)
        if (r->tending && peer_id_equal(&r->peer, peer))
            return true;
    return false;
}

static void rest(struct lasting *r)
{
    if (!r->tending)
        return;
    r->tending = false;
    if (!any_tends(r->all, &r->peer))
        host_tag(r->all->host, &r->peer, TAG, 0);
}

static void on_rest(void *arg)
{
    struct lastings *all = arg;
    uint64_t now = loop_now_us(host_loop(all->host));
    all->rest = NULL;
    LIST_EACH(&all->list, struct lasting, r, link) {
        if (now - r->moved_us >= LASTING_REST_US)
            rest(r);
        if (r->tending && !all->rest)
            all->rest = timer_start(r->conn.loop, LASTING_REST_US, on_rest, all);
    }
}

/* Something came or goes. */
static void moved(struct lasting *r)
{
    r->moved_us = loop_now_us(r->conn.loop);
    if (r->tending)
        return;
    r->tending = true;
    host_tag(r->all->host, &r->peer, TAG, HOST_TEND);
    if (!r->all->rest)
        r->all->rest = timer_start(r->conn.loop, LASTING_REST_US, on_rest, r->all);
}

/* --- what it holds -------------------------------------------------------------------------- */

/* What was not acknowledged, and what was not taken or may still come beyond the first window. */
static enum err draw(struct lasting *r, struct why *why)
{
    const struct lasting_state *s = &r->state;
    size_t grown = s->window - LASTING_WINDOW, held = buf_len(&s->held);
    size_t now = buf_len(&s->kept) + (held > grown ? held : grown);
    if (now > r->tab.bytes)
        return tab_take(&r->tab, now - r->tab.bytes, "what its forwards hold", why);
    tab_give(&r->tab, r->tab.bytes - now);
    return OK;
}

/* How much the owner may give now: as much is to be left in the purse as waits here. */
static size_t room(const struct lasting *r)
{
    size_t most = lasting_state_room(&r->state), kept = buf_len(&r->state.kept);
    size_t own = kept < LASTING_KEPT_OWN ? LASTING_KEPT_OWN - kept : 0;
    size_t spare = purse_spare(r->tab.purse);
    spare = spare > kept / 2 ? spare - kept / 2 : 0;
    spare = spare > own ? spare : own;
    return most < spare ? most : spare;
}

/* It goes on over a stream of this purse, which may be a new one of the same peer. */
static void draw_from(struct lasting *r, struct purse *p)
{
    if (r->tab.purse == p)
        return;
    tab_close(&r->tab);
    tab_open(&r->tab, p);
    r->state.purse = p;
    (void)draw(r, NULL); /* where there is no room, what comes next finds that out */
}

/* --- the end -------------------------------------------------------------------------------- */

static void stop(struct lasting *r)
{
    struct timer **timers[] = {&r->ack, &r->again, &r->deadline, &r->turn};
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        timer_cancel(*timers[i]);
        *timers[i] = NULL;
    }
    ask_cancel(r->ask);
    r->ask = NULL;
}

static void release(struct lasting *r)
{
    stop(r);
    rest(r);
    conn_close(r->stream); /* a reset, if it was not shut */
    list_drop(&r->link);
    lasting_state_done(&r->state);
    tab_close(&r->tab);
    buf_done(&r->out);
    free(r);
}

/* Between the two, events may go up, and nothing is freed. */
static void enter(struct lasting *r)
{
    r->busy = true;
}

static void leave(struct lasting *r)
{
    r->busy = false;
    if (r->gone)
        release(r);
}

static void destroy(struct lasting *r)
{
    r->gone = true;
    r->conn.cb = NULL;
    if (!r->busy)
        release(r);
}

/* It cannot go on.  Who has left hears nothing; who has everything neither. */
static void fail(struct lasting *r, const struct why *why)
{
    stop(r);
    conn_close(r->stream);
    r->stream = NULL;
    if (r->left)
        destroy(r);
    else if (!lasting_state_over(&r->state) && !r->failed) {
        r->failed = true;
        conn_raise(&r->conn, CONN_CLOSED, why);
    }
}

/* --- what goes ------------------------------------------------------------------------------ */

/* False: the stream takes no more for now. */
static bool write_some(struct lasting *r)
{
    struct iovec parts[2] = {{.iov_base = buf_bytes(&r->out), .iov_len = buf_len(&r->out)}};
    int count = parts[0].iov_len > 0;
    if (r->body_out > 0)
        parts[count++] = (struct iovec){.iov_base = (void *)lasting_state_body(&r->state),
                                        .iov_len = r->body_out};
    ssize_t n = conn_sendv(r->stream, parts, count);
    if (n <= 0)
        return false;
    size_t head = (size_t)n < buf_len(&r->out) ? (size_t)n : buf_len(&r->out);
    buf_eat(&r->out, head);
    lasting_state_sent(&r->state, (size_t)n - head);
    r->body_out -= (uint32_t)((size_t)n - head);
    return true;
}

static void flush(struct lasting *r)
{
    struct lasting_frame f;
    bool more = r->stream && !r->shut && !r->gone;
    while (more) {
        if (buf_len(&r->out) > 0 || r->body_out > 0) {
            more = write_some(r);
        } else if ((more = lasting_state_next(&r->state, &f))) {
            moved(r);
            lasting_put(&r->out, &f);
            r->body_out = f.kind == LASTING_DATA ? f.len : 0;
        }
    }
    if (r->stream && !r->shut && lasting_state_over(&r->state) && buf_len(&r->out) == 0) {
        r->shut = true;
        conn_shut(r->stream);
    }
}

static void on_ack(void *arg)
{
    struct lasting *r = arg;
    r->ack = NULL;
    r->state.ack_due |= r->state.told != lasting_state_got(&r->state);
    flush(r);
    lasting_state_rest(&r->state);
    (void)draw(r, NULL); /* less, if anything */
}

/* --- what comes ----------------------------------------------------------------------------- */

/* > 0: something came; else as conn_recv(). */
static ssize_t read_head(struct lasting *r, struct why *why)
{
    struct lasting_frame f;
    size_t want = lasting_head_len(cur_of(r->head, r->head_len)) - r->head_len;
    ssize_t n = conn_recv(r->stream, r->head + r->head_len, want);
    if (n <= 0)
        return n;
    r->head_len += (size_t)n;
    struct cur head = cur_of(r->head, r->head_len);
    if (r->head_len < lasting_head_len(head))
        return n;
    r->head_len = 0;
    if (lasting_read(&f, head, why) != OK || lasting_state_heard(&r->state, &f, why) != OK)
        return CONN_FAILED;
    r->body_in = f.len;
    return n;
}

static ssize_t read_body(struct lasting *r)
{
    ssize_t n = conn_recv(r->stream, lasting_state_into(&r->state, r->body_in), r->body_in);
    if (n > 0) {
        lasting_state_came(&r->state, (size_t)n);
        r->body_in -= (uint32_t)n;
    }
    return n;
}

static void tell(struct lasting *r);

static void on_turn(void *arg)
{
    struct lasting *r = arg;
    r->turn = NULL;
    if (r->stream) {
        on_stream(r, CONN_READABLE, NULL);
        return;
    }
    enter(r);
    tell(r);
    leave(r);
}

static void turn_after(struct lasting *r, uint64_t us)
{
    timer_cancel(r->turn);
    r->turn = timer_start(r->conn.loop, us, on_turn, r);
}

static void turn_soon(struct lasting *r)
{
    turn_after(r, 0);
}

/* Bytes that came go to an owner who waits for them, without being held (do_recv).  What he took.
 */
static size_t pass_on(struct lasting *r)
{
    uint64_t before = r->state.got;
    if (!r->want_read || r->left || buf_len(&r->state.held) > 0)
        return 0;
    r->want_read = false;
    conn_raise(&r->conn, CONN_READABLE, NULL);
    return (size_t)(r->state.got - before);
}

/* What is there is read, the owner taking it or not: he is held up by what we allow, and not by
 * the stream, where acknowledgements would wait behind bytes. */
static void pull(struct lasting *r)
{
    struct why why = {.code = OK};
    ssize_t n = 1;
    size_t sum = 0;
    while (n > 0 && sum < TURN_MAX) {
        size_t passed = r->body_in > 0 ? pass_on(r) : 0;
        if (r->gone || !r->stream)
            return;
        n = passed > 0 ? (ssize_t)passed : r->body_in > 0 ? read_body(r) : read_head(r, &why);
        sum += n > 0 ? (size_t)n : 0;
    }
    if (n > 0)
        turn_soon(r);
    if (why.code != OK)
        fail(r, &why);
    else if (n == CONN_END)
        lost(r);
}

/* --- a stream is there, or not -------------------------------------------------------------- */

/* The owner is told what he waits for, once. */
static void tell(struct lasting *r)
{
    bool some = buf_len(&r->state.held) > 0 || r->state.they_ended;
    if (r->want_read && some && !r->gone && !r->failed) {
        r->want_read = false;
        conn_raise(&r->conn, CONN_READABLE, NULL);
    }
    if (r->want_write && !r->gone && !r->failed && room(r) > 0) {
        r->want_write = false;
        conn_raise(&r->conn, CONN_WRITABLE, NULL);
    }
}

static void on_stream(void *arg, enum conn_event ev, const struct why *why)
{
    struct lasting *r = arg;
    struct why full;
    enter(r);
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        pull(r);
        break;
    case CONN_WRITABLE:
        break;
    case CONN_CLOSED:
        log_debug(r->all->log, "a stream was lost: %s", why->text);
        lost(r);
        break;
    }
    flush(r);
    tell(r);
    if (!r->gone) {
        flush(r); /* what the owner took may come again */
        if (draw(r, &full) != OK)
            fail(r, &full);
    }
    if (!r->gone && !r->ack)
        r->ack = timer_start(r->conn.loop, LASTING_ACK_US, on_ack, r);
    leave(r);
}

static void attach(struct lasting *r, struct conn *stream)
{
    timer_cancel(r->again);
    timer_cancel(r->deadline);
    r->again = r->deadline = NULL;
    conn_close(r->stream);
    r->stream = stream;
    r->head_len = r->body_in = r->body_out = 0;
    r->shut = false;
    buf_clear(&r->out);
    draw_from(r, stream->tab ? stream->tab->purse : NULL);
    conn_watch(stream, on_stream, r);
    turn_soon(r);
}

static void on_asked(void *arg, const struct ask_answer *answer, const struct why *why);

static void on_again(void *arg)
{
    struct lasting *r = arg;
    struct head_ask what = {.resumes = true, .got = lasting_state_got(&r->state)};
    r->again = NULL;
    memcpy(what.session, r->session, sizeof what.session);
    r->ask = ask_start(r->all->host, &r->peer, r->protocol, &what, on_asked, r);
}

static void on_asked(void *arg, const struct ask_answer *answer, const struct why *why)
{
    struct lasting *r = arg;
    struct why bad;
    r->ask = NULL;
    if (answer->stream) {
        enter(r);
        if (lasting_state_rewind(&r->state, answer->got, &bad) == OK) {
            attach(r, answer->stream);
        } else {
            conn_close(answer->stream);
            fail(r, &bad);
        }
        leave(r);
    } else if (answer->said && why->code != ERR_LIMIT) { /* it does not know us any more */
        enter(r);
        fail(r, why);
        leave(r);
    } else {
        r->again = timer_start(r->conn.loop, LASTING_AGAIN_US, on_again, r);
    }
}

static void on_deadline(void *arg)
{
    struct lasting *r = arg;
    struct why why;
    r->deadline = NULL;
    why_set(&why, ERR_TIMEOUT, "the peer was away for %u s", (unsigned)(LASTING_WAIT_US / SEC));
    enter(r);
    fail(r, &why);
    leave(r);
}

/* The other side closed the stream, or it broke.  Who is through and sees that the other is too has
 * nothing more to do. */
static void lost(struct lasting *r)
{
    bool whole = r->shut;
    conn_close(r->stream);
    r->stream = NULL;
    timer_cancel(r->turn);
    r->turn = NULL;
    if (whole && r->left)
        destroy(r);
    if (whole || r->gone)
        return;
    r->deadline = timer_start(r->conn.loop, LASTING_WAIT_US, on_deadline, r);
    if (r->ours)
        r->again = timer_start(r->conn.loop, 0, on_again, r);
}

/* --- as a conn ------------------------------------------------------------------------------ */

static struct lasting *lasting_of(struct conn *c)
{
    return (struct lasting *)c;
}

/* From the stream to the owner. */
static ssize_t recv_at_once(struct lasting *r, void *to, size_t n)
{
    n = n < r->body_in ? n : r->body_in;
    ssize_t got = conn_recv(r->stream, to, n);
    if (got > 0) {
        r->body_in -= (uint32_t)got;
        lasting_state_passed(&r->state, (size_t)got);
    }
    if (!r->busy && (got == CONN_END || (got > 0 && r->body_in == 0)))
        turn_soon(r); /* nobody else would see what follows */
    return got > 0 ? got : CONN_AGAIN;
}

static ssize_t do_recv(struct conn *c, void *to, size_t n)
{
    struct lasting *r = lasting_of(c);
    if (r->failed)
        return CONN_FAILED;
    ssize_t got = (ssize_t)lasting_state_take(&r->state, to, n);
    if (got == 0 && r->body_in > 0 && r->stream)
        got = recv_at_once(r, to, n);
    if (got > 0) {
        if (r->state.ack_due && !r->busy)
            flush(r);
        (void)draw(r, NULL); /* less, or a window for which there is room */
        return got;
    }
    if (r->state.they_ended)
        return CONN_END;
    r->want_read = true;
    return CONN_AGAIN;
}

static ssize_t do_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct lasting *r = lasting_of(c);
    size_t took = 0, all = 0;
    if (r->failed)
        return CONN_FAILED;
    for (int i = 0; i < count; i++) {
        size_t most = room(r), n = iov[i].iov_len < most ? iov[i].iov_len : most;
        if (tab_take(&r->tab, n, "what its forwards hold", NULL) != OK) {
            turn_after(r, LASTING_FULL_US); /* nobody tells us when there is room again */
            n = 0;
        }
        lasting_state_put(&r->state, iov[i].iov_base, n);
        took += n;
        all += iov[i].iov_len;
        flush(r);
    }
    r->want_write |= took < all;
    return took > 0 ? (ssize_t)took : CONN_AGAIN;
}

static void do_shut(struct conn *c)
{
    struct lasting *r = lasting_of(c);
    lasting_state_end(&r->state);
    flush(r);
}

/* The other side is told, if it can be at once. */
static void break_off(struct lasting *r)
{
    const struct lasting_frame broken = {.kind = LASTING_BROKEN};
    if (r->stream && !r->shut && r->body_out == 0) {
        lasting_put(&r->out, &broken);
        if (write_some(r) && buf_len(&r->out) == 0) {
            r->shut = true;
            conn_shut(r->stream);
        }
    }
    destroy(r);
}

static void do_close(struct conn *c)
{
    struct lasting *r = lasting_of(c);
    bool whole = r->state.ended && r->state.they_ended && !r->failed;
    r->left = true;
    r->conn.cb = NULL;
    if (!whole)
        break_off(r);
    else if (!r->stream && !r->deadline) /* and nothing will come */
        destroy(r);
}

static const struct conn_ops ops = {
    .name = "lasting", .recv = do_recv, .sendv = do_sendv, .shut = do_shut, .close = do_close};

/* --- made, found, ended --------------------------------------------------------------------- */

struct conn *lasting_new(struct lastings *all, struct lasting_cfg *cfg)
{
    struct lasting *r = MEM_NEW(struct lasting);
    r->conn = (struct conn){.ops = &ops,
                            .loop = cfg->stream->loop,
                            .peer = cfg->stream->peer,
                            .local = cfg->stream->local};
    r->all = all;
    r->peer = *cfg->peer;
    r->protocol = cfg->protocol;
    memcpy(r->session, cfg->session, sizeof r->session);
    r->ours = cfg->ours;
    r->want_read = true;
    lasting_state_init(&r->state, &all->spare);
    list_push(&all->list, &r->link);
    attach(r, cfg->stream);
    r->out = cfg->first;
    buf_init(&cfg->first);
    return &r->conn;
}

struct conn *lasting_of_answer(struct lastings *all, const struct ask_answer *answer)
{
    struct lasting_cfg cfg = {.stream = answer->stream,
                              .peer = answer->peer,
                              .protocol = answer->protocol,
                              .session = answer->session,
                              .ours = true};
    return lasting_new(all, &cfg);
}

static struct lasting *find(const struct lastings *all, const struct peer_id *peer,
                            const char *protocol, const uint8_t *session)
{
    LIST_EACH(&all->list, struct lasting, r, link)
        if (!r->ours && peer_id_equal(&r->peer, peer) && strcmp(r->protocol, protocol) == 0 &&
            memcmp(r->session, session, sizeof r->session) == 0)
            return r;
    return NULL;
}

bool lasting_again(struct lastings *all, const struct peer_id *peer, const char *protocol,
                   const struct head_ask *ask, struct messages *m)
{
    struct lasting *r = find(all, peer, protocol, ask->session);
    struct why why;
    if (!r || r->failed)
        return false;
    struct head_answer yes = {.got = lasting_state_got(&r->state)};
    if (lasting_state_rewind(&r->state, ask->got, &why) != OK) {
        log_debug(all->log, "a session that cannot be resumed: %s", why.text);
        return false;
    }
    attach(r, messages_take(m));
    head_put_answer_first(&r->out, &yes);
    return true;
}

size_t lasting_count(const struct lastings *all, const struct peer_id *peer)
{
    size_t n = 0;
    LIST_EACH(&all->list, struct lasting, r, link)
        n += !r->ours && peer_id_equal(&r->peer, peer);
    return n;
}

void lastings_init(struct lastings *all, struct host *host, const struct log *log)
{
    all->host = host;
    all->log = log;
    all->rest = NULL;
    all->spare = LASTING_GROWTH_MAX;
    list_init(&all->list);
}

void lastings_cut(struct lastings *all, const struct peer_id *peer, const char *protocol)
{
    LIST_EACH(&all->list, struct lasting, r, link)
        if (r->left && (!peer || peer_id_equal(&r->peer, peer)) &&
            (!protocol || strcmp(r->protocol, protocol) == 0))
            destroy(r);
}

void lastings_done(struct lastings *all)
{
    lastings_cut(all, NULL, NULL);
    timer_cancel(all->rest);
    all->rest = NULL;
    assert(list_empty(&all->list));
}
