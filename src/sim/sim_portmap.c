/* sim_portmap.c - net/portmap.h where there is no router: it fails, once. */
#include "base/mem.h"
#include "net/portmap.h"

struct portmap {
    bool told;
    struct timer *timer;
    void (*changed)(void *arg);
    void *arg;
};

static void on_timer(void *arg)
{
    struct portmap *p = arg;
    p->timer = NULL;
    p->told = true;
    p->changed(p->arg);
}

struct portmap *portmap_start(struct loop *loop, const struct log *log, uint16_t port,
                              void (*changed)(void *arg), void *arg)
{
    struct portmap *p = MEM_NEW(struct portmap);
    (void)log;
    (void)port;
    *p = (struct portmap){.changed = changed, .arg = arg};
    p->timer = timer_start(loop, 0, on_timer, p);
    return p;
}

struct portmap_status portmap_status(const struct portmap *p)
{
    struct portmap_status s = {.how = ""};
    if (p->told)
        why_set(&s.why, ERR_NOT_FOUND, "the simulated network has no router");
    return s;
}

void portmap_stop(struct portmap *p)
{
    if (!p)
        return;
    timer_cancel(p->timer);
    free(p);
}
