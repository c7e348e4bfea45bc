/* A stream of QUIC, as its owner sees it: a conn.
 *
 * What it sends is held until it is acknowledged, and taken only as far as the other side's window
 * reaches: who does not read stops the sender, not our memory. */
#include "base/mem.h"
#include "host/quic/quic_in.h"

#include <string.h>

enum { CHUNK_MIN = 512 };

static const struct conn_ops stream_ops;

struct quic_stream *quic_stream_new(struct quic_conn *c, int64_t id, bool ours)
{
    struct quic_stream *s = MEM_NEW(struct quic_stream);
    s->conn = (struct conn){
        .ops = &stream_ops, .loop = c->mux.loop, .peer = c->mux.peer, .local = c->mux.local};
    mux_stream_begins(&s->stream, &c->mux);
    s->stream.datagram = quic_datagram_send;
    s->c = c;
    s->id = id;
    s->ours = s->announced = ours;
    s->live = true;
    s->want_read = true; /* the first CONN_READABLE is owed without asking */
    list_init(&s->ready);
    list_init(&s->turn);
    list_push(&c->streams, &s->all);
    c->count++;
    return s;
}

void quic_stream_ready(struct quic_stream *s)
{
    if (s->orphan || s->failing || !list_empty(&s->ready))
        return;
    list_push(&s->c->ready, &s->ready);
    if (!s->c->busy)
        quic_wake(s->c);
}

static void forget_chunks(struct quic_stream *s)
{
    while (s->first) {
        struct quic_chunk *next = s->first->next;
        free(s->first);
        s->first = next;
    }
    s->last = s->next = NULL;
    s->c->held -= s->held;
    tab_give(&s->stream.tab, s->held);
    s->held = s->unsent = 0;
}

static void free_stream(struct quic_stream *s)
{
    timer_cancel(s->timer);
    yamux_inbox_done(&s->inbox);
    mux_stream_done(&s->stream);
    buf_done(&s->came);
    free(s->why);
    free(s);
}

static void take_out(struct quic_stream *s)
{
    if (s->c->datagram_to == s)
        s->c->datagram_to = NULL;
    forget_chunks(s);
    s->c->count -= !s->orphan;
    list_drop(&s->all);
    list_drop(&s->ready);
    list_drop(&s->turn);
    s->c = NULL;
    s->live = false;
}

/* Nobody knows it any more: theirs may open another one. */
static void gone(struct quic_stream *s)
{
    if (!s->ours && !s->c->over)
        ngtcp2_conn_extend_max_streams_bidi(s->c->nc, 1);
    take_out(s);
    free_stream(s);
}

void quic_stream_forgotten(struct quic_stream *s)
{
    s->live = false;
    forget_chunks(s);
    list_drop(&s->turn);
    if (s->orphan) {
        gone(s);
        return;
    }
    s->reset |= !s->fin_in;
    quic_stream_ready(s);
}

static void tell_closed(void *arg)
{
    struct quic_stream *s = arg;
    s->timer = NULL;
    conn_raise(&s->conn, CONN_CLOSED, s->why);
}

void quic_stream_end(struct quic_stream *s, const struct why *why, bool now)
{
    bool owned = !s->orphan && s->announced, knows = s->why != NULL;
    take_out(s);
    if (!owned) {
        free_stream(s);
        return;
    }
    if (knows)
        return;
    s->why = mem_dup(why, sizeof *why);
    if (now)
        tell_closed(s);
    else
        s->timer = timer_start(s->conn.loop, 0, tell_closed, s);
}

/* --- writing ---------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What may be taken now: the other side's window, and what we hold for it. */
static size_t room(const struct quic_stream *s)
{
    struct quic_conn *c = s->c;
    uint64_t window = ngtcp2_conn_get_max_stream_data_left(c->nc, s->id);
    size_t left = window > s->unsent ? (size_t)(window - s->unsent) : 0;
    size_t own = s->held < QUIC_HELD_MAX ? QUIC_HELD_MAX - s->held : 0;
    size_t all = c->held < QUIC_CONN_HELD_MAX ? QUIC_CONN_HELD_MAX - c->held : 0;
    size_t first = s->held < QUIC_HELD_OWN ? QUIC_HELD_OWN - s->held : 0;
    size_t spare = purse_spare(s->stream.tab.purse); /* as much is left there as is held here */
    spare = spare > s->held / 2 ? spare - s->held / 2 : 0;
    spare = spare > first ? spare : first;
    c->full |= all == 0 || spare == 0;
    return least(least(left, spare), least(own, all));
}

static void keep(struct quic_stream *s, const uint8_t *bytes, size_t n)
{
    s->held += n;
    s->unsent += n;
    s->c->held += n;
    while (n > 0) {
        struct quic_chunk *k = s->last;
        if (!k || k->len == k->cap) {
            size_t cap = n < CHUNK_MIN ? CHUNK_MIN : least(n, QUIC_CHUNK);
            k = mem_realloc(NULL, sizeof *k + cap);
            *k = (struct quic_chunk){.cap = cap};
            *(s->last ? &s->last->next : &s->first) = k;
            s->last = k;
        }
        size_t part = least(n, k->cap - k->len);
        if (!s->next) {
            s->next = k;
            s->next_at = k->len;
        }
        memcpy(k->bytes + k->len, bytes, part);
        k->len += part;
        bytes += part;
        n -= part;
    }
}

static void has_to_send(struct quic_stream *s)
{
    if (list_empty(&s->turn))
        list_push(&s->c->writers, &s->turn);
    if (!s->c->busy)
        quic_wake(s->c);
}

static ssize_t stream_sendv(struct conn *conn, const struct iovec *iov, int count)
{
    struct quic_stream *s = (struct quic_stream *)conn;
    size_t took = 0, given = 0;
    if (!s->c || s->c->over || s->shut)
        return CONN_FAILED;
    if (!s->live || s->cut || s->reset) {
        s->cut = s->want_write = true;
        quic_stream_ready(s);
        return CONN_FAILED;
    }
    size_t most = room(s);
    for (int i = 0; i < count; i++)
        given += iov[i].iov_len;
    most = least(most, given);
    if (tab_take(&s->stream.tab, most, "what it has not acknowledged", NULL) != OK) {
        s->reset = s->refused = true; /* not one byte is left, and nobody would say when there is */
        quic_stream_ready(s);
        return CONN_FAILED;
    }
    for (int i = 0; i < count; i++) {
        size_t n = least(iov[i].iov_len, most - took);
        if (n > 0)
            keep(s, iov[i].iov_base, n);
        took += n;
    }
    if (took > 0)
        has_to_send(s);
    s->want_write |= took < given;
    return took > 0 || given == 0 ? (ssize_t)took : CONN_AGAIN;
}

size_t quic_stream_unsent(const struct quic_stream *s, ngtcp2_vec *out, size_t cap, bool *all)
{
    size_t n = 0, at = s->next_at;
    struct quic_chunk *k = s->next;
    for (; k && n < cap; k = k->next) {
        out[n++] = (ngtcp2_vec){k->bytes + at, k->len - at};
        at = 0;
    }
    *all = !k;
    return n;
}

void quic_stream_wrote(struct quic_stream *s, size_t n, bool fin)
{
    s->unsent -= n;
    s->fin_sent |= fin;
    while (n > 0) {
        size_t part = least(n, s->next->len - s->next_at);
        s->next_at += part;
        n -= part;
        if (s->next_at == s->next->len) {
            s->next = s->next->next;
            s->next_at = 0;
        }
    }
    list_drop(&s->turn);
    if (s->unsent > 0 || (s->shut && !s->fin_sent))
        list_push(&s->c->writers, &s->turn); /* behind the others */
}

void quic_stream_cut(struct quic_stream *s)
{
    s->cut = true;
    s->unsent = 0;
    s->next = NULL;
    list_drop(&s->turn);
    quic_stream_ready(s);
}

static bool enough_room(const struct quic_stream *s)
{
    return s->held <= QUIC_HELD_MAX / 4 * 3 && room(s) > 0;
}

void quic_stream_acked(struct quic_stream *s, uint64_t end)
{
    struct quic_conn *c = s->c;
    if (!s->live || end <= s->acked)
        return;
    s->held -= (size_t)(end - s->acked);
    c->held -= (size_t)(end - s->acked);
    tab_give(&s->stream.tab, (size_t)(end - s->acked));
    s->acked = end;
    while (s->first && s->freed + s->first->len <= end && s->first != s->next) {
        struct quic_chunk *k = s->first;
        s->freed += k->len;
        s->first = k->next;
        if (s->last == k)
            s->last = NULL;
        free(k);
    }
    if (s->want_write)
        quic_stream_ready(s);
    if (!c->full || c->held > QUIC_CONN_HELD_MAX / 4 * 3)
        return;
    c->full = false;
    LIST_EACH(&c->streams, struct quic_stream, other, all)
        if (other->want_write)
            quic_stream_ready(other);
}

static void stream_shut(struct conn *conn)
{
    struct quic_stream *s = (struct quic_stream *)conn;
    if (!s->c || s->c->over || s->shut)
        return;
    s->shut = true;
    s->want_write = false;
    if (s->live && !s->cut)
        has_to_send(s);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void give_credit(struct quic_stream *s, size_t n)
{
    struct quic_conn *c = s->c;
    if (!c || c->over)
        return;
    ngtcp2_conn_extend_max_offset(c->nc, n);
    if (s->live)
        ngtcp2_conn_extend_max_stream_offset(c->nc, s->id, n);
    if (!c->busy)
        quic_wake(c);
}

static ssize_t stream_recv(struct conn *conn, void *to, size_t n)
{
    struct quic_stream *s = (struct quic_stream *)conn;
    size_t got = s->reset ? 0 : yamux_inbox_take(&s->inbox, to, n);
    tab_give(&s->stream.tab, got);
    if (got > 0) {
        give_credit(s, got);
        return (ssize_t)got;
    }
    if (s->fin_in && !s->reset)
        return CONN_END;
    if (!s->c || s->c->over || s->reset)
        return CONN_FAILED;
    s->want_read = true;
    return CONN_AGAIN;
}

/* --- telling ---------------------------------------------------------------------------------- */

/* More came than may wait. */
static void refuse(struct quic_stream *s)
{
    give_credit(s, s->inbox.held);
    yamux_inbox_done(&s->inbox);
    s->reset = true;
}

static void show(struct quic_stream *s)
{
    struct quic_conn *c = s->c;
    if (!s->stream.tab.purse) { /* it came before its connection had an owner */
        tab_open(&s->stream.tab, c->mux.purse);
        if (tab_take(&s->stream.tab, s->inbox.held, "what it opens with", NULL) != OK)
            refuse(s);
    }
    if (s->reset || !c->mux.events.stream) { /* nobody saw it */
        conn_close(&s->conn);
        return;
    }
    s->announced = true;
    quic_stream_ready(s);
    c->mux.events.stream(c->mux.arg, &s->conn);
}

static void fail(struct quic_stream *s, const char *words)
{
    struct why why;
    why_set(&why, ERR_CLOSED, "%s", words);
    s->failing = true;
    s->why = mem_dup(&why, sizeof why);
    conn_raise(&s->conn, CONN_CLOSED, s->why);
}

void quic_stream_tell(struct quic_stream *s)
{
    if (!s->announced) {
        show(s);
    } else if (buf_len(&s->came) > 0) {
        if (quic_datagram_tell(s))
            quic_stream_ready(s); /* for what else there is */
    } else if (s->reset) {
        fail(s, s->refused
                    ? "more waits, to be read or acknowledged, than this peer may make us hold"
                    : "the other side reset the stream");
    } else if (s->want_read && (s->inbox.held > 0 || s->fin_in)) {
        s->want_read = false;
        quic_stream_ready(s); /* for what else there is */
        conn_raise(&s->conn, CONN_READABLE, NULL);
    } else if (s->c->over || !s->want_write) {
        return;
    } else if (s->cut || !s->live) {
        fail(s, "the other side does not read on");
    } else if (enough_room(s)) {
        s->want_write = false;
        conn_raise(&s->conn, CONN_WRITABLE, NULL);
    }
}

/* --- ending ----------------------------------------------------------------------------------- */

static void stream_close(struct conn *conn)
{
    struct quic_stream *s = (struct quic_stream *)conn;
    struct quic_conn *c = s->c;
    conn_watch(conn, NULL, NULL);
    mux_on_datagram(conn, NULL, NULL);
    if (s->gone)
        *s->gone = true;
    mux_stream_ends(&s->stream);
    if (!c) {
        free_stream(s);
        return;
    }
    list_drop(&s->ready);
    give_credit(s, s->inbox.held);
    tab_give(&s->stream.tab, s->inbox.held);
    yamux_inbox_done(&s->inbox);
    c->count--;
    s->orphan = true;
    if (!s->live) {
        gone(s);
        return;
    }
    if (c->over)
        return;
    if (s->shut) {
        ngtcp2_conn_shutdown_stream_read(c->nc, s->id, 0);
    } else {
        list_drop(&s->turn);
        ngtcp2_conn_shutdown_stream(c->nc, s->id, 0);
    }
    if (!c->busy)
        quic_wake(c);
}

static const struct conn_ops stream_ops = {.name = "quic",
                                           .recv = stream_recv,
                                           .sendv = stream_sendv,
                                           .close = stream_close,
                                           .shut = stream_shut};
