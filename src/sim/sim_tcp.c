/* sim_tcp.c - net/conn.h's transport: dialling, listening, and a conn on each end of a flow. */
#include "base/mem.h"
#include "net/conn.h"
#include "sim/sim_flow.h"
#include "sim/sim_world.h"

#include <assert.h>

struct tcp {
    struct conn conn;
    struct sim_op op;    /* its event: the deadline of a dial */
    struct sim_end *end; /* NULL: failed, crashed, or nobody was there to dial */
    const char *doomed;  /* why a dial fails at once */
};

struct listener {
    struct sim_op op;
    struct link in_node;
    struct addr at;
    accept_cb *cb;
    void *arg;
};

static struct tcp *tcp_of(struct conn *c)
{
    return (struct tcp *)c;
}

static ssize_t tcp_recv(struct conn *c, void *to, size_t n)
{
    struct sim_end *e = tcp_of(c)->end;
    return e ? sim_end_recv(e, to, n) : CONN_FAILED;
}

static ssize_t tcp_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct sim_end *e = tcp_of(c)->end;
    return e ? sim_end_sendv(e, iov, count) : CONN_FAILED;
}

static void tcp_shut(struct conn *c)
{
    struct sim_end *e = tcp_of(c)->end;
    if (e)
        sim_end_shut(e);
}

static void tcp_drop(struct sim_op *op)
{
    struct tcp *t = LIST_OF(op, struct tcp, op);
    sim_op_done(op);
    if (t->end)
        sim_end_close(t->end);
    free(t);
}

static void tcp_close(struct conn *c)
{
    tcp_drop(&tcp_of(c)->op);
}

static const struct conn_ops ops = {"tcp", tcp_recv, tcp_sendv, tcp_close, tcp_shut};

void tcp_reset(struct conn *c)
{
    struct conn *bottom = c;
    while (bottom && bottom->below)
        bottom = bottom->below;
    if (bottom && bottom->ops == &ops && tcp_of(bottom)->end)
        sim_end_doom(tcp_of(bottom)->end);
    conn_close(c);
}

static void on_deadline(struct sim_event *ev)
{
    struct tcp *t = LIST_OF(ev, struct tcp, op.ev);
    struct why why;
    if (t->doomed)
        why_set(&why, ERR_IO, "connect: %s", t->doomed);
    else
        why_set(&why, ERR_TIMEOUT, "connect: no answer in %u s",
                (unsigned)(CONN_HANDSHAKE_US / SEC));
    sim_trace(t->op.node, "nodial", &t->conn.peer, NULL, 0);
    struct sim_end *e = t->end;
    t->end = NULL;
    if (e)
        sim_end_close(e);
    conn_raise(&t->conn, CONN_CLOSED, &why);
}

static struct tcp *tcp_new(struct sim_node *node, const struct addr *local, const struct addr *peer)
{
    struct tcp *t = MEM_NEW(struct tcp);
    sim_op_init(&t->op, node, on_deadline, tcp_drop);
    t->conn.ops = &ops;
    t->conn.loop = &node->loop;
    t->conn.local = *local;
    t->conn.peer = *peer;
    return t;
}

struct conn *unix_dial(struct loop *loop, const char *path, conn_cb *cb, void *arg)
{
    struct sim_node *node = sim_node_of(loop);
    struct addr none = {.family = ADDR_NONE};
    struct tcp *t = tcp_new(node, &none, &none);
    (void)path;
    conn_watch(&t->conn, cb, arg);
    t->doomed = "no Unix sockets in the simulator";
    sim_op_after(&t->op, 0);
    return &t->conn;
}

/* A dial of this machine from `at` to `peer` that nobody has answered: the other half of a
 * simultaneous open (RFC 9293 section 3.5).  NULL: none. */
static struct tcp *waiting_dial(const struct sim_node *node, const struct addr *at,
                                const struct addr *peer)
{
    LIST_EACH(&node->ops, struct sim_op, op, link)
        if (op->drop == tcp_drop) {
            struct tcp *t = LIST_OF(op, struct tcp, op);
            if (t->conn.cb && !t->end && !t->doomed && addr_equal(&t->conn.local, at) &&
                addr_equal(&t->conn.peer, peer))
                return t;
        }
    return NULL;
}

struct conn *tcp_dial_direct(struct loop *loop, const struct addr *to, const struct addr *from,
                             conn_cb *cb, void *arg)
{
    struct sim_node *node = sim_node_of(loop);
    struct addr local = from && !addr_is_any(from) ? *from : sim_source(node, to);
    if (from && from->port > 0)
        local.port = from->port;
    if (local.port == 0)
        local.port = sim_port(node);
    struct tcp *t = tcp_new(node, &local, to);
    conn_watch(&t->conn, cb, arg);
    if (local.family != to->family || local.family == ADDR_NONE)
        t->doomed = "network is unreachable";
    else if (!sim_owns(node, &local))
        t->doomed = "not an address of this machine";
    struct sim_node *other = sim_route(node, to);
    struct addr seen = node->nat ? sim_nat_out(node, &local, to) : local;
    struct addr inside = *to;
    bool closed = other && other != node && other->nat &&
                  !(sim_nat_in(other, &seen, &inside) && waiting_dial(other, &inside, &seen));
    if (node->up && other && !closed && !t->doomed)
        t->end = sim_flow_dial(node, other, &seen, &inside, t);
    sim_op_after(&t->op, t->doomed ? 0 : CONN_HANDSHAKE_US);
    return &t->conn;
}

void sim_tcp_tell(struct sim_end *e, enum conn_event ev, const struct why *why)
{
    struct tcp *t = e->owner;
    if (ev == CONN_OPEN || ev == CONN_CLOSED)
        sim_queue_drop(&e->node->sim->queue, &t->op.ev); /* the deadline */
    if (ev == CONN_CLOSED)
        sim_tcp_part(e);
    e->node->sim->running = e->node;
    conn_raise(&t->conn, ev, why);
}

void sim_tcp_part(struct sim_end *e)
{
    e->owner->end = NULL;
    e->owner = NULL;
}

/* Listening. */

static struct listener *listener_at(struct sim_node *node, const struct addr *at)
{
    LIST_EACH(&node->listeners, struct listener, l, in_node)
        if (sim_hears(&l->at, at))
            return l;
    return NULL;
}

bool sim_tcp_listens(struct sim_node *node, const struct addr *at)
{
    return listener_at(node, at) != NULL;
}

bool sim_tcp_accept(struct sim_end *e)
{
    struct tcp *half = waiting_dial(e->node, &e->at, &e->peer->at);
    if (half) {
        half->end = e;
        e->owner = half;
        sim_trace(e->node, "open", &e->peer->at, NULL, 0);
        sim_tcp_tell(e, CONN_OPEN, NULL);
        return true;
    }
    struct listener *l = listener_at(e->node, &e->at);
    if (!l)
        return false;
    struct tcp *t = tcp_new(e->node, &e->at, &e->peer->at);
    t->end = e;
    e->owner = t;
    sim_trace(e->node, "accept", &e->peer->at, NULL, 0);
    l->cb(l->arg, &t->conn);
    assert((!e->owner || t->conn.cb) && "an accepted conn is watched at once");
    return true;
}

static void listener_drop(struct sim_op *op)
{
    struct listener *l = LIST_OF(op, struct listener, op);
    sim_op_done(op);
    list_drop(&l->in_node);
    free(l);
}

/* Two wildcard or equal addresses with one port. */
static bool taken(struct sim_node *node, const struct addr *at)
{
    LIST_EACH(&node->listeners, struct listener, l, in_node)
        if (sim_hears(&l->at, at) || sim_hears(at, &l->at))
            return true;
    return false;
}

struct listener *tcp_listen(struct loop *loop, const struct addr *at, accept_cb *cb, void *arg,
                            struct why *why)
{
    struct sim_node *node = sim_node_of(loop);
    if (!sim_owns(node, at)) {
        why_set(why, ERR_IO, "listen: not an address of this machine");
        return NULL;
    }
    struct addr bound = *at;
    while (bound.port == 0 || (at->port == 0 && taken(node, &bound)))
        bound.port = sim_port(node);
    if (taken(node, &bound)) {
        why_set(why, ERR_IO, "listen on port %u: address already in use", (unsigned)bound.port);
        return NULL;
    }
    struct listener *l = MEM_NEW(struct listener);
    sim_op_init(&l->op, node, NULL, listener_drop);
    list_push(&node->listeners, &l->in_node);
    l->at = bound;
    l->cb = cb;
    l->arg = arg;
    return l;
}

struct addr listener_addr(const struct listener *l)
{
    return l->at;
}

void listener_close(struct listener *l)
{
    if (l)
        listener_drop(&l->op);
}
