#include "api/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Up to 18 digits; more name no byte that there is.  *at is behind them. */
static bool number(const char **at, uint64_t *out)
{
    size_t n = strspn(*at, "0123456789");
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out = *out < UINT64_MAX / 20 ? *out * 10 + (uint64_t)((*at)[i] - '0') : UINT64_MAX / 20;
    *at += n;
    return n > 0;
}

static bool is_same(const char *if_range, const char *version)
{
    size_t n = strlen(version);
    return strlen(if_range) == n + 2 && if_range[0] == '"' && if_range[n + 1] == '"' &&
           memcmp(if_range + 1, version, n) == 0;
}

struct range range_of(const char *header, const char *if_range, const char *version, uint64_t size)
{
    const struct range whole = {RANGE_WHOLE, 0, size};
    uint64_t first, last;
    if (!header || strncasecmp(header, "bytes=", 6) != 0 ||
        (if_range && !is_same(if_range, version)))
        return whole;
    const char *at = header + 6;
    bool has_first = number(&at, &first);
    if (*at++ != '-')
        return whole;
    bool has_last = number(&at, &last);
    if (*at || (!has_first && !has_last) || (has_first && has_last && last < first))
        return whole;
    if (!has_first) { /* the last so many */
        uint64_t len = last < size ? last : size;
        return len == 0 ? (struct range){RANGE_UNSATISFIABLE, 0, 0}
                        : (struct range){RANGE_PART, size - len, len};
    }
    if (first >= size)
        return (struct range){RANGE_UNSATISFIABLE, 0, 0};
    if (!has_last || last >= size)
        last = size - 1;
    return (struct range){RANGE_PART, first, last - first + 1};
}
