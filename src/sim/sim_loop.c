/* sim_loop.c - net/loop.h: timers, randomness, names, lanes. */
#include "base/mem.h"
#include "net/loop.h"
#include "sim/sim_world.h"

#include <stdio.h>
#include <string.h>

#define RESOLVE_US (20 * MSEC) /* a resolver nearby that has the answer or asks for it */

uint64_t loop_now_us(const struct loop *loop)
{
    return sim_node_of(loop)->sim->now_us;
}

uint64_t loop_random_u64(struct loop *loop)
{
    return sim_rng_next(&sim_node_of(loop)->rng);
}

void loop_random(struct loop *loop, void *out, size_t n)
{
    uint8_t *p = out;
    while (n > 0) {
        uint64_t word = loop_random_u64(loop);
        size_t part = n < sizeof word ? n : sizeof word;
        memcpy(p, &word, part);
        p += part;
        n -= part;
    }
}

/* A machine of the simulator has one line, and whatever it is called it is there. */
void loop_set_interface(struct loop *loop, const char *name)
{
    (void)loop;
    (void)name;
}

uint32_t loop_interface(const struct loop *loop)
{
    (void)loop;
    return LOOP_ANY_INTERFACE;
}

/* No machine of the simulator is behind a proxy; net/socks.h runs over it as any filter does. */
void loop_set_proxy(struct loop *loop, const struct socks *proxy)
{
    (void)loop;
    (void)proxy;
}

const struct socks *loop_proxy(const struct loop *loop)
{
    (void)loop;
    return NULL;
}

/* Timers. */

struct timer {
    struct sim_op op;
    timer_cb *cb;
    void *arg;
};

static void timer_drop(struct sim_op *op)
{
    sim_op_done(op);
    free(LIST_OF(op, struct timer, op));
}

static void on_timer(struct sim_event *ev)
{
    struct timer *t = LIST_OF(ev, struct timer, op.ev);
    timer_cb *cb = t->cb;
    void *arg = t->arg;
    sim_trace(t->op.node, "timer", NULL, NULL, 0);
    timer_drop(&t->op);
    cb(arg);
}

struct timer *timer_start(struct loop *loop, uint64_t after_us, timer_cb *cb, void *arg)
{
    struct timer *t = MEM_NEW(struct timer);
    sim_op_init(&t->op, sim_node_of(loop), on_timer, timer_drop);
    t->cb = cb;
    t->arg = arg;
    sim_op_after(&t->op, after_us);
    return t;
}

void timer_cancel(struct timer *t)
{
    if (t)
        timer_drop(&t->op);
}

/* Names. */

struct resolve {
    struct sim_op op;
    resolve_cb *cb;
    void *arg;
    struct addr found[RESOLVE_MAX];
    size_t n;
    char *host;
};

static void resolve_drop(struct sim_op *op)
{
    struct resolve *r = LIST_OF(op, struct resolve, op);
    sim_op_done(op);
    free(r->host);
    free(r);
}

static void on_resolve(struct sim_event *ev)
{
    struct resolve *r = LIST_OF(ev, struct resolve, op.ev);
    struct resolve answer = *r;
    struct why why;
    why_set(&why, ERR_NOT_FOUND, "%s: no such name", r->host);
    sim_trace(r->op.node, "resolve", r->n > 0 ? &r->found[0] : NULL, r->host, strlen(r->host));
    resolve_drop(&r->op);
    answer.cb(answer.arg, answer.found, answer.n, answer.n > 0 ? NULL : &why);
}

/* "1.2.3.4" or "::1"; false: not a number. */
static bool numeric(struct addr *out, const char *host, uint16_t port)
{
    char text[ADDR_TEXT];
    bool v6 = strchr(host, ':') != NULL;
    int n = snprintf(text, sizeof text, v6 ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
    return n > 0 && (size_t)n < sizeof text && addr_parse(out, text, NULL) == OK;
}

struct resolve *resolve_start(struct loop *loop, const char *host, uint16_t port, resolve_cb *cb,
                              void *arg)
{
    struct sim_node *node = sim_node_of(loop);
    struct resolve *r = MEM_NEW(struct resolve);
    sim_op_init(&r->op, node, on_resolve, resolve_drop);
    r->cb = cb;
    r->arg = arg;
    r->host = mem_strdup(host);
    const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host; /* RFC 6761 */
    if (numeric(&r->found[0], number, port)) {
        r->n = 1;
        sim_op_after(&r->op, 0);
        return r;
    }
    const struct sim_name *name = map_get(node->sim->names, host, strlen(host));
    for (; name && r->n < name->n; r->n++) {
        r->found[r->n] = name->ips[r->n];
        r->found[r->n].port = port;
    }
    sim_op_after(&r->op, RESOLVE_US);
    return r;
}

void resolve_cancel(struct resolve *r)
{
    if (r)
        resolve_drop(&r->op);
}

/* Lanes.  One event when a thread takes the job up, one when it has done it; so a crash may fall
 * between the work and its answer, as it does on a real machine. */

struct job {
    struct sim_op op;
    enum lane lane;
    lane_fn *work, *done; /* work: NULL once it has run */
    void *arg;
};

static void job_drop(struct sim_op *op)
{
    sim_op_done(op);
    free(LIST_OF(op, struct job, op));
}

static void job_answer(struct sim_op *op)
{
    struct job *j = LIST_OF(op, struct job, op);
    lane_fn *done = j->done;
    void *arg = j->arg;
    struct sim_lane *lane = &op->node->lanes[j->lane];
    if (lane->queued > 0)
        lane->queued--;
    job_drop(op);
    done(arg);
}

static void on_job(struct sim_event *ev)
{
    struct job *j = LIST_OF(ev, struct job, op.ev);
    if (j->work) {
        lane_fn *work = j->work;
        j->work = NULL;
        sim_op_after(&j->op, j->op.node->lanes[j->lane].job_us);
        work(j->arg);
        return;
    }
    sim_trace(j->op.node, "lane", NULL, NULL, 0);
    job_answer(&j->op);
}

void lane_run(struct loop *loop, enum lane lane, lane_fn *work, lane_fn *done, void *arg)
{
    struct sim_node *node = sim_node_of(loop);
    struct sim_lane *l = &node->lanes[lane];
    struct job *j = MEM_NEW(struct job);
    sim_op_init(&j->op, node, on_job, job_drop);
    j->op.mourn = job_answer;
    j->lane = lane;
    j->work = work;
    j->done = done;
    j->arg = arg;
    l->queued++;
    size_t soonest = 0;
    for (size_t i = 1; i < l->threads; i++)
        if (l->free_us[i] < l->free_us[soonest])
            soonest = i;
    uint64_t now_us = node->sim->now_us;
    uint64_t at_us = l->free_us[soonest] > now_us ? l->free_us[soonest] : now_us;
    l->free_us[soonest] = at_us + l->job_us;
    sim_op_after(&j->op, at_us - now_us);
}

size_t lane_queued(const struct loop *loop, enum lane lane)
{
    return sim_node_of(loop)->lanes[lane].queued;
}
