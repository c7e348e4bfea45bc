#include "api/sockets.h"

#include "api/reply.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/call.h"
#include "net/wsock.h"

#include <stdio.h>
#include <string.h>

struct sockets {
    struct loop *loop;
    const struct log *log;
    struct sockets_app app;
    struct link all;
    size_t count;
};

struct guest {
    struct link link;
    struct sockets *sockets;
    char *path;
    bool writes;
    struct wsock *ws;      /* NULL: not upgraded yet */
    struct app_socket *at; /* NULL: not let in, or shown out */
    bool paused;
};

/* ---- the end of one ---- */

static void leave(struct guest *g)
{
    struct app_socket *at = g->at;
    g->at = NULL;
    if (at)
        g->sockets->app.ops->close(at);
}

static void guest_free(struct guest *g)
{
    leave(g);
    wsock_free(g->ws);
    list_drop(&g->link);
    g->sockets->count--;
    free(g->path);
    free(g);
}

static void show_out(struct guest *g, const struct why *why)
{
    enum ws_code code = why->code == ERR_INVALID || why->code == ERR_UNSUPPORTED ? WS_PROTOCOL
                        : why->code == ERR_LIMIT                                 ? WS_BIG
                        : why->code == ERR_DENIED                                ? WS_DENIED
                        : why->code == ERR_NOT_FOUND                             ? WS_GONE
                                                                                 : WS_TROUBLE;
    log_debug(g->sockets->log, "api: a client of /%s/ is shown out: %s", g->sockets->app.name,
              why->text);
    leave(g);
    wsock_bye(g->ws, code, why->text);
}

/* ---- while it lasts ---- */

static void on_send(void *arg, struct cur message)
{
    struct guest *g = arg;
    wsock_send(g->ws, message);
    if (g->at && !g->paused && wsock_unsent(g->ws) > SOCKETS_UNSENT_MAX) {
        g->paused = true;
        g->sockets->app.ops->pause(g->at);
    }
}

static void on_drained(void *arg)
{
    struct guest *g = arg;
    if (!g->paused || !g->at)
        return;
    g->paused = false;
    g->sockets->app.ops->resume(g->at);
}

static void on_message(void *arg, struct cur message)
{
    struct guest *g = arg;
    struct why why;
    if (g->at && g->sockets->app.ops->take(g->at, message, &why) != OK)
        show_out(g, &why);
}

static void on_end(void *arg, const struct why *why)
{
    struct guest *g = arg;
    if (g->at)
        show_out(g, why);
}

static void on_ended(void *arg, const struct why *why)
{
    struct guest *g = arg;
    if (why)
        log_debug(g->sockets->log, "api: a client of /%s/: %s", g->sockets->app.name, why->text);
    guest_free(g);
}

static const struct wsock_ops ops = {on_message, on_drained, on_ended};

/* ---- the beginning ---- */

static void on_upgraded(void *arg, struct conn *c, struct cur early)
{
    struct guest *g = arg;
    const struct sockets_app *app = &g->sockets->app;
    struct why why;
    if (!c) {
        guest_free(g);
        return;
    }
    g->ws = wsock_new(c, early, app->ops->message_max, &ops, g);
    g->at = app->ops->open(app->app, g->path, g->writes, on_send, on_end, g, &why);
    if (!g->at)
        show_out(g, &why);
}

/* RFC 6455 section 4.2.2; false: it was answered. */
static bool is_asked_for(struct httpd_call *c)
{
    struct why why;
    enum err e = ws_check_request(httpd_header(c, "Upgrade"), httpd_header(c, "Connection"),
                                  httpd_header(c, "Sec-WebSocket-Version"),
                                  httpd_header(c, "Sec-WebSocket-Key"), &why);
    if (e != OK)
        reply_problem(c, 426, "api.upgrade", why.text, "connect with a WebSocket of version 13",
                      "Upgrade: websocket\nSec-WebSocket-Version: 13");
    return e == OK;
}

void sockets_serve(struct sockets *s, const char *path, bool writes, struct httpd_call *c)
{
    struct why why;
    struct buf accept = {0};
    char header[80];
    enum err e = s->app.ops->find(s->app.app, path, &why);
    if (e == OK && s->count >= SOCKETS_MAX)
        e = why_set(&why, ERR_LIMIT, "%d clients are connected, which is as many as may be",
                    SOCKETS_MAX);
    if (e != OK) {
        reply_problem(c, err_http_status(e), err_name(e), why.text, NULL, NULL);
        return;
    }
    if (!is_asked_for(c))
        return;
    struct guest *g = MEM_NEW(struct guest);
    g->sockets = s;
    g->path = mem_strdup(path);
    g->writes = writes;
    list_push(&s->all, &g->link);
    s->count++;
    ws_accept_of(httpd_header(c, "Sec-WebSocket-Key"), &accept);
    snprintf(header, sizeof header, "Sec-WebSocket-Accept: %.*s", (int)buf_len(&accept),
             (const char *)buf_bytes(&accept));
    buf_done(&accept);
    httpd_upgrade(c, (const char *[]){"Upgrade: websocket", header, NULL}, on_upgraded, g);
}

const char *sockets_path(const struct sockets *s, const char *path)
{
    size_t n = s->app.name ? strlen(s->app.name) : 0;
    if (n == 0 || path[0] != '/' || strncmp(path + 1, s->app.name, n) != 0 || path[n + 1] != '/')
        return NULL;
    return path + n + 2;
}

struct sockets *sockets_new(struct loop *loop, const struct log *log, const struct sockets_app *app)
{
    struct sockets *s = MEM_NEW(struct sockets);
    s->loop = loop;
    s->log = log;
    s->app = *app;
    list_init(&s->all);
    return s;
}

void sockets_free(struct sockets *s)
{
    if (!s)
        return;
    LIST_EACH(&s->all, struct guest, g, link) {
        leave(g);
        wsock_bye(g->ws, WS_AWAY, "the node ends");
        guest_free(g);
    }
    free(s);
}
