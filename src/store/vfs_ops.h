/* store/vfs_ops.h - what an implementation of struct vfs provides.  For store/ only.
 *
 * A vfs and a vfile begin with a pointer to the same table.  vfs.c passes calls through; what can
 * be made of them (vfs_mkdirs, vfs_read_all, vfs_replace, vfs_lock) is in vfs_util.c, so that a new
 * implementation brings only these.  Every function may be called from several threads at once. */
#ifndef SHOAL_STORE_VFS_OPS_H
#define SHOAL_STORE_VFS_OPS_H

#include "store/vfs.h"

struct vfs_ops {
    struct vfile *(*open)(const struct vfs *v, const char *path, unsigned flags, struct why *why);
    void (*close)(struct vfile *f);
    ssize_t (*pread)(struct vfile *f, void *to, size_t n, uint64_t at, struct why *why);
    enum err (*pwritev)(struct vfile *f, const struct iovec *iov, int count, uint64_t at,
                        struct why *why);
    enum err (*sync)(struct vfile *f, struct why *why);
    enum err (*truncate)(struct vfile *f, uint64_t size, struct why *why);
    enum err (*fstat)(struct vfile *f, struct vfs_stat *out, struct why *why);
    /* Exclusive until the file is closed or the process ends; ERR_STATE when another open file has
     * it.  Never waits. */
    enum err (*lock)(struct vfile *f, struct why *why);

    enum err (*stat)(const struct vfs *v, const char *path, struct vfs_stat *out, struct why *why);
    enum err (*mkdir)(const struct vfs *v, const char *path, unsigned mode, struct why *why);
    enum err (*rename)(const struct vfs *v, const char *from, const char *to, struct why *why);
    enum err (*unlink)(const struct vfs *v, const char *path, struct why *why);
    enum err (*rmdir)(const struct vfs *v, const char *path, struct why *why);
    enum err (*sync_dir)(const struct vfs *v, const char *path, struct why *why);
    enum err (*free_bytes)(const struct vfs *v, const char *path, uint64_t *out, struct why *why);
    /* In any order; vfs_list sorts. */
    enum err (*list)(const struct vfs *v, const char *path, char ***names, size_t *n,
                     struct why *why);
    /* For struct vfolder; all NULL: it is made of the calls above.  folder: a descriptor, or -1
     * when the slow way is to be tried, which also finds the words for what is wrong. */
    int (*folder)(const struct vfs *v, const char *dir);
    int (*folder_in)(int folder, const char *below);
    void (*folder_close)(int folder);
    struct vfile *(*open_in)(const struct vfs *v, int folder, const char *name, const char *path,
                             unsigned flags, struct why *why);
    enum err (*stat_in)(int folder, const char *name, const char *path, struct vfs_stat *out,
                        struct why *why);
    void (*free)(struct vfs *v); /* NULL: there is only one, and it stays */
};

struct vfs {
    const struct vfs_ops *ops;
};

struct vfile {
    const struct vfs_ops *ops;
};

/* "cannot DO PATH: the system's words" with the code that store/vfs.h gives for errno `number`.
 * Of a long path the end is kept. */
enum err vfs_fail(struct why *why, int number, const char *what, const char *path);

/* A growing array of names for `list`. */
struct vfs_names {
    char **at;
    size_t n, cap;
};
void vfs_names_add(struct vfs_names *names, const char *name);

#endif
