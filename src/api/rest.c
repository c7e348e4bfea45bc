#include "api/rest.h"

#include "api/reply.h"
#include "base/list.h"
#include "base/mem.h"
#include "crypto/sha256.h"

#include <string.h>

/* An Idempotency-Key that was used, and what it got. */
struct used {
    struct link link;
    char *key; /* "wallet.send KEY" */
    uint8_t params[SHA256_LEN];
    unsigned status; /* 0: it still runs */
    json_t *body;
};

struct rest {
    struct link calls; /* running */
    struct link used;  /* oldest first */
    size_t used_count;
};

struct running {
    struct link link;
    struct rest *rest;       /* NULL: gone */
    struct httpd_call *http; /* NULL: the client is gone */
    struct call *call;
    struct used *used; /* NULL: no key needed */
};

struct rest *rest_new(void)
{
    struct rest *r = MEM_NEW(struct rest);
    list_init(&r->calls);
    list_init(&r->used);
    return r;
}

static void used_free(struct rest *r, struct used *u)
{
    list_drop(&u->link);
    r->used_count--;
    json_decref(u->body);
    free(u->key);
    free(u);
}

void rest_free(struct rest *r)
{
    if (!r)
        return;
    LIST_EACH(&r->calls, struct running, run, link) {
        list_drop(&run->link);
        run->rest = NULL;
        run->http = NULL;
        run->used = NULL;
        if (run->call)
            call_drop(run->call);
        free(run);
    }
    LIST_EACH(&r->used, struct used, u, link)
        used_free(r, u);
    free(r);
}

/* ---- answers ---- */

/* Long work is a job, and the answer comes at once (RFC 9110 section 15.3.3). */
static unsigned status_of(const json_t *result)
{
    return json_is_string(json_object_get(result, "job")) ? 202 : 200;
}

static const char *text_of(const json_t *error, const char *name)
{
    return json_string_value(json_object_get(error, name));
}

static void send(struct httpd_call *http, unsigned status, const json_t *body)
{
    const json_t *error = json_object_get(body, "error");
    if (status < 400)
        reply_json(http, status, body, NULL);
    else
        reply_problem(http, status, text_of(error, "code"), text_of(error, "message"),
                      text_of(error, "next"), NULL);
}

static void on_answer(void *arg, enum err err, json_t *result, json_t *error)
{
    struct running *run = arg;
    unsigned status = error ? err_http_status(err) : status_of(result);
    json_t *body = error ? reply_problem_of(status, text_of(error, "code"),
                                            text_of(error, "message"), text_of(error, "next"))
                         : json_incref(result);
    if (run->http)
        send(run->http, status, body);
    if (run->used) {
        run->used->status = status;
        run->used->body = json_incref(body);
    }
    json_decref(body);
    list_drop(&run->link);
    free(run);
}

static void on_gone(void *arg)
{
    struct running *run = arg;
    run->http = NULL;
    if (run->used) /* its answer is still wanted, by the next try */
        return;
    list_drop(&run->link);
    call_drop(run->call);
    free(run);
}

/* ---- idempotency ---- */

static void fingerprint(const json_t *params, uint8_t out[SHA256_LEN])
{
    char *text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);
    sha256(text ? text : "", text ? strlen(text) : 0, out);
    free(text);
}

static struct used *used_find(struct rest *r, const char *key)
{
    LIST_EACH(&r->used, struct used, u, link)
        if (strcmp(u->key, key) == 0)
            return u;
    return NULL;
}

/* Room for one more: the oldest that is answered goes; false when all still run. */
static bool used_room(struct rest *r)
{
    if (r->used_count < REST_KEYS_MAX)
        return true;
    LIST_EACH(&r->used, struct used, u, link)
        if (u->status != 0) {
            used_free(r, u);
            return true;
        }
    return false;
}

static bool is_key(const char *text)
{
    size_t n = text ? strnlen(text, REST_KEY_MAX + 1) : 0;
    if (n == 0 || n > REST_KEY_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] < '!' || text[i] > '~')
            return false;
    return true;
}

/* The second use of a key. */
static void answer_again(const struct used *u, const uint8_t params[SHA256_LEN],
                         struct httpd_call *c)
{
    if (memcmp(u->params, params, SHA256_LEN) != 0)
        reply_problem(c, 422, "api.key_reused",
                      "this Idempotency-Key was used with other parameters",
                      "make a new key for a new wish", NULL);
    else if (u->status == 0)
        reply_problem(c, 409, "api.key_running", "the first request with this key still runs",
                      "ask again in a moment, with the same key", NULL);
    else
        send(c, u->status, u->body);
}

/* True: go on, with *out.  False: c is answered. */
static bool claim_key(struct rest *r, const struct method *m, const json_t *params,
                      struct httpd_call *c, struct used **out)
{
    const char *text = httpd_header(c, "Idempotency-Key");
    if (!is_key(text)) {
        reply_problem(c, 400, "api.idempotency_key",
                      "what spends money needs an Idempotency-Key of 1 to 128 visible characters",
                      "send the header, and the same one when trying again", NULL);
        return false;
    }
    char *key = mem_printf("%s %s", m->name, text);
    uint8_t print[SHA256_LEN];
    fingerprint(params, print);
    struct used *u = used_find(r, key);
    if (u || !used_room(r)) {
        if (u)
            answer_again(u, print, c);
        else
            reply_problem(c, 503, "api.busy", "too many payments are being made at once",
                          "try again in a moment", NULL);
        free(key);
        return false;
    }
    u = MEM_NEW(struct used);
    u->key = key;
    memcpy(u->params, print, sizeof print);
    list_push(&r->used, &u->link);
    r->used_count++;
    *out = u;
    return true;
}

/* ---- requests ---- */

static const char *query(void *arg, const char *name)
{
    return httpd_query(arg, name);
}

void rest_serve(struct rest *r, const struct method *m, void *app, const char *path,
                struct httpd_call *c)
{
    struct why why;
    json_t *params = routes_params(m, path, query, c, httpd_body(c), &why);
    if (!params) {
        reply_problem(c, 400, CALL_USAGE, why.text, "GET /api/v1/methods says what it takes", NULL);
        return;
    }
    struct used *used = NULL;
    if (!(m->flags & METHOD_MONEY) || claim_key(r, m, params, c, &used)) {
        struct running *run = MEM_NEW(struct running);
        *run = (struct running){.rest = r, .http = c, .used = used};
        list_push(&r->calls, &run->link);
        struct call *call = call_start(m, app, params, on_answer, run);
        if (call) { /* not answered yet, and so run is still there */
            run->call = call;
            httpd_on_gone(c, on_gone, run);
        }
    }
    json_decref(params);
}
