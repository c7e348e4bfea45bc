/* core/traffic.h - what went in and out over the last day, for the chart of the dashboard.
 *
 * A ring of TRAFFIC_SLOTS sums, each of TRAFFIC_SLOT_S seconds of the clock.  It is told the totals
 * since the start every now and then, and counts what was added; what came in several slots' time
 * without a word is counted to the last.  A run goes on with the day of the run before: its JSON is
 * what is kept (node.c).  Time is an argument. */
#ifndef SHOAL_CORE_TRAFFIC_H
#define SHOAL_CORE_TRAFFIC_H

#include "base/err.h"

#include <jansson.h>
#include <stdint.h>

enum { TRAFFIC_SLOT_S = 300, TRAFFIC_SLOTS = 24 * 3600 / TRAFFIC_SLOT_S };

struct traffic;

/* Empty. */
struct traffic *traffic_new(void);
void traffic_free(struct traffic *t); /* NULL: nothing */

/* wall_s: seconds since 1970; up, down: bytes since the start of the run.  A total that is smaller
 * than the last, and a clock that is put back, add nothing. */
void traffic_note(struct traffic *t, int64_t wall_s, uint64_t up, uint64_t down);

/* {"step_s", "from", "up": [bytes], "down": [bytes]}, oldest first: the slots from the first that
 * was noted on, at most TRAFFIC_SLOTS; "from" is when the first began, seconds since 1970.  A new
 * reference. */
json_t *traffic_json(const struct traffic *t);

/* Go on with what traffic_json() gave once, into an empty one; wall_s: now.  ERR_INVALID for what
 * is none, or is of a time that has not come: then it is as empty as before. */
enum err traffic_of_json(struct traffic *t, const json_t *saved, int64_t wall_s, struct why *why);

#endif
