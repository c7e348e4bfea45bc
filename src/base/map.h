/* base/map.h - from byte strings to pointers, in the order in which they came.
 *
 * Keys are copied; values are the caller's.  Iteration is in insertion order, so that what reaches
 * the wire does not depend on hashes or addresses.  The hash is SipHash-2-4 under a seed that the
 * caller gives (loop_random in a node, a constant in a test): a peer that chooses keys cannot make
 * them collide.  A map keyed by a peer's data has a cap and an eviction rule at its owner. */
#ifndef SHOAL_BASE_MAP_H
#define SHOAL_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map;

/* An empty map, and its end. */
struct map *map_new(uint64_t seed);
void map_free(struct map *m); /* not the values; NULL: nothing */

/* Entries now in it. */
size_t map_count(const struct map *m);

/* The value, or NULL. */
void *map_get(const struct map *m, const void *key, size_t n);

/* Set; returns the value that it replaced, or NULL.  `value` is not NULL. */
void *map_put(struct map *m, const void *key, size_t n, void *value);

/* Remove; returns the value, or NULL when it was not there. */
void *map_drop(struct map *m, const void *key, size_t n);

/* Walk in insertion order: `for (size_t at = 0; (v = map_next(m, &at, &key, &n)); )`.  key and n
 * may be NULL.  The entry just returned may be dropped on the way; nothing may be put. */
void *map_next(const struct map *m, size_t *at, const void **key, size_t *n);

/* SipHash-2-4 with the key (seed, seed').  For tables that keep their own entries. */
uint64_t map_hash(uint64_t seed, const void *bytes, size_t n);

#endif
