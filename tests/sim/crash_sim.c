/* The power of one downloader goes every few seconds.  Whatever it believes to have when it comes
 * back lies on its disk as the seed has it; what it gives to a third, who knows nobody else, passes
 * that one's check each time (one bad piece, and it would be banned and the third never done). */
#include "base/mem.h"
#include "crypto/base64.h"
#include "files/files.h"
#include "files/meta/bits.h"
#include "support/scenario.h"
#include "support/sim_node.h"

#include <inttypes.h>
#include <string.h>

enum {
    PIECE = 64 * 1024,
    PIECES = 64,
    SIZE = PIECES * PIECE - 1000,
    RATE = 150000, /* bytes a second, so that it takes half a minute without a power cut */
    CUTS_MAX = 40,
    LIMIT_S = 1800,
};

static const struct sim_link line = {
    .latency_us = 5 * MSEC, .loss_ppm = 5000, .up_rate = 1250000, .down_rate = 1250000};

struct world {
    struct run *run;
    struct sim *sim;
    struct node *ann, *bob, *eve; /* shares; loses its power; knows only bob */
    uint8_t *bytes;
    char *id, *link;
    unsigned cuts, believed, wrong;
};

static struct node *start(struct sim *sim, const char *name, uint8_t last)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), line);
    node_start(n, &files_app, NULL);
    return n;
}

static void call(struct node *n, const char *method, json_t *params)
{
    json_decref(node_call(n, method, params, NULL));
}

static void add_peer(const struct world *w, struct node *n, const char *at)
{
    call(n, "file.peer", json_pack("{s:s, s:s}", "id", w->id, "addr", at));
}

static json_t *show(const struct world *w, struct node *n)
{
    return node_call(n, "file.show", json_pack("{s:s}", "id", w->id), NULL);
}

static bool is_seeding(const struct world *w, struct node *n)
{
    json_t *j = show(w, n);
    bool yes = strcmp(json_string_value(json_object_get(j, "state")), "seeding") == 0;
    json_decref(j);
    return yes;
}

static struct world *world_new(struct run *r)
{
    struct world *w = MEM_NEW(struct world);
    w->run = r;
    w->sim = sim_new(r->seed);
    sim_trace_to(w->sim, r->trace);
    w->bytes = mem_zalloc(SIZE);
    for (uint32_t i = 0, x = 1; i < SIZE; i++) {
        x = x * 1664525 + 1013904223;
        w->bytes[i] = (uint8_t)(x >> 24);
    }
    w->ann = start(w->sim, "ann", 1);
    w->bob = start(w->sim, "bob", 2);
    w->eve = start(w->sim, "eve", 3);
    node_write(w->ann, "/stuff/film.bin", w->bytes, SIZE);
    json_t *r1 =
        node_call(w->ann, "file.add",
                  json_pack("{s:s, s:i}", "path", "/stuff/film.bin", "piece_size", PIECE), NULL);
    json_t *added = node_job(w->ann, json_string_value(json_object_get(r1, "job")));
    w->id = mem_strdup(json_string_value(json_object_get(added, "id")));
    w->link = mem_strdup(json_string_value(json_object_get(added, "magnet")));
    json_decref(r1);
    json_decref(added);
    call(w->bob, "file.get", json_pack("{s:s, s:[s]}", "link", w->link, "peer", "10.0.0.1:6881"));
    call(w->bob, "file.limit", json_pack("{s:s, s:i}", "id", w->id, "down", RATE));
    call(w->eve, "file.get", json_pack("{s:s, s:[s]}", "link", w->link, "peer", "10.0.0.2:6881"));
    return w;
}

static void world_free(struct world *w)
{
    node_free(w->ann);
    node_free(w->bob);
    node_free(w->eve);
    sim_free(w->sim);
    free(w->bytes);
    free(w->id);
    free(w->link);
    free(w);
}

/* Each piece that bob says it has, against the bytes on its disk. */
static void look_at_bob(struct world *w)
{
    struct buf disk = {0};
    json_t *j = show(w, w->bob), *pieces = json_object_get(j, "pieces");
    const char *text = json_string_value(json_object_get(pieces, "bitfield"));
    uint8_t bits[PIECES / 8 + 3] = {0};
    struct buf have = {0};
    if (text && base64_decode(&have, text, strlen(text)) && buf_len(&have) <= sizeof bits)
        memcpy(bits, buf_bytes(&have), buf_len(&have));
    (void)!vfs_read_all(w->bob->disk, "/downloads/film.bin", SIZE, &disk, NULL);
    for (uint32_t i = 0; i < PIECES; i++) {
        size_t at = (size_t)i * PIECE, n = SIZE - at < PIECE ? SIZE - at : PIECE;
        if (!bits_get(bits, i))
            continue;
        w->believed++;
        bool right =
            buf_len(&disk) >= at + n && memcmp(buf_bytes(&disk) + at, w->bytes + at, n) == 0;
        w->wrong += !right;
        expect(w->run, right, "after %u power cuts: piece %u is on the disk", w->cuts, i);
    }
    buf_done(&disk);
    buf_done(&have);
    json_decref(j);
}

static void cut_power(struct world *w)
{
    char boot[32];
    w->cuts++;
    node_crash(w->bob);
    snprintf(boot, sizeof boot, "%u\n", w->cuts);
    node_write(w->bob, "/proc/sys/kernel/random/boot_id", boot, strlen(boot));
    node_start(w->bob, &files_app, NULL);
    sim_run_for(w->sim, SEC);
    look_at_bob(w);
    add_peer(w, w->bob, "10.0.0.1:6881");
    add_peer(w, w->bob, "10.0.0.3:6881");
}

static void play(struct run *r)
{
    struct world *w = world_new(r);
    uint64_t began = sim_now_us(w->sim), limit = began + LIMIT_S * SEC;
    struct loop *dice = sim_node_loop(w->ann->machine);
    while (w->cuts < CUTS_MAX && !is_seeding(w, w->bob)) {
        sim_run_for(w->sim, 2 * SEC + loop_random_u64(dice) % (8 * SEC));
        if (!is_seeding(w, w->bob))
            cut_power(w);
    }
    cut_power(w); /* and once when it has all, a part of which is not yet on the disk */
    while (sim_now_us(w->sim) < limit && !(is_seeding(w, w->bob) && is_seeding(w, w->eve)))
        sim_run_for(w->sim, SEC);
    look_at_bob(w);
    expect(r, node_has(w->bob, "/downloads/film.bin", w->bytes, SIZE), "bob has the film");
    expect(r, node_has(w->eve, "/downloads/film.bin", w->bytes, SIZE),
           "eve has it, from bob alone");
    expect(r, w->cuts <= CUTS_MAX, "what was synced is not fetched again: bob was done in time");
    expect(r, w->believed > 0, "something outlived a power cut");
    double simulated = (double)(sim_now_us(w->sim) - began) / (double)SEC;
    say(r, "%u power cuts; %u pieces believed after them, %u wrongly", w->cuts, w->believed,
        w->wrong);
    say(r, "%.0f simulated seconds in %.2f s: %.0f to one", simulated, wall_s(r),
        simulated / wall_s(r));
    r->hash = sim_trace_hash(w->sim);
    world_free(w);
}

int main(int argc, char **argv)
{
    static const uint64_t seeds[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const struct scenario crash = {"crash", play, seeds, sizeof seeds / sizeof seeds[0]};
    return scenario_main(&crash, argc, argv);
}
