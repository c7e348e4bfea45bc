#include "host/mux/multistream.h"

#include "base/buf.h"
#include "base/mem.h"
#include "host/mux/multistream_line.h"

#include <assert.h>
#include <string.h>

struct multistream {
    struct conn *c;
    multistream_cb *cb;
    multistream_choose *choose; /* NULL: we propose */
    void *arg;
    const char *const *names; /* what we propose, and which of them is under way */
    size_t count, at;
    unsigned refused; /* proposals answered with "na" */
    bool greeted;     /* our header is written, or in `out` */
    bool starting;    /* inside dial or accept: nothing may be told yet */
    bool over;        /* `agreed` or `why` is to be told */
    const char *agreed;
    struct why why;
    struct buf out;
    struct timer *timer; /* the deadline, or the answer in the next turn */
    struct multistream_line line;
};

static void finish(void *arg)
{
    struct multistream *m = arg;
    multistream_cb *cb = m->cb;
    void *cb_arg = m->arg;
    const char *agreed = m->agreed;
    struct why why = m->why;
    m->timer = NULL;
    multistream_cancel(m);
    cb(cb_arg, agreed, agreed ? NULL : &why);
}

/* The one way out: at once from the loop, in the next turn from inside the start. */
static void end(struct multistream *m)
{
    m->over = true;
    timer_cancel(m->timer);
    m->timer = NULL;
    if (m->starting)
        m->timer = timer_start(m->c->loop, 0, finish, m);
    else
        finish(m);
}

static void fail(struct multistream *m)
{
    m->agreed = NULL;
    end(m);
}

static void on_deadline(void *arg)
{
    struct multistream *m = arg;
    m->timer = NULL;
    why_set(&m->why, ERR_TIMEOUT, "multistream: nothing was agreed on in %u s",
            (unsigned)(MULTISTREAM_DEADLINE_US / SEC));
    fail(m);
}

static void say(struct multistream *m, const char *name)
{
    if (!m->greeted)
        multistream_write(&m->out, MULTISTREAM_HEADER);
    m->greeted = true;
    multistream_write(&m->out, name);
}

/* All is written; false: CONN_WRITABLE or CONN_CLOSED is owed. */
static bool flush(struct multistream *m)
{
    while (buf_len(&m->out) > 0) {
        ssize_t n = conn_send(m->c, buf_bytes(&m->out), buf_len(&m->out));
        if (n < 0)
            return false;
        buf_eat(&m->out, (size_t)n);
    }
    return true;
}

/* An answer to what we proposed.  False: the talk is over, by a reason. */
static bool answered(struct multistream *m, const char *name)
{
    const char *asked = m->names[m->at];
    if (strcmp(name, asked) == 0) {
        m->agreed = asked;
        return true;
    }
    if (strcmp(name, MULTISTREAM_NA) != 0) {
        why_set(&m->why, ERR_INVALID, "multistream: asked for %.80s, answered %.80s", asked, name);
        return false;
    }
    if (++m->at < m->count) {
        say(m, m->names[m->at]);
        return true;
    }
    why_set(&m->why, ERR_NOT_FOUND, "multistream: the other side does not speak %.80s%s",
            m->names[0], m->count > 1 ? " or the others" : "");
    return false;
}

/* A proposal.  "ls" and "/libp2p/simultaneous-connect" are names like others, which nobody here
 * speaks: go-multistream answers both so too. */
static bool proposed(struct multistream *m, const char *name)
{
    const char *ours = m->choose(m->arg, name);
    if (ours) {
        m->agreed = ours;
        say(m, name);
        return true;
    }
    if (++m->refused > MULTISTREAM_TRIES_MAX) {
        why_set(&m->why, ERR_LIMIT, "multistream: none of %d proposals is spoken here",
                MULTISTREAM_TRIES_MAX);
        return false;
    }
    say(m, MULTISTREAM_NA);
    return true;
}

/* What came since our last words went out; we say something new only after those, so that nobody
 * makes us hold answers that he does not read. */
static void move(struct multistream *m)
{
    while (!m->over && flush(m)) {
        if (m->agreed) {
            end(m);
            return;
        }
        switch (multistream_line(&m->line, m->c, &m->why)) {
        case MULTISTREAM_LINE:
            if (m->choose ? proposed(m, m->line.name) : answered(m, m->line.name))
                continue;
            flush(m); /* those before it were answered */
            fail(m);
            return;
        case MULTISTREAM_WRONG:
            fail(m);
            return;
        case MULTISTREAM_WAIT:
            /* Whoever waits for our header gets it, as soon as his is there. */
            if (!m->greeted && m->line.greeted) {
                multistream_write(&m->out, MULTISTREAM_HEADER);
                m->greeted = true;
                flush(m);
            }
            return;
        case MULTISTREAM_FAILED:
            return;
        }
    }
}

static void on_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct multistream *m = arg;
    if (ev == CONN_CLOSED) {
        m->why = *why;
        fail(m);
        return;
    }
    if (!m->over)
        move(m);
}

static struct multistream *start(struct conn *c, multistream_cb *cb, void *arg)
{
    struct multistream *m = MEM_NEW(struct multistream);
    m->c = c;
    m->cb = cb;
    m->arg = arg;
    m->starting = true;
    conn_watch(c, on_event, m);
    return m;
}

static struct multistream *started(struct multistream *m)
{
    move(m);
    m->starting = false;
    if (!m->over)
        m->timer = timer_start(m->c->loop, MULTISTREAM_DEADLINE_US, on_deadline, m);
    return m;
}

struct multistream *multistream_dial(struct conn *c, const char *const *names, size_t n,
                                     multistream_cb *cb, void *arg)
{
    assert(n > 0);
    struct multistream *m = start(c, cb, arg);
    m->names = names;
    m->count = n;
    say(m, names[0]);
    return started(m);
}

struct multistream *multistream_accept(struct conn *c, multistream_choose *choose,
                                       multistream_cb *cb, void *arg)
{
    struct multistream *m = start(c, cb, arg);
    m->choose = choose;
    return started(m);
}

void multistream_cancel(struct multistream *m)
{
    if (!m)
        return;
    timer_cancel(m->timer);
    conn_watch(m->c, NULL, NULL);
    buf_done(&m->out);
    free(m);
}
