/* The machine's files. */
#include "store/vfs_ops.h"

#include "base/mem.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

struct os_file {
    struct vfile base;
    int fd;
    char *path; /* for messages */
};

static struct os_file *of(struct vfile *f)
{
    return (struct os_file *)f;
}

static int open_flags(unsigned flags)
{
    /* O_NONBLOCK: opening a named pipe that lies in a shared folder must not wait for its writer.
     * It changes nothing for regular files, and others are refused below. */
    int how = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    how |= flags & VFS_WRITE ? O_RDWR : O_RDONLY;
    how |= flags & VFS_CREATE ? O_CREAT : 0;
    how |= flags & VFS_EXCL ? O_EXCL : 0;
    how |= flags & VFS_TRUNCATE ? O_TRUNC : 0;
    how |= flags & VFS_NOFOLLOW ? O_NOFOLLOW : 0;
    return how;
}

static mode_t mode_of(unsigned flags)
{
    return flags & VFS_PRIVATE ? 0600 : flags & VFS_EXEC ? 0777 : 0666;
}

/* at: a folder and `name` in it; path: for messages. */
static struct vfile *os_open_in(const struct vfs *v, int at, const char *name, const char *path,
                                unsigned flags, struct why *why)
{
    assert(!(flags & VFS_TRUNCATE) || flags & VFS_WRITE);
    int fd;
    do
        fd = openat(at, name, open_flags(flags), mode_of(flags));
    while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        vfs_fail(why, errno, "open", path);
        return NULL;
    }
    struct stat st;
    bool ours = flags & VFS_CREATE && flags & VFS_EXCL; /* just made: a file */
    if (!ours && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        why_set(why, ERR_IO, "cannot open %.150s: it is not a file", path);
        return NULL;
    }
    struct os_file *f = MEM_NEW(struct os_file);
    *f = (struct os_file){{v->ops}, fd, mem_strdup(path)};
    return &f->base;
}

static struct vfile *os_open(const struct vfs *v, const char *path, unsigned flags, struct why *why)
{
    return os_open_in(v, AT_FDCWD, path, path, flags, why);
}

static void os_close(struct vfile *file)
{
    struct os_file *f = of(file);
    close(f->fd); /* what must last was synced before; an error here has nobody to act on it */
    free(f->path);
    free(f);
}

static ssize_t os_pread(struct vfile *file, void *to, size_t n, uint64_t at, struct why *why)
{
    struct os_file *f = of(file);
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(f->fd, (char *)to + got, n - got, (off_t)(at + got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0) {
            vfs_fail(why, errno, "read", f->path);
            return -1;
        }
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

/* Drop n bytes from the head of a list of pieces; returns how many whole pieces went. */
static int iov_eat(struct iovec *iov, int count, size_t n)
{
    int gone = 0;
    while (gone < count && n >= iov[gone].iov_len)
        n -= iov[gone++].iov_len;
    if (gone < count) {
        iov[gone].iov_base = (char *)iov[gone].iov_base + n;
        iov[gone].iov_len -= n;
    }
    return gone;
}

static enum err os_pwritev(struct vfile *file, const struct iovec *iov, int count, uint64_t at,
                           struct why *why)
{
    enum { BATCH = 64 };
    struct os_file *f = of(file);
    while (count > 0) {
        struct iovec left[BATCH];
        int n = count < BATCH ? count : BATCH;
        memcpy(left, iov, (size_t)n * sizeof *iov);
        for (int from = iov_eat(left, n, 0); from < n;) {
            ssize_t r = pwritev(f->fd, left + from, n - from, (off_t)at);
            if (r < 0 && errno == EINTR)
                continue;
            if (r <= 0) /* 0 of something: a disk that takes nothing and does not say why */
                return vfs_fail(why, r < 0 ? errno : EIO, "write", f->path);
            at += (uint64_t)r;
            from += iov_eat(left + from, n - from, (size_t)r);
        }
        iov += n;
        count -= n;
    }
    return OK;
}

static enum err os_sync(struct vfile *file, struct why *why)
{
    struct os_file *f = of(file);
    return fdatasync(f->fd) == 0 ? OK : vfs_fail(why, errno, "sync", f->path);
}

static enum err os_truncate(struct vfile *file, uint64_t size, struct why *why)
{
    struct os_file *f = of(file);
    int r;
    do
        r = ftruncate(f->fd, (off_t)size);
    while (r != 0 && errno == EINTR);
    return r == 0 ? OK : vfs_fail(why, errno, "resize", f->path);
}

static struct vfs_stat stat_of(const struct stat *st)
{
    return (struct vfs_stat){
        .size = (uint64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .is_dir = S_ISDIR(st->st_mode),
        .is_symlink = S_ISLNK(st->st_mode),
        .is_exec = S_ISREG(st->st_mode) && st->st_mode & S_IXUSR,
        .is_private = (st->st_mode & (S_IRWXG | S_IRWXO)) == 0,
        .is_special = !S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISLNK(st->st_mode),
        .disk_bytes = (uint64_t)st->st_blocks * 512, /* stat(2): in units of 512 bytes, always */
    };
}

static enum err os_fstat(struct vfile *file, struct vfs_stat *out, struct why *why)
{
    struct os_file *f = of(file);
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return vfs_fail(why, errno, "look at", f->path);
    *out = stat_of(&st);
    return OK;
}

static enum err os_lock(struct vfile *file, struct why *why)
{
    struct os_file *f = of(file);
    if (flock(f->fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    if (errno == EWOULDBLOCK)
        return why_set(why, ERR_STATE, "%.150s is locked", f->path);
    return vfs_fail(why, errno, "lock", f->path);
}

static enum err os_stat_in(int folder, const char *name, const char *path, struct vfs_stat *out,
                           struct why *why)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return vfs_fail(why, errno, "look at", path);
    *out = stat_of(&st);
    return OK;
}

static enum err os_stat(const struct vfs *v, const char *path, struct vfs_stat *out,
                        struct why *why)
{
    (void)v;
    return os_stat_in(AT_FDCWD, path, path, out, why);
}

static int os_folder(const struct vfs *v, const char *dir)
{
    (void)v;
    return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* openat2(2), which glibc has no function for. */
static int os_folder_in(int folder, const char *below)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, folder, below, &how, sizeof how);
}

static void os_folder_close(int folder)
{
    close(folder);
}

static enum err os_mkdir(const struct vfs *v, const char *path, unsigned mode, struct why *why)
{
    (void)v;
    return mkdir(path, (mode_t)mode) == 0 ? OK : vfs_fail(why, errno, "make folder", path);
}

static enum err os_rename(const struct vfs *v, const char *from, const char *to, struct why *why)
{
    (void)v;
    return rename(from, to) == 0 ? OK : vfs_fail(why, errno, "rename to", to);
}

static enum err os_unlink(const struct vfs *v, const char *path, struct why *why)
{
    (void)v;
    return unlink(path) == 0 ? OK : vfs_fail(why, errno, "remove", path);
}

static enum err os_rmdir(const struct vfs *v, const char *path, struct why *why)
{
    (void)v;
    return rmdir(path) == 0 ? OK : vfs_fail(why, errno, "remove folder", path);
}

static enum err os_sync_dir(const struct vfs *v, const char *path, struct why *why)
{
    (void)v;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return vfs_fail(why, errno, "open folder", path);
    /* EINVAL: "fd is bound to a special file which does not support synchronization" (fsync(2)), as
     * folders of some network file systems are.  They write names at once. */
    int number = fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
    close(fd);
    return number == 0 ? OK : vfs_fail(why, number, "sync folder", path);
}

static enum err os_free_bytes(const struct vfs *v, const char *path, uint64_t *out, struct why *why)
{
    (void)v;
    struct statvfs st;
    if (statvfs(path, &st) != 0)
        return vfs_fail(why, errno, "look at the disk of", path);
    *out = (uint64_t)st.f_bavail * st.f_frsize;
    return OK;
}

static enum err os_list(const struct vfs *v, const char *path, char ***names, size_t *n,
                        struct why *why)
{
    (void)v;
    DIR *dir = opendir(path);
    if (!dir)
        return vfs_fail(why, errno, "list", path);
    struct vfs_names found = {0};
    const struct dirent *e;
    errno = 0;
    while ((e = readdir(dir))) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            vfs_names_add(&found, e->d_name);
        errno = 0;
    }
    int number = errno;
    closedir(dir);
    if (number != 0) {
        vfs_list_free(found.at, found.n);
        return vfs_fail(why, number, "list", path);
    }
    *names = found.at;
    *n = found.n;
    return OK;
}

static const struct vfs_ops os_ops = {
    .open = os_open,
    .close = os_close,
    .pread = os_pread,
    .pwritev = os_pwritev,
    .sync = os_sync,
    .truncate = os_truncate,
    .fstat = os_fstat,
    .lock = os_lock,
    .stat = os_stat,
    .mkdir = os_mkdir,
    .rename = os_rename,
    .unlink = os_unlink,
    .rmdir = os_rmdir,
    .sync_dir = os_sync_dir,
    .free_bytes = os_free_bytes,
    .list = os_list,
    .folder = os_folder,
    .folder_in = os_folder_in,
    .folder_close = os_folder_close,
    .open_in = os_open_in,
    .stat_in = os_stat_in,
};

const struct vfs *vfs_os(void)
{
    static const struct vfs os = {&os_ops};
    return &os;
}
