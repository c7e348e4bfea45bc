#include "files/meta/piece_sum.h"

#include "base/mem.h"
#include "files/meta/metainfo_v2.h"

#include <string.h>

struct piece_hash {
    const struct layout *l;
    uint32_t piece;
    struct sha1 *sha1;     /* NULL: v2 alone */
    struct sha256 *sha256; /* of the block that is not whole yet */
    size_t in_block;       /* bytes of that */
    uint8_t *leaves;       /* NULL: v1 alone, and nobody asks */
    size_t leaf_count;
};

static size_t blocks_of(const struct layout *l, uint32_t piece)
{
    return (layout_piece_len(l, piece) + BLOCK_LEN - 1) / BLOCK_LEN;
}

struct piece_hash *piece_hash_new(const struct layout *l, uint32_t piece, bool leaves)
{
    struct piece_hash *h = MEM_NEW(struct piece_hash);
    h->l = l;
    h->piece = piece;
    if (!l->v2_only)
        h->sha1 = sha1_new();
    if (l->piece_file || leaves)
        h->leaves = mem_array(blocks_of(l, piece), MERKLE_LEN);
    return h;
}

void piece_hash_free(struct piece_hash *h)
{
    if (!h)
        return;
    sha1_free(h->sha1);
    sha256_free(h->sha256);
    free(h->leaves);
    free(h);
}

static uint8_t *next_leaf(struct piece_hash *h)
{
    return h->leaves + h->leaf_count++ * MERKLE_LEN;
}

static void end_block(struct piece_hash *h)
{
    if (h->in_block == 0)
        return;
    sha256_finish(h->sha256, next_leaf(h));
    h->sha256 = NULL;
    h->in_block = 0;
}

static void add_to_leaves(struct piece_hash *h, struct cur c)
{
    while (c.n > 0) {
        if (h->in_block == 0 && c.n >= BLOCK_LEN) { /* as they come from peers */
            sha256(cur_take(&c, BLOCK_LEN).p, BLOCK_LEN, next_leaf(h));
            continue;
        }
        if (h->in_block == 0)
            h->sha256 = sha256_new();
        size_t room = BLOCK_LEN - h->in_block;
        struct cur part = cur_take(&c, c.n < room ? c.n : room);
        sha256_update(h->sha256, part.p, part.n);
        h->in_block += part.n;
        if (h->in_block == BLOCK_LEN)
            end_block(h);
    }
}

void piece_hash_update(struct piece_hash *h, const void *bytes, size_t n)
{
    if (h->sha1)
        sha1_update(h->sha1, bytes, n);
    if (h->leaves)
        add_to_leaves(h, cur_of(bytes, n));
}

static void finish_sha1(struct piece_hash *h, uint8_t out[SHA1_LEN])
{
    static const uint8_t zeros[BLOCK_LEN];
    size_t pad = layout_piece_span(h->l, h->piece) - layout_piece_len(h->l, h->piece);
    for (size_t n; pad > 0; pad -= n) {
        n = pad < sizeof zeros ? pad : sizeof zeros;
        sha1_update(h->sha1, zeros, n);
    }
    sha1_finish(h->sha1, out);
    h->sha1 = NULL;
}

void piece_hash_finish(struct piece_hash *h, struct piece_sum *out, uint8_t *leaves)
{
    if (h->sha1)
        finish_sha1(h, out->sha1);
    if (h->leaves) {
        end_block(h);
        if (h->l->piece_file)
            merkle_node(h->leaves, h->leaf_count, 0, layout_piece_height(h->l, h->piece), 0,
                        out->root);
        if (leaves)
            memcpy(leaves, h->leaves, h->leaf_count * MERKLE_LEN);
    }
    piece_hash_free(h);
}

enum piece_verdict piece_judge(const struct metainfo *mi, uint32_t piece,
                               const struct piece_sum *sum)
{
    const uint8_t *v1 = mi->pieces ? mi->pieces + (size_t)piece * SHA1_LEN : NULL;
    const uint8_t *v2 = mi->v2 ? mi_v2_piece(mi, piece) : NULL;
    bool good1 = v1 && memcmp(sum->sha1, v1, SHA1_LEN) == 0;
    bool good2 = v2 && memcmp(sum->root, v2, MERKLE_LEN) == 0;
    if (v1 && v2 && good1 != good2)
        return PIECE_TORN;
    return good1 || good2 ? PIECE_GOOD : PIECE_BAD;
}
