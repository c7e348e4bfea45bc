/* A disk in memory that forgets what was not synced.
 *
 * A node is a file or a folder.  Of everything that a power cut can undo there are two versions:
 * `live` is what calls see, `durable` is what the disk would hold.  A file's bytes keep theirs in
 * mem_bytes.c.  A folder is a map of entries that point to nodes.  A node goes when neither version
 * of any entry nor an open file points to it.  One mutex guards all. */
#include "store/vfs_ops.h"

#include "base/map.h"
#include "base/mem.h"
#include "store/mem_bytes.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

struct node {
    unsigned refs;
    bool is_dir, is_exec, is_private, locked;
    int64_t mtime_ns;
    struct mem_bytes bytes; /* file */
    struct map *entries;    /* folder: name -> struct entry */
};

struct entry {
    char *name;
    struct node *live, *durable;
};

struct mem {
    struct vfs base;
    pthread_mutex_t mutex;
    struct node *root;
    uint64_t size, used; /* bytes of the disk; of live chunks */
    uint64_t changes;
    unsigned cuts; /* power cuts so far */
};

struct mem_file {
    struct vfile base;
    struct mem *m;
    struct node *node;
    char *path;
    unsigned flags, cuts; /* as of opening */
    bool locked;
};

static struct mem *mem_of(const struct vfs *v)
{
    return (struct mem *)v; /* made by vfs_mem_new, never const in truth */
}

/* --- nodes and names ------------------------------------------------------------------------- */

static struct node *node_new(struct mem *m, bool is_dir)
{
    struct node *n = MEM_NEW(struct node);
    n->is_dir = is_dir;
    mem_bytes_init(&n->bytes, &m->used);
    if (is_dir)
        n->entries = map_new(1);
    return n;
}

static void node_drop(struct mem *m, struct node *n);

static void node_free(struct mem *m, struct node *n)
{
    struct entry *e;
    for (size_t at = 0; n->is_dir && (e = map_next(n->entries, &at, NULL, NULL));) {
        node_drop(m, e->live);
        node_drop(m, e->durable);
        free(e->name);
        free(e);
    }
    map_free(n->entries);
    mem_bytes_done(&n->bytes);
    free(n);
}

static void node_drop(struct mem *m, struct node *n)
{
    if (n && --n->refs == 0)
        node_free(m, n);
}

/* Point to `n` (or nothing) instead of what was there. */
static void point(struct mem *m, struct node **at, struct node *n)
{
    struct node *old = *at;
    if (n)
        n->refs++;
    *at = n;
    node_drop(m, old);
}

static struct entry *entry_get(const struct node *dir, const char *name, size_t n)
{
    return map_get(dir->entries, name, n);
}

static struct entry *entry_make(struct node *dir, const char *name)
{
    size_t n = strlen(name);
    struct entry *e = entry_get(dir, name, n);
    if (!e) {
        e = MEM_NEW(struct entry);
        e->name = mem_strndup(name, n);
        map_put(dir->entries, name, n, e);
    }
    return e;
}

static void entry_drop_if_unused(struct node *dir, struct entry *e)
{
    if (e->live || e->durable)
        return;
    map_drop(dir->entries, e->name, strlen(e->name));
    free(e->name);
    free(e);
}

static size_t live_names(const struct node *dir)
{
    size_t count = 0;
    const struct entry *e;
    for (size_t at = 0; (e = map_next(dir->entries, &at, NULL, NULL));)
        count += e->live != NULL;
    return count;
}

/* Where a path leads: the folder that holds (or would hold) its last part, that part, and the node
 * if there is one.  The root has no folder. */
struct place {
    struct node *dir, *node;
    char name[256];
};

/* 0 or an errno. */
static int walk(const struct mem *m, const char *path, struct place *out)
{
    *out = (struct place){.node = m->root};
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        const char *part = p;
        p += n + (p[n] == '/');
        if (n == 0)
            continue;
        if (!out->node)
            return ENOENT;
        if (!out->node->is_dir)
            return ENOTDIR;
        if (n == 1 && part[0] == '.')
            continue;
        if (n >= sizeof out->name)
            return ENAMETOOLONG;
        if (n == 2 && part[0] == '.' && part[1] == '.')
            return EINVAL;
        memcpy(out->name, part, n);
        out->name[n] = '\0';
        out->dir = out->node;
        const struct entry *e = entry_get(out->dir, part, n);
        out->node = e ? e->live : NULL;
    }
    return *path ? 0 : ENOENT;
}

static void touch(struct mem *m, struct node *n)
{
    n->mtime_ns = (int64_t)++m->changes * 1000000; /* of its own clock: one change, one ms */
}

/* --- files ----------------------------------------------------------------------------------- */

static int open_node(struct mem *m, const char *path, unsigned flags, struct node **out)
{
    struct place at;
    int number = walk(m, path, &at);
    if (number != 0)
        return number;
    size_t n = strlen(path);
    if (at.node && flags & VFS_EXCL && flags & VFS_CREATE)
        return EEXIST;
    if (at.node ? at.node->is_dir : path[n - 1] == '/')
        return EISDIR;
    if (!at.node && !(flags & VFS_CREATE))
        return ENOENT;
    if (!at.node) {
        at.node = node_new(m, false);
        at.node->is_exec = flags & VFS_EXEC;
        at.node->is_private = flags & VFS_PRIVATE;
        point(m, &entry_make(at.dir, at.name)->live, at.node);
        touch(m, at.node);
        touch(m, at.dir);
    } else if (flags & VFS_TRUNCATE) {
        mem_bytes_resize(&at.node->bytes, 0);
        touch(m, at.node);
    }
    *out = at.node;
    return 0;
}

static struct vfile *mem_open(const struct vfs *v, const char *path, unsigned flags,
                              struct why *why)
{
    assert(!(flags & VFS_TRUNCATE) || flags & VFS_WRITE);
    struct mem *m = mem_of(v);
    struct mem_file *f = NULL;
    struct node *node;
    pthread_mutex_lock(&m->mutex);
    int number = open_node(m, path, flags, &node);
    if (number == 0) {
        f = MEM_NEW(struct mem_file);
        *f = (struct mem_file){
            .base = {v->ops}, .m = m, .path = mem_strdup(path), .flags = flags, .cuts = m->cuts};
        point(m, &f->node, node);
    }
    pthread_mutex_unlock(&m->mutex);
    if (!f) {
        vfs_fail(why, number, "open", path);
        return NULL;
    }
    return &f->base;
}

static void mem_close(struct vfile *file)
{
    struct mem_file *f = (struct mem_file *)file;
    pthread_mutex_lock(&f->m->mutex);
    if (f->locked && f->cuts == f->m->cuts)
        f->node->locked = false;
    point(f->m, &f->node, NULL);
    pthread_mutex_unlock(&f->m->mutex);
    free(f->path);
    free(f);
}

/* Every call on an open file begins and ends so.  0 or an errno. */
static int enter(const struct mem_file *f, bool to_write)
{
    pthread_mutex_lock(&f->m->mutex);
    if (f->cuts != f->m->cuts)
        return EIO;
    return to_write && !(f->flags & VFS_WRITE) ? EBADF : 0;
}

static enum err leave(const struct mem_file *f, int number, const char *what, struct why *why)
{
    pthread_mutex_unlock(&f->m->mutex);
    return number == 0 ? OK : vfs_fail(why, number, what, f->path);
}

static ssize_t mem_pread(struct vfile *file, void *to, size_t n, uint64_t at, struct why *why)
{
    struct mem_file *f = (struct mem_file *)file;
    int number = enter(f, false);
    if (number == 0) {
        uint64_t size = f->node->bytes.size, left = at < size ? size - at : 0;
        n = left < n ? (size_t)left : n;
        mem_bytes_read(&f->node->bytes, to, n, at);
    }
    return leave(f, number, "read", why) == OK ? (ssize_t)n : -1;
}

static int write_all(struct mem *m, struct node *f, const struct iovec *iov, int count, uint64_t at)
{
    uint64_t n = 0;
    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    if (at > INT64_MAX || n > INT64_MAX - at)
        return EFBIG;
    uint64_t more = mem_bytes_cost(&f->bytes, at, n);
    if (more > 0 && (m->used > m->size || more > m->size - m->used))
        return ENOSPC;
    for (int i = 0; i < count; i++) {
        mem_bytes_write(&f->bytes, iov[i].iov_base, iov[i].iov_len, at);
        at += iov[i].iov_len;
    }
    touch(m, f);
    return 0;
}

static enum err mem_pwritev(struct vfile *file, const struct iovec *iov, int count, uint64_t at,
                            struct why *why)
{
    struct mem_file *f = (struct mem_file *)file;
    int number = enter(f, true);
    if (number == 0)
        number = write_all(f->m, f->node, iov, count, at);
    return leave(f, number, "write", why);
}

static enum err mem_sync(struct vfile *file, struct why *why)
{
    struct mem_file *f = (struct mem_file *)file;
    int number = enter(f, false);
    if (number == 0)
        mem_bytes_sync(&f->node->bytes);
    return leave(f, number, "sync", why);
}

static enum err mem_truncate(struct vfile *file, uint64_t size, struct why *why)
{
    struct mem_file *f = (struct mem_file *)file;
    int number = enter(f, true);
    if (number == 0 && size > INT64_MAX)
        number = EFBIG;
    if (number == 0) {
        mem_bytes_resize(&f->node->bytes, size);
        touch(f->m, f->node);
    }
    return leave(f, number, "resize", why);
}

static struct vfs_stat stat_of(const struct node *n)
{
    return (struct vfs_stat){.size = n->bytes.size,
                             .mtime_ns = n->mtime_ns,
                             .is_dir = n->is_dir,
                             .is_exec = n->is_exec,
                             .is_private = n->is_private,
                             .disk_bytes = mem_bytes_on_disk(&n->bytes)};
}

static enum err mem_fstat(struct vfile *file, struct vfs_stat *out, struct why *why)
{
    struct mem_file *f = (struct mem_file *)file;
    int number = enter(f, false);
    if (number == 0)
        *out = stat_of(f->node);
    return leave(f, number, "look at", why);
}

static enum err mem_lock(struct vfile *file, struct why *why)
{
    struct mem_file *f = (struct mem_file *)file;
    int number = enter(f, false);
    bool taken = number == 0 && f->node->locked && !f->locked;
    if (number == 0 && !taken)
        f->locked = f->node->locked = true;
    enum err err = leave(f, number, "lock", why);
    return taken ? why_set(why, ERR_STATE, "%.150s is locked", f->path) : err;
}

/* --- names ----------------------------------------------------------------------------------- */

static enum err mem_stat(const struct vfs *v, const char *path, struct vfs_stat *out,
                         struct why *why)
{
    struct mem *m = mem_of(v);
    struct place at;
    pthread_mutex_lock(&m->mutex);
    int number = walk(m, path, &at);
    if (number == 0 && !at.node)
        number = ENOENT;
    if (number == 0)
        *out = stat_of(at.node);
    pthread_mutex_unlock(&m->mutex);
    return number == 0 ? OK : vfs_fail(why, number, "look at", path);
}

static enum err mem_mkdir(const struct vfs *v, const char *path, unsigned mode, struct why *why)
{
    (void)mode;
    struct mem *m = mem_of(v);
    struct place at;
    pthread_mutex_lock(&m->mutex);
    int number = walk(m, path, &at);
    if (number == 0 && at.node)
        number = EEXIST;
    if (number == 0) {
        struct node *dir = node_new(m, true);
        point(m, &entry_make(at.dir, at.name)->live, dir);
        touch(m, dir);
        touch(m, at.dir);
    }
    pthread_mutex_unlock(&m->mutex);
    return number == 0 ? OK : vfs_fail(why, number, "make folder", path);
}

static bool holds(const struct node *above, const struct node *sought)
{
    if (above == sought)
        return true;
    const struct entry *e;
    for (size_t at = 0; above->is_dir && (e = map_next(above->entries, &at, NULL, NULL));)
        if (e->live && e->live->is_dir && holds(e->live, sought))
            return true;
    return false;
}

/* rename(2)'s rules.  0 or an errno. */
static int may_rename(const struct place *from, const struct place *to)
{
    if (!from->node)
        return ENOENT;
    if (!from->dir || !to->dir)
        return EBUSY; /* the root */
    if (from->node->is_dir && holds(from->node, to->dir))
        return EINVAL;
    if (!to->node || to->node == from->node)
        return 0;
    if (to->node->is_dir)
        return !from->node->is_dir ? EISDIR : live_names(to->node) > 0 ? ENOTEMPTY : 0;
    return from->node->is_dir ? ENOTDIR : 0;
}

static void do_rename(struct mem *m, const struct place *from, const struct place *to)
{
    struct entry *old = entry_get(from->dir, from->name, strlen(from->name));
    struct entry *new = entry_make(to->dir, to->name);
    if (old == new)
        return;
    point(m, &new->live, from->node);
    point(m, &old->live, NULL);
    /* A folder that moved between folders must not be in both after a power cut, nor could it be
     * on a disk with a journal: this step is durable at once. */
    if (from->node->is_dir && from->dir != to->dir) {
        point(m, &new->durable, from->node);
        point(m, &old->durable, NULL);
    }
    entry_drop_if_unused(from->dir, old);
    touch(m, from->dir);
    touch(m, to->dir);
}

static enum err mem_rename(const struct vfs *v, const char *from, const char *to, struct why *why)
{
    struct mem *m = mem_of(v);
    struct place a, b;
    pthread_mutex_lock(&m->mutex);
    int number = walk(m, from, &a);
    if (number == 0)
        number = walk(m, to, &b);
    if (number == 0)
        number = may_rename(&a, &b);
    if (number == 0)
        do_rename(m, &a, &b);
    pthread_mutex_unlock(&m->mutex);
    return number == 0 ? OK : vfs_fail(why, number, "rename to", to);
}

static enum err remove_name(const struct vfs *v, const char *path, bool dir, struct why *why)
{
    struct mem *m = mem_of(v);
    struct place at;
    pthread_mutex_lock(&m->mutex);
    int number = walk(m, path, &at);
    if (number == 0 && !at.node)
        number = ENOENT;
    else if (number == 0 && !at.dir)
        number = EBUSY;
    else if (number == 0 && at.node->is_dir != dir)
        number = dir ? ENOTDIR : EISDIR;
    else if (number == 0 && dir && live_names(at.node) > 0)
        number = ENOTEMPTY;
    if (number == 0) {
        struct entry *e = entry_get(at.dir, at.name, strlen(at.name));
        point(m, &e->live, NULL);
        entry_drop_if_unused(at.dir, e);
        touch(m, at.dir);
    }
    pthread_mutex_unlock(&m->mutex);
    return number == 0 ? OK : vfs_fail(why, number, dir ? "remove folder" : "remove", path);
}

static enum err mem_unlink(const struct vfs *v, const char *path, struct why *why)
{
    return remove_name(v, path, false, why);
}

static enum err mem_rmdir(const struct vfs *v, const char *path, struct why *why)
{
    return remove_name(v, path, true, why);
}

static enum err mem_sync_dir(const struct vfs *v, const char *path, struct why *why)
{
    struct mem *m = mem_of(v);
    struct place at;
    pthread_mutex_lock(&m->mutex);
    int number = walk(m, path, &at);
    if (number == 0 && !at.node)
        number = ENOENT;
    if (number == 0 && !at.node->is_dir)
        number = ENOTDIR;
    struct entry *e;
    for (size_t i = 0; number == 0 && (e = map_next(at.node->entries, &i, NULL, NULL));) {
        point(m, &e->durable, e->live);
        entry_drop_if_unused(at.node, e);
    }
    pthread_mutex_unlock(&m->mutex);
    return number == 0 ? OK : vfs_fail(why, number, "sync folder", path);
}

static enum err mem_free_bytes(const struct vfs *v, const char *path, uint64_t *out,
                               struct why *why)
{
    struct mem *m = mem_of(v);
    struct vfs_stat st;
    enum err err = mem_stat(v, path, &st, why);
    pthread_mutex_lock(&m->mutex);
    *out = m->used < m->size ? m->size - m->used : 0;
    pthread_mutex_unlock(&m->mutex);
    return err;
}

static enum err mem_list(const struct vfs *v, const char *path, char ***names, size_t *n,
                         struct why *why)
{
    struct mem *m = mem_of(v);
    struct place at;
    struct vfs_names found = {0};
    pthread_mutex_lock(&m->mutex);
    int number = walk(m, path, &at);
    if (number == 0 && !at.node)
        number = ENOENT;
    if (number == 0 && !at.node->is_dir)
        number = ENOTDIR;
    const struct entry *e;
    for (size_t i = 0; number == 0 && (e = map_next(at.node->entries, &i, NULL, NULL));)
        if (e->live)
            vfs_names_add(&found, e->name);
    pthread_mutex_unlock(&m->mutex);
    if (number != 0)
        return vfs_fail(why, number, "list", path);
    *names = found.at;
    *n = found.n;
    return OK;
}

/* --- the disk -------------------------------------------------------------------------------- */

static void node_cut(struct mem *m, struct node *n)
{
    if (!n->is_dir) {
        mem_bytes_revert(&n->bytes);
        n->locked = false;
        return;
    }
    struct entry *e;
    for (size_t at = 0; (e = map_next(n->entries, &at, NULL, NULL));) {
        point(m, &e->live, e->durable);
        if (e->live)
            node_cut(m, e->live);
        entry_drop_if_unused(n, e);
    }
}

void vfs_mem_power_cut(struct vfs *v)
{
    struct mem *m = mem_of(v);
    pthread_mutex_lock(&m->mutex);
    m->cuts++;
    node_cut(m, m->root);
    pthread_mutex_unlock(&m->mutex);
}

void vfs_mem_set_size(struct vfs *v, uint64_t bytes)
{
    struct mem *m = mem_of(v);
    pthread_mutex_lock(&m->mutex);
    m->size = bytes;
    pthread_mutex_unlock(&m->mutex);
}

static void mem_free(struct vfs *v)
{
    struct mem *m = mem_of(v);
    node_drop(m, m->root);
    pthread_mutex_destroy(&m->mutex);
    free(m);
}

static const struct vfs_ops mem_ops = {
    .open = mem_open,
    .close = mem_close,
    .pread = mem_pread,
    .pwritev = mem_pwritev,
    .sync = mem_sync,
    .truncate = mem_truncate,
    .fstat = mem_fstat,
    .lock = mem_lock,
    .stat = mem_stat,
    .mkdir = mem_mkdir,
    .rename = mem_rename,
    .unlink = mem_unlink,
    .rmdir = mem_rmdir,
    .sync_dir = mem_sync_dir,
    .free_bytes = mem_free_bytes,
    .list = mem_list,
    .free = mem_free,
};

struct vfs *vfs_mem_new(void)
{
    struct mem *m = MEM_NEW(struct mem);
    m->base.ops = &mem_ops;
    m->size = UINT64_C(1) << 50;
    pthread_mutex_init(&m->mutex, NULL);
    point(m, &m->root, node_new(m, true));
    return &m->base;
}
