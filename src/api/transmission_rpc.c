#include "api/transmission.h"

#include "api/transmission_int.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One call of ours that a request waits for. */
struct sub {
    struct link link;
    struct rpc *rpc;
    struct call *call;
    rpc_got *got;
    size_t at;
};

/* ---- a request's life ---- */

static void rpc_free(struct rpc *r)
{
    list_drop(&r->link);
    json_decref(r->request);
    json_decref(r->out);
    json_decref(r->rows);
    free(r->problem);
    free(r);
}

void transmission_drop(struct rpc *r)
{
    LIST_EACH(&r->subs, struct sub, s, link) {
        list_drop(&s->link);
        call_drop(s->call);
        free(s);
    }
    rpc_free(r);
}

static void finish(struct rpc *r)
{
    json_t *reply =
        json_pack("{s:s, s:O}", "result", r->problem ? r->problem : "success", "arguments", r->out);
    json_t *tag = json_object_get(r->request, "tag");
    if (json_is_integer(tag))
        json_object_set(reply, "tag", tag);
    r->over = true;
    r->answer(r->arg, reply);
    json_decref(reply);
    if (!r->starting)
        rpc_free(r);
}

/* Step after step, as long as nothing is waited for. */
static void settle(struct rpc *r)
{
    if (r->settling)
        return;
    r->settling = true;
    while (list_empty(&r->subs)) {
        rpc_step *then = r->then;
        r->then = NULL;
        if (!then || r->problem) {
            finish(r);
            return;
        }
        then(r);
    }
    r->settling = false;
}

void rpc_fail(struct rpc *r, const char *fmt, ...)
{
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!r->problem)
        r->problem = mem_strdup(text);
}

struct rpc *transmission_ask(struct transmission *t, struct cur body, rpc_answer *answer, void *arg)
{
    struct rpc *r = MEM_NEW(struct rpc);
    *r = (struct rpc){.t = t, .answer = answer, .arg = arg, .out = json_object(), .starting = true};
    list_init(&r->subs);
    list_push(&t->requests, &r->link);
    r->request = json_loadb(body.p ? (const char *)body.p : "", body.n, 0, NULL);
    r->args = json_object_get(r->request, "arguments");
    const char *name = json_string_value(json_object_get(r->request, "method"));
    r->settling = true; /* nothing is over before the method has begun */
    if (!r->request)
        rpc_fail(r, "the request is not JSON");
    else if (!name)
        rpc_fail(r, "no method name");
    else
        transmission_do(r, name);
    r->settling = false;
    settle(r);
    r->starting = false;
    if (!r->over)
        return r;
    rpc_free(r);
    return NULL;
}

/* ---- calls of ours ---- */

static void on_answer(void *arg, enum err err, json_t *result, json_t *error)
{
    (void)err;
    struct sub *s = arg;
    struct rpc *r = s->rpc;
    list_drop(&s->link);
    const char *message = json_string_value(json_object_get(error, "message"));
    s->got(r, s->at, result, message ? message : "it failed");
    free(s);
    settle(r);
}

void rpc_call(struct rpc *r, const char *name, json_t *params, rpc_got *got, size_t at)
{
    struct route route = routes_named(r->t->routes, name);
    if (!route.method) {
        rpc_fail(r, "this node has no %s", name);
    } else {
        struct sub *s = MEM_NEW(struct sub);
        *s = (struct sub){.rpc = r, .got = got, .at = at};
        list_push(&r->subs, &s->link);
        struct call *call = call_start(route.method, route.app, params, on_answer, s);
        if (call) /* not answered, so s is still there */
            s->call = call;
    }
    json_decref(params);
}

void rpc_param(const struct rpc *r, const char *method, json_t *params, const char *name,
               json_t *value)
{
    const struct method *m = routes_named(r->t->routes, method).method;
    for (const struct param *p = m ? m->params : NULL; p && p->name; p++)
        if (strcmp(p->name, name) == 0) {
            json_object_set_new(params, name, value);
            return;
        }
    json_decref(value);
}

/* ---- which torrents ---- */

static bool is_chosen(struct rpc *r, const json_t *id, const json_t *row)
{
    if (json_is_integer(id))
        return json_integer_value(id) == transmission_number(r->t, row);
    const char *want = json_string_value(id);
    const char *have = json_string_value(json_object_get(row, "infohash_v1"));
    return want && have && strcasecmp(want, have) == 0;
}

/* arguments.ids: a number, a hash, a list of both, "recently-active"; absent: all. */
static bool is_wanted(struct rpc *r, const json_t *ids, const json_t *row)
{
    if (!ids || (json_is_string(ids) && strcmp(json_string_value(ids), "recently-active") == 0))
        return true;
    if (!json_is_array(ids))
        return is_chosen(r, ids, row);
    size_t i;
    const json_t *id;
    json_array_foreach(ids, i, id) {
        if (is_chosen(r, id, row))
            return true;
    }
    return false;
}

static void got_rows(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!json_is_array(result)) {
        rpc_fail(r, "%s", message);
        return;
    }
    transmission_sweep(r->t, result);
    r->rows = json_array();
    size_t i;
    json_t *row;
    json_array_foreach(result, i, row) {
        if (is_wanted(r, json_object_get(r->args, "ids"), row))
            json_array_append(r->rows, row);
    }
}

void rpc_choose(struct rpc *r, rpc_step *then)
{
    r->then = then;
    rpc_call(r, "file.ls", json_object(), got_rows, 0);
}
