#include "net/uv/guest.h"

#include "base/mem.h"
#include "net/uv/turn.h"
#include "net/uv/uv_loop.h"

enum { HANDLES = 3 };

struct guest_loop {
    struct loop *ours;
    uv_poll_t poll;       /* something of ours is ready */
    uv_prepare_t prepare; /* they are about to wait */
    uv_timer_t limit;     /* until something of ours is due */
    unsigned held;        /* by libuv */
};

static void on_ready(uv_poll_t *h, int status, int events)
{
    (void)status;
    (void)events;
    uv_loop_turn(((struct guest_loop *)h->data)->ours);
}

static void on_due(uv_timer_t *h)
{
    uv_loop_turn(((struct guest_loop *)h->data)->ours);
}

static void on_prepare(uv_prepare_t *h)
{
    struct guest_loop *g = h->data;
    int wait_ms = uv_loop_wait_ms(g->ours);
    uv_timer_stop(&g->limit);
    if (wait_ms >= 0)
        uv_timer_start(&g->limit, on_due, (uint64_t)wait_ms, 0);
}

static void on_closed(uv_handle_t *h)
{
    struct guest_loop *g = h->data;
    if (--g->held == 0)
        free(g);
}

struct guest_loop *guest_loop_new(struct loop *ours, struct uv_loop_s *theirs, struct why *why)
{
    struct guest_loop *g = MEM_NEW(struct guest_loop);
    g->ours = ours;
    g->poll.data = g->prepare.data = g->limit.data = g;
    int rc = uv_poll_init(theirs, &g->poll, uv_loop_fd(ours));
    if (rc != 0) {
        free(g);
        why_set(why, ERR_IO, "the loop cannot be watched: %s", uv_strerror(rc));
        return NULL;
    }
    g->held = HANDLES;
    uv_prepare_init(theirs, &g->prepare);
    uv_timer_init(theirs, &g->limit);
    uv_poll_start(&g->poll, UV_READABLE, on_ready);
    uv_prepare_start(&g->prepare, on_prepare);
    return g;
}

void guest_loop_free(struct guest_loop *g)
{
    if (!g)
        return;
    uv_close((uv_handle_t *)&g->poll, on_closed);
    uv_close((uv_handle_t *)&g->prepare, on_closed);
    uv_close((uv_handle_t *)&g->limit, on_closed);
}
