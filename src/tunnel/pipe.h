/* tunnel/pipe.h - two conns joined: what one gives, the other gets.
 *
 * One buffer of PIPE_BUFFER bytes each way and no more: nothing is read from the one that the other
 * has no room for, so back-pressure goes through from end to end.  A half-close is a half-close on
 * the other side.  When both have ended, or one has failed, `done` comes, once, and the owner frees
 * the pipe, there or later: where not both have ended both are reset, so that nobody takes half of
 * something for all of it.
 *
 *     struct pipe_cfg cfg = {.a = tcp, .b = stream, .done = on_done, .arg = x};
 *     x->pipe = pipe_new(&cfg);
 *
 * Callbacks come from the loop, never from inside pipe_new() or pipe_free(). */
#ifndef SHOAL_TUNNEL_PIPE_H
#define SHOAL_TUNNEL_PIPE_H

#include "base/buf.h"
#include "net/conn.h"

struct bucket;
struct policy;

enum { PIPE_BUFFER = 64 << 10, PIPE_QUOTAS = 2 };

struct pipe;
/* why: NULL when both sides ended well.  up: bytes from a to b; down: from b to a. */
typedef void pipe_done_cb(void *arg, const struct why *why);

struct pipe_cfg {
    struct conn *a, *b;          /* open; the pipe's from now on */
    struct buf to_a, to_b;       /* what goes first; taken, and not counted */
    struct bucket *bucket;       /* both ways, shared; NULL: as fast as it goes */
    struct policy *policy;       /* the node's: a to b is its upload; NULL: none */
    uint64_t idle_us;            /* no byte either way for so long ends it; 0: never */
    uint64_t *left[PIPE_QUOTAS]; /* bytes both ways, shared; at 0 of one it ends with ERR_FULL;
                                    NULL: no end */
    pipe_done_cb *done;
    void *arg;
};
struct pipe *pipe_new(const struct pipe_cfg *cfg);
/* Both are closed or reset at once, and no callback comes.  NULL: nothing. */
void pipe_free(struct pipe *p);

uint64_t pipe_up(const struct pipe *p);   /* bytes that b took */
uint64_t pipe_down(const struct pipe *p); /* that a took */

#endif
