/* Hash trees of v2: what we lack is asked of peers, what they ask is answered.
 *
 * The hashes of pieces come from the metainfo.  Those of blocks are on no disk: a piece is read and
 * hashed again on lanes, for a few requests at a time. */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/peer/hash_fetch.h"

#include <string.h>

enum {
    GIVES_MAX = 4,      /* questions about blocks answered at once, MERKLE_GROUP blocks each */
    GIVES_PEER_MAX = 1, /* of one peer */
};
#define REFUSED_US (5 * SEC) /* who refused hashes is asked again after that */
#define LATE_US (60 * SEC)   /* who did not answer at all: others have their turn */

bool torrent_lacks_hashes(const struct torrent *t)
{
    return t->hashes && !t->mi->pieces;
}

/* --- asking --------------------------------------------------------------------------------- */

static bool has(const void *arg, uint32_t piece)
{
    const struct member *m = arg;
    return peer_state_has(session_state(m->s), piece);
}

static void ask(struct member *m)
{
    struct torrent *t = m->t;
    struct wire_hash_range r;
    if (!session_is_open(m->s) || !session_is_v2(m->s) || torrent_now(t) < m->refused_until_us)
        return;
    while (hash_fetch_next(t->hashes, m->entry->id, has, m, torrent_now(t), &r))
        session_hashes(m->s, WIRE_HASH_REQUEST, &r);
}

void v2_begin(struct torrent *t)
{
    if (t->mi->v2 && t->mi->v2->missing > 0 && !t->hashes)
        t->hashes = hash_fetch_new(t->mi);
    v2_want(t);
}

static bool may_answer(const struct member *m)
{
    bool v2 = session_is_open(m->s) ? session_is_v2(m->s) : m->entry->by_v2;
    return v2 && torrent_now(m->t) >= m->refused_until_us;
}

/* A connection may be v1's though both could speak v2: who came by a link of v1 learns late that
 * it is a hybrid, and libtorrent upgrades none that is encrypted.  A question about hashes would
 * be a breach of protocol there (libtorrent hangs up on it), so one peer that set v2's bit is
 * dialled again, by v2's name; another, if that one refuses. */
static void want_v2_peer(struct torrent *t)
{
    struct member *found = NULL;
    LIST_EACH(&t->members, struct member, m, link) {
        if (may_answer(m))
            return;
        if (!found && session_is_open(m->s) && session_could_be_v2(m->s) && m->entry->dialable &&
            !m->entry->v2_tried)
            found = m;
    }
    if (!found || !t->hash.has_v2)
        return;
    found->entry->by_v2 = found->entry->v2_tried = found->entry->retry = true;
    session_end(found->s, ERR_STATE, "it is a hybrid: again, by its other name");
}

void v2_want(struct torrent *t)
{
    if (!t->hashes || !torrent_may_connect(t))
        return;
    LIST_EACH(&t->members, struct member, m, link)
        ask(m);
    want_v2_peer(t);
}

void v2_tick(struct torrent *t)
{
    blame_tick(t);
    if (!t->hashes)
        return;
    uint64_t now = torrent_now(t);
    for (uint32_t id; (id = hash_fetch_late(t->hashes, now)) != 0;) {
        LIST_EACH(&t->members, struct member, m, link) {
            if (m->entry->id == id)
                m->refused_until_us = now + LATE_US;
        }
    }
    v2_want(t);
}

/* All hashes are here: the .torrent is whole now, and pieces can be proven. */
static void got_all(struct torrent *t)
{
    bool waited = torrent_lacks_hashes(t);
    hash_fetch_free(t->hashes);
    t->hashes = NULL;
    log_info(t->log, "the hashes of all pieces are here");
    t->env->got_info(t->env->node, t);
    if (waited && !t->error_stays && !t->blocked)
        torrent_open_data(t);
    torrent_changed(t);
}

static void on_hashes(struct member *m, const struct wire_hash_range *r)
{
    struct torrent *t = m->t;
    struct why why;
    enum err err = t->hashes ? hash_fetch_take(t->hashes, m->entry->id, r, &why) : ERR_STATE;
    if (err == ERR_STATE) {
        if (++m->unasked_hashes > HASH_FETCH_PEER_MAX)
            session_end(m->s, ERR_INVALID, "sends hashes that nobody asked for");
    } else if (err != OK) {
        torrent_peers_ban(t->peers, &m->entry->addr);
        session_end(m->s, err, "%s", why.text);
        v2_want(t);
    } else if (hash_fetch_done(t->hashes)) {
        got_all(t);
    } else {
        ask(m);
    }
}

static void on_reject(struct member *m, const struct wire_hash_range *r)
{
    if (!m->t->hashes || !hash_fetch_reject(m->t->hashes, m->entry->id, r))
        return;
    m->refused_until_us = torrent_now(m->t) + REFUSED_US;
    v2_want(m->t);
}

/* --- giving --------------------------------------------------------------------------------- */

/* A request that waits for the blocks of a piece, or of several side by side, to be hashed. */
struct give {
    struct link link;
    struct torrent *t;
    struct member *m; /* NULL: gone */
    struct merkle_range range;
    size_t file;
    uint32_t first, end; /* the file's pieces whose blocks the range is of; those that have bytes */
    uint32_t span;       /* pieces of the range, with those that have none */
    uint32_t next;       /* to be hashed */
    unsigned uncles;
    struct buf leaves;
    struct wire_hash_range asked;
    uint8_t root[MERKLE_LEN];
};

static void refuse(struct member *m, const struct wire_hash_range *r)
{
    struct wire_hash_range no = *r;
    no.hashes = cur_of(NULL, 0);
    session_hashes(m->s, WIRE_HASH_REJECT, &no);
}

static void answer(struct member *m, const struct wire_hash_range *r, const struct buf *hashes)
{
    struct wire_hash_range all = *r;
    all.hashes = buf_cur(hashes);
    session_hashes(m->s, WIRE_HASHES, &all);
}

/* BEP 52: "A proof layer is omitted if the requested hashes include the entire child layer.  In
 * other words, the first log2(length)-1 proof layers" are. */
static bool count_uncles(const struct merkle_range *r, uint32_t proofs, unsigned *uncles)
{
    unsigned width = merkle_height(r->count);
    *uncles = proofs + 1 > width ? proofs + 1 - width : 0;
    return proofs < r->height - r->base && *uncles <= merkle_uncles(r);
}

static void put_layer(const struct torrent *t, size_t file, const struct merkle_range *r,
                      unsigned uncles, struct buf *out)
{
    const struct mi_v2 *v2 = t->mi->v2;
    merkle_put(out, r, uncles, v2->layer + (size_t)mi_v2_first_piece(t->mi, file) * MERKLE_LEN,
               mi_v2_pieces(t->mi, file), v2->file[file].groups);
}

/* Blocks' hashes, their uncles within the piece, then those of the pieces. */
static void put_leaves(const struct give *g, struct buf *out)
{
    const struct metainfo *mi = g->t->mi;
    unsigned layer = mi_v2_piece_layer(mi);
    unsigned up = layer + merkle_height(g->span);
    up = g->range.height < up ? g->range.height : up;
    struct merkle_range inside = {up, 0, g->range.index - ((uint64_t)g->first << layer),
                                  g->range.count};
    unsigned low = g->uncles < merkle_uncles(&inside) ? g->uncles : merkle_uncles(&inside);
    merkle_put(out, &inside, low, buf_bytes(&g->leaves), buf_len(&g->leaves) / MERKLE_LEN, NULL);
    if (g->uncles == low)
        return;
    struct merkle_range above = {g->range.height, layer, g->first, g->span};
    struct buf proof = {0};
    put_layer(g->t, g->file, &above, g->uncles - low, &proof);
    buf_eat(&proof, (size_t)g->span * MERKLE_LEN); /* the pieces' own, which the blocks make */
    buf_put(out, buf_bytes(&proof), buf_len(&proof));
    buf_done(&proof);
}

static void give_free(struct give *g)
{
    list_drop(&g->link);
    buf_done(&g->leaves);
    free(g);
}

static void hash_next(struct give *g);

static void on_leaves(void *arg, const uint8_t *leaves, size_t n)
{
    struct give *g = arg;
    if (!g->m) { /* the torrent may be gone, too */
        give_free(g);
        return;
    }
    if (!leaves) {
        refuse(g->m, &g->asked);
        give_free(g);
        return;
    }
    buf_put(&g->leaves, leaves, n * MERKLE_LEN);
    if (++g->next < g->end) {
        hash_next(g);
        return;
    }
    struct buf hashes = {0};
    put_leaves(g, &hashes);
    answer(g->m, &g->asked, &hashes);
    buf_done(&hashes);
    give_free(g);
}

static void hash_next(struct give *g)
{
    data_leaves(g->t->data, mi_v2_first_piece(g->t->mi, g->file) + g->next, on_leaves, g);
}

static bool may_give(const struct member *m)
{
    unsigned all = 0, its = 0;
    LIST_EACH(&m->t->gives, struct give, g, link) {
        all++;
        its += g->m == m;
    }
    return all < GIVES_MAX && its < GIVES_PEER_MAX;
}

static bool has_all(const struct torrent *t, size_t file, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        if (!data_has(t->data, mi_v2_first_piece(t->mi, file) + i))
            return false;
    return true;
}

/* Hashes of blocks, all of pieces that we have. */
static bool give_leaves(struct member *m, size_t file, const struct merkle_range *range,
                        unsigned uncles, const struct wire_hash_range *r)
{
    struct torrent *t = m->t;
    uint32_t blocks = t->mi->piece_len / BLOCK_LEN, count = mi_v2_pieces(t->mi, file);
    uint32_t span = range->count > blocks ? range->count / blocks : 1;
    uint64_t first = range->index / blocks, end = first + span < count ? first + span : count;
    bool above = uncles > 0 && range->height > mi_v2_piece_layer(t->mi);
    if (first >= count || !may_give(m) || !t->opened ||
        !has_all(t, file, (uint32_t)first, (uint32_t)end) ||
        (above && !t->mi->v2->file[file].known))
        return false;
    struct give *g = MEM_NEW(struct give);
    *g = (struct give){.t = t,
                       .m = m,
                       .range = *range,
                       .file = file,
                       .first = (uint32_t)first,
                       .end = (uint32_t)end,
                       .span = span,
                       .next = (uint32_t)first,
                       .uncles = uncles,
                       .asked = *r};
    memcpy(g->root, r->root, MERKLE_LEN);
    g->asked.root = g->root;
    list_push(&t->gives, &g->link);
    hash_next(g);
    return true;
}

static void on_request(struct member *m, const struct wire_hash_range *r)
{
    const struct torrent *t = m->t;
    const struct metainfo *mi = t->mi;
    size_t file;
    unsigned uncles;
    if (!mi_v2_find(mi, r->root, &file)) {
        refuse(m, r);
        return;
    }
    struct merkle_range range = {mi_v2_height(mi, file), r->base, r->index, r->count};
    bool fits = merkle_range_fits(&range) && r->count <= MERKLE_GROUP &&
                count_uncles(&range, r->proofs, &uncles);
    if (fits && r->base == mi_v2_piece_layer(mi) && mi->v2->file[file].known &&
        range.height > r->base) {
        struct buf hashes = {0};
        put_layer(t, file, &range, uncles, &hashes);
        answer(m, r, &hashes);
        buf_done(&hashes);
    } else if (!fits || r->base != 0 || !give_leaves(m, file, &range, uncles, r)) {
        refuse(m, r);
    }
}

void v2_message(struct member *m, enum wire_type type, const struct wire_hash_range *r)
{
    if (type == WIRE_HASH_REQUEST)
        on_request(m, r);
    else if (blame_answer(m, type, r))
        return; /* of a block's hashes */
    else if (type == WIRE_HASHES)
        on_hashes(m, r);
    else
        on_reject(m, r);
}

void v2_forget(struct member *m)
{
    if (m->t->hashes)
        hash_fetch_gone(m->t->hashes, m->entry->id);
    LIST_EACH(&m->t->gives, struct give, g, link) {
        if (g->m == m)
            g->m = NULL;
    }
    blame_forget(m);
}

void v2_done(struct torrent *t)
{
    LIST_EACH(&t->gives, struct give, g, link) { /* the data answers them, after us */
        list_drop(&g->link);
        list_init(&g->link);
        g->m = NULL;
    }
    hash_fetch_free(t->hashes);
    t->hashes = NULL;
}
