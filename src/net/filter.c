#include "net/filter.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHORT_REST = 2048 };
enum { AHEAD = 2048 }; /* read to find out whether there is something for the owner */

static bool is_over(const struct filter *f)
{
    return f->why || f->below_failed;
}

/* Telling the owner.  False when he has closed us meanwhile, and f is no more. */
static bool tell(struct filter *f, enum conn_event ev, const struct why *why)
{
    bool gone = false;
    f->gone = &gone;
    conn_raise(&f->conn, ev, why);
    if (!gone)
        f->gone = NULL;
    return !gone;
}

/* Failing. */

static void tell_closed(void *arg)
{
    struct filter *f = arg;
    f->turn = NULL;
    tell(f, CONN_CLOSED, f->why);
}

void filter_fail(struct filter *f, const struct why *why)
{
    if (f->why)
        return;
    f->why = mem_dup(why, sizeof *why);
    if (f->ops->blame)
        f->ops->blame(f, f->why);
    timer_cancel(f->deadline);
    timer_cancel(f->turn);
    f->deadline = NULL;
    f->turn = timer_start(f->conn.loop, 0, tell_closed, f);
}

void filter_fail_with(struct filter *f, enum err code, const char *fmt, ...)
{
    struct why why = {.code = code};
    va_list args;
    va_start(args, fmt);
    vsnprintf(why.text, sizeof why.text, fmt, args);
    va_end(args);
    filter_fail(f, &why);
}

static void on_deadline(void *arg)
{
    struct filter *f = arg;
    f->deadline = NULL;
    filter_fail_with(f, ERR_TIMEOUT, "%s", f->late);
}

void filter_deadline(struct filter *f, uint64_t us, const char *words)
{
    if (f->why || f->open)
        return;
    timer_cancel(f->deadline);
    f->late = words;
    f->deadline = timer_start(f->conn.loop, us, on_deadline, f);
}

/* Moving bytes. */

static void flush(struct filter *f)
{
    ssize_t n = 1;
    while (buf_len(&f->out) > 0 && n > 0 && !f->below_failed) {
        n = conn_send(f->conn.below, buf_bytes(&f->out), buf_len(&f->out));
        if (n > 0)
            buf_eat(&f->out, (size_t)n);
        f->below_failed |= n == CONN_FAILED;
    }
    if (buf_len(&f->out) > 0)
        return;
    buf_done(&f->out); /* an idle conn holds nothing */
    if (f->said_bye && !f->below_shut && !f->below_failed) {
        f->below_shut = true;
        conn_shut(f->conn.below);
    }
}

ssize_t filter_pull(struct filter *f, void *to, size_t n)
{
    if (f->below_failed)
        return CONN_FAILED;
    if (f->below_ended)
        return CONN_END;
    ssize_t got = conn_recv(f->conn.below, to, n);
    f->below_ended = got == CONN_END;
    f->below_failed |= got == CONN_FAILED;
    return got;
}

ssize_t filter_fill(struct filter *f, struct buf *to, size_t n)
{
    uint8_t bytes[AHEAD];
    ssize_t got = filter_pull(f, bytes, n < sizeof bytes ? n : sizeof bytes);
    if (got > 0)
        buf_put(to, bytes, (size_t)got);
    return got;
}

static ssize_t give(struct filter *f, void *to, size_t n)
{
    size_t held = buf_len(&f->in);
    n = n < held ? n : held;
    memcpy(to, buf_bytes(&f->in), n);
    buf_eat(&f->in, n);
    if (n == held)
        buf_done(&f->in);
    return (ssize_t)n;
}

/* Up to n bytes straight to the owner. */
static ssize_t read_bytes(struct filter *f, void *to, size_t n)
{
    ssize_t got = f->pass ? filter_pull(f, to, n) : f->ops->read(f, to, n);
    if (buf_len(&f->out) > 0)
        flush(f); /* reading may make answers: an alert, a pong */
    return got;
}

static bool has_messages(const struct filter *f)
{
    return f->ops->unwrap && !f->pass;
}

/* More into `in`. */
static ssize_t read_ahead(struct filter *f)
{
    uint8_t bytes[AHEAD];
    ssize_t got;
    if (has_messages(f)) {
        got = f->ops->unwrap(f);
        if (buf_len(&f->out) > 0)
            flush(f);
        return got;
    }
    got = read_bytes(f, bytes, sizeof bytes);
    if (got > 0)
        buf_put(&f->in, bytes, (size_t)got);
    return got;
}

ssize_t filter_recv(struct conn *conn, void *to, size_t n)
{
    struct filter *f = (struct filter *)conn;
    ssize_t got = CONN_AGAIN;
    if (is_over(f))
        return CONN_FAILED;
    if (f->open && buf_len(&f->in) == 0)
        got = has_messages(f) && !f->ops->read ? read_ahead(f) : read_bytes(f, to, n);
    if (f->open && buf_len(&f->in) > 0)
        got = give(f, to, n);
    f->want_read |= got == CONN_AGAIN;
    return got;
}

/* Up to `most` bytes from the parts, `skip` bytes in: a small header and its payload travel as one.
 * They are where they were, or gathered in `room`. */
static const uint8_t *gather(const struct iovec *iov, int count, size_t skip, size_t most,
                             struct buf *room, size_t *n)
{
    buf_clear(room);
    for (int i = 0; i < count && buf_len(room) < most; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        const uint8_t *at = (const uint8_t *)iov[i].iov_base + skip;
        size_t part = iov[i].iov_len - skip;
        size_t left = most - buf_len(room);
        part = part < left ? part : left;
        if (part == most || (i + 1 == count && buf_len(room) == 0)) {
            *n = part;
            return at;
        }
        buf_put(room, at, part);
        skip = 0;
    }
    *n = buf_len(room);
    return buf_bytes(room);
}

/* One write below for many small records, and none for the few bytes that a chunk has left over. */
static bool goes_along(const struct filter *f, size_t more)
{
    return more > 0 && !f->why && (buf_len(&f->out) < FILTER_CHUNK / 2 || more <= SHORT_REST);
}

static size_t write_open(struct filter *f, const struct iovec *iov, int count, size_t given)
{
    struct buf room = {0};
    size_t chunk = f->ops->chunk > 0 ? f->ops->chunk : FILTER_CHUNK;
    size_t took = 0, n = 0, of_n = 0;
    assert(chunk <= FILTER_CHUNK);
    while (took < given && of_n == n && buf_len(&f->out) == 0 && !is_over(f)) {
        do {
            const uint8_t *bytes = gather(iov, count, took, chunk, &room, &n);
            of_n = f->ops->write(f, bytes, n);
            took += of_n;
        } while (of_n == n && goes_along(f, given - took));
        flush(f);
    }
    buf_done(&room);
    return took;
}

ssize_t filter_sendv(struct conn *conn, const struct iovec *iov, int count)
{
    struct filter *f = (struct filter *)conn;
    size_t given = 0, took = 0;
    for (int i = 0; i < count; i++)
        given += iov[i].iov_len;
    if (f->open && !is_over(f)) {
        flush(f);
        if (!f->pass) {
            took = write_open(f, iov, count, given);
        } else if (buf_len(&f->out) == 0 && !f->below_failed) {
            ssize_t n = conn_sendv(f->conn.below, iov, count);
            f->below_failed |= n == CONN_FAILED;
            took = n > 0 ? (size_t)n : 0;
        }
    }
    if (is_over(f))
        return CONN_FAILED;
    f->want_write |= took < given;
    return took > 0 || given == 0 ? (ssize_t)took : CONN_AGAIN;
}

static void say_bye(struct filter *f)
{
    if (!f->open || f->said_bye || is_over(f))
        return;
    f->said_bye = true;
    if (f->ops->bye)
        f->ops->bye(f);
    flush(f);
}

/* Before it is open: the end follows the handshake. */
void filter_shut(struct conn *conn)
{
    struct filter *f = (struct filter *)conn;
    f->shut = true;
    say_bye(f);
}

void filter_close(struct conn *conn)
{
    struct filter *f = (struct filter *)conn;
    say_bye(f);
    if (f->gone)
        *f->gone = true;
    timer_cancel(f->deadline);
    timer_cancel(f->turn);
    conn_close(f->conn.below);
    buf_done(&f->in);
    buf_done(&f->out);
    free(f->why);
    if (f->ops->done)
        f->ops->done(f);
    free(f);
}

/* Events.  Those that may call the owner return false when he has closed us. */

static bool offer_write(struct filter *f)
{
    if (!f->want_write || is_over(f) || buf_len(&f->out) > 0)
        return true;
    f->want_write = false;
    return tell(f, CONN_WRITABLE, NULL);
}

/* look: it is not known whether there is something for him. */
static bool offer_read(struct filter *f, bool look)
{
    if (!f->want_read || is_over(f))
        return true;
    if (look && buf_len(&f->in) == 0) {
        ssize_t n = read_ahead(f);
        if (n <= 0 && n != CONN_END)
            return true;
    }
    f->want_read = false;
    return tell(f, CONN_READABLE, NULL);
}

static void shake(struct filter *f)
{
    f->ops->shake(f);
    flush(f); /* also the words that say what we did not like */
    if (!f->open || is_over(f))
        return;
    if (f->shut)
        say_bye(f);
    f->want_read = true;
    if (tell(f, CONN_OPEN, NULL) && offer_write(f))
        offer_read(f, true);
}

static void on_below(void *arg, enum conn_event ev, const struct why *why)
{
    struct filter *f = arg;
    if (ev == CONN_CLOSED) {
        f->below_failed = true;
        filter_fail(f, why);
        return;
    }
    if (is_over(f))
        return;
    if (ev == CONN_OPEN)
        f->conn.local = f->conn.below->local;
    if (ev == CONN_WRITABLE)
        flush(f);
    if (!f->open)
        shake(f);
    else if (has_messages(f))
        (void)(offer_read(f, true) && offer_write(f));
    else if (ev == CONN_READABLE)
        offer_read(f, false);
    else
        offer_write(f);
}

static void on_begin(void *arg)
{
    struct filter *f = arg;
    f->turn = NULL;
    if (!f->open && !is_over(f))
        shake(f);
}

/* The story's beginning. */

void filter_init(struct filter *f, const struct filter_ops *ops, struct conn *below, conn_cb *cb,
                 void *arg)
{
    f->conn = (struct conn){.ops = &ops->conn,
                            .loop = below->loop,
                            .below = below,
                            .cb = cb,
                            .arg = arg,
                            .peer = below->peer,
                            .local = below->local,
                            .tab = below->tab};
    f->ops = ops;
    conn_watch(below, on_below, f);
}

void filter_begin(struct filter *f)
{
    if (!f->why && !f->turn)
        f->turn = timer_start(f->conn.loop, 0, on_begin, f);
}

void filter_open(struct filter *f)
{
    f->open = true;
    timer_cancel(f->deadline);
    f->deadline = NULL;
}

void filter_pass(struct filter *f)
{
    f->pass = true;
    filter_open(f);
}
