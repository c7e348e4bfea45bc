/* core/policy.h - what may be spent, on whom, and why not.
 *
 * Every resource that the node lends has a limit and a schedule; apps ask here before they spend,
 * and get a number or a reason that a person can read.  Limits come from [limits] in shoal.conf and
 * from `shoal policy set`; schedules lower or lift them for hours of the week.
 *
 * Rates are token buckets shared by all apps; an app with limits of its own (a torrent's) asks both
 * and spends the smaller.  Time is an argument. */
#ifndef SHOAL_CORE_POLICY_H
#define SHOAL_CORE_POLICY_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy;

enum policy_rate { POLICY_UP, POLICY_DOWN, POLICY_RATES };

/* Without any limit; NULL to free: nothing. */
struct policy *policy_new(void);
void policy_free(struct policy *p);

/* Base limit in bytes a second; 0: none. */
void policy_set_rate(struct policy *p, enum policy_rate r, uint64_t bytes_per_s);
/* Storage that the node may fill in all, bytes; 0: none. */
void policy_set_storage(struct policy *p, uint64_t bytes);

/* "Mon-Fri 08:00-18:00" (days Mon..Sun, ranges and commas, or "daily"; local minutes of the day,
 * may pass midnight), "22:00-07:00": from then on `r` is `rate` in those hours.  The first entry
 * that matches wins.  POLICY_SCHEDULE_MAX entries. */
enum { POLICY_SCHEDULE_MAX = 32 };
MUST_CHECK enum err policy_schedule_add(struct policy *p, const char *when, enum policy_rate r,
                                        uint64_t bytes_per_s, struct why *why);
MUST_CHECK enum err policy_schedule_drop(struct policy *p, size_t at, struct why *why);

/* The owner's second pair of limits: in force while `on`, and in the hours of `when` (as a
 * schedule's;
 * "": none), before any schedule.  Bytes a second, 0: no limit. */
MUST_CHECK enum err policy_set_alt(struct policy *p, bool on, const char *when, uint64_t up,
                                   uint64_t down, struct why *why);

/* Tell it what time it is: minutes since Monday 00:00 local time, 0 to 10079.  The node does so
 * every minute and after a clock jump; schedules act on this. */
void policy_set_minute(struct policy *p, unsigned minute_of_week);

/* May be spent now, 0 to want; `spend` says what was.  wait: microseconds until at least min(want,
 * 16 KiB) may be. */
size_t policy_may(struct policy *p, enum policy_rate r, size_t want, uint64_t now_us);
void policy_spend(struct policy *p, enum policy_rate r, size_t n, uint64_t now_us);
uint64_t policy_wait_us(struct policy *p, enum policy_rate r, size_t want, uint64_t now_us);

/* May `bytes` more be stored?  used: what the app holds now.  ERR_FULL with the numbers. */
MUST_CHECK enum err policy_may_store(const struct policy *p, uint64_t used, uint64_t bytes,
                                     struct why *why);

/* The limit in force now (0: none) and the sentence that explains it: "upload is limited to 1 MiB/s
 * by the schedule Mon-Fri 08:00-18:00". */
uint64_t policy_rate_now(const struct policy *p, enum policy_rate r);
void policy_why(const struct policy *p, enum policy_rate r, char *out, size_t cap);

/* All of it, for `shoal policy show`, and back again from a saved one. */
json_t *policy_to_json(const struct policy *p);
MUST_CHECK enum err policy_of_json(struct policy *p, const json_t *j, struct why *why);

#endif
