#include "tunnel/dgram.h"

#include "base/list.h"
#include "base/mem.h"
#include "core/policy.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 << 10, TURN_MAX = 16 }; /* bytes of one read; reads of one turn */

/* One that waits. */
struct waiting {
    struct link link;
    size_t len;
    uint8_t bytes[];
};

struct dgram {
    struct loop *loop;
    struct policy *policy;
    struct conn *stream;
    struct link queue; /* struct waiting, oldest first */
    size_t queued, queued_bytes;
    struct buf out, in; /* being written; of which not all is there */
    struct timer *turn, *idle;
    uint64_t moved_us, dropped;
    bool busy, freed; /* in the owner's callback; he freed it there */
    dgram_cb *cb;
    void *arg;
};

static void release(struct dgram *d)
{
    LIST_EACH(&d->queue, struct waiting, w, link)
        free(w);
    buf_done(&d->out);
    buf_done(&d->in);
    free(d);
}

void dgram_free(struct dgram *d)
{
    if (!d)
        return;
    timer_cancel(d->turn);
    timer_cancel(d->idle);
    conn_close(d->stream);
    d->turn = d->idle = NULL;
    d->stream = NULL;
    d->freed = true;
    if (!d->busy)
        release(d);
}

/* False: d is gone. */
static bool tell(struct dgram *d, enum dgram_event ev, struct cur one)
{
    d->busy = true;
    d->cb(d->arg, ev, one);
    d->busy = false;
    if (!d->freed)
        return true;
    release(d);
    return false;
}

static void gone(struct dgram *d)
{
    timer_cancel(d->turn);
    timer_cancel(d->idle);
    conn_close(d->stream);
    d->turn = d->idle = NULL;
    d->stream = NULL;
    tell(d, DGRAM_GONE, cur_of(NULL, 0));
}

static bool within_limits(struct dgram *d, enum policy_rate rate, size_t n)
{
    uint64_t now = loop_now_us(d->loop);
    if (!d->policy)
        return true;
    if (n > 0 && policy_may(d->policy, rate, n, now) == 0)
        return false;
    policy_spend(d->policy, rate, n, now);
    return true;
}

/* --- what goes ------------------------------------------------------------------------------ */

static void drop_oldest(struct dgram *d)
{
    struct waiting *w = LIST_FIRST(&d->queue, struct waiting, link);
    d->queued--;
    d->queued_bytes -= w->len;
    list_drop(&w->link);
    free(w);
}

/* What was begun goes on; then the next of those that wait. */
static void flush(struct dgram *d)
{
    while (d->stream) {
        struct waiting *w = LIST_FIRST(&d->queue, struct waiting, link);
        if (buf_len(&d->out) == 0 && w) {
            dgram_put(&d->out, w->bytes, w->len);
            drop_oldest(d);
        }
        if (buf_len(&d->out) == 0)
            return;
        ssize_t n = conn_send(d->stream, buf_bytes(&d->out), buf_len(&d->out));
        if (n <= 0)
            return;
        buf_eat(&d->out, (size_t)n);
    }
}

void dgram_send(struct dgram *d, const void *bytes, size_t n)
{
    if (n > DGRAM_MAX || !within_limits(d, POLICY_UP, n)) {
        d->dropped++;
        return;
    }
    while (d->queued >= DGRAM_QUEUED_MAX || d->queued_bytes + n > DGRAM_QUEUED_BYTES) {
        drop_oldest(d);
        d->dropped++;
    }
    struct waiting *w = mem_zalloc(sizeof *w + n);
    w->len = n;
    if (n > 0)
        memcpy(w->bytes, bytes, n);
    list_push(&d->queue, &w->link);
    d->queued++;
    d->queued_bytes += n;
    d->moved_us = loop_now_us(d->loop);
    flush(d);
}

uint64_t dgram_dropped(const struct dgram *d)
{
    return d->dropped;
}

/* --- what comes ----------------------------------------------------------------------------- */

static void on_turn(void *arg);

/* False: d is gone. */
static bool take_all(struct dgram *d)
{
    struct buf in = d->in; /* the owner may free d */
    struct cur rest = buf_cur(&in), one;
    bool there = true;
    buf_init(&d->in);
    while (there && dgram_next(&rest, &one)) {
        d->moved_us = loop_now_us(d->loop);
        if (within_limits(d, POLICY_DOWN, one.n))
            there = tell(d, DGRAM_ONE, one);
    }
    if (there)
        buf_put(&d->in, rest.p, rest.n);
    buf_done(&in);
    return there;
}

static void read_on(struct dgram *d)
{
    for (unsigned i = 0; i < TURN_MAX; i++) {
        ssize_t n = conn_recv(d->stream, buf_room(&d->in, CHUNK), CHUNK);
        if (n == CONN_END) {
            gone(d);
            return;
        }
        if (n > 0)
            buf_grew(&d->in, (size_t)n);
        else if (buf_len(&d->in) == 0)
            buf_done(&d->in); /* an idle flow holds no room */
        if (n <= 0 || !take_all(d) || !d->stream)
            return;
    }
    if (!d->turn)
        d->turn = timer_start(d->loop, 0, on_turn, d);
}

static void on_turn(void *arg)
{
    struct dgram *d = arg;
    d->turn = NULL;
    read_on(d);
}

static void on_stream(void *arg, enum conn_event ev, const struct why *why)
{
    struct dgram *d = arg;
    (void)why;
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        read_on(d);
        break;
    case CONN_WRITABLE:
        flush(d);
        break;
    case CONN_CLOSED:
        gone(d);
        break;
    }
}

/* --- life ----------------------------------------------------------------------------------- */

static void on_idle(void *arg)
{
    struct dgram *d = arg;
    uint64_t quiet = loop_now_us(d->loop) - d->moved_us;
    d->idle = NULL;
    if (quiet < DGRAM_IDLE_US)
        d->idle = timer_start(d->loop, DGRAM_IDLE_US - quiet, on_idle, d);
    else
        gone(d);
}

void dgram_attach(struct dgram *d, struct conn *stream, struct buf *first)
{
    d->stream = stream;
    buf_put(&d->out, buf_bytes(first), buf_len(first));
    buf_done(first);
    conn_watch(stream, on_stream, d);
    d->turn = timer_start(d->loop, 0, on_turn, d);
    flush(d);
}

struct dgram *dgram_new(struct loop *loop, struct policy *policy, dgram_cb *cb, void *arg)
{
    struct dgram *d = MEM_NEW(struct dgram);
    d->loop = loop;
    d->policy = policy;
    d->cb = cb;
    d->arg = arg;
    d->moved_us = loop_now_us(loop);
    list_init(&d->queue);
    d->idle = timer_start(loop, DGRAM_IDLE_US, on_idle, d);
    return d;
}
