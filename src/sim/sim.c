#include "sim/sim.h"

#include "base/mem.h"
#include "sim/sim_world.h"

#include <assert.h>
#include <string.h>

#define START_US (1000 * SEC) /* no moment of a run is 0 */
/* More events than this at one instant, and time stands still: a timer that starts itself again
 * with 0 for ever. */
enum { INSTANT_MAX = 4 * 1000 * 1000 };

struct script {
    struct link link;
    struct sim_event ev;
    sim_fn *fn;
    void *arg;
};

uint64_t sim_rng_next(struct sim_rng *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t sim_rng_below(struct sim_rng *r, uint64_t n)
{
    return sim_rng_next(r) % n; /* n is far below 2^64: the bias does not show */
}

struct sim *sim_new(uint64_t seed)
{
    struct sim *sim = MEM_NEW(struct sim);
    sim->now_us = START_US;
    sim->seed = seed;
    sim->rng.state = map_hash(seed, "network", 7);
    sim->trace_hash = seed;
    sim->by_ip = map_new(seed);
    sim->names = map_new(seed);
    list_init(&sim->packets);
    list_init(&sim->flows);
    list_init(&sim->groups);
    list_init(&sim->scripts);
    return sim;
}

static void free_ops(struct sim_node *node)
{
    LIST_EACH(&node->ops, struct sim_op, op, link)
        op->drop(op);
}

static void node_free(struct sim_node *node)
{
    free_ops(node);
    sim_nat_free(node->nat);
    free(node->cut);
    free(node->name);
    free(node);
}

void sim_free(struct sim *sim)
{
    if (!sim)
        return;
    for (size_t i = 0; i < sim->node_count; i++)
        free_ops(sim->nodes[i]); /* handles first: they hang on flows */
    sim_flow_free_all(sim);
    sim_udp_free_all(sim);
    for (size_t i = 0; i < sim->node_count; i++)
        node_free(sim->nodes[i]);
    LIST_EACH(&sim->scripts, struct script, s, link)
        free(s);
    struct sim_name *name;
    for (size_t at = 0; (name = map_next(sim->names, &at, NULL, NULL));) {
        for (size_t i = 0; i < name->text_count; i++)
            free(name->texts[i]);
        free(name);
    }
    map_free(sim->names);
    map_free(sim->by_ip);
    sim_queue_done(&sim->queue);
    free(sim->nodes);
    free(sim);
}

/* Time. */

uint64_t sim_now_us(const struct sim *sim)
{
    return sim->now_us;
}

static void step(struct sim *sim)
{
    sim->now_us = sim_queue_next_us(&sim->queue);
    struct sim_event *ev = sim_queue_take(&sim->queue);
    ev->fire(ev);
    sim->running = NULL;
}

/* Run to the moment, or until `yes`. */
static bool run(struct sim *sim, uint64_t to_us, sim_test *yes, void *arg)
{
    uint64_t instant_us = 0;
    unsigned at_instant = 0;
    while (sim_queue_next_us(&sim->queue) <= to_us) {
        step(sim);
        at_instant = sim->now_us == instant_us ? at_instant + 1 : 0;
        instant_us = sim->now_us;
        assert(at_instant < INSTANT_MAX && "time stands still");
        if (yes && yes(arg))
            return true;
    }
    if (to_us > sim->now_us)
        sim->now_us = to_us;
    return false;
}

void sim_run_to(struct sim *sim, uint64_t at_us)
{
    run(sim, at_us, NULL, NULL);
}

void sim_run_for(struct sim *sim, uint64_t us)
{
    run(sim, sim->now_us + us, NULL, NULL);
}

bool sim_run_until(struct sim *sim, sim_test *yes, void *arg, uint64_t limit_us)
{
    return yes(arg) || run(sim, sim->now_us + limit_us, yes, arg);
}

static void on_script(struct sim_event *ev)
{
    struct script *s = LIST_OF(ev, struct script, ev);
    sim_fn *fn = s->fn;
    void *arg = s->arg;
    list_drop(&s->link);
    free(s);
    fn(arg);
}

void sim_at(struct sim *sim, uint64_t at_us, sim_fn *fn, void *arg)
{
    struct script *s = MEM_NEW(struct script);
    *s = (struct script){.ev.fire = on_script, .fn = fn, .arg = arg};
    list_push(&sim->scripts, &s->link);
    sim_queue_put(&sim->queue, &s->ev, at_us > sim->now_us ? at_us : sim->now_us);
}

/* Nodes. */

static void boot(struct sim_node *node)
{
    uint64_t id[2] = {node->index, ++node->boots};
    node->rng.state = map_hash(node->sim->seed, id, sizeof id);
    node->next_port = SIM_PORT_FIRST;
    node->up = true;
    node->up_free_ns = node->down_free_ns = 0;
    for (int i = 0; i < LANE_COUNT; i++) {
        memset(node->lanes[i].free_us, 0, sizeof node->lanes[i].free_us);
        node->lanes[i].queued = 0;
    }
}

struct sim_node *sim_node_add(struct sim *sim, const char *name, struct addr ip,
                              struct sim_link link)
{
    struct sim_node *node = MEM_NEW(struct sim_node);
    node->loop.node = node;
    node->sim = sim;
    node->name = mem_strdup(name);
    node->index = sim->node_count;
    list_init(&node->ops);
    list_init(&node->listeners);
    list_init(&node->sockets);
    list_init(&node->ends);
    static const size_t threads[LANE_COUNT] = {
        [LANE_DISK] = SIM_THREADS_MAX, [LANE_DISK_ORDERED] = 1, [LANE_CPU] = 2};
    for (int i = 0; i < LANE_COUNT; i++)
        node->lanes[i] = (struct sim_lane){.job_us = 200, .threads = threads[i]};
    sim_node_set_link(node, link);
    boot(node);
    sim->nodes = mem_realloc(sim->nodes, (sim->node_count + 1) * sizeof(struct sim_node *));
    sim->nodes[sim->node_count++] = node;
    sim_node_add_ip(node, ip);
    return node;
}

void sim_node_add_ip(struct sim_node *node, struct addr ip)
{
    ip.port = 0;
    assert(node->ip_count < SIM_IPS_MAX);
    node->ips[node->ip_count++] = ip;
    sim_node_name_ip(node, ip);
}

void sim_node_name_ip(struct sim_node *node, struct addr ip)
{
    uint8_t key[ADDR_KEY];
    addr_key(&ip, key);
    struct sim_node *other = map_put(node->sim->by_ip, key, sizeof key, node);
    assert(!other && "two nodes with one address");
    (void)other;
}

struct loop *sim_node_loop(struct sim_node *node)
{
    return &node->loop;
}

const char *sim_node_name(const struct sim_node *node)
{
    return node->name;
}

bool sim_node_is_up(const struct sim_node *node)
{
    return node->up;
}

void sim_node_set_link(struct sim_node *node, struct sim_link link)
{
    if (link.queue_us == 0)
        link.queue_us = 200 * MSEC;
    node->line = link;
}

void sim_node_set_lane(struct sim_node *node, enum lane lane, uint64_t job_us)
{
    node->lanes[lane].job_us = job_us;
}

void sim_node_jump_wall(struct sim_node *node, int64_t by_us)
{
    node->wall_off_us += by_us;
}

int64_t loop_wall_us(const struct loop *loop)
{
    const struct sim_node *node = sim_node_of(loop);
    return SIM_WALL_US + node->wall_off_us + (int64_t)(node->sim->now_us - START_US);
}

/* Operations. */

void sim_op_init(struct sim_op *op, struct sim_node *node, sim_event_fn *fire,
                 void (*drop)(struct sim_op *op))
{
    *op = (struct sim_op){.node = node, .ev.fire = fire, .drop = drop};
    list_push(&node->ops, &op->link);
}

void sim_op_after(struct sim_op *op, uint64_t after_us)
{
    if (op->node->up)
        sim_queue_put(&op->node->sim->queue, &op->ev, op->node->sim->now_us + after_us);
}

void sim_op_done(struct sim_op *op)
{
    sim_queue_drop(&op->node->sim->queue, &op->ev);
    list_drop(&op->link);
}

/* Crash. */

void sim_node_on_crash(struct sim_node *node, sim_fn *hook, void *arg)
{
    node->hook = hook;
    node->hook_arg = arg;
}

void sim_node_crash(struct sim_node *node)
{
    assert(node->sim->running != node && "a node does not crash inside its own callback");
    if (!node->up)
        return;
    sim_trace(node, "crash", NULL, NULL, 0);
    node->up = false;
    LIST_EACH(&node->ops, struct sim_op, op, link)
        sim_queue_drop(&node->sim->queue, &op->ev);
    sim_flow_crash(node);
    if (node->hook) {
        node->hook(node->hook_arg);
        /* Jobs call `done`, which may close handles: so always the first that is left. */
        struct sim_op *op = LIST_FIRST(&node->ops, struct sim_op, link);
        while (op) {
            op->mourn ? op->mourn(op) : op->drop(op);
            op = LIST_FIRST(&node->ops, struct sim_op, link);
        }
    }
    free_ops(node);
    node->sim->running = NULL;
}

void sim_node_restart(struct sim_node *node)
{
    assert(!node->up);
    boot(node);
    sim_trace(node, "restart", NULL, NULL, 0);
    node->sim->running = NULL;
}

/* Cuts. */

static void set_cut(struct sim_node *a, const struct sim_node *b, bool yes)
{
    if (b->index >= a->cut_count) {
        size_t n = a->sim->node_count;
        a->cut = mem_realloc(a->cut, n * sizeof *a->cut);
        memset(a->cut + a->cut_count, 0, (n - a->cut_count) * sizeof *a->cut);
        a->cut_count = n;
    }
    a->cut[b->index] = yes;
}

void sim_cut(struct sim_node *a, struct sim_node *b)
{
    if (!b) {
        a->cut_all = true;
        return;
    }
    set_cut(a, b, true);
    set_cut(b, a, true);
}

void sim_heal(struct sim_node *a, struct sim_node *b)
{
    if (b) {
        set_cut(a, b, false);
        set_cut(b, a, false);
        return;
    }
    a->cut_all = false;
    for (size_t i = 0; i < a->sim->node_count; i++)
        sim_heal(a, a->sim->nodes[i]);
}

/* Names. */

static struct sim_name *name_get(struct sim *sim, const char *name)
{
    size_t n = strlen(name);
    struct sim_name *entry = map_get(sim->names, name, n);
    if (!entry) {
        entry = MEM_NEW(struct sim_name);
        map_put(sim->names, name, n, entry);
    }
    return entry;
}

void sim_name_add(struct sim *sim, const char *name, struct addr ip)
{
    struct sim_name *entry = name_get(sim, name);
    assert(entry->n < RESOLVE_MAX);
    entry->ips[entry->n++] = ip;
}

void sim_text_add(struct sim *sim, const char *name, const char *text)
{
    struct sim_name *entry = name_get(sim, name);
    assert(entry->text_count < RESOLVE_TEXTS_MAX);
    entry->texts[entry->text_count++] = mem_strdup(text);
}
