/* A folder that was found once: by a descriptor where the vfs has such a thing, else by its path.
 */
#include "store/vfs_ops.h"

#include "base/mem.h"

#include <string.h>

struct vfolder {
    const struct vfs *v;
    char *path;
    int fd; /* -1: by path */
};

static char *join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    return mem_printf("%s%s%s", dir, n > 0 && dir[n - 1] == '/' ? "" : "/", name);
}

static enum err check(const struct vfs *v, const char *path, struct why *why)
{
    struct vfs_stat st;
    enum err err = vfs_stat(v, path, &st, why);
    if (err != OK || st.is_dir)
        return err;
    return why_set(why, ERR_DENIED, "%.180s: %s, and is not followed", path,
                   st.is_symlink ? "is a symlink" : "is no folder");
}

/* Each part of `path` past its first `skip` bytes (dir and a slash) is a folder, and no symlink. */
static enum err check_parts(const struct vfs *v, char *path, size_t skip, struct why *why)
{
    for (char *slash = strchr(path + skip, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        enum err err = check(v, path, why);
        *slash = '/';
        if (err != OK)
            return err;
    }
    return check(v, path, why);
}

static struct vfolder *folder_new(const struct vfs *v, char *path, int fd)
{
    struct vfolder *d = MEM_NEW(struct vfolder);
    *d = (struct vfolder){v, path, fd};
    return d;
}

struct vfolder *vfs_folder(const struct vfs *v, const char *dir)
{
    return folder_new(v, mem_strdup(dir), v->ops->folder ? v->ops->folder(v, dir) : -1);
}

struct vfolder *vfolder_enter(const struct vfolder *top, const char *below, struct why *why)
{
    int fd = top->fd >= 0 ? top->v->ops->folder_in(top->fd, below) : -1;
    char *path = join(top->path, below);
    if (fd < 0 && check_parts(top->v, path, strlen(path) - strlen(below), why) != OK) {
        free(path);
        return NULL;
    }
    return folder_new(top->v, path, fd);
}

void vfolder_close(struct vfolder *d)
{
    if (!d)
        return;
    if (d->fd >= 0)
        d->v->ops->folder_close(d->fd);
    free(d->path);
    free(d);
}

struct vfile *vfolder_open(const struct vfolder *d, const char *name, unsigned flags,
                           struct why *why)
{
    char *path = join(d->path, name);
    flags |= VFS_NOFOLLOW;
    struct vfile *f = d->fd >= 0 ? d->v->ops->open_in(d->v, d->fd, name, path, flags, why)
                                 : vfs_open(d->v, path, flags, why);
    free(path);
    return f;
}

enum err vfolder_stat(const struct vfolder *d, const char *name, struct vfs_stat *out,
                      struct why *why)
{
    char *path = join(d->path, name);
    enum err err = d->fd >= 0 ? d->v->ops->stat_in(d->fd, name, path, out, why)
                              : vfs_stat(d->v, path, out, why);
    free(path);
    return err;
}
