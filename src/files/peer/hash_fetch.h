/* files/peer/hash_fetch.h - the piece hashes of v2 that we lack, asked of peers (BEP 52, "hash
 * request").
 *
 * Pure.  A magnet link gives the root of each file's hash tree; what lies at the layer of the
 * pieces comes in ranges of up to MERKLE_GROUP hashes, each with the nodes that lead to the root:
 * so each answer is proven by itself, is kept where it belongs in the metainfo, and one that is
 * wrong has one name on it.  Memory: 24 bytes a range. */
#ifndef SHOAL_FILES_PEER_HASH_FETCH_H
#define SHOAL_FILES_PEER_HASH_FETCH_H

#include "files/meta/metainfo_v2.h"
#include "files/peer/wire_msg.h"
#include "net/loop.h"

enum {
    HASH_FETCH_PEER_MAX = 4,  /* ranges asked of one peer at once */
    HASH_FETCH_ALL_MAX = 256, /* of all peers */
};
#define HASH_FETCH_WAIT_US (10 * SEC) /* then another is asked */

struct hash_fetch;

/* For what is missing now in mi, which outlives it. */
struct hash_fetch *hash_fetch_new(struct metainfo *mi);
void hash_fetch_free(struct hash_fetch *f); /* NULL: nothing */

/* The next range to ask of peer `id` (not 0), now marked asked.  has: has it this piece?  Who has
 * none of a range's pieces need not have their hashes.  false: nothing now. */
bool hash_fetch_next(struct hash_fetch *f, uint32_t id,
                     bool (*has)(const void *arg, uint32_t piece), const void *arg, uint64_t now_us,
                     struct wire_hash_range *out);

/* An answer.  ERR_INVALID: it proves nothing, its sender lies.  ERR_STATE: it was not asked of that
 * peer, or so long ago that another was asked. */
MUST_CHECK enum err hash_fetch_take(struct hash_fetch *f, uint32_t id,
                                    const struct wire_hash_range *r, struct why *why);
/* The peer will not answer; false: it was not asked. */
bool hash_fetch_reject(struct hash_fetch *f, uint32_t id, const struct wire_hash_range *r);
void hash_fetch_gone(struct hash_fetch *f, uint32_t id);
/* A peer that lets us wait for too long: what it owes is given back.  0: there is none (more). */
uint32_t hash_fetch_late(struct hash_fetch *f, uint64_t now_us);

/* All layers are known. */
bool hash_fetch_done(const struct hash_fetch *f);

#endif
