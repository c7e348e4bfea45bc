/* files/box_world_test.h - ann shares a folder of two files, and has been started anew since. */
#ifndef SHOAL_FILES_BOX_WORLD_TEST_H
#define SHOAL_FILES_BOX_WORLD_TEST_H

#include "base/mem.h"
#include "base/test.h"
#include "files/files.h"
#include "store/vfs.h"
#include "support/sim_node.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 100000, PIECE = 32 * 1024 };

static const char *const box_names[] = {"a.bin", "b/c.bin"};

struct world {
    struct sim *sim;
    struct node *ann, *bob;
    uint8_t *bytes;
    char *id, *link;
};

static inline struct world world_new(void)
{
    struct world w = {.sim = sim_new(1), .bytes = mem_zalloc(SIZE)};
    w.ann = node_new(w.sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    node_start(w.ann, &files_app, NULL);
    node_noise(w.bytes, SIZE, 1);
    node_write(w.ann, "/stuff/box/a.bin", w.bytes, SIZE);
    node_write(w.ann, "/stuff/box/b/c.bin", w.bytes + 1, SIZE - 1);
    node_share(w.ann, json_pack("{s:s, s:i}", "path", "/stuff/box", "piece_size", PIECE), &w.id,
               &w.link);
    sim_run_for(w.sim, 10 * SEC); /* all is synced */
    node_stop(w.ann);             /* from now on closing it writes nothing */
    node_start(w.ann, &files_app, NULL);
    sim_run_for(w.sim, SEC);
    return w;
}

static inline void world_free(struct world *w)
{
    node_free(w->ann);
    sim_free(w->sim);
    free(w->bytes);
    free(w->id);
    free(w->link);
}

static inline bool is_in(struct world *w, const char *dir)
{
    bool all = true;
    for (size_t i = 0; i < 2; i++) {
        char *path = mem_printf("%s/box/%s", dir, box_names[i]);
        all = all && node_has(w->ann, path, w->bytes + i, SIZE - i);
        free(path);
    }
    return all;
}

static inline bool exists(struct world *w, const char *path)
{
    struct vfs_stat st;
    return vfs_stat(w->ann->disk, path, &st, NULL) == OK;
}

static inline bool shows(struct world *w, const char *key, const char *want)
{
    json_t *j = node_call(w->ann, "file.show", json_pack("{s:s}", "id", w->id), NULL);
    bool same = strcmp(json_string_value(json_object_get(j, key)), want) == 0;
    json_decref(j);
    return same;
}

static inline bool is_seeding(void *arg)
{
    return shows(arg, "state", "seeding");
}

#endif
