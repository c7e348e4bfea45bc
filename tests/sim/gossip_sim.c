/* A topic among a thousand: what one says, all hear, and soon; over lines that lose a fifth of all
 * packets, where a fifth of what peers tell each other is lost whole, among foes, and after the
 * world was in two.
 *
 * The hosts are lean ones (support/line_host.c), all of host/gossip is real.  Two kinds of loss are
 * played: packets of TCP, which come again after 200 ms and two round trips, later twice that, with
 * all behind them waiting; and whole RPCs, which do not come again, as a program does that throws
 * away what its peer is too slow to take.  ./dev sim gossip SEED has 1,000 nodes; the test, which
 * plays each seed twice and under sanitizers, 60. */
#include "base/map.h"
#include "base/mem.h"
#include "host/gossip/gossip.h"
#include "sim/sim.h"
#include "support/line_host.h"
#include "support/scenario.h"
#include "support/sybil.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODES = 1000,
    NODES_TEST = 60,
    MACHINES_MAX = 4096,
    DIALS = 10,
    SYBIL_DIALS = 40,
    SYBIL_DIALS_TEST = 12,
    BOOT_MS = 20, /* between two that begin, and between two that dial */
    SETTLE_S = 30,
    MESSAGES = 60, /* of a part of the run */
    MESSAGES_TEST = 25,
    MESSAGES_MAX = 4096,
    EVERY_MS = 200,
    WAIT_S = 10,            /* after the last one; what comes later is lost */
    LINE_LOSS_PPM = 105573, /* of each of two lines: a fifth of a path */
    RPC_LOSS_PPM = 200000,
    CUT_S = 90,
    PROBES = 6,
    PROBE_S = 10,
    LATE_MS = 1500,
    MESH_MAX = 64,
};
static const char TOPIC[] = "news";

struct box {
    struct world *w;
    size_t number;
    struct sim_node *machine;
    struct sim_link line;
    struct keys *keys;
    struct host *host;
    struct gossip *gossip; /* of a sybil: NULL */
    struct sybil *sybil;
    struct peer_id id;
};

struct message {
    uint64_t at_us;
    size_t author;
    size_t from, to; /* the boxes that are to hear it */
};

struct world {
    struct run *run;
    struct sim *sim;
    struct sim_node *dice;
    size_t nodes, messages_each, count, said, twice;
    struct box *box[MACHINES_MAX];
    struct message message[MESSAGES_MAX];
    uint32_t *heard_us[MESSAGES_MAX]; /* by each box: after how long, + 1 */
    struct map *by_id;
    uint64_t hash;
};

static uint64_t roll(struct world *w, uint64_t sides)
{
    return loop_random_u64(sim_node_loop(w->dice)) % sides;
}

/* --- hosts ---------------------------------------------------------------------------------- */

static struct addr world_addr(size_t n)
{
    return addr_v4((uint8_t)(11 + n % 89), (uint8_t)(n / 89), (uint8_t)(n * 7),
                   (uint8_t)(n * 13 | 1), 4001);
}

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

static enum gossip_verdict on_news(void *arg, const struct gossip_news *n)
{
    struct box *b = arg;
    struct world *w = b->w;
    struct cur data = n->data;
    uint32_t which = cur_be32(&data);
    if (data.bad || which >= w->said)
        return GOSSIP_REJECT;
    uint64_t after_us = sim_now_us(w->sim) - w->message[which].at_us;
    w->twice += w->heard_us[which][b->number] > 0;
    w->heard_us[which][b->number] = (uint32_t)after_us + 1;
    uint64_t what[] = {w->hash, which, b->number, after_us};
    w->hash = map_hash(1, what, sizeof what);
    return GOSSIP_ACCEPT;
}

/* Lines of all lengths: 5 to 50 ms, so that a round trip takes 20 to 200. */
static struct box *add_box(struct world *w, bool honest)
{
    struct box *b = MEM_NEW(struct box);
    char name[16];
    uint8_t entropy[16] = {(uint8_t)w->count, (uint8_t)(w->count >> 8), 9};
    struct addr at = world_addr(w->count);
    struct multiaddr here;
    snprintf(name, sizeof name, "n%zu", w->count);
    *b = (struct box){.w = w,
                      .number = w->count,
                      .keys = keys_of_entropy(entropy, sizeof entropy),
                      .line = {.latency_us = (5 + roll(w, 46)) * MSEC, .jitter_us = 5 * MSEC}};
    b->machine = sim_node_add(w->sim, name, at, b->line);
    multiaddr_of_addr(&here, &at, REACH_TCP);
    struct host_cfg cfg = {.loop = sim_node_loop(b->machine),
                           .keys = b->keys,
                           .agent = "shoal/sim",
                           .listen = &here,
                           .listen_count = 1};
    b->host = host_new(&cfg, NULL);
    b->id = *host_id(b->host);
    if (honest) {
        struct gossip_cfg gc = {.host = b->host, .keys = b->keys};
        b->gossip = gossip_new(&gc);
        (void)gossip_subscribe(b->gossip, TOPIC, on_news, b, NULL);
    }
    map_put(w->by_id, b->id.bytes, b->id.len, b);
    w->box[w->count++] = b;
    return b;
}

static void meet_some(struct world *w, struct box *b, size_t among, unsigned dials)
{
    for (unsigned i = 0; i < dials && among > 1; i++) {
        struct box *other = w->box[roll(w, among)];
        if (other != b)
            meet(b, other);
    }
}

static void set_loss(struct world *w, uint32_t packets_ppm, uint32_t rpcs_ppm)
{
    for (size_t i = 0; i < w->count; i++) {
        w->box[i]->line.loss_ppm = packets_ppm;
        sim_node_set_link(w->box[i]->machine, w->box[i]->line);
        line_host_lose(w->box[i]->host, rpcs_ppm);
    }
}

/* --- messages ------------------------------------------------------------------------------- */

/* By one of the boxes from `from` on to before `to`, for all of them. */
static void publish(struct world *w, size_t from, size_t to)
{
    static uint8_t data[4 + 1000];
    size_t author = from + roll(w, to - from), n = 4 + roll(w, 1000), peers;
    struct message *m = &w->message[w->said];
    *m = (struct message){.at_us = sim_now_us(w->sim), .author = author, .from = from, .to = to};
    w->heard_us[w->said] = mem_zalloc(MACHINES_MAX * sizeof(uint32_t));
    for (int i = 0; i < 4; i++)
        data[i] = (uint8_t)(w->said >> (24 - 8 * i));
    w->said++;
    expect(w->run,
           gossip_publish(w->box[author]->gossip, TOPIC, cur_of(data, n), &peers, NULL) == OK,
           "a message is published");
}

static void publish_many(struct world *w, size_t from, size_t to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        publish(w, from, to);
        sim_run_for(w->sim, EVERY_MS * MSEC);
    }
    sim_run_for(w->sim, WAIT_S * SEC);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

struct found {
    size_t wanted, got;
    double p50_ms, p99_ms, p999_ms, last_ms;
};

static struct found find(const struct world *w, size_t first)
{
    struct found f = {0};
    size_t cap = (w->said - first) * w->nodes;
    uint32_t *all = mem_array(cap + 1, sizeof *all);
    for (size_t m = first; m < w->said; m++)
        for (size_t i = w->message[m].from; i < w->message[m].to; i++) {
            if (i == w->message[m].author)
                continue;
            f.wanted++;
            if (w->heard_us[m][i])
                all[f.got++] = w->heard_us[m][i] - 1;
        }
    qsort(all, f.got, sizeof *all, by_size);
    if (f.got > 0) {
        f.p50_ms = all[f.got / 2] / 1e3;
        f.p99_ms = all[f.got * 99 / 100] / 1e3;
        f.p999_ms = all[f.got * 999 / 1000] / 1e3;
        f.last_ms = all[f.got - 1] / 1e3;
    }
    free(all);
    return f;
}

static struct gossip_stat stats(const struct world *w)
{
    struct gossip_stat all = {0};
    for (size_t i = 0; i < w->count; i++) {
        if (!w->box[i]->gossip)
            continue;
        struct gossip_stat one = gossip_stat(w->box[i]->gossip);
        all.heard += one.heard;
        all.again += one.again;
        all.refused += one.refused;
        all.dropped += one.dropped;
    }
    return all;
}

/* What came of the messages since `first`; 99.99 of a hundred must arrive. */
static void judge(struct world *w, size_t first, struct gossip_stat was, const char *when)
{
    struct found f = find(w, first);
    struct gossip_stat is = stats(w);
    uint64_t heard = is.heard - was.heard;
    say(w->run,
        "%s: %.4f %% of %zu delivered; after %.0f ms (median), %.0f (99 %%), %.0f (99.9 %%), %.0f "
        "(last); %.2f times more than once, %" PRIu64 " refused (%.1f s)",
        when, 100.0 * (double)f.got / (double)f.wanted, f.wanted, f.p50_ms, f.p99_ms, f.p999_ms,
        f.last_ms, heard ? (double)(is.again - was.again) / (double)heard : 0.0,
        is.refused - was.refused, wall_s(w->run));
    expect(w->run, (f.wanted - f.got) * 10000 <= f.wanted, "%s: 99.99 of a hundred", when);
    expect(w->run, f.p99_ms < LATE_MS, "%s: 99 of a hundred within %d ms", when, LATE_MS);
}

static void play_part(struct world *w, const char *when)
{
    struct gossip_stat was = stats(w);
    size_t first = w->said;
    publish_many(w, 0, w->nodes, w->messages_each);
    judge(w, first, was, when);
}

/* --- what happens --------------------------------------------------------------------------- */

static const char *const kinds[SYBIL_KINDS] = {"silent", "telling", "pruning", "forging"};

static const struct box *box_of(const struct world *w, const struct peer_id *id)
{
    return map_get(w->by_id, id->bytes, id->len);
}

static void meshes(const struct world *w)
{
    double n = (double)w->nodes, all = 0, foes[SYBIL_KINDS] = {0};
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < w->nodes; i++) {
        struct peer_id ids[MESH_MAX];
        size_t count = gossip_mesh(w->box[i]->gossip, TOPIC, ids, MESH_MAX), good = 0;
        for (size_t j = 0; j < count && j < MESH_MAX; j++) {
            size_t number = box_of(w, &ids[j])->number;
            good += number < w->nodes;
            if (number >= w->nodes)
                foes[number % SYBIL_KINDS]++;
        }
        all += (double)count;
        least = good < least ? good : least;
    }
    say(w->run,
        "  meshes have %.1f (foes: %s %.1f, %s %.1f, %s %.1f, %s %.1f); the poorest has %zu "
        "honest ones",
        all / n, kinds[0], foes[0] / n, kinds[1], foes[1] / n, kinds[2], foes[2] / n, kinds[3],
        foes[3] / n, least);
}

static void two_worlds(struct world *w, bool cut)
{
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < i; k++)
            if ((i < w->nodes / 2) != (k < w->nodes / 2))
                (cut ? sim_cut : sim_heal)(w->box[i]->machine, w->box[k]->machine);
}

static void part_and_heal(struct world *w)
{
    size_t half = w->nodes / 2, first = w->said;
    struct gossip_stat was = stats(w);
    two_worlds(w, true);
    for (size_t i = 0; i < w->messages_each / 2; i++) {
        publish(w, 0, half);
        publish(w, half, w->nodes);
        sim_run_for(w->sim, CUT_S * SEC / w->messages_each * 2);
    }
    judge(w, first, was, "in two worlds, each its own");
    two_worlds(w, false);
    uint64_t healed_us = sim_now_us(w->sim);
    for (unsigned i = 0; i < PROBES; i++) {
        uint64_t at_us = sim_now_us(w->sim);
        first = w->said;
        publish(w, 0, half);
        publish(w, half, w->nodes);
        sim_run_for(w->sim, PROBE_S * SEC);
        struct found f = find(w, first);
        say(w->run, "  said %.0f s after it is one world again: %.2f %%",
            (double)(at_us - healed_us) / SEC, 100.0 * (double)f.got / (double)f.wanted);
    }
    play_part(w, "one world again");
}

static void foes_come(struct world *w)
{
    size_t many = w->nodes / 4, said = 0;
    for (size_t i = 0; i < many; i++) {
        struct box *b = add_box(w, false);
        b->line.loss_ppm = LINE_LOSS_PPM;
        sim_node_set_link(b->machine, b->line);
        b->sybil = sybil_new(b->host, TOPIC, (enum sybil_kind)(b->number % SYBIL_KINDS));
        meet_some(w, b, w->nodes, w->nodes > NODES_TEST ? SYBIL_DIALS : SYBIL_DIALS_TEST);
    }
    sim_run_for(w->sim, 5 * SEC);
    meshes(w);
    play_part(w, "foes have just come");
    meshes(w);
    sim_run_for(w->sim, 60 * SEC);
    play_part(w, "they are here for minutes");
    meshes(w);
    for (size_t i = w->nodes; i < w->count; i++)
        said += sybil_said(w->box[i]->sybil);
    say(w->run, "%zu foes said %zu things", many, said);
}

/* --- the run -------------------------------------------------------------------------------- */

static struct world *world_new(struct run *r)
{
    struct world *w = MEM_NEW(struct world);
    const char *many = getenv("SHOAL_SIM_NODES");
    w->run = r;
    w->nodes = r->trace ? NODES : NODES_TEST;
    if (many)
        w->nodes = strtoul(many, NULL, 10);
    w->messages_each = r->trace || many ? MESSAGES : MESSAGES_TEST;
    w->by_id = map_new(1);
    w->sim = sim_new(r->seed);
    w->dice = sim_node_add(w->sim, "dice", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    while (w->count < w->nodes) {
        add_box(w, true);
        sim_run_for(w->sim, BOOT_MS * MSEC); /* their heartbeats are not one */
    }
    for (size_t i = 0; i < w->count; i++) {
        meet_some(w, w->box[i], w->count, DIALS);
        sim_run_for(w->sim, BOOT_MS * MSEC);
    }
    sim_run_for(w->sim, SETTLE_S * SEC);
    return w;
}

static void world_free(struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        gossip_free(w->box[i]->gossip);
        sybil_free(w->box[i]->sybil);
        host_free(w->box[i]->host);
        keys_free(w->box[i]->keys);
        free(w->box[i]);
    }
    for (size_t i = 0; i < w->said; i++)
        free(w->heard_us[i]);
    map_free(w->by_id);
    sim_free(w->sim);
    free(w);
}

static void play(struct run *r)
{
    struct world *w = world_new(r);
    say(r, "%zu nodes are there (%.1f s)", w->count, wall_s(r));
    meshes(w);
    play_part(w, "nothing is lost");
    set_loss(w, LINE_LOSS_PPM, 0);
    play_part(w, "a fifth of all packets is lost");
    set_loss(w, 0, RPC_LOSS_PPM);
    play_part(w, "a fifth of all RPCs is lost");
    set_loss(w, 0, 0);
    part_and_heal(w);
    set_loss(w, LINE_LOSS_PPM, 0);
    foes_come(w);
    expect(r, w->twice == 0, "nobody hears a message twice");
    say(r, "%.0f simulated seconds in %.1f s", (double)sim_now_us(w->sim) / (double)SEC, wall_s(r));
    r->hash = w->hash;
    world_free(w);
}

int main(int argc, char **argv)
{
    static const uint64_t seeds[] = {1, 2};
    const struct scenario gossip = {"gossip", play, seeds, sizeof seeds / sizeof seeds[0]};
    return scenario_main(&gossip, argc, argv);
}
