#include "core/param.h"

#include "base/conf.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096 }; /* bytes of a text whose row in the table says nothing */

static enum err check_text(const struct param *p, const json_t *v, struct why *why)
{
    if (!json_is_string(v))
        return why_set(why, ERR_INVALID, "%s must be a text", p->name);
    const char *s = json_string_value(v);
    size_t n = json_string_length(v), max = p->max > 0 ? (size_t)p->max : TEXT_MAX;
    if (strlen(s) != n)
        return why_set(why, ERR_INVALID, "%s may not hold a zero byte", p->name);
    if (n > max)
        return why_set(why, ERR_INVALID, "%s has %zu bytes, at most %zu", p->name, n, max);
    if (p->min > 0 && n < (size_t)p->min)
        return why_set(why, ERR_INVALID, "%s has %zu bytes, at least %" PRId64, p->name, n, p->min);
    return OK;
}

static enum err check_number(const struct param *p, const json_t *v, struct why *why)
{
    const char *unit = p->unit ? p->unit : "";
    const char *space = *unit ? " " : "";
    if (!json_is_integer(v))
        return why_set(why, ERR_INVALID, "%s must be a whole number%s%s", p->name,
                       *unit ? " of " : "", unit);
    int64_t n = json_integer_value(v);
    bool any = p->min == 0 && p->max == 0;
    if (any ? n < 0 : n < p->min || n > p->max) {
        if (any)
            return why_set(why, ERR_INVALID, "%s is %" PRId64 ", it cannot be negative", p->name,
                           n);
        return why_set(why, ERR_INVALID,
                       "%s is %" PRId64 ", it must be %" PRId64 " to %" PRId64 "%s%s", p->name, n,
                       p->min, p->max, space, unit);
    }
    return OK;
}

static enum err check_choice(const struct param *p, const json_t *v, struct why *why)
{
    const char *s = json_is_string(v) ? json_string_value(v) : "";
    size_t n = strlen(s);
    for (const char *at = p->choices; n > 0 && at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strcspn(at, "|") == n && !memcmp(at, s, n))
            return OK;
    }
    return why_set(why, ERR_INVALID, "%s must be one of %s", p->name, p->choices);
}

static enum err check_path(const struct param *p, const json_t *v, struct why *why)
{
    enum err err = check_text(p, v, why);
    if (err == OK && json_string_value(v)[0] != '/')
        err = why_set(why, ERR_INVALID, "%s must be a whole path, from / on", p->name);
    return err;
}

static enum err check_base64(const struct param *p, const json_t *v, struct why *why)
{
    enum err err = check_text(p, v, why);
    if (err != OK)
        return err;
    const char *s = json_string_value(v);
    size_t n = strlen(s);
    size_t digits = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    size_t pads = strspn(s + digits, "=");
    if (n % 4 != 0 || pads > 2 || digits + pads != n)
        return why_set(why, ERR_INVALID, "%s is not base64 (RFC 4648 section 4, with padding)",
                       p->name);
    return OK;
}

static enum err check_value(const struct param *p, const json_t *v, struct why *why)
{
    switch (p->type) {
    case PARAM_TEXT:
        return check_text(p, v, why);
    case PARAM_INT:
    case PARAM_BYTES:
    case PARAM_RATE:
        return check_number(p, v, why);
    case PARAM_BOOL:
        return json_is_boolean(v) ? OK
                                  : why_set(why, ERR_INVALID, "%s must be true or false", p->name);
    case PARAM_CHOICE:
        return check_choice(p, v, why);
    case PARAM_PATH:
        return check_path(p, v, why);
    case PARAM_BASE64:
        return check_base64(p, v, why);
    }
    abort(); /* no such type: the table is wrong */
}

static enum err check_array(const struct param *p, const json_t *v, struct why *why)
{
    if (!json_is_array(v))
        return why_set(why, ERR_INVALID, "%s must be an array", p->name);
    size_t n = json_array_size(v);
    if (n > CALL_MANY_MAX)
        return why_set(why, ERR_INVALID, "%s has %zu members, at most %d", p->name, n,
                       (int)CALL_MANY_MAX);
    if (n == 0 && p->flags & PARAM_REQUIRED)
        return why_set(why, ERR_INVALID, "%s is empty, at least one is needed", p->name);
    for (size_t i = 0; i < n; i++) {
        enum err err = check_value(p, json_array_get(v, i), why);
        if (err != OK)
            return why_in(why, err, "member %zu", i + 1);
    }
    return OK;
}

static const struct param *find(const struct method *m, const char *name)
{
    for (const struct param *p = m->params; p && p->name; p++)
        if (!strcmp(p->name, name))
            return p;
    return NULL;
}

static const char *name_at(const void *arg, size_t i)
{
    const struct method *m = arg;
    return m->params ? m->params[i].name : NULL;
}

/* The name comes from outside: escaped and cut before it goes into a sentence. */
static enum err unknown(const struct method *m, const char *name, struct why *why)
{
    struct buf shown = {0};
    utf8_escape(&shown, name, strnlen(name, 60));
    const char *near = conf_nearest(name, name_at, m);
    enum err err = why_set(why, ERR_INVALID, "%s has no parameter %.*s%s%s%s", m->name,
                           (int)buf_len(&shown), (const char *)buf_bytes(&shown),
                           near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    buf_done(&shown);
    return err;
}

enum err params_check(const struct method *m, const json_t *params, struct why *why)
{
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)params, name, v) /* reads only; jansson's macro wants non-const */
    {
        const struct param *p = find(m, name);
        if (!p)
            return unknown(m, name, why);
        enum err err = p->flags & PARAM_MANY ? check_array(p, v, why) : check_value(p, v, why);
        if (err != OK)
            return err;
    }
    for (const struct param *p = m->params; p && p->name; p++)
        if (p->flags & PARAM_REQUIRED && !json_object_get(params, p->name))
            return why_set(why, ERR_INVALID, "%s is missing", p->name);
    return OK;
}
