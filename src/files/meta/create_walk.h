/* files/meta/create_walk.h - the files that a new torrent is made of, in an order that does not
 * depend on the disk: folders are walked depth first, names sorted by bytes.
 *
 * Blocks: for a disk lane.  Symlinks and special files are passed over and counted; padding does
 * not occur.  ERR_LIMIT past MI_FILES_MAX files or CREATE_DEPTH_MAX folders deep. */
#ifndef SHOAL_FILES_META_CREATE_WALK_H
#define SHOAL_FILES_META_CREATE_WALK_H

#include "base/arena.h"
#include "files/meta/metainfo.h"
#include "store/vfs.h"

enum { CREATE_DEPTH_MAX = 64 };

struct walked {
    struct mi_file *files; /* paths begin with the name, as files/meta/metainfo.h has them */
    int64_t *mtime_ns;     /* one a file */
    size_t count, cap;
    uint64_t total;
    bool multi;       /* a folder was walked */
    unsigned skipped; /* symlinks and special files */
};

/* dir/name: a file or a folder.  Paths are in `a`; the arrays are freed by walked_done(). */
MUST_CHECK enum err create_walk(const struct vfs *vfs, const char *dir, const char *name,
                                struct arena *a, struct walked *out, struct why *why);

/* ERR_STATE, with its name, when a file does not look as it did. */
MUST_CHECK enum err create_walk_again(const struct vfs *vfs, const char *dir,
                                      const struct walked *w, struct why *why);
void walked_done(struct walked *w);

#endif
