#include "files/meta/create_walk.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    const struct vfs *vfs;
    const char *dir;
    struct arena *arena;
    struct walked *out;
};

static enum err add_file(struct walk *w, const char *path, const struct vfs_stat *st,
                         struct why *why)
{
    struct walked *o = w->out;
    if (o->count == MI_FILES_MAX)
        return why_set(why, ERR_LIMIT, "more than %d files", MI_FILES_MAX);
    if (o->count == o->cap) {
        o->cap = o->cap ? o->cap * 2 : 16;
        o->files = mem_realloc(o->files, o->cap * sizeof *o->files);
        o->mtime_ns = mem_realloc(o->mtime_ns, o->cap * sizeof *o->mtime_ns);
    }
    o->mtime_ns[o->count] = st->mtime_ns;
    o->files[o->count++] = (struct mi_file){
        .path = arena_strndup(w->arena, path, strlen(path)), .len = st->size, .offset = o->total};
    o->total += st->size;
    return OK;
}

static enum err walk(struct walk *w, const char *path, unsigned depth, struct why *why);

static enum err walk_folder(struct walk *w, const char *path, unsigned depth, struct why *why)
{
    char *full = diskpath_join(w->dir, path);
    char **names;
    size_t n;
    enum err err = vfs_list(w->vfs, full, &names, &n, why);
    free(full);
    if (err != OK)
        return err;
    for (size_t i = 0; i < n && err == OK; i++) {
        char *below = diskpath_join(path, names[i]);
        err = walk(w, below, depth + 1, why);
        free(below);
    }
    vfs_list_free(names, n);
    return err;
}

static enum err walk(struct walk *w, const char *path, unsigned depth, struct why *why)
{
    if (depth > CREATE_DEPTH_MAX)
        return why_set(why, ERR_LIMIT, "%.150s: more than %d folders deep", path, CREATE_DEPTH_MAX);
    char *full = diskpath_join(w->dir, path);
    struct vfs_stat st;
    enum err err = vfs_stat(w->vfs, full, &st, why);
    free(full);
    if (err != OK)
        return err;
    if (st.is_dir)
        return walk_folder(w, path, depth, why);
    if (!st.is_symlink && !st.is_special)
        return add_file(w, path, &st, why);
    w->out->skipped++;
    return OK;
}

enum err create_walk(const struct vfs *vfs, const char *dir, const char *name, struct arena *a,
                     struct walked *out, struct why *why)
{
    *out = (struct walked){0};
    struct walk w = {vfs, dir, a, out};
    char *full = diskpath_join(dir, name);
    struct vfs_stat st;
    enum err err = vfs_stat(vfs, full, &st, why);
    if (err == OK && st.is_symlink)
        err = why_set(why, ERR_INVALID, "%.180s: is a symlink; name what it points to", full);
    free(full);
    if (err != OK)
        return err;
    out->multi = st.is_dir;
    return walk(&w, name, 0, why);
}

enum err create_walk_again(const struct vfs *vfs, const char *dir, const struct walked *w,
                           struct why *why)
{
    for (size_t i = 0; i < w->count; i++) {
        struct vfs_stat st;
        const char *path = w->files[i].path;
        if (diskpath_stat(vfs, dir, path, &st, NULL) != OK || st.is_dir ||
            st.size != w->files[i].len || st.mtime_ns != w->mtime_ns[i])
            return why_set(why, ERR_STATE, "%.180s: changed while it was hashed", path);
    }
    return OK;
}

void walked_done(struct walked *w)
{
    free(w->files);
    free(w->mtime_ns);
    *w = (struct walked){0};
}
