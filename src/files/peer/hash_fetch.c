#include "files/peer/hash_fetch.h"

#include "base/mem.h"

#include <string.h>

enum { LOOK_MAX = 256 }; /* ranges looked at for one peer */

enum chunk_state { CHUNK_WANTED, CHUNK_ASKED, CHUNK_GOT };

/* Up to MERKLE_GROUP hashes of a file's piece layer. */
struct chunk {
    uint32_t file, index;
    enum chunk_state state;
    uint32_t peer;     /* asked of */
    uint64_t since_us; /* asked */
};

struct hash_fetch {
    struct metainfo *mi;
    struct chunk *chunks;
    size_t count;
    size_t next;    /* no wanted one is before it */
    uint32_t *left; /* of each file: chunks not got */
    size_t asked[HASH_FETCH_ALL_MAX];
    size_t asked_n;
};

/* Chunks of all missing files; counted when `chunks` is NULL. */
static size_t list_chunks(const struct metainfo *mi, struct chunk *chunks, uint32_t *left)
{
    size_t n = 0;
    for (size_t file = mi_v2_next_missing(mi, 0); file < mi->file_count;
         file = mi_v2_next_missing(mi, file + 1))
        for (uint32_t i = 0; i < mi_v2_pieces(mi, file); i += MERKLE_GROUP, n++) {
            if (!chunks)
                continue;
            chunks[n] = (struct chunk){.file = (uint32_t)file, .index = i};
            left[file]++;
        }
    return n;
}

struct hash_fetch *hash_fetch_new(struct metainfo *mi)
{
    struct hash_fetch *f = MEM_NEW(struct hash_fetch);
    f->mi = mi;
    f->left = mem_array(mi->file_count, sizeof *f->left);
    f->count = list_chunks(mi, NULL, NULL);
    f->chunks = mem_array(f->count, sizeof *f->chunks);
    list_chunks(mi, f->chunks, f->left);
    return f;
}

void hash_fetch_free(struct hash_fetch *f)
{
    if (!f)
        return;
    free(f->chunks);
    free(f->left);
    free(f);
}

bool hash_fetch_done(const struct hash_fetch *f)
{
    return f->mi->v2->missing == 0;
}

/* --- what is asked -------------------------------------------------------------------------- */

static struct merkle_range range_of(const struct hash_fetch *f, const struct chunk *c)
{
    unsigned height = mi_v2_height(f->mi, c->file), base = mi_v2_piece_layer(f->mi);
    uint64_t width = UINT64_C(1) << (height - base);
    return (struct merkle_range){
        .height = height,
        .base = base,
        .index = c->index,
        .count = width < MERKLE_GROUP ? (uint32_t)width : MERKLE_GROUP,
    };
}

static struct wire_hash_range wire_of(const struct hash_fetch *f, const struct chunk *c)
{
    struct merkle_range r = range_of(f, c);
    return (struct wire_hash_range){
        .root = f->mi->v2->file[c->file].root,
        .base = r.base,
        .index = (uint32_t)r.index,
        .count = r.count,
        .proofs = r.height - r.base - 1, /* all below the root, which we have */
    };
}

static bool may_have(const struct hash_fetch *f, const struct chunk *c,
                     bool (*has)(const void *arg, uint32_t piece), const void *arg)
{
    uint32_t first = mi_v2_first_piece(f->mi, c->file) + c->index;
    uint32_t left = mi_v2_pieces(f->mi, c->file) - c->index;
    for (uint32_t i = 0; i < left && i < MERKLE_GROUP; i++)
        if (has(arg, first + i))
            return true;
    return false;
}

bool hash_fetch_next(struct hash_fetch *f, uint32_t id,
                     bool (*has)(const void *arg, uint32_t piece), const void *arg, uint64_t now_us,
                     struct wire_hash_range *out)
{
    size_t its = 0, looked = 0;
    for (size_t i = 0; i < f->asked_n; i++)
        its += f->chunks[f->asked[i]].peer == id;
    if (its >= HASH_FETCH_PEER_MAX || f->asked_n == HASH_FETCH_ALL_MAX)
        return false;
    while (f->next < f->count && f->chunks[f->next].state == CHUNK_GOT)
        f->next++;
    for (size_t i = f->next; i < f->count && looked < LOOK_MAX; i++, looked++) {
        struct chunk *c = &f->chunks[i];
        if (c->state != CHUNK_WANTED || !may_have(f, c, has, arg))
            continue;
        c->state = CHUNK_ASKED;
        c->peer = id;
        c->since_us = now_us;
        f->asked[f->asked_n++] = i;
        *out = wire_of(f, c);
        return true;
    }
    return false;
}

/* --- what comes of it ----------------------------------------------------------------------- */

static void not_asked(struct hash_fetch *f, size_t at, enum chunk_state state)
{
    f->chunks[f->asked[at]].state = state;
    f->asked[at] = f->asked[--f->asked_n];
}

/* Which of the ranges asked of the peer this is; asked_n: none. */
static size_t find(const struct hash_fetch *f, uint32_t id, const struct wire_hash_range *r)
{
    for (size_t i = 0; i < f->asked_n; i++) {
        const struct chunk *c = &f->chunks[f->asked[i]];
        struct wire_hash_range want = wire_of(f, c);
        if (c->peer == id && memcmp(want.root, r->root, MERKLE_LEN) == 0 && want.base == r->base &&
            want.index == r->index && want.count == r->count && want.proofs == r->proofs)
            return i;
    }
    return f->asked_n;
}

/* Proven: to its place.  The last of a file makes its layer known. */
static enum err keep(struct hash_fetch *f, const struct chunk *c, const uint8_t *hashes,
                     struct why *why)
{
    uint32_t left = mi_v2_pieces(f->mi, c->file) - c->index;
    size_t n = left < MERKLE_GROUP ? left : MERKLE_GROUP;
    uint8_t *layer = f->mi->v2->layer + (size_t)mi_v2_first_piece(f->mi, c->file) * MERKLE_LEN;
    memcpy(layer + (size_t)c->index * MERKLE_LEN, hashes, n * MERKLE_LEN);
    return --f->left[c->file] > 0 ? OK : mi_v2_add_layer(f->mi, c->file, layer, why);
}

enum err hash_fetch_take(struct hash_fetch *f, uint32_t id, const struct wire_hash_range *r,
                         struct why *why)
{
    size_t at = find(f, id, r);
    if (at == f->asked_n)
        return why_set(why, ERR_STATE, "sent hashes that were not asked for");
    const struct chunk *c = &f->chunks[f->asked[at]];
    struct merkle_range range = range_of(f, c);
    bool right = r->hashes.n == (r->count + merkle_uncles(&range)) * (size_t)MERKLE_LEN &&
                 merkle_proves(&range, r->hashes.p, mi_v2_pieces(f->mi, c->file), r->root);
    not_asked(f, at, right ? CHUNK_GOT : CHUNK_WANTED);
    if (!right)
        return why_set(why, ERR_INVALID, "sent hashes that do not lead to the file's root");
    return keep(f, c, r->hashes.p, why);
}

bool hash_fetch_reject(struct hash_fetch *f, uint32_t id, const struct wire_hash_range *r)
{
    size_t at = find(f, id, r);
    if (at == f->asked_n)
        return false;
    not_asked(f, at, CHUNK_WANTED);
    return true;
}

void hash_fetch_gone(struct hash_fetch *f, uint32_t id)
{
    for (size_t i = f->asked_n; i-- > 0;)
        if (f->chunks[f->asked[i]].peer == id)
            not_asked(f, i, CHUNK_WANTED);
}

uint32_t hash_fetch_late(struct hash_fetch *f, uint64_t now_us)
{
    for (size_t i = 0; i < f->asked_n; i++) {
        const struct chunk *c = &f->chunks[f->asked[i]];
        uint32_t id = c->peer;
        if (now_us - c->since_us <= HASH_FETCH_WAIT_US)
            continue;
        hash_fetch_gone(f, id);
        return id;
    }
    return 0;
}
