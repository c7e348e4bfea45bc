/* store/vfs.h - files, behind a table of functions.
 *
 * Everything that the node keeps goes through a struct vfs, so that a test can fail any call, lose
 * what was not synced, or keep a whole node's disk in memory:
 *     vfs_os()              the machine's files
 *     vfs_mem_new()         in memory, with power cuts: vfs_mem_power_cut() drops unsynced bytes
 *     vfs_fault_new(inner)  fails what a plan says: the Nth call, each call of a kind, a full disk
 * Calls block: from the loop thread only for small things at start and stop, else on a disk lane.
 * A vfs and its files may be used from several threads at once.
 * Paths are UTF-8, '/' between parts.  Errors: ERR_NOT_FOUND, ERR_FULL (ENOSPC, EDQUOT),
 * ERR_DENIED (EACCES, EPERM, EROFS, ELOOP), ERR_STATE (EEXIST, ENOTEMPTY), ERR_LIMIT (EMFILE,
 * ENFILE, ENAMETOOLONG), else ERR_IO; the text names the path and the system's words. */
#ifndef SHOAL_STORE_VFS_H
#define SHOAL_STORE_VFS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct vfs;
struct vfile;

struct vfs_stat {
    uint64_t size;    /* bytes */
    int64_t mtime_ns; /* since 1970 */
    bool is_dir, is_symlink;
    bool is_exec;        /* a file that its owner may run */
    bool is_private;     /* nobody but its owner may do anything with it */
    bool is_special;     /* none of these and no file: a pipe, a socket, a device */
    uint64_t disk_bytes; /* what it really takes; less than size for sparse files */
};

enum vfs_flags {
    VFS_READ = 0,
    VFS_WRITE = 1,     /* and read */
    VFS_CREATE = 2,    /* make it when absent */
    VFS_EXCL = 4,      /* fail when it is there */
    VFS_TRUNCATE = 8,  /* empty it */
    VFS_PRIVATE = 16,  /* mode 0600 instead of 0666 & ~umask */
    VFS_NOFOLLOW = 32, /* a symlink as the last part is ERR_DENIED */
    VFS_EXEC = 64,     /* who may read what is made may run it: mode 0777 & ~umask */
};

/* The machine's files; one for the process, has no state. */
const struct vfs *vfs_os(void);

/* flags: enum vfs_flags.  NULL and a reason on failure. */
struct vfile *vfs_open(const struct vfs *v, const char *path, unsigned flags, struct why *why);
void vfile_close(struct vfile *f); /* NULL: nothing; does not sync */

/* Up to n bytes at `at`; fewer only at the end of the file.  Returns < 0 on error. */
ssize_t vfile_pread(struct vfile *f, void *to, size_t n, uint64_t at, struct why *why);
/* All of them, or an error. */
enum err vfile_pwrite(struct vfile *f, const void *bytes, size_t n, uint64_t at, struct why *why);
enum err vfile_pwritev(struct vfile *f, const struct iovec *iov, int count, uint64_t at,
                       struct why *why);
enum err vfile_sync(struct vfile *f, struct why *why); /* fdatasync */
enum err vfile_truncate(struct vfile *f, uint64_t size, struct why *why);
enum err vfile_stat(struct vfile *f, struct vfs_stat *out, struct why *why);

/* Of a link: the link itself. */
enum err vfs_stat(const struct vfs *v, const char *path, struct vfs_stat *out, struct why *why);
/* The folder and those above it that are missing, each of them synced into the one above. */
enum err vfs_mkdirs(const struct vfs *v, const char *path, unsigned mode, struct why *why);
enum err vfs_rename(const struct vfs *v, const char *from, const char *to, struct why *why);
enum err vfs_unlink(const struct vfs *v, const char *path, struct why *why); /* files, links */
enum err vfs_rmdir(const struct vfs *v, const char *path, struct why *why);
enum err vfs_sync_dir(const struct vfs *v, const char *path, struct why *why);
/* Bytes free for us on the disk that holds path. */
enum err vfs_free_bytes(const struct vfs *v, const char *path, uint64_t *out, struct why *why);
/* Names in a folder, sorted by bytes, without . and ..; each is freed, then the array. */
enum err vfs_list(const struct vfs *v, const char *path, char ***names, size_t *n, struct why *why);
void vfs_list_free(char **names, size_t n);

/* A folder that was looked for once, so that names in it cost no way from the root: for a job that
 * opens many files.  It stays the same folder when it is moved.  dir is the owner's choice and may
 * be a symlink; that it is not there is seen by what is asked of it. */
struct vfolder;
struct vfolder *vfs_folder(const struct vfs *v, const char *dir);
/* One below it: on the way no symlink is followed, that is ERR_DENIED.  `top` may go before it. */
struct vfolder *vfolder_enter(const struct vfolder *top, const char *below, struct why *why);
void vfolder_close(struct vfolder *d); /* NULL: nothing */
/* Names are single parts; a symlink is never followed. */
struct vfile *vfolder_open(const struct vfolder *d, const char *name, unsigned flags,
                           struct why *why);
enum err vfolder_stat(const struct vfolder *d, const char *name, struct vfs_stat *out,
                      struct why *why);

/* A whole small file.  ERR_LIMIT past max bytes. */
enum err vfs_read_all(const struct vfs *v, const char *path, size_t max, struct buf *out,
                      struct why *why);
/* Replace a file in one step: write path.tmp, sync, rename, sync the folder.  After a crash either
 * the old or the new is there, whole. */
enum err vfs_replace(const struct vfs *v, const char *path, const void *bytes, size_t n,
                     unsigned flags, struct why *why);

/* This file is ours until it is closed or the process ends: made when absent, locked by the kernel
 * and given our process id as its text.  ERR_STATE names the process that has it.  The file stays
 * when the lock goes: taking it away would let two hold "the" lock. */
enum err vfs_lock(const struct vfs *v, const char *path, struct vfile **out, struct why *why);

/* In memory.  Power cut: contents go back to what vfile_sync last wrote, names (made, renamed,
 * removed) to what vfs_sync_dir last wrote, so that a new file lasts by both; open files go bad
 * (every call on them fails with ERR_IO) and locks are free.  Its clock for mtime is a count of
 * changes.  It has no links and takes no "..". */
struct vfs *vfs_mem_new(void);
void vfs_mem_power_cut(struct vfs *v);
void vfs_mem_set_size(struct vfs *v, uint64_t bytes); /* of the disk; default 2^50 */
void vfs_free(struct vfs *v);                         /* mem or fault; NULL: nothing */

/* Faults in front of another vfs (not owned).  Thread-safe.  A write that fails has written the
 * first half of its bytes; another call that fails has done nothing.  Folders count as VFS_OP_SYNC
 * when synced, VFS_OP_UNLINK when removed, VFS_OP_READ when listed; a lock is a VFS_OP_OPEN. */
enum vfs_op {
    VFS_OP_OPEN,
    VFS_OP_READ,
    VFS_OP_WRITE,
    VFS_OP_SYNC,
    VFS_OP_TRUNCATE,
    VFS_OP_RENAME,
    VFS_OP_UNLINK,
    VFS_OP_MKDIR,
    VFS_OP_STAT,
    VFS_OP_ANY, /* calls of all kinds, counted together: "killed at the nth file operation" */
    VFS_OP_COUNT
};
struct vfs *vfs_fault_new(const struct vfs *inner);
/* From now on the `nth` call of `op` (1: the next) fails with `code`, and `times` calls from then
 * on (0: all).  One plan per op; nth 0 takes it back. */
void vfs_fault_set(struct vfs *v, enum vfs_op op, uint64_t nth, uint64_t times, enum err code);
uint64_t vfs_fault_calls(const struct vfs *v, enum vfs_op op); /* so far */

#endif
