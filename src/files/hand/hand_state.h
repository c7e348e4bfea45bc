/* files/hand/hand_state.h - who may still try a code, and what it is good for: the rules, without
 * bytes or disks.
 *
 * A code is tried by strangers.  Each wrong guess is counted before it is answered, and the last
 * ends the code.  The first right one binds the code to the peer who made it; until he has said
 * that he kept what he was given, he alone may come again (his line may have been cut), and then
 * nobody.  Times are of the wall clock, since a code outlives a restart.  Pure. */
#ifndef SHOAL_FILES_HAND_HAND_STATE_H
#define SHOAL_FILES_HAND_HAND_STATE_H

#include "host/name/peer_id.h"

#include <stdbool.h>
#include <stdint.h>

enum { HAND_GUESSES = 4 };

struct hand_state {
    unsigned guesses;    /* left */
    int64_t until_us;    /* since 1970 */
    struct peer_id peer; /* who guessed right; nobody: not yet */
    bool used;           /* and kept it */
};

/* A code that nobody has tried. */
struct hand_state hand_state_new(int64_t until_us);

/* May this peer try now?  Asked before a share is given, and again before a tag is looked at. */
bool hand_state_admits(const struct hand_state *s, const struct peer_id *peer, int64_t wall_us);
/* It stands no longer for anybody new. */
bool hand_state_is_over(const struct hand_state *s, int64_t wall_us);

/* A tag that does not hold; one that does; he has it. */
void hand_state_wrong(struct hand_state *s);
void hand_state_right(struct hand_state *s, const struct peer_id *peer);
void hand_state_kept(struct hand_state *s);

#endif
