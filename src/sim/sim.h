/* sim/sim.h - a whole network of nodes in one process and one thread, without a network.
 *
 * The second implementation of net/loop.h, conn.h's transports, udp.h and http.h; link the library
 * `sim` instead of `net_uv` and the same program runs on simulated machines.  Time jumps from event
 * to event, so an hour of an idle network costs nothing, and everything that is left to chance
 * comes from one seed: the same seed and the same calls give the same run, byte for byte.
 *
 * A node is a machine: an address, a line to the world (struct sim_link), a clock, a source of
 * randomness, worker lanes.  The world is flat: each line ends at one middle that is never full, so
 * from A to B is A's latency plus B's, and the slower of A's up and B's down.
 *
 *     struct sim *sim = sim_new(7);
 *     struct sim_link dsl = {.latency_us = 15 * MSEC, .up_rate = 1000000, .down_rate = 6000000};
 *     struct sim_node *ann = sim_node_add(sim, "ann", addr_v4(10, 0, 0, 1, 0), dsl);
 *     struct app *app = app_start(sim_node_loop(ann), ...);
 *     sim_run_for(sim, 3600 * SEC);
 *     app_free(app);
 *     sim_free(sim);
 *
 * Between two runs, and in sim_at() and hooks, a test may do what it likes with the nodes.  What
 * the model keeps of the real thing, and what it leaves out, is in sim/README.md. */
#ifndef SHOAL_SIM_SIM_H
#define SHOAL_SIM_SIM_H

#include "net/loop.h"

#include <stdbool.h>
#include <stdio.h>

struct sim;
struct sim_node;

/* The line between a node and the middle of the world.  Zero means: none (no delay, no loss) or
 * no limit (rates). */
struct sim_link {
    uint64_t latency_us; /* each way */
    uint64_t jitter_us;  /* 0 to this much more for each packet, evenly */
    uint32_t loss_ppm;   /* of 1460-byte packets, each way */
    uint64_t up_rate;    /* bytes per second */
    uint64_t down_rate;  /* bytes per second */
    uint64_t queue_us;   /* how much may wait for the line before it pushes back; 0: 200 ms */
    uint32_t twice_ppm;  /* of datagrams that leave, how many come twice */
    size_t mtu;          /* bytes of a datagram that must not be cut (udp_sendv's `whole`) */
};

/* An empty world.  Owned by the caller. */
struct sim *sim_new(uint64_t seed);

/* Frees the nodes and every handle that is still open, without a callback.  NULL: nothing. */
void sim_free(struct sim *sim);

/* Simulated time is one for all nodes: what loop_now_us says.  It does not begin at 0, so that
 * "0 means never" works as it does on a real machine. */
uint64_t sim_now_us(const struct sim *sim);

/* Run all events up to and including this moment; the clock then stands there. */
void sim_run_to(struct sim *sim, uint64_t at_us);
void sim_run_for(struct sim *sim, uint64_t us);

/* Run until `yes` says so, asked after each event; false when limit_us (from now) came first. */
typedef bool sim_test(void *arg);
MUST_CHECK bool sim_run_until(struct sim *sim, sim_test *yes, void *arg, uint64_t limit_us);

/* A line of the scenario's script: call fn then, outside of all nodes. */
typedef void sim_fn(void *arg);
void sim_at(struct sim *sim, uint64_t at_us, sim_fn *fn, void *arg);

/* A machine that is up.  name: for the trace; copied.  ip: unique; its port is not looked at.
 * Owned by sim. */
struct sim_node *sim_node_add(struct sim *sim, const char *name, struct addr ip,
                              struct sim_link link);
/* One more address, say of the other family. */
void sim_node_add_ip(struct sim_node *node, struct addr ip);
struct loop *sim_node_loop(struct sim_node *node);
const char *sim_node_name(const struct sim_node *node);
bool sim_node_is_up(const struct sim_node *node);

/* A router stands before the node, which has this address for the world: what it sends comes from
 * a port of the router's, the same for all (a symmetric one: another for each address and port it
 * writes to); what comes to that port is let in from anybody, from addresses it wrote to, or only
 * from an address and port it wrote to (symmetric ones too).  Before the node sends anything.  TCP
 * goes out and never in, but for two dials that meet (a hole that both sides punch).  Nothing is
 * ever forgotten. */
enum sim_nat_kind { SIM_FULL_CONE, SIM_ADDRESS_RESTRICTED, SIM_PORT_RESTRICTED, SIM_SYMMETRIC };
void sim_node_behind(struct sim_node *node, struct addr ip, enum sim_nat_kind kind);
/* Its router is of another kind from now on, for what it has not mapped yet. */
void sim_node_router(struct sim_node *node, enum sim_nat_kind kind);

/* From now on; what is under way keeps its times. */
void sim_node_set_link(struct sim_node *node, struct sim_link link);

/* How long a job takes one thread of this lane (200 us unless told). */
void sim_node_set_lane(struct sim_node *node, enum lane lane, uint64_t job_us);

/* The wall clock: SIM_WALL_US at the start, running with simulated time; this makes it jump. */
#define SIM_WALL_US (INT64_C(1767225600) * 1000000) /* 2026-01-01 */
void sim_node_jump_wall(struct sim_node *node, int64_t by_us);

/* No packet passes between the two, either way; b NULL: between a and anybody.  Nobody is told. */
void sim_cut(struct sim_node *a, struct sim_node *b);
void sim_heal(struct sim_node *a, struct sim_node *b); /* NULL: all of a's cuts */

/* The power goes.  Timers, sockets and conns fall silent at once and nothing says goodbye; others
 * see a machine that does not answer, and after sim_node_restart() one that answers what it does
 * not know with resets.  Then `hook` is called: the place to free the node's app with its ordinary
 * x_free(); handles may be closed there as ever, and nothing of it reaches the network.  What is
 * still open after the hook is freed; lane jobs that were queued get their `done`, after the hook
 * and with or without their work (their owners are gone by then).  With no hook jobs vanish.
 * Not from a callback of the node itself. */
void sim_node_on_crash(struct sim_node *node, sim_fn *hook, void *arg);
void sim_node_crash(struct sim_node *node);
void sim_node_restart(struct sim_node *node);

/* Multicast (net/mcast.h) goes to all nodes of one IPv4 /24 or IPv6 /64.  Off at the start: the
 * world is an internet, where it goes nowhere. */
void sim_set_multicast(struct sim *sim, bool on);

/* What resolve_start finds; more calls with one name add addresses, up to RESOLVE_MAX. */
void sim_name_add(struct sim *sim, const char *name, struct addr ip);
/* And resolve_text_start, up to RESOLVE_TEXTS_MAX. */
void sim_text_add(struct sim *sim, const char *name, const char *text);

/* A hash over all that has been delivered so far: time, node, kind, peer, size, first bytes. */
uint64_t sim_trace_hash(const struct sim *sim);
uint64_t sim_trace_count(const struct sim *sim); /* how many events that were */

/* Also as lines, to compare two runs with diff; the first second is 1000.  The file stays the
 * caller's; NULL: stop. */
void sim_trace_to(struct sim *sim, FILE *file);

#endif
