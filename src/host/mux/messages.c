#include "host/mux/messages.h"

#include "base/mem.h"
#include "host/mux/purse.h"

#include <assert.h>

enum {
    PREFIX_MAX = 4, /* bytes of a length; no limit of ours needs more */
    CHUNK_MAX = 16 << 10,
    TURN_MAX = 64, /* messages in one turn; then others have theirs */
};

struct messages {
    struct conn *stream; /* NULL: it is over */
    size_t max, queued_max;
    messages_cb *cb;
    void *arg;
    uint8_t prefix[PREFIX_MAX];
    uint8_t prefix_len;
    bool paused, shut, ended, over;
    bool leaving; /* freed by its owner; what is queued still goes out */
    bool *gone;   /* set when it is freed in a callback */
    uint64_t within_us;
    struct timer *late, *again;
    size_t want;  /* of the message that is being read; 0 while its length is */
    size_t drawn; /* on the stream's tab: what is held of one that comes, and what waits to go */
    struct buf in, out;
};

static void read_on(struct messages *m);
static void write_on(struct messages *m);

/* What is held now stands on the tab, where more did. */
static void settle(struct messages *m)
{
    size_t now = buf_len(&m->in) + buf_len(&m->out);
    tab_give(m->stream->tab, m->drawn - now);
    m->drawn = now;
}

static void destroy(struct messages *m)
{
    buf_done(&m->in);
    buf_done(&m->out);
    if (m->stream)
        settle(m);
    timer_cancel(m->late);
    timer_cancel(m->again);
    conn_close(m->stream);
    if (m->gone)
        *m->gone = true;
    free(m);
}

/* False: m is gone. */
static bool tell(struct messages *m, enum messages_event ev, struct cur msg, const struct why *why)
{
    bool gone = false;
    m->gone = &gone;
    m->cb(m->arg, ev, msg, why);
    if (!gone)
        m->gone = NULL;
    return !gone;
}

static void fail(struct messages *m, const struct why *why)
{
    if (m->leaving) {
        destroy(m);
        return;
    }
    if (m->over)
        return;
    m->over = true;
    timer_cancel(m->late);
    timer_cancel(m->again);
    m->late = m->again = NULL;
    tell(m, MESSAGES_GONE, cur_of(NULL, 0), why);
}

/* Bytes of a message have come.  False: it is one too much, and m is over or gone. */
static bool draw(struct messages *m, size_t n)
{
    struct why why;
    m->drawn += n;
    if (tab_take(m->stream->tab, n, "a message of it", &why) == OK)
        return true;
    m->drawn -= n;
    fail(m, &why);
    return false;
}

static void on_late(void *arg)
{
    struct messages *m = arg;
    struct why why;
    m->late = NULL;
    why_set(&why, ERR_TIMEOUT, "nothing came in time");
    fail(m, &why);
}

void messages_expect(struct messages *m, uint64_t within_us)
{
    m->within_us = within_us;
    timer_cancel(m->late);
    m->late = within_us && !m->over ? timer_start(m->stream->loop, within_us, on_late, m) : NULL;
}

/* --- reading -------------------------------------------------------------------------------- */

/* A byte of the length.  False: m failed. */
static bool take_prefix(struct messages *m, uint8_t byte)
{
    struct why why;
    m->prefix[m->prefix_len++] = byte;
    if (byte & 0x80) {
        if (m->prefix_len < PREFIX_MAX)
            return true;
        why_set(&why, ERR_LIMIT, "a message of more than %zu bytes", m->max);
        fail(m, &why);
        return false;
    }
    struct cur c = cur_of(m->prefix, m->prefix_len);
    uint64_t n = cur_uvarint(&c);
    m->prefix_len = 0;
    if (cur_done(&c) && n <= m->max) {
        m->want = (size_t)n;
        if (n > 0)
            return true;
        bool here = tell(m, MESSAGES_ONE, cur_of(NULL, 0), NULL);
        return here && !m->over;
    }
    if (n > m->max)
        why_set(&why, ERR_LIMIT, "a message of %llu bytes, the limit is %zu", (unsigned long long)n,
                m->max);
    else
        why_set(&why, ERR_INVALID, "the length of a message is no varint");
    fail(m, &why);
    return false;
}

/* Its bytes are all there.  False: m is over or gone. */
static bool take_message(struct messages *m)
{
    struct buf whole = m->in;
    buf_init(&m->in);
    settle(m);
    m->want = 0;
    if (m->within_us)
        messages_expect(m, m->within_us);
    bool here = tell(m, MESSAGES_ONE, buf_cur(&whole), NULL);
    buf_done(&whole);
    return here && !m->over;
}

static void on_again(void *arg)
{
    struct messages *m = arg;
    m->again = NULL;
    read_on(m);
}

/* The stream gave no bytes; false always. */
static void nothing(struct messages *m, ssize_t got)
{
    struct why why;
    if (got != CONN_END || m->ended)
        return;
    m->ended = true;
    if (m->prefix_len || m->want) {
        why_set(&why, ERR_CLOSED, "the stream ended inside a message");
        fail(m, &why);
        return;
    }
    messages_expect(m, 0);
    tell(m, MESSAGES_END, cur_of(NULL, 0), NULL);
}

static void read_on(struct messages *m)
{
    for (unsigned i = 0; !m->paused && !m->over && !m->ended && !m->leaving;) {
        uint8_t byte;
        size_t left = m->want - buf_len(&m->in); /* held as it comes, not as it is announced */
        left = left < CHUNK_MAX ? left : CHUNK_MAX;
        uint8_t *to = m->want ? buf_room(&m->in, left) : &byte;
        ssize_t got = conn_recv(m->stream, to, m->want ? left : 1);
        if (got <= 0) {
            nothing(m, got);
            return;
        }
        if (!m->want) {
            if (!take_prefix(m, byte))
                return;
            continue;
        }
        buf_grew(&m->in, (size_t)got);
        if (!draw(m, (size_t)got))
            return;
        if (buf_len(&m->in) < m->want)
            continue;
        if (!take_message(m))
            return;
        if (++i == TURN_MAX) {
            if (!m->again)
                m->again = timer_start(m->stream->loop, 0, on_again, m);
            return;
        }
    }
}

void messages_pause(struct messages *m, bool paused)
{
    bool was = m->paused;
    m->paused = paused;
    if (was && !paused && !m->over && !m->again)
        m->again = timer_start(m->stream->loop, 0, on_again, m);
}

/* --- writing -------------------------------------------------------------------------------- */

static void write_on(struct messages *m)
{
    if (buf_len(&m->out) == 0)
        return;
    ssize_t n = 1;
    while (buf_len(&m->out) > 0 && n > 0) {
        n = conn_send(m->stream, buf_bytes(&m->out), buf_len(&m->out));
        buf_eat(&m->out, n > 0 ? (size_t)n : 0);
    }
    settle(m);
    if (buf_len(&m->out) > 0)
        return;
    buf_done(&m->out); /* an idle stream holds no room */
    if (m->shut)
        conn_shut(m->stream);
    if (m->leaving)
        destroy(m);
}

enum err messages_send(struct messages *m, const void *msg, size_t n, struct why *why)
{
    assert(!m->shut);
    if (m->over)
        return why_set(why, ERR_CLOSED, "the stream is over");
    bool waits = buf_len(&m->out) > 0;
    size_t most = PREFIX_MAX + n; /* of which what is taken at once is given back at once */
    if (buf_len(&m->out) + n > m->queued_max)
        return why_set(why, ERR_LIMIT, "%zu bytes wait to be taken, the limit is %zu",
                       buf_len(&m->out), m->queued_max);
    enum err e = tab_take(m->stream->tab, most, "a message to it", why);
    if (e != OK)
        return e;
    m->drawn += most;
    buf_uvarint(&m->out, n);
    buf_put(&m->out, msg, n);
    if (waits)
        settle(m);
    else
        write_on(m);
    return OK;
}

void messages_allow(struct messages *m, size_t queued_max)
{
    m->queued_max = queued_max;
}

size_t messages_queued(const struct messages *m)
{
    return buf_len(&m->out);
}

void messages_shut(struct messages *m)
{
    if (m->shut || m->over)
        return;
    m->shut = true;
    if (buf_len(&m->out) == 0)
        conn_shut(m->stream);
}

/* --- life ----------------------------------------------------------------------------------- */

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct messages *m = arg;
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        read_on(m);
        break;
    case CONN_WRITABLE:
        write_on(m);
        break;
    case CONN_CLOSED:
        fail(m, why);
        break;
    }
}

struct messages *messages_new(struct conn *stream, size_t max, messages_cb *cb, void *arg)
{
    struct messages *m = MEM_NEW(struct messages);
    assert(max < (size_t)1 << 7 * PREFIX_MAX);
    m->stream = stream;
    m->max = max;
    m->queued_max = MESSAGES_QUEUED_MAX;
    m->cb = cb;
    m->arg = arg;
    conn_watch(stream, on_conn, m);
    m->again = timer_start(stream->loop, 0, on_again, m); /* it may be readable already */
    return m;
}

struct conn *messages_take(struct messages *m)
{
    struct conn *stream = m->stream;
    assert(buf_len(&m->out) == 0 && !m->over);
    buf_done(&m->in);
    settle(m);
    m->stream = NULL;
    destroy(m);
    return stream;
}

void messages_free(struct messages *m)
{
    if (!m)
        return;
    if (m->gone)
        *m->gone = true;
    m->gone = NULL;
    if (!m->shut || m->over || buf_len(&m->out) == 0) {
        destroy(m);
        return;
    }
    m->leaving = true;
    timer_cancel(m->again);
    m->again = NULL;
    messages_expect(m, m->within_us ? m->within_us : CONN_HANDSHAKE_US);
}
