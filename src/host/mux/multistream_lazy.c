/* multistream's filter: what is proposed is taken as agreed on, until the answer says no. */
#include "base/buf.h"
#include "base/mem.h"
#include "host/mux/multistream_line.h"

#include <stdio.h>
#include <string.h>

/* What is needed until the answer has come; an old stream does not carry it. */
struct talk {
    struct multistream_line line;
    char name[MULTISTREAM_NAME_MAX + 1];
};

struct lazy {
    struct conn conn;
    struct talk *talk; /* NULL: the answer was yes */
    struct buf out;    /* header and proposal, as far as they are not written */
    bool want_read, want_write, shut, failed;
    bool has_ahead; /* the one byte read to see whether there is any */
    uint8_t ahead;
    bool *gone; /* set when the owner closes us inside his callback */
    struct why *why;
    struct timer *timer; /* the greeting, or CONN_CLOSED, in the next turn */
};

/* False when the owner has closed us meanwhile, and l is no more. */
static bool raise_event(struct lazy *l, enum conn_event ev, const struct why *why)
{
    bool gone = false;
    l->gone = &gone;
    conn_raise(&l->conn, ev, why);
    if (!gone)
        l->gone = NULL;
    return !gone;
}

static void tell_closed(void *arg)
{
    struct lazy *l = arg;
    l->timer = NULL;
    raise_event(l, CONN_CLOSED, l->why);
}

static void fail(struct lazy *l, const struct why *why)
{
    if (l->why)
        return;
    l->failed = true;
    l->why = mem_dup(why, sizeof *why);
    timer_cancel(l->timer);
    l->timer = timer_start(l->conn.loop, 0, tell_closed, l);
}

/* The answer, if it has come.  False: not yet, or it is no, or all has failed. */
static bool agreed(struct lazy *l)
{
    struct why why;
    if (!l->talk)
        return true;
    switch (multistream_line(&l->talk->line, l->conn.below, &why)) {
    case MULTISTREAM_LINE:
        break;
    case MULTISTREAM_WAIT:
        return false;
    case MULTISTREAM_WRONG:
        fail(l, &why);
        return false;
    case MULTISTREAM_FAILED:
        l->failed = true; /* and CONN_CLOSED below has the reason */
        return false;
    }
    const char *answer = l->talk->line.name;
    if (strcmp(answer, l->talk->name) == 0) {
        free(l->talk);
        l->talk = NULL;
        return true;
    }
    if (strcmp(answer, MULTISTREAM_NA) == 0)
        why_set(&why, ERR_NOT_FOUND, "multistream: the other side does not speak %.80s",
                l->talk->name);
    else
        why_set(&why, ERR_INVALID, "multistream: asked for %.80s, answered %.80s", l->talk->name,
                answer);
    fail(l, &why);
    return false;
}

static ssize_t lazy_recv(struct conn *conn, void *to, size_t n)
{
    struct lazy *l = (struct lazy *)conn;
    ssize_t got = CONN_AGAIN;
    if (l->failed)
        return CONN_FAILED;
    if (l->has_ahead) {
        l->has_ahead = false;
        *(uint8_t *)to = l->ahead;
        return 1;
    }
    if (agreed(l))
        got = conn_recv(conn->below, to, n);
    l->failed |= got == CONN_FAILED;
    l->want_read |= got == CONN_AGAIN;
    return l->failed ? CONN_FAILED : got;
}

/* The greeting is out; false: CONN_WRITABLE or CONN_CLOSED is owed below. */
static bool flush(struct lazy *l)
{
    while (buf_len(&l->out) > 0) {
        ssize_t n = conn_send(l->conn.below, buf_bytes(&l->out), buf_len(&l->out));
        l->failed |= n == CONN_FAILED;
        if (n < 0)
            return false;
        buf_eat(&l->out, (size_t)n);
    }
    buf_done(&l->out);
    if (!l->why) { /* the greeting needs no turn of its own any more */
        timer_cancel(l->timer);
        l->timer = NULL;
    }
    if (l->shut)
        conn_shut(l->conn.below);
    return true;
}

/* Together with the first bytes, in one write. */
static ssize_t send_first(struct lazy *l, const struct iovec *iov, int count)
{
    struct iovec all[CONN_IOV_MAX] = {{buf_bytes(&l->out), buf_len(&l->out)}};
    if (count > CONN_IOV_MAX - 1)
        count = CONN_IOV_MAX - 1;
    memcpy(all + 1, iov, (size_t)count * sizeof *iov);
    ssize_t n = conn_sendv(l->conn.below, all, count + 1);
    if (n < 0)
        return n;
    size_t greeting = buf_len(&l->out) < (size_t)n ? buf_len(&l->out) : (size_t)n;
    buf_eat(&l->out, greeting);
    if (buf_len(&l->out) == 0)
        flush(l);
    return (size_t)n > greeting ? n - (ssize_t)greeting : CONN_AGAIN;
}

static ssize_t lazy_sendv(struct conn *conn, const struct iovec *iov, int count)
{
    struct lazy *l = (struct lazy *)conn;
    size_t given = 0;
    if (l->failed)
        return CONN_FAILED;
    for (int i = 0; i < count; i++)
        given += iov[i].iov_len;
    ssize_t n =
        buf_len(&l->out) > 0 ? send_first(l, iov, count) : conn_sendv(conn->below, iov, count);
    l->failed |= n == CONN_FAILED;
    l->want_write |= n == CONN_AGAIN || (n >= 0 && (size_t)n < given);
    return n;
}

static void lazy_shut(struct conn *conn)
{
    struct lazy *l = (struct lazy *)conn;
    if (l->shut || l->failed)
        return;
    l->shut = true;
    flush(l);
}

static void lazy_close(struct conn *conn)
{
    struct lazy *l = (struct lazy *)conn;
    if (!l->failed && buf_len(&l->out) > 0)
        flush(l);
    if (l->gone)
        *l->gone = true;
    timer_cancel(l->timer);
    conn_close(conn->below);
    buf_done(&l->out);
    free(l->talk);
    free(l->why);
    free(l);
}

static const struct conn_ops lazy_ops = {.name = "multistream",
                                         .recv = lazy_recv,
                                         .sendv = lazy_sendv,
                                         .close = lazy_close,
                                         .shut = lazy_shut};

/* The answer came alone as often as not: only a byte behind it is something to read. */
static void offer_read(struct lazy *l)
{
    bool before = l->talk != NULL;
    if (!agreed(l) || !l->want_read)
        return;
    if (before) {
        ssize_t n = conn_recv(l->conn.below, &l->ahead, 1);
        if (n == CONN_AGAIN)
            return;
        l->has_ahead = n > 0;
        l->failed |= n == CONN_FAILED;
    }
    l->want_read = false;
    raise_event(l, CONN_READABLE, NULL);
}

static void on_below(void *arg, enum conn_event ev, const struct why *why)
{
    struct lazy *l = arg;
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        if (!l->failed)
            offer_read(l);
        break;
    case CONN_WRITABLE:
        if (l->failed || (buf_len(&l->out) > 0 && !flush(l)) || !l->want_write)
            break;
        l->want_write = false;
        raise_event(l, CONN_WRITABLE, NULL);
        break;
    case CONN_CLOSED:
        l->failed = true;
        fail(l, why);
        break;
    }
}

static void on_turn(void *arg)
{
    struct lazy *l = arg;
    l->timer = NULL;
    flush(l);
}

struct conn *multistream_lazy(struct conn *below, const char *name, conn_cb *cb, void *arg)
{
    struct lazy *l = MEM_NEW(struct lazy);
    l->conn = (struct conn){.ops = &lazy_ops,
                            .loop = below->loop,
                            .below = below,
                            .peer = below->peer,
                            .local = below->local,
                            .tab = below->tab};
    l->want_read = true; /* the first CONN_READABLE is owed without asking */
    l->talk = MEM_NEW(struct talk);
    snprintf(l->talk->name, sizeof l->talk->name, "%s", name);
    multistream_write(&l->out, MULTISTREAM_HEADER);
    multistream_write(&l->out, name);
    conn_watch(&l->conn, cb, arg);
    conn_watch(below, on_below, l);
    l->timer = timer_start(below->loop, 0, on_turn, l);
    return &l->conn;
}
