/* sim/sim_world.h - the inside of the simulator: what its files share.
 *
 *     sim.c       the clock, the nodes, crash and restart, cuts
 *     sim_link.c  how long a packet takes, and whether it arrives
 *     sim_flow.c  TCP: two ends and the segments between them
 *     sim_window.c  how much an end may send now
 *     sim_tcp.c   conn.h on top of a flow
 *     sim_udp.c  sim_mcast.c  sim_loop.c  sim_http.c    the other faces
 *     sim_trace.c what was delivered
 *
 * Every handle that an app holds begins with a struct sim_op and hangs in its node's list; so a
 * crash can silence all of them, and free those that the app forgot. */
#ifndef SHOAL_SIM_SIM_WORLD_H
#define SHOAL_SIM_SIM_WORLD_H

#include "base/cur.h"
#include "base/list.h"
#include "base/map.h"
#include "sim/sim.h"
#include "sim/sim_queue.h"

enum {
    SIM_IPS_MAX = 4,
    SIM_PACKET = 1460,      /* bytes in a packet: what loss counts in, and TCP's MSS */
    SIM_THREADS_MAX = 4,    /* of a lane */
    SIM_PORT_FIRST = 49152, /* RFC 6335 section 6: dynamic ports */
};

struct sim_rng { /* SplitMix64 */
    uint64_t state;
};

struct sim {
    uint64_t now_us, seed;
    struct sim_queue queue;
    struct sim_rng rng; /* the network's; each node has its own for its app */
    struct sim_node **nodes;
    size_t node_count;
    struct map *by_ip;   /* addr_key with port 0 -> sim_node */
    struct map *names;   /* name -> sim_name */
    struct link packets; /* sim_udp.c: datagrams under way */
    struct link flows;   /* sim_flow.c */
    struct link groups;  /* sim_mcast.c: sockets of all nodes */
    bool multicast;
    struct link scripts;      /* sim_at */
    struct sim_node *running; /* whose callback it is */
    uint64_t trace_hash, trace_count;
    FILE *trace_file;
};

struct sim_name { /* in sim->names */
    struct addr ips[RESOLVE_MAX];
    size_t n;
    char *texts[RESOLVE_TEXTS_MAX];
    size_t text_count;
};

struct sim_lane {
    uint64_t job_us;
    uint64_t free_us[SIM_THREADS_MAX]; /* when each thread has done what is queued */
    size_t threads, queued;
};

struct loop {
    struct sim_node *node;
};

struct sim_node {
    struct loop loop;
    struct sim *sim;
    char *name;
    size_t index; /* in sim->nodes */
    struct addr ips[SIM_IPS_MAX];
    size_t ip_count;
    struct sim_link line;
    struct sim_nat *nat;               /* NULL: none */
    uint64_t up_free_ns, down_free_ns; /* when the line has taken what waits for it */
    bool up;
    unsigned boots;
    bool cut_all;
    bool *cut; /* by index of the other; cut_count of them */
    size_t cut_count;
    int64_t wall_off_us;
    struct sim_rng rng;
    uint16_t next_port;
    struct link ops;       /* every open handle */
    struct link listeners; /* sim_tcp.c */
    struct link sockets;   /* sim_udp.c */
    struct link ends;      /* sim_flow.c */
    struct sim_lane lanes[LANE_COUNT];
    sim_fn *hook;
    void *hook_arg;
    struct tun *tun; /* sim_tun.c; NULL: none */
    void (*tun_hear)(void *arg, struct cur packet);
    void *tun_hear_arg;
    bool tun_forbidden;
};

struct sim_op {
    struct link link;
    struct sim_node *node;
    struct sim_event ev;
    void (*drop)(struct sim_op *op); /* free it, silently */
    /* At a crash, after the hook: what must still be called.  NULL: nothing. */
    void (*mourn)(struct sim_op *op);
};

static inline struct sim_node *sim_node_of(const struct loop *loop)
{
    return loop->node;
}

/* Hang an op into its node. */
void sim_op_init(struct sim_op *op, struct sim_node *node, sim_event_fn *fire,
                 void (*drop)(struct sim_op *op));
/* Queue its event, unless the node is down: then it never fires. */
void sim_op_after(struct sim_op *op, uint64_t after_us);
/* Take it out of the queue and the list. */
void sim_op_done(struct sim_op *op);

/* 64 bits of chance. */
uint64_t sim_rng_next(struct sim_rng *r);
uint64_t sim_rng_below(struct sim_rng *r, uint64_t n); /* 0 to n - 1; n > 0 */

/* sim_nat.c: is this ip the router's; the address that the world sees `from` as when it writes to
 * `to`, which may answer from now on; `to` at the router made the one inside, or false: not let in.
 */
void sim_nat_free(struct sim_nat *nat); /* NULL: nothing */
bool sim_nat_is(const struct sim_node *node, const struct addr *ip);
struct addr sim_nat_out(struct sim_node *node, const struct addr *from, const struct addr *to);
bool sim_nat_in(struct sim_node *node, const struct addr *from, struct addr *to);
/* sim.c: this ip leads to the node too, which does not have it. */
void sim_node_name_ip(struct sim_node *node, struct addr ip);

/* The node that this address leads to as `from` sees it (loopback: itself), or NULL. */
struct sim_node *sim_route(struct sim_node *from, const struct addr *to);
/* Whether a socket bound to `at` hears what is sent to `to`. */
bool sim_hears(const struct addr *at, const struct addr *to);
/* The address from which `node` speaks to `to`, without a port; ADDR_NONE: it has none. */
struct addr sim_source(const struct sim_node *node, const struct addr *to);
/* May this node bind to it? */
bool sim_owns(const struct sim_node *node, const struct addr *at);
/* A port that nothing was bound to lately. */
uint16_t sim_port(struct sim_node *node);

/* What is to happen where more than queue_us waits for a line: UDP's datagrams are dropped there;
 * TCP's segments wait, and the mark tells the sender to slow down, as ECN does (RFC 3168). */
enum sim_patience { SIM_DROP, SIM_WAIT };

struct sim_hop {
    uint64_t at_us;
    bool lost;
    bool full;
};
/* A packet leaves: when it stands before the other's line. */
struct sim_hop sim_depart(struct sim_node *from, struct sim_node *to, size_t n,
                          enum sim_patience patience);
/* It stands there now: when it is in.  Lost when `to` is down or no way leads there. */
struct sim_hop sim_arrive(struct sim_node *from, struct sim_node *to, size_t n,
                          enum sim_patience patience);
/* There and back without waiting. */
uint64_t sim_rtt_us(const struct sim_node *a, const struct sim_node *b);

/* Something is delivered to this node: call it just before the callback.  kind: at most 8
 * letters; bytes: NULL or n of them. */
void sim_trace(struct sim_node *node, const char *kind, const struct addr *peer, const void *bytes,
               size_t n);

/* sim_flow.c's part in a crash: all of the node's ends die without a word. */
void sim_flow_crash(struct sim_node *node);
void sim_flow_free_all(struct sim *sim);
void sim_udp_free_all(struct sim *sim);

/* sim_udp.c: a datagram is put on its way.  sim_mcast.c: one to a group is there. */
void sim_udp_post(struct sim_node *from, struct sim_node *to, const struct addr *source,
                  const struct addr *target, const void *bytes, size_t n);
void sim_mcast_deliver(struct sim_node *to, const struct addr *source, const struct addr *group,
                       const uint8_t *bytes, size_t n);

#endif
