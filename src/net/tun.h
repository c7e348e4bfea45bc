/* net/tun.h - a network interface of our own: what programs of this machine send into it comes to
 * us as IP packets, and what we give it they receive.
 *
 * It has one IPv6 address of Shoal's prefix (addr_is_overlay) and the route to all of the prefix,
 * so nothing but the private network's packets ever goes through it.  It lives as long as its
 * owner: the interface is gone when tun_close() was called or the process has ended, however it
 * ended.
 *
 * Packets are lost, never queued here: who is too slow loses them, as on any network.
 *
 * Implemented by net/uv (through the helper shoal-tun, net/uv/tun_helper.h) and by sim
 * (sim/sim_tun.h). */
#ifndef SHOAL_NET_TUN_H
#define SHOAL_NET_TUN_H

#include "base/cur.h"
#include "net/loop.h"

#include <stdbool.h>

enum {
    TUN_MTU = 1280, /* what every IPv6 link must carry (RFC 8200 section 5): no fragments inside */
    TUN_PREFIX_BITS = 48,
    TUN_NAME_MAX = 16, /* of an interface, with its NUL */
};

struct tun;
struct tun_events {
    /* It is there, under this name; once. */
    void (*up)(void *arg, const char *name);
    /* One packet, at most TUN_MTU bytes, valid during the call. */
    void (*packet)(void *arg, struct cur packet);
    /* It cannot be had, or was taken away.  ERR_DENIED, ERR_STATE (another has it) or
     * ERR_UNSUPPORTED, and what to do about it; tun_close() is still to be called. */
    void (*closed)(void *arg, const struct why *why);
};

/* at: our address, of Shoal's prefix.  Never NULL; events come from the loop.  One of a loop at
 * once. */
struct tun *tun_open(struct loop *loop, const struct addr *at, const struct tun_events *events,
                     void *arg);
/* False: it is not up, or took nothing; the packet is lost. */
bool tun_send(struct tun *t, const void *packet, size_t n);
void tun_close(struct tun *t); /* also inside its callbacks; NULL: nothing */

#endif
