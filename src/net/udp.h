/* net/udp.h - datagrams.
 *
 * A socket bound to one address.  Packets that the kernel does not take at once are dropped, as the
 * network may do anyway; protocols over UDP repeat themselves.  Implemented by net/uv and by sim.
 */
#ifndef SHOAL_NET_UDP_H
#define SHOAL_NET_UDP_H

#include "net/loop.h"

enum { UDP_MAX = 65507 };

struct udp;

/* bytes are valid during the call. */
typedef void udp_cb(void *arg, const struct addr *from, const uint8_t *bytes, size_t n);

/* NULL and a reason when the address cannot be had. */
struct udp *udp_open(struct loop *loop, const struct addr *at, udp_cb *cb, void *arg,
                     struct why *why);
struct addr udp_addr(const struct udp *u); /* with the real port */
void udp_send(struct udp *u, const struct addr *to, const void *bytes, size_t n);
void udp_close(struct udp *u); /* allowed inside the callback; NULL: nothing */

#endif
