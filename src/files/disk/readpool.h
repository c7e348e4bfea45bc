/* files/disk/readpool.h - read ranges of a torrent's stream on the disk lane.
 *
 * Reads run side by side, so the files that are kept open belong to the loop: a read pins those
 * that are open, opens the others itself, and hands them in when it is back. */
#ifndef SHOAL_FILES_DISK_READPOOL_H
#define SHOAL_FILES_DISK_READPOOL_H

#include "files/meta/layout.h"
#include "net/loop.h"
#include "store/vfs.h"

struct readpool;

/* layout, its files and dir outlive the pool and its reads. */
struct readpool *readpool_new(struct loop *loop, const struct vfs *vfs, const char *dir,
                              const struct layout *layout);
/* Bytes of files that are not there may lie in a parts file (files/disk/parts.h).  path outlives
 * the pool and its reads. */
void readpool_use_parts(struct readpool *p, const char *path);
/* Have each file looked at when it was read: seen() is told, from the loop and before done, how it
 * is now; st NULL: it is not there.  Files that are kept open are opened anew every few seconds. */
typedef void readpool_seen_cb(void *arg, size_t file, const struct vfs_stat *st);
void readpool_watch(struct readpool *p, readpool_seen_cb *seen, void *arg);
/* Reads that are under way still answer.  NULL: nothing. */
void readpool_free(struct readpool *p);

/* Read [offset, offset + len) into `to`, which is the reader's until done.  done comes once, from
 * the loop, always: whoever starts a read waits for it.  why->code:
 *     ERR_NOT_FOUND  the bytes are not there: no file, or one that is too short
 *     ERR_IO         they cannot be read
 *     others         (ERR_DENIED, ERR_LIMIT) say nothing about the bytes */
typedef void readpool_cb(void *arg, const struct why *why);
void readpool_read(struct readpool *p, uint64_t offset, size_t len, uint8_t *to, readpool_cb *done,
                   void *arg);

/* Close what is open: files may have changed underneath, or nobody reads. */
void readpool_forget(struct readpool *p);

#endif
