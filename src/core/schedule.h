/* core/schedule.h - hours of the week, as people write them.
 *
 * "Mon-Fri 08:00-18:00", "Sat,Sun", "22:00-07:00", "daily 12:00-13:00".  Days are the first three
 * letters in either case, ranges and commas, and may pass Sunday ("Fri-Mon"); without days every
 * day, without hours the whole day.  Hours that pass midnight belong to the day on which they
 * begin: "Fri 22:00-07:00" ends on Saturday morning. */
#ifndef SHOAL_CORE_SCHEDULE_H
#define SHOAL_CORE_SCHEDULE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { SCHEDULE_TEXT = 48, DAY_MINUTES = 24 * 60, WEEK_MINUTES = 7 * DAY_MINUTES };

struct schedule {
    uint8_t days;      /* bit 0: Monday */
    uint16_t from, to; /* minutes of the day: 0 to 1439, 1 to 1440; from > to passes midnight */
};

/* ERR_INVALID quotes what could not be read. */
MUST_CHECK enum err schedule_parse(const char *text, struct schedule *out, struct why *why);

/* minute_of_week: since Monday 00:00, 0 to 10079. */
bool schedule_holds(const struct schedule *s, unsigned minute_of_week);

/* In one way of the many in which it may have been written; schedule_parse reads it back. */
void schedule_text(const struct schedule *s, char out[SCHEDULE_TEXT]);

#endif
