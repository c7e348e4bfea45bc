/* The write job: blocks go to the disk, and what is proven into the record. */
#include "files/disk/data_write_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

enum { JOB_BLOCKS = 512 }; /* 8 MiB: at most this in one write job */

/* --- the write job: on the lane ------------------------------------------------------------- */

struct ref {
    struct part *part;
    uint32_t block;
    uint64_t offset; /* in the stream */
};

struct job {
    struct data *d;
    struct ref *refs;
    struct iovec *iov;
    size_t count;
    struct pieces proven, lost;
    bool make_empty, checked, mark, synced, synced_all, unsynced;
    uint8_t *skip;
    struct disk_dirty dirty;  /* in: of a failed sync; out: of the mark */
    struct judge_file *quiet; /* out, when files have come to rest; else NULL */
    bool wrote, recorded;
    bool still_dirty, still_writing;
    struct why why;
};

static enum err write_blocks(struct job *j)
{
    if (j->count == 0)
        return OK;
    struct disk_range *runs = mem_array(j->count, sizeof *runs);
    size_t n = 0;
    for (size_t i = 0; i < j->count; i++) {
        uint64_t at = j->refs[i].offset;
        if (n == 0 || at != runs[n - 1].offset + runs[n - 1].len)
            runs[n++] = (struct disk_range){.offset = at};
        runs[n - 1].len += j->iov[i].iov_len;
    }
    enum err err = disk_write(j->d->disk, runs, n, j->iov, &j->why);
    free(runs);
    return err;
}

static enum err record(struct job *j)
{
    struct disk *k = j->d->disk;
    for (size_t i = 0; i < j->lost.n; i++)
        disk_lost(k, j->lost.at[i]);
    for (size_t i = 0; i < j->proven.n; i++)
        disk_proven(k, j->proven.at[i]);
    if (j->unsynced)
        disk_unsynced(k, &j->dirty);
    if (j->checked)
        disk_checked(k);
    if (j->synced)
        return disk_synced(k, j->synced_all, &j->why);
    if (!j->mark)
        return disk_append(k, &j->why);
    disk_dirty_done(&j->dirty);
    return disk_mark(k, &j->dirty, &j->why);
}

static void job_work(void *arg)
{
    struct job *j = arg;
    if (j->skip)
        disk_skip(j->d->disk, j->skip);
    if (j->make_empty &&
        (disk_bring_back(j->d->disk, &j->why) != OK || disk_make_empty(j->d->disk, &j->why) != OK))
        return;
    j->make_empty = false;
    if (write_blocks(j) != OK)
        return;
    j->wrote = true;
    if (record(j) != OK)
        return;
    j->recorded = true;
    j->why.code = OK;
    if (j->synced || j->checked) {
        j->quiet = mem_array(j->d->layout.file_count, sizeof *j->quiet);
        disk_quiet(j->d->disk, j->quiet);
    }
    j->still_dirty = disk_is_dirty(j->d->disk);
    j->still_writing = disk_is_writing(j->d->disk);
}

/* --- the write job: on the loop ------------------------------------------------------------- */

static void job_free(struct job *j)
{
    disk_dirty_done(&j->dirty);
    free(j->refs);
    free(j->iov);
    free(j->proven.at);
    free(j->lost.at);
    free(j->skip);
    free(j->quiet);
    free(j);
}

/* Its block is written, or goes back to those that wait for it. */
static void settle_block(const struct ref *r, bool wrote)
{
    struct part *t = r->part;
    t->writing--;
    t->blocks[r->block].state = wrote ? BLOCK_WRITTEN : BLOCK_HELD;
    bool in_hash = t->hashing && r->block >= t->hashed && r->block < t->hashing_to;
    if (wrote) {
        t->written++;
        if (r->block < t->hashed || (t->spilled && !in_hash))
            part_block_drop(t, r->block);
    } else if (!t->waste) {
        part_ready(t);
    }
    part_let_go(t);
}

/* Pieces whose bytes are all on disk: those that are good wait for their record now. */
static void prove_written(struct data *d)
{
    struct part *t;
    for (size_t at = 0; (t = map_next(d->w.parts, &at, NULL, NULL));) {
        if (t->written < t->block_count || bits_get(d->sure, t->piece) || t->recheck || t->doubted)
            continue;
        if (t->good)
            write_prove(d, t->piece);
        else if (t->spilled && !t->hashing)
            hash_recheck(t);
    }
}

static void settle_pieces(struct data *d, const struct job *j)
{
    for (size_t i = 0; i < j->proven.n; i++) {
        uint32_t piece = j->proven.at[i];
        struct part *t = part_get(d, piece);
        if (t)
            part_drop(t);
        bits_clear(d->sure, piece);
        data_gain(d, piece);
    }
    for (size_t i = 0; i < j->proven.n; i++)
        data_emit(d, DATA_PIECE_OK, j->proven.at[i], NULL);
}

/* What the job was to record is still to be recorded. */
static void put_back(struct data *d, struct job *j)
{
    for (size_t i = 0; i < d->w.proven.n; i++)
        pieces_add(&j->proven, d->w.proven.at[i]);
    for (size_t i = 0; i < d->w.lost.n; i++)
        pieces_add(&j->lost, d->w.lost.at[i]);
    free(d->w.proven.at);
    free(d->w.lost.at);
    d->w.proven = j->proven;
    d->w.lost = j->lost;
    j->proven = j->lost = (struct pieces){0};
    d->w.make_empty |= j->make_empty;
    d->w.checked |= j->checked;
    d->w.synced |= j->synced;
    d->w.mark |= j->mark;
    if (j->unsynced) {
        d->w.unsynced = true;
        d->w.dirty = j->dirty;
        j->dirty = (struct disk_dirty){0};
    }
}

static void on_job(void *arg)
{
    struct job *j = arg;
    struct data *d = j->d;
    d->w.running = false;
    for (size_t i = 0; i < j->count; i++)
        settle_block(&j->refs[i], j->wrote);
    if (!d->dead) {
        if (write_is_short(d))
            write_spill(d);
        prove_written(d);
        if (j->recorded) {
            d->w.touched = j->still_dirty || j->still_writing;
            d->w.ours = j->still_writing;
            settle_pieces(d, j);
            if (j->quiet)
                data_left(d, j->quiet);
            for (size_t i = 0; j->mark && i < j->dirty.replaced_count; i++)
                data_replaced(d, j->dirty.replaced[i]);
            if (j->mark)
                sync_start(d, &j->dirty);
            if (j->synced)
                d->w.syncing = false;
            if (j->still_dirty)
                data_write_sync_later(d);
            if (j->checked) {
                d->c.recording = false;
                if (d->c.doubtful && !d->closing)
                    data_look_and_check(d);
                else
                    data_emit(d, DATA_CHECKED, 0, NULL);
            }
        } else {
            put_back(d, j);
            data_fail(d, &j->why);
        }
        write_tell_drained(d);
        data_write_kick(d);
    }
    job_free(j);
    data_let_go(d);
}

/* --- what goes into a job ------------------------------------------------------------------- */

static void take_block(struct job *j, struct part *t, uint32_t block)
{
    t->blocks[block].state = BLOCK_WRITING;
    t->writing++;
    j->refs[j->count++] = (struct ref){
        t, block, layout_piece_at(&t->d->layout, t->piece) + (uint64_t)block * BLOCK_LEN};
}

/* Runs of held blocks: all of them for a whole piece or when memory is short, else the long ones.
 * False when the job is full. */
static bool take_runs(struct job *j, struct part *t, bool all)
{
    for (uint32_t i = 0; i < t->block_count;) {
        uint32_t from = i;
        while (i < t->block_count && t->blocks[i].state == BLOCK_HELD)
            i++;
        if (i - from >= RUN_BLOCKS || (all && i > from)) {
            for (; from < i; from++) {
                if (j->count == JOB_BLOCKS)
                    return false;
                take_block(j, t, from);
            }
        } else if (i == from) {
            i++;
        }
    }
    return true;
}

static int by_offset(const void *a, const void *b)
{
    uint64_t x = ((const struct ref *)a)->offset, y = ((const struct ref *)b)->offset;
    return (x > y) - (x < y);
}

static void take_blocks(struct data *d, struct job *j)
{
    j->refs = mem_array(JOB_BLOCKS, sizeof *j->refs);
    bool full = false;
    LIST_EACH(&d->w.ready, struct part, t, link) {
        full = full || !take_runs(j, t, part_is_whole(t));
        if (!full)
            list_drop(&t->link);
    }
    struct part *t;
    if (write_is_short(d))
        for (size_t at = 0; !full && (t = map_next(d->w.parts, &at, NULL, NULL));)
            full = !take_runs(j, t, true);
    qsort(j->refs, j->count, sizeof *j->refs, by_offset);
    j->iov = mem_array(j->count, sizeof *j->iov);
    for (size_t i = 0; i < j->count; i++)
        j->iov[i] = (struct iovec){j->refs[i].part->blocks[j->refs[i].block].bytes,
                                   part_block_len(j->refs[i].part, j->refs[i].block)};
}

bool data_write_pending(const struct data *d)
{
    const struct data_write *w = &d->w;
    return !list_empty(&w->ready) || w->proven.n > 0 || w->lost.n > 0 || w->make_empty || w->skip ||
           w->checked || w->mark || w->synced || w->unsynced;
}

static void take_notes(struct data *d, struct job *j)
{
    struct data_write *w = &d->w;
    j->proven = w->proven;
    j->lost = w->lost;
    w->proven = w->lost = (struct pieces){0};
    j->make_empty = w->make_empty;
    j->skip = w->skip;
    w->skip = NULL;
    j->checked = w->checked;
    j->unsynced = w->unsynced;
    j->dirty = w->dirty;
    w->dirty = (struct disk_dirty){0};
    j->synced = w->synced;
    j->synced_all = d->closing;
    j->mark = w->mark && !w->synced;
    w->mark = w->mark && w->synced; /* one after the other */
    w->make_empty = w->checked = w->unsynced = w->synced = false;
}

void data_write_kick(struct data *d)
{
    if (!d->opened || d->dead || d->failed || d->w.running)
        return;
    if (!data_write_pending(d) && !write_is_short(d))
        return;
    bool last = d->w.proven.n >= map_count(d->w.parts); /* nothing is on its way: do not wait */
    if (!last && !write_is_due(d, &d->w.writes))
        return;
    struct job *j = MEM_NEW(struct job);
    j->d = d;
    take_blocks(d, j);
    if (j->count == 0 && !data_write_pending(d)) {
        job_free(j);
        return;
    }
    take_notes(d, j);
    why_set(&j->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    d->w.running = true;
    data_hold(d);
    lane_run(d->cfg.loop, LANE_DISK_ORDERED, job_work, on_job, j);
}
