#include "host/reach/relay_pipe.h"

#include "base/mem.h"
#include "host/mux/purse.h"

#include <assert.h>
#include <stdlib.h>

enum { TURNS_MAX = 16 }; /* buffers moved at once; then others have their turn */

struct half {
    struct relay_pipe *pipe;
    struct conn *from, *to;
    struct buf bytes; /* read and not yet written: on the purse of who sent them */
    size_t drawn;
    uint64_t passed;
    bool ended, shut;
};

struct relay_pipe {
    struct half half[2]; /* 0: a to b */
    struct relay_limit limit;
    struct bucket *rate;
    struct timer *again, *end;
    bool over;
    struct why why; /* that it is over */
    relay_pipe_cb *cb;
    void *arg;
};

static void tell(void *arg)
{
    struct relay_pipe *p = arg;
    struct why why = p->why;
    p->again = NULL;
    p->cb(p->arg, &why);
}

/* From now on nothing moves, and the owner hears of it in the next turn. */
static void finish(struct relay_pipe *p, const struct why *why)
{
    if (p->over)
        return;
    p->over = true;
    p->why = *why;
    timer_cancel(p->again);
    p->again = timer_start(p->half[0].from->loop, 0, tell, p);
}

static void go_on(struct relay_pipe *p);

static void on_again(void *arg)
{
    struct relay_pipe *p = arg;
    p->again = NULL;
    go_on(p);
}

static void later(struct relay_pipe *p, uint64_t after_us)
{
    if (!p->again && !p->over)
        p->again = timer_start(p->half[0].from->loop, after_us, on_again, p);
}

static void on_end(void *arg)
{
    struct relay_pipe *p = arg;
    struct why why;
    p->end = NULL;
    why_set(&why, ERR_LIMIT, "the circuit is older than %llu s",
            (unsigned long long)p->limit.duration_s);
    finish(p, &why);
}

/* What is held for `from`, from now on. */
static bool draw(struct half *h, size_t n)
{
    struct why why;
    if (n <= h->drawn) {
        tab_give(h->from->tab, h->drawn - n);
    } else if (tab_take(h->from->tab, n - h->drawn, "what is passed on for it", &why) != OK) {
        finish(h->pipe, &why);
        return false;
    }
    h->drawn = n;
    return true;
}

/* False: not all could be written. */
static bool write_out(struct half *h)
{
    while (buf_len(&h->bytes) > 0) {
        ssize_t n = conn_send(h->to, buf_bytes(&h->bytes), buf_len(&h->bytes));
        if (n <= 0)
            return false;
        buf_eat(&h->bytes, (size_t)n);
    }
    buf_done(&h->bytes); /* an idle circuit holds no room */
    (void)draw(h, 0);
    if (h->ended && !h->shut) {
        h->shut = true;
        conn_shut(h->to);
    }
    return !h->ended;
}

static bool may_read(struct relay_pipe *p)
{
    uint64_t now = p->rate ? loop_now_us(p->half[0].from->loop) : 0;
    uint64_t wait_us = p->rate ? bucket_wait_us(p->rate, 1, now) : 0;
    if (wait_us > 0)
        later(p, wait_us);
    return wait_us == 0;
}

static void count(struct half *h, size_t n)
{
    struct relay_pipe *p = h->pipe;
    h->passed += n;
    if (p->rate)
        bucket_spend(p->rate, n, loop_now_us(h->from->loop));
    if (p->limit.data_bytes && h->passed > p->limit.data_bytes) {
        struct why why;
        why_set(&why, ERR_LIMIT, "the circuit carried more than %llu bytes one way",
                (unsigned long long)p->limit.data_bytes);
        finish(p, &why);
    }
}

static void move(struct half *h)
{
    struct relay_pipe *p = h->pipe;
    for (unsigned i = 0; !p->over && write_out(h) && may_read(p); i++) {
        if (i == TURNS_MAX) {
            later(p, 0);
            return;
        }
        ssize_t n = conn_recv(h->from, buf_room(&h->bytes, RELAY_PIPE_BUFFER), RELAY_PIPE_BUFFER);
        if (n == CONN_END)
            h->ended = true;
        if (n == CONN_AGAIN || n == CONN_FAILED) {
            buf_done(&h->bytes);
            return;
        }
        if (n > 0) {
            buf_grew(&h->bytes, (size_t)n);
            if (draw(h, (size_t)n))
                count(h, (size_t)n);
        }
    }
}

static void go_on(struct relay_pipe *p)
{
    struct why why;
    for (size_t i = 0; i < 2; i++)
        move(&p->half[i]);
    if (p->half[0].shut && p->half[1].shut) {
        why_set(&why, ERR_CLOSED, "both sides ended it");
        finish(p, &why);
    }
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct relay_pipe *p = arg;
    if (ev == CONN_CLOSED)
        finish(p, why);
    else
        go_on(p);
}

struct relay_pipe *relay_pipe_new(struct conn *a, struct conn *b, struct cur first,
                                  const struct relay_limit *limit, struct bucket *rate,
                                  relay_pipe_cb *cb, void *arg)
{
    struct relay_pipe *p = MEM_NEW(struct relay_pipe);
    assert(first.n <= RELAY_PIPE_BUFFER);
    p->half[0] = (struct half){.pipe = p, .from = a, .to = b};
    p->half[1] = (struct half){.pipe = p, .from = b, .to = a};
    p->limit = *limit;
    p->rate = rate;
    p->cb = cb;
    p->arg = arg;
    buf_put(&p->half[1].bytes, first.p, first.n);
    conn_watch(a, on_conn, p);
    conn_watch(b, on_conn, p);
    if (limit->duration_s)
        p->end = timer_start(a->loop, limit->duration_s * SEC, on_end, p);
    later(p, 0);
    return p;
}

void relay_pipe_free(struct relay_pipe *p)
{
    if (!p)
        return;
    timer_cancel(p->again);
    timer_cancel(p->end);
    for (size_t i = 0; i < 2; i++) {
        (void)draw(&p->half[i], 0);
        conn_close(p->half[i].from);
        buf_done(&p->half[i].bytes);
    }
    free(p);
}

uint64_t relay_pipe_bytes(const struct relay_pipe *p)
{
    return p->half[0].passed + p->half[1].passed;
}
