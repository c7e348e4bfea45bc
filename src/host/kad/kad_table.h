/* host/kad/kad_table.h - whom we know near which key (libp2p/specs kad-dht/README.md "Routing
 * table").
 *
 * Distance is the XOR of SHA-256 hashes.  256 buckets of KAD_K peers, by the length of the prefix
 * shared with ourselves.  Who is in stays in as long as he answers; a newcomer to a full bucket
 * takes the place of one that failed, or is left out.  Pure: now_us is an argument. */
#ifndef SHOAL_HOST_KAD_KAD_TABLE_H
#define SHOAL_HOST_KAD_KAD_TABLE_H

#include "crypto/sha256.h"
#include "host/name/peer_id.h"

#include <stdbool.h>

enum { KAD_K = 20, KAD_FAILURES_MAX = 2 }; /* failures in a row until a newcomer takes the place */

struct kad_key {
    uint8_t bytes[SHA256_LEN];
};
/* Where these bytes (a peer id, a multihash, a record's key) lie. */
struct kad_key kad_key_of(const void *bytes, size_t n);
/* Which of a and b is nearer to target: as memcmp. */
int kad_key_nearer(const struct kad_key *target, const struct kad_key *a, const struct kad_key *b);
/* Bits that they begin with in common, 0 to 256. */
unsigned kad_key_shared(const struct kad_key *a, const struct kad_key *b);

/* Empty; who we are is never in it. */
struct kad_table;
struct kad_table *kad_table_new(const struct peer_id *self);
void kad_table_free(struct kad_table *t); /* NULL: nothing */

/* It answered, or is known to serve.  False: no place for it.  gone: whose place it took, of no
 * length if nobody's; may be NULL. */
bool kad_table_seen(struct kad_table *t, const struct peer_id *id, uint64_t now_us,
                    struct peer_id *gone);
void kad_table_failed(struct kad_table *t, const struct peer_id *id);
void kad_table_drop(struct kad_table *t, const struct peer_id *id); /* it serves no more */

/* The nearest to a key, nearest first; returns how many, at most cap.  Who failed KAD_FAILURES_MAX
 * times is left out, unless all did. */
size_t kad_table_nearest(const struct kad_table *t, const struct kad_key *target,
                         struct peer_id *out, size_t cap);
size_t kad_table_count(const struct kad_table *t);
size_t kad_table_good(const struct kad_table *t); /* without those who failed so often */
bool kad_table_has(const struct kad_table *t, const struct peer_id *id);

/* A bucket that nothing was asked in since before_us; false: none.  Not one of the KAD_K that are
 * nearest: looking for ourselves finds those.  The asking itself is noted by kad_table_asked(), or
 * kad_table_looked() for a key; whom to ask for is kad_table_random(): nobody, whose key lies in
 * that bucket (for a deep one: near it). */
bool kad_table_stale(const struct kad_table *t, uint64_t before_us, unsigned *bucket);
void kad_table_asked(struct kad_table *t, unsigned bucket, uint64_t now_us);
void kad_table_looked(struct kad_table *t, const struct kad_key *key, uint64_t now_us);
void kad_table_random(const struct kad_table *t, unsigned bucket, uint64_t seed,
                      struct peer_id *out);

#endif
