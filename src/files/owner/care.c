#include "files/owner/care.h"

#include "base/conf.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const mode_names[] = {
    [CARE_OF_NODE] = "node", [CARE_OWN] = "own", [CARE_NONE] = "off"};
enum { MODES = sizeof mode_names / sizeof mode_names[0] };

void care_done(struct care *c)
{
    free(c->group);
    json_decref(c->labels);
    *c = (struct care){0};
}

/* ---- JSON ---- */

json_t *care_to_json(const struct care *c)
{
    json_t *j = json_object();
    json_object_set_new(j, "place", json_integer(c->place));
    json_object_set_new(j, "forced", json_boolean(c->forced));
    json_object_set_new(j, "shared", json_boolean(c->shared));
    json_object_set_new(j, "finished", json_boolean(c->finished));
    json_object_set_new(j, "ratio_mode", json_string(mode_names[c->ratio_mode]));
    json_object_set_new(j, "ratio_limit", json_real(c->ratio));
    json_object_set_new(j, "idle_mode", json_string(mode_names[c->idle_mode]));
    json_object_set_new(j, "idle_limit_s", json_integer(c->idle_s));
    json_object_set_new(j, "weight", json_integer(c->weight));
    json_object_set_new(j, "peer_limit", json_integer(c->conns));
    json_object_set_new(j, "free_of_node", json_boolean(c->free_of_node));
    json_object_set_new(j, "group", c->group ? json_string(c->group) : json_null());
    json_object_set_new(j, "labels", c->labels ? json_incref(c->labels) : json_array());
    json_object_set_new(j, "done_us", json_integer(c->done_us));
    json_object_set_new(j, "active_us", json_integer(c->active_us));
    json_object_set_new(j, "edited_us", json_integer(c->edited_us));
    json_object_set_new(j, "downloading_us", json_integer((json_int_t)c->downloading_us));
    json_object_set_new(j, "seeding_us", json_integer((json_int_t)c->seeding_us));
    return j;
}

/* A whole number from min to max; `fallback` for anything else. */
static int64_t whole(const json_t *j, const char *key, int64_t min, int64_t max, int64_t fallback)
{
    const json_t *v = json_object_get(j, key);
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return fallback;
    return json_integer_value(v);
}

static bool flag(const json_t *j, const char *key)
{
    return json_is_true(json_object_get(j, key));
}

static enum care_mode mode(const json_t *j, const char *key)
{
    const char *name = json_string_value(json_object_get(j, key));
    for (unsigned i = 0; name && i < MODES; i++)
        if (strcmp(mode_names[i], name) == 0)
            return (enum care_mode)i;
    return CARE_OF_NODE;
}

static bool is_ratio(double v)
{
    return isfinite(v) && v >= 0 && v <= CARE_RATIO_MAX;
}

void care_of_json(struct care *c, const json_t *j)
{
    struct why why;
    c->place = whole(j, "place", INT64_MIN, INT64_MAX, 0);
    c->forced = flag(j, "forced");
    c->shared = flag(j, "shared");
    c->finished = flag(j, "finished");
    c->ratio_mode = mode(j, "ratio_mode");
    c->idle_mode = mode(j, "idle_mode");
    double ratio = json_number_value(json_object_get(j, "ratio_limit"));
    c->ratio = is_ratio(ratio) ? ratio : 0;
    c->idle_s = whole(j, "idle_limit_s", 0, CARE_IDLE_MAX_S, 0);
    c->weight = (int)whole(j, "weight", -1, 1, 0);
    c->conns = whole(j, "peer_limit", 0, CARE_CONNS_MAX, 0);
    c->free_of_node = flag(j, "free_of_node");
    const char *group = json_string_value(json_object_get(j, "group"));
    c->group = group && *group ? mem_strdup(group) : NULL;
    if (care_set_labels(c, json_object_get(j, "labels"), &why))
        c->labels = NULL;
    c->done_us = whole(j, "done_us", 0, INT64_MAX, 0);
    c->active_us = whole(j, "active_us", 0, INT64_MAX, 0);
    c->edited_us = whole(j, "edited_us", 0, INT64_MAX, 0);
    c->downloading_us = (uint64_t)whole(j, "downloading_us", 0, INT64_MAX, 0);
    c->seeding_us = (uint64_t)whole(j, "seeding_us", 0, INT64_MAX, 0);
}

/* ---- what a person says ---- */

static bool has(const json_t *labels, const char *label)
{
    size_t i;
    const json_t *v;
    json_array_foreach(labels, i, v) {
        if (strcmp(json_string_value(v), label) == 0)
            return true;
    }
    return false;
}

static enum err check_label(const char *label, struct why *why)
{
    if (!label || !*label)
        return why_set(why, ERR_INVALID, "a label is a text of at least one letter");
    if (strlen(label) > CARE_LABEL_MAX)
        return why_set(why, ERR_LIMIT, "a label has %zu bytes, at most %d", strlen(label),
                       (int)CARE_LABEL_MAX);
    if (strchr(label, ','))
        return why_set(why, ERR_INVALID, "%s: a comma stands between labels", label);
    return OK;
}

enum err care_set_labels(struct care *c, const json_t *labels, struct why *why)
{
    size_t i;
    const json_t *v;
    json_t *out = json_array();
    enum err e = OK;
    json_array_foreach(labels, i, v) {
        const char *label = json_string_value(v);
        e = check_label(label, why);
        if (e == OK && !has(out, label) && json_array_size(out) >= CARE_LABELS_MAX)
            e = why_set(why, ERR_LIMIT, "more than %d labels", (int)CARE_LABELS_MAX);
        if (e)
            break;
        if (!has(out, label))
            json_array_append(out, (json_t *)(uintptr_t)v);
    }
    if (e) {
        json_decref(out);
        return e;
    }
    json_decref(c->labels);
    c->labels = out;
    return OK;
}

enum err care_parse_ratio(const char *text, double *out, struct why *why)
{
    char *end;
    if (strcmp(text, "off") == 0) {
        *out = -1;
        return OK;
    }
    double v = strtod(text, &end);
    if (end == text || *end || strspn(text, "0123456789.") != strlen(text) || !is_ratio(v))
        return why_set(why, ERR_INVALID, "\"%.40s\" is no ratio such as 2 or 0.5, and not off",
                       text);
    *out = v;
    return OK;
}

/* "off" and "node"; false: neither. */
static bool is_mode(const char *text, enum care_mode *mode)
{
    bool off = strcmp(text, "off") == 0;
    if (!off && strcmp(text, "node") != 0)
        return false;
    *mode = off ? CARE_NONE : CARE_OF_NODE;
    return true;
}

enum err care_set_ratio(struct care *c, const char *text, struct why *why)
{
    double v;
    if (is_mode(text, &c->ratio_mode))
        return OK;
    enum err e = care_parse_ratio(text, &v, why);
    if (e)
        return e;
    c->ratio = v;
    c->ratio_mode = CARE_OWN;
    return OK;
}

enum err care_set_idle(struct care *c, const char *text, struct why *why)
{
    int64_t s = 0;
    size_t n = strlen(text);
    if (is_mode(text, &c->idle_mode))
        return OK;
    /* shoal.conf refuses "5m", months or minutes; nobody is idle for months. */
    bool minutes = n > 1 && text[n - 1] == 'm';
    char *number = minutes ? mem_printf("%.*smin", (int)(n - 1), text) : mem_strdup(text);
    enum err e = conf_parse_number(CONF_TIME, number, &s, why);
    free(number);
    if (e)
        return e;
    if (s > CARE_IDLE_MAX_S)
        return why_set(why, ERR_LIMIT, "%.40s is longer than a hundred years", text);
    c->idle_s = s;
    c->idle_mode = CARE_OWN;
    return OK;
}

double care_ratio_limit(const struct care *c, double node)
{
    switch (c->ratio_mode) {
    case CARE_OF_NODE:
        return node;
    case CARE_OWN:
        return c->ratio;
    case CARE_NONE:
        break;
    }
    return -1;
}

int64_t care_idle_limit_s(const struct care *c, int64_t node_s)
{
    switch (c->idle_mode) {
    case CARE_OF_NODE:
        return node_s;
    case CARE_OWN:
        return c->idle_s;
    case CARE_NONE:
        break;
    }
    return -1;
}
