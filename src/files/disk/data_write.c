/* Blocks from peers: held, hashed in order, written in runs, recorded.
 *
 * A block is held until it is both hashed and written, so nothing is read back.  A piece is hashed
 * by chunks as its blocks come in order, on the CPU lane, and written on the ordered disk lane as
 * soon as a run of RUN_BLOCKS is there, or the piece is whole; what gathers while one write job
 * runs, and for some milliseconds (write_is_due), goes into the next, in the order of the stream,
 * so neighbours are written in one call.
 *
 * When memory runs short (a hole at the front of a large piece, many pieces at once) all that is
 * held is written and dropped, hashed or not; a piece that this happens to is `spilled` and is read
 * back and hashed when it is whole. */
#include "files/disk/data_write_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

#include <string.h>

/* --- taking blocks -------------------------------------------------------------------------- */

/* Whether the block lies in a run that is long enough to be written. */
static bool in_run(const struct part *t, uint32_t block)
{
    uint32_t from = block, to = block + 1;
    while (from > 0 && to - from < RUN_BLOCKS && t->blocks[from - 1].state == BLOCK_HELD)
        from--;
    while (to < t->block_count && to - from < RUN_BLOCKS && t->blocks[to].state == BLOCK_HELD)
        to++;
    return to - from >= RUN_BLOCKS;
}

bool data_put(struct data *d, uint32_t piece, uint32_t begin, const void *bytes, size_t len)
{
    if (!d->opened || d->closing || d->dead || bits_get(d->have, piece) || bits_get(d->sure, piece))
        return false;
    if (d->w.held + len > DATA_HELD_MAX)
        return false;
    struct part *t = part_get(d, piece);
    if (!t)
        t = part_new(d, piece);
    uint32_t i = begin / BLOCK_LEN;
    if (t->blocks[i].state != BLOCK_NONE)
        return false;
    t->blocks[i] = (struct block){block_bytes_new(d), BLOCK_HELD};
    memcpy(t->blocks[i].bytes, bytes, len);
    t->arrived++;
    d->w.held += len;
    d->w.hashes.bytes += len;
    d->w.writes.bytes += len;
    d->w.busy |= write_is_short(d) || write_is_behind(d);
    hash_more(t);
    if (part_is_whole(t) || in_run(t, i))
        part_ready(t);
    if (!list_empty(&t->link) || write_is_short(d))
        data_write_kick(d);
    return true;
}

void data_skip(struct data *d, const uint8_t *skip)
{
    size_t n = bits_bytes((uint32_t)d->layout.file_count);
    if (d->closing || d->dead)
        return;
    free(d->w.skip);
    d->w.skip = skip ? mem_dup(skip, n) : mem_zalloc(n);
    d->w.make_empty = true;
    data_write_kick(d);
}

bool data_has_block(const struct data *d, uint32_t piece, uint32_t block)
{
    if (bits_get(d->have, piece) || bits_get(d->sure, piece))
        return true;
    const struct part *t = part_get(d, piece);
    return t && t->blocks[block].state != BLOCK_NONE;
}

/* --- lifetime ------------------------------------------------------------------------------- */

void data_write_init(struct data *d)
{
    d->w.parts = map_new(loop_random_u64(d->cfg.loop));
    list_init(&d->w.ready);
    list_init(&d->w.waste);
    list_init(&d->w.to_hash);
}

void data_write_close(struct data *d)
{
    struct part *t;
    for (size_t at = 0; (t = map_next(d->w.parts, &at, NULL, NULL));)
        if (!part_is_whole(t) || t->doubted || d->dead)
            part_drop(t);
    hash_kick(d);
}

void data_write_done(struct data *d)
{
    struct part *t;
    for (size_t at = 0; (t = map_next(d->w.parts, &at, NULL, NULL));)
        part_drop(t);
    map_free(d->w.parts);
    block_free_spare(d);
    disk_dirty_done(&d->w.dirty);
    free(d->w.proven.at);
    free(d->w.lost.at);
    free(d->w.skip);
}
