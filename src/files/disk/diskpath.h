/* files/disk/diskpath.h - open a torrent's file below its folder, and never through a symlink.
 *
 * Names come from strangers (files/meta/metainfo.h has made them safe to join), but what lies on
 * the disk may have been put there by someone else: a folder that is a symlink would lead outside.
 * So each folder between `dir` and the file is looked at before the file is opened, and the file
 * itself is opened with VFS_NOFOLLOW.  `dir` is the owner's choice and may be a symlink.
 *
 * Where the kernel can (openat2), the look and the open are one.  Hard links and mount points are
 * followed.  All calls block: for disk lanes. */
#ifndef SHOAL_FILES_DISK_DISKPATH_H
#define SHOAL_FILES_DISK_DISKPATH_H

#include "store/vfs.h"

#include <stddef.h>

/* dir/path; the caller's to free(). */
char *diskpath_join(const char *dir, const char *path);

/* The folder that `path` lies in: "/a" for "/a/b", "/" for "/a".  The caller's to free(). */
char *diskpath_parent(const char *path);

/* `dir` and the folder below it that was used last: kept for one job, in which neighbours then cost
 * one look each.  What others move meanwhile is seen by the next job. */
struct diskdir {
    const struct vfs *vfs;
    const char *dir;     /* outlives it */
    struct vfolder *top; /* dir; NULL: not yet needed */
    char *below;         /* of `at` */
    struct vfolder *at;  /* may be top; NULL: it cannot be entered, and why */
    struct why why;
};
struct diskdir diskdir_of(const struct vfs *vfs, const char *dir);
void diskdir_done(struct diskdir *d);

/* As diskpath_open and diskpath_stat. */
struct vfile *diskdir_open(struct diskdir *d, const char *path, unsigned flags, struct why *why);
MUST_CHECK enum err diskdir_stat(struct diskdir *d, const char *path, struct vfs_stat *out,
                                 struct why *why);

/* The file dir/path.  With VFS_CREATE its folders are made too.  ERR_NOT_FOUND: it or one of its
 * folders is not there; ERR_DENIED: something on the way is a symlink or no folder. */
struct vfile *diskpath_open(const struct vfs *vfs, const char *dir, const char *path,
                            unsigned flags, struct why *why);

/* What dir/path is, looked at with the same care; a symlink as the last part is ERR_DENIED. */
MUST_CHECK enum err diskpath_stat(const struct vfs *vfs, const char *dir, const char *path,
                                  struct vfs_stat *out, struct why *why);

#endif
