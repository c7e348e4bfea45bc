/* files/peer/limit.h - one torrent's own rate limit, one direction.
 *
 * A bucket that may be changed while it runs, and where "may" and "spend" are apart: a read is
 * allowed so many bytes and often brings fewer.  The limit of its group and the node's limits
 * (core/policy) are asked too, and the smallest counts.
 *
 * What the node may send in all goes to the important first: a torrent of normal weight leaves a
 * sixteenth of a second's bytes in the node's bucket to those of high weight, one of low weight an
 * eighth; so it stands still while the others use all there is, and has all when they do not. */
#ifndef SHOAL_FILES_PEER_LIMIT_H
#define SHOAL_FILES_PEER_LIMIT_H

#include "core/policy.h"
#include "net/bucket.h"

#include <stdbool.h>

enum limit_weight { LIMIT_LOW = -1, LIMIT_NORMAL = 0, LIMIT_HIGH = 1 };

struct limit {
    struct bucket *bucket; /* NULL: no limit */
    size_t credit;         /* taken from the bucket and not yet spent */
    uint64_t rate;
    struct limit *group; /* shared with others, and outlives this; NULL: none */
    bool free_of_node;   /* the node's limits are not asked */
    enum limit_weight weight;
};

void limit_set(struct limit *l, uint64_t bytes_per_s, uint64_t now_us); /* 0: none */
void limit_done(struct limit *l);

/* Of the torrent, its group and the node: bytes that may be moved now, 0 to want; then what was. */
size_t limit_may(struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                 uint64_t now_us);
void limit_spend(struct limit *l, struct policy *p, enum policy_rate r, size_t n, uint64_t now_us);
/* Microseconds until a useful amount (at most `want` bytes) may be; at least a millisecond. */
uint64_t limit_wait_us(struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                       uint64_t now_us);

#endif
