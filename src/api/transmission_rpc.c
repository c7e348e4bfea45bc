#include "api/transmission.h"

#include "api/json_text.h"
#include "api/transmission_int.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "crypto/hex.h"
#include "net/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HASH_HEX = 40 };

/* One body: a request, or a batch of them. */
struct ask {
    struct link link;
    struct transmission *t;
    ask_answer *answer;
    void *arg;
    json_t *body;
    bool batch, starting, over;
    struct link rpcs; /* that are not answered */
    struct buf reply; /* of a batch: replies in the order in which they came */
    size_t open;
};

/* One call of ours that a request waits for. */
struct sub {
    struct link link;
    struct rpc *rpc;
    struct call *call;
    rpc_got *got;
    size_t at;
};

/* ---- the face ---- */

struct transmission *transmission_new(const struct transmission_cfg *cfg)
{
    struct transmission *t = MEM_NEW(struct transmission);
    uint8_t id[(TRANSMISSION_SESSION_ID - 1) / 2];
    t->cfg = *cfg;
    t->shelf = json_object();
    list_init(&t->asks);
    loop_random(cfg->loop, id, sizeof id);
    hex_encode(id, sizeof id, t->session);
    return t;
}

void transmission_free(struct transmission *t)
{
    if (!t)
        return;
    LIST_EACH(&t->asks, struct ask, a, link) {
        transmission_drop(a);
    }
    json_decref(t->shelf);
    free(t);
}

/* ---- a request's life ---- */

static void rpc_free(struct rpc *r)
{
    LIST_EACH(&r->subs, struct sub, s, link) {
        list_drop(&s->link);
        call_drop(s->call);
        free(s);
    }
    http_cancel(r->fetch);
    rpc_reading_drop(r->reading);
    list_drop(&r->link);
    json_decref(r->args);
    json_decref(r->out);
    buf_done(&r->torrents);
    json_decref(r->rows);
    json_decref(r->removed);
    json_decref(r->settings);
    free(r->problem);
    free(r);
}

static void ask_free(struct ask *a)
{
    LIST_EACH(&a->rpcs, struct rpc, r, link) {
        rpc_free(r);
    }
    list_drop(&a->link);
    json_decref(a->body);
    buf_done(&a->reply);
    free(a);
}

void transmission_drop(struct ask *a)
{
    ask_free(a);
}

/* All are answered: the reply, the list of them, or none (JSON-RPC 2.0, 4.1 and 6). */
static void ask_finish(struct ask *a)
{
    bool any = buf_len(&a->reply) > 0;
    a->over = true;
    if (any && a->batch)
        buf_u8(&a->reply, ']');
    a->answer(a->arg, any ? (const char *)buf_bytes(&a->reply) : NULL, buf_len(&a->reply));
    if (!a->starting)
        ask_free(a);
}

/* Where the next reply goes. */
static struct buf *ask_next(struct ask *a)
{
    if (a->batch)
        buf_u8(&a->reply, buf_len(&a->reply) > 0 ? ',' : '[');
    return &a->reply;
}

static void ask_got(struct ask *a)
{
    if (--a->open == 0)
        ask_finish(a);
}

/* ---- answers ---- */

static void put_member(struct buf *b, bool first, const char *name, const json_t *value)
{
    json_text_name(b, first, name);
    json_text_put(b, value);
}

/* out and, as it is long, what is text already. */
static void put_out(struct buf *b, const struct rpc *r, const json_t *out)
{
    bool first = true;
    const char *name;
    json_t *v;
    buf_u8(b, '{');
    if (buf_len(&r->torrents) > 0) {
        json_text_name(b, true, "torrents");
        buf_put(b, buf_bytes(&r->torrents), buf_len(&r->torrents));
        first = false;
    }
    json_object_foreach((json_t *)out, name, v) {
        put_member(b, first, name, v);
        first = false;
    }
    buf_u8(b, '}');
}

static void legacy_reply(struct rpc *r)
{
    struct buf *b = ask_next(r->ask);
    json_t *result = json_string(r->problem ? r->problem : "success");
    json_t *out = tname_reply(r->out, r->style), *tag = json_object_get(r->request, "tag");
    buf_u8(b, '{');
    put_member(b, true, "result", result);
    json_text_name(b, false, "arguments");
    put_out(b, r, out);
    if (json_is_integer(tag))
        put_member(b, false, "tag", tag);
    buf_u8(b, '}');
    json_decref(result);
    json_decref(out);
}

static const char *code_text(enum rpc_code code)
{
    switch (code) {
    case RPC_PARSE_ERROR:
        return "Parse error";
    case RPC_INVALID_REQUEST:
        return "Invalid Request";
    case RPC_METHOD_NOT_FOUND:
        return "Method not found";
    case RPC_INVALID_PARAMS:
        return "Invalid params";
    case RPC_INTERNAL_ERROR:
        return "Internal error";
    case RPC_INVALID_TRACKER_LIST:
        return "Invalid tracker list";
    case RPC_PATH_NOT_ABSOLUTE:
        return "path is not absolute";
    case RPC_SYSTEM_ERROR:
        return "system error";
    case RPC_FILE_INDEX:
        return "file index out of range";
    case RPC_HTTP_ERROR:
        return "HTTP error from backend service";
    case RPC_CORRUPT_TORRENT:
        return "invalid or corrupt torrent file";
    }
    return "error";
}

/* JSON-RPC 2.0 section 5; "data" as rpc-spec 2.1 has it.  Nothing for a notification. */
static void modern_reply(const struct rpc *r)
{
    json_t *id = json_object_get(r->request, "id");
    bool broken = r->problem && (r->code == RPC_INVALID_REQUEST || r->code == RPC_PARSE_ERROR);
    if (!id && !broken)
        return;
    struct buf *b = ask_next(r->ask);
    buf_str(b, "{\"jsonrpc\":\"2.0\"");
    put_member(b, false, "id", json_is_string(id) || json_is_number(id) ? id : NULL);
    if (r->problem) {
        json_t *error = json_pack("{s:i, s:s, s:{s:s}}", "code", (int)r->code, "message",
                                  code_text(r->code), "data", "error_string", r->problem);
        put_member(b, false, "error", error);
        json_decref(error);
    } else {
        json_text_name(b, false, "result");
        put_out(b, r, r->out);
    }
    buf_u8(b, '}');
}

static void finish(struct rpc *r)
{
    struct ask *a = r->ask;
    r->over = true;
    if (r->legacy)
        legacy_reply(r);
    else
        modern_reply(r);
    rpc_free(r);
    ask_got(a);
}

/* Step after step, as long as nothing is waited for. */
static void settle(struct rpc *r)
{
    if (r->settling)
        return;
    r->settling = true;
    while (list_empty(&r->subs) && r->waits == 0) {
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

void rpc_woken(struct rpc *r)
{
    r->waits--;
    settle(r);
}

void rpc_fail(struct rpc *r, enum rpc_code code, const char *fmt, ...)
{
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (r->problem) /* the first one counts */
        return;
    struct buf safe = {0}; /* what was cut may end inside a character */
    utf8_escape(&safe, text, strlen(text));
    r->problem = buf_take_str(&safe);
    r->code = code;
}

/* ---- requests ---- */

static void begin(struct rpc *r)
{
    const json_t *version = json_object_get(r->request, "jsonrpc");
    const char *name = json_string_value(json_object_get(r->request, "method"));
    const json_t *args = json_object_get(r->request, r->legacy ? "arguments" : "params");
    char snake[TNAME_MAX];
    enum tname_style style = TNAME_CAMEL;
    if (!name) {
        rpc_fail(r, RPC_INVALID_REQUEST, "no method name");
        return;
    }
    if (!r->legacy && strcmp(json_string_value(version) ? json_string_value(version) : "", "2.0")) {
        rpc_fail(r, RPC_INVALID_REQUEST, "jsonrpc must be \"2.0\"");
        return;
    }
    if (!r->legacy && args && !json_is_object(args)) {
        rpc_fail(r, RPC_INVALID_PARAMS, "params must be an object");
        return;
    }
    tname_snake(name, snake);
    r->args = tname_arguments(args);
    r->then = torrent_method(snake, &style);
    if (!r->then)
        r->then = session_method(snake, &style);
    r->style = r->legacy ? style : TNAME_SNAKE;
    if (!r->then)
        rpc_fail(r, RPC_METHOD_NOT_FOUND, "method name not recognized");
}

static void rpc_start(struct ask *a, json_t *request)
{
    struct rpc *r = MEM_NEW(struct rpc);
    *r = (struct rpc){.ask = a, .t = a->t, .request = request, .out = json_object()};
    r->legacy = !a->batch && !json_object_get(request, "jsonrpc");
    list_init(&r->subs);
    list_push(&a->rpcs, &r->link);
    begin(r);
    settle(r);
}

static void unreadable(struct ask *a, enum rpc_code code, const char *text)
{
    json_t *reply = json_pack("{s:s, s:{}, s:s, s:n, s:{s:i, s:s, s:{s:s}}}", "result", text,
                              "arguments", "jsonrpc", "2.0", "id", "error", "code", (int)code,
                              "message", code_text(code), "data", "error_string", text);
    json_text_put(ask_next(a), reply);
    json_decref(reply);
    ask_got(a);
}

static void ask_start(struct ask *a)
{
    size_t n = json_array_size(a->body), i;
    json_t *request;
    a->batch = n > 0;
    a->open = a->batch ? n : 1;
    if (!a->body)
        unreadable(a, RPC_PARSE_ERROR, "the request is not JSON");
    else if (n > TRANSMISSION_BATCH_MAX || (json_is_array(a->body) && n == 0)) {
        a->batch = false;
        a->open = 1;
        unreadable(a, RPC_INVALID_REQUEST, "a batch has 1 to 100 requests");
    } else if (!a->batch)
        rpc_start(a, a->body);
    else
        json_array_foreach(a->body, i, request) {
            rpc_start(a, request);
        }
}

struct ask *transmission_ask(struct transmission *t, struct cur body, ask_answer *answer, void *arg)
{
    struct ask *a = MEM_NEW(struct ask);
    *a = (struct ask){.t = t, .answer = answer, .arg = arg, .starting = true};
    list_init(&a->rpcs);
    list_push(&t->asks, &a->link);
    a->body = json_loadb(body.p ? (const char *)body.p : "", body.n, 0, NULL);
    ask_start(a);
    a->starting = false;
    if (!a->over)
        return a;
    ask_free(a);
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

bool rpc_has(const struct rpc *r, const char *method)
{
    return routes_named(r->t->cfg.routes, method).method != NULL;
}

void rpc_call(struct rpc *r, const char *name, json_t *params, rpc_got *got, size_t at)
{
    struct route route = routes_named(r->t->cfg.routes, name);
    if (!route.method) {
        rpc_fail(r, RPC_METHOD_NOT_FOUND, "this node has no %s", name);
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

bool rpc_param(const struct rpc *r, const char *method, json_t *params, const char *name,
               json_t *value)
{
    const struct method *m = routes_named(r->t->cfg.routes, method).method;
    for (const struct param *p = m ? m->params : NULL; p && p->name; p++)
        if (strcmp(p->name, name) == 0) {
            json_object_set_new(params, name, value);
            return true;
        }
    json_decref(value);
    return false;
}

void rpc_must(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!result)
        rpc_fail(r, RPC_SYSTEM_ERROR, "%s", message);
}

/* ---- arguments ---- */

const char *rpc_text(const struct rpc *r, const char *name)
{
    return json_string_value(json_object_get(r->args, name));
}

json_t *rpc_list(const struct rpc *r, const char *name)
{
    json_t *v = json_object_get(r->args, name);
    return json_is_array(v) ? v : NULL;
}

/* Old clients say 1 for true. */
bool rpc_flag(const struct rpc *r, const char *name)
{
    const json_t *v = json_object_get(r->args, name);
    return json_is_true(v) || json_integer_value(v) != 0;
}

bool rpc_number(const struct rpc *r, const char *name, double *out)
{
    const json_t *v = json_object_get(r->args, name);
    *out = json_number_value(v);
    return json_is_number(v);
}

/* ---- which torrents ---- */

static void got_rows(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!result) {
        rpc_fail(r, RPC_SYSTEM_ERROR, "%s", message);
        return;
    }
    r->rows = json_incref(json_object_get(result, "rows"));
    r->removed = json_incref(json_object_get(result, "removed"));
}

bool rpc_is_lately(const json_t *ids)
{
    const char *text = json_string_value(ids);
    char snake[TNAME_MAX];
    if (!text)
        return false;
    tname_snake(text, snake);
    return strcmp(snake, "recently_active") == 0;
}

/* A number or a hash, into one of the lists; anything else means no torrent. */
static void sort_id(json_t *id, json_t *hashes, json_t *numbers)
{
    if (json_is_integer(id) && json_integer_value(id) >= 0)
        json_array_append(numbers, id);
    else if (json_is_string(id) && json_string_length(id) == HASH_HEX)
        json_array_append(hashes, id);
}

/* ids: a number, a hash, a list of both, "recently-active"; absent: all. */
static json_t *choice(struct rpc *r)
{
    json_t *ids = json_object_get(r->args, "ids"), *id;
    json_t *params = json_object();
    if (!ids)
        return params;
    if (rpc_is_lately(ids)) {
        json_object_set_new(params, "lately", json_true());
        return params;
    }
    json_t *hashes = json_array(), *numbers = json_array();
    size_t i;
    if (json_is_array(ids))
        json_array_foreach(ids, i, id) {
            sort_id(id, hashes, numbers);
        }
    else
        sort_id(ids, hashes, numbers);
    json_object_set_new(params, "ids", hashes);
    json_object_set_new(params, "numbers", numbers);
    return params;
}

void rpc_choose(struct rpc *r, json_t *fields, rpc_step *then)
{
    json_t *names = json_pack("[s, s]", "id", "number");
    json_array_extend(names, fields);
    json_t *params = choice(r);
    json_object_set_new(params, "fields", names);
    r->then = then;
    rpc_call(r, "file.poll", params, got_rows, 0);
}

const char *rpc_row_id(const json_t *row)
{
    const char *id = json_string_value(json_array_get(row, 0));
    return id ? id : "";
}
