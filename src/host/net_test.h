/* host/net_test.h - for tests: the machines of a small world, and a host on each.
 *
 *     n->sim = net_machine(sim, i, 5 * MSEC);
 *     n->loop = sim_node_loop(n->sim);
 *     n->keys = net_keys(i);
 *     n->host = net_host(n->loop, n->keys, &at, true);
 *
 * Machine number i is at 10.0.0.(i + 1), and its host listens on port 4001. */
#ifndef SHOAL_HOST_NET_TEST_H
#define SHOAL_HOST_NET_TEST_H

#include "base/test.h"
#include "host/host.h"
#include "sim/sim.h"

#include <stdio.h>

static inline struct addr net_ip(unsigned i)
{
    return addr_v4(10, 0, 0, (uint8_t)(i + 1), 4001);
}

static inline struct multiaddr net_at(unsigned i)
{
    struct multiaddr a;
    struct addr ip = net_ip(i);
    multiaddr_of_addr(&a, &ip, REACH_TCP);
    return a;
}

static inline struct sim_node *net_machine(struct sim *sim, unsigned i, uint64_t latency_us)
{
    struct sim_link line = {.latency_us = latency_us};
    char name[8];
    snprintf(name, sizeof name, "n%02u", i);
    return sim_node_add(sim, name, net_ip(i), line);
}

static inline struct keys *net_keys(unsigned i)
{
    uint8_t entropy[16] = {(uint8_t)(i + 1), (uint8_t)((i + 1) >> 8)};
    return keys_of_entropy(entropy, sizeof entropy);
}

static inline struct host *net_host(struct loop *loop, const struct keys *keys,
                                    const struct multiaddr *at, bool lab)
{
    struct host_cfg cfg = {.loop = loop,
                           .keys = keys,
                           .agent = "shoal/test",
                           .listen = at,
                           .listen_count = 1,
                           .lab = lab};
    struct why why;
    struct host *h = host_new(&cfg, &why);
    if (!h)
        fail_msg("%s", why.text);
    return h;
}

static inline void net_ignore(void *arg, const struct peer_id *peer, const struct why *why)
{
    (void)arg, (void)peer, (void)why;
}

/* Whoever listens somewhere is dialled there. */
static inline void net_dial(struct host *from, const struct host *to)
{
    struct multiaddr a;
    assert_int_equal(host_listening(to, &a, 1), 1);
    assert_int_equal(multiaddr_add_peer(&a, host_id(to)), OK);
    host_dial(from, NULL, &a, 1, net_ignore, NULL);
}

#endif
