#include "tunnel/pipe.h"

#include "base/mem.h"
#include "core/policy.h"
#include "net/bucket.h"

#include <stdlib.h>

enum { TURN_MAX = 16 }; /* buffers moved one way in one turn; then others have theirs */
#define RATE_PAUSE_MIN_US (5 * MSEC)

/* One direction. */
struct flow {
    struct pipe *pipe;
    struct conn *from, *to;
    struct buf held;
    size_t first;          /* of what is held, these came with the pipe, and are not counted */
    enum policy_rate rate; /* of the node's */
    struct timer *later;
    uint64_t bytes;
    bool ended, shut; /* `from` has no more; `to` knows */
};

struct pipe {
    struct loop *loop;
    struct flow up, down;
    struct timer *begin, *idle;
    uint64_t idle_us, last_us;
    struct bucket *bucket;
    struct policy *policy;
    uint64_t *left[PIPE_QUOTAS];
    bool over; /* it is being told */
    pipe_done_cb *done;
    void *arg;
};

static void flow_done(struct flow *f)
{
    timer_cancel(f->later);
    buf_done(&f->held);
}

void pipe_free(struct pipe *p)
{
    if (!p)
        return;
    timer_cancel(p->begin);
    timer_cancel(p->idle);
    flow_done(&p->up);
    flow_done(&p->down);
    if (p->up.shut && p->down.shut) {
        conn_close(p->up.from);
        conn_close(p->down.from);
    } else { /* neither side may take it for an end */
        tcp_reset(p->up.from);
        tcp_reset(p->down.from);
    }
    free(p);
}

static void finish(struct pipe *p, const struct why *why)
{
    pipe_done_cb *done = p->done;
    void *arg = p->arg;
    if (p->over)
        return;
    p->over = true;
    done(arg, why); /* the owner looks at the counts and frees */
}

/* --- moving --------------------------------------------------------------------------------- */

static void note(struct flow *f, size_t took)
{
    struct pipe *p = f->pipe;
    size_t ours = f->first < took ? f->first : took;
    f->first -= ours;
    f->bytes += took - ours;
    for (size_t i = 0; i < PIPE_QUOTAS; i++)
        if (p->left[i])
            *p->left[i] -= took - ours < *p->left[i] ? took - ours : *p->left[i];
    p->last_us = loop_now_us(p->loop);
}

/* What is held goes out; false: not all of it could. */
static bool drain(struct flow *f)
{
    while (buf_len(&f->held) > 0) {
        ssize_t n = conn_send(f->to, buf_bytes(&f->held), buf_len(&f->held));
        if (n <= 0)
            return false;
        note(f, (size_t)n);
        buf_eat(&f->held, (size_t)n);
    }
    return true;
}

static void flow_move(struct flow *f);

static void on_later(void *arg)
{
    struct flow *f = arg;
    f->later = NULL;
    flow_move(f);
}

static void later(struct flow *f, uint64_t after_us)
{
    if (!f->later)
        f->later = timer_start(f->pipe->loop, after_us, on_later, f);
}

/* How much may be read now; 0: a timer runs, or will bring us back. */
static size_t allowance(struct flow *f)
{
    struct pipe *p = f->pipe;
    uint64_t now = loop_now_us(p->loop), wait = RATE_PAUSE_MIN_US;
    size_t n = PIPE_BUFFER;
    for (size_t i = 0; i < PIPE_QUOTAS; i++)
        if (p->left[i] && *p->left[i] < n)
            n = (size_t)*p->left[i];
    if (n == 0)
        return 0;
    if (p->policy)
        n = policy_may(p->policy, f->rate, n, now);
    if (n == 0)
        wait = policy_wait_us(p->policy, f->rate, 1, now);
    size_t have = p->bucket ? bucket_have(p->bucket, now) : n;
    if (have == 0 && bucket_wait_us(p->bucket, 1, now) > wait)
        wait = bucket_wait_us(p->bucket, 1, now);
    n = have < n ? have : n;
    if (n == 0)
        later(f, wait > RATE_PAUSE_MIN_US ? wait : RATE_PAUSE_MIN_US);
    return n;
}

static void spend(const struct flow *f, size_t n)
{
    const struct pipe *p = f->pipe;
    if (p->bucket)
        bucket_spend(p->bucket, n, loop_now_us(p->loop));
    if (p->policy)
        policy_spend(p->policy, f->rate, n, loop_now_us(p->loop));
}

/* One buffer; false: nothing more can be done now. */
static bool move_one(struct flow *f)
{
    if (!drain(f))
        return false;
    if (f->ended) {
        if (!f->shut)
            conn_shut(f->to);
        f->shut = true;
        return false;
    }
    size_t want = allowance(f);
    if (want == 0)
        return false;
    ssize_t n = conn_recv(f->from, buf_room(&f->held, want), want);
    if (n > 0) {
        buf_grew(&f->held, (size_t)n);
        spend(f, (size_t)n);
        return true;
    }
    buf_done(&f->held); /* an idle pipe holds no room */
    f->ended = n == CONN_END;
    return f->ended;
}

static bool used_up(const struct pipe *p)
{
    for (size_t i = 0; i < PIPE_QUOTAS; i++)
        if (p->left[i] && *p->left[i] == 0)
            return true;
    return false;
}

static void flow_move(struct flow *f)
{
    struct pipe *p = f->pipe;
    unsigned i = 0;
    if (p->over || p->begin)
        return;
    while (i < TURN_MAX && move_one(f))
        i++;
    if (i == TURN_MAX)
        later(f, 0);
    struct why why;
    if (used_up(p)) {
        why_set(&why, ERR_FULL, "the bytes of today are used up");
        finish(p, &why);
    } else if (p->up.shut && p->down.shut) {
        finish(p, NULL);
    }
}

/* --- events --------------------------------------------------------------------------------- */

static void on_event(struct flow *from, struct flow *to, enum conn_event ev, const struct why *why)
{
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        flow_move(from);
        break;
    case CONN_WRITABLE:
        flow_move(to);
        break;
    case CONN_CLOSED:
        finish(from->pipe, why);
        break;
    }
}

static void on_a(void *arg, enum conn_event ev, const struct why *why)
{
    struct pipe *p = arg;
    on_event(&p->up, &p->down, ev, why);
}

static void on_b(void *arg, enum conn_event ev, const struct why *why)
{
    struct pipe *p = arg;
    on_event(&p->down, &p->up, ev, why);
}

static void on_idle(void *arg)
{
    struct pipe *p = arg;
    uint64_t quiet = loop_now_us(p->loop) - p->last_us;
    struct why why;
    p->idle = NULL;
    if (quiet < p->idle_us) {
        p->idle = timer_start(p->loop, p->idle_us - quiet, on_idle, p);
        return;
    }
    why_set(&why, ERR_TIMEOUT, "not a byte passed for too long");
    finish(p, &why);
}

/* Either may have been readable before it was ours. */
static void on_begin(void *arg)
{
    struct pipe *p = arg;
    p->begin = NULL;
    later(&p->down, 0);
    flow_move(&p->up);
}

static void flow_init(struct flow *f, struct pipe *p, struct conn *from, struct conn *to)
{
    f->pipe = p;
    f->from = from;
    f->to = to;
    f->first = buf_len(&f->held);
}

struct pipe *pipe_new(const struct pipe_cfg *cfg)
{
    struct pipe *p = MEM_NEW(struct pipe);
    p->loop = cfg->a->loop;
    p->done = cfg->done;
    p->arg = cfg->arg;
    p->bucket = cfg->bucket;
    p->policy = cfg->policy;
    for (size_t i = 0; i < PIPE_QUOTAS; i++)
        p->left[i] = cfg->left[i];
    p->idle_us = cfg->idle_us;
    p->last_us = loop_now_us(p->loop);
    p->up.held = cfg->to_b;
    p->down.held = cfg->to_a;
    p->up.rate = POLICY_UP;
    p->down.rate = POLICY_DOWN;
    flow_init(&p->up, p, cfg->a, cfg->b);
    flow_init(&p->down, p, cfg->b, cfg->a);
    conn_watch(cfg->a, on_a, p);
    conn_watch(cfg->b, on_b, p);
    p->begin = timer_start(p->loop, 0, on_begin, p);
    if (p->idle_us)
        p->idle = timer_start(p->loop, p->idle_us, on_idle, p);
    return p;
}

uint64_t pipe_up(const struct pipe *p)
{
    return p->up.bytes;
}

uint64_t pipe_down(const struct pipe *p)
{
    return p->down.bytes;
}
