/* net/uv/call.h - work that other threads hand to a loop.
 *
 * A queue behind a lock, and a wake-up; what is queued runs on the loop, exactly once and in order,
 * at the latest when the loop is finished. */
#ifndef SHOAL_NET_UV_CALL_H
#define SHOAL_NET_UV_CALL_H

struct loop;
struct calls;

/* With the loop: after uv_loop_init(). */
struct calls *calls_new(struct loop *l);
/* What waits is run; the loop must run once more afterwards, to let go of the handle. */
void calls_free(struct calls *c);
/* What waits now, and what that queues. */
void calls_run(struct calls *c);

#endif
