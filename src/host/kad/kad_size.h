/* host/kad/kad_size.h - how many are there?  By how near to a key the nearest are.
 *
 * Keys are hashes: of N peers the i-th nearest to any key is, on average, i / (N + 1) of the whole
 * space away.  Each lookup says so once, and the median of the last is taken: who crowds around one
 * key does not move it.  Pure. */
#ifndef SHOAL_HOST_KAD_KAD_SIZE_H
#define SHOAL_HOST_KAD_KAD_SIZE_H

#include "host/kad/kad_table.h"

enum {
    KAD_SIZE_NEAREST = 10, /* of a lookup are looked at */
    KAD_SIZE_SAMPLES = 16, /* lookups */
    KAD_SIZE_SURE = 4,     /* fewer of them say nothing */
};

/* All zero: nothing known. */
struct kad_size {
    double density[KAD_SIZE_SAMPLES]; /* 1 / (N + 1) */
    size_t count, next;
};

/* The nearest that answered, nearest first; fewer than KAD_SIZE_NEAREST are passed over. */
void kad_size_note(struct kad_size *s, const struct kad_key *target, const struct peer_id *near,
                   size_t n);
/* 0: unknown. */
size_t kad_size_get(const struct kad_size *s);
/* Whether this one is, nine times of ten, among the KAD_K nearest to the key of all that there are;
 * false where nothing is known. */
bool kad_size_is_near(const struct kad_size *s, const struct kad_key *target,
                      const struct peer_id *id);

#endif
