#include "files/disk/sweep.h"

#include "base/mem.h"

enum { BATCH_PIECES = 64 };

/* A row of pieces on its way through the lanes: [piece, end) are still to be told. */
struct slot {
    struct sweep *sweep; /* NULL: the slot is idle */
    uint32_t piece, end;
    bool alone;              /* a read of the row failed: piece by piece, to know which */
    uint32_t hashed_bytes;   /* of `piece` */
    struct piece_hash *hash; /* of those */
    uint8_t *chunk;
    size_t len;
    struct piece_sum digest[BATCH_PIECES]; /* of what the last chunk ended */
    uint32_t digests;
    bool ran;
};

struct sweep {
    struct sweep_cfg cfg;
    uint32_t at;   /* pieces before it are in slots, or done with */
    unsigned busy; /* slots */
    bool stopped;
    struct slot slots[SWEEP_SLOTS];
};

static void next_chunk(struct slot *t);

/* Bytes that this slot reads next, and where they begin. */
static uint64_t range(const struct slot *t, size_t *len)
{
    const struct layout *l = t->sweep->cfg.layout;
    uint64_t from = layout_piece_at(l, t->piece) + t->hashed_bytes;
    uint32_t last = t->alone ? t->piece : t->end - 1;
    uint64_t left = layout_piece_at(l, last) + layout_piece_span(l, last) - from;
    *len = left < SWEEP_CHUNK ? (size_t)left : SWEEP_CHUNK;
    return from;
}

/* Give an idle slot the next row of pieces; false when there is none. */
static bool take(struct sweep *s, struct slot *t)
{
    const struct layout *l = s->cfg.layout;
    uint32_t first = s->at < l->piece_count ? s->cfg.next(s->cfg.arg, s->at) : l->piece_count;
    if (first >= l->piece_count)
        return false;
    uint32_t end = first + 1;
    uint64_t bytes = layout_piece_span(l, first);
    while (end < l->piece_count && end - first < BATCH_PIECES &&
           bytes + layout_piece_span(l, end) <= SWEEP_CHUNK && s->cfg.next(s->cfg.arg, end) == end)
        bytes += layout_piece_span(l, end++);
    s->at = end;
    t->sweep = s;
    t->piece = first;
    t->end = end;
    t->alone = false;
    if (!t->chunk)
        t->chunk = mem_zalloc(SWEEP_CHUNK);
    return true;
}

static void fill_slots(struct sweep *s)
{
    for (size_t i = 0; i < SWEEP_SLOTS && !s->stopped; i++) {
        struct slot *t = &s->slots[i];
        if (t->sweep || !take(s, t))
            continue;
        s->busy++;
        next_chunk(t);
    }
}

static void end(struct sweep *s)
{
    for (size_t i = 0; i < SWEEP_SLOTS; i++) {
        piece_hash_free(s->slots[i].hash);
        free(s->slots[i].chunk);
    }
    struct sweep_cfg cfg = s->cfg;
    free(s);
    cfg.done(cfg.arg);
}

/* The next chunk of the slot's row, or the next row; without either the slot is idle, and the sweep
 * is over when all of them are. */
static void go_on(struct slot *t)
{
    struct sweep *s = t->sweep;
    if (t->piece < t->end && !s->stopped) {
        next_chunk(t);
        return;
    }
    t->sweep = NULL;
    s->busy--;
    fill_slots(s);
    if (s->busy == 0)
        end(s);
}

static void tell(struct slot *t, const struct piece_sum *sum, const struct why *why)
{
    struct sweep *s = t->sweep;
    uint32_t piece = t->piece++;
    t->hashed_bytes = 0;
    if (!s->stopped)
        s->cfg.result(s->cfg.arg, piece, sum, why);
}

/* Bytes from `at` on, of which those behind the file's end are padding. */
static void hash_bytes(struct slot *t, uint32_t piece, uint32_t at, const uint8_t *bytes, size_t n)
{
    uint32_t len = layout_piece_len(t->sweep->cfg.layout, piece);
    size_t left = at < len ? len - at : 0;
    piece_hash_update(t->hash, bytes, n < left ? n : left);
}

static void hash_work(void *arg)
{
    struct slot *t = arg;
    const struct layout *l = t->sweep->cfg.layout;
    uint32_t piece = t->piece, at = t->hashed_bytes;
    for (size_t i = 0; i < t->len;) {
        size_t left = layout_piece_span(l, piece) - at;
        size_t n = left < t->len - i ? left : t->len - i;
        if (!t->hash)
            t->hash = piece_hash_new(l, piece, t->sweep->cfg.leaves != NULL);
        hash_bytes(t, piece, at, t->chunk + i, n);
        i += n;
        at += (uint32_t)n;
        if (n < left)
            break;
        piece_hash_finish(t->hash, &t->digest[t->digests++], t->sweep->cfg.leaves);
        t->hash = NULL;
        piece++;
        at = 0;
    }
    t->hashed_bytes = at;
    t->ran = true;
}

static void on_hashed(void *arg)
{
    struct slot *t = arg;
    if (!t->ran) /* the lane has stopped */
        t->sweep->stopped = true;
    uint32_t partly = t->hashed_bytes;
    for (uint32_t i = 0; i < t->digests; i++)
        tell(t, &t->digest[i], NULL);
    t->hashed_bytes = partly;
    go_on(t);
}

static void on_read(void *arg, const struct why *why)
{
    struct slot *t = arg;
    if (why->code == OK && !t->sweep->stopped) {
        t->digests = 0;
        t->ran = false;
        lane_run(t->sweep->cfg.loop, LANE_CPU, hash_work, on_hashed, t);
        return;
    }
    if (t->end - t->piece > 1 && !t->alone) {
        t->alone = true;
    } else {
        piece_hash_free(t->hash);
        t->hash = NULL;
        tell(t, NULL, why);
    }
    go_on(t);
}

static void next_chunk(struct slot *t)
{
    uint64_t from = range(t, &t->len);
    readpool_read(t->sweep->cfg.pool, from, t->len, t->chunk, on_read, t);
}

static void no_work(void *arg)
{
    (void)arg;
}

/* done must not come from inside sweep_start(), also when there is nothing to do. */
static void on_first_turn(void *arg)
{
    struct sweep *s = arg;
    fill_slots(s);
    if (s->busy == 0)
        end(s);
}

struct sweep *sweep_start(const struct sweep_cfg *cfg)
{
    struct sweep *s = MEM_NEW(struct sweep);
    s->cfg = *cfg;
    lane_run(cfg->loop, LANE_CPU, no_work, on_first_turn, s);
    return s;
}

void sweep_stop(struct sweep *s)
{
    if (s)
        s->stopped = true;
}
