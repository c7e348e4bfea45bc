/* files/hand/hand_source.h - what is to be handed over, on the disk of who has it: which files, and
 * their chunks.
 *
 * Read on LANE_DISK, never through a symlink.  A file that has another size or time than when it
 * was offered is not sent: ERR_STATE.  Counted, since a job on a lane outlives who asked for it. */
#ifndef SHOAL_FILES_HAND_HAND_SOURCE_H
#define SHOAL_FILES_HAND_HAND_SOURCE_H

#include "files/hand/hand_offer.h"
#include "net/loop.h"
#include "store/vfs.h"

struct hand_source;
/* Whole, and valid as long as s is. */
const struct hand_offer *hand_source_offer(const struct hand_source *s);
/* The times of the files, to be kept with the offer: 8 bytes an entry. */
void hand_source_put_times(struct buf *out, const struct hand_source *s);
/* One that was kept.  NULL and a reason. */
struct hand_source *hand_source_of(const struct vfs *vfs, const char *path, struct cur offer,
                                   struct cur times, struct why *why);
void hand_source_free(struct hand_source *s); /* NULL: nothing */

/* Which files are there?  path: absolute, a file or a folder.  Symlinks and special files are left
 * out and counted.  s: the callee's, or NULL and why. */
struct hand_walk;
typedef void hand_walk_cb(void *arg, struct hand_source *s, size_t left_out, const struct why *why);
struct hand_walk *hand_walk_start(struct loop *loop, const struct vfs *vfs, const char *path,
                                  hand_walk_cb *cb, void *arg);
void hand_walk_cancel(struct hand_walk *w); /* NULL: nothing */

/* Frames (hand_msg.h) of the chunks from `chunk` on: HAND_CHUNK bytes or a little more, or up to
 * the end.  frames: the callee may take its bytes away; next: the first that is not in it.  Or
 * why. */
struct hand_read;
typedef void hand_read_cb(void *arg, struct buf *frames, uint64_t next, const struct why *why);
struct hand_read *hand_read_start(struct loop *loop, struct hand_source *s, uint64_t chunk,
                                  hand_read_cb *cb, void *arg);
void hand_read_cancel(struct hand_read *r); /* NULL: nothing */

#endif
