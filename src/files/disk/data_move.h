/* files/disk/data_move.h - a torrent's files go to another folder, on the same disk or another.
 *
 * Each is renamed, or where that cannot be, copied, synced and renamed into place.  On failure all
 * is put back.  What was copied is still there too: the caller removes it (data_remove) when it has
 * recorded the new folder.  So killed at any moment and called again with `again`, it goes on.
 * On the disk lane; `done` comes once, from the loop. */
#ifndef SHOAL_FILES_DISK_DATA_MOVE_H
#define SHOAL_FILES_DISK_DATA_MOVE_H

#include "files/meta/metainfo.h"
#include "net/loop.h"
#include "store/vfs.h"

#include <stdbool.h>

/* mi is not needed any more when this returns.  again: what lies at the new place is ours, from
 * before; else a file that is there is ERR_STATE, and nothing is moved. */
void data_move(struct loop *loop, const struct vfs *vfs, const struct metainfo *mi,
               const char *from, const char *to, bool again,
               void (*done)(void *arg, const struct why *why), void *arg);

#endif
