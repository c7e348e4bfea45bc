/* files/owner/watch.h - a folder in which .torrent files that appear are added (files.watch).
 *
 * Looked at every WATCH_US on a disk lane: also over a network, and in the simulator.  A file is
 * read when its size and time are the same in two looks, so not while somebody writes it.  Then it
 * is renamed: NAME.torrent.added, or NAME.torrent.invalid, so it is taken once, and its owner sees
 * what became of it.  Folders, links and what is larger than MI_TORRENT_MAX are left alone. */
#ifndef SHOAL_FILES_OWNER_WATCH_H
#define SHOAL_FILES_OWNER_WATCH_H

#include "base/buf.h"
#include "base/log.h"
#include "net/loop.h"
#include "store/vfs.h"

#define WATCH_US (5 * SEC)
enum { WATCH_AT_ONCE = 64 /* files taken in one look */ };

struct watch;

/* A .torrent's bytes.  WATCH_LATER: it is being added, or cannot be for the moment (why); asked
 * again at the next look, so that the file gets its new name only when a crash would not forget the
 * torrent.  WATCH_INVALID: why. */
enum watch_answer { WATCH_LATER, WATCH_ADDED, WATCH_INVALID };
typedef enum watch_answer watch_cb(void *arg, struct cur torrent, struct why *why);

/* dir: copied. */
struct watch *watch_new(struct loop *loop, const struct vfs *vfs, const struct log *log,
                        const char *dir, watch_cb *take, void *arg);
void watch_free(struct watch *w); /* take is not called any more; NULL: nothing */

#endif
