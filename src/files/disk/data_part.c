/* Blocks in memory and the pieces that they are of; how much of that may be. */
#include "files/disk/data_write_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

enum {
    GATHER_BYTES = 512 << 10,           /* enough for a job, whenever the last was */
    AHEAD_BYTES = 8 << 20,              /* behind the job that runs: then the disk is behind */
    BUSY_BYTES = DATA_HELD_MAX / 4 * 3, /* data_busy(), and memory is short */
    SPARE_MAX = 128,                    /* 2 MiB a torrent that gets */
    DRAINED_BYTES = DATA_HELD_MAX / 2,  /* DATA_DRAINED */
};
#define GATHER_US (5 * MSEC)

/* --- blocks --------------------------------------------------------------------------------- */

/* malloc() gives memory back to the kernel and takes it again, page fault by page fault, when so
 * much comes and goes. */
struct spare {
    struct spare *next;
};

uint8_t *block_bytes_new(struct data *d)
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

void block_free_spare(struct data *d)
{
    while (d->w.spare)
        free(block_bytes_new(d));
}

/* --- parts ---------------------------------------------------------------------------------- */

struct part *part_get(const struct data *d, uint32_t piece)
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

struct part *part_new(struct data *d, uint32_t piece)
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

size_t part_block_len(const struct part *t, uint32_t block)
{
    size_t left = layout_piece_len(&t->d->layout, t->piece) - (size_t)block * BLOCK_LEN;
    return left < BLOCK_LEN ? left : BLOCK_LEN;
}

void part_block_drop(struct part *t, uint32_t block)
{
    if (!t->blocks[block].bytes)
        return;
    bytes_free(t->d, t->blocks[block].bytes);
    t->blocks[block].bytes = NULL;
    t->d->w.held -= part_block_len(t, block);
}

static void part_free(struct part *t)
{
    for (uint32_t i = 0; i < t->block_count; i++)
        part_block_drop(t, i);
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
void part_drop(struct part *t)
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

void part_let_go(struct part *t)
{
    if (t->waste && !part_is_held(t))
        part_free(t);
}

bool part_is_whole(const struct part *t)
{
    return t->arrived == t->block_count;
}

void part_ready(struct part *t)
{
    if (list_empty(&t->link))
        list_push(&t->d->w.ready, &t->link);
}

/* --- memory --------------------------------------------------------------------------------- */

bool write_is_short(const struct data *d)
{
    return d->w.held >= BUSY_BYTES;
}

/* The disk is slower than the peers: as much as it is writing waits already.  More would not make
 * it faster, only take memory that nobody has touched yet. */
bool write_is_behind(const struct data *d)
{
    return d->w.running && d->w.writes.bytes >= AHEAD_BYTES;
}

bool data_busy(const struct data *d)
{
    return d->w.busy;
}

void write_tell_drained(struct data *d)
{
    if (!d->w.busy || d->w.held > DRAINED_BYTES || write_is_behind(d))
        return;
    d->w.busy = false;
    data_emit(d, DATA_DRAINED, 0, NULL);
}

/* Blocks that are on disk and wait only to be hashed are dropped; the piece is read back later. */
void write_spill(struct data *d)
{
    struct part *t;
    for (size_t at = 0; (t = map_next(d->w.parts, &at, NULL, NULL));) {
        for (uint32_t i = t->hashing ? t->hashing_to : t->hashed; i < t->block_count; i++) {
            if (t->blocks[i].state != BLOCK_WRITTEN || !t->blocks[i].bytes)
                continue;
            part_block_drop(t, i);
            t->spilled = true;
        }
    }
}

/* --- jobs that wait for more ---------------------------------------------------------------- */

static void on_gathered(void *arg)
{
    struct data *d = arg;
    d->w.gather = NULL;
    hash_kick(d);
    data_write_kick(d);
}

/* Whether a job may start now; else on_gathered() comes when it may.  A job wakes a thread and then
 * the loop, which costs more than to hash or to write a small piece.  So what comes within
 * GATHER_US of the last job's start goes into the next, unless it is enough for one before. */
bool write_is_due(struct data *d, struct data_gate *g)
{
    uint64_t now = loop_now_us(d->cfg.loop);
    uint64_t due = g->started_us ? g->started_us + GATHER_US : 0;
    if (now >= due || g->bytes >= GATHER_BYTES || d->closing) {
        *g = (struct data_gate){.started_us = now};
        return true;
    }
    if (!d->w.gather)
        d->w.gather = timer_start(d->cfg.loop, due - now, on_gathered, d);
    return false;
}
