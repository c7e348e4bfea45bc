/* host/kad/kad_lookup.h - whom to ask next for a key (libp2p/specs kad-dht/README.md "Peer
 * routing").
 *
 * Pure: the owner asks whom he is told to, and reports what came of it.  The peers heard of are
 * kept in order of distance; asked are the nearest that were not, `at_once`, until the
 * `want` nearest of those that did not fail have all answered.  Who told of three that are not
 * there, and of none that is, is believed no more: what only he told of is passed over.
 *
 *     while ((n = kad_lookup_next(l, ask, cap)) > 0) ask them
 *     kad_lookup_heard(l, peer, closer), for each that it told of; kad_lookup_answered(l, peer)
 *     until kad_lookup_over(l) */
#ifndef SHOAL_HOST_KAD_KAD_LOOKUP_H
#define SHOAL_HOST_KAD_KAD_LOOKUP_H

#include "host/kad/kad_table.h"

enum {
    KAD_ALPHA = 10,         /* asked at once */
    LOOKUP_HEARD_MAX = 256, /* kept; the farthest are dropped */
    LOOKUP_ASKED_MAX = 160, /* in all: liars who tell of ever nearer peers end there */
};

/* How hard it tries. */
struct kad_effort {
    size_t want;    /* over when so many of the nearest have answered; KAD_K to store there */
    size_t at_once; /* KAD_ALPHA at most */
    size_t asked;   /* in all, LOOKUP_ASKED_MAX at most */
};

struct kad_lookup;
/* Nobody heard of yet. */
struct kad_lookup *kad_lookup_new(const struct kad_key *target, const struct peer_id *self,
                                  const struct kad_effort *effort);
void kad_lookup_free(struct kad_lookup *l); /* NULL: nothing */

/* Heard of: in the answer of a peer; from NULL: it is in our own table. */
void kad_lookup_heard(struct kad_lookup *l, const struct peer_id *from, const struct peer_id *id);
/* Whom to ask now; returns how many, at most cap. */
size_t kad_lookup_next(struct kad_lookup *l, struct peer_id *out, size_t cap);
void kad_lookup_answered(struct kad_lookup *l, const struct peer_id *id);
void kad_lookup_failed(struct kad_lookup *l, const struct peer_id *id);
/* It lets us wait: the lookup goes on as if it had failed, though it may answer yet. */
void kad_lookup_slow(struct kad_lookup *l, const struct peer_id *id);

/* The last one that kad_lookup_next() gave was not asked, and will not be. */
void kad_lookup_passed(struct kad_lookup *l, const struct peer_id *id);

/* Nobody is asked any more, and nobody need be. */
bool kad_lookup_over(const struct kad_lookup *l);
/* The nearest that answered, nearest first; returns how many, at most cap. */
size_t kad_lookup_nearest(const struct kad_lookup *l, struct peer_id *out, size_t cap);

/* What it cost, so far.  hops: questions one after the other that led to the nearest who answered.
 */
struct kad_cost {
    unsigned asked, failed, hops;
};
struct kad_cost kad_lookup_cost(const struct kad_lookup *l);

#endif
