/* files/disk/parts.h - the bytes of files that are not wanted, where their pieces are.
 *
 * A piece that a wanted file shares with an unwanted one is fetched whole, and proven whole.  The
 * unwanted file is not made for that; its bytes go here, into one file beside the resume file.
 * Each byte lies where it lies in the torrent's stream (behind the head), so the file is sparse and
 * takes what is really in it; the head says which pieces have bytes here:
 *     "SHPARTS1" bits:(piece_count + 7) / 8, BEP 3's order, zeros to a multiple of 4096
 * Bytes are written before their bit, and synced before the piece is recorded as synced.
 *
 * When the file becomes wanted its bytes are copied out (data_disk.h).  Reading needs only the
 * path, and may happen on any lane at the same time; all else is the ordered disk lane's. */
#ifndef SHOAL_FILES_DISK_PARTS_H
#define SHOAL_FILES_DISK_PARTS_H

#include "store/vfs.h"

struct parts;

/* Touches nothing yet.  vfs and path (copied) as for vfs_open. */
struct parts *parts_new(const struct vfs *vfs, const char *path, uint32_t piece_count);
void parts_free(struct parts *p); /* NULL: nothing */
/* Which pieces are here, if the file is.  A head that makes no sense: none are. */
void parts_load(struct parts *p);

/* Has it bytes of this piece? */
bool parts_has(const struct parts *p, uint32_t piece);
const uint8_t *parts_bits(const struct parts *p); /* a bit a piece */
/* Bytes at `offset` of the stream; then parts_add() for their pieces. */
MUST_CHECK enum err parts_write(struct parts *p, uint64_t offset, const struct iovec *iov,
                                int count, struct why *why);
MUST_CHECK enum err parts_add(struct parts *p, uint32_t piece, struct why *why);
/* Nothing of it is needed any more; with the last the file goes. */
MUST_CHECK enum err parts_drop(struct parts *p, uint32_t piece, struct why *why);

/* Exactly n bytes; ERR_NOT_FOUND where there are none.  Any thread. */
MUST_CHECK enum err parts_read(const struct vfs *vfs, const char *path, uint32_t piece_count,
                               uint64_t offset, uint8_t *to, size_t n, struct why *why);
/* fdatasync, and of the folder.  ERR_NOT_FOUND: it is gone again.  Any thread. */
MUST_CHECK enum err parts_sync(const struct vfs *vfs, const char *path, struct why *why);

#endif
