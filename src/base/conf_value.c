#include "base/conf_value.h"

#include "base/utf8.h"

#include <string.h>
#include <strings.h>

enum { SHOWN = 60 }; /* bytes of a wrong value in its message */

struct unit {
    const char *name;
    int64_t size;
};

#define K INT64_C(1024)
#define KB INT64_C(1000)

static const struct unit byte_units[] = {
    {"", 1},
    {"B", 1},
    {"K", K},
    {"KiB", K},
    {"kB", KB},
    {"M", K *K},
    {"MiB", K *K},
    {"MB", KB *KB},
    {"G", K *K *K},
    {"GiB", K *K *K},
    {"GB", KB *KB *KB},
    {"T", K *K *K *K},
    {"TiB", K *K *K *K},
    {"TB", KB *KB *KB *KB},
    {0},
};
static const struct unit time_units[] = {{"", 1},      {"s", 1},         {"min", 60}, {"h", 3600},
                                         {"d", 86400}, {"w", 7 * 86400}, {0}};
static const struct unit no_units[] = {{"", 1}, {0}};

/* digits [space] unit; `unit` is unit_len bytes long.  Case does not matter. */
static const struct unit *find_unit(const struct unit *units, const char *unit, size_t unit_len)
{
    for (; units->name; units++)
        if (strlen(units->name) == unit_len && !strncasecmp(units->name, unit, unit_len))
            return units;
    return NULL;
}

static enum err parse(const struct unit *units, const char *text, size_t n, const char *like,
                      int64_t *out, struct why *why)
{
    size_t at = 0;
    bool minus = units == no_units && n > 0 && text[0] == '-', fits = true;
    int64_t v = 0;
    if (minus)
        at++;
    size_t first = at;
    for (; at < n && text[at] >= '0' && text[at] <= '9'; at++)
        fits = fits && !__builtin_mul_overflow(v, 10, &v) &&
               !__builtin_add_overflow(v, text[at] - '0', &v);
    bool digits = at > first;
    while (at < n && text[at] == ' ')
        at++;
    const struct unit *unit = find_unit(units, text + at, n - at);
    if (!digits || !unit)
        return why_set(why, ERR_INVALID, "\"%.*s\" is not %s", SHOWN, text, like);
    if (!fits || __builtin_mul_overflow(v, unit->size, &v))
        return why_set(why, ERR_LIMIT, "\"%.*s\" is too much", SHOWN, text);
    *out = minus ? -v : v;
    return OK;
}

enum err conf_parse_number(enum conf_type type, const char *text, int64_t *out, struct why *why)
{
    size_t n = strlen(text);
    if (!strcasecmp(text, "off")) { /* whether 0 may be, its range says */
        *out = 0;
        return OK;
    }
    switch (type) {
    case CONF_INT:
        return parse(no_units, text, n, "a whole number", out, why);
    case CONF_BYTES:
        return parse(byte_units, text, n, "a size such as 512M or 20GiB", out, why);
    case CONF_RATE:
        if (n > 2 && !strcmp(text + n - 2, "/s"))
            n -= 2;
        return parse(byte_units, text, n, "a rate such as 5M/s, or off", out, why);
    case CONF_TIME:
        return parse(time_units, text, n, "a time such as 30s, 5min, 12h or 90d", out, why);
    case CONF_TEXT:
    case CONF_BOOL:
    case CONF_CHOICE:
    case CONF_LIST:
        break;
    }
    return why_set(why, ERR_INVALID, "not the type of a number");
}

int conf_value_bool(const char *value)
{
    static const char *const yes[] = {"on", "yes", "true"};
    static const char *const no[] = {"off", "no", "false"};
    for (size_t i = 0; i < 3; i++) {
        if (!strcasecmp(value, yes[i]))
            return 1;
        if (!strcasecmp(value, no[i]))
            return 0;
    }
    return -1;
}

/* A value that is accepted can be written to a file and read back as it was. */
static enum err check_text(const struct conf_key *key, const char *value, struct why *why)
{
    size_t n = strlen(value);
    if (n > CONF_VALUE_MAX)
        return why_set(why, ERR_LIMIT, "%s: %zu bytes, at most %d", key->name, n, CONF_VALUE_MAX);
    if (!utf8_valid(value, n))
        return why_set(why, ERR_INVALID, "%s: not UTF-8", key->name);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
            return why_set(why, ERR_INVALID, "%s: a control character at byte %zu", key->name,
                           i + 1);
    if (n > 0 && (value[0] == ' ' || value[n - 1] == ' '))
        return why_set(why, ERR_INVALID, "%s: a space at its start or end", key->name);
    if (value[0] == ';' || strstr(value, " ;"))
        return why_set(why, ERR_INVALID, "%s: \" ;\" begins a comment", key->name);
    return OK;
}

static enum err check_number(const struct conf_key *key, const char *value, struct why *why)
{
    int64_t v;
    enum err code = conf_parse_number(key->type, value, &v, why);
    if (code != OK)
        return why_in(why, code, "%s", key->name);
    bool any = key->min == 0 && key->max == 0;
    if (key->type == CONF_RATE && v == 0) /* no limit */
        return OK;
    if (v < (any ? 0 : key->min))
        return why_set(why, ERR_INVALID, "%s: %.*s is less than %lld", key->name, SHOWN, value,
                       any ? 0LL : (long long)key->min);
    if (!any && v > key->max)
        return why_set(why, ERR_INVALID, "%s: %.*s is more than %lld", key->name, SHOWN, value,
                       (long long)key->max);
    return OK;
}

static enum err check_choice(const struct conf_key *key, const char *value, struct why *why)
{
    size_t n = strlen(value);
    for (const char *at = key->choices; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strcspn(at, "|") == n && !strncmp(at, value, n))
            return OK;
    }
    return why_set(why, ERR_INVALID, "%s: \"%.*s\" is none of %s", key->name, SHOWN, value,
                   key->choices);
}

static enum err check_list(const struct conf_key *key, const char *value, struct why *why)
{
    for (size_t i = 1; *value; i++) {
        size_t n = strcspn(value, ",");
        if (n >= CONF_ITEM_MAX)
            return why_set(why, ERR_LIMIT, "%s: item %zu has %zu bytes, at most %d", key->name, i,
                           n, CONF_ITEM_MAX - 1);
        value += n;
        value += *value == ',';
    }
    return OK;
}

enum err conf_value_check(const struct conf_key *key, const char *value, struct why *why)
{
    enum err code = check_text(key, value, why);
    if (code != OK)
        return code;
    switch (key->type) {
    case CONF_TEXT:
        return OK;
    case CONF_BOOL:
        if (conf_value_bool(value) < 0)
            return why_set(why, ERR_INVALID, "%s: \"%.*s\" is neither on nor off", key->name, SHOWN,
                           value);
        return OK;
    case CONF_INT:
    case CONF_BYTES:
    case CONF_RATE:
    case CONF_TIME:
        return check_number(key, value, why);
    case CONF_CHOICE:
        return check_choice(key, value, why);
    case CONF_LIST:
        return check_list(key, value, why);
    }
    return OK;
}
