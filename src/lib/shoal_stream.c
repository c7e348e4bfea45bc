#include "lib/shoal_in.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)SHOAL_AGAIN == CONN_AGAIN && (int)SHOAL_END == CONN_END &&
                   (int)SHOAL_FAILED == CONN_FAILED,
               "shoal/stream.h says what net/conn.h says");

struct shoal_stream {
    struct link link;    /* in shoal_loop.streams */
    struct conn *conn;   /* NULL: its loop is gone, or about to go */
    struct timer *first; /* the event that comes by itself after watch */
    shoal_stream_event_cb *cb;
    void *arg;
    bool is_closed, limited;
    struct why why; /* of is_closed */
    char peer[PEER_ID_FORMAT];
    char protocol[]; /* SHOAL_PROTOCOL_NAME_MAX */
};

static void tell_closed(struct shoal_stream *s)
{
    struct shoal_err err;
    lib_tell(&err, &s->why);
    s->cb(s->arg, s, SHOAL_CLOSED, &err);
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct shoal_stream *s = arg;
    if (ev == CONN_CLOSED) {
        s->is_closed = true;
        s->why = *why;
    }
    if (ev != CONN_WRITABLE) { /* what it would have said is said now */
        timer_cancel(s->first);
        s->first = NULL;
    }
    if (!s->cb)
        return;
    switch (ev) {
    case CONN_OPEN:
        return;
    case CONN_READABLE:
        s->cb(s->arg, s, SHOAL_READABLE, NULL);
        return;
    case CONN_WRITABLE:
        s->cb(s->arg, s, SHOAL_WRITABLE, NULL);
        return;
    case CONN_CLOSED:
        tell_closed(s);
        return;
    }
}

struct shoal_stream *lib_stream(struct shoal_loop *loop, const struct host_stream *from)
{
    size_t len = strlen(from->protocol) + 1;
    struct shoal_stream *s = mem_zalloc(sizeof *s + len);
    list_push(&loop->streams, &s->link);
    s->conn = from->conn;
    s->limited = from->limited;
    peer_id_format(from->peer, s->peer);
    memcpy(s->protocol, from->protocol, len);
    conn_watch(s->conn, on_conn, s);
    return s;
}

void lib_streams_end(struct shoal_loop *loop)
{
    for (struct shoal_stream *s; (s = LIST_FIRST(&loop->streams, struct shoal_stream, link));) {
        bool heard = s->is_closed && !s->first;
        list_drop(&s->link);
        timer_cancel(s->first);
        conn_close(s->conn);
        s->first = NULL;
        s->conn = NULL;
        if (!s->is_closed)
            why_set(&s->why, ERR_CLOSED, "the loop ends");
        s->is_closed = true;
        if (s->cb && !heard)
            tell_closed(s);
    }
}

static void on_first(void *arg)
{
    struct shoal_stream *s = arg;
    s->first = NULL;
    if (s->is_closed)
        tell_closed(s);
    else
        s->cb(s->arg, s, SHOAL_READABLE, NULL);
}

/* The conn's own first event may have come before anybody listened: so there is one for each who
 * begins to. */
void shoal_stream_watch(struct shoal_stream *s, shoal_stream_event_cb *cb, void *arg)
{
    s->cb = cb;
    s->arg = arg;
    timer_cancel(s->first);
    s->first = cb && s->conn ? timer_start(s->conn->loop, 0, on_first, s) : NULL;
}

ptrdiff_t shoal_stream_recv(struct shoal_stream *s, void *to, size_t n)
{
    if (!s->conn)
        return SHOAL_FAILED;
    return n > 0 ? conn_recv(s->conn, to, n) : 0;
}

ptrdiff_t shoal_stream_send(struct shoal_stream *s, const void *bytes, size_t n)
{
    if (!s->conn)
        return SHOAL_FAILED;
    return n > 0 ? conn_send(s->conn, bytes, n) : 0;
}

void shoal_stream_shut(struct shoal_stream *s)
{
    if (s->conn)
        conn_shut(s->conn);
}

void shoal_stream_close(struct shoal_stream *s)
{
    if (!s)
        return;
    list_drop(&s->link);
    timer_cancel(s->first);
    conn_close(s->conn);
    free(s);
}

const char *shoal_stream_peer(const struct shoal_stream *s)
{
    return s->peer;
}

const char *shoal_stream_protocol(const struct shoal_stream *s)
{
    return s->protocol;
}

int shoal_stream_limited(const struct shoal_stream *s)
{
    return s->limited;
}
