#include "net/portmap.h"

#include "base/mem.h"
#include "net/uv/router.h"
#include "net/uv/turn.h"

struct portmap {
    struct loop *loop;
    const struct log *log;
    struct router_job now; /* what is known, and asked next */
    bool mapped, told;
    const char *how;
    struct why why;
    uint64_t again_us;
    struct timer *timer;
    struct asking *asking; /* NULL: nobody is asked now */
    void (*changed)(void *arg);
    void *arg;
};

/* On libuv's pool; its owner may be gone before it is back. */
struct asking {
    uv_work_t work;
    struct loop *loop;
    struct portmap *owner;
    struct router_job job;
};

static const char *const how_name[] = {"", "pcp", "nat-pmp", "upnp"};

static void on_work(uv_work_t *w)
{
    struct asking *a = w->data;
    router_ask(&a->job);
}

static void answered(struct portmap *p, const struct router_job *j);

static void on_done(uv_work_t *w, int status)
{
    struct asking *a = w->data;
    struct portmap *p = a->owner;
    if (p && status == 0) {
        p->asking = NULL;
        turn_enter(a->loop);
        turn_note(a->loop, "portmap", p->changed);
        answered(p, &a->job);
        turn_leave(a->loop);
    }
    free(a);
}

static struct asking *ask(struct loop *loop, struct portmap *owner, const struct router_job *job)
{
    struct asking *a = MEM_NEW(struct asking);
    *a = (struct asking){.loop = loop, .owner = owner, .job = *job, .work.data = a};
    if (uv_queue_work(&loop->uv, &a->work, on_work, on_done) == 0)
        return a;
    free(a);
    return NULL;
}

static void on_timer(void *arg)
{
    struct portmap *p = arg;
    p->timer = NULL;
    p->asking = ask(p->loop, p, &p->now);
}

static void say(struct portmap *p, const struct router_job *j)
{
    char at[ADDR_TEXT];
    if (j->why.code == OK)
        log_info(p->log, "the router forwards port %u to us (%s)", p->now.port, p->how);
    else if (p->mapped || !p->told)
        log_info(p->log, "the router does not forward port %u to us: %s", p->now.port, j->why.text);
    log_debug(p->log, "from outside we are %s", addr_format(&j->external, at));
}

static void answered(struct portmap *p, const struct router_job *j)
{
    bool good = j->why.code == OK;
    bool same = p->told && good == p->mapped && addr_equal(&j->external, &p->now.external);
    p->now.how = j->how; /* unknown again when it failed: routers are exchanged */
    p->now.external = j->external;
    p->how = good ? how_name[j->how] : "";
    p->why = j->why;
    if (!same)
        say(p, j);
    p->mapped = good;
    p->told = true;
    uint64_t after = p->again_us;
    if (good) {
        after = (j->given_s ? j->given_s : PORTMAP_LEASE_S) * SEC / 2;
        p->again_us = PORTMAP_AGAIN_US;
    } else {
        p->again_us = after * 2 < PORTMAP_AGAIN_MAX_US ? after * 2 : PORTMAP_AGAIN_MAX_US;
    }
    p->timer = timer_start(p->loop, after > SEC ? after : SEC, on_timer, p);
    if (!same)
        p->changed(p->arg);
}

struct portmap *portmap_start(struct loop *loop, const struct log *log, uint16_t port,
                              void (*changed)(void *arg), void *arg)
{
    struct portmap *p = MEM_NEW(struct portmap);
    *p = (struct portmap){.loop = loop, .log = log, .changed = changed, .arg = arg, .how = ""};
    p->now.port = port;
    p->now.lease_s = PORTMAP_LEASE_S;
    p->again_us = PORTMAP_AGAIN_US;
    loop_random(loop, p->now.nonce, sizeof p->now.nonce);
    p->timer = timer_start(loop, 0, on_timer, p);
    return p;
}

struct portmap_status portmap_status(const struct portmap *p)
{
    return (struct portmap_status){
        .mapped = p->mapped, .how = p->how, .external = p->now.external, .why = p->why};
}

void portmap_stop(struct portmap *p)
{
    if (!p)
        return;
    timer_cancel(p->timer);
    if (p->asking) {
        p->asking->owner = NULL;
        uv_cancel((uv_req_t *)&p->asking->work); /* or it runs to its end */
    }
    p->now.lease_s = 0;
    if (p->mapped)
        ask(p->loop, NULL, &p->now);
    free(p);
}
