/* A DHT whose nodes go and come, and in which some lie: what was put is found all the same.
 *
 * ./dev sim dht SEED has 2,000 nodes; the test, which plays each seed twice and under sanitizers, a
 * tenth of them.  Addresses are public ones, so that the rules of BEP 42 and the limits for one
 * owner hold. */
#include "base/mem.h"
#include "crypto/sha1.h"
#include "files/find/dht.h"
#include "support/dht_host.h"
#include "support/scenario.h"

#include <inttypes.h>
#include <string.h>

enum {
    NODES = 2000,
    NODES_TEST = 200,
    BOOT_S = 600,    /* they start within */
    SETTLE_S = 1500, /* then the tables fill */
    CHURN_S = 3600,  /* an hour */
    CHURN_PERCENT = 30,
    VALUES = 100,  /* items put once, and as many infohashes that one announces */
    LOOKUPS = 400, /* over the hour of churn */
    POISON_LOOKUPS = 200,
    POISON_PERCENT = 25, /* liars for a hundred nodes: a fifth of all */
    ANNOUNCE_S = 1500,   /* as torrents do: every 25 minutes */
    MACHINES_MAX = NODES + NODES * CHURN_PERCENT / 100 + 1,
    LIARS_MAX = NODES * POISON_PERCENT / 100,
};

static const struct sim_link line = {
    .latency_us = 40 * MSEC, .jitter_us = 30 * MSEC, .loss_ppm = 10000};

struct world;

struct value {
    struct world *w;
    struct dht_id id;
    struct dht_host *owner; /* announces, and does not go away; NULL: an item, put once */
    bool put;
};

/* One look for one value. */
struct look {
    struct world *w;
    const struct value *v;
    struct dht_host *from;
    struct dht_op *op; /* NULL: over */
    bool found;
};

struct liar {
    struct world *w;
    struct sim_node *machine;
    struct udp *udp;
    struct addr at;
    unsigned kind;
};

struct world {
    struct run *run;
    struct sim *sim;
    struct sim_node *dice; /* a machine that only rolls them */
    size_t nodes;
    struct dht_host *host[MACHINES_MAX];
    size_t count;
    bool stays[MACHINES_MAX];
    struct value value[2 * VALUES];
    struct look look[LOOKUPS + POISON_LOOKUPS];
    size_t looks, stored;
    struct liar liar[LIARS_MAX];
    size_t liars;
    uint64_t lies;
};

static uint64_t roll(struct world *w, uint64_t sides)
{
    return loop_random_u64(sim_node_loop(w->dice)) % sides;
}

/* The n-th machine's address: all over the world, no two in one network. */
static struct addr world_addr(size_t n)
{
    return addr_v4((uint8_t)(11 + n % 89), (uint8_t)(n / 89), (uint8_t)(n * 7),
                   (uint8_t)(n * 13 | 1), 6881);
}

static struct dht_host *alive(struct world *w)
{
    for (;;) {
        struct dht_host *h = w->host[roll(w, w->count)];
        if (h->d)
            return h;
    }
}

static void add_host(struct world *w)
{
    char name[16];
    snprintf(name, sizeof name, "n%zu", w->count);
    struct dht_host *h = dht_host_new(w->sim, name, world_addr(w->count), line);
    dht_host_start(h, cur_of(NULL, 0));
    for (int i = 0; i < 3 && w->count > 0; i++)
        dht_add_router(h->d, &alive(w)->at, true);
    w->host[w->count++] = h;
}

/* Values */

static void on_put(void *arg, const struct dht_result *r)
{
    struct value *v = arg;
    v->put = r->stored > 0;
    v->w->stored += r->stored;
}

static void put_item(struct world *w, struct value *v, unsigned n)
{
    char text[32], bencoded[48];
    struct why why;
    snprintf(text, sizeof text, "value %u", n);
    snprintf(bencoded, sizeof bencoded, "%zu:%s", strlen(text), text);
    struct dht_item item = {.v = cur_of(bencoded, strlen(bencoded))};
    v->id = dht_item_target(&item);
    dht_put(alive(w)->d, &item, NULL, on_put, v, &why);
}

static void announce(void *arg)
{
    struct value *v = arg;
    struct dht_announce a = {.port = 6881};
    dht_peers(v->owner->d, &v->id, &a, false, NULL, on_put, v);
    sim_at(v->w->sim, sim_now_us(v->w->sim) + ANNOUNCE_S * SEC, announce, v);
}

static void put_values(struct world *w)
{
    for (unsigned i = 0; i < 2 * VALUES; i++) {
        struct value *v = &w->value[i];
        v->w = w;
        if (i < VALUES) {
            put_item(w, v, i);
        } else {
            char text[32];
            snprintf(text, sizeof text, "torrent %u", i);
            sha1(text, strlen(text), v->id.b);
            size_t owner = roll(w, w->count);
            w->stays[owner] = true;
            v->owner = w->host[owner];
            announce(v);
        }
        sim_run_for(w->sim, SEC);
    }
    sim_run_for(w->sim, 60 * SEC);
    unsigned put = 0;
    for (unsigned i = 0; i < 2 * VALUES; i++)
        put += w->value[i].put;
    say(w->run, "%u of %d values put, on %.1f nodes each", put, 2 * VALUES,
        (double)w->stored / (2.0 * VALUES));
    expect(w->run, put == 2 * VALUES, "all values are put");
}

static void on_peers(void *arg, const struct addr *peers, size_t n)
{
    struct look *l = arg;
    for (size_t i = 0; i < n; i++)
        l->found |= addr_equal(&peers[i], &l->v->owner->at);
}

static void on_done(void *arg, const struct dht_result *r)
{
    struct look *l = arg;
    (void)r;
    l->op = NULL;
}

static void on_item(void *arg, const struct dht_item *item, const struct dht_result *r)
{
    struct look *l = arg;
    (void)r;
    l->found = item != NULL;
    l->op = NULL;
}

static void begin_look(struct world *w)
{
    struct look *l = &w->look[w->looks++];
    l->w = w;
    l->v = &w->value[roll(w, 2 * VALUES)];
    do
        l->from = alive(w);
    while (l->from == l->v->owner);
    if (l->v->owner)
        l->op = dht_peers(l->from->d, &l->v->id, NULL, true, on_peers, on_done, l);
    else
        l->op = dht_get_immutable(l->from->d, &l->v->id, on_item, l);
}

/* A machine goes without a word; whoever looked from there does not any more. */
static void crash(struct world *w)
{
    size_t i;
    do
        i = roll(w, w->count);
    while (!w->host[i]->d || w->stays[i]);
    for (size_t k = 0; k < w->looks; k++)
        if (w->look[k].op && w->look[k].from == w->host[i]) {
            w->look[k].op = NULL;
            w->look[k].found = true; /* not the DHT's fault */
        }
    dht_host_crash(w->host[i]);
}

static void churn(struct world *w)
{
    size_t go = w->nodes * CHURN_PERCENT / 100, steps = go > LOOKUPS ? go : LOOKUPS;
    for (size_t s = 0, gone = 0, looked = 0; s < steps; s++) {
        for (; gone < go * (s + 1) / steps; gone++) {
            crash(w);
            add_host(w);
        }
        for (; looked < LOOKUPS * (s + 1) / steps; looked++)
            begin_look(w);
        sim_run_for(w->sim, CHURN_S * SEC / steps);
    }
    sim_run_for(w->sim, 60 * SEC);
}

static size_t found_since(const struct world *w, size_t first)
{
    size_t found = 0;
    for (size_t i = first; i < w->looks; i++)
        found += w->look[i].found && !w->look[i].op;
    return found;
}

/* Liars: they answer pings like anybody, so they are in tables, and then
 *     0  talk rubbish
 *     1  tell of eight nodes beside the target that are nowhere
 *     2  claim ids beside the target, and tell of each other
 *     3  give a value that is not the one that was asked for, and wrong nodes */
enum { LIAR_KINDS = 4 };

static struct dht_id beside(struct world *w, const struct dht_id *target)
{
    struct dht_id id = *target;
    id.b[DHT_ID_LEN - 1] = (uint8_t)roll(w, 256);
    id.b[DHT_ID_LEN - 2] = (uint8_t)roll(w, 256);
    return id;
}

static struct dht_id liars_own(const struct liar *l)
{
    struct dht_id chance = {{0}};
    sha1(&l->at, sizeof l->at, chance.b);
    return dht_id_for(&l->at, &chance);
}

static void tell_lies(struct liar *l, const struct dht_msg *q, struct dht_msg *m)
{
    struct world *w = l->w;
    for (size_t i = 0; i < 8; i++) {
        struct dht_node *n = &m->nodes[m->node_count++];
        n->id = beside(w, &q->target);
        n->addr = world_addr(50000 + roll(w, 10000)); /* nobody is there */
        if (l->kind == 2)
            n->addr = w->liar[roll(w, w->liars)].at;
        if (l->kind == 1) /* even such as their addresses may have, as near as that goes */
            n->id = dht_id_for(&n->addr, &n->id);
    }
    m->want4 = true;
    m->token = cur_of("poison", 6);
    if (l->kind == 2)
        m->id = beside(w, &q->target);
    if (l->kind == 3) {
        m->item.v = cur_of("6:poison", 8);
        m->values[m->value_count++] = world_addr(60000);
    }
}

static void liar_heard(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct liar *l = arg;
    struct arena *a = arena_new();
    struct dht_msg q, m = {.kind = DHT_REPLY};
    struct buf b = {0};
    if (dht_msg_read(a, cur_of(bytes, n), &q, NULL) == OK && q.kind == DHT_QUERY) {
        m.tid = q.tid;
        m.id = liars_own(l);
        m.you = world_addr(roll(l->w, 5)); /* and about who you are */
        if (q.has_target)
            tell_lies(l, &q, &m);
        dht_msg_put(&b, &m);
        if (l->kind == 0 && q.has_target)
            loop_random(sim_node_loop(l->machine), buf_bytes(&b), buf_len(&b) / 2);
        l->w->lies += q.has_target;
        udp_send(l->udp, from, buf_bytes(&b), buf_len(&b));
    }
    buf_done(&b);
    arena_free(a);
}

/* It makes itself known by asking, again and again. */
static void liar_asks(void *arg)
{
    struct liar *l = arg;
    struct buf b = {0};
    struct dht_msg m = {.kind = DHT_QUERY, .method = DHT_PING, .tid = cur_of("aa", 2)};
    m.id = liars_own(l);
    dht_msg_put(&b, &m);
    udp_send(l->udp, &alive(l->w)->at, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    sim_at(l->w->sim, sim_now_us(l->w->sim) + 10 * SEC, liar_asks, l);
}

static void poison(struct world *w)
{
    w->liars = w->nodes * POISON_PERCENT / 100;
    for (size_t i = 0; i < w->liars; i++) {
        struct liar *l = &w->liar[i];
        char name[16];
        struct why why;
        snprintf(name, sizeof name, "liar%zu", i);
        *l = (struct liar){.w = w, .at = world_addr(20000 + i), .kind = i % LIAR_KINDS};
        l->machine = sim_node_add(w->sim, name, l->at, line);
        l->udp = udp_open(sim_node_loop(l->machine), &l->at, liar_heard, l, &why);
    }
    for (size_t i = 0; i < w->liars; i++)
        liar_asks(&w->liar[i]);
    sim_run_for(w->sim, 1200 * SEC);
    for (size_t i = 0; i < POISON_LOOKUPS; i++) {
        begin_look(w);
        sim_run_for(w->sim, SEC);
    }
    sim_run_for(w->sim, 60 * SEC);
}

static void tables(struct world *w, const char *when)
{
    double good = 0, known = 0, n = 0, asked = 0;
    for (size_t i = 0; i < w->count; i++)
        if (w->host[i]->d) {
            struct dht_stats st = dht_stats(w->host[i]->d);
            good += (double)st.good4;
            known += (double)st.nodes4;
            asked += (double)st.asked;
            n++;
        }
    say(w->run, "%s: %.0f nodes, each knows %.1f, of these good %.1f; %.0f queries each so far",
        when, n, known / n, good / n, asked / n);
}

static struct world *world_new(struct run *r)
{
    struct world *w = MEM_NEW(struct world);
    w->run = r;
    w->nodes = r->trace ? NODES : NODES_TEST;
    w->sim = sim_new(r->seed);
    sim_trace_to(w->sim, r->trace);
    w->dice = sim_node_add(w->sim, "dice", addr_v4(10, 0, 0, 1, 0), line);
    while (w->count < w->nodes) {
        add_host(w);
        sim_run_for(w->sim, BOOT_S * SEC / w->nodes);
    }
    sim_run_for(w->sim, SETTLE_S * SEC);
    return w;
}

static void world_free(struct world *w)
{
    for (size_t i = 0; i < w->count; i++)
        dht_host_free(w->host[i]);
    for (size_t i = 0; i < w->liars; i++)
        udp_close(w->liar[i].udp);
    sim_free(w->sim);
    free(w);
}

static void play(struct run *r)
{
    struct world *w = world_new(r);
    tables(w, "settled");
    put_values(w);
    churn(w);
    tables(w, "after an hour of churn");
    size_t found = found_since(w, 0);
    say(r, "%zu of %d lookups found their value while %d %% of the nodes went and came", found,
        LOOKUPS, CHURN_PERCENT);
    expect(r, found * 100 >= (size_t)LOOKUPS * 99, "99 %% are found");
    size_t first = w->looks;
    poison(w);
    found = found_since(w, first);
    say(r, "%zu of %d lookups found it among %zu liars, who answered %" PRIu64 " times", found,
        POISON_LOOKUPS, w->liars, w->lies);
    expect(r, found * 100 >= (size_t)POISON_LOOKUPS * 98, "liars do not stop lookups");
    tables(w, "at the end");
    say(r, "%.0f simulated seconds in %.1f s", (double)sim_now_us(w->sim) / (double)SEC, wall_s(r));
    r->hash = sim_trace_hash(w->sim);
    world_free(w);
}

int main(int argc, char **argv)
{
    static const uint64_t seeds[] = {1, 2};
    const struct scenario dht = {"dht", play, seeds, sizeof seeds / sizeof seeds[0]};
    return scenario_main(&dht, argc, argv);
}
