/* crypto/slip10.h - a tree of Ed25519 keys out of one seed (SLIP-0010).
 *
 * Each node has a key (an Ed25519 seed) and a chain code; a child comes from its parent and a
 * number.  For Ed25519 all children are hardened: they cannot be had without the parent's private
 * key.  Nodes are secrets: wipe them. */
#ifndef SHOAL_CRYPTO_SLIP10_H
#define SHOAL_CRYPTO_SLIP10_H

#include <stddef.h>
#include <stdint.h>

enum { SLIP10_SEED_MIN = 16, SLIP10_SEED_MAX = 64 };

struct slip10 {
    uint8_t key[32];
    uint8_t chain[32];
};

/* The root.  n: SLIP10_SEED_MIN to SLIP10_SEED_MAX bytes. */
void slip10_root(const uint8_t *seed, size_t n, struct slip10 *out);

/* Child index' (the hardened bit is added here): index < 2^31.  `out` may be `parent`. */
void slip10_child(const struct slip10 *parent, uint32_t index, struct slip10 *out);

/* The node at path[0]'/path[1]'/... */
void slip10_path(const uint8_t *seed, size_t n, const uint32_t *path, size_t depth,
                 struct slip10 *out);

#endif
