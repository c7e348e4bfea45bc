/* shoal/loop.h - what everything of this library runs on: one loop, one thread.
 *
 * A loop has the clock, timers and sockets.  It and all that is made on it belong to the thread
 * that runs it: no other call of this library may be made from elsewhere, except
 * shoal_loop_call(), by which other threads hand work over, and shoal_loop_stop().  Any number of
 * loops live in one process; they share nothing.
 *
 *     struct shoal_loop *loop = shoal_loop_new();
 *     ... make hosts (shoal/host.h) ...
 *     shoal_loop_run(loop);               until somebody calls shoal_loop_stop(loop)
 *     ... free the hosts ...
 *     shoal_loop_free(loop);
 *
 * A program that has a loop of its own does not call shoal_loop_run().  If that is libuv's, it
 * calls shoal_loop_attach(); any other kind watches shoal_loop_fd():
 *
 *     poll(&(struct pollfd){shoal_loop_fd(loop), POLLIN, 0}, 1, shoal_loop_wait_ms(loop));
 *     shoal_loop_turn(loop);
 *
 * Callbacks come from shoal_loop_run() or shoal_loop_turn() alone, never from inside another call,
 * and must not block: everything waits meanwhile.  No callback may free its loop, nor run it. */
#ifndef SHOAL_LOOP_H
#define SHOAL_LOOP_H

#include <shoal/err.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct shoal_loop;
typedef void shoal_cb(void *arg);

/* Owned by the caller, never NULL.  It may open threads of its own for slow work; the caller never
 * meets them. */
struct shoal_loop *shoal_loop_new(void);

/* After its hosts and timers are gone.  Streams that are still open are told SHOAL_CLOSED, and
 * calls that wait (shoal_loop_call) are made, before this returns.  NULL: nothing. */
void shoal_loop_free(struct shoal_loop *loop);

/* Runs callbacks until shoal_loop_stop(), which ends it with the turn that runs, also if it was
 * called before this.  May be run again. */
void shoal_loop_run(struct shoal_loop *loop);
void shoal_loop_stop(struct shoal_loop *loop); /* from any thread */

/* From any thread: make the loop call cb(arg), exactly once, in the order of these calls.  Not once
 * shoal_loop_free() has begun. */
void shoal_loop_call(struct shoal_loop *loop, shoal_cb *cb, void *arg);

/* Microseconds since some moment in the past; never runs back, stands still during a callback. */
uint64_t shoal_loop_now_us(const struct shoal_loop *loop);

/* One callback, after_us microseconds from now (0: in the next turn).  The handle is dead when the
 * callback begins, and after a cancel, which means silence; cancel before the loop is freed.
 * Cancelling NULL does nothing. */
struct shoal_timer;
struct shoal_timer *shoal_timer_start(struct shoal_loop *loop, uint64_t after_us, shoal_cb *cb,
                                      void *arg);
void shoal_timer_cancel(struct shoal_timer *timer);

/* --- on a loop of the caller's own ---------------------------------------------------------- */

/* Let a libuv loop, which the caller runs in the same thread, run this one too.  It keeps that loop
 * alive (uv_run does not return) until shoal_loop_detach(), which shoal_loop_free() calls; after
 * that it must run once more, to close three handles, before uv_loop_close().  SHOAL_ERR_STATE: it
 * is attached already; SHOAL_ERR_IO: libuv refused. */
struct uv_loop_s;
int shoal_loop_attach(struct shoal_loop *loop, struct uv_loop_s *theirs, struct shoal_err *err);
void shoal_loop_detach(struct shoal_loop *loop); /* not attached: nothing */

/* For any other kind: a descriptor that is readable when there is work, to be watched level-
 * triggered and never read or closed; how long at most to wait for it, in ms (0: not at all, -1:
 * for ever), to be asked before each wait; and the work, without waiting. */
int shoal_loop_fd(const struct shoal_loop *loop);
int shoal_loop_wait_ms(struct shoal_loop *loop);
void shoal_loop_turn(struct shoal_loop *loop);

/* --- lines for an operator ------------------------------------------------------------------ */

enum { SHOAL_LOG_DEBUG, SHOAL_LOG_INFO, SHOAL_LOG_WARN, SHOAL_LOG_ERROR, SHOAL_LOG_NONE };
typedef void shoal_log_cb(void *arg, int level, const char *line);

/* What the library has to say at `level` and above goes to cb: lines of UTF-8 without a newline and
 * without secrets, valid during the call.  SHOAL_LOG_NONE, as at first: nothing. */
void shoal_loop_log(struct shoal_loop *loop, int level, shoal_log_cb *cb, void *arg);

#ifdef __cplusplus
}
#endif

#endif
