#include "api/transmission.h"

#include "api/guard.h"
#include "api/reply.h"
#include "api/transmission_int.h"
#include "base/map.h"
#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/hex.h"

#include <stdio.h>
#include <string.h>

struct number {
    int id;
    bool seen;
};

struct transmission *transmission_new(struct loop *loop, const struct vfs *vfs,
                                      const struct routes *routes, const char *version,
                                      const char *download_dir)
{
    struct transmission *t = MEM_NEW(struct transmission);
    uint8_t id[(TRANSMISSION_SESSION_ID - 1) / 2];
    t->loop = loop;
    t->vfs = vfs;
    t->routes = routes;
    t->version = version;
    t->download_dir = download_dir ? download_dir : "";
    t->numbers = map_new(loop_random_u64(loop));
    list_init(&t->requests);
    loop_random(loop, id, sizeof id);
    hex_encode(id, sizeof id, t->session);
    return t;
}

void transmission_free(struct transmission *t)
{
    if (!t)
        return;
    LIST_EACH(&t->requests, struct rpc, r, link) {
        transmission_drop(r);
    }
    struct number *n;
    for (size_t at = 0; (n = map_next(t->numbers, &at, NULL, NULL));)
        free(n);
    map_free(t->numbers);
    free(t);
}

/* ---- numbers ---- */

static struct number *number_of(struct transmission *t, const json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    if (!id)
        return NULL;
    struct number *n = map_get(t->numbers, id, strlen(id));
    if (!n) {
        n = MEM_NEW(struct number);
        n->id = ++t->last;
        map_put(t->numbers, id, strlen(id), n);
    }
    return n;
}

int transmission_number(struct transmission *t, const json_t *row)
{
    const struct number *n = number_of(t, row);
    return n ? n->id : 0;
}

void transmission_sweep(struct transmission *t, const json_t *rows)
{
    size_t i;
    const json_t *row;
    struct number *n;
    json_array_foreach(rows, i, row) {
        if ((n = number_of(t, row)))
            n->seen = true;
    }
    const void *key;
    size_t len;
    for (size_t at = 0; (n = map_next(t->numbers, &at, &key, &len));) {
        if (n->seen) {
            n->seen = false;
            continue;
        }
        t->removed[t->removed_at++ % TRANSMISSION_REMOVED_MAX] =
            (struct removed){n->id, loop_now_us(t->loop)};
        map_drop(t->numbers, key, len);
        free(n);
    }
}

/* ---- HTTP ---- */

static void on_reply(void *arg, json_t *reply)
{
    reply_json(arg, 200, reply, NULL);
}

static void on_gone(void *arg)
{
    transmission_drop(arg);
}

/* The session id is no secret from the client, but a form of another site cannot send it: a second
 * lock, beside Origin (rpc-spec 2.3.2, "CSRF protection"). */
static bool has_session(const struct transmission *t, struct httpd_call *c)
{
    const char *id = httpd_header(c, "X-Transmission-Session-Id");
    return id && strlen(id) == sizeof t->session - 1 &&
           equal_secret(id, t->session, sizeof t->session - 1);
}

void transmission_serve(struct transmission *t, struct httpd_call *c)
{
    if (!has_session(t, c)) {
        char header[40 + TRANSMISSION_SESSION_ID];
        snprintf(header, sizeof header, "X-Transmission-Session-Id: %s", t->session);
        reply_problem(c, 409, "transmission.session", "the request does not carry the session id",
                      "send it again with the X-Transmission-Session-Id of this answer", header);
        return;
    }
    if (strcmp(httpd_method(c), "POST") != 0) {
        reply_problem(c, 405, "api.method_not_allowed", "requests are sent by POST", NULL,
                      "Allow: POST");
        return;
    }
    struct rpc *r = transmission_ask(t, httpd_body(c), on_reply, c);
    if (r)
        httpd_on_gone(c, on_gone, r);
}
