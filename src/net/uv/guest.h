/* net/uv/guest.h - a loop that is run by another libuv loop of the same thread.
 *
 * Ours is epoll's descriptor to theirs; before they wait, they are told how long at most. */
#ifndef SHOAL_NET_UV_GUEST_H
#define SHOAL_NET_UV_GUEST_H

#include "net/loop.h"

struct uv_loop_s;
struct guest_loop;

/* NULL: libuv refused.  It keeps their loop alive. */
struct guest_loop *guest_loop_new(struct loop *ours, struct uv_loop_s *theirs, struct why *why);

/* Nothing of ours runs there any more; its memory goes when their loop has run once more.  NULL:
 * nothing. */
void guest_loop_free(struct guest_loop *g);

#endif
