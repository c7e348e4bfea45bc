/* net/uv/turn.h - inside the loop: what the files of net/uv share, and nobody else sees.
 *
 * Every entry from libuv into our code goes through turn_enter/turn_leave: that is where the clock
 * is read (and then stands still, net/loop.h) and where a slow callback is noticed. */
#ifndef SHOAL_NET_UV_TURN_H
#define SHOAL_NET_UV_TURN_H

#include "base/list.h"
#include "base/log.h"
#include "net/loop.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

struct calls;
struct lanes;
struct http_multi;
typedef void turn_fn(void);

struct loop {
    uv_loop_t uv;
    struct log *log;
    uv_async_t wake; /* for uv_loop_stop(); also keeps uv_run() waiting when nothing else does */
    atomic_bool stopped;

    uint64_t turn_us; /* the clock of the callback that runs */
    unsigned depth;   /* > 0: inside a callback */
    const char *what; /* for the log: "tcp", "timer"; and whose callback */
    turn_fn *whose;

    /* timer.c: a heap by (due, seq).  The alarm waits for the first; what is due already runs from
     * `soon`, so that a timer of 0 us neither waits a millisecond nor starves the sockets. */
    struct timer **timers;
    size_t timer_count, timer_cap;
    uint64_t timer_seq;
    bool timers_running;
    uv_timer_t alarm;
    uv_idle_t soon;

    int tun_fd;           /* tun_helper.h; -1: none */
    const char *tun_path; /* of the helper's program */
    uint32_t tun_number;  /* of the last question */

    const struct socks *proxy;          /* NULL: none */
    char interface[LOOP_INTERFACE_MAX]; /* "": any */
    struct lanes *lanes;
    struct calls *calls; /* call.h */
    struct link signals;
    struct http_multi *http; /* made by the first http_start */
    void (*http_free)(struct http_multi *m);
    uint8_t *packets; /* udp.c: room for one batch, shared by all sockets */
};

/* Around every callback of ours, and they nest: the outermost reads the clock. */
void turn_enter(struct loop *l);
/* Remember who is called, for the log.  Cheap: two stores. */
#define turn_note(l, name, fn) ((l)->what = (name), (l)->whose = (turn_fn *)(fn))
void turn_leave(struct loop *l);

/* With the loop: after uv_loop_init(). */
void timers_init(struct loop *l);
void timers_done(struct loop *l); /* closes the handles */

/* No thread begins before there is work for it. */
struct lanes *lanes_new(struct loop *l);
void lanes_free(struct lanes *ln); /* drains first: runs the loop */

/* An errno in words and as what the program can do about it. */
enum err sys_why(struct why *why, int error, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
