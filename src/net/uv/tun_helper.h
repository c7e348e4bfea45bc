/* net/uv/tun_helper.h - the process that may make a network interface, so that shoald need not.
 *
 * shoald gives up all privileges as soon as it starts; the helper is started before that, keeps
 * CAP_NET_ADMIN alone, and waits for one question (net/tun_msg.h).  It ends when shoald does. */
#ifndef SHOAL_NET_UV_TUN_HELPER_H
#define SHOAL_NET_UV_TUN_HELPER_H

#include "net/loop.h"

/* Start the program at `path`, before there are threads.  A descriptor to it, or -1 with errno. */
int tun_helper_start(const char *path);

/* Where tun_open() of this loop asks; fd stays the caller's.  path: of the program, for what people
 * are told to do; outlives the loop.  Without this call, or with -1, there is no helper. */
void uv_loop_set_tun_helper(struct loop *loop, int fd, const char *path);

#endif
