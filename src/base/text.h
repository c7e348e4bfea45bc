/* base/text.h - numbers as people read them: sizes, rates, durations, moments.
 *
 * Each gives a small struct by value, so that it can stand where it is needed and nobody frees it:
 *     log_info(log, "%s at %s", text_bytes(n).s, text_rate(r).s);
 * Machines get plain numbers and RFC 3339; these are for terminals, logs and sentences. */
#ifndef SHOAL_BASE_TEXT_H
#define SHOAL_BASE_TEXT_H

#include <stdint.h>

struct text {
    char s[32];
};

/* "0 B", "1023 B", "1 KiB", "1.5 GiB", "200 GiB": binary units, a tenth below a hundred, rounded.
 */
struct text text_bytes(uint64_t bytes);
/* The same with "/s". */
struct text text_rate(uint64_t bytes_per_s);
/* The two largest units: "0 s", "45 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"; a zero is left out.
 */
struct text text_duration(uint64_t seconds);
/* RFC 3339 in UTC, whole seconds: "2024-02-29T12:00:00Z".  us since 1970; what does not fit into
 * the years 0000 to 9999 is the nearest moment that does. */
struct text text_rfc3339(int64_t wall_us);

#endif
