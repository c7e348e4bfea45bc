/* sim_link.c - how long a packet takes, and whether it arrives. */
#include "sim/sim_world.h"

#define LOOPBACK_US UINT64_C(20)

struct sim_node *sim_route(struct sim_node *from, const struct addr *to)
{
    if (addr_is_loopback(to))
        return from;
    struct addr ip = *to;
    ip.port = 0;
    uint8_t key[ADDR_KEY];
    addr_key(&ip, key);
    struct sim_node *node = map_get(from->sim->by_ip, key, sizeof key);
    if (node && node->nat && node != from && !sim_nat_is(node, &ip))
        return NULL; /* its address inside is nobody's outside */
    return node;
}

bool sim_hears(const struct addr *at, const struct addr *to)
{
    return at->port == to->port && at->family == to->family &&
           (addr_is_any(at) || addr_same_ip(at, to));
}

struct addr sim_source(const struct sim_node *node, const struct addr *to)
{
    struct addr none = {.family = ADDR_NONE};
    if (addr_is_loopback(to)) {
        none = *to;
        none.port = 0;
        return none;
    }
    for (size_t i = 0; i < node->ip_count; i++)
        if (addr_same_ip(&node->ips[i], to))
            return node->ips[i]; /* as with Linux: to an address of one's own from that address */
    for (size_t i = 0; i < node->ip_count; i++)
        if (node->ips[i].family == to->family)
            return node->ips[i];
    return none;
}

bool sim_owns(const struct sim_node *node, const struct addr *at)
{
    if (at->family == ADDR_NONE)
        return false;
    for (size_t i = 0; i < node->ip_count; i++)
        if (addr_same_ip(&node->ips[i], at))
            return true;
    return addr_is_any(at) || addr_is_loopback(at);
}

uint16_t sim_port(struct sim_node *node)
{
    uint16_t port = node->next_port;
    node->next_port = port == UINT16_MAX ? SIM_PORT_FIRST : (uint16_t)(port + 1);
    return port;
}

static bool is_cut(const struct sim_node *a, const struct sim_node *b)
{
    return a->cut_all || b->cut_all || (b->index < a->cut_count && a->cut[b->index]);
}

/* Any of n bytes' packets falls to this line's loss. */
static bool loses(struct sim *sim, const struct sim_link *line, size_t n)
{
    if (line->loss_ppm == 0)
        return false;
    bool lost = false;
    for (size_t sent = 0; sent == 0 || sent < n; sent += SIM_PACKET)
        lost |= sim_rng_below(&sim->rng, 1000000) < line->loss_ppm;
    return lost;
}

/* Through one line, which sends one thing after another. */
static void pass(struct sim_hop *hop, const struct sim_node *node, uint64_t *free_ns, uint64_t rate,
                 size_t n, enum sim_patience patience)
{
    uint64_t now_ns = node->sim->now_us * 1000;
    uint64_t from_ns = *free_ns > now_ns ? *free_ns : now_ns;
    hop->full = from_ns - now_ns > node->line.queue_us * 1000;
    if (hop->full && patience == SIM_DROP) {
        hop->lost = true;
        return;
    }
    *free_ns = from_ns + (rate > 0 ? n * UINT64_C(1000000000) / rate : 0);
    hop->at_us = (*free_ns + 999) / 1000;
}

struct sim_hop sim_depart(struct sim_node *from, struct sim_node *to, size_t n,
                          enum sim_patience patience)
{
    struct sim *sim = from->sim;
    struct sim_hop hop = {.at_us = sim->now_us + LOOPBACK_US};
    if (from == to)
        return hop;
    pass(&hop, from, &from->up_free_ns, from->line.up_rate, n, patience);
    hop.at_us += from->line.latency_us + to->line.latency_us;
    uint64_t jitter_us = from->line.jitter_us + to->line.jitter_us;
    if (jitter_us > 0)
        hop.at_us += sim_rng_below(&sim->rng, jitter_us + 1);
    hop.lost |= loses(sim, &from->line, n);
    hop.lost |= loses(sim, &to->line, n);
    return hop;
}

struct sim_hop sim_arrive(struct sim_node *from, struct sim_node *to, size_t n,
                          enum sim_patience patience)
{
    struct sim_hop hop = {.at_us = to->sim->now_us, .lost = !to->up};
    if (from == to || hop.lost)
        return hop;
    hop.lost = is_cut(from, to);
    if (!hop.lost)
        pass(&hop, to, &to->down_free_ns, to->line.down_rate, n, patience);
    return hop;
}

uint64_t sim_rtt_us(const struct sim_node *a, const struct sim_node *b)
{
    return a == b ? 2 * LOOPBACK_US : 2 * (a->line.latency_us + b->line.latency_us);
}
