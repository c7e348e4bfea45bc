/* Take a torrent's files away, and the folders that are empty then. */
#include "files/disk/data.h"

#include "base/map.h"
#include "base/mem.h"
#include "files/disk/diskpath.h"

#include <string.h>

struct job {
    const struct vfs *vfs;
    const struct metainfo *mi;
    char *dir;
    struct why why;
    void (*done)(void *arg, const struct why *why);
    void *arg;
};

/* The first failure is told; the others do not stop us. */
static void note(struct job *j, enum err err, const struct why *why)
{
    if (err != OK && err != ERR_NOT_FOUND && j->why.code == OK)
        j->why = *why;
}

static void remove_file(struct job *j, const char *path)
{
    struct why why = {0};
    struct vfs_stat st;
    enum err err = diskpath_stat(j->vfs, j->dir, path, &st, &why);
    if (err == OK && !st.is_dir) {
        char *full = diskpath_join(j->dir, path);
        err = vfs_unlink(j->vfs, full, &why);
        free(full);
    }
    note(j, err, &why);
}

/* The folders above `path`, each once. */
static void add_folders(struct map *folders, const char *path)
{
    char *at = mem_strdup(path);
    while (strchr(at, '/')) {
        char *parent = diskpath_parent(at);
        free(at);
        at = parent;
        map_put(folders, at, strlen(at), folders); /* a set: any value but NULL */
    }
    free(at);
}

static int depth(const char *path)
{
    int n = 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

static int deepest_first(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int d = depth(y) - depth(x);
    return d != 0 ? d : strcmp(x, y);
}

static void remove_folder(struct job *j, const char *path)
{
    struct why why = {0};
    struct vfs_stat st;
    enum err err = diskpath_stat(j->vfs, j->dir, path, &st, &why);
    if (err == OK) {
        char *full = diskpath_join(j->dir, path);
        err = vfs_rmdir(j->vfs, full, &why);
        free(full);
    }
    if (err != ERR_STATE) /* not empty: somebody else's files are in it */
        note(j, err, &why);
}

static void work(void *arg)
{
    struct job *j = arg;
    j->why = (struct why){0};
    struct map *folders = map_new(0);
    for (size_t i = 0; i < j->mi->file_count; i++) {
        if (j->mi->files[i].pad)
            continue;
        remove_file(j, j->mi->files[i].path);
        add_folders(folders, j->mi->files[i].path);
    }
    char **paths = mem_array(map_count(folders), sizeof *paths);
    size_t n = 0, len;
    const void *key;
    for (size_t at = 0; map_next(folders, &at, &key, &len);)
        paths[n++] = mem_strndup(key, len);
    map_free(folders);
    qsort(paths, n, sizeof *paths, deepest_first);
    for (size_t i = 0; i < n; i++) {
        remove_folder(j, paths[i]);
        free(paths[i]);
    }
    free(paths);
}

static void on_done(void *arg)
{
    struct job *j = arg;
    if (j->done)
        j->done(j->arg, &j->why);
    free(j->dir);
    free(j);
}

void data_remove(struct loop *loop, const struct vfs *vfs, const struct metainfo *mi,
                 const char *dir, void (*done)(void *arg, const struct why *why), void *arg)
{
    struct job *j = MEM_NEW(struct job);
    *j = (struct job){.vfs = vfs, .mi = mi, .dir = mem_strdup(dir), .done = done, .arg = arg};
    why_set(&j->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    lane_run(loop, LANE_DISK_ORDERED, work, on_done, j);
}
