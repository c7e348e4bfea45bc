/* Blocks from peers: held, hashed in order, written in runs, recorded.
 *
 * A block is held until it is both hashed and written, so nothing is read back.  A piece is hashed
 * by chunks as its blocks come in order, on the CPU lane, and written on the ordered disk lane as
 * soon as a run of RUN_BLOCKS is there, or the piece is whole; what gathers while one write job
 * runs, and for some milliseconds (is_due), goes into the next, in the order of the stream, so
 * neighbours are written in one call.
 *
 * When memory runs short (a hole at the front of a large piece, many pieces at once) all that is
 * held is written and dropped, hashed or not; a piece that this happens to is `spilled` and is read
 * back and hashed when it is whole. */
#include "files/disk/data_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

#include <string.h>

enum {
    RUN_BLOCKS = 16,                    /* 256 KiB: hashed at once, and written at once */
    JOB_BLOCKS = 512,                   /* 8 MiB: at most this in one write job */
    AHEAD_BYTES = 4 << 20,              /* a job's worth */
    BUSY_BYTES = DATA_HELD_MAX / 4 * 3, /* data_busy(), and memory is short */
    SPARE_MAX = 128,                    /* 2 MiB a torrent that gets */
    DRAINED_BYTES = DATA_HELD_MAX / 2,  /* DATA_DRAINED */
};
#define DATA_SYNC_US (5 * SEC)
#define GATHER_US (5 * MSEC)

enum block_state { BLOCK_NONE, BLOCK_HELD, BLOCK_WRITING, BLOCK_WRITTEN };

struct block {
    uint8_t *bytes; /* NULL: not in memory */
    enum block_state state;
};

struct part {
    struct data *d;
    uint32_t piece, block_count;
    uint32_t arrived, written;
    uint32_t hashed, hashing_to; /* blocks before these: hashed; in the job that runs */
    struct piece_hash *hash;     /* of [0, hashed) */
    struct piece_sum sum;
    uint8_t *leaves;       /* each block's hash, once the piece's is known and they are; or NULL */
    bool doubted;          /* it is wrong, and which blocks are is to be told by data_mend() */
    bool hashing;          /* a job runs */
    bool good;             /* its hash is right */
    bool spilled;          /* to be read back */
    struct sweep *recheck; /* that reads it back */
    bool waste;            /* bad, or dropped: freed when no lane holds it */
    unsigned writing;      /* blocks in the write job */
    struct link link;      /* in w.ready or w.waste, or in none */
    struct link to_hash;   /* in w.to_hash, or in none */
    struct block blocks[];
};

/* --- blocks --------------------------------------------------------------------------------- */

/* malloc() gives memory back to the kernel and takes it again, page fault by page fault, when so
 * much comes and goes. */
struct spare {
    struct spare *next;
};

static uint8_t *bytes_new(struct data *d)
{
    struct spare *s = d->w.spare;
    if (!s)
        return mem_realloc(NULL, BLOCK_LEN);
    d->w.spare = s->next;
    d->w.spare_n--;
    return (uint8_t *)s;
}

static void bytes_free(struct data *d, void *bytes)
{
    struct spare *s = bytes;
    if (d->w.spare_n == SPARE_MAX) {
        free(s);
        return;
    }
    s->next = d->w.spare;
    d->w.spare = s;
    d->w.spare_n++;
}

static void free_spare(struct data *d)
{
    while (d->w.spare)
        free(bytes_new(d));
}

/* --- parts ---------------------------------------------------------------------------------- */

static struct part *part_get(const struct data *d, uint32_t piece)
{
    return map_get(d->w.parts, &piece, sizeof piece);
}

void data_write_touched(const struct data *d, uint8_t *bits)
{
    struct part *part;
    for (size_t at = 0; (part = map_next(d->w.parts, &at, NULL, NULL));)
        bits_set(bits, part->piece);
    LIST_EACH(&d->w.waste, struct part, t, link)
        bits_set(bits, t->piece);
}

static struct part *part_new(struct data *d, uint32_t piece)
{
    uint32_t blocks = (layout_piece_len(&d->layout, piece) + BLOCK_LEN - 1) / BLOCK_LEN;
    struct part *t = mem_zalloc(sizeof *t + blocks * sizeof *t->blocks);
    t->d = d;
    t->piece = piece;
    t->block_count = blocks;
    list_init(&t->link);
    list_init(&t->to_hash);
    map_put(d->w.parts, &piece, sizeof piece, t);
    bits_set(d->c.touched, piece);
    data_left_unknown(d, piece);
    return t;
}

static size_t block_len(const struct part *t, uint32_t block)
{
    size_t left = layout_piece_len(&t->d->layout, t->piece) - (size_t)block * BLOCK_LEN;
    return left < BLOCK_LEN ? left : BLOCK_LEN;
}

static void block_drop(struct part *t, uint32_t block)
{
    if (!t->blocks[block].bytes)
        return;
    bytes_free(t->d, t->blocks[block].bytes);
    t->blocks[block].bytes = NULL;
    t->d->w.held -= block_len(t, block);
}

static void part_free(struct part *t)
{
    for (uint32_t i = 0; i < t->block_count; i++)
        block_drop(t, i);
    piece_hash_free(t->hash);
    free(t->leaves);
    list_drop(&t->link);
    list_drop(&t->to_hash);
    free(t);
}

static bool part_is_held(const struct part *t)
{
    return t->hashing || t->writing > 0 || t->recheck != NULL;
}

/* Nobody wants it any more; it goes as soon as no lane uses it. */
static void part_drop(struct part *t)
{
    map_drop(t->d->w.parts, &t->piece, sizeof t->piece);
    list_drop(&t->link);
    list_drop(&t->to_hash);
    t->waste = true;
    sweep_stop(t->recheck);
    if (part_is_held(t))
        list_push(&t->d->w.waste, &t->link);
    else
        part_free(t);
}

static void part_let_go(struct part *t)
{
    if (t->waste && !part_is_held(t))
        part_free(t);
}

static bool is_whole(const struct part *t)
{
    return t->arrived == t->block_count;
}

static void ready(struct part *t)
{
    if (list_empty(&t->link))
        list_push(&t->d->w.ready, &t->link);
}

/* --- memory --------------------------------------------------------------------------------- */

static bool is_short(const struct data *d)
{
    return d->w.held >= BUSY_BYTES;
}

/* The disk is slower than the peers: as much as it is writing waits already.  More would not make
 * it faster, only take memory that nobody has touched yet. */
static bool is_behind(const struct data *d)
{
    return d->w.running && d->w.writes.bytes >= AHEAD_BYTES;
}

bool data_busy(const struct data *d)
{
    return d->w.busy;
}

static void tell_drained(struct data *d)
{
    if (!d->w.busy || d->w.held > DRAINED_BYTES || is_behind(d))
        return;
    d->w.busy = false;
    data_emit(d, DATA_DRAINED, 0, NULL);
}

/* Blocks that are on disk and wait only to be hashed are dropped; the piece is read back later. */
static void spill(struct data *d)
{
    struct part *t;
    for (size_t at = 0; (t = map_next(d->w.parts, &at, NULL, NULL));) {
        for (uint32_t i = t->hashing ? t->hashing_to : t->hashed; i < t->block_count; i++) {
            if (t->blocks[i].state != BLOCK_WRITTEN || !t->blocks[i].bytes)
                continue;
            block_drop(t, i);
            t->spilled = true;
        }
    }
}

/* --- jobs that wait for more ---------------------------------------------------------------- */

static void hash_kick(struct data *d);

static void on_gathered(void *arg)
{
    struct data *d = arg;
    d->w.gather = NULL;
    hash_kick(d);
    data_write_kick(d);
}

/* Whether a job may start now; else on_gathered() comes when it may.  A job wakes a thread and then
 * the loop, which costs more than to hash or to write a small piece.  So what comes within
 * GATHER_US of the last job's start goes into the next, if there is not enough for one before. */
static bool is_due(struct data *d, struct data_gate *g)
{
    uint64_t now = loop_now_us(d->cfg.loop);
    uint64_t due = g->started_us ? g->started_us + GATHER_US : 0;
    if (now >= due || g->bytes >= AHEAD_BYTES || d->closing) {
        *g = (struct data_gate){.started_us = now};
        return true;
    }
    if (!d->w.gather)
        d->w.gather = timer_start(d->cfg.loop, due - now, on_gathered, d);
    return false;
}

/* --- a piece is whole ----------------------------------------------------------------------- */

/* Good and on disk: it waits for its record. */
static void prove(struct data *d, uint32_t piece)
{
    bits_set(d->sure, piece);
    pieces_add(&d->w.proven, piece);
}

void data_write_found(struct data *d, uint32_t piece)
{
    prove(d, piece);
    data_write_kick(d);
}

/* Where the hashes of its blocks go; NULL: of one block there is nothing to tell apart.  v1 alone
 * has no use for them unless the piece is wrong, and then it is read back for them. */
static uint8_t *leaves_of(struct part *t, bool back)
{
    if (!t->leaves && (back || t->d->layout.piece_file) && t->block_count > 1)
        t->leaves = mem_array(t->block_count, MERKLE_LEN);
    return t->leaves;
}

static void discard(struct part *t)
{
    struct data *d = t->d;
    part_drop(t);
    tell_drained(d);
}

static void recheck(struct part *t);

/* Its hash is known.  A bad one is dropped, and t may be gone. */
static void judge_part(struct part *t, const struct piece_sum *sum)
{
    struct data *d = t->d;
    uint32_t piece = t->piece;
    enum piece_verdict verdict = sum ? piece_judge(d->cfg.mi, piece, sum) : PIECE_BAD;
    if (verdict == PIECE_GOOD) {
        t->good = true;
        if (t->written == t->block_count)
            prove(d, piece);
        return;
    }
    bool tell_apart = verdict == PIECE_BAD && sum && t->block_count > 1 && !d->closing;
    if (tell_apart && t->leaves) {
        t->doubted = true;
        data_emit(d, DATA_PIECE_DOUBT, piece, NULL);
        return;
    }
    if (tell_apart) {
        t->spilled = true;
        if (t->written == t->block_count)
            recheck(t);
        return;
    }
    discard(t);
    if (verdict == PIECE_TORN) /* nobody is to blame but who made the torrent */
        data_fail_torn(d, piece);
    else
        data_emit(d, DATA_PIECE_BAD, piece, NULL);
}

static uint32_t recheck_next(void *arg, uint32_t from)
{
    struct part *t = arg;
    return from <= t->piece ? t->piece : t->d->layout.piece_count;
}

static void on_recheck(void *arg, uint32_t piece, const struct piece_sum *sum,
                       const struct why *why)
{
    struct part *t = arg;
    (void)piece;
    if (!sum)
        log_warn(t->d->cfg.log, "piece %u cannot be read back: %s", t->piece, why->text);
    if (!t->waste)
        judge_part(t, sum);
}

static void on_rechecked(void *arg)
{
    struct part *t = arg;
    struct data *d = t->d;
    t->recheck = NULL;
    part_let_go(t);
    data_write_kick(d);
    data_let_go(d);
}

/* A spilled piece is all on disk. */
static void recheck(struct part *t)
{
    struct data *d = t->d;
    struct sweep_cfg cfg = {.loop = d->cfg.loop,
                            .pool = d->pool,
                            .layout = &d->layout,
                            .next = recheck_next,
                            .result = on_recheck,
                            .leaves = leaves_of(t, true),
                            .done = on_rechecked,
                            .arg = t};
    data_hold(d);
    t->recheck = sweep_start(&cfg);
}

/* --- which of its blocks are wrong ---------------------------------------------------------- */

const uint8_t *data_doubt(const struct data *d, uint32_t piece)
{
    const struct part *t = part_get(d, piece);
    return t && t->doubted ? t->leaves : NULL;
}

static void block_forget(struct part *t, uint32_t block)
{
    block_drop(t, block);
    t->written -= t->blocks[block].state == BLOCK_WRITTEN;
    t->arrived--;
    t->blocks[block].state = BLOCK_NONE;
}

bool data_mend(struct data *d, uint32_t piece, const uint8_t *bad)
{
    struct part *t = part_get(d, piece);
    if (!t || !t->doubted)
        return false;
    bool keep = bad != NULL;
    for (uint32_t i = 0; keep && i < t->block_count; i++)
        keep = !bits_get(bad, i) || t->blocks[i].state != BLOCK_WRITING;
    if (!keep) {
        discard(t);
        return false;
    }
    for (uint32_t i = 0; i < t->block_count; i++)
        if (bits_get(bad, i))
            block_forget(t, i);
    t->doubted = false;
    t->hashed = 0;
    t->spilled = true; /* what is right is on disk, and is read back with the rest */
    tell_drained(d);
    return true;
}

/* --- hashing -------------------------------------------------------------------------------- */

struct hash_job {
    struct data *d;
    size_t count;
    struct part *parts[];
};

static void hash_part(struct part *t)
{
    if (!t->hash)
        t->hash = piece_hash_new(&t->d->layout, t->piece, false);
    for (uint32_t i = t->hashed; i < t->hashing_to; i++)
        piece_hash_update(t->hash, t->blocks[i].bytes, block_len(t, i));
    if (t->hashing_to < t->block_count)
        return;
    piece_hash_finish(t->hash, &t->sum, leaves_of(t, false));
    t->hash = NULL;
}

static void hash_work(void *arg)
{
    struct hash_job *j = arg;
    for (size_t i = 0; i < j->count; i++)
        hash_part(j->parts[i]);
}

static void hash_more(struct part *t);

static void take_hashed(struct part *t)
{
    t->hashing = false;
    if (t->waste) {
        part_let_go(t);
        return;
    }
    for (uint32_t i = t->hashed; i < t->hashing_to; i++)
        if (t->blocks[i].state == BLOCK_WRITTEN)
            block_drop(t, i);
    t->hashed = t->hashing_to;
    if (t->hashed == t->block_count)
        judge_part(t, &t->sum); /* t may be gone */
    else
        hash_more(t);
}

static void on_hashed(void *arg)
{
    struct hash_job *j = arg;
    struct data *d = j->d;
    for (size_t i = 0; i < j->count; i++)
        take_hashed(j->parts[i]);
    tell_drained(d);
    data_write_kick(d);
    free(j);
    data_let_go(d);
}

/* Where what came in order ends, if it is enough to be worth hashing or the piece is whole; else
 * where it begins. */
static uint32_t hashable_to(const struct part *t)
{
    uint32_t to = t->hashed;
    if (t->hashing || t->spilled || t->waste || t->d->dead)
        return to;
    while (to < t->block_count && t->blocks[to].bytes)
        to++;
    return to == t->block_count || to - t->hashed >= RUN_BLOCKS ? to : t->hashed;
}

static void hash_kick(struct data *d)
{
    size_t n = 0;
    LIST_EACH(&d->w.to_hash, struct part, t, to_hash)
        n++;
    if (n == 0 || !is_due(d, &d->w.hashes))
        return;
    struct hash_job *j = mem_zalloc(sizeof *j + n * sizeof *j->parts);
    j->d = d;
    LIST_EACH(&d->w.to_hash, struct part, t, to_hash) {
        list_drop(&t->to_hash);
        uint32_t to = hashable_to(t);
        if (to == t->hashed)
            continue;
        t->hashing_to = to;
        t->hashing = true;
        j->parts[j->count++] = t;
    }
    data_hold(d);
    lane_run(d->cfg.loop, LANE_CPU, hash_work, on_hashed, j);
}

static void hash_more(struct part *t)
{
    if (!list_empty(&t->to_hash) || hashable_to(t) == t->hashed)
        return;
    list_push(&t->d->w.to_hash, &t->to_hash);
    hash_kick(t->d);
}

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
    t->blocks[i] = (struct block){bytes_new(d), BLOCK_HELD};
    memcpy(t->blocks[i].bytes, bytes, len);
    t->arrived++;
    d->w.held += len;
    d->w.hashes.bytes += len;
    d->w.writes.bytes += len;
    d->w.busy |= is_short(d) || is_behind(d);
    hash_more(t);
    if (is_whole(t) || in_run(t, i))
        ready(t);
    if (!list_empty(&t->link) || is_short(d))
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
            block_drop(t, r->block);
    } else if (!t->waste) {
        ready(t);
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
            prove(d, t->piece);
        else if (t->spilled && !t->hashing)
            recheck(t);
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

static void sync_start(struct data *d, struct disk_dirty *dirty);

static void on_job(void *arg)
{
    struct job *j = arg;
    struct data *d = j->d;
    d->w.running = false;
    for (size_t i = 0; i < j->count; i++)
        settle_block(&j->refs[i], j->wrote);
    if (!d->dead) {
        if (is_short(d))
            spill(d);
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
        tell_drained(d);
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
        full = full || !take_runs(j, t, is_whole(t));
        if (!full)
            list_drop(&t->link);
    }
    struct part *t;
    if (is_short(d))
        for (size_t at = 0; !full && (t = map_next(d->w.parts, &at, NULL, NULL));)
            full = !take_runs(j, t, true);
    qsort(j->refs, j->count, sizeof *j->refs, by_offset);
    j->iov = mem_array(j->count, sizeof *j->iov);
    for (size_t i = 0; i < j->count; i++)
        j->iov[i] = (struct iovec){j->refs[i].part->blocks[j->refs[i].block].bytes,
                                   block_len(j->refs[i].part, j->refs[i].block)};
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
    if (!data_write_pending(d) && !is_short(d))
        return;
    bool last = d->w.proven.n >= map_count(d->w.parts); /* nothing is on its way: do not wait */
    if (!last && !is_due(d, &d->w.writes))
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

/* --- syncing -------------------------------------------------------------------------------- */

struct sync_job {
    struct data *d;
    struct disk_dirty dirty;
    struct why why;
};

static void sync_work(void *arg)
{
    struct sync_job *j = arg;
    if (disk_sync(&j->d->disk_cfg, &j->dirty, &j->why) == OK)
        j->why.code = OK;
}

static void on_sync(void *arg)
{
    struct sync_job *j = arg;
    struct data *d = j->d;
    if (j->why.code == OK) {
        d->w.synced = true;
    } else {
        d->w.syncing = false;
        d->w.unsynced = true;
        d->w.dirty = j->dirty;
        j->dirty = (struct disk_dirty){0};
        data_write_kick(d); /* the record first: it must not wait for data_retry() */
        data_fail(d, &j->why);
    }
    data_write_kick(d);
    disk_dirty_done(&j->dirty);
    free(j);
    data_let_go(d);
}

static void sync_start(struct data *d, struct disk_dirty *dirty)
{
    struct sync_job *j = MEM_NEW(struct sync_job);
    j->d = d;
    j->dirty = *dirty;
    *dirty = (struct disk_dirty){0};
    why_set(&j->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    d->w.syncing = true;
    data_hold(d);
    lane_run(d->cfg.loop, LANE_DISK, sync_work, on_sync, j);
}

static void on_timer(void *arg)
{
    struct data *d = arg;
    d->w.timer = NULL;
    free_spare(d);
    if (d->w.syncing) { /* a slow disk: one at a time */
        data_write_sync_later(d);
        return;
    }
    data_hold(d);
    d->w.mark = true;
    data_write_kick(d);
    data_let_go(d);
}

void data_write_sync_later(struct data *d)
{
    if (!d->w.timer && !d->closing && !d->dead)
        d->w.timer = timer_start(d->cfg.loop, DATA_SYNC_US, on_timer, d);
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
        if (!is_whole(t) || t->doubted || d->dead)
            part_drop(t);
    hash_kick(d);
}

void data_write_done(struct data *d)
{
    struct part *t;
    for (size_t at = 0; (t = map_next(d->w.parts, &at, NULL, NULL));)
        part_drop(t);
    map_free(d->w.parts);
    free_spare(d);
    disk_dirty_done(&d->w.dirty);
    free(d->w.proven.at);
    free(d->w.lost.at);
    free(d->w.skip);
}
