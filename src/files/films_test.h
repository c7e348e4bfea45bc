/* files/films_test.h - for tests with whole nodes: Ann shares three films, and Bob, who has
 * settings of his own, may get them.  Included by one .c file of a program. */
#ifndef SHOAL_FILES_FILMS_TEST_H
#define SHOAL_FILES_FILMS_TEST_H

#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "support/sim_node.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 1024 * 1024, PIECE = 64 * 1024, FILMS = 3 };

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 1250000, .down_rate = 1250000};

struct pair {
    struct sim *sim;
    struct node *ann, *bob;
    const char *const *set;
    char *link[FILMS], *id[FILMS];
};

static inline void share(struct pair *p, int i)
{
    uint8_t *bytes = mem_zalloc(SIZE);
    node_noise(bytes, SIZE, (uint32_t)i + 1);
    char *path = mem_printf("/stuff/film%d", i);
    node_write(p->ann, path, bytes, SIZE);
    node_share(p->ann, json_pack("{s:s, s:i}", "path", path, "piece_size", PIECE), &p->id[i],
               &p->link[i]);
    free(path);
    free(bytes);
}

static inline struct pair pair_new(const char *const *set)
{
    struct pair p = {.sim = sim_new(1), .set = set};
    p.ann = node_new(p.sim, "ann", addr_v4(10, 0, 0, 1, 0), lan);
    p.bob = node_new(p.sim, "bob", addr_v4(10, 0, 0, 2, 0), lan);
    node_start(p.ann, &files_app, NULL);
    node_start(p.bob, &files_app, set);
    for (int i = 0; i < FILMS; i++)
        share(&p, i);
    return p;
}

static inline void pair_free(struct pair *p)
{
    node_free(p->ann);
    node_free(p->bob);
    sim_free(p->sim);
    for (int i = 0; i < FILMS; i++) {
        free(p->link[i]);
        free(p->id[i]);
    }
}

static inline void call(struct node *n, const char *method, json_t *params)
{
    json_decref(node_call(n, method, params, NULL));
}

static inline void get(struct pair *p, int i)
{
    call(p->bob, "file.get",
         json_pack("{s:s, s:[s]}", "link", p->link[i], "peer", "10.0.0.1:6881"));
}

static inline json_t *row(struct pair *p, int i)
{
    return node_call(p->bob, "file.show", json_pack("{s:s}", "id", p->id[i]), NULL);
}

static inline bool is(struct pair *p, int i, const char *key, const char *want)
{
    json_t *j = row(p, i);
    const char *v = json_string_value(json_object_get(j, key));
    bool yes = v && strncmp(v, want, strlen(want)) == 0;
    json_decref(j);
    return yes;
}

static inline json_int_t number(struct pair *p, int i, const char *key)
{
    json_t *j = row(p, i);
    json_int_t v = json_integer_value(json_object_get(j, key));
    json_decref(j);
    return v;
}

#endif
