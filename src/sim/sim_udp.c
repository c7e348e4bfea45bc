/* sim_udp.c - net/udp.h: datagrams that may be lost, late or out of order. */
#include "base/buf.h"
#include "base/mem.h"
#include "net/udp.h"
#include "sim/sim_world.h"

#include <assert.h>
#include <string.h>

struct udp {
    struct sim_op op;
    struct link in_node;
    struct addr at;
    udp_cb *cb;
    udp_pause_cb *pause;
    void *arg;
};

/* Under way: to the other's line first, then through it. */
struct packet {
    struct link link; /* in sim->packets */
    struct sim_event ev;
    struct sim_node *from, *to;
    struct addr source, target;
    bool in; /* through the other's line */
    size_t n;
    uint8_t bytes[];
};

static void udp_drop(struct sim_op *op)
{
    struct udp *u = LIST_OF(op, struct udp, op);
    sim_op_done(op);
    list_drop(&u->in_node);
    free(u);
}

static struct udp *socket_at(struct sim_node *node, const struct addr *to)
{
    LIST_EACH(&node->sockets, struct udp, u, in_node)
        if (sim_hears(&u->at, to))
            return u;
    return NULL;
}

static bool taken(struct sim_node *node, const struct addr *at)
{
    LIST_EACH(&node->sockets, struct udp, u, in_node)
        if (sim_hears(&u->at, at) || sim_hears(at, &u->at))
            return true;
    return false;
}

struct udp *udp_open(struct loop *loop, const struct addr *at, udp_cb *cb, void *arg,
                     struct why *why)
{
    struct sim_node *node = sim_node_of(loop);
    if (!sim_owns(node, at)) {
        why_set(why, ERR_IO, "udp: not an address of this machine");
        return NULL;
    }
    struct addr bound = *at;
    while (bound.port == 0 || (at->port == 0 && taken(node, &bound)))
        bound.port = sim_port(node);
    if (taken(node, &bound)) {
        why_set(why, ERR_IO, "udp port %u: address already in use", (unsigned)bound.port);
        return NULL;
    }
    struct udp *u = MEM_NEW(struct udp);
    sim_op_init(&u->op, node, NULL, udp_drop);
    list_push(&node->sockets, &u->in_node);
    u->at = bound;
    u->cb = cb;
    u->arg = arg;
    return u;
}

struct udp *udp_open_direct(struct loop *loop, const struct addr *at, udp_cb *cb, void *arg,
                            struct why *why)
{
    return udp_open(loop, at, cb, arg, why);
}

void udp_send_name(struct udp *u, const char *host, uint16_t port, const void *bytes, size_t n)
{
    (void)u, (void)host, (void)port, (void)bytes, (void)n; /* there is no proxy */
}

struct addr udp_addr(const struct udp *u)
{
    return u->at;
}

static void packet_free(struct packet *p)
{
    sim_queue_drop(&p->from->sim->queue, &p->ev);
    list_drop(&p->link);
    free(p);
}

void sim_udp_free_all(struct sim *sim)
{
    LIST_EACH(&sim->packets, struct packet, p, link)
        packet_free(p);
}

static void deliver(struct packet *p)
{
    bool in = !p->to->nat || p->to == p->from || sim_nat_in(p->to, &p->source, &p->target);
    struct udp *u = p->to->up && in ? socket_at(p->to, &p->target) : NULL;
    list_drop(&p->link);
    if (u) {
        sim_trace(p->to, "udp", &p->source, p->bytes, p->n);
        u->cb(u->arg, &p->source, p->bytes, p->n);
        u = socket_at(p->to, &p->target); /* it may have closed itself */
        if (u && u->pause)
            u->pause(u->arg);
    } else if (p->to->up) {
        sim_mcast_deliver(p->to, &p->source, &p->target, p->bytes, p->n);
    }
    free(p);
}

static void on_packet(struct sim_event *ev)
{
    struct packet *p = LIST_OF(ev, struct packet, ev);
    if (p->in) {
        deliver(p);
        return;
    }
    struct sim_hop hop = sim_arrive(p->from, p->to, p->n, SIM_DROP);
    if (hop.lost) {
        packet_free(p);
        return;
    }
    p->in = true;
    sim_queue_put(&p->from->sim->queue, &p->ev, hop.at_us);
}

/* Does a line of the way take no packet of n bytes? */
static bool too_large(const struct sim_node *a, const struct sim_node *b, size_t n)
{
    size_t most = a->line.mtu;
    if (most == 0 || (b->line.mtu > 0 && b->line.mtu < most))
        most = b->line.mtu;
    return a != b && most > 0 && n > most;
}

void sim_udp_post(struct sim_node *from, struct sim_node *to, const struct addr *source,
                  const struct addr *target, const void *bytes, size_t n)
{
    struct sim_hop hop = sim_depart(from, to, n, SIM_DROP);
    if (hop.lost)
        return;
    struct packet *p = mem_zalloc(sizeof *p + n);
    *p = (struct packet){.ev.fire = on_packet, .from = from, .to = to, .n = n};
    p->source = *source;
    p->target = *target;
    if (n > 0)
        memcpy(p->bytes, bytes, n);
    list_push(&from->sim->packets, &p->link);
    sim_queue_put(&from->sim->queue, &p->ev, hop.at_us);
}

static void emit(struct udp *u, const struct addr *to, const uint8_t *bytes, size_t n, bool whole)
{
    struct sim_node *node = u->op.node;
    struct sim_node *other = sim_route(node, to);
    struct addr source = sim_source(node, to);
    if (!node->up || !other || source.family == ADDR_NONE || u->at.family != to->family ||
        n > UDP_MAX || (whole && too_large(node, other, n)))
        return;
    if (!addr_is_any(&u->at))
        source = u->at; /* bound to one address: it speaks from that */
    source.port = u->at.port;
    if (node->nat && other != node)
        source = sim_nat_out(node, &source, to);
    sim_udp_post(node, other, &source, to, bytes, n);
    if (node->line.twice_ppm > 0 && sim_rng_below(&node->sim->rng, 1000000) < node->line.twice_ppm)
        sim_udp_post(node, other, &source, to, bytes, n);
}

void udp_send(struct udp *u, const struct addr *to, const void *bytes, size_t n)
{
    emit(u, to, bytes, n, false);
}

bool udp_sendv(struct udp *u, const struct addr *to, const struct iovec *iov, int count,
               size_t segment, bool whole)
{
    struct buf all = {0};
    for (int i = 0; i < count; i++)
        buf_put(&all, iov[i].iov_base, iov[i].iov_len);
    assert(count <= UDP_SEGMENTS_MAX && buf_len(&all) <= UDP_MAX && segment > 0 &&
           buf_len(&all) <= segment * UDP_SEGMENTS_MAX);
    while (buf_len(&all) > 0) {
        size_t n = buf_len(&all) < segment ? buf_len(&all) : segment;
        emit(u, to, buf_bytes(&all), n, whole);
        buf_eat(&all, n);
    }
    buf_done(&all);
    return true;
}

void udp_on_pause(struct udp *u, udp_pause_cb *cb)
{
    u->pause = cb;
}

void udp_close(struct udp *u)
{
    if (u)
        udp_drop(&u->op);
}
