/* host/kad/kad_paths.h - one lookup on several ways that have nobody in common (S/Kademlia,
 * "Lookup over disjoint paths").
 *
 * Who lies sends us to friends of his, and where a single list of the nearest is kept they push all
 * others out of it.  Here each path has its own list, and nobody is asked on two: a liar spoils the
 * one that comes upon him.  Pure; the verbs are those of kad_lookup.h, which each path is. */
#ifndef SHOAL_HOST_KAD_KAD_PATHS_H
#define SHOAL_HOST_KAD_KAD_PATHS_H

#include "host/kad/kad_lookup.h"

enum {
    KAD_PATHS = 10,       /* each asks one at a time: as many in all as a single one would */
    KAD_PATH_NEAREST = 4, /* of those that a path knows have to answer; */
    KAD_PATH_OWN = 2,     /* of these something is brought to so many, whoever else is nearer */
    KAD_NEAREST_MAX = KAD_K + KAD_PATHS * KAD_PATH_OWN,
};

/* paths: 1 to KAD_PATHS; 1: as kad_lookup_new(), with this `want`. */
struct kad_paths;
struct kad_paths *kad_paths_new(const struct kad_key *target, const struct peer_id *self,
                                size_t paths, size_t want);
void kad_paths_free(struct kad_paths *p); /* NULL: nothing */

/* From NULL: of our own table, and the next path's in turn; else of the path that asked `from`. */
void kad_paths_heard(struct kad_paths *p, const struct peer_id *from, const struct peer_id *id);
size_t kad_paths_next(struct kad_paths *p, struct peer_id *out, size_t cap);
void kad_paths_answered(struct kad_paths *p, const struct peer_id *id);
void kad_paths_failed(struct kad_paths *p, const struct peer_id *id);
void kad_paths_slow(struct kad_paths *p, const struct peer_id *id);
bool kad_paths_over(const struct kad_paths *p);

/* The KAD_K nearest that answered, nearest first; then, where there are several paths, the
 * KAD_PATH_OWN nearest of each that are not among those: the first may all be liars. */
size_t kad_paths_nearest(const struct kad_paths *p, struct peer_id out[KAD_NEAREST_MAX]);
struct kad_cost kad_paths_cost(const struct kad_paths *p);

#endif
