#include "lib/shoal_in.h"

#include "base/mem.h"
#include "net/uv/uv_loop.h"

_Static_assert((int)SHOAL_LOG_DEBUG == LOG_DEBUG && (int)SHOAL_LOG_NONE == LOG_NONE,
               "shoal/loop.h says what base/log.h says");

static void on_line(void *arg, enum log_level level, const char *line)
{
    const struct shoal_loop *l = arg;
    if (l->on_line)
        l->on_line(l->line_arg, (int)level, line);
}

struct shoal_loop *shoal_loop_new(void)
{
    struct shoal_loop *l = MEM_NEW(struct shoal_loop);
    l->log = log_new(LOG_NONE, on_line, l);
    l->loop = uv_loop_open(l->log);
    list_init(&l->streams);
    return l;
}

void shoal_loop_free(struct shoal_loop *l)
{
    if (!l)
        return;
    shoal_loop_detach(l);
    lib_streams_end(l);
    uv_loop_finish(l->loop);
    log_free(l->log);
    free(l);
}

void shoal_loop_run(struct shoal_loop *l)
{
    uv_loop_run(l->loop);
}

void shoal_loop_stop(struct shoal_loop *l)
{
    uv_loop_stop(l->loop);
}

void shoal_loop_call(struct shoal_loop *l, shoal_cb *cb, void *arg)
{
    uv_loop_call(l->loop, cb, arg);
}

uint64_t shoal_loop_now_us(const struct shoal_loop *l)
{
    return loop_now_us(l->loop);
}

/* A shoal_timer is a timer under a name that is ours alone. */
struct shoal_timer *shoal_timer_start(struct shoal_loop *l, uint64_t after_us, shoal_cb *cb,
                                      void *arg)
{
    return (struct shoal_timer *)timer_start(l->loop, after_us, cb, arg);
}

void shoal_timer_cancel(struct shoal_timer *t)
{
    timer_cancel((struct timer *)t);
}

int shoal_loop_attach(struct shoal_loop *l, struct uv_loop_s *theirs, struct shoal_err *err)
{
    struct why why;
    if (l->guest)
        return lib_fail(err, ERR_STATE, "the loop is attached already");
    l->guest = guest_loop_new(l->loop, theirs, &why);
    return l->guest ? SHOAL_OK : lib_tell(err, &why);
}

void shoal_loop_detach(struct shoal_loop *l)
{
    guest_loop_free(l->guest);
    l->guest = NULL;
}

int shoal_loop_fd(const struct shoal_loop *l)
{
    return uv_loop_fd(l->loop);
}

int shoal_loop_wait_ms(struct shoal_loop *l)
{
    return uv_loop_wait_ms(l->loop);
}

void shoal_loop_turn(struct shoal_loop *l)
{
    uv_loop_turn(l->loop);
}

void shoal_loop_log(struct shoal_loop *l, int level, shoal_log_cb *cb, void *arg)
{
    l->on_line = cb;
    l->line_arg = arg;
    log_set_level(l->log, level < LOG_DEBUG  ? LOG_DEBUG
                          : level > LOG_NONE ? LOG_NONE
                                             : (enum log_level)level);
}
