#include "files/diskpath.h"

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

/* Each folder of `full` past the first `skip` bytes (dir and a slash) is one, and no symlink. */
static enum err check_folders(const struct vfs *vfs, char *full, size_t skip, struct why *why)
{
    for (char *slash = strchr(full + skip, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        struct vfs_stat st;
        enum err err = vfs_stat(vfs, full, &st, why);
        if (err == OK && (st.is_symlink || !st.is_dir))
            err = why_set(why, ERR_DENIED, "%.180s: %s, and is not followed", full,
                          st.is_symlink ? "is a symlink" : "is no folder");
        *slash = '/';
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err make_folders(const struct vfs *vfs, const char *full, struct why *why)
{
    char *parent = diskpath_parent(full);
    enum err err = vfs_mkdirs(vfs, parent, 0777, why);
    free(parent);
    return err;
}

/* The length of dir and the slash behind it, in what diskpath_join made. */
static size_t below(const char *full, const char *path)
{
    return strlen(full) - strlen(path);
}

struct vfile *diskpath_open(const struct vfs *vfs, const char *dir, const char *path,
                            unsigned flags, struct why *why)
{
    char *full = diskpath_join(dir, path);
    struct why ours = {0};
    enum err err = check_folders(vfs, full, below(full, path), &ours);
    if (err == ERR_NOT_FOUND && flags & VFS_CREATE)
        err = make_folders(vfs, full, &ours); /* what is there was found to be a folder */
    struct vfile *f = err == OK ? vfs_open(vfs, full, flags | VFS_NOFOLLOW, &ours) : NULL;
    if (!f && why)
        *why = ours;
    free(full);
    return f;
}

enum err diskpath_stat(const struct vfs *vfs, const char *dir, const char *path,
                       struct vfs_stat *out, struct why *why)
{
    char *full = diskpath_join(dir, path);
    enum err err = check_folders(vfs, full, below(full, path), why);
    if (err == OK)
        err = vfs_stat(vfs, full, out, why);
    if (err == OK && out->is_symlink)
        err = why_set(why, ERR_DENIED, "%.180s: is a symlink, and is not followed", full);
    free(full);
    return err;
}
