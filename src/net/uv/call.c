#include "net/uv/call.h"

#include "base/mem.h"
#include "net/uv/turn.h"
#include "net/uv/uv_loop.h"

struct call {
    struct call *next;
    void (*cb)(void *);
    void *arg;
};

struct calls {
    struct loop *loop;
    uv_mutex_t lock; /* guards first and last */
    struct call *first, *last;
    uv_async_t told;
};

/* All that wait, in order; NULL: none. */
static struct call *take(struct calls *c)
{
    uv_mutex_lock(&c->lock);
    struct call *first = c->first;
    c->first = c->last = NULL;
    uv_mutex_unlock(&c->lock);
    return first;
}

static void run_all(struct calls *c, struct call *waiting)
{
    for (struct call *next; waiting; waiting = next) {
        next = waiting->next;
        turn_enter(c->loop);
        turn_note(c->loop, "call", waiting->cb);
        waiting->cb(waiting->arg);
        turn_leave(c->loop);
        free(waiting);
    }
}

void calls_run(struct calls *c)
{
    for (struct call *waiting; (waiting = take(c));)
        run_all(c, waiting);
}

/* Once: what these queue waits for the next turn, so that the sockets get theirs. */
static void on_told(uv_async_t *a)
{
    struct calls *c = a->data;
    run_all(c, take(c));
}

void uv_loop_call(struct loop *l, void (*cb)(void *), void *arg)
{
    struct calls *c = l->calls;
    struct call *call = MEM_NEW(struct call);
    *call = (struct call){.cb = cb, .arg = arg};
    uv_mutex_lock(&c->lock);
    if (c->last)
        c->last->next = call;
    else
        c->first = call;
    c->last = call;
    uv_mutex_unlock(&c->lock);
    uv_async_send(&c->told);
}

struct calls *calls_new(struct loop *l)
{
    struct calls *c = MEM_NEW(struct calls);
    c->loop = l;
    c->told.data = c;
    if (uv_mutex_init(&c->lock) != 0 || uv_async_init(&l->uv, &c->told, on_told) != 0)
        abort(); /* as uv_loop_open() */
    return c;
}

static void on_closed(uv_handle_t *h)
{
    struct calls *c = h->data;
    uv_mutex_destroy(&c->lock);
    free(c);
}

void calls_free(struct calls *c)
{
    calls_run(c);
    uv_close((uv_handle_t *)&c->told, on_closed);
}
