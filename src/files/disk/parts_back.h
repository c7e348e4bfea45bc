/* files/disk/parts_back.h - what was put aside goes into its file, now that the file is wanted.
 *
 * The file appears with all that the parts file has of it, or not at all, for who reads looks for
 * the file first: it is made under another name, synced, and renamed.  On the ordered disk lane. */
#ifndef SHOAL_FILES_DISK_PARTS_BACK_H
#define SHOAL_FILES_DISK_PARTS_BACK_H

#include "files/disk/parts.h"
#include "files/meta/layout.h"

struct parts_place {
    const struct vfs *vfs;
    const struct layout *layout;
    const uint8_t *infohash;
    const char *dir, *parts_path;
};

/* Has the parts file anything of this file? */
bool parts_have_file(const struct parts *p, const struct layout *l, size_t file);
/* The file is not there before, and is after.  Begun again after a failure, it goes on. */
MUST_CHECK enum err parts_bring_back(struct parts *p, const struct parts_place *at, size_t file,
                                     struct why *why);

#endif
