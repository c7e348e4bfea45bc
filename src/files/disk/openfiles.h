/* files/disk/openfiles.h - the few files of a torrent that are kept open.
 *
 * A torrent may have a million files and a process a thousand descriptors.  This keeps the
 * OPENFILES_MAX that were used last.  No locks: one lives with the loop (reading) and one with the
 * ordered disk lane (writing), so a torrent has at most twice as many open.  An entry that a lane
 * job uses is pinned, and stays. */
#ifndef SHOAL_FILES_DISK_OPENFILES_H
#define SHOAL_FILES_DISK_OPENFILES_H

#include "store/vfs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPENFILES_MAX = 32 };

struct openfile {
    struct vfile *f; /* NULL: a free place */
    size_t file;
    unsigned pins;
    bool stale; /* dropped while pinned: found no more, closed at the last unpin */
    uint64_t used;
    uint64_t opened_us; /* the owner's */
};

struct openfiles {       /* zeroed: empty */
    struct openfile *at; /* NULL: no file was opened: most torrents rest */
    uint64_t clock;
};

/* The open file, now the one used last; NULL when it is not open. */
struct openfile *openfiles_find(struct openfiles *o, size_t file);

/* Keep f, which is closed later by us; takes the place of what was used longest ago.  NULL, and f
 * is closed, when all places are pinned; the one that is already there, when there is one. */
struct openfile *openfiles_add(struct openfiles *o, size_t file, struct vfile *f);

/* Keep it open until it is unpinned as often. */
void openfiles_pin(struct openfile *e);
void openfiles_unpin(struct openfile *e);

/* Close it, or all; pinned ones when they are unpinned.  After "all" with nothing pinned there is
 * nothing left to free. */
void openfiles_drop(struct openfiles *o, size_t file);
void openfiles_drop_all(struct openfiles *o);

#endif
