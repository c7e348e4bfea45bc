#include "store/vfs.h"

#include "store/vfs_ops.h"

#include <stdlib.h>
#include <string.h>

struct vfile *vfs_open(const struct vfs *v, const char *path, unsigned flags, struct why *why)
{
    return v->ops->open(v, path, flags, why);
}

void vfile_close(struct vfile *f)
{
    if (f)
        f->ops->close(f);
}

ssize_t vfile_pread(struct vfile *f, void *to, size_t n, uint64_t at, struct why *why)
{
    return f->ops->pread(f, to, n, at, why);
}

enum err vfile_pwrite(struct vfile *f, const void *bytes, size_t n, uint64_t at, struct why *why)
{
    struct iovec one = {(void *)bytes, n}; /* an iovec serves readv too, hence no const in it */
    return f->ops->pwritev(f, &one, 1, at, why);
}

enum err vfile_pwritev(struct vfile *f, const struct iovec *iov, int count, uint64_t at,
                       struct why *why)
{
    return f->ops->pwritev(f, iov, count, at, why);
}

enum err vfile_sync(struct vfile *f, struct why *why)
{
    return f->ops->sync(f, why);
}

enum err vfile_truncate(struct vfile *f, uint64_t size, struct why *why)
{
    return f->ops->truncate(f, size, why);
}

enum err vfile_stat(struct vfile *f, struct vfs_stat *out, struct why *why)
{
    return f->ops->fstat(f, out, why);
}

enum err vfs_stat(const struct vfs *v, const char *path, struct vfs_stat *out, struct why *why)
{
    return v->ops->stat(v, path, out, why);
}

enum err vfs_rename(const struct vfs *v, const char *from, const char *to, struct why *why)
{
    return v->ops->rename(v, from, to, why);
}

enum err vfs_unlink(const struct vfs *v, const char *path, struct why *why)
{
    return v->ops->unlink(v, path, why);
}

enum err vfs_rmdir(const struct vfs *v, const char *path, struct why *why)
{
    return v->ops->rmdir(v, path, why);
}

enum err vfs_sync_dir(const struct vfs *v, const char *path, struct why *why)
{
    return v->ops->sync_dir(v, path, why);
}

enum err vfs_free_bytes(const struct vfs *v, const char *path, uint64_t *out, struct why *why)
{
    return v->ops->free_bytes(v, path, out, why);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum err vfs_list(const struct vfs *v, const char *path, char ***names, size_t *n, struct why *why)
{
    *names = NULL;
    *n = 0;
    enum err err = v->ops->list(v, path, names, n, why);
    if (err == OK && *n > 1)
        qsort(*names, *n, sizeof **names, by_bytes);
    return err;
}

void vfs_free(struct vfs *v)
{
    if (v && v->ops->free)
        v->ops->free(v);
}
