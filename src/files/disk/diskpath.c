#include "files/disk/diskpath.h"

#include "base/mem.h"

#include <string.h>

char *diskpath_join(const char *dir, const char *path)
{
    size_t n = strlen(dir);
    return mem_printf("%s%s%s", dir, n > 0 && dir[n - 1] == '/' ? "" : "/", path);
}

char *diskpath_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return mem_strdup(slash ? "/" : ".");
    return mem_strndup(path, (size_t)(slash - path));
}

struct diskdir diskdir_of(const struct vfs *vfs, const char *dir)
{
    return (struct diskdir){.vfs = vfs, .dir = dir};
}

static void leave(struct diskdir *d)
{
    if (d->at != d->top)
        vfolder_close(d->at);
    free(d->below);
    d->at = NULL;
    d->below = NULL;
}

void diskdir_done(struct diskdir *d)
{
    leave(d);
    vfolder_close(d->top);
    d->top = NULL;
}

static enum err make_folders_of(const struct diskdir *d, const char *path, struct why *why)
{
    char *full = diskpath_join(d->dir, path);
    char *parent = diskpath_parent(full);
    enum err err = vfs_mkdirs(d->vfs, parent, 0777, why);
    free(parent);
    free(full);
    return err;
}

static struct vfolder *enter_below(struct diskdir *d)
{
    if (!d->top)
        d->top = vfs_folder(d->vfs, d->dir);
    return d->below[0] ? vfolder_enter(d->top, d->below, &d->why) : d->top;
}

/* Have d->at be the folder of `path`; returns its last part, or NULL and a reason. */
static const char *enter(struct diskdir *d, const char *path, bool create, struct why *why)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    const char *name = slash ? slash + 1 : path;
    bool same = d->below && strncmp(d->below, path, n) == 0 && d->below[n] == '\0';
    if (same && d->at)
        return name;
    if (same && !create) {
        *why = d->why;
        return NULL;
    }
    leave(d);
    d->below = mem_strndup(path, n);
    d->at = enter_below(d);
    if (!d->at && d->why.code == ERR_NOT_FOUND && create &&
        make_folders_of(d, path, &d->why) == OK) {
        vfolder_close(d->top); /* it may have been missing, too */
        d->top = NULL;
        d->at = enter_below(d);
    }
    if (!d->at)
        *why = d->why;
    return d->at ? name : NULL;
}

struct vfile *diskdir_open(struct diskdir *d, const char *path, unsigned flags, struct why *why)
{
    struct why ours = {0};
    const char *name = enter(d, path, flags & VFS_CREATE, &ours);
    struct vfile *f = name ? vfolder_open(d->at, name, flags, &ours) : NULL;
    if (!f && ours.code == ERR_NOT_FOUND && flags & VFS_CREATE && name) {
        /* dir itself is missing, or the folder has gone since it was entered. */
        diskdir_done(d);
        name = make_folders_of(d, path, &ours) == OK ? enter(d, path, false, &ours) : NULL;
        f = name ? vfolder_open(d->at, name, flags, &ours) : NULL;
    }
    if (!f && why)
        *why = ours;
    return f;
}

enum err diskdir_stat(struct diskdir *d, const char *path, struct vfs_stat *out, struct why *why)
{
    struct why ours = {0};
    const char *name = enter(d, path, false, &ours);
    enum err err = name ? vfolder_stat(d->at, name, out, &ours) : ours.code;
    if (err == OK && out->is_symlink)
        err = why_set(&ours, ERR_DENIED, "%.80s/%.100s: is a symlink, and is not followed", d->dir,
                      path);
    if (err != OK && why)
        *why = ours;
    return err;
}

struct vfile *diskpath_open(const struct vfs *vfs, const char *dir, const char *path,
                            unsigned flags, struct why *why)
{
    struct diskdir d = diskdir_of(vfs, dir);
    struct vfile *f = diskdir_open(&d, path, flags, why);
    diskdir_done(&d);
    return f;
}

enum err diskpath_stat(const struct vfs *vfs, const char *dir, const char *path,
                       struct vfs_stat *out, struct why *why)
{
    struct diskdir d = diskdir_of(vfs, dir);
    enum err err = diskdir_stat(&d, path, out, why);
    diskdir_done(&d);
    return err;
}
