#include "files/disk/data_rename.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"

struct job {
    const struct vfs *vfs;
    char *dir, *from, *to;
    struct why why;
    void (*done)(void *arg, const struct why *why);
    void *arg;
};

static enum err rename_it(const struct job *j, struct why *why)
{
    char *a = diskpath_join(j->dir, j->from), *b = diskpath_join(j->dir, j->to);
    char *parent = diskpath_parent(b);
    enum err err = vfs_rename(j->vfs, a, b, why);
    if (err == OK && vfs_sync_dir(j->vfs, parent, why) != OK) {
        err = why->code;
        (void)!vfs_rename(j->vfs, b, a, NULL); /* what may not last is not done */
    }
    free(parent);
    free(b);
    free(a);
    return err;
}

static void work(void *arg)
{
    struct job *j = arg;
    struct vfs_stat st;
    enum err old = diskpath_stat(j->vfs, j->dir, j->from, &st, &j->why);
    if (old != OK && old != ERR_NOT_FOUND) /* a symlink on the way, most likely */
        return;
    enum err new = diskpath_stat(j->vfs, j->dir, j->to, &st, &j->why);
    if (new == OK) {
        why_set(&j->why, ERR_STATE, "%.150s is there already", j->to);
        return;
    }
    if (new != ERR_NOT_FOUND)
        return;
    j->why = (struct why){0};
    if (old == OK)
        (void)!rename_it(j, &j->why);
}

static void on_done(void *arg)
{
    struct job *j = arg;
    j->done(j->arg, &j->why);
    free(j->dir);
    free(j->from);
    free(j->to);
    free(j);
}

void data_rename(struct loop *loop, const struct vfs *vfs, const char *dir, const char *from,
                 const char *to, void (*done)(void *arg, const struct why *why), void *arg)
{
    struct job *j = MEM_NEW(struct job);
    *j = (struct job){.vfs = vfs,
                      .dir = mem_strdup(dir),
                      .from = mem_strdup(from),
                      .to = mem_strdup(to),
                      .done = done,
                      .arg = arg};
    why_set(&j->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    lane_run(loop, LANE_DISK_ORDERED, work, on_done, j);
}

bool data_was_renamed(const struct vfs *vfs, const char *dir, const char *from, const char *to)
{
    struct vfs_stat st;
    return diskpath_stat(vfs, dir, from, &st, NULL) == ERR_NOT_FOUND &&
           diskpath_stat(vfs, dir, to, &st, NULL) == OK;
}
