/* files/find/tracker_tiers.h - which tracker is asked next, when, and with which event.  Pure.
 *
 * Trackers are numbers here, in the order in which they were added.  Each tier is announced to; in
 * a tier the first that may be asked is asked, and nobody else while it has not answered.  Who
 * answers moves to the front of his tier (BEP 12), and the tier rests for his interval.  Who fails
 * is not asked for TIERS_PAUSE_MIN_S, doubled with each failure in a row up to TIERS_PAUSE_MAX_S;
 * the next in his tier is asked at once.
 *
 * Each tracker hears `started` first, `completed` if it heard `started` before the last piece came,
 * and `stopped` once if it heard `started`.  These do not wait for an interval.
 *
 *     while (tiers_next(t, now_us, &which, &event)) ask(which, event);
 *     wake up at tiers_wake_us(t, now_us), and after each tiers_answered / tiers_failed. */
#ifndef SHOAL_FILES_FIND_TRACKER_TIERS_H
#define SHOAL_FILES_FIND_TRACKER_TIERS_H

#include "files/find/tracker_msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TIERS_ASKING_MAX = 16, /* asked at the same time */
    TIERS_PAUSE_MIN_S = 30,
    TIERS_PAUSE_MAX_S = 30 * 60,
    TIERS_BY_HAND_S = 30, /* between two announces that a person wants */
};
#define TIERS_NEVER UINT64_MAX

enum tiers_state { TIERS_IDLE, TIERS_ASKING, TIERS_WORKING, TIERS_FAILED };

struct tiers;

/* seed: what the tiers are shuffled with. */
struct tiers *tiers_new(uint64_t seed);
void tiers_free(struct tiers *t); /* NULL: nothing */

/* One more; its number is the count of those before it.  Before tiers_start it gets a place by
 * chance in its tier, later the last one.  able: false for one that cannot ever be asked. */
void tiers_add(struct tiers *t, unsigned tier, bool able);

/* From now on, and again after a stop: nobody has heard of us. */
void tiers_start(struct tiers *t);
/* The last piece came. */
void tiers_completed(struct tiers *t);
/* Forget pauses and intervals of those who were not asked in the last TIERS_BY_HAND_S. */
void tiers_hurry(struct tiers *t, uint64_t now_us);
/* Whoever is being asked is not any more; who heard `started` is to hear `stopped`, once, and
 * nobody anything else. */
void tiers_stop(struct tiers *t);

/* Whom to ask now; he counts as being asked until one of the two below. */
bool tiers_next(struct tiers *t, uint64_t now_us, size_t *which, enum tracker_event *event);
void tiers_answered(struct tiers *t, size_t which, uint32_t interval_s, uint64_t now_us);
void tiers_failed(struct tiers *t, size_t which, uint64_t now_us);
/* He refused and said when to come back (BEP 31); TIERS_NEVER: not before a person wants it. */
void tiers_refused(struct tiers *t, size_t which, uint64_t pause_s, uint64_t now_us);

/* When tiers_next() will have somebody, if nothing happens before; TIERS_NEVER: nobody. */
uint64_t tiers_wake_us(const struct tiers *t, uint64_t now_us);
/* How many are being asked. */
size_t tiers_asking(const struct tiers *t);

enum tiers_state tiers_state(const struct tiers *t, size_t which);
/* When this one will be asked if nothing happens before; TIERS_NEVER: others come first. */
uint64_t tiers_next_us(const struct tiers *t, size_t which, uint64_t now_us);

#endif
