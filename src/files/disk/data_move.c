#include "files/disk/data_move.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"

#include <string.h>

enum { COPY_AT_ONCE = 1024 * 1024 };

enum moved { STAYED, RENAMED, COPIED };

struct job {
    const struct vfs *vfs;
    char **paths, *from, *to;
    uint8_t *moved; /* enum moved, one a path */
    size_t count;
    bool again;
    struct why why;
    void (*done)(void *arg, const struct why *why);
    void *arg;
};

static enum err copy_bytes(struct vfile *from, struct vfile *to, struct why *why)
{
    uint8_t *bytes = mem_realloc(NULL, COPY_AT_ONCE);
    uint64_t at = 0;
    ssize_t n;
    enum err err = OK;
    while (err == OK && (n = vfile_pread(from, bytes, COPY_AT_ONCE, at, why)) != 0) {
        err = n < 0 ? why->code : vfile_pwrite(to, bytes, (size_t)n, at, why);
        at += n > 0 ? (uint64_t)n : 0;
    }
    free(bytes);
    return err == OK ? vfile_sync(to, why) : err;
}

/* Under another name until it is whole. */
static enum err copy(const struct job *j, const char *path, struct why *why)
{
    char *other = mem_printf("%s.moving", path);
    struct vfile *in = diskpath_open(j->vfs, j->from, path, VFS_READ, why), *out = NULL;
    enum err err = in ? OK : why->code;
    if (err == OK &&
        !(out = diskpath_open(j->vfs, j->to, other, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE, why)))
        err = why->code;
    if (err == OK)
        err = copy_bytes(in, out, why);
    vfile_close(in);
    vfile_close(out);
    char *a = diskpath_join(j->to, other), *b = diskpath_join(j->to, path);
    if (err == OK)
        err = vfs_rename(j->vfs, a, b, why);
    else if (out)
        (void)!vfs_unlink(j->vfs, a, NULL);
    free(a);
    free(b);
    free(other);
    return err;
}

static enum err make_folder(const struct job *j, const char *dir, const char *path, struct why *why)
{
    char *full = diskpath_join(dir, path), *parent = diskpath_parent(full);
    enum err err = vfs_mkdirs(j->vfs, parent, 0777, why);
    free(full);
    free(parent);
    return err;
}

static enum err rename_from(const struct job *j, const char *from, const char *to, const char *path,
                            struct why *why)
{
    char *a = diskpath_join(from, path), *b = diskpath_join(to, path);
    char *parent = diskpath_parent(b);
    enum err err = vfs_rename(j->vfs, a, b, why);
    if (err == OK)
        err = vfs_sync_dir(j->vfs, parent, why);
    free(parent);
    free(a);
    free(b);
    return err;
}

static enum err move_one(struct job *j, size_t i)
{
    struct why why;
    struct vfs_stat st;
    const char *path = j->paths[i];
    enum err err = diskpath_stat(j->vfs, j->from, path, &st, &j->why);
    if (err == ERR_NOT_FOUND)
        return OK; /* never made, or moved before */
    if (err == OK)
        err = diskpath_stat(j->vfs, j->to, path, &st, &j->why); /* no symlink on the way */
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    err = make_folder(j, j->to, path, &j->why);
    if (err != OK)
        return err;
    if (rename_from(j, j->from, j->to, path, &why) == OK) {
        j->moved[i] = RENAMED;
        return OK;
    }
    err = copy(j, path, &j->why); /* another disk, most likely */
    j->moved[i] = err == OK ? COPIED : STAYED;
    return err;
}

static void put_back(struct job *j)
{
    struct why why;
    for (size_t i = 0; i < j->count; i++) {
        char *full = diskpath_join(j->to, j->paths[i]);
        if (j->moved[i] == RENAMED)
            (void)!rename_from(j, j->to, j->from, j->paths[i], &why);
        else if (j->moved[i] == COPIED)
            (void)!vfs_unlink(j->vfs, full, &why);
        free(full);
    }
}

static enum err check_free(struct job *j)
{
    for (size_t i = 0; i < j->count && !j->again; i++) {
        struct vfs_stat st;
        enum err err = diskpath_stat(j->vfs, j->to, j->paths[i], &st, &j->why);
        if (err == OK)
            return why_set(&j->why, ERR_STATE, "%.100s is in %.100s already", j->paths[i], j->to);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

static void work(void *arg)
{
    struct job *j = arg;
    enum err err = vfs_mkdirs(j->vfs, j->to, 0777, &j->why);
    if (err == OK)
        err = check_free(j);
    if (err != OK)
        return;
    for (size_t i = 0; i < j->count && err == OK; i++)
        err = move_one(j, i);
    if (err != OK)
        put_back(j);
    else
        j->why = (struct why){0};
}

static void on_done(void *arg)
{
    struct job *j = arg;
    j->done(j->arg, &j->why);
    for (size_t i = 0; i < j->count; i++)
        free(j->paths[i]);
    free(j->paths);
    free(j->moved);
    free(j->from);
    free(j->to);
    free(j);
}

void data_move(struct loop *loop, const struct vfs *vfs, const struct metainfo *mi,
               const char *from, const char *to, bool again,
               void (*done)(void *arg, const struct why *why), void *arg)
{
    struct job *j = MEM_NEW(struct job);
    *j = (struct job){.vfs = vfs,
                      .from = mem_strdup(from),
                      .to = mem_strdup(to),
                      .again = again,
                      .done = done,
                      .arg = arg};
    j->paths = mem_array(mi->file_count, sizeof *j->paths);
    j->moved = mem_zalloc(mi->file_count);
    for (size_t i = 0; i < mi->file_count; i++)
        if (!mi->files[i].pad)
            j->paths[j->count++] = mem_strdup(mi->files[i].path);
    why_set(&j->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    lane_run(loop, LANE_DISK_ORDERED, work, on_done, j);
}
