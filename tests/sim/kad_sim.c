/* A table of Kademlia hosts that go and come, of which some lie, and of which some are cut off for
 * a while: what was put is found all the same.
 *
 * ./dev sim kad SEED has 1,000 of them, and the test, which plays each seed twice and under
 * sanitizers, 100 for a shorter time.  Their hosts cost next to nothing (support/light_host.h);
 * ./dev sim kad_whole SEED has 100 whole ones: TCP, multistream, Noise, Yamux, identify.  Where
 * they are to be many (kad-1000 in the tests, kad-10000) they only go and come.  They run outside
 * of laboratories' rules, so the values are public keys, which can be checked. */
#include "base/mem.h"
#include "host/kad/kad.h"
#include "host/mux/messages.h"
#include "sim/sim.h"
#include "support/light_host.h"
#include "support/scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#ifndef NODES
#define NODES 1000
#endif

enum {
    NODES_TEST = 100,
    BOOT_S = 600,       /* they start within */
    SETTLE_S = 1200,    /* then the tables fill; also after other changes */
    CHURN_S = 3600,     /* an hour; for the test a part of it */
    TEST_PART = 4,      /* of these times */
    CHURN_PERCENT = 30, /* an hour */
    CONNS_LOW = 20,     /* of one host; as many as a hundred would be pings more than anything */
    CONNS_HIGH = 28,
    THINGS = 40, /* of each: values put once, things provided, peers */
    LOOKUPS = 1000,
    LOOKUPS_TEST = 200,
    LIAR_PERCENT = 25,   /* for a hundred nodes: a fifth of all */
    ISLAND_PERCENT = 20, /* are cut off */
    CUT_S = 600,
    MACHINES_MAX = 2 * 10000,
};

static const struct sim_link line = {
    .latency_us = 30 * MSEC, .jitter_us = 20 * MSEC, .loss_ppm = 1000};

enum lie { HONEST, SILENT, NOBODY, NEARER, FRIENDS, LIES };

struct world;

struct box {
    struct world *w;
    struct sim_node *machine; /* of a whole host, as its keys */
    struct keys *keys;
    struct host *host; /* NULL: not running */
    struct kad *kad;
    struct peer_id id;
    enum lie lie;
    bool stays;
};

enum kind { VALUE, PROVIDER, PEER, KINDS };
static const char *const kinds[KINDS] = {"values", "providers", "peers"};

struct thing {
    struct buf key, value;
    struct box *owner; /* provides it, or is looked for */
    size_t kept;
};

/* One look for one thing. */
struct look {
    enum kind kind;
    const struct thing *thing;
    struct box *from;
    struct kad_op *op; /* NULL: over */
    bool found, excused;
    struct kad_cost cost;
    uint64_t began_us, took_us;
};

struct tally {
    size_t looks, found;
};

struct world {
    struct run *run;
    struct sim *sim;
    struct sim_node *dice; /* a machine that rolls them, and on which light hosts run */
    struct light_net *net;
    size_t nodes, lookups, count, part;
    struct box *box[MACHINES_MAX];
    struct thing thing[KINDS][THINGS];
    struct look *look;
    size_t looks;
    uint64_t lies;
};

static uint64_t roll(struct world *w, uint64_t sides)
{
    return loop_random_u64(sim_node_loop(w->dice)) % sides;
}

/* The n-th machine's address: all over the world. */
static struct addr world_addr(size_t n)
{
    return addr_v4((uint8_t)(11 + n % 89), (uint8_t)(n / 89), (uint8_t)(n * 7),
                   (uint8_t)(n * 13 | 1), 4001);
}

static struct box *alive(struct world *w)
{
    for (;;) {
        struct box *b = w->box[roll(w, w->count)];
        if (b->host && !b->lie)
            return b;
    }
}

/* --- a host --------------------------------------------------------------------------------- */

static void ignore(void *arg, const struct peer_id *peer, const struct why *why)
{
    (void)arg;
    (void)peer;
    (void)why;
}

static void meet(struct box *b, const struct box *other)
{
    struct multiaddr at;
    host_advertised(other->host, &at, 1);
    host_dial(b->host, &other->id, &at, 1, ignore, NULL);
}

static void stop(void *arg)
{
    struct box *b = arg;
    kad_free(b->kad);
    host_free(b->host);
    b->kad = NULL;
    b->host = NULL;
}

#ifdef WHOLE_HOSTS

static void ground_new(struct world *w)
{
    (void)w;
}

static void ground_free(struct world *w)
{
    (void)w;
}

static uint64_t ground_hash(const struct world *w)
{
    return sim_trace_hash(w->sim);
}

static void ground_say(const struct world *w)
{
    (void)w;
}

static void make_host(struct box *b, const struct addr *at)
{
    uint8_t entropy[16] = {(uint8_t)b->w->count, (uint8_t)(b->w->count >> 8), 1};
    char name[16];
    struct multiaddr here;
    snprintf(name, sizeof name, "n%zu", b->w->count);
    b->keys = keys_of_entropy(entropy, sizeof entropy);
    b->machine = sim_node_add(b->w->sim, name, *at, line);
    sim_node_on_crash(b->machine, stop, b);
    multiaddr_of_addr(&here, at, REACH_TCP);
    struct host_cfg cfg = {.loop = sim_node_loop(b->machine),
                           .keys = b->keys,
                           .agent = "shoal/sim",
                           .listen = &here,
                           .listen_count = 1,
                           .conns_low = CONNS_LOW,
                           .conns_high = CONNS_HIGH};
    b->host = host_new(&cfg, NULL);
}

static void kill(struct box *b)
{
    sim_node_crash(b->machine);
}

/* Those before `many` and the others hear each other no more, or again. */
static void part(struct world *w, size_t many, bool apart)
{
    for (size_t i = 0; i < many; i++)
        for (size_t k = many; k < w->count; k++)
            (apart ? sim_cut : sim_heal)(w->box[i]->machine, w->box[k]->machine);
}

#else

static void ground_new(struct world *w)
{
    w->net = light_net_new(sim_node_loop(w->dice), 2 * line.latency_us, 2 * line.jitter_us,
                           2 * line.loss_ppm);
}

static void ground_free(struct world *w)
{
    light_net_free(w->net);
}

static uint64_t ground_hash(const struct world *w)
{
    return light_net_hash(w->net);
}

static void ground_say(const struct world *w)
{
    say(w->run, "%.1f million parcels", (double)light_net_parcels(w->net) / 1e6);
}

static void make_host(struct box *b, const struct addr *at)
{
    struct peer_id id = {.len = 38, .bytes = {0, 36, 8, 1, 18, 32}}; /* of an Ed25519 key */
    struct multiaddr here;
    loop_random(sim_node_loop(b->w->dice), id.bytes + 6, 32);
    multiaddr_of_addr(&here, at, REACH_TCP);
    b->host = light_host_new(b->w->net, &id, &here);
}

static void kill(struct box *b)
{
    light_host_die(b->host);
    stop(b);
}

static void part(struct world *w, size_t many, bool apart)
{
    for (size_t i = 0; i < many; i++)
        if (w->box[i]->host)
            light_host_maroon(w->box[i]->host, apart);
}

#endif

static void on_lie(void *arg, const struct host_stream *s);

static struct box *add_box(struct world *w, enum lie lie)
{
    struct box *b = MEM_NEW(struct box);
    struct addr at = world_addr(w->count);
    *b = (struct box){.w = w, .lie = lie};
    make_host(b, &at);
    b->id = *host_id(b->host);
    struct kad_cfg kad = {.host = b->host, .protocol = KAD_PROTOCOL, .server = !lie};
    struct host_protocol liar = {.name = KAD_PROTOCOL, .cb = on_lie, .arg = b};
    b->kad = kad_new(&kad);
    if (lie)
        host_handle(b->host, &liar);
    for (int i = 0; i < 3 && w->count > 0; i++)
        meet(b, alive(w));
    w->box[w->count++] = b;
    return b;
}

/* --- things --------------------------------------------------------------------------------- */

static void on_put(void *arg, size_t kept, const struct why *why)
{
    struct thing *t = arg;
    (void)why;
    t->kept = kept;
}

/* The public key of somebody who is nowhere, under his id. */
static void make_value(struct thing *t, unsigned n)
{
    uint8_t entropy[16] = {(uint8_t)n, 2};
    struct keys *keys = keys_of_entropy(entropy, sizeof entropy);
    struct pubkey pk;
    struct peer_id id;
    pubkey_of_ed25519(&pk, keys_peer_public(keys));
    peer_id_of_key(&pk, &id);
    buf_str(&t->key, "/pk/");
    buf_put(&t->key, id.bytes, id.len);
    pubkey_encode(&pk, &t->value);
    keys_free(keys);
}

static void put_things(struct world *w)
{
    double kept[KINDS] = {0};
    for (unsigned i = 0; i < THINGS; i++) {
        struct thing *v = &w->thing[VALUE][i], *p = &w->thing[PROVIDER][i];
        struct thing *peer = &w->thing[PEER][i];
        make_value(v, i);
        kad_put(alive(w)->kad, buf_cur(&v->key), buf_cur(&v->value), on_put, v);
        p->owner = alive(w);
        buf_str(&p->key, "thing ");
        buf_put(&p->key, &i, sizeof i);
        kad_provide(p->owner->kad, buf_cur(&p->key), on_put, p);
        peer->owner = alive(w);
        p->owner->stays = peer->owner->stays = true;
        sim_run_for(w->sim, SEC);
    }
    sim_run_for(w->sim, 120 * SEC);
    for (unsigned k = VALUE; k <= PROVIDER; k++)
        for (unsigned i = 0; i < THINGS; i++)
            kept[k] += (double)w->thing[k][i].kept / THINGS;
    say(w->run, "values are kept by %.1f nodes each, providers by %.1f", kept[VALUE],
        kept[PROVIDER]);
    /* Who provides is told when fifteen know it. */
    expect(w->run, kept[VALUE] > KAD_K * 0.9 && kept[PROVIDER] > 14, "all of it is kept");
}

/* --- looking -------------------------------------------------------------------------------- */

static void over(struct look *l, bool found)
{
    l->found = found;
    l->cost = kad_cost(l->op);
    l->took_us = sim_now_us(l->from->w->sim) - l->began_us;
    l->op = NULL;
}

static void on_get(void *arg, struct cur value, const struct why *why)
{
    struct look *l = arg;
    const struct buf *want = &l->thing->value;
    (void)why;
    over(l, value.n == buf_len(want) && memcmp(value.p, buf_bytes(want), value.n) == 0);
}

static void on_providers(void *arg, const struct peer_id *near, size_t n)
{
    struct look *l = arg;
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found |= peer_id_equal(&near[i], &l->thing->owner->id);
    over(l, found);
}

static void on_find(void *arg, bool found, const struct why *why)
{
    (void)why;
    over(arg, found);
}

static void begin_look(struct world *w)
{
    struct look *l = &w->look[w->looks];
    l->kind = (enum kind)(w->looks++ % KINDS);
    l->thing = &w->thing[l->kind][roll(w, THINGS)];
    do
        l->from = alive(w);
    while (l->from == l->thing->owner);
    struct cur key = buf_cur(&l->thing->key);
    l->began_us = sim_now_us(w->sim);
    switch (l->kind) {
    case VALUE:
        l->op = kad_get(l->from->kad, key, on_get, l);
        break;
    case PROVIDER:
        l->op = kad_providers(l->from->kad, key, 1, on_providers, l);
        break;
    case PEER:
        l->op = kad_find_peer(l->from->kad, &l->thing->owner->id, on_find, l);
        break;
    case KINDS:
        break;
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The middle of what the lookups since `first` cost by this measure. */
enum measure { HOPS, ASKED, FAILED, TOOK };
static uint64_t median(const struct world *w, size_t first, enum measure m, unsigned percent)
{
    size_t n = 0, at;
    uint64_t *all = mem_array(w->looks, sizeof *all);
    for (size_t i = first; i < w->looks; i++) {
        const struct look *l = &w->look[i];
        if (!l->excused && l->cost.asked > 0) /* else it was known without asking */
            all[n++] = m == HOPS     ? l->cost.hops
                       : m == ASKED  ? l->cost.asked
                       : m == FAILED ? l->cost.failed
                                     : l->took_us / 1000;
    }
    qsort(all, n, sizeof *all, by_size);
    at = n * percent / 100;
    uint64_t it = n > 0 ? all[at < n ? at : n - 1] : 0;
    free(all);
    return it;
}

/* What came of the lookups since `first`; at least so many of a thousand are to succeed. */
static void judge(struct world *w, size_t first, const char *when, size_t per_mille)
{
    struct tally of[KINDS] = {{0}}, all = {0};
    for (size_t i = first; i < w->looks; i++) {
        const struct look *l = &w->look[i];
        bool found = l->excused || (l->found && !l->op);
        of[l->kind].looks++;
        of[l->kind].found += found;
        all.looks++;
        all.found += found;
    }
    say(w->run, "%s: %zu of %zu lookups succeed (%s %zu/%zu, %s %zu/%zu, %s %zu/%zu)", when,
        all.found, all.looks, kinds[VALUE], of[VALUE].found, of[VALUE].looks, kinds[PROVIDER],
        of[PROVIDER].found, of[PROVIDER].looks, kinds[PEER], of[PEER].found, of[PEER].looks);
    say(w->run,
        "  median (95th of a hundred): %" PRIu64 " (%" PRIu64 ") hops, %" PRIu64 " (%" PRIu64
        ") questions, of these %" PRIu64 " (%" PRIu64 ") without answer, %" PRIu64 " (%" PRIu64
        ") ms",
        median(w, first, HOPS, 50), median(w, first, HOPS, 95), median(w, first, ASKED, 50),
        median(w, first, ASKED, 95), median(w, first, FAILED, 50), median(w, first, FAILED, 95),
        median(w, first, TOOK, 50), median(w, first, TOOK, 95));
    expect(w->run, all.found * 1000 >= all.looks * per_mille, "%s: %zu of a thousand succeed", when,
           per_mille);
}

/* --- going and coming ----------------------------------------------------------------------- */

/* A machine goes without a word, and does not come back; whoever looked from there does not any
 * more. */
static void crash(struct world *w)
{
    struct box *b;
    do
        b = alive(w);
    while (b->stays);
    for (size_t i = 0; i < w->looks; i++)
        if (w->look[i].op && w->look[i].from == b) {
            w->look[i].op = NULL;
            w->look[i].excused = true; /* not the table's fault */
        }
    kill(b);
}

static void churn(struct world *w)
{
    size_t go = w->nodes * CHURN_PERCENT / 100 / w->part, first = w->looks;
    size_t steps = go > w->lookups ? go : w->lookups;
    for (size_t s = 0, gone = 0, looked = 0; s < steps; s++) {
        for (; gone < go * (s + 1) / steps; gone++) {
            crash(w);
            add_box(w, HONEST);
        }
        for (; looked < w->lookups * (s + 1) / steps; looked++)
            begin_look(w);
        sim_run_for(w->sim, CHURN_S * SEC / w->part / steps);
    }
    sim_run_for(w->sim, 240 * SEC);
    judge(w, first, "while nodes go and come", 999);
}

/* --- cut off -------------------------------------------------------------------------------- */

/* A part of the world hears no other for minutes, and then does. */
static void part_and_heal(struct world *w)
{
    size_t many = w->count * ISLAND_PERCENT / 100;
    part(w, many, true);
    sim_run_for(w->sim, CUT_S * SEC / w->part);
    part(w, many, false);
    sim_run_for(w->sim, SETTLE_S * SEC / w->part);
    size_t first = w->looks;
    for (size_t i = 0; i < w->lookups; i++) {
        begin_look(w);
        sim_run_for(w->sim, SEC);
    }
    sim_run_for(w->sim, 240 * SEC);
    judge(w, first, "after a part was cut off", 999);
}

/* --- lies ----------------------------------------------------------------------------------- */

struct liar_stream {
    struct box *b;
    struct messages *stream;
};

/* An id that nobody has. */
static struct peer_id nobody(struct world *w)
{
    struct peer_id id = {.len = 34, .bytes = {0x12, 32}};
    loop_random(sim_node_loop(w->dice), id.bytes + 2, 32);
    return id;
}

/* Twenty that are nearer to what is looked for than anybody who is there. */
static void tell_nearer(struct world *w, struct cur key, struct kad_msg *m)
{
    struct kad_key target = kad_key_of(key.p, key.n);
    for (size_t i = 0; i < KAD_PEERS_MAX; i++) {
        struct peer_id *best = &m->closer[m->closer_count++].id;
        *best = nobody(w);
        for (size_t tries = 0; tries < w->nodes / 4; tries++) {
            struct peer_id other = nobody(w);
            struct kad_key a = kad_key_of(other.bytes, other.len);
            struct kad_key b = kad_key_of(best->bytes, best->len);
            if (kad_key_nearer(&target, &a, &b) < 0)
                *best = other;
        }
    }
}

static void tell_friends(struct world *w, const struct box *b, struct kad_msg *m)
{
    for (size_t i = 0; i < w->count && m->closer_count < KAD_PEERS_MAX; i++)
        if (w->box[i]->lie && w->box[i] != b)
            m->closer[m->closer_count++].id = w->box[i]->id;
}

static void on_liar_message(void *arg, enum messages_event ev, struct cur msg,
                            const struct why *why)
{
    struct liar_stream *s = arg;
    struct world *w = s->b->w;
    struct kad_msg *q = MEM_NEW(struct kad_msg), *m = MEM_NEW(struct kad_msg);
    struct buf out = {0};
    struct multiaddr nowhere;
    struct addr at = world_addr(60000);
    (void)why;
    if (ev == MESSAGES_ONE && s->b->lie != SILENT && kad_msg_decode(q, msg, NULL) == OK) {
        w->lies++;
        m->type = q->type;
        m->key = q->key;
        if (s->b->lie == NEARER)
            tell_nearer(w, q->key, m);
        if (s->b->lie == FRIENDS)
            tell_friends(w, s->b, m);
        multiaddr_of_addr(&nowhere, &at, REACH_TCP);
        for (size_t i = 0; s->b->lie == NEARER && i < m->closer_count; i++)
            m->closer[i].addrs[m->closer[i].count++] = cur_of(nowhere.bytes, nowhere.len);
        kad_msg_encode(m, &out);
        (void)!messages_send(s->stream, buf_bytes(&out), buf_len(&out), NULL);
    }
    buf_done(&out);
    free(q);
    free(m);
    if (ev == MESSAGES_ONE)
        return;
    messages_free(s->stream);
    free(s);
}

static void on_lie(void *arg, const struct host_stream *hs)
{
    struct liar_stream *s = MEM_NEW(struct liar_stream);
    s->b = arg;
    s->stream = messages_new(hs->conn, KAD_MESSAGE_MAX, on_liar_message, s);
}

static void poison(struct world *w)
{
    size_t many = w->nodes * LIAR_PERCENT / 100;
    for (size_t i = 0; i < many; i++)
        add_box(w, (enum lie)(1 + i % (LIES - 1)));
    sim_run_for(w->sim, SETTLE_S * SEC / w->part);
    size_t first = w->looks;
    for (size_t i = 0; i < w->lookups; i++) {
        begin_look(w);
        sim_run_for(w->sim, SEC);
    }
    sim_run_for(w->sim, 240 * SEC);
    say(w->run, "%zu liars have answered %" PRIu64 " times", many, w->lies);
    judge(w, first, "among liars", 990);
}

/* --- the run -------------------------------------------------------------------------------- */

static void tables(struct world *w, const char *when)
{
    double n = 0, known = 0, conns = 0, dead = 0;
    for (size_t i = 0; i < w->count; i++) {
        struct peer_id ids[256];
        if (!w->box[i]->host || w->box[i]->lie)
            continue;
        n++;
        known += (double)kad_known(w->box[i]->kad);
        conns += (double)host_peers(w->box[i]->host, ids, 256);
        dead += kad_known(w->box[i]->kad) < KAD_K / 2;
    }
    say(w->run,
        "%s: %.0f nodes, each knows %.1f and is connected to %.1f; %.0f know hardly any (%.1f s)",
        when, n, known / n, conns / n, dead, wall_s(w->run));
    expect(w->run, dead == 0, "%s: everybody knows some", when);
}

static struct world *world_new(struct run *r)
{
    struct world *w = MEM_NEW(struct world);
    w->run = r;
    w->nodes = r->test ? NODES_TEST : NODES;
    w->part = r->test ? TEST_PART : 1;
    w->lookups = r->test ? LOOKUPS_TEST : LOOKUPS;
    w->look = mem_array(3 * w->lookups, sizeof *w->look);
    w->sim = sim_new(r->seed);
    w->dice = sim_node_add(w->sim, "dice", addr_v4(10, 0, 0, 1, 0), line);
    ground_new(w);
    while (w->count < w->nodes) {
        add_box(w, HONEST);
        sim_run_for(w->sim, BOOT_S * SEC / w->nodes);
    }
    sim_run_for(w->sim, SETTLE_S * SEC / w->part);
    return w;
}

static void world_free(struct world *w)
{
    for (size_t i = 0; i < w->looks; i++)
        kad_cancel(w->look[i].op);
    for (size_t i = 0; i < w->count; i++) {
        stop(w->box[i]);
        keys_free(w->box[i]->keys);
        free(w->box[i]);
    }
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned i = 0; i < THINGS; i++) {
            buf_done(&w->thing[k][i].key);
            buf_done(&w->thing[k][i].value);
        }
    ground_free(w);
    sim_free(w->sim);
    free(w->look);
    free(w);
}

static void play(struct run *r)
{
    struct world *w = world_new(r);
    tables(w, "settled");
    put_things(w);
    churn(w);
    tables(w, "after an hour of churn");
#ifndef ONLY_CHURN
    part_and_heal(w);
    tables(w, "after the cut");
    poison(w);
    tables(w, "at the end");
#endif
    say(r, "%.0f simulated seconds in %.1f s", (double)sim_now_us(w->sim) / (double)SEC, wall_s(r));
    ground_say(w);
    r->hash = ground_hash(w);
    world_free(w);
}

int main(int argc, char **argv)
{
    static const uint64_t seeds[] = {1, 2};
    const struct scenario kad = {"kad", play, seeds, sizeof seeds / sizeof seeds[0]};
    return scenario_main(&kad, argc, argv);
}
