#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

struct text text_bytes(uint64_t bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    struct text out;
    if (bytes < 1024) {
        snprintf(out.s, sizeof out.s, "%" PRIu64 " B", bytes);
        return out;
    }
    unsigned at = 1;
    while (bytes >> 10 * at >= 1024)
        at++;
    /* In tenths, rounded; shifted so far first that ten times it fits into 64 bits. */
    unsigned drop = 10 * at > 20 ? 10 * at - 20 : 0;
    uint64_t one = UINT64_C(1) << (10 * at - drop);
    uint64_t tenths = ((bytes >> drop) * 10 + one / 2) / one;
    if (tenths >= 1000)
        tenths = ((bytes >> drop) + one / 2) / one * 10;
    if (tenths >= 10240 && at < 6) { /* rounded up into the next unit */
        tenths = 10;
        at++;
    }
    if (tenths % 10 == 0)
        snprintf(out.s, sizeof out.s, "%" PRIu64 " %s", tenths / 10, unit[at]);
    else
        snprintf(out.s, sizeof out.s, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
                 unit[at]);
    return out;
}

struct text text_rate(uint64_t bytes_per_s)
{
    struct text size = text_bytes(bytes_per_s), out;
    snprintf(out.s, sizeof out.s, "%.28s/s", size.s);
    return out;
}

struct text text_duration(uint64_t seconds)
{
    static const struct {
        const char *name;
        uint64_t s;
    } unit[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    unsigned at = 0;
    while (at < 3 && seconds < unit[at].s)
        at++;
    uint64_t whole = seconds / unit[at].s;
    uint64_t rest = at < 3 ? seconds % unit[at].s / unit[at + 1].s : 0;
    struct text out;
    if (rest == 0)
        snprintf(out.s, sizeof out.s, "%" PRIu64 " %s", whole, unit[at].name);
    else
        snprintf(out.s, sizeof out.s, "%" PRIu64 " %s %" PRIu64 " %s", whole, unit[at].name, rest,
                 unit[at + 1].name);
    return out;
}

struct text text_rfc3339(int64_t wall_us)
{
    /* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z */
    const int64_t first = INT64_C(-62167219200), last = INT64_C(253402300799);
    int64_t s = wall_us / 1000000 - (wall_us % 1000000 < 0);
    s = s < first ? first : s > last ? last : s;
    time_t when = (time_t)s;
    struct tm tm;
    gmtime_r(&when, &tm);
    struct text out;
    snprintf(out.s, sizeof out.s, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return out;
}
