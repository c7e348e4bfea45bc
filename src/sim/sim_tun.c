#include "sim/sim_tun.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/tun.h"
#include "sim/sim_world.h"

#include <stdlib.h>
#include <string.h>

enum { WAITING_MAX = 256 << 10 }; /* bytes of packets that the node did not read yet */

struct tun {
    struct sim_op op;
    struct sim_node *node;
    struct buf waiting; /* each behind two bytes of length */
    bool up, failed, queued;
    bool *gone; /* set when the owner closes it inside a callback */
    const struct tun_events *events;
    void *arg;
};

static void queue(struct tun *t)
{
    if (!t->queued)
        sim_op_after(&t->op, 0);
    t->queued = true;
}

/* One packet; false: there is none, or it was closed. */
static bool give(struct tun *t)
{
    uint8_t packet[TUN_MTU];
    struct cur all = buf_cur(&t->waiting);
    if (all.n == 0)
        return false;
    struct cur one = cur_take(&all, cur_be16(&all));
    size_t n = one.n;
    memcpy(packet, one.p, n);
    buf_eat(&t->waiting, 2 + n);
    bool gone = false;
    t->gone = &gone;
    t->events->packet(t->arg, cur_of(packet, n));
    if (gone)
        return false;
    t->gone = NULL;
    return true;
}

static void on_event(struct sim_event *ev)
{
    struct tun *t = LIST_OF(ev, struct tun, op.ev);
    struct why why;
    t->queued = false;
    if (t->failed || t->node->tun_forbidden) {
        t->up = false;
        why_set(&why, ERR_DENIED, "this machine lets nobody make an interface");
        t->events->closed(t->arg, &why);
    } else if (!t->up) {
        t->up = true;
        t->events->up(t->arg, "sim0");
    } else {
        while (give(t))
            ;
    }
}

static void drop(struct sim_op *op)
{
    struct tun *t = LIST_OF(op, struct tun, op);
    if (t->gone)
        *t->gone = true;
    if (t->node->tun == t)
        t->node->tun = NULL;
    sim_op_done(op);
    buf_done(&t->waiting);
    free(t);
}

struct tun *tun_open(struct loop *loop, const struct addr *at, const struct tun_events *events,
                     void *arg)
{
    struct tun *t = MEM_NEW(struct tun);
    (void)at;
    t->node = sim_node_of(loop);
    t->events = events;
    t->arg = arg;
    t->failed = t->node->tun != NULL;
    if (!t->failed)
        t->node->tun = t;
    sim_op_init(&t->op, t->node, on_event, drop);
    queue(t);
    return t;
}

bool tun_send(struct tun *t, const void *packet, size_t n)
{
    if (!t->up || !t->node->up)
        return false;
    if (t->node->tun_hear)
        t->node->tun_hear(t->node->tun_hear_arg, cur_of(packet, n));
    return true;
}

void tun_close(struct tun *t)
{
    if (t)
        drop(&t->op);
}

void sim_tun_hear(struct sim_node *node, sim_tun_fn *fn, void *arg)
{
    node->tun_hear = fn;
    node->tun_hear_arg = arg;
}

void sim_tun_put(struct sim_node *node, const void *packet, size_t n)
{
    struct tun *t = node->tun;
    if (!t || !t->up || n > TUN_MTU || buf_len(&t->waiting) + n > WAITING_MAX)
        return;
    buf_be16(&t->waiting, (uint16_t)n);
    buf_put(&t->waiting, packet, n);
    queue(t);
}

bool sim_tun_is_up(const struct sim_node *node)
{
    return node->tun && node->tun->up;
}

void sim_tun_forbid(struct sim_node *node)
{
    node->tun_forbidden = true;
    if (node->tun)
        queue(node->tun);
}
