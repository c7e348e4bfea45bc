#include "api/routes.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct entry {
    const struct method *method;
    void *app;
};

struct routes {
    struct entry *entries;
    size_t count;
};

/* ---- paths ---- */

/* The next part of a path and its length; `at` moves behind it.  False at the end. */
static bool next_part(const char **at, const char **part, size_t *n)
{
    if (**at != '/')
        return false;
    *part = *at + 1;
    *n = strcspn(*part, "/");
    *at = *part + *n;
    return true;
}

static bool is_hole(const char *part, size_t n)
{
    return n > 2 && part[0] == '{' && part[n - 1] == '}';
}

/* How many literal parts of `route` the path has; -1 when it does not fit. */
static int fit(const char *route, const char *path)
{
    int literal = 0;
    const char *want, *have;
    size_t want_n, have_n;
    for (unsigned parts = 0; parts < ROUTES_PARTS; parts++) {
        bool more = next_part(&route, &want, &want_n);
        if (more != next_part(&path, &have, &have_n))
            return -1;
        if (!more)
            return *path == '\0' ? literal : -1;
        if (is_hole(want, want_n) && have_n > 0)
            continue;
        if (want_n != have_n || memcmp(want, have, have_n) != 0)
            return -1;
        literal++;
    }
    return -1;
}

/* ---- the table ---- */

static enum err check(const struct routes *r, const struct method *m, struct why *why)
{
    if (m->route[0] != '/')
        return why_set(why, ERR_INVALID, "method %s: its route %s does not begin with /", m->name,
                       m->route);
    if ((m->flags & (METHOD_WRITE | METHOD_MONEY)) && strcmp(m->http, "GET") == 0)
        return why_set(why, ERR_INVALID, "method %s changes something, and GET must not", m->name);
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].method->route && strcmp(r->entries[i].method->http, m->http) == 0 &&
            strcmp(r->entries[i].method->route, m->route) == 0)
            return why_set(why, ERR_INVALID, "methods %s and %s have the same route",
                           r->entries[i].method->name, m->name);
    return OK;
}

struct routes *routes_new(const struct api_app *apps, size_t n, struct why *why)
{
    struct routes *r = MEM_NEW(struct routes);
    for (size_t i = 0; i < n; i++)
        for (const struct method *m = apps[i].methods; m && m->name; m++) {
            if (m->route && check(r, m, why) != OK) {
                routes_free(r);
                return NULL;
            }
            r->entries = mem_realloc(r->entries, (r->count + 1) * sizeof *r->entries);
            r->entries[r->count++] = (struct entry){m, apps[i].app};
        }
    return r;
}

void routes_free(struct routes *r)
{
    if (!r)
        return;
    free(r->entries);
    free(r);
}

static void add_allow(char allow[ROUTES_ALLOW], const char *verb)
{
    if (strstr(allow, verb))
        return;
    size_t n = strlen(allow);
    snprintf(allow + n, ROUTES_ALLOW - n, "%s%s", n ? ", " : "", verb);
}

struct route routes_find(const struct routes *r, const char *verb, const char *path)
{
    struct route found = {0};
    int best = -1;
    if (strcmp(verb, "HEAD") == 0)
        verb = "GET";
    for (size_t i = 0; i < r->count; i++) {
        const struct entry *e = &r->entries[i];
        int literal = e->method->route ? fit(e->method->route, path) : -1;
        if (literal < 0 || literal < best)
            continue;
        if (literal > best) /* a better path: what the others allow does not count */
            found = (struct route){0};
        best = literal;
        add_allow(found.allow, e->method->http);
        if (strcmp(e->method->http, "GET") == 0)
            add_allow(found.allow, "HEAD");
        if (strcmp(e->method->http, verb) == 0) {
            found.method = e->method;
            found.app = e->app;
        }
    }
    return found;
}

struct route routes_named(const struct routes *r, const char *name)
{
    struct route found = {0};
    for (size_t i = 0; i < r->count && !found.method; i++)
        if (strcmp(r->entries[i].method->name, name) == 0) {
            found.method = r->entries[i].method;
            found.app = r->entries[i].app;
        }
    return found;
}

/* ---- parameters ---- */

static json_t *typed_number(const char *text)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    bool whole = errno == 0 && end != text && *end == '\0' && (*text == '-' || *text >= '0');
    return whole ? json_integer(v) : NULL;
}

static json_t *typed_bool(const char *text)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || *text == '\0')
        return json_true();
    return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ? json_false() : NULL;
}

static json_t *typed(enum param_type type, const char *text)
{
    switch (type) {
    case PARAM_INT:
    case PARAM_BYTES:
    case PARAM_RATE:
        return typed_number(text);
    case PARAM_BOOL:
        return typed_bool(text);
    case PARAM_TEXT:
    case PARAM_CHOICE:
    case PARAM_PATH:
    case PARAM_BASE64:
        return json_string(text);
    }
    return NULL;
}

/* "a,b,c" as a list; NULL when one is not of the type. */
static json_t *typed_list(enum param_type type, const char *text)
{
    json_t *list = json_array();
    while (list && *text) {
        size_t n = strcspn(text, ",");
        char *item = mem_strndup(text, n);
        if (json_array_append_new(list, typed(type, item)) != 0) {
            json_decref(list);
            list = NULL;
        }
        free(item);
        text += n + (text[n] == ',');
    }
    return list;
}

static enum err set(json_t *params, const struct param *p, const char *text, struct why *why)
{
    json_t *value = p->flags & PARAM_MANY ? typed_list(p->type, text) : typed(p->type, text);
    if (!value || json_object_set_new(params, p->name, value) != 0)
        return why_set(why, ERR_INVALID, "%s: \"%.60s\" is not what it takes", p->name, text);
    return OK;
}

static enum err set_from_path(const struct method *m, const char *path, json_t *params,
                              struct why *why)
{
    const char *route = m->route, *want, *have;
    size_t want_n, have_n;
    while (next_part(&route, &want, &want_n) && next_part(&path, &have, &have_n)) {
        if (!is_hole(want, want_n))
            continue;
        for (const struct param *p = m->params; p && p->name; p++) {
            if (strlen(p->name) != want_n - 2 || memcmp(p->name, want + 1, want_n - 2) != 0)
                continue;
            char *text = mem_strndup(have, have_n);
            enum err e = set(params, p, text, why);
            free(text);
            if (e != OK)
                return e;
        }
    }
    return OK;
}

static json_t *read_body(struct cur body, struct why *why)
{
    if (body.n == 0)
        return json_object();
    json_error_t at;
    json_t *object = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &at);
    if (object && json_is_object(object))
        return object;
    if (object)
        why_set(why, ERR_INVALID, "the body is JSON, but not an object");
    else
        why_set(why, ERR_INVALID, "the body is not JSON: line %d: %.120s", at.line, at.text);
    json_decref(object);
    return NULL;
}

json_t *routes_params(const struct method *m, const char *path, routes_query *query, void *arg,
                      struct cur body, struct why *why)
{
    json_t *params = read_body(body, why);
    if (!params)
        return NULL;
    enum err e = OK;
    for (const struct param *p = m->params; e == OK && query && p && p->name; p++) {
        const char *text = query(arg, p->name);
        if (text)
            e = set(params, p, text, why);
    }
    if (e == OK)
        e = set_from_path(m, path, params, why);
    if (e == OK)
        return params;
    json_decref(params);
    return NULL;
}

/* ---- the tables, told ---- */

static const char *type_name(enum param_type type)
{
    switch (type) {
    case PARAM_TEXT:
        return "text";
    case PARAM_INT:
        return "int";
    case PARAM_BYTES:
        return "bytes";
    case PARAM_RATE:
        return "rate";
    case PARAM_BOOL:
        return "bool";
    case PARAM_CHOICE:
        return "choice";
    case PARAM_PATH:
        return "path";
    case PARAM_BASE64:
        return "base64";
    }
    return "text";
}

static json_t *describe_params(const struct method *m)
{
    json_t *list = json_array();
    for (const struct param *p = m->params; p && p->name; p++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b, s:s*, s:I, s:I, s:s*, s:s*}",
                                              "name", p->name, "type", type_name(p->type),
                                              "required", (p->flags & PARAM_REQUIRED) != 0, "many",
                                              (p->flags & PARAM_MANY) != 0, "unit", p->unit, "min",
                                              (json_int_t)p->min, "max", (json_int_t)p->max,
                                              "choices", p->choices, "help", p->help));
    return list;
}

static const char *scope_name(unsigned flags)
{
    return flags & METHOD_MONEY ? "money" : flags & METHOD_WRITE ? "write" : "read";
}

json_t *routes_describe(const struct routes *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->count; i++) {
        const struct method *m = r->entries[i].method;
        json_array_append_new(list, json_pack("{s:s, s:s, s:s+, s:s, s:s*, s:s*, s:s*, s:s*, s:o}",
                                              "name", m->name, "http", m->http, "route", "/api/v1",
                                              m->route, "scope", scope_name(m->flags), "summary",
                                              m->summary, "result", m->result, "errors", m->errors,
                                              "example", m->example, "params", describe_params(m)));
    }
    return list;
}
