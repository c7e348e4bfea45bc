#include "net/uv/watch.h"

#include "net/uv/turn.h"

static void on_poll(uv_poll_t *h, int status, int events)
{
    struct watch *w = h->data;
    struct loop *l = w->loop;
    if (status < 0)
        w->interest = 0; /* libuv has stopped it (uv__poll_io at POLLERR) */
    turn_enter(l);
    w->cb(w->owner, status < 0 ? WATCH_ERROR : (unsigned)events & (WATCH_READ | WATCH_WRITE));
    turn_leave(l);
}

int watch_open(struct watch *w, struct loop *l, int fd, watch_cb *cb, void *owner)
{
    w->loop = l;
    w->cb = cb;
    w->owner = owner;
    int rc = uv_poll_init(&l->uv, &w->poll, fd);
    w->ready = rc == 0;
    w->poll.data = w;
    return -rc; /* libuv's codes are negative errnos */
}

void watch_set(struct watch *w, unsigned interest)
{
    if (interest == w->interest)
        return;
    w->interest = interest;
    if (interest)
        uv_poll_start(&w->poll, (int)interest, on_poll);
    else
        uv_poll_stop(&w->poll);
}

void watch_add(struct watch *w, unsigned events)
{
    watch_set(w, w->interest | events);
}

void watch_drop(struct watch *w, unsigned events)
{
    watch_set(w, w->interest & ~events);
}

static void on_closed(uv_handle_t *h)
{
    struct watch *w = h->data;
    w->release(w->owner);
}

void watch_close(struct watch *w, struct loop *l, void (*release)(void *owner), void *owner)
{
    w->release = release;
    w->owner = owner;
    w->interest = 0;
    if (!w->ready)
        uv_idle_init(&l->uv, &w->none);
    w->poll.data = w;
    uv_close((uv_handle_t *)&w->poll, on_closed);
}
