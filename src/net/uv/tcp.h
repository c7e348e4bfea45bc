/* net/uv/tcp.h - between tcp.c (one connection) and listen.c (where they come from). */
#ifndef SHOAL_NET_UV_TCP_H
#define SHOAL_NET_UV_TCP_H

#include "net/conn.h"

/* A conn of an accepted, non-blocking descriptor, which it takes.  NULL with errno: fd is closed.
 */
struct conn *tcp_of_fd(struct loop *loop, int fd, const struct addr *peer);

#endif
