/* files/owner/scan.h - one file to clamd, by its Unix socket, and what it says.
 *
 * Reads on LANE_DISK, a chunk at a time, never through a symlink; holds one chunk.  Who takes or
 * answers nothing for SCAN_QUIET_US is not reachable. */
#ifndef SHOAL_FILES_OWNER_SCAN_H
#define SHOAL_FILES_OWNER_SCAN_H

#include "files/owner/scan_msg.h"
#include "net/loop.h"
#include "store/vfs.h"

#define SCAN_QUIET_US (120 * SEC)

struct scan;
/* why NULL: verdict and words count; else the file or the scanner could not be reached. */
typedef void scan_cb(void *arg, enum scan_verdict verdict, const char *words,
                     const struct why *why);

/* The file dir/path; all copied.  done comes once, later. */
struct scan *scan_start(struct loop *loop, const struct vfs *vfs, const char *socket,
                        const char *dir, const char *path, scan_cb *done, void *arg);
void scan_cancel(struct scan *s); /* NULL: nothing */

#endif
