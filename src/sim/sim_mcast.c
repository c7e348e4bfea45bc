/* sim_mcast.c - net/mcast.h: all nodes of one IPv4 /24 or IPv6 /64 hear each other. */
#include "base/mem.h"
#include "net/mcast.h"
#include "sim/sim_world.h"

#include <stdio.h>
#include <string.h>

struct mcast {
    struct sim_op op;
    struct link in_sim;
    struct addr group;
    struct addr joined[SIM_IPS_MAX];
    size_t joined_count;
    udp_cb *cb;
    void *arg;
};

size_t iface_list(struct loop *loop, struct iface *out, size_t cap)
{
    const struct sim_node *node = sim_node_of(loop);
    size_t n = node->ip_count < cap ? node->ip_count : cap;
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct iface){.index = (unsigned)i + 1, .addr = node->ips[i]};
        snprintf(out[i].name, sizeof out[i].name, "sim%zu", i);
    }
    return n;
}

void sim_set_multicast(struct sim *sim, bool on)
{
    sim->multicast = on;
}

static void mcast_drop(struct sim_op *op)
{
    struct mcast *m = LIST_OF(op, struct mcast, op);
    sim_op_done(op);
    list_drop(&m->in_sim);
    free(m);
}

struct mcast *mcast_open(struct loop *loop, const struct addr *group, udp_cb *cb, void *arg,
                         struct why *why)
{
    struct sim_node *node = sim_node_of(loop);
    struct mcast *m = MEM_NEW(struct mcast);
    (void)why;
    sim_op_init(&m->op, node, NULL, mcast_drop);
    list_push(&node->sim->groups, &m->in_sim);
    m->group = *group;
    m->cb = cb;
    m->arg = arg;
    return m;
}

static bool has_joined(const struct mcast *m, const struct addr *at)
{
    for (size_t i = 0; i < m->joined_count; i++)
        if (addr_same_ip(&m->joined[i], at))
            return true;
    return false;
}

enum err mcast_join(struct mcast *m, const struct iface *on, struct why *why)
{
    if (has_joined(m, &on->addr))
        return OK;
    if (m->joined_count == SIM_IPS_MAX || on->addr.family != m->group.family)
        return why_set(why, ERR_IO, "no such interface");
    m->joined[m->joined_count++] = on->addr;
    return OK;
}

static bool same_network(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, a->family == ADDR_V4 ? 3 : 8) == 0;
}

static bool hears_from(const struct mcast *m, const struct addr *group, const struct addr *source)
{
    if (!addr_equal(&m->group, group))
        return false;
    for (size_t i = 0; i < m->joined_count; i++)
        if (same_network(&m->joined[i], source))
            return true;
    return false;
}

/* Each node once, whatever number of its sockets listens. */
static bool node_hears(const struct sim *sim, const struct sim_node *node, const struct addr *group,
                       const struct addr *source)
{
    LIST_EACH(&sim->groups, struct mcast, m, in_sim)
        if (m->op.node == node && hears_from(m, group, source))
            return true;
    return false;
}

void mcast_send(struct mcast *m, const struct iface *via, const void *bytes, size_t n)
{
    struct sim_node *node = m->op.node;
    struct addr source = via->addr;
    source.port = m->group.port;
    for (size_t i = 0;
         node->sim->multicast && node->up && n <= MCAST_MAX && i < node->sim->node_count; i++)
        if (node_hears(node->sim, node->sim->nodes[i], &m->group, &source))
            sim_udp_post(node, node->sim->nodes[i], &source, &m->group, bytes, n);
}

void sim_mcast_deliver(struct sim_node *to, const struct addr *source, const struct addr *group,
                       const uint8_t *bytes, size_t n)
{
    LIST_EACH(&to->sim->groups, struct mcast, m, in_sim) {
        if (m->op.node != to || !hears_from(m, group, source))
            continue;
        sim_trace(to, "mcast", source, bytes, n);
        m->cb(m->arg, source, bytes, n);
    }
}

void mcast_close(struct mcast *m)
{
    if (m)
        mcast_drop(&m->op);
}
