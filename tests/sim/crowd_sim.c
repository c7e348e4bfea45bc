/* A flash crowd: one node on a home's line has a film, and five hundred (in the test sixty)
 * come for it within ten seconds.  What they need is one copy of each piece among them; from then
 * on they are sufficient to themselves, and the first one could go.  How much has it sent by then?
 */
#include "base/mem.h"
#include "crypto/base64.h"
#include "files/files.h"
#include "files/meta/bits.h"
#include "support/scenario.h"
#include "support/sim_node.h"
#include "support/udp_tracker.h"

#include <inttypes.h>
#include <string.h>

enum {
    NODES = 501,
    NODES_TEST = 61,
    PIECE = 32 * 1024,
    PIECES = 64,
    SIZE = PIECES * PIECE - 777,
    PORT = 6881,
    JOIN_S = 10,
    LIMIT_S = 1800,
    LOSS_PPM = 5000,
    INTERVAL_S = 120,
    SELDOM_S = 10, /* once sufficient, they are looked at every so often */
};
#define COPIES_MAX 1.3

struct peer {
    struct node *n;
    uint64_t join_ms;
    bool joined, done;
};

struct world {
    struct run *run;
    struct sim *sim;
    uint64_t began_us;
    struct udp_tracker *tracker;
    struct sim_node *host;
    unsigned count;
    struct peer p[NODES]; /* the first shares */
    uint8_t *bytes;
    uint8_t among[PIECES / 8]; /* pieces that others than the first have */
    uint64_t sufficient_s, last_s;
    double copies;
    char *id, *link;
};

/* Up is what counts: a DSL line gives its copy in a quarter of a minute. */
static const struct sim_link lines[] = {
    {.latency_us = 20 * MSEC, .up_rate = 128 * 1024, .down_rate = 1280 * 1024},
    {.latency_us = 10 * MSEC, .up_rate = 640 * 1024, .down_rate = 3 * 1024 * 1024},
    {.latency_us = 3 * MSEC, .up_rate = 12500000, .down_rate = 12500000},
};

static uint64_t now_ms(const struct world *w)
{
    return (sim_now_us(w->sim) - w->began_us) / MSEC;
}

static uint64_t draw(const struct world *w, uint64_t n)
{
    return loop_random_u64(sim_node_loop(w->host)) % n;
}

static void share(struct world *w)
{
    struct node *n = w->p[0].n;
    node_start(n, &files_app, NULL);
    node_write(n, "/stuff/film.bin", w->bytes, SIZE);
    node_share(n,
               json_pack("{s:s, s:i, s:[s]}", "path", "/stuff/film.bin", "piece_size", PIECE,
                         "tracker", "udp://10.9.0.1:6969"),
               &w->id, &w->link);
}

static struct world *world_new(struct run *r)
{
    struct world *w = MEM_NEW(struct world);
    w->run = r;
    w->count = r->test ? NODES_TEST : NODES;
    w->sim = sim_new(r->seed);
    sim_trace_to(w->sim, r->trace);
    w->began_us = sim_now_us(w->sim);
    w->host = sim_node_add(w->sim, "tracker", addr_v4(10, 9, 0, 1, 0), lines[2]);
    struct addr at = addr_v4(10, 9, 0, 1, 6969);
    w->tracker = udp_tracker_open(sim_node_loop(w->host), &at, INTERVAL_S, NULL);
    w->bytes = mem_zalloc(SIZE);
    node_noise(w->bytes, SIZE, 4711);
    for (unsigned i = 0; i < w->count; i++) {
        struct peer *p = &w->p[i];
        char name[16];
        struct sim_link line = lines[i == 0 ? 0 : draw(w, 3)];
        line.loss_ppm = LOSS_PPM;
        snprintf(name, sizeof name, "n%03u", i);
        p->n = node_new(w->sim, name, addr_v4(10, (uint8_t)(i >> 8), (uint8_t)i, 7, PORT), line);
        p->join_ms = draw(w, JOIN_S * 1000);
    }
    share(w);
    w->began_us = sim_now_us(w->sim);
    return w;
}

static void world_free(struct world *w)
{
    for (unsigned i = 0; i < w->count; i++)
        node_free(w->p[i].n);
    udp_tracker_close(w->tracker);
    sim_free(w->sim);
    free(w->bytes);
    free(w->id);
    free(w->link);
    free(w);
}

static json_t *show(struct world *w, struct peer *p)
{
    return node_call(p->n, "file.show", json_pack("{s:s, s:b}", "id", w->id, "pieces", 1), NULL);
}

/* What it has, added to what they have among them. */
static void look(struct world *w, struct peer *p)
{
    struct buf bits = {0};
    json_t *row = show(w, p);
    const char *have =
        json_string_value(json_object_get(json_object_get(row, "pieces"), "bitfield"));
    if (have && base64_decode(&bits, have, strlen(have)))
        for (size_t i = 0; i < buf_len(&bits) && i < sizeof w->among; i++)
            w->among[i] |= buf_bytes(&bits)[i];
    buf_done(&bits);
    const char *state = json_string_value(json_object_get(row, "state"));
    if (!p->done && strcmp(state, "seeding") == 0) {
        p->done = true;
        w->last_s = now_ms(w) / 1000;
    }
    json_decref(row);
}

static double sent(struct world *w)
{
    json_t *row = show(w, &w->p[0]);
    double bytes = (double)json_integer_value(json_object_get(row, "uploaded"));
    json_decref(row);
    return bytes / SIZE;
}

static void look_at_all(struct world *w)
{
    for (unsigned i = 1; i < w->count; i++)
        if (w->p[i].joined && !w->p[i].done)
            look(w, &w->p[i]);
    if (w->sufficient_s == 0 && bits_count(w->among, PIECES) == PIECES) {
        w->sufficient_s = now_ms(w) / 1000;
        w->copies = sent(w);
    }
}

static bool all_done(const struct world *w)
{
    for (unsigned i = 1; i < w->count; i++)
        if (!w->p[i].done)
            return false;
    return true;
}

static void come(struct world *w)
{
    for (unsigned i = 1; i < w->count; i++) {
        struct peer *p = &w->p[i];
        if (p->joined || now_ms(w) < p->join_ms)
            continue;
        node_start(p->n, &files_app, NULL);
        json_decref(node_call(p->n, "file.get", json_pack("{s:s}", "link", w->link), NULL));
        p->joined = true;
    }
}

static void play(struct run *r)
{
    struct world *w = world_new(r);
    for (uint64_t s = 0; s < LIMIT_S && !all_done(w); s++) {
        come(w);
        if (w->sufficient_s == 0 || s % SELDOM_S == 0)
            look_at_all(w);
        sim_run_for(w->sim, SEC);
    }
    expect(r, w->sufficient_s > 0, "they have all among them");
    expect(r, w->copies <= COPIES_MAX, "the first sent %.2f copies by then", w->copies);
    expect(r, all_done(w), "everybody has all");
    for (unsigned i = 1; i < w->count; i += 50)
        expect(r, node_has(w->p[i].n, "/downloads/film.bin", w->bytes, SIZE),
               "n%03u's file is the first one's", i);
    say(r, "%u came within %d s; sufficient to themselves after %" PRIu64 " s", w->count - 1,
        JOIN_S, w->sufficient_s);
    say(r,
        "the first had sent %.2f copies then, %.2f in the end; the last had all after %" PRIu64
        " s",
        w->copies, sent(w), w->last_s);
    say(r, "%.1f s of wall time; %" PRIu64 " events", wall_s(r), sim_trace_count(w->sim));
    r->hash = sim_trace_hash(w->sim);
    world_free(w);
}

int main(int argc, char **argv)
{
    static const uint64_t seeds[] = {1, 2};
    const struct scenario crowd = {"crowd", play, seeds, sizeof seeds / sizeof seeds[0]};
    return scenario_main(&crowd, argc, argv);
}
