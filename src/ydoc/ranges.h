/* ydoc/ranges.h - sets of (client, clock) ranges: what is deleted, and state vectors.
 *
 * Filled in any order, then made fast: sorted by client, highest first, and clock, overlapping and
 * touching ranges joined. */
#ifndef SHOAL_YDOC_RANGES_H
#define SHOAL_YDOC_RANGES_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGES_MAX ((size_t)1 << 21) /* read from one message */

struct range {
    uint64_t client, clock, len;
};

struct ranges {
    struct range *at;
    size_t n, cap;
};

/* Frees it and leaves it empty. */
void ranges_done(struct ranges *r);

/* Add a range; one that follows on the last is joined to it at once. */
void ranges_add(struct ranges *r, uint64_t client, uint64_t clock, uint64_t len);

/* Sort and join. */
void ranges_tidy(struct ranges *r);

/* A tidy set as the deletes of an update; `spaced`: in the form of format 2. */
void ranges_put(const struct ranges *r, bool spaced, struct buf *out);
/* Read one; what was in the set stays.  ERR_INVALID, ERR_LIMIT. */
enum err ranges_read(struct ranges *r, bool spaced, struct cur *in, struct why *why);

/* State vectors: client, and the clock that comes next. */
struct states {
    struct range *at; /* len is not used */
    size_t n, cap;
};

/* Frees it and leaves it empty. */
void states_done(struct states *s);
/* Add a client, who is not in it. */
void states_add(struct states *s, uint64_t client, uint64_t clock);
/* Sort by client, highest first. */
void states_tidy(struct states *s);
/* The clock of a client in a tidy vector; 0 when it is not there. */
uint64_t states_get(const struct states *s, uint64_t client);
void states_put(const struct states *s, struct buf *out);
/* Read one that fills `in` to its end, and tidy it. */
enum err states_read(struct states *s, struct cur in, struct why *why);

#endif
