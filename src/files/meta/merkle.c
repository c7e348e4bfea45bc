#include "files/meta/merkle.h"

#include "base/mem.h"

#include <string.h>

static const uint8_t zeros[MERKLE_LEN];

unsigned merkle_height(uint64_t n)
{
    unsigned h = 0;
    while (h < 63 && (UINT64_C(1) << h) < n)
        h++;
    return h;
}

static void pair(const uint8_t left[MERKLE_LEN], const uint8_t right[MERKLE_LEN],
                 uint8_t out[MERKLE_LEN])
{
    uint8_t both[2 * MERKLE_LEN];
    memcpy(both, left, MERKLE_LEN);
    memcpy(both + MERKLE_LEN, right, MERKLE_LEN);
    sha256(both, sizeof both, out);
}

void merkle_pad(unsigned layer, uint8_t out[MERKLE_LEN])
{
    memset(out, 0, MERKLE_LEN);
    for (unsigned i = 0; i < layer; i++)
        pair(out, out, out);
}

/* Bytes [i * MERKLE_LEN, ...) of an array of hashes. */
static const uint8_t *at(const uint8_t *hashes, size_t i)
{
    return hashes + i * MERKLE_LEN;
}

void merkle_node(const uint8_t *hashes, size_t n, unsigned layer, unsigned up, size_t pos,
                 uint8_t out[MERKLE_LEN])
{
    uint8_t pad[MERKLE_LEN];
    size_t width = (size_t)1 << up, from = pos << up;
    size_t left = from < n ? n - from : 0; /* hashes of this node that are real */
    left = left < width ? left : width;
    if (left == 0) {
        merkle_pad(layer + up, out);
        return;
    }
    uint8_t *row = mem_dup(at(hashes, from), left * MERKLE_LEN);
    merkle_pad(layer, pad);
    for (unsigned i = 0; i < up; i++) {
        for (size_t k = 0; k < left; k += 2)
            pair(at(row, k), k + 1 < left ? at(row, k + 1) : pad, row + k / 2 * MERKLE_LEN);
        left = (left + 1) / 2;
        pair(pad, pad, pad);
    }
    memcpy(out, row, MERKLE_LEN);
    free(row);
}

void merkle_groups(const uint8_t *hashes, size_t n, unsigned layer, uint8_t *out)
{
    for (size_t i = 0; i * MERKLE_GROUP < n; i++)
        merkle_node(hashes, n, layer, MERKLE_GROUP_UP, i, out + i * MERKLE_LEN);
}

/* --- ranges --------------------------------------------------------------------------------- */

bool merkle_range_fits(const struct merkle_range *r)
{
    bool power = r->count > 0 && (r->count & (r->count - 1)) == 0;
    if (!power || r->height > MERKLE_HEIGHT_MAX || r->base > r->height || r->index % r->count != 0)
        return false;
    uint64_t width = UINT64_C(1) << (r->height - r->base);
    return r->count <= width && r->index <= width - r->count;
}

/* The layer of the node that the range is all of. */
static unsigned top(const struct merkle_range *r)
{
    return r->base + merkle_height(r->count);
}

unsigned merkle_uncles(const struct merkle_range *r)
{
    return r->height - top(r);
}

/* A hash of nothing has one value; a hash of something is not zero. */
static bool is_sound(const struct merkle_range *r, const uint8_t *hashes, uint64_t real)
{
    uint8_t pad[MERKLE_LEN];
    merkle_pad(r->base, pad);
    for (uint32_t i = 0; i < r->count; i++) {
        const uint8_t *must = r->index + i < real ? NULL : pad;
        if (must ? memcmp(at(hashes, i), must, MERKLE_LEN) != 0
                 : memcmp(at(hashes, i), zeros, MERKLE_LEN) == 0)
            return false;
    }
    return true;
}

bool merkle_proves(const struct merkle_range *r, const uint8_t *hashes, uint64_t real,
                   const uint8_t root[MERKLE_LEN])
{
    uint8_t node[MERKLE_LEN];
    if (!merkle_range_fits(r) || !is_sound(r, hashes, real))
        return false;
    merkle_node(hashes, r->count, r->base, merkle_height(r->count), 0, node);
    uint64_t pos = r->index / r->count;
    for (unsigned i = 0; i < merkle_uncles(r); i++, pos /= 2) {
        const uint8_t *uncle = at(hashes, r->count + i);
        if (memcmp(uncle, zeros, MERKLE_LEN) == 0 && top(r) + i > 0)
            return false;
        if (pos % 2 == 0)
            pair(node, uncle, node);
        else
            pair(uncle, node, node);
    }
    return memcmp(node, root, MERKLE_LEN) == 0;
}

/* The pos'th node `up` layers above the base, from what is nearest. */
static void node_above(const struct merkle_range *r, unsigned up, size_t pos, const uint8_t *layer,
                       size_t n, const uint8_t *groups, uint8_t out[MERKLE_LEN])
{
    if (groups && up >= MERKLE_GROUP_UP)
        merkle_node(groups, (n + MERKLE_GROUP - 1) / MERKLE_GROUP, r->base + MERKLE_GROUP_UP,
                    up - MERKLE_GROUP_UP, pos, out);
    else
        merkle_node(layer, n, r->base, up, pos, out);
}

void merkle_put(struct buf *out, const struct merkle_range *r, unsigned uncles,
                const uint8_t *layer, size_t n, const uint8_t *groups)
{
    uint8_t node[MERKLE_LEN], pad[MERKLE_LEN];
    merkle_pad(r->base, pad);
    for (uint32_t i = 0; i < r->count; i++)
        buf_put(out, r->index + i < n ? at(layer, (size_t)r->index + i) : pad, MERKLE_LEN);
    uint64_t pos = r->index / r->count;
    for (unsigned i = 0; i < uncles; i++, pos /= 2) {
        unsigned up = top(r) - r->base + i;
        node_above(r, up, (size_t)(pos ^ 1), layer, n, groups, node);
        buf_put(out, node, MERKLE_LEN);
    }
}
