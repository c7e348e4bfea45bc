/* api/fake_test.h - for tests: a clock that the test moves, and an HTTP server without sockets.
 *
 * Defines net/loop.h's clock, timers and randomness and net/httpd.h's calls, in place of the
 * library that has the real ones.  Included by one .c file of a program. */
#ifndef SHOAL_API_FAKE_TEST_H
#define SHOAL_API_FAKE_TEST_H

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/test.h"
#include "net/httpd.h"

#include <stdlib.h>
#include <strings.h>

struct timer {
    struct link link;
    uint64_t due_us;
    timer_cb *cb;
    void *arg;
};

struct loop {
    uint64_t now_us;
    struct link timers; /* by due time */
};

static inline void fake_init(struct loop *l)
{
    l->now_us = 1000 * SEC;
    list_init(&l->timers);
}

static inline void fake_run_for(struct loop *l, uint64_t us)
{
    uint64_t until = l->now_us + us;
    struct timer *t;
    while ((t = LIST_FIRST(&l->timers, struct timer, link)) && t->due_us <= until) {
        l->now_us = t->due_us;
        timer_cb *cb = t->cb;
        void *arg = t->arg;
        timer_cancel(t);
        cb(arg);
    }
    l->now_us = until;
}

uint64_t loop_now_us(const struct loop *l)
{
    return l->now_us;
}

void loop_random(struct loop *l, void *out, size_t n)
{
    (void)l;
    memset(out, 0x5a, n);
}

uint64_t loop_random_u64(struct loop *l)
{
    uint64_t v;
    loop_random(l, &v, sizeof v);
    return v;
}

struct timer *timer_start(struct loop *l, uint64_t after_us, timer_cb *cb, void *arg)
{
    struct timer *t = MEM_NEW(struct timer);
    *t = (struct timer){.due_us = l->now_us + after_us, .cb = cb, .arg = arg};
    struct link *at = l->timers.prev;
    while (at != &l->timers && LIST_OF(at, struct timer, link)->due_us > t->due_us)
        at = at->prev;
    list_push_front(at, &t->link);
    return t;
}

void timer_cancel(struct timer *t)
{
    if (!t)
        return;
    list_drop(&t->link);
    free(t);
}

/* One request: what it says, and what it was answered. */
struct httpd_call {
    const char *method, *path;
    const char *const *query, *const *headers; /* name, value, name, value, NULL */
    const char *body;
    unsigned status; /* 0: not answered */
    struct buf out;
    bool is_stream, over;
    size_t room; /* of a stream; 0: no limit */
    void (*gone)(void *arg);
    void *gone_arg;
};

static inline const char *fake_pair(const char *const *pairs, const char *name)
{
    for (; pairs && *pairs; pairs += 2)
        if (strcasecmp(pairs[0], name) == 0)
            return pairs[1];
    return NULL;
}

/* A call that is over is not the handler's any more; a plain abort, for fuzz targets too. */
static inline void fake_is_open(const struct httpd_call *c)
{
    if (c->over)
        abort();
}

const char *httpd_method(const struct httpd_call *c)
{
    return c->method;
}

const char *httpd_path(const struct httpd_call *c)
{
    return c->path;
}

const char *httpd_query(const struct httpd_call *c, const char *name)
{
    return fake_pair(c->query, name);
}

const char *httpd_header(const struct httpd_call *c, const char *name)
{
    return fake_pair(c->headers, name);
}

struct cur httpd_body(const struct httpd_call *c)
{
    return cur_of(c->body, c->body ? strlen(c->body) : 0);
}

void httpd_reply(struct httpd_call *c, unsigned status, const char *const *headers,
                 const void *body, size_t n)
{
    (void)headers;
    fake_is_open(c);
    c->status = status;
    c->over = true;
    if (n > 0)
        buf_put(&c->out, body, n);
}

void httpd_stream_start(struct httpd_call *c, unsigned status, const char *const *headers)
{
    (void)headers;
    fake_is_open(c);
    c->status = status;
    c->is_stream = true;
}

bool httpd_stream_send(struct httpd_call *c, const void *bytes, size_t n)
{
    fake_is_open(c);
    if (c->room > 0 && buf_len(&c->out) + n > c->room) {
        c->over = true;
        return false;
    }
    buf_put(&c->out, bytes, n);
    return true;
}

void httpd_stream_end(struct httpd_call *c)
{
    fake_is_open(c);
    c->over = true;
}

void httpd_on_gone(struct httpd_call *c, void (*gone)(void *arg), void *arg)
{
    c->gone = gone;
    c->gone_arg = arg;
}

/* What was answered since the last call; free(). */
static inline char *fake_take(struct httpd_call *c)
{
    return buf_take_str(&c->out);
}

static inline unsigned fake_count(const char *text, const char *word)
{
    unsigned n = 0;
    while ((text = strstr(text, word))) {
        n++;
        text++;
    }
    return n;
}

#endif
