/* net/uv/uv_loop.h - make and run the real world's loop.
 *
 * net/loop.h, conn.h, udp.h and http.h are implemented here on libuv.  Who makes a loop runs it on
 * the thread that made it; everybody else gets a struct loop * and never sees this header.
 *
 *     struct loop *loop = uv_loop_open(log);
 *     uv_loop_on_signal(loop, SIGTERM, on_term, node);     (calls uv_loop_stop)
 *     ... start things ...
 *     uv_loop_run(loop);
 *     ... close them ...
 *     uv_loop_finish(loop);
 *
 * A callback that keeps the loop for more than UV_LOOP_SLOW_US is logged at debug with its name. */
#ifndef SHOAL_NET_UV_UV_LOOP_H
#define SHOAL_NET_UV_UV_LOOP_H

#include "base/log.h"
#include "net/loop.h"

#include <stdbool.h>

enum { UV_LOOP_SLOW_US = 10 * 1000 };

/* log: for the loop's own trouble; may be NULL; outlives the loop. */
struct loop *uv_loop_open(struct log *log);

/* Runs callbacks until uv_loop_stop(). */
void uv_loop_run(struct loop *loop);

/* Ends uv_loop_run() with this turn or the next; also before it has begun.  This and uv_loop_call()
 * are what other threads may call. */
void uv_loop_stop(struct loop *loop);

/* From any thread, until uv_loop_finish() begins: cb(arg) runs on the loop, exactly once, in the
 * order of these calls; at the latest in uv_loop_finish(). */
void uv_loop_call(struct loop *loop, void (*cb)(void *), void *arg);

/* Instead of uv_loop_run(), for a program that waits by itself: a descriptor that is readable when
 * there is work (level-triggered), how long at most to wait for it (ms; -1: for ever; asked before
 * each wait), and the work, without waiting.  On another libuv loop: net/uv/guest.h. */
int uv_loop_fd(const struct loop *loop);
int uv_loop_wait_ms(struct loop *loop);
void uv_loop_turn(struct loop *loop);

/* Runs callbacks until until(arg) is true (asked after each turn), at most for limit_us.  Returns
 * what until(arg) said last. */
bool uv_loop_run_until(struct loop *loop, bool (*until)(void *), void *arg, uint64_t limit_us);

/* Waits for lane work that is queued or running, calls its done, and frees the loop.  Conns,
 * sockets and listeners are closed by their owners before; what is still open is logged as our bug.
 * (The name "close" is libuv's.) */
void uv_loop_finish(struct loop *loop);

/* Call cb(arg) on the loop at each such signal, until uv_loop_finish(). */
void uv_loop_on_signal(struct loop *loop, int signum, void (*cb)(void *), void *arg);

/* For code in net/uv and node that must hand libuv's own loop to a library. */
struct uv_loop_s *uv_loop_raw(struct loop *loop);

#endif
