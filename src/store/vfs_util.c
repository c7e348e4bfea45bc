/* What is made of the calls in vfs_ops.h, the same for every vfs. */
#include "store/vfs_ops.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { READ_PART = 4096 }; /* bytes at a time of a file that does not know its size */

static enum err code_of(int number)
{
    switch (number) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
        return ERR_DENIED;
    case EEXIST:
    case ENOTEMPTY:
        return ERR_STATE;
    case EMFILE:
    case ENFILE:
    case ENAMETOOLONG:
        return ERR_LIMIT;
    }
    return ERR_IO;
}

enum err vfs_fail(struct why *why, int number, const char *what, const char *path)
{
    enum { SHOWN = 150 }; /* bytes of a path: the system's words must still fit into a why */
    size_t n = strlen(path);
    const char *words = strerrordesc_np(number); /* strerror() is not for several threads */
    const char *tail = path;
    if (n > SHOWN) {
        tail = path + n - SHOWN;
        while (((unsigned char)*tail & 0xc0) == 0x80) /* not from the middle of a character */
            tail++;
    }
    return why_set(why, code_of(number), "cannot %s %s%s: %s", what, n > SHOWN ? "..." : "", tail,
                   words ? words : "unknown error");
}

void vfs_names_add(struct vfs_names *names, const char *name)
{
    if (names->n == names->cap) {
        names->cap = names->cap ? names->cap * 2 : 16;
        names->at = mem_realloc(names->at, names->cap * sizeof *names->at);
    }
    names->at[names->n++] = mem_strdup(name);
}

void vfs_list_free(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* The folder that holds path: "/a/b" gives "/a", "/a" gives "/", "a" gives ".". */
static char *folder_of(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n == 0)
        return mem_strdup(".");
    while (n > 1 && path[n - 1] == '/')
        n--;
    return mem_strndup(path, n);
}

/* One folder.  That it is there already is fine, and it may be a link to one: "x/." follows it. */
static enum err make_one(const struct vfs *v, const char *path, unsigned mode, bool *made,
                         struct why *why)
{
    enum err err = v->ops->mkdir(v, path, mode, why);
    *made = err == OK;
    if (err != ERR_STATE)
        return err;
    char *inside = mem_printf("%s/.", path);
    struct vfs_stat st;
    err = v->ops->stat(v, inside, &st, NULL);
    free(inside);
    if (err != OK || !st.is_dir)
        return vfs_fail(why, EEXIST, "make folder", path);
    return OK;
}

/* From the deepest that exists downwards.  The folders above may not be ours to look into or to
 * write in, so we begin at the end and go up only as far as something is missing. */
static enum err make_all(const struct vfs *v, const char *path, unsigned mode, struct why *why)
{
    bool made = false;
    struct why first;
    enum err err = make_one(v, path, mode, &made, &first);
    char *above = folder_of(path);
    if (err == ERR_NOT_FOUND && strcmp(above, path) != 0 && strcmp(above, ".") != 0) {
        err = make_all(v, above, mode, &first);
        if (err == OK)
            err = make_one(v, path, mode, &made, &first);
    }
    if (err == OK && made && (err = v->ops->sync_dir(v, above, &first)) != OK)
        (void)!v->ops->rmdir(v, path, NULL); /* so that the next try makes it, and syncs it */
    if (err != OK && why)
        *why = first;
    free(above);
    return err;
}

enum err vfs_mkdirs(const struct vfs *v, const char *path, unsigned mode, struct why *why)
{
    enum { DEPTH_MAX = 512 }; /* make_all calls itself; PATH_MAX would end it at 2048 */
    size_t depth = 0;
    for (const char *p = path; *p; p++)
        depth += *p == '/';
    if (depth > DEPTH_MAX)
        return vfs_fail(why, ENAMETOOLONG, "make folder", path);
    return make_all(v, path, mode, why);
}

/* To the end, not to the size: the kernel's own files (/proc) say that they have 0 bytes. */
static enum err read_to_end(struct vfile *f, const char *path, size_t max, struct buf *out,
                            struct why *why)
{
    struct vfs_stat st;
    enum err err = vfile_stat(f, &st, why);
    if (err != OK)
        return err;
    if (st.size > max)
        return why_set(why, ERR_LIMIT, "%s has %" PRIu64 " bytes, at most %zu are read", path,
                       st.size, max);
    size_t part = st.size > 0 ? (size_t)st.size + 1 : READ_PART;
    for (uint64_t at = 0;;) {
        ssize_t n = vfile_pread(f, buf_room(out, part), part, at, why);
        if (n < 0)
            return why->code;
        at += (uint64_t)n;
        if (at > max)
            return why_set(why, ERR_LIMIT, "%s has more than %zu bytes", path, max);
        buf_grew(out, (size_t)n);
        if ((size_t)n < part) /* vfile_pread: "fewer only at the end of the file" */
            return OK;
    }
}

enum err vfs_read_all(const struct vfs *v, const char *path, size_t max, struct buf *out,
                      struct why *why)
{
    assert(max < SIZE_MAX / 4);
    struct why own;
    why = why ? why : &own;
    struct vfile *f = vfs_open(v, path, VFS_READ, why);
    if (!f)
        return why->code;
    enum err err = read_to_end(f, path, max, out, why);
    vfile_close(f);
    return err;
}

static enum err write_whole(const struct vfs *v, const char *path, const void *bytes, size_t n,
                            unsigned flags, struct why *why)
{
    /* Made anew, so that neither the mode nor the target of something left behind is inherited. */
    enum err err = vfs_unlink(v, path, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    struct vfile *f = vfs_open(v, path, flags | VFS_WRITE | VFS_CREATE | VFS_EXCL, why);
    if (!f)
        return why->code;
    err = vfile_pwrite(f, bytes, n, 0, why);
    if (err == OK)
        err = vfile_sync(f, why);
    vfile_close(f);
    return err;
}

enum err vfs_replace(const struct vfs *v, const char *path, const void *bytes, size_t n,
                     unsigned flags, struct why *why)
{
    struct why own;
    why = why ? why : &own;
    char *tmp = mem_printf("%s.tmp", path);
    char *folder = folder_of(path);
    enum err err = write_whole(v, tmp, bytes, n, flags, why);
    if (err == OK)
        err = vfs_rename(v, tmp, path, why);
    if (err != OK) {
        struct why ignored; /* the first failure is the one to tell */
        (void)vfs_unlink(v, tmp, &ignored);
    } else {
        err = vfs_sync_dir(v, folder, why);
    }
    free(folder);
    free(tmp);
    return err;
}

static enum err write_pid(struct vfile *f, struct why *why)
{
    char pid[24];
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    enum err err = vfile_truncate(f, 0, why);
    return err != OK ? err : vfile_pwrite(f, pid, (size_t)n, 0, why);
}

enum err vfs_lock(const struct vfs *v, const char *path, struct vfile **out, struct why *why)
{
    struct why own;
    why = why ? why : &own;
    *out = NULL;
    struct vfile *f = vfs_open(v, path, VFS_WRITE | VFS_CREATE | VFS_PRIVATE, why);
    if (!f)
        return why->code;
    enum err err = f->ops->lock(f, why);
    if (err == ERR_STATE) {
        char pid[24] = "";
        ssize_t n = vfile_pread(f, pid, sizeof pid - 1, 0, NULL);
        pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
        err = why_set(why, ERR_STATE, "%s is held by %s%s", path,
                      pid[0] ? "process " : "another process", pid);
    } else if (err == OK) {
        err = write_pid(f, why);
    }
    if (err != OK) {
        vfile_close(f);
        return err;
    }
    *out = f;
    return OK;
}
