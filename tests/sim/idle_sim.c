/* A hundred nodes that share, and nobody who wants anything: an hour of it must pass in seconds,
 * and cost in its last minute what it cost in its first. */
#include "base/mem.h"
#include "crypto/hex.h"
#include "files/files.h"
#include "support/liar.h"
#include "support/scenario.h"
#include "support/sim_node.h"
#include "support/udp_tracker.h"

#include <inttypes.h>
#include <string.h>

enum {
    NODES = 100,
    PIECE = 16 * 1024,
    SIZE = 4 * PIECE,
    BEGIN_S = 60,     /* they start within */
    INTERVAL_S = 600, /* of the tracker; a window holds one announce of each */
    WINDOWS = 6,      /* of INTERVAL_S each: an hour */
    WARM_S = 1260,    /* past two announces: all know of each other, and that all have all */
};

static const struct sim_link line = {
    .latency_us = 10 * MSEC, .up_rate = 640 * 1024, .down_rate = 3 * 1024 * 1024};

struct world {
    struct run *run;
    struct sim *sim;
    struct sim_node *host;
    struct udp_tracker *tracker;
    struct node *n[NODES];
    struct liar *friend; /* wants nothing and stays connected with all, by messages now and then */
    char *id;
};

static void share(struct world *w, struct node *n, const uint8_t *bytes)
{
    node_start(n, &files_app, NULL);
    node_write(n, "/stuff/film.bin", bytes, SIZE);
    json_t *r = node_call(n, "file.add",
                          json_pack("{s:s, s:i, s:[s]}", "path", "/stuff/film.bin", "piece_size",
                                    PIECE, "tracker", "udp://10.9.0.1:6969"),
                          NULL);
    json_t *added = node_job(n, json_string_value(json_object_get(r, "job")));
    if (!w->id)
        w->id = mem_strdup(json_string_value(json_object_get(added, "id")));
    json_decref(r);
    json_decref(added);
}

static struct addr addr_of(unsigned i)
{
    return addr_v4(10, 0, 0, (uint8_t)(i + 1), 6881);
}

static struct world *world_new(struct run *r)
{
    struct world *w = MEM_NEW(struct world);
    struct addr at = addr_v4(10, 9, 0, 1, 6969);
    uint8_t bytes[SIZE], infohash[SHA1_LEN];
    memset(bytes, 'x', sizeof bytes);
    w->run = r;
    w->sim = sim_new(r->seed);
    sim_trace_to(w->sim, r->trace);
    w->host = sim_node_add(w->sim, "tracker", at, line);
    w->tracker = udp_tracker_open(sim_node_loop(w->host), &at, INTERVAL_S, NULL);
    for (unsigned i = 0; i < NODES; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%02u", i);
        w->n[i] = node_new(w->sim, name, addr_of(i), line);
        share(w, w->n[i], bytes);
        sim_run_for(w->sim, loop_random_u64(sim_node_loop(w->host)) % (BEGIN_S * SEC / NODES * 2));
    }
    hex_decode(w->id, sizeof infohash * 2, infohash, sizeof infohash);
    w->friend = liar_new(w->sim, "friend", addr_v4(10, 8, 0, 1, 0), line, LIAR_PLAIN, infohash);
    for (unsigned i = 0; i < NODES; i++) {
        struct addr to = addr_of(i);
        liar_dial(w->friend, &to);
    }
    return w;
}

static void world_free(struct world *w)
{
    liar_free(w->friend);
    for (unsigned i = 0; i < NODES; i++)
        node_free(w->n[i]);
    udp_tracker_close(w->tracker);
    sim_free(w->sim);
    free(w->id);
    free(w);
}

/* Everybody still shares, and has announced lately. */
static void still_there(struct world *w)
{
    uint8_t infohash[SHA1_LEN];
    size_t seeders;
    hex_decode(w->id, sizeof infohash * 2, infohash, sizeof infohash);
    udp_tracker_peers(w->tracker, infohash, &seeders);
    expect(w->run, seeders == NODES, "the tracker knows %zu seeders", seeders);
    for (unsigned i = 0; i < NODES; i++) {
        json_t *row = node_call(w->n[i], "file.show", json_pack("{s:s}", "id", w->id), NULL);
        const char *state = json_string_value(json_object_get(row, "state"));
        expect(w->run, strcmp(state, "seeding") == 0, "n%02u is %s", i, state);
        json_decref(row);
    }
}

static void watch(struct world *w)
{
    uint64_t least = UINT64_MAX, most = 0;
    unsigned before = udp_tracker_seen(w->tracker)->announces;
    for (int i = 0; i < WINDOWS; i++) {
        uint64_t events = sim_trace_count(w->sim);
        unsigned announces = udp_tracker_seen(w->tracker)->announces;
        sim_run_for(w->sim, INTERVAL_S * SEC);
        events = sim_trace_count(w->sim) - events;
        announces = udp_tracker_seen(w->tracker)->announces - announces;
        least = events < least ? events : least;
        most = events > most ? events : most;
        say(w->run, "minute %3d: %" PRIu64 " events in ten minutes, %u announces",
            i * INTERVAL_S / 60, events, announces);
    }
    unsigned announces = udp_tracker_seen(w->tracker)->announces - before;
    expect(w->run, most < least + least / 5, "%" PRIu64 " to %" PRIu64 " events in ten minutes",
           least, most);
    /* One timer a second, which watches over the one peer, and a tenth for all else. */
    expect(w->run, most <= (uint64_t)NODES * INTERVAL_S * 11 / 10, "a node at rest does little");
    expect(w->run, announces >= NODES * WINDOWS * 9 / 10 && announces <= NODES * WINDOWS * 11 / 10,
           "each announces once in %d s: %u in all", INTERVAL_S, announces);
}

static void play(struct run *r)
{
    struct world *w = world_new(r);
    sim_run_for(w->sim, WARM_S * SEC);
    uint64_t began = sim_now_us(w->sim);
    double wall = wall_s(r);
    watch(w);
    still_there(w);
    wall = wall_s(r) - wall;
    double simulated = (double)(sim_now_us(w->sim) - began) / (double)SEC;
    say(r, "%.0f simulated seconds in %.2f s: %.0f to one", simulated, wall, simulated / wall);
    r->hash = sim_trace_hash(w->sim);
    world_free(w);
}

int main(int argc, char **argv)
{
    static const uint64_t seeds[] = {1, 2};
    const struct scenario idle = {"idle", play, seeds, sizeof seeds / sizeof seeds[0]};
    return scenario_main(&idle, argc, argv);
}
