/* host/dnsaddr.h - addresses that a name keeps (multiformats/multiaddr, "DNSADDR").
 *
 *     /dnsaddr/bootstrap.libp2p.io/p2p/QmPeer
 *
 * stands for the texts of _dnsaddr.bootstrap.libp2p.io, "dnsaddr=/ip4/../p2p/QmPeer", of which
 * those count that end as it ends: in /p2p/QmPeer.  They may be names that keep addresses again. */
#ifndef SHOAL_HOST_DNSADDR_H
#define SHOAL_HOST_DNSADDR_H

#include "host/name/multiaddr.h"
#include "net/loop.h"

enum {
    DNSADDR_DEPTH_MAX = 4,    /* names one after the other; more are not asked */
    DNSADDR_LOOKUPS_MAX = 16, /* names in all */
    DNSADDR_FOUND_MAX = 16,   /* addresses; more are passed over */
};

/* found: 0 < n <= DNSADDR_FOUND_MAX addresses, none of them /dnsaddr, each once, valid during the
 * call; with n == 0 `why` says the reason.  Once, from the loop; then the handle is dead. */
struct dnsaddr;
typedef void dnsaddr_cb(void *arg, const struct multiaddr *found, size_t n, const struct why *why);
struct dnsaddr *dnsaddr_start(struct loop *loop, const struct multiaddr *at, dnsaddr_cb *cb,
                              void *arg);
void dnsaddr_cancel(struct dnsaddr *d); /* NULL: nothing */

#endif
