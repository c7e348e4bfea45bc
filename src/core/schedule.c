#include "core/schedule.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ALL_DAYS = 0x7f };

static const char *const day_name[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/* Each reader moves *p past what it took, or says false and leaves it somewhere of no interest. */

static void skip_spaces(const char **p)
{
    *p += strspn(*p, " \t");
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static bool take_day(const char **p, unsigned *day)
{
    for (*day = 0; *day < 7; (*day)++)
        if (!strncasecmp(*p, day_name[*day], 3)) {
            *p += 3;
            return true;
        }
    return false;
}

static bool take_days(const char **p, uint8_t *days)
{
    if (!strncasecmp(*p, "daily", 5)) {
        *p += 5;
        *days = ALL_DAYS;
        return true;
    }
    *days = 0;
    do {
        unsigned first, last;
        if (!take_day(p, &first))
            return false;
        last = first;
        if (take_char(p, '-') && !take_day(p, &last))
            return false;
        for (unsigned d = first;; d = (d + 1) % 7) {
            *days = (uint8_t)(*days | 1u << d);
            if (d == last)
                break;
        }
    } while (take_char(p, ','));
    return true;
}

static bool take_digit(const char **p, unsigned *n)
{
    if (!isdigit((unsigned char)**p))
        return false;
    *n = *n * 10 + (unsigned)(*(*p)++ - '0');
    return true;
}

/* "8:00" or "08:00", at most 24:00. */
static bool take_time(const char **p, uint16_t *minutes)
{
    unsigned hour = 0, minute = 0;
    if (!take_digit(p, &hour))
        return false;
    take_digit(p, &hour);
    if (!take_char(p, ':') || !take_digit(p, &minute) || !take_digit(p, &minute))
        return false;
    *minutes = (uint16_t)(hour * 60 + minute);
    return minute < 60 && *minutes <= DAY_MINUTES;
}

static bool take_hours(const char **p, struct schedule *s)
{
    if (!take_time(p, &s->from))
        return false;
    skip_spaces(p);
    if (!take_char(p, '-'))
        return false;
    skip_spaces(p);
    return take_time(p, &s->to) && s->from < DAY_MINUTES && s->from != s->to;
}

static bool parse(const char *p, struct schedule *s)
{
    *s = (struct schedule){ALL_DAYS, 0, DAY_MINUTES};
    skip_spaces(&p);
    bool has_days = isalpha((unsigned char)*p);
    if (has_days && !take_days(&p, &s->days))
        return false;
    if (has_days && *p && !isspace((unsigned char)*p)) /* "Mon08:00": more likely a slip */
        return false;
    skip_spaces(&p);
    if ((*p || !has_days) && !take_hours(&p, s))
        return false;
    if (s->to == 0) /* until midnight, which is this day's end and not the next day's beginning */
        s->to = DAY_MINUTES;
    skip_spaces(&p);
    return *p == '\0';
}

enum err schedule_parse(const char *text, struct schedule *out, struct why *why)
{
    if (parse(text, out))
        return OK;
    return why_set(why, ERR_INVALID,
                   "\"%.60s\" are no hours; write them as \"Mon-Fri 08:00-18:00\", \"Sat,Sun\" or "
                   "\"22:00-07:00\"",
                   text);
}

bool schedule_holds(const struct schedule *s, unsigned minute_of_week)
{
    assert(minute_of_week < WEEK_MINUTES);
    unsigned day = minute_of_week / DAY_MINUTES, minute = minute_of_week % DAY_MINUTES;
    bool today = s->days >> day & 1, yesterday = s->days >> (day + 6) % 7 & 1;
    if (s->from < s->to)
        return today && minute >= s->from && minute < s->to;
    return (today && minute >= s->from) || (yesterday && minute < s->to);
}

/* "Mon-Fri,Sun": runs of three and more as ranges. */
static void days_text(uint8_t days, char out[SCHEDULE_TEXT])
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned d = 0; d < 7; d++) {
        if (!(days >> d & 1))
            continue;
        unsigned last = d;
        while (last < 6 && days >> (last + 1) & 1)
            last++;
        n += (size_t)snprintf(out + n, SCHEDULE_TEXT - n, "%s%s", n ? "," : "", day_name[d]);
        if (last >= d + 2) {
            n += (size_t)snprintf(out + n, SCHEDULE_TEXT - n, "-%s", day_name[last]);
            d = last;
        }
    }
}

void schedule_text(const struct schedule *s, char out[SCHEDULE_TEXT])
{
    bool whole_day = s->from == 0 && s->to == DAY_MINUTES, every_day = s->days == ALL_DAYS;
    if (every_day)
        snprintf(out, SCHEDULE_TEXT, "%s", whole_day ? "daily" : "");
    else
        days_text(s->days, out);
    if (whole_day)
        return;
    size_t n = strlen(out);
    snprintf(out + n, SCHEDULE_TEXT - n, "%s%02u:%02u-%02u:%02u", n ? " " : "", s->from / 60u,
             s->from % 60u, s->to / 60u, s->to % 60u);
}
