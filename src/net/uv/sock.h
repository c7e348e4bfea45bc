/* net/uv/sock.h - sockets as tcp.c and udp.c want them: non-blocking, not inherited, one family.
 *
 * An IPv6 socket takes IPv6 only (IPV6_V6ONLY): who wants both listens twice, and 0.0.0.0 and [::]
 * on the same port do not disturb each other. */
#ifndef SHOAL_NET_UV_SOCK_H
#define SHOAL_NET_UV_SOCK_H

#include "net/loop.h"

/* type: SOCK_STREAM or SOCK_DGRAM.  Bound to the loop's interface, if it has one.  Returns a
 * descriptor, or -1 with errno. */
int sock_open(const struct loop *loop, const struct addr *family_of, int type);
/* 0, or -1 with errno. */
int sock_bind(int fd, const struct addr *at);
int sock_connect(int fd, const struct addr *to);
void sock_flag(int fd, int level, int option); /* on; failing is harmless */
int sock_error(int fd);                        /* SO_ERROR, which clears it */
struct addr sock_name(int fd);                 /* the local end */

#endif
