/* files/limit.h - one torrent's own rate limit, one direction.
 *
 * A bucket that may be changed while it runs, and where "may" and "spend" are apart: a read is
 * allowed so many bytes and often brings fewer.  The node's limits (core/policy) are asked too, and
 * the smaller counts. */
#ifndef SHOAL_FILES_LIMIT_H
#define SHOAL_FILES_LIMIT_H

#include "core/policy.h"
#include "net/bucket.h"

struct limit {
    struct bucket *bucket; /* NULL: no limit */
    size_t credit;         /* taken from the bucket and not yet spent */
    uint64_t rate;
};

void limit_set(struct limit *l, uint64_t bytes_per_s, uint64_t now_us); /* 0: none */
void limit_done(struct limit *l);

/* Of the torrent and the node: bytes that may be moved now, 0 to want; then what was. */
size_t limit_may(struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                 uint64_t now_us);
void limit_spend(struct limit *l, struct policy *p, enum policy_rate r, size_t n, uint64_t now_us);
/* Microseconds until a useful amount (at most `want` bytes) may be; at least a millisecond. */
uint64_t limit_wait_us(struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                       uint64_t now_us);

#endif
