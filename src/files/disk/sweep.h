/* files/disk/sweep.h - read pieces from the disk and hash them, several at once.
 *
 * For checking what is on disk and for making torrents.  The owner says which piece is next, the
 * sweep reads it on the disk lane in chunks of SWEEP_CHUNK, hashes each on the CPU lane, and tells
 * the piece's hashes.  Small pieces are read several at a time.  At most SWEEP_SLOTS chunks are in
 * memory. */
#ifndef SHOAL_FILES_DISK_SWEEP_H
#define SHOAL_FILES_DISK_SWEEP_H

#include "files/disk/readpool.h"
#include "files/meta/layout.h"
#include "files/meta/piece_sum.h"

enum { SWEEP_CHUNK = 1024 * 1024, SWEEP_SLOTS = 4 };

struct sweep_cfg {
    struct loop *loop;
    struct readpool *pool; /* this and the layout are needed until done */
    const struct layout *layout;
    /* The first piece to hash at or after `from`, which rises; piece_count when there is none. */
    uint32_t (*next)(void *arg, uint32_t from);
    /* sum: NULL when it could not be read, and why.  In the order in which they get ready. */
    void (*result)(void *arg, uint32_t piece, const struct piece_sum *sum, const struct why *why);
    /* Of a sweep of one piece: where the hashes of its blocks go; NULL: nowhere. */
    uint8_t *leaves;
    void (*done)(void *arg); /* once, always; the handle is dead, and nothing runs any more */
    void *arg;
};

struct sweep;
/* cfg is copied.  Owned by itself until done. */
struct sweep *sweep_start(const struct sweep_cfg *cfg);
/* No more results; done comes as soon as the lanes let go.  NULL: nothing. */
void sweep_stop(struct sweep *s);

#endif
