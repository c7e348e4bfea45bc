#include "net/wsock.h"

#include "base/mem.h"
#include "net/ws_inbox.h"

#include <string.h>

enum {
    READ_CHUNK = 64 * 1024,
    READ_TURN = 16,              /* chunks, and then others have their turn */
    PONG_UNSENT_MAX = 64 * 1024, /* bytes unsent, with which pings are not answered */
};

struct wsock {
    struct conn *conn; /* NULL: it failed */
    struct loop *loop;
    const struct wsock_ops *ops;
    void *arg;
    struct ws_inbox in;
    struct buf out;
    struct timer *turn;  /* to send what was gathered, or to read on */
    struct timer *stuck; /* the client takes nothing; or our goodbye is not answered */
    bool reading;        /* there may be more to read */
    bool blocked;        /* CONN_WRITABLE comes */
    bool asked;          /* `drained` is owed */
    bool said_bye, heard_bye, ended;
    bool busy, dead; /* in a callback; freed in it */
};

/* ---- the end ---- */

static void really_free(struct wsock *w)
{
    timer_cancel(w->turn);
    timer_cancel(w->stuck);
    conn_close(w->conn);
    ws_inbox_done(&w->in);
    buf_done(&w->out);
    free(w);
}

void wsock_free(struct wsock *w)
{
    if (!w)
        return;
    w->dead = true;
    if (!w->busy)
        really_free(w);
}

/* The last thing in each callback. */
static void leave(struct wsock *w)
{
    w->busy = false;
    if (w->dead)
        really_free(w);
}

static void end(struct wsock *w, const struct why *why)
{
    if (w->ended || w->dead)
        return;
    w->ended = true;
    timer_cancel(w->turn);
    timer_cancel(w->stuck);
    w->turn = w->stuck = NULL;
    conn_close(w->conn);
    w->conn = NULL;
    w->ops->ended(w->arg, why);
}

static void end_with(struct wsock *w, enum err code, const char *words)
{
    struct why why;
    why_set(&why, code, "%s", words);
    end(w, &why);
}

static void on_stuck(void *arg)
{
    struct wsock *w = arg;
    w->stuck = NULL;
    w->busy = true;
    if (w->said_bye)
        end(w, NULL);
    else
        end_with(w, ERR_TIMEOUT, "it took nothing for 60 s");
    leave(w);
}

static void watch_time(struct wsock *w, uint64_t us)
{
    timer_cancel(w->stuck);
    w->stuck = us > 0 ? timer_start(w->loop, us, on_stuck, w) : NULL;
}

/* ---- out ---- */

static void flush(struct wsock *w)
{
    size_t before = buf_len(&w->out);
    ssize_t took = 1;
    while (w->conn && buf_len(&w->out) > 0 && took > 0) {
        took = conn_send(w->conn, buf_bytes(&w->out), buf_len(&w->out));
        if (took > 0)
            buf_eat(&w->out, (size_t)took);
    }
    w->blocked = took == CONN_AGAIN; /* CONN_FAILED: CONN_CLOSED comes */
    size_t left = buf_len(&w->out);
    if (!w->said_bye && left == 0)
        watch_time(w, 0);
    else if (!w->said_bye && (left < before || !w->stuck))
        watch_time(w, WSOCK_STUCK_US);
    if (left == 0)
        buf_done(&w->out);
    if (left == 0 && w->asked && !w->said_bye && !w->dead && !w->ended) {
        w->asked = false;
        w->ops->drained(w->arg);
    }
}

static void read_on(struct wsock *w);

static void on_turn(void *arg)
{
    struct wsock *w = arg;
    w->turn = NULL;
    w->busy = true;
    if (w->reading)
        read_on(w);
    if (!w->dead && !w->blocked)
        flush(w);
    leave(w);
}

static void in_a_turn(struct wsock *w)
{
    if (!w->turn && w->conn)
        w->turn = timer_start(w->loop, 0, on_turn, w);
}

static void put(struct wsock *w, enum ws_opcode opcode, struct cur bytes)
{
    if (w->said_bye || !w->conn)
        return;
    ws_put_frame(&w->out, opcode, NULL, bytes.p, bytes.n);
    if (!w->blocked)
        in_a_turn(w);
}

void wsock_send(struct wsock *w, struct cur message)
{
    put(w, WS_BINARY, message);
}

size_t wsock_unsent(struct wsock *w)
{
    w->asked = buf_len(&w->out) > 0;
    return buf_len(&w->out);
}

/* What is unsent is tried once more; then the end is awaited, so that the goodbye is read before a
 * reset could overtake it. */
void wsock_bye(struct wsock *w, enum ws_code code, const char *reason)
{
    struct buf payload = {0};
    size_t n = strlen(reason);
    if (w->said_bye || !w->conn)
        return;
    if (code != WS_NO_CODE) {
        buf_be16(&payload, (uint16_t)code);
        buf_put(&payload, reason, n <= WS_CONTROL_MAX - 2 ? n : 0);
    }
    put(w, WS_CLOSE, buf_cur(&payload));
    w->said_bye = true;
    buf_done(&payload);
    flush(w);
    watch_time(w, WSOCK_BYE_US);
}

/* ---- in ---- */

static void hear_close(struct wsock *w, struct cur payload)
{
    unsigned code;
    struct why why;
    bool good = ws_read_close(payload, &code, &why) == OK;
    w->heard_bye = true;
    if (!w->said_bye)
        wsock_bye(w, good ? (enum ws_code)code : WS_PROTOCOL, ""); /* section 5.5.1: echoed */
    flush(w);
    end(w, good ? NULL : &why);
}

static void hear(struct wsock *w, enum ws_opcode opcode, struct cur payload)
{
    switch (opcode) {
    case WS_BINARY:
        if (!w->said_bye)
            w->ops->message(w->arg, payload);
        break;
    case WS_PING:
        if (buf_len(&w->out) <= PONG_UNSENT_MAX)
            put(w, WS_PONG, payload);
        break;
    case WS_CLOSE:
        hear_close(w, payload);
        break;
    case WS_PONG:
    case WS_CONTINUATION:
    case WS_TEXT: /* the last two never come */
        break;
    }
}

/* What came so far.  After our goodbye to one who speaks nonsense, what comes is thrown away. */
static void take(struct wsock *w)
{
    enum ws_opcode opcode;
    enum ws_code code;
    struct cur payload;
    struct why why;
    int got = WS_MORE;
    while (!w->dead && !w->ended && !w->heard_bye &&
           (got = ws_inbox_next(&w->in, &opcode, &payload, &code, &why)) > 0)
        hear(w, opcode, payload);
    if (got != WS_BAD || w->dead || w->ended)
        return;
    if (!w->said_bye)
        wsock_bye(w, code, why.text);
    w->in.eaten = 0;
    buf_clear(&w->in.raw);
}

static void read_on(struct wsock *w)
{
    ssize_t got = 1;
    w->reading = true;
    take(w);
    for (int i = 0; i < READ_TURN && w->conn && !w->dead; i++) {
        got = conn_recv(w->conn, buf_room(&w->in.raw, READ_CHUNK), READ_CHUNK);
        if (got <= 0)
            break;
        buf_grew(&w->in.raw, (size_t)got);
        take(w);
    }
    if (w->dead || w->ended)
        return;
    w->reading = got > 0;
    if (w->reading)
        in_a_turn(w);
    if (buf_len(&w->in.raw) == 0)
        buf_done(&w->in.raw); /* an idle one holds nothing */
    if (got == CONN_END && w->said_bye)
        end(w, NULL);
    else if (got == CONN_END)
        end_with(w, ERR_CLOSED, "it went without a goodbye");
}

static void on_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct wsock *w = arg;
    w->busy = true;
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        read_on(w);
        break;
    case CONN_WRITABLE:
        flush(w);
        break;
    case CONN_CLOSED:
        end(w, why);
        break;
    }
    leave(w);
}

struct wsock *wsock_new(struct conn *c, struct cur early, size_t max, const struct wsock_ops *ops,
                        void *arg)
{
    struct wsock *w = MEM_NEW(struct wsock);
    w->conn = c;
    w->loop = c->loop;
    w->ops = ops;
    w->arg = arg;
    w->in.max = max;
    buf_put(&w->in.raw, early.p, early.n);
    w->reading = true;
    conn_watch(c, on_event, w);
    in_a_turn(w);
    return w;
}
