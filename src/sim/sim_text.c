/* sim_text.c - net/loop.h: the texts of names. */
#include "sim/sim.h"

#include "base/mem.h"
#include "sim/sim_world.h"

#include <string.h>

#define RESOLVE_US (20 * MSEC) /* as for addresses */

struct resolve_text {
    struct sim_op op;
    resolve_text_cb *cb;
    void *arg;
    char *name;
};

static void drop(struct sim_op *op)
{
    struct resolve_text *r = LIST_OF(op, struct resolve_text, op);
    sim_op_done(op);
    free(r->name);
    free(r);
}

static void on_answer(struct sim_event *ev)
{
    struct resolve_text *r = LIST_OF(ev, struct resolve_text, op.ev);
    const struct sim_name *name = map_get(r->op.node->sim->names, r->name, strlen(r->name));
    resolve_text_cb *cb = r->cb;
    void *arg = r->arg;
    struct why why;
    why_set(&why, ERR_NOT_FOUND, "%s: no text", r->name);
    sim_trace(r->op.node, "resolve text", NULL, r->name, strlen(r->name));
    drop(&r->op);
    size_t n = name ? name->text_count : 0;
    cb(arg, name ? (const char *const *)name->texts : NULL, n, n > 0 ? NULL : &why);
}

struct resolve_text *resolve_text_start(struct loop *loop, const char *name, resolve_text_cb *cb,
                                        void *arg)
{
    struct resolve_text *r = MEM_NEW(struct resolve_text);
    sim_op_init(&r->op, sim_node_of(loop), on_answer, drop);
    r->cb = cb;
    r->arg = arg;
    r->name = mem_strdup(name);
    sim_op_after(&r->op, RESOLVE_US);
    return r;
}

void resolve_text_cancel(struct resolve_text *r)
{
    if (r)
        drop(&r->op);
}
