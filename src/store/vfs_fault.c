/* Another vfs, and a plan of what goes wrong in it. */
#include "store/vfs_ops.h"

#include "base/mem.h"

#include <pthread.h>

struct plan {
    uint64_t after; /* calls that still pass; counts only while active */
    uint64_t times; /* calls that fail then; 0: all */
    enum err code;
    bool active;
};

struct fault {
    struct vfs base;
    const struct vfs *inner;
    pthread_mutex_t mutex;
    struct plan plan[VFS_OP_COUNT];
    uint64_t calls[VFS_OP_COUNT];
};

struct fault_file {
    struct vfile base;
    struct fault *v;
    struct vfile *inner;
};

static const char *const op_name[VFS_OP_COUNT] = {
    [VFS_OP_OPEN] = "open",     [VFS_OP_READ] = "read",         [VFS_OP_WRITE] = "write",
    [VFS_OP_SYNC] = "sync",     [VFS_OP_TRUNCATE] = "truncate", [VFS_OP_RENAME] = "rename",
    [VFS_OP_UNLINK] = "unlink", [VFS_OP_MKDIR] = "mkdir",       [VFS_OP_STAT] = "stat",
    [VFS_OP_ANY] = "call",
};

static struct fault *fault_of(const struct vfs *v)
{
    return (struct fault *)v; /* made by vfs_fault_new, never const in truth */
}

static struct fault_file *file_of(struct vfile *f)
{
    return (struct fault_file *)f;
}

/* One more call under a plan: OK, or the failure that is planned for it. */
static enum err step(struct plan *p)
{
    if (!p->active)
        return OK;
    if (p->after > 0) {
        p->after--;
        return OK;
    }
    if (p->times > 0 && --p->times == 0)
        p->active = false;
    return p->code;
}

/* Count a call and say whether it goes through. */
static enum err pass(struct fault *v, enum vfs_op op, struct why *why)
{
    pthread_mutex_lock(&v->mutex);
    uint64_t call = ++v->calls[op];
    v->calls[VFS_OP_ANY]++;
    enum err by_kind = step(&v->plan[op]);
    enum err by_count = step(&v->plan[VFS_OP_ANY]);
    pthread_mutex_unlock(&v->mutex);
    enum err err = by_kind != OK ? by_kind : by_count;
    return err == OK ? OK
                     : why_set(why, err, "%s number %llu fails as planned", op_name[op],
                               (unsigned long long)call);
}

static struct vfile *fault_open(const struct vfs *vfs, const char *path, unsigned flags,
                                struct why *why)
{
    struct fault *v = fault_of(vfs);
    if (pass(v, VFS_OP_OPEN, why) != OK)
        return NULL;
    struct vfile *inner = vfs_open(v->inner, path, flags, why);
    if (!inner)
        return NULL;
    struct fault_file *f = MEM_NEW(struct fault_file);
    *f = (struct fault_file){{vfs->ops}, v, inner};
    return &f->base;
}

static void fault_close(struct vfile *file)
{
    vfile_close(file_of(file)->inner);
    free(file);
}

static ssize_t fault_pread(struct vfile *file, void *to, size_t n, uint64_t at, struct why *why)
{
    struct fault_file *f = file_of(file);
    if (pass(f->v, VFS_OP_READ, why) != OK)
        return -1;
    return vfile_pread(f->inner, to, n, at, why);
}

/* What a full disk or a pulled cable leaves behind: some of the bytes. */
static void write_half(struct vfile *inner, const struct iovec *iov, int count, uint64_t at)
{
    size_t total = 0;
    for (int i = 0; i < count; i++)
        total += iov[i].iov_len;
    size_t left = total / 2;
    for (int i = 0; i < count && left > 0; i++) {
        size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;
        (void)vfile_pwrite(inner, iov[i].iov_base, n, at, NULL);
        at += n;
        left -= n;
    }
}

static enum err fault_pwritev(struct vfile *file, const struct iovec *iov, int count, uint64_t at,
                              struct why *why)
{
    struct fault_file *f = file_of(file);
    enum err err = pass(f->v, VFS_OP_WRITE, why);
    if (err == OK)
        return vfile_pwritev(f->inner, iov, count, at, why);
    write_half(f->inner, iov, count, at);
    return err;
}

static enum err fault_sync(struct vfile *file, struct why *why)
{
    struct fault_file *f = file_of(file);
    enum err err = pass(f->v, VFS_OP_SYNC, why);
    return err != OK ? err : vfile_sync(f->inner, why);
}

static enum err fault_truncate(struct vfile *file, uint64_t size, struct why *why)
{
    struct fault_file *f = file_of(file);
    enum err err = pass(f->v, VFS_OP_TRUNCATE, why);
    return err != OK ? err : vfile_truncate(f->inner, size, why);
}

static enum err fault_fstat(struct vfile *file, struct vfs_stat *out, struct why *why)
{
    struct fault_file *f = file_of(file);
    enum err err = pass(f->v, VFS_OP_STAT, why);
    return err != OK ? err : vfile_stat(f->inner, out, why);
}

static enum err fault_lock(struct vfile *file, struct why *why)
{
    struct fault_file *f = file_of(file);
    enum err err = pass(f->v, VFS_OP_OPEN, why);
    return err != OK ? err : f->inner->ops->lock(f->inner, why);
}

static enum err fault_stat(const struct vfs *vfs, const char *path, struct vfs_stat *out,
                           struct why *why)
{
    struct fault *v = fault_of(vfs);
    enum err err = pass(v, VFS_OP_STAT, why);
    return err != OK ? err : vfs_stat(v->inner, path, out, why);
}

static enum err fault_mkdir(const struct vfs *vfs, const char *path, unsigned mode, struct why *why)
{
    struct fault *v = fault_of(vfs);
    enum err err = pass(v, VFS_OP_MKDIR, why);
    return err != OK ? err : v->inner->ops->mkdir(v->inner, path, mode, why);
}

static enum err fault_rename(const struct vfs *vfs, const char *from, const char *to,
                             struct why *why)
{
    struct fault *v = fault_of(vfs);
    enum err err = pass(v, VFS_OP_RENAME, why);
    return err != OK ? err : vfs_rename(v->inner, from, to, why);
}

static enum err fault_unlink(const struct vfs *vfs, const char *path, struct why *why)
{
    struct fault *v = fault_of(vfs);
    enum err err = pass(v, VFS_OP_UNLINK, why);
    return err != OK ? err : vfs_unlink(v->inner, path, why);
}

static enum err fault_rmdir(const struct vfs *vfs, const char *path, struct why *why)
{
    struct fault *v = fault_of(vfs);
    enum err err = pass(v, VFS_OP_UNLINK, why);
    return err != OK ? err : vfs_rmdir(v->inner, path, why);
}

static enum err fault_sync_dir(const struct vfs *vfs, const char *path, struct why *why)
{
    struct fault *v = fault_of(vfs);
    enum err err = pass(v, VFS_OP_SYNC, why);
    return err != OK ? err : vfs_sync_dir(v->inner, path, why);
}

static enum err fault_free_bytes(const struct vfs *vfs, const char *path, uint64_t *out,
                                 struct why *why)
{
    struct fault *v = fault_of(vfs);
    enum err err = pass(v, VFS_OP_STAT, why);
    return err != OK ? err : vfs_free_bytes(v->inner, path, out, why);
}

static enum err fault_list(const struct vfs *vfs, const char *path, char ***names, size_t *n,
                           struct why *why)
{
    struct fault *v = fault_of(vfs);
    enum err err = pass(v, VFS_OP_READ, why);
    return err != OK ? err : v->inner->ops->list(v->inner, path, names, n, why);
}

static void fault_free(struct vfs *vfs)
{
    pthread_mutex_destroy(&fault_of(vfs)->mutex);
    free(fault_of(vfs));
}

static const struct vfs_ops fault_ops = {
    .open = fault_open,
    .close = fault_close,
    .pread = fault_pread,
    .pwritev = fault_pwritev,
    .sync = fault_sync,
    .truncate = fault_truncate,
    .fstat = fault_fstat,
    .lock = fault_lock,
    .stat = fault_stat,
    .mkdir = fault_mkdir,
    .rename = fault_rename,
    .unlink = fault_unlink,
    .rmdir = fault_rmdir,
    .sync_dir = fault_sync_dir,
    .free_bytes = fault_free_bytes,
    .list = fault_list,
    .free = fault_free,
};

struct vfs *vfs_fault_new(const struct vfs *inner)
{
    struct fault *v = MEM_NEW(struct fault);
    v->base.ops = &fault_ops;
    v->inner = inner;
    pthread_mutex_init(&v->mutex, NULL);
    return &v->base;
}

void vfs_fault_set(struct vfs *vfs, enum vfs_op op, uint64_t nth, uint64_t times, enum err code)
{
    struct fault *v = fault_of(vfs);
    pthread_mutex_lock(&v->mutex);
    v->plan[op] = (struct plan){nth > 0 ? nth - 1 : 0, times, code, nth > 0};
    pthread_mutex_unlock(&v->mutex);
}

uint64_t vfs_fault_calls(const struct vfs *vfs, enum vfs_op op)
{
    struct fault *v = fault_of(vfs);
    pthread_mutex_lock(&v->mutex);
    uint64_t calls = v->calls[op];
    pthread_mutex_unlock(&v->mutex);
    return calls;
}
