/* net/udp.h - datagrams.
 *
 * A socket bound to one address.  Packets that the kernel does not take at once are dropped, as the
 * network may do anyway; protocols over UDP repeat themselves.  Implemented by net/uv and by sim.
 *
 * Who sends many hands them over in one call (udp_sendv), which costs a fraction of as many
 * udp_send(), and is told at the end of what came in one turn (udp_on_pause), so that he answers
 * once: one acknowledgement, not forty. */
#ifndef SHOAL_NET_UDP_H
#define SHOAL_NET_UDP_H

#include "net/loop.h"

#include <stdbool.h>
#include <sys/uio.h>

enum {
    UDP_MAX = 65507,       /* bytes in one datagram, or in one udp_sendv */
    UDP_SEGMENTS_MAX = 64, /* datagrams, and parts, in one udp_sendv; Linux's UDP_MAX_SEGMENTS */
};

struct udp;

/* bytes are valid during the call. */
typedef void udp_cb(void *arg, const struct addr *from, const uint8_t *bytes, size_t n);

/* NULL and a reason when the address cannot be had. */
struct udp *udp_open(struct loop *loop, const struct addr *at, udp_cb *cb, void *arg,
                     struct why *why);
/* Past the loop's proxy: for what goes to the proxy itself. */
struct udp *udp_open_direct(struct loop *loop, const struct addr *at, udp_cb *cb, void *arg,
                            struct why *why);
/* To a host that the loop's proxy looks up; without a proxy it is lost.  What comes back comes from
 * an address that nobody here has seen. */
void udp_send_name(struct udp *u, const char *host, uint16_t port, const void *bytes, size_t n);
struct addr udp_addr(const struct udp *u); /* with the real port */
void udp_send(struct udp *u, const struct addr *to, const void *bytes, size_t n);
void udp_close(struct udp *u); /* allowed inside the callback; NULL: nothing */

/* Call cb(arg), with udp_open's arg, after the last datagram of those that were there at once. */
typedef void udp_pause_cb(void *arg);
void udp_on_pause(struct udp *u, udp_pause_cb *cb);

/* The parts, one behind the other, cut into datagrams of `segment` bytes (the last may be shorter),
 * to one address.  whole: routers must not cut them (IPv4's "don't fragment"; what is too large is
 * lost, which is how a path is measured).  false: the system takes nothing now; come back. */
bool udp_sendv(struct udp *u, const struct addr *to, const struct iovec *iov, int count,
               size_t segment, bool whole);

#endif
