/* files/disk/data_rename.h - a torrent's file or folder gets another name, where it lies.
 *
 * One rename(2), so that whoever is killed leaves one name or the other; of a folder all goes with
 * it, also what is not the torrent's.  On the ordered disk lane; `done` comes once, from the loop.
 */
#ifndef SHOAL_FILES_DISK_DATA_RENAME_H
#define SHOAL_FILES_DISK_DATA_RENAME_H

#include "net/loop.h"
#include "store/vfs.h"

#include <stdbool.h>

/* Paths below dir, which differ in their last part.  Not there: OK, it was never made.  ERR_STATE:
 * something has the new name already. */
void data_rename(struct loop *loop, const struct vfs *vfs, const char *dir, const char *from,
                 const char *to, void (*done)(void *arg, const struct why *why), void *arg);

/* After a kill: was it done?  Blocks. */
bool data_was_renamed(const struct vfs *vfs, const char *dir, const char *from, const char *to);

#endif
