#include "core/call.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/param.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct call {
    const struct method *method;
    void *app;
    json_t *params; /* an object of our own, without nulls */
    call_answer *answer;
    void *arg;
    void (*gone)(void *arg);
    void *gone_arg;
    bool starting; /* call_start still needs it */
    bool answered;
};

/* --- parameters ------------------------------------------------------------------------------ */

json_t *call_params(const struct call *c)
{
    return c->params;
}

const char *call_text(const struct call *c, const char *name)
{
    return json_string_value(json_object_get(c->params, name));
}

int64_t call_int(const struct call *c, const char *name, int64_t fallback)
{
    const json_t *v = json_object_get(c->params, name);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

bool call_bool(const struct call *c, const char *name)
{
    return json_is_true(json_object_get(c->params, name));
}

json_t *call_array(const struct call *c, const char *name)
{
    json_t *v = json_object_get(c->params, name);
    return json_is_array(v) ? v : NULL;
}

bool call_has(const struct call *c, const char *name)
{
    return json_object_get(c->params, name) != NULL;
}

/* --- answers --------------------------------------------------------------------------------- */

static void call_free(struct call *c)
{
    json_decref(c->params);
    free(c);
}

static void give(struct call *c, enum err err, json_t *result, json_t *error)
{
    assert(!c->answered); /* a call is answered once */
    c->answered = true;
    c->gone = NULL;
    if (c->answer)
        c->answer(c->arg, err, result, error);
    json_decref(result);
    json_decref(error);
    if (!c->starting)
        call_free(c);
}

void call_ok(struct call *c, json_t *result)
{
    assert(result);
    give(c, OK, result, NULL);
}

/* jansson refuses text that is not UTF-8; names from disks and peers may not be, and a sentence
 * that was cut to its length may end inside a character. */
static json_t *text_json(const char *s)
{
    struct buf safe = {0};
    utf8_escape(&safe, s, strlen(s));
    json_t *text = json_stringn(safe.p ? (const char *)buf_bytes(&safe) : "", buf_len(&safe));
    buf_done(&safe);
    return text;
}

void call_fail(struct call *c, const char *code, const struct why *why, const char *next)
{
    assert(why->code != OK);
    json_t *error = json_object();
    json_object_set_new(error, "code", json_string(code));
    json_object_set_new(error, "message", text_json(why->text));
    if (next)
        json_object_set_new(error, "next", text_json(next));
    give(c, why->code, NULL, error);
}

void call_failf(struct call *c, const char *code, enum err err, const char *next, const char *fmt,
                ...)
{
    struct why why = {.code = err};
    va_list args;
    va_start(args, fmt);
    vsnprintf(why.text, sizeof why.text, fmt, args);
    va_end(args);
    call_fail(c, code, &why, next);
}

void call_gone(struct call *c, void (*gone)(void *arg), void *arg)
{
    c->gone = gone;
    c->gone_arg = arg;
}

void call_again(struct call *c)
{
    c->method->call(c->app, c);
}

/* --- making ---------------------------------------------------------------------------------- */

static json_t *without_nulls(json_t *params)
{
    json_t *copy = params ? json_copy(params) : json_object();
    const char *name;
    json_t *v;
    void *safe;
    json_object_foreach_safe(copy, safe, name, v)
    {
        if (json_is_null(v))
            json_object_del(copy, name);
    }
    return copy;
}

/* "file.add" is `shoal file add` to a person. */
static void fail_usage(struct call *c, const struct method *m, const struct why *why)
{
    char *next = mem_printf("shoal %s --help says what it takes", m->name);
    char *dot = strchr(next, '.');
    if (dot)
        *dot = ' ';
    call_fail(c, CALL_USAGE, why, next);
    free(next);
}

struct call *call_start(const struct method *m, void *app, json_t *params, call_answer *answer,
                        void *arg)
{
    struct call *c = MEM_NEW(struct call);
    *c = (struct call){.method = m, .app = app, .answer = answer, .arg = arg, .starting = true};
    struct why why;
    enum err err = OK;
    if (params && !json_is_object(params))
        err = why_set(&why, ERR_INVALID, "the parameters of %s must be an object", m->name);
    c->params = without_nulls(err == OK ? params : NULL);
    if (err == OK)
        err = params_check(m, c->params, &why);
    if (err == OK)
        m->call(app, c);
    else
        fail_usage(c, m, &why);
    c->starting = false;
    if (!c->answered)
        return c;
    call_free(c);
    return NULL;
}

void call_drop(struct call *c)
{
    void (*gone)(void *arg) = c->gone;
    c->answer = NULL;
    c->gone = NULL;
    if (gone)
        gone(c->gone_arg); /* may answer, and so end the call */
}

/* --- codes ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned http; /* RFC 9110 section 15; 507 is RFC 4918 section 11.5 */
    int exit;      /* CLI.md: 3 not found, 4 refused, 6 timed out, 7 state, 8 not enough */
} codes[] = {
    [OK] = {"ok", 200, 0},
    [ERR_INVALID] = {"invalid", 400, 1},
    [ERR_LIMIT] = {"limit", 422, 1},
    [ERR_NOT_FOUND] = {"not_found", 404, 3},
    [ERR_DENIED] = {"denied", 403, 4},
    [ERR_TIMEOUT] = {"timeout", 504, 6},
    [ERR_CLOSED] = {"closed", 502, 1},
    [ERR_IO] = {"io", 500, 1},
    [ERR_STATE] = {"state", 409, 7},
    [ERR_FULL] = {"full", 507, 8},
    [ERR_UNSUPPORTED] = {"unsupported", 501, 1},
};

unsigned err_http_status(enum err code)
{
    return codes[code].http;
}

int err_exit_code(enum err code)
{
    return codes[code].exit;
}

const char *err_name(enum err code)
{
    return codes[code].name;
}
