#include "net/uv/uv_loop.h"

#include "base/mem.h"
#include "net/uv/call.h"
#include "net/uv/turn.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct signal {
    struct link link;
    uv_signal_t handle;
    struct loop *loop;
    void (*cb)(void *);
    void *arg;
};

static uint64_t clock_us(void)
{
    return uv_hrtime() / 1000;
}

void turn_enter(struct loop *l)
{
    if (l->depth++ == 0)
        l->turn_us = clock_us();
}

/* The name of a function for the log: its own where the linker kept it, else file and offset,
 * which addr2line understands. */
static void name_of(turn_fn *fn, char *text, size_t cap)
{
    void *address;
    Dl_info info;
    memcpy(&address, &fn, sizeof address); /* ISO C has no cast for this */
    if (!fn || !dladdr(address, &info))
        snprintf(text, cap, "?");
    else if (info.dli_sname)
        snprintf(text, cap, "%s", info.dli_sname);
    else
        snprintf(text, cap, "%s+0x%zx", info.dli_fname,
                 (size_t)((char *)address - (char *)info.dli_fbase));
}

void turn_leave(struct loop *l)
{
    if (--l->depth > 0)
        return;
    uint64_t took_us = clock_us() - l->turn_us;
    if (took_us > UV_LOOP_SLOW_US) {
        char name[160];
        name_of(l->whose, name, sizeof name);
        log_debug(l->log, "%s kept the loop for %" PRIu64 " ms: %s", l->what ? l->what : "callback",
                  took_us / 1000, name);
    }
    turn_note(l, NULL, NULL);
}

uint64_t loop_now_us(const struct loop *l)
{
    return l->depth > 0 ? l->turn_us : clock_us();
}

int64_t loop_wall_us(const struct loop *l)
{
    (void)l;
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void loop_random(struct loop *l, void *out, size_t n)
{
    (void)l;
    if (uv_random(NULL, NULL, out, n, 0, NULL) != 0)
        abort(); /* a node without randomness must not make keys */
}

uint64_t loop_random_u64(struct loop *l)
{
    uint64_t v;
    loop_random(l, &v, sizeof v);
    return v;
}

enum err sys_why(struct why *why, int error, const char *fmt, ...)
{
    char doing[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(doing, sizeof doing, fmt, args);
    va_end(args);
    const char *words = strerrordesc_np(error);
    enum err code = ERR_IO;
    if (error == ECONNREFUSED || error == ECONNRESET || error == EPIPE)
        code = ERR_CLOSED;
    else if (error == ETIMEDOUT)
        code = ERR_TIMEOUT;
    else if (error == EACCES || error == EPERM)
        code = ERR_DENIED;
    else if (error == EADDRINUSE)
        code = ERR_STATE;
    return why_set(why, code, "%s: %s", doing, words ? words : "unknown error");
}

static void on_wake(uv_async_t *a)
{
    struct loop *l = a->data;
    if (atomic_load(&l->stopped))
        uv_stop(&l->uv);
}

struct loop *uv_loop_open(struct log *log)
{
    struct loop *l = MEM_NEW(struct loop);
    l->log = log;
    l->tun_fd = -1;
    l->wake.data = l;
    atomic_init(&l->stopped, false);
    list_init(&l->signals);
    if (uv_loop_init(&l->uv) != 0 || uv_async_init(&l->uv, &l->wake, on_wake) != 0)
        abort(); /* no epoll or no descriptors at all: nothing can be done or said */
    timers_init(l);
    l->lanes = lanes_new(l);
    l->calls = calls_new(l);
    return l;
}

void uv_loop_run(struct loop *l)
{
    while (!atomic_exchange(&l->stopped, false))
        uv_run(&l->uv, UV_RUN_DEFAULT);
}

void uv_loop_stop(struct loop *l)
{
    atomic_store(&l->stopped, true);
    uv_async_send(&l->wake);
}

static void out_of_time(void *arg)
{
    *(struct timer **)arg = NULL;
}

bool uv_loop_run_until(struct loop *l, bool (*until)(void *), void *arg, uint64_t limit_us)
{
    struct timer *limit = NULL;
    limit = timer_start(l, limit_us, out_of_time, &limit);
    bool done;
    while (!(done = until(arg)) && limit)
        uv_run(&l->uv, UV_RUN_ONCE);
    timer_cancel(limit);
    return done;
}

int uv_loop_fd(const struct loop *l)
{
    return uv_backend_fd(&l->uv);
}

int uv_loop_wait_ms(struct loop *l)
{
    uv_update_time(&l->uv); /* it counts from there */
    return uv_backend_timeout(&l->uv);
}

void uv_loop_turn(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_NOWAIT);
}

static void on_signal(uv_signal_t *h, int signum)
{
    (void)signum;
    struct signal *s = h->data;
    turn_enter(s->loop);
    turn_note(s->loop, "signal", s->cb);
    s->cb(s->arg);
    turn_leave(s->loop);
}

void uv_loop_on_signal(struct loop *l, int signum, void (*cb)(void *), void *arg)
{
    struct signal *s = MEM_NEW(struct signal);
    *s = (struct signal){.loop = l, .cb = cb, .arg = arg, .handle.data = s};
    list_push(&l->signals, &s->link);
    uv_signal_init(&l->uv, &s->handle);
    int rc = uv_signal_start(&s->handle, on_signal, signum);
    if (rc != 0)
        log_warn(l->log, "signal %d cannot be watched: %s", signum, uv_strerror(rc));
}

static void on_signal_closed(uv_handle_t *h)
{
    free(h->data);
}

/* What its owner has not closed would keep uv_run() from ever returning. */
static void close_forgotten(uv_handle_t *h, void *arg)
{
    struct loop *l = arg;
    if (uv_is_closing(h))
        return;
    log_error(l->log, "a %s was still open when the loop ended",
              uv_handle_type_name(uv_handle_get_type(h)));
    uv_close(h, NULL);
}

void uv_loop_finish(struct loop *l)
{
    if (l->http)
        l->http_free(l->http);
    calls_run(l->calls); /* they may still queue for the lanes */
    lanes_free(l->lanes);
    calls_free(l->calls);
    timers_done(l);
    LIST_EACH(&l->signals, struct signal, s, link)
        uv_close((uv_handle_t *)&s->handle, on_signal_closed);
    uv_close((uv_handle_t *)&l->wake, NULL);
    uv_walk(&l->uv, close_forgotten, l);
    uv_run(&l->uv, UV_RUN_DEFAULT); /* the close callbacks, and cancelled look-ups of names */
    if (uv_loop_close(&l->uv) != 0)
        log_error(l->log, "libuv still holds something of the loop");
    free(l->packets);
    free(l);
}

struct uv_loop_s *uv_loop_raw(struct loop *l)
{
    return &l->uv;
}
