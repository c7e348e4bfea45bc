/* Pieces whose blocks come are hashed, and judged when they are whole. */
#include "files/disk/data_write_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

/* --- a piece is whole ----------------------------------------------------------------------- */

/* Good and on disk: it waits for its record. */
void write_prove(struct data *d, uint32_t piece)
{
    bits_set(d->sure, piece);
    pieces_add(&d->w.proven, piece);
}

void data_write_found(struct data *d, uint32_t piece)
{
    write_prove(d, piece);
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
    write_tell_drained(d);
}

/* Its hash is known.  A bad one is dropped, and t may be gone. */
static void judge_part(struct part *t, const struct piece_sum *sum)
{
    struct data *d = t->d;
    uint32_t piece = t->piece;
    enum piece_verdict verdict = sum ? piece_judge(d->cfg.mi, piece, sum) : PIECE_BAD;
    if (verdict == PIECE_GOOD) {
        t->good = true;
        if (t->written == t->block_count)
            write_prove(d, piece);
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
            hash_recheck(t);
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
void hash_recheck(struct part *t)
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
    part_block_drop(t, block);
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
    write_tell_drained(d);
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
        piece_hash_update(t->hash, t->blocks[i].bytes, part_block_len(t, i));
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

static void take_hashed(struct part *t)
{
    t->hashing = false;
    if (t->waste) {
        part_let_go(t);
        return;
    }
    for (uint32_t i = t->hashed; i < t->hashing_to; i++)
        if (t->blocks[i].state == BLOCK_WRITTEN)
            part_block_drop(t, i);
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
    write_tell_drained(d);
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

void hash_kick(struct data *d)
{
    size_t n = 0;
    LIST_EACH(&d->w.to_hash, struct part, t, to_hash)
        n++;
    if (n == 0 || !write_is_due(d, &d->w.hashes))
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

void hash_more(struct part *t)
{
    if (!list_empty(&t->to_hash) || hashable_to(t) == t->hashed)
        return;
    list_push(&t->d->w.to_hash, &t->to_hash);
    hash_kick(t->d);
}
