/* sim/sim_tun.h - a program of a simulated machine, as net/tun.h's interface sees it.
 *
 *     sim_tun_hear(node, on_packet, x);        what the node gives to its machine's programs
 *     sim_tun_put(node, packet, n);            what a program of the machine sends */
#ifndef SHOAL_SIM_SIM_TUN_H
#define SHOAL_SIM_SIM_TUN_H

#include "base/cur.h"
#include "sim/sim.h"

/* Every packet that the node gives to its machine. */
typedef void sim_tun_fn(void *arg, struct cur packet);
void sim_tun_hear(struct sim_node *node, sim_tun_fn *fn, void *arg);
/* The node hears of it in its next turn; lost where the interface is not up. */
void sim_tun_put(struct sim_node *node, const void *packet, size_t n);
bool sim_tun_is_up(const struct sim_node *node);
/* From now on no interface is to be had; an open one is taken away. */
void sim_tun_forbid(struct sim_node *node);

#endif
