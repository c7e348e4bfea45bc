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

static enum err sync_above(const struct vfs *vfs, const char *full, struct why *why)
{
    char *parent = diskpath_parent(full);
    enum err err = vfs_sync_dir(vfs, parent, why);
    free(parent);
    return err;
}

/* Under another name until it is whole; lasting before anybody may remove the original. */
static enum err copy(struct job *j, size_t i)
{
    const char *path = j->paths[i];
    char *other = mem_printf("%s.moving", path);
    struct vfile *in = diskpath_open(j->vfs, j->from, path, VFS_READ, &j->why), *out = NULL;
    enum err err = in ? OK : j->why.code;
    if (err == OK && !(out = diskpath_open(j->vfs, j->to, other,
                                           VFS_WRITE | VFS_CREATE | VFS_TRUNCATE, &j->why)))
        err = j->why.code;
    if (err == OK)
        err = copy_bytes(in, out, &j->why);
    vfile_close(in);
    vfile_close(out);
    char *a = diskpath_join(j->to, other), *b = diskpath_join(j->to, path);
    if (err == OK && (err = vfs_rename(j->vfs, a, b, &j->why)) == OK) {
        j->moved[i] = COPIED;
        err = sync_above(j->vfs, b, &j->why);
    } else if (out) {
        (void)!vfs_unlink(j->vfs, a, NULL);
    }
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

static enum err rename_one(const struct job *j, const char *path)
{
    char *a = diskpath_join(j->from, path), *b = diskpath_join(j->to, path);
    enum err err = vfs_rename(j->vfs, a, b, NULL);
    free(a);
    free(b);
    return err;
}

/* What was renamed is there under its new name alone.  Else both names are one place (a link, a
 * mount), and to remove what is at the old one would remove all. */
static enum err renamed(struct job *j, size_t i)
{
    struct vfs_stat st;
    const char *path = j->paths[i];
    char *full = diskpath_join(j->to, path);
    enum err err = diskpath_stat(j->vfs, j->from, path, &st, &j->why);
    if (err == OK)
        err = why_set(&j->why, ERR_STATE, "%.100s and %.100s are one place", j->from, j->to);
    else
        j->moved[i] = RENAMED;
    if (err == ERR_NOT_FOUND)
        err = sync_above(j->vfs, full, &j->why);
    free(full);
    return err;
}

static enum err move_one(struct job *j, size_t i)
{
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
    if (rename_one(j, path) == OK)
        return renamed(j, i);
    return copy(j, i); /* another disk, most likely */
}

/* True when path i is at its old place, there alone, and stays there. */
static bool put_one_back(struct job *j, size_t i)
{
    char *old = diskpath_join(j->from, j->paths[i]), *new = diskpath_join(j->to, j->paths[i]);
    enum err err =
        j->moved[i] == RENAMED ? vfs_rename(j->vfs, new, old, NULL) : vfs_unlink(j->vfs, new, NULL);
    if (err == OK && j->moved[i] == RENAMED)
        (void)!sync_above(j->vfs, old, NULL);
    if (err == OK)
        (void)!sync_above(j->vfs, new, NULL);
    free(old);
    free(new);
    return err == OK;
}

/* A disk that takes nothing any more may keep some where they are now: that is told. */
static void put_back(struct job *j)
{
    size_t stay = 0;
    for (size_t i = 0; i < j->count; i++)
        if (j->moved[i] != STAYED && !put_one_back(j, i))
            stay++;
    if (stay > 0)
        why_in(&j->why, j->why.code, "%zu files stay in %.100s", stay, j->to);
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
