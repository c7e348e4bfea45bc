/* sim_http.c - net/http.h: there is no HTTP here, and this says so in time. */
#include "base/buf.h"
#include "base/mem.h"
#include "net/http.h"
#include "sim/sim_world.h"

#include <string.h>

struct http_fetch {
    struct sim_op op;
    http_cb *done;
    void *arg;
};

static void fetch_drop(struct sim_op *op)
{
    sim_op_done(op);
    free(LIST_OF(op, struct http_fetch, op));
}

static void on_fetch(struct sim_event *ev)
{
    struct http_fetch *f = LIST_OF(ev, struct http_fetch, op.ev);
    http_cb *done = f->done;
    void *arg = f->arg;
    struct why why;
    why_set(&why, ERR_CLOSED, "no HTTP in the simulator");
    sim_trace(f->op.node, "http", NULL, NULL, 0);
    fetch_drop(&f->op);
    done(arg, NULL, &why);
}

struct http_fetch *http_start(struct loop *loop, const struct http_request *rq, http_cb *done,
                              void *arg)
{
    (void)rq;
    struct http_fetch *f = MEM_NEW(struct http_fetch);
    sim_op_init(&f->op, sim_node_of(loop), on_fetch, fetch_drop);
    f->done = done;
    f->arg = arg;
    sim_op_after(&f->op, 1 * MSEC);
    return f;
}

void http_cancel(struct http_fetch *f)
{
    if (f)
        fetch_drop(&f->op);
}

/* RFC 3986 section 2.3: ALPHA / DIGIT / "-" / "." / "_" / "~". */
static bool unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-._~", c));
}

void http_hold(struct http_fetch *f, bool hold)
{
    (void)f;
    (void)hold;
}

char *http_escape(const void *text, size_t n)
{
    struct cur in = cur_of(text, n);
    struct buf out = {0};
    while (in.n > 0) {
        uint8_t c = cur_u8(&in);
        if (unreserved(c))
            buf_u8(&out, c);
        else
            buf_printf(&out, "%%%02X", c);
    }
    return buf_take_str(&out);
}
