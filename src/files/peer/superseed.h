/* files/peer/superseed.h - BEP 16, "Superseeding": a seed that shows one piece at a time.
 *
 * Pure.  Each peer is told of one piece, the one that was shown least so far; it is told of the
 * next when somebody else has that piece, so that it was passed on.  So a first seed gives each
 * piece away about once.  A peer that nobody can take a piece from (it is alone, or all the others
 * have it) is told of the next when it has it itself. */
#ifndef SHOAL_FILES_PEER_SUPERSEED_H
#define SHOAL_FILES_PEER_SUPERSEED_H

#include <stdbool.h>
#include <stdint.h>

enum { SUPERSEED_NONE = -1 };

struct superseed;

/* Nothing was shown yet.  seed: of the generator that breaks ties. */
struct superseed *superseed_new(uint32_t piece_count, uint64_t seed);
void superseed_free(struct superseed *s); /* NULL: nothing */

/* What to show a peer that has `bits` (NULL: nothing); SUPERSEED_NONE: it has all. */
int64_t superseed_next(struct superseed *s, const uint8_t *bits);

/* A peer that was shown `shown` (SUPERSEED_NONE: nothing): is it time for the next, now that this
 * peer (itself) or another has `piece`?  lacking: peers besides it that lack the piece. */
bool superseed_is_passed(int64_t shown, uint32_t piece, bool itself, unsigned lacking);

#endif
