/* files/find/ports.h - the sockets by which peers reach this node: TCP and UDP on one number, on
 * IPv4 and, when the address is 0.0.0.0, on IPv6 too.
 *
 * Peers are told one port, so all of them have it.  With port 0 the kernel picks one that is free
 * for all.  A machine without IPv6 goes without.  Behind the loop's proxy nobody
 * can dial us: nothing listens, and datagrams go through it, over IPv4.  Where the loop has an
 * interface that is not there (net/loop.h), or goes and comes back, the sockets are made, on the
 * same number, when it is.  A datagram is handed to the first of the protocols that knows it: what
 * is uTP's and what is the DHT's is told by the first byte (a DHT message is a bencoded dictionary
 * and begins with 'd', a uTP packet with its version, BEP 29). */
#ifndef SHOAL_FILES_FIND_PORTS_H
#define SHOAL_FILES_FIND_PORTS_H

#include "net/conn.h"
#include "net/udp.h"

enum {
    PORTS_TRIES = 16,      /* numbers tried, when any will do */
    PORTS_DYNAMIC = 16384, /* RFC 6335: 49152 and above are nobody's */
};
#define PORTS_LOOK_US (5 * SEC) /* is the interface still the one that it was? */

struct ports;
struct ports_ops {
    /* As accept_cb: it is the callee's.  NULL: TCP is refused. */
    void (*accepted)(void *arg, struct conn *c);
    void (*dht)(void *arg, const struct addr *from, const uint8_t *bytes, size_t n);
    void (*utp)(void *arg, const struct addr *from, const uint8_t *bytes, size_t n);
    void (*pause)(void *arg); /* after the last datagram of a turn; may be NULL */
};

/* at: where; ops outlives it.  NULL and why when the address cannot be had. */
struct ports *ports_open(struct loop *loop, const struct addr *at, const struct ports_ops *ops,
                         void *arg, struct why *why);
void ports_close(struct ports *p); /* NULL: nothing */

struct addr ports_addr(const struct ports *p); /* with the real port */
bool ports_has(const struct ports *p, enum addr_family family);
/* From the socket of its family; lost when there is none. */
void ports_send(struct ports *p, const struct addr *to, const void *bytes, size_t n);
/* The socket itself, for who sends many at once; NULL when there is none. */
struct udp *ports_udp(struct ports *p, enum addr_family family);

#endif
