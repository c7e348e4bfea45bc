/* files/find/trackers_world_test.h - a client and two UDP trackers, simulated. */
#ifndef SHOAL_FILES_FIND_TRACKERS_WORLD_TEST_H
#define SHOAL_FILES_FIND_TRACKERS_WORLD_TEST_H

#include "base/mem.h"
#include "base/test.h"
#include "files/find/trackers.h"
#include "net/udp.h"
#include "sim/sim.h"
#include "support/udp_tracker.h"

#include <stdio.h>

/* A client and two UDP trackers, 20 ms apart. */
struct world {
    struct sim *sim;
    struct sim_node *client, *near, *far;
    struct udp_tracker *one, *two;
    struct tracker_udp *udp;
    struct trackers *t;
    uint64_t left;
    struct addr peers[TRACKER_PEERS_MAX];
    size_t peer_count;
    unsigned answers, stops;
};

static inline void fill(void *arg, struct tracker_announce *a)
{
    struct world *w = arg;
    memcpy(a->infohash, "INFOHASHINFOHASHINFO", 20);
    memcpy(a->peer_id, "-SH0100-abcdefghijkl", 20);
    a->downloaded = 100;
    a->uploaded = 7;
    a->left = w->left;
    a->port = 6881;
}

static inline void on_peers(void *arg, const struct addr *peers, size_t n)
{
    struct world *w = arg;
    w->answers++;
    w->peer_count = n;
    memcpy(w->peers, peers, n * sizeof *peers);
}

static inline void on_stopped(void *arg)
{
    struct world *w = arg;
    w->stops++;
}

static inline struct udp_tracker *tracker_at(struct sim_node *node, struct addr at)
{
    struct why why;
    struct udp_tracker *t = udp_tracker_open(sim_node_loop(node), &at, 600, &why);
    assert_non_null(t);
    return t;
}

static inline struct world *world_new(const struct mi_tracker *urls, size_t n)
{
    struct sim_link link = {.latency_us = 5 * MSEC};
    struct world *w = MEM_NEW(struct world);
    w->left = 40;
    w->sim = sim_new(7);
    w->client = sim_node_add(w->sim, "client", addr_v4(10, 0, 0, 1, 0), link);
    w->near = sim_node_add(w->sim, "near", addr_v4(10, 0, 0, 2, 0), link);
    w->far = sim_node_add(w->sim, "far", addr_v4(10, 0, 0, 3, 0), link);
    sim_name_add(w->sim, "one.example", addr_v4(10, 0, 0, 2, 0));
    sim_name_add(w->sim, "two.example", addr_v4(10, 0, 0, 3, 0));
    w->one = tracker_at(w->near, addr_v4(10, 0, 0, 2, 6969));
    w->two = tracker_at(w->far, addr_v4(10, 0, 0, 3, 6969));
    struct loop *loop = sim_node_loop(w->client);
    w->udp = tracker_udp_new(loop, NULL);
    const struct trackers_cfg cfg = {.loop = loop,
                                     .udp = w->udp,
                                     .urls = urls,
                                     .url_count = n,
                                     .fill = fill,
                                     .peers = on_peers,
                                     .arg = w};
    w->t = trackers_new(&cfg);
    return w;
}

static inline void world_free(struct world *w)
{
    trackers_free(w->t);
    tracker_udp_free(w->udp);
    udp_tracker_close(w->one);
    udp_tracker_close(w->two);
    sim_free(w->sim);
    free(w);
}

#define ONE                                                                                        \
    {                                                                                              \
        "udp://one.example:6969/announce?k=v", 0                                                   \
    }
#define TWO                                                                                        \
    {                                                                                              \
        "udp://two.example:6969", 1                                                                \
    }

/* What the status says of tracker i. */
static inline void assert_status(struct world *w, size_t i, const char *state, const char *error)
{
    json_t *list = trackers_status(w->t, sim_now_us(w->sim));
    const json_t *o = json_array_get(list, i);
    assert_string_equal(json_string_value(json_object_get(o, "state")), state);
    assert_string_equal(json_string_value(json_object_get(o, "error")), error);
    json_decref(list);
}

static inline json_int_t next_s(struct world *w, size_t i)
{
    json_t *list = trackers_status(w->t, sim_now_us(w->sim));
    const json_t *next = json_object_get(json_array_get(list, i), "next_s");
    json_int_t s = json_is_null(next) ? -1 : json_integer_value(next);
    json_decref(list);
    return s;
}

#endif
