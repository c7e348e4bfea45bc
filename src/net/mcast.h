/* net/mcast.h - datagrams to whoever listens on the networks around us.
 *
 * A socket that hears one multicast group, beside other programs of this machine that do, on the
 * interfaces that it has joined.  What is sent comes back to the sender too: protocols tell
 * themselves from others by what they say.  A network changes while a node runs, so who uses this
 * lists the interfaces now and then and joins those that are new.
 *
 *     struct mcast *m = mcast_open(loop, &group, on_packet, x, &why);
 *     for each of iface_list(): if (mcast_join(m, &ifaces[i], &why) == OK) mcast_send(m, ...);
 *
 * Implemented by net/uv and by sim (sim_set_multicast). */
#ifndef SHOAL_NET_MCAST_H
#define SHOAL_NET_MCAST_H

#include "net/udp.h"

#include <stdbool.h>

enum { IFACES_MAX = 64, IFACE_NAME = 16, MCAST_MAX = 2048 /* bytes of a datagram; more is lost */ };

/* One address of an interface that is up. */
struct iface {
    unsigned index; /* the system's number of the interface */
    char name[IFACE_NAME];
    struct addr addr; /* without a port; no IPv6 link-local ones, which say nothing by themselves,
                        and none of Shoal's own network (net/tun.h) */
    bool loopback;
};

/* At most cap, in the system's order, of the one of loop_set_interface() alone where one is set;
 * returns how many. */
size_t iface_list(struct loop *loop, struct iface *out, size_t cap);

struct mcast;

/* group: a multicast address and its port.  Hears nothing before mcast_join.  NULL and a reason
 * when the port cannot be shared. */
struct mcast *mcast_open(struct loop *loop, const struct addr *group, udp_cb *cb, void *arg,
                         struct why *why);
/* Hear what comes in there; once more: nothing.  on->addr is of the group's family. */
MUST_CHECK enum err mcast_join(struct mcast *m, const struct iface *on, struct why *why);
/* To the group, out of that interface and from that address; at most MCAST_MAX bytes.  Lost when
 * the interface does not take it. */
void mcast_send(struct mcast *m, const struct iface *via, const void *bytes, size_t n);
void mcast_close(struct mcast *m); /* allowed inside the callback; NULL: nothing */

#endif
