/* A piece came from several peers and is wrong: which block is, and so who lies.
 *
 * v2: a peer that has the piece is asked for the hashes of its blocks (BEP 52, "hash request" with
 * base layer 0).  They are proven by the piece's own hash, so the answer cannot lie: the senders of
 * blocks that differ are banned, those blocks are fetched again, the others stay.
 *
 * v1, and where nobody tells: the hashes of what came are kept with who sent it, and all senders
 * are on parole.  When the piece has come right, whoever sent a block that differs from it is
 * banned, and the others are not suspected for it any more. */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"
#include "files/meta/metainfo_v2.h"

#include <string.h>

enum {
    DOUBTS_MAX = 16, /* at once; more are settled by parole */
    TRIES_MAX = 4,   /* peers asked of one piece */
    LIARS_MAX = 16,  /* of one piece */
    WRONG_MAX = 16,  /* pieces whose blocks are remembered; MERKLE_GROUP blocks each at most */
};
#define BLAME_WAIT_US (10 * SEC) /* then another is asked */

struct doubt {
    struct link link;
    uint32_t piece;
    struct merkle_range range;
    uint32_t blocks;           /* that have bytes */
    const uint8_t *root;       /* of the file's tree, in the metainfo */
    uint32_t asked[TRIES_MAX]; /* ids of peers; the last is waited for */
    size_t tries;
    uint64_t since_us;
};

static void doubt_free(struct doubt *d)
{
    list_drop(&d->link);
    free(d);
}

/* --- what came is remembered ---------------------------------------------------------------- */

struct wrong {
    struct link link;
    struct torrent *t; /* NULL: gone while the right hashes were read */
    bool reading;
    uint32_t piece, blocks;
    uint32_t *senders; /* of each block */
    uint8_t *came;     /* its hash */
};

static void wrong_free(struct wrong *w)
{
    list_drop(&w->link);
    free(w->senders);
    free(w->came);
    free(w);
}

static void remember(struct torrent *t, uint32_t piece)
{
    const uint8_t *came = data_doubt(t->data, piece);
    uint32_t ids[2], blocks = (metainfo_piece_len(t->mi, piece) + BLOCK_LEN - 1) / BLOCK_LEN;
    size_t n = 0;
    LIST_EACH(&t->wrong, struct wrong, other, link)
        n++;
    if (!came || !t->picker || n == WRONG_MAX || blocks > MERKLE_GROUP ||
        picker_senders(t->picker, piece, ids, 2) < 2)
        return;
    struct wrong *w = MEM_NEW(struct wrong);
    w->t = t;
    w->piece = piece;
    w->blocks = blocks;
    w->senders = mem_array(blocks, sizeof *w->senders);
    w->came = mem_dup(came, (size_t)blocks * MERKLE_LEN);
    for (uint32_t i = 0; i < blocks; i++)
        w->senders[i] = picker_sender(t->picker, piece, i);
    list_push(&t->wrong, &w->link);
}

static bool is_among(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void add_once(uint32_t *ids, size_t *n, uint32_t id)
{
    if (id != 0 && *n < LIARS_MAX && !is_among(ids, *n, id))
        ids[(*n)++] = id;
}

static void ban_all(struct torrent *t, const uint32_t *liars, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        swarm_ban(t, liars[i]);
        web_blame(t, liars[i], true);
    }
}

/* Each of those whose blocks were right is suspected of one piece less. */
static void acquit(const struct wrong *w, const uint32_t *liars, size_t liar_count)
{
    uint32_t done[LIARS_MAX];
    size_t n = 0;
    for (uint32_t i = 0; i < w->blocks; i++) {
        uint32_t id = w->senders[i];
        struct peer_entry *e = torrent_peers_by_id(w->t->peers, id);
        if (!e || is_among(liars, liar_count, id) || is_among(done, n, id))
            continue;
        add_once(done, &n, id);
        e->suspicion -= e->suspicion > 0;
    }
}

static void on_truth(void *arg, const uint8_t *truth, size_t n)
{
    struct wrong *w = arg;
    uint32_t liars[LIARS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; w->t && truth && i < w->blocks && i < n; i++) {
        size_t at = (size_t)i * MERKLE_LEN;
        if (memcmp(w->came + at, truth + at, MERKLE_LEN) != 0)
            add_once(liars, &count, w->senders[i]);
    }
    if (w->t && truth) {
        log_debug(w->t->log, "piece %u is right now: %zu peers had sent wrong blocks of it",
                  w->piece, count);
        acquit(w, liars, count);
        ban_all(w->t, liars, count);
    }
    wrong_free(w);
}

void blame_compare(struct torrent *t, uint32_t piece)
{
    LIST_EACH(&t->wrong, struct wrong, w, link) {
        if (w->piece != piece || w->reading)
            continue;
        w->reading = true;
        data_leaves(t->data, piece, on_truth, w);
    }
}

static void drop_piece(struct torrent *t, uint32_t piece)
{
    remember(t, piece);
    data_mend(t->data, piece, NULL);
    swarm_piece_bad(t, piece);
}

/* Nobody tells. */
static void give_up(struct torrent *t, struct doubt *d)
{
    uint32_t piece = d->piece;
    bool there = t->opened && data_doubt(t->data, piece);
    doubt_free(d);
    if (there)
        drop_piece(t, piece);
}

/* --- asking --------------------------------------------------------------------------------- */

static bool was_asked(const struct doubt *d, uint32_t id)
{
    return is_among(d->asked, d->tries, id);
}

static struct member *whom_to_ask(const struct torrent *t, const struct doubt *d)
{
    LIST_EACH(&t->members, struct member, m, link) {
        if (session_is_open(m->s) && session_is_v2(m->s) && !was_asked(d, m->entry->id) &&
            peer_state_has(session_state(m->s), d->piece))
            return m;
    }
    return NULL;
}

static struct wire_hash_range wire_of(const struct doubt *d)
{
    return (struct wire_hash_range){.root = d->root,
                                    .base = d->range.base,
                                    .index = (uint32_t)d->range.index,
                                    .count = d->range.count};
}

static void ask_next(struct torrent *t, struct doubt *d)
{
    struct member *m = d->tries < TRIES_MAX ? whom_to_ask(t, d) : NULL;
    if (!m) {
        give_up(t, d);
        return;
    }
    struct wire_hash_range r = wire_of(d);
    d->asked[d->tries++] = m->entry->id;
    d->since_us = torrent_now(t);
    session_hashes(m->s, WIRE_HASH_REQUEST, &r);
}

static struct doubt *doubt_new(struct torrent *t, uint32_t piece)
{
    const struct metainfo *mi = t->mi;
    size_t file = mi->v2->piece_file[piece];
    unsigned height = mi_v2_height(mi, file), layer = mi_v2_piece_layer(mi);
    unsigned up = height < layer ? height : layer;
    struct doubt *d = MEM_NEW(struct doubt);
    d->piece = piece;
    d->root = mi->v2->file[file].root;
    d->blocks = (metainfo_piece_len(mi, piece) + BLOCK_LEN - 1) / BLOCK_LEN;
    d->range.height = up; /* of the piece alone: its hash is known */
    d->range.index = (uint64_t)(piece - mi_v2_first_piece(mi, file)) << up;
    d->range.count = UINT32_C(1) << up;
    list_push(&t->doubts, &d->link);
    return d;
}

void blame_piece(struct torrent *t, uint32_t piece)
{
    uint32_t ids[2];
    size_t n = 0;
    LIST_EACH(&t->doubts, struct doubt, d, link)
        n++;
    bool several = t->picker && picker_senders(t->picker, piece, ids, 2) > 1;
    bool fits = t->mi->piece_len / BLOCK_LEN <= MERKLE_GROUP; /* one question */
    if (t->mi->v2 && several && fits && n < DOUBTS_MAX)
        ask_next(t, doubt_new(t, piece));
    else
        drop_piece(t, piece);
}

/* --- what comes of it ----------------------------------------------------------------------- */

/* The doubt that waits for this answer of this peer; NULL: none. */
static struct doubt *find(const struct torrent *t, uint32_t id, const struct wire_hash_range *r)
{
    LIST_EACH(&t->doubts, struct doubt, d, link) {
        struct wire_hash_range want = wire_of(d);
        if (d->asked[d->tries - 1] == id && memcmp(want.root, r->root, MERKLE_LEN) == 0 &&
            want.base == r->base && want.index == r->index && want.count == r->count)
            return d;
    }
    return NULL;
}

static bool proves(const struct torrent *t, const struct doubt *d, struct cur hashes)
{
    uint8_t node[MERKLE_LEN];
    const uint8_t *want = mi_v2_piece(t->mi, d->piece);
    if (!want || hashes.n < (size_t)d->range.count * MERKLE_LEN)
        return false;
    merkle_node(hashes.p, d->blocks, 0, d->range.height, 0, node);
    return memcmp(node, want, MERKLE_LEN) == 0;
}

/* The blocks that differ are free again; returns how many liars sent them. */
static size_t part_blocks(struct torrent *t, const struct doubt *d, const uint8_t *truth,
                          uint32_t *liars)
{
    const uint8_t *came = data_doubt(t->data, d->piece);
    uint8_t *bad = mem_zalloc(bits_bytes(d->blocks));
    size_t n = 0;
    for (uint32_t i = 0; i < d->blocks; i++) {
        size_t at = (size_t)i * MERKLE_LEN;
        if (memcmp(came + at, truth + at, MERKLE_LEN) == 0)
            continue;
        bits_set(bad, i);
        add_once(liars, &n, picker_sender(t->picker, d->piece, i));
    }
    bool kept = data_mend(t->data, d->piece, bad);
    for (uint32_t i = 0; i < d->blocks; i++) {
        if (kept && !bits_get(bad, i))
            continue;
        picker_block_failed(t->picker, d->piece, i);
        t->wasted += BLOCK_LEN;
    }
    free(bad);
    return n;
}

static void settle(struct torrent *t, struct doubt *d, const uint8_t *truth)
{
    uint32_t liars[LIARS_MAX];
    if (!t->opened || !t->picker || !data_doubt(t->data, d->piece)) {
        give_up(t, d);
        return;
    }
    size_t n = part_blocks(t, d, truth, liars);
    log_debug(t->log, "piece %u: the wrong blocks are of %zu peers", d->piece, n);
    doubt_free(d);
    ban_all(t, liars, n);
    swarm_fill(t);
}

bool blame_answer(struct member *m, enum wire_type type, const struct wire_hash_range *r)
{
    struct torrent *t = m->t;
    struct doubt *d = find(t, m->entry->id, r);
    if (!d)
        return false;
    if (type == WIRE_HASHES && proves(t, d, r->hashes)) {
        settle(t, d, r->hashes.p);
        return true;
    }
    if (type == WIRE_HASHES) {
        torrent_peers_ban(t->peers, &m->entry->addr);
        session_end(m->s, ERR_INVALID, "sent hashes that do not lead to the piece's");
    }
    ask_next(t, d);
    return true;
}

void blame_tick(struct torrent *t)
{
    LIST_EACH(&t->doubts, struct doubt, d, link) {
        if (torrent_now(t) - d->since_us > BLAME_WAIT_US)
            ask_next(t, d);
    }
}

void blame_forget(struct member *m)
{
    LIST_EACH(&m->t->doubts, struct doubt, d, link) {
        if (d->asked[d->tries - 1] == m->entry->id)
            ask_next(m->t, d);
    }
}

void blame_done(struct torrent *t)
{
    LIST_EACH(&t->doubts, struct doubt, d, link)
        doubt_free(d);
    LIST_EACH(&t->wrong, struct wrong, w, link) {
        w->t = NULL;
        list_drop(&w->link);
        if (!w->reading) /* else on_truth() does it */
            wrong_free(w);
    }
}
