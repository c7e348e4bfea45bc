/* files/meta/merkle.h - the hash trees of BitTorrent v2 (BEP 52, "pieces root", "hash request").
 * Pure.
 *
 * A file's leaves are the SHA-256 of its blocks of 16 KiB (the last may be shorter); where the
 * leaves are no power of two, the rest are hashes of zeros.  Each node above is the SHA-256 of its
 * two children.  Layer 0 are the leaves, layer `height` is the root alone; a node that covers only
 * what lies beyond the file's end is the same in each file: merkle_pad(layer).
 *
 *     layer 2              root                 a file of three blocks: height 2
 *     layer 1        ab           c0
 *     layer 0      a    b       c    0
 */
#ifndef SHOAL_FILES_META_MERKLE_H
#define SHOAL_FILES_META_MERKLE_H

#include "base/buf.h"
#include "crypto/sha256.h"

#include <stdbool.h>

enum {
    MERKLE_LEN = SHA256_LEN,
    MERKLE_HEIGHT_MAX = 49, /* of 2^63 bytes */
    MERKLE_GROUP = 512,     /* hashes in one answer (BEP 52: "Length SHOULD NOT be greater than") */
    MERKLE_GROUP_UP = 9,    /* layers from one of these to their common node */
};

/* Layers above n hashes: the least h with 2^h >= n. */
unsigned merkle_height(uint64_t n);

/* The node of `layer` that has no bytes below it. */
void merkle_pad(unsigned layer, uint8_t out[MERKLE_LEN]);

/* The node `up` layers above `layer`, the pos'th of its own: of n hashes of `layer`, which are
 * followed by padding. */
void merkle_node(const uint8_t *hashes, size_t n, unsigned layer, unsigned up, size_t pos,
                 uint8_t out[MERKLE_LEN]);

/* One answer: hashes of a layer side by side, and the nodes that lead from them to the root. */
struct merkle_range {
    unsigned height; /* of the file's tree */
    unsigned base;   /* layer of the hashes */
    uint64_t index;  /* of the first; a multiple of count */
    uint32_t count;  /* a power of two */
};

/* Whether such a range is in the tree at all: its numbers fit each other and the height. */
bool merkle_range_fits(const struct merkle_range *r);
/* Nodes that a whole proof of it takes ("uncles", the lowest first). */
unsigned merkle_uncles(const struct merkle_range *r);
/* Do r->count hashes and merkle_uncles() nodes behind them lead to this root?  real: how many of
 * the layer's hashes have bytes of the file below them. */
bool merkle_proves(const struct merkle_range *r, const uint8_t *hashes, uint64_t real,
                   const uint8_t root[MERKLE_LEN]);

/* Append the hashes of a range and its uncles (the lowest `uncles` of them).  layer: the n real
 * hashes of r->base; groups: merkle_groups() of it, or NULL. */
void merkle_put(struct buf *out, const struct merkle_range *r, unsigned uncles,
                const uint8_t *layer, size_t n, const uint8_t *groups);
/* The nodes MERKLE_GROUP_UP layers above `layer`; n / MERKLE_GROUP of them, rounded up.  Kept, they
 * make each proof cheap. */
void merkle_groups(const uint8_t *hashes, size_t n, unsigned layer, uint8_t *out);

#endif
