/* net/loop.h - the world: clock, timers, randomness, names and worker lanes.
 *
 * Everything that a node learns from outside comes through a struct loop and its sockets
 * (net/conn.h, net/udp.h).  There are two implementations of these headers, and the linker picks:
 * net/uv (libuv: real time, real sockets) and sim (a simulated network: the same seed gives the
 * same run).  Nothing else calls time(), getrandom() or socket().
 *
 * One thread owns a loop and everything that hangs on it; only lane work runs elsewhere.
 *
 * The contract of every operation here: start gives a handle; the callback comes from the loop,
 * never from inside start; once the callback has begun, the handle is dead; cancel means silence,
 * and the handle is dead on return.
 *
 *     p->keepalive = timer_start(loop, 120 * SEC, on_keepalive, p);
 *     ...
 *     timer_cancel(p->keepalive);            (NULL is fine)
 *
 * Making and running a loop is the business of net/uv/uv_loop.h and sim/sim.h. */
#ifndef SHOAL_NET_LOOP_H
#define SHOAL_NET_LOOP_H

#include "base/err.h"
#include "net/addr.h"

#include <stddef.h>
#include <stdint.h>

#define MSEC UINT64_C(1000)
#define SEC UINT64_C(1000000)

struct loop;

/* Microseconds since some moment in the past; never runs back; stands still during a callback. */
uint64_t loop_now_us(const struct loop *loop);

/* Microseconds since 1970 by the machine's clock, which may jump.  For people and records, never
 * for timers. */
int64_t loop_wall_us(const struct loop *loop);

/* n unpredictable bytes (in the simulator: from the seed). */
void loop_random(struct loop *loop, void *out, size_t n);
uint64_t loop_random_u64(struct loop *loop);

/* One callback, `after_us` from now (0: in the next turn).  Equal moments fire in starting order.
 */
struct timer;
typedef void timer_cb(void *arg);
struct timer *timer_start(struct loop *loop, uint64_t after_us, timer_cb *cb, void *arg);
void timer_cancel(struct timer *t); /* NULL: nothing */

/* A name to addresses.  `found` holds 0 < n <= RESOLVE_MAX of them, valid during the call; with
 * n == 0 `why` says the reason.  A numeric host is answered too, and asks nobody. */
enum { RESOLVE_MAX = 16 };
struct resolve;
typedef void resolve_cb(void *arg, const struct addr *found, size_t n, const struct why *why);
struct resolve *resolve_start(struct loop *loop, const char *host, uint16_t port, resolve_cb *cb,
                              void *arg);
void resolve_cancel(struct resolve *r); /* NULL: nothing */

/* The texts of a name (its TXT records, RFC 1035 section 3.3.14), each of its strings put together.
 * `found` holds 0 < n <= RESOLVE_TEXTS_MAX of them, valid during the call; with n == 0 `why` says
 * the reason.  Longer texts are passed over. */
enum { RESOLVE_TEXTS_MAX = 32, RESOLVE_TEXT_MAX = 1024 };
struct resolve_text;
typedef void resolve_text_cb(void *arg, const char *const *found, size_t n, const struct why *why);
struct resolve_text *resolve_text_start(struct loop *loop, const char *name, resolve_text_cb *cb,
                                        void *arg);
void resolve_text_cancel(struct resolve_text *r); /* NULL: nothing */

/* From now on what goes to other machines goes through this network interface ("tun0"), or not at
 * all: without it dialling and opening fail, and sockets opened before it went are dead.  For
 * listening sockets, dials, datagrams and http.h; the system's look-up of names is not bound.  "":
 * any interface again.  At most LOOP_INTERFACE_MAX - 1 bytes. */
enum { LOOP_INTERFACE_MAX = 16 };
#define LOOP_ANY_INTERFACE UINT32_MAX
void loop_set_interface(struct loop *loop, const char *name);
/* Its number now, another one each time it comes; 0: it is not there; LOOP_ANY_INTERFACE: none is
 * set. */
uint32_t loop_interface(const struct loop *loop);

/* From now on tcp_dial, udp_open and http.h go through this SOCKS5 proxy (net/socks.h), or not at
 * all, and names that are not numeric are not looked up here: the proxy does it.  NULL: none.  The
 * proxy outlives the loop's sockets. */
struct socks;
void loop_set_proxy(struct loop *loop, const struct socks *proxy);
const struct socks *loop_proxy(const struct loop *loop);

/* Worker lanes: pure functions on buffers that they own for the while.
 *
 * lane_run queues `work(arg)` for a thread of the lane; when it has returned, `done(arg)` runs on
 * the loop.  Both run exactly once and cannot be cancelled: `arg` belongs to the job until done has
 * run, so an owner that goes away clears the job's pointer to itself.  Jobs of one lane start in
 * the order in which they were queued; LANE_DISK_ORDERED has one thread, so they also end so.
 * work must not touch the loop.  The simulator runs work on its own thread at a simulated time.
 * lane_queued() tells how many wait or run; who feeds a lane from a peer's messages stops reading
 * from that peer at LANE_BUSY. */
enum lane { LANE_DISK, LANE_DISK_ORDERED, LANE_CPU, LANE_COUNT };
enum { LANE_BUSY = 256 };
typedef void lane_fn(void *arg);
void lane_run(struct loop *loop, enum lane lane, lane_fn *work, lane_fn *done, void *arg);
size_t lane_queued(const struct loop *loop, enum lane lane);

#endif
