/* tests/support/dht_host.h - a machine in the simulator that runs a bare node of the DHT, without
 * an app around it: two thousand of them fit into one process. */
#ifndef SHOAL_TESTS_DHT_HOST_H
#define SHOAL_TESTS_DHT_HOST_H

#include "files/find/dht.h"
#include "net/udp.h"
#include "sim/sim.h"

struct dht_host {
    struct sim_node *machine;
    struct loop *loop;
    struct udp *udp;
    struct dht *d; /* NULL: not running */
    struct addr at;
};

/* A machine with this address, and a node on it.  saved: see dht_new(). */
struct dht_host *dht_host_new(struct sim *sim, const char *name, struct addr at,
                              struct sim_link link);
void dht_host_start(struct dht_host *h, struct cur saved);
/* The power goes, and comes back; the node is not started again. */
void dht_host_crash(struct dht_host *h);
void dht_host_free(struct dht_host *h); /* the machine stays with the simulator */

#endif
