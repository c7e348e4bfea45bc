/* A stream of Yamux, as its owner sees it: a conn. */
#include "base/mem.h"
#include "host/mux/yamux_in.h"

#include <string.h>

static const struct conn_ops stream_ops;

struct ystream *ystream_find(const struct yamux *y, uint32_t id)
{
    struct yamux_entry *e = yamux_table_get(&y->table, id);
    return e ? LIST_OF(e, struct ystream, entry) : NULL;
}

struct ystream *ystream_new(struct yamux *y, uint32_t id, bool ours)
{
    struct ystream *s = MEM_NEW(struct ystream);
    s->conn = (struct conn){.ops = &stream_ops,
                            .loop = y->mux.loop,
                            .below = y->below,
                            .peer = y->mux.peer,
                            .local = y->mux.local};
    mux_stream_begins(&s->stream, &y->mux);
    s->y = y;
    s->entry.id = id;
    s->ours = s->announced = ours;
    s->may_send = YAMUX_WINDOW;
    s->want_read = true; /* the first CONN_READABLE is owed without asking */
    yamux_window_init(&s->window);
    list_init(&s->turn);
    list_init(&s->owing);
    list_push(&y->streams, &s->all);
    yamux_table_put(&y->table, &s->entry);
    y->count++;
    y->inbound += !ours;
    *(ours ? &y->unacked_out : &y->unacked_in) += 1;
    return s;
}

static void free_stream(struct ystream *s)
{
    timer_cancel(s->timer);
    yamux_inbox_done(&s->inbox);
    mux_stream_done(&s->stream);
    free(s->why);
    free(s);
}

/* So much is, or will be, unread.  Less always goes. */
static enum err draw(struct ystream *s, size_t unread, struct why *why)
{
    size_t grown = s->window.size - YAMUX_WINDOW, now = unread > grown ? unread : grown;
    enum err e = OK;
    if (now > s->drawn)
        e = tab_take(&s->stream.tab, now - s->drawn, "what its streams have not read", why);
    else
        tab_give(&s->stream.tab, s->drawn - now);
    s->drawn = e == OK ? now : s->drawn;
    return e;
}

static void forget_bytes(struct ystream *s)
{
    s->y->held -= s->inbox.held;
    yamux_inbox_done(&s->inbox);
    tab_give(&s->stream.tab, s->drawn);
    s->drawn = 0;
}

/* Its owner has nothing to do with it any more. */
static void disown(struct ystream *s)
{
    struct yamux *y = s->y;
    y->count--;
    y->inbound -= !s->ours;
    list_drop(&s->turn);
    if (y->current == s) {
        y->current = NULL;
        y->lent = cur_of(NULL, 0);
    }
    if (y->body == s)
        y->body = NULL;
    if (y->fresh == s)
        y->fresh = NULL;
}

/* Out of all that the session knows. */
static void take_out(struct ystream *s)
{
    struct yamux *y = s->y;
    if (s->orphan)
        y->orphan_count -= !s->evicted;
    else
        disown(s);
    if (!s->acked)
        *(s->ours ? &y->unacked_out : &y->unacked_in) -= 1;
    y->held -= s->inbox.held;
    y->spare += s->window.size - YAMUX_WINDOW;
    yamux_table_drop(&y->table, &s->entry);
    list_drop(&s->all);
    list_drop(&s->owing);
    s->y = NULL;
    s->conn.below = NULL;
}

static void tell_closed(void *arg)
{
    struct ystream *s = arg;
    s->timer = NULL;
    conn_raise(&s->conn, CONN_CLOSED, s->why);
}

void ystream_end(struct ystream *s, const struct why *why, bool now)
{
    bool owned = !s->orphan && s->announced;
    take_out(s);
    if (!owned) {
        free_stream(s);
        return;
    }
    s->why = mem_dup(why, sizeof *why);
    if (now)
        tell_closed(s);
    else
        s->timer = timer_start(s->conn.loop, 0, tell_closed, s);
}

void ystream_reset(struct ystream *s, bool tell_them, const struct why *why)
{
    if (tell_them)
        yamux_put(s->y, YAMUX_WINDOW_UPDATE, YAMUX_RST, s->entry.id, 0);
    forget_bytes(s);
    ystream_end(s, why, true);
}

/* What is owed */

void ystream_owe(struct ystream *s, unsigned flags)
{
    s->owe = flags & YAMUX_RST ? YAMUX_RST : (uint8_t)(s->owe | flags);
    if (list_empty(&s->owing))
        list_push(&s->y->owing, &s->owing);
    if (!s->y->busy)
        yamux_wake(s->y);
}

void ystream_paid(struct ystream *s, unsigned flags)
{
    s->owe = (uint8_t)(s->owe & ~flags);
    if (s->owe == 0 && s->credit == 0)
        list_drop(&s->owing);
    if (flags & YAMUX_ACK && !s->acked) {
        s->acked = true;
        s->y->unacked_in--;
    }
    if (s->orphan && s->owe == 0 && (flags & YAMUX_RST || s->fin_in))
        ystream_end(s, NULL, false);
}

/* Reading */

static void give_credit(struct ystream *s, size_t eaten)
{
    struct yamux *y = s->y;
    if (!y || y->over || s->fin_in)
        return;
    size_t most = purse_spare(y->mux.purse);
    uint32_t spare = most < y->spare ? (uint32_t)most : y->spare, before = spare;
    uint32_t credit =
        yamux_window_eat(&s->window, (uint32_t)eaten, loop_now_us(y->mux.loop), y->rtt_us, &spare);
    y->spare -= before - spare;
    (void)draw(s, s->inbox.held, NULL); /* there is room: the purse has said so */
    if (credit > 0 || s->window.eaten >= YAMUX_WINDOW / 8)
        yamux_measure(y); /* somebody is in a hurry: how far is it? */
    if (credit == 0)
        return;
    s->credit = yamux_credit(s->credit, credit);
    ystream_owe(s, 0);
}

/* What is kept first, then what lies in the read buffer. */
static ssize_t stream_recv(struct conn *c, void *to, size_t n)
{
    struct ystream *s = (struct ystream *)c;
    struct yamux *y = s->y;
    size_t got = yamux_inbox_take(&s->inbox, to, n);
    if (y && got > 0) {
        y->held -= (uint32_t)got;
        (void)draw(s, s->inbox.held, NULL);
    }
    if (y && y->current == s && got < n && y->lent.n > 0) {
        struct cur part = cur_take(&y->lent, y->lent.n < n - got ? y->lent.n : n - got);
        memcpy((uint8_t *)to + got, part.p, part.n);
        got += part.n;
    }
    if (got > 0) {
        give_credit(s, got);
        return (ssize_t)got;
    }
    if (s->fin_in)
        return CONN_END;
    if (!y || y->over)
        return CONN_FAILED;
    s->want_read = true;
    return CONN_AGAIN;
}

/* Tell its owner; it may be gone afterwards, which y->current says. */
static void raise_readable(struct ystream *s)
{
    if (!s->want_read || !s->announced)
        return;
    s->want_read = false;
    conn_raise(&s->conn, CONN_READABLE, NULL);
}

void ystream_fin(struct ystream *s)
{
    struct yamux *y = s->y;
    s->fin_in = true;
    if (s->orphan) {
        if (s->owe == 0)
            ystream_end(s, NULL, false);
        return;
    }
    y->current = s;
    raise_readable(s);
    y->current = NULL;
}

/* What its owner left lying.  All streams of a connection together have a limit too. */
static void keep(struct ystream *s, struct cur bytes)
{
    struct yamux *y = s->y;
    struct why why;
    enum err e = OK;
    if (bytes.n > YAMUX_HELD_MAX - y->held)
        e = why_set(&why, ERR_LIMIT, "yamux: more than %d MiB wait to be read",
                    YAMUX_HELD_MAX >> 20);
    else
        e = draw(s, s->inbox.held + bytes.n, &why);
    if (e != OK) {
        ystream_reset(s, true, &why);
        return;
    }
    y->held += (uint32_t)bytes.n;
    yamux_inbox_put(&s->inbox, bytes);
}

void ystream_bytes(struct ystream *s, struct cur bytes)
{
    struct yamux *y = s->y;
    y->current = s;
    y->lent = bytes;
    if (!s->announced) {
        s->announced = true;
        y->fresh = NULL;
        y->mux.events.stream(y->mux.arg, &s->conn);
    }
    if (y->current == s && y->lent.n > 0)
        raise_readable(s);
    struct cur left = y->lent;
    bool there = y->current == s;
    y->current = NULL;
    y->lent = cur_of(NULL, 0);
    if (there && left.n > 0)
        keep(s, left);
}

/* Writing */

/* How much of one frame may go now. */
static size_t room(const struct ystream *s)
{
    const struct yamux *y = s->y;
    size_t most = s->may_send < YAMUX_FRAME_MAX ? s->may_send : YAMUX_FRAME_MAX;
    if (list_empty(&y->writers))
        return most;
    if (y->turn != s) /* others came before */
        return 0;
    return most < y->quota ? most : y->quota;
}

static void wait_for_turn(struct ystream *s)
{
    struct yamux *y = s->y;
    s->want_write = true;
    if (s->may_send == 0 || !list_empty(&s->turn))
        return;
    list_push(&y->writers, &s->turn);
    if (!y->blocked && !y->busy)
        yamux_wake(y);
}

static ssize_t stream_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct ystream *s = (struct ystream *)c;
    struct yamux *y = s->y;
    size_t given = 0, took = 0;
    if (!y || y->over || s->fin_out)
        return CONN_FAILED;
    for (int i = 0; i < count; i++)
        given += iov[i].iov_len;
    while (took < given) {
        size_t n = room(s);
        n = n < given - took ? n : given - took;
        n = n > 0 ? yamux_send(y, s, iov, count, took, n) : 0;
        if (n == 0)
            break;
        took += n;
        s->may_send -= (uint32_t)n;
        if (y->turn == s)
            y->quota -= n < y->quota ? n : y->quota;
    }
    if (took == given)
        return (ssize_t)took;
    wait_for_turn(s);
    return took > 0 ? (ssize_t)took : CONN_AGAIN;
}

/* Ending */

static void stream_shut(struct conn *c)
{
    struct ystream *s = (struct ystream *)c;
    if (!s->y || s->y->over || s->fin_out)
        return;
    s->fin_out = true;
    s->want_write = false;
    list_drop(&s->turn);
    ystream_owe(s, YAMUX_FIN);
}

/* Nobody waits for the other side's end for ever, nor for that of so many. */
static void adopt(struct ystream *s)
{
    struct yamux *y = s->y;
    s->orphan = true;
    list_drop(&s->all);
    list_push(&y->orphans, &s->all);
    if (++y->orphan_count <= YAMUX_ORPHANS_MAX)
        return;
    struct ystream *oldest = LIST_FIRST(&y->orphans, struct ystream, all);
    oldest->evicted = true;
    y->orphan_count--;
    list_drop(&oldest->all);
    list_push(&y->leaving, &oldest->all);
    ystream_owe(oldest, YAMUX_RST);
}

static void stream_close(struct conn *c)
{
    struct ystream *s = (struct ystream *)c;
    conn_watch(c, NULL, NULL);
    mux_stream_ends(&s->stream);
    if (!s->y) {
        free_stream(s);
        return;
    }
    forget_bytes(s);
    if ((s->fin_in && s->fin_out && s->owe == 0) || (!s->fin_out && s->owe & YAMUX_SYN)) {
        take_out(s); /* all was said; or nothing, and so nobody knows of it */
        free_stream(s);
        return;
    }
    disown(s);
    adopt(s);
    s->credit = 0;
    if (!s->fin_out)
        ystream_owe(s, YAMUX_RST);
    else if (s->owe == 0)
        list_drop(&s->owing);
}

static const struct conn_ops stream_ops = {.name = "yamux",
                                           .recv = stream_recv,
                                           .sendv = stream_sendv,
                                           .close = stream_close,
                                           .shut = stream_shut};
