#include "api/api.h"

#include "api/events.h"
#include "api/guard.h"
#include "api/keyring.h"
#include "api/login_page.h"
#include "api/logins.h"
#include "api/methods.h"
#include "api/reply.h"
#include "api/rest.h"
#include "api/transmission.h"
#include "api/web.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/wipe.h"
#include "net/httpd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define API_PREFIX "/api/v1"

/* The cookie outlives the session, which is ours to end: a cookie would have to be set anew at each
 * use.  400 days are the most that browsers keep. */
enum { COOKIE_S = 400 * 24 * 3600, COOKIE_TEXT = 256 };

struct api {
    struct api_cfg cfg;
    struct httpd *http;
    struct keyring *keyring;
    struct logins *logins;
    struct login_page *page; /* NULL: none */
    struct routes *routes;
    struct rest *rest;
    struct events *events;
    struct transmission *transmission;
    struct sockets *sockets;
    struct api_own own;
    struct addr at;
    char own_host[ADDR_TEXT]; /* "127.0.0.5", "[::1]" */
    char cookie[32];          /* "shoal_7421": a browser's cookies do not know ports */
};

/* ---- what is asked for ---- */

enum place {
    PLACE_WEB,
    PLACE_HEALTH,
    PLACE_LOGIN,
    PLACE_METRICS,
    PLACE_EVENTS,
    PLACE_LOGIN_CODE,
    PLACE_LOGOUT,
    PLACE_METHOD,
    PLACE_CONTENT,
    PLACE_SOCKET,
    PLACE_TRANSMISSION,
    PLACE_NONE,
};

struct asked {
    enum place place;
    struct route route;          /* of PLACE_METHOD */
    const struct web_file *file; /* of PLACE_WEB */
    const char *path;            /* below API_PREFIX, or below the app's place */
    const char *allow;
    enum guard_face face;
    enum guard_scope needed;
    bool writes; /* the key is good for more than reading */
};

/* The paths that are not methods. */
static const struct {
    const char *path;
    enum place place;
    enum guard_face face;
    enum guard_scope needed;
    const char *allow;
} places[] = {
    {"/healthz", PLACE_HEALTH, GUARD_OPEN, GUARD_NONE, "GET, HEAD"},
    {"/login", PLACE_LOGIN, GUARD_OPEN, GUARD_NONE, "GET"},
    {"/metrics", PLACE_METRICS, GUARD_API, GUARD_READ, "GET, HEAD"},
    {API_PREFIX "/events", PLACE_EVENTS, GUARD_API, GUARD_READ, "GET"},
    {API_PREFIX "/login", PLACE_LOGIN_CODE, GUARD_API, GUARD_MONEY, "POST"},
    {API_PREFIX "/logout", PLACE_LOGOUT, GUARD_API, GUARD_READ, "POST"},
    /* GET and HEAD for clients that fetch the session id so */
    {"/transmission/rpc", PLACE_TRANSMISSION, GUARD_TRANSMISSION, GUARD_WRITE, "GET, HEAD, POST"},
    {"/transmission/rpc/", PLACE_TRANSMISSION, GUARD_TRANSMISSION, GUARD_WRITE, "GET, HEAD, POST"},
};

static enum guard_scope scope_of(const struct method *m)
{
    if (!m) /* who has no key does not learn which paths there are */
        return GUARD_READ;
    return m->flags & METHOD_MONEY   ? GUARD_MONEY
           : m->flags & METHOD_WRITE ? GUARD_WRITE
                                     : GUARD_READ;
}

static void find(const struct api *a, struct httpd_call *c, struct asked *out)
{
    const char *path = httpd_path(c);
    *out = (struct asked){.place = PLACE_NONE, .face = GUARD_API, .needed = GUARD_READ};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(path, places[i].path) == 0) {
            *out = (struct asked){.place = places[i].place,
                                  .face = places[i].face,
                                  .needed = places[i].needed,
                                  .allow = places[i].allow};
            return;
        }
    out->file = web_find(path);
    if (out->file) {
        out->place = PLACE_WEB;
        out->face = GUARD_OPEN;
        out->needed = GUARD_NONE;
        out->allow = "GET, HEAD";
        return;
    }
    const char *content = content_path(&a->cfg.content, path);
    if (content) {
        out->place = PLACE_CONTENT;
        out->path = content;
        out->allow = "GET, HEAD";
    }
    const char *socket = sockets_path(a->sockets, path);
    if (socket) {
        out->place = PLACE_SOCKET;
        out->path = socket;
        out->allow = "GET";
    }
    if (strncmp(path, API_PREFIX "/", sizeof API_PREFIX) != 0)
        return;
    out->path = path + sizeof API_PREFIX - 1;
    out->route = routes_find(a->routes, httpd_method(c), out->path);
    out->needed = scope_of(out->route.method);
    if (out->route.allow[0]) {
        out->place = PLACE_METHOD;
        out->allow = out->route.allow;
    }
}

/* ---- who asks ---- */

/* The password of "Basic dXNlcjpwYXNz", which is a token; free() after wiping, or NULL. */
static char *basic_password(const char *credentials)
{
    struct buf plain = {0};
    char *password = NULL;
    if (strlen(credentials) <= 1024 && base64_decode(&plain, credentials, strlen(credentials))) {
        char *text = buf_take_str(&plain);
        const char *colon = strchr(text, ':');
        password = colon ? mem_strdup(colon + 1) : NULL;
        wipe(text, strlen(text));
        free(text);
    }
    buf_done(&plain);
    return password;
}

static int64_t wall_s(const struct api *a)
{
    return loop_wall_us(a->cfg.loop) / (int64_t)SEC;
}

/* The value of our cookie, copied into out; false when it is not there. */
static bool cookie_value(const struct api *a, struct httpd_call *c, char out[KEYRING_KEY])
{
    const char *at = httpd_header(c, "Cookie");
    size_t name = strlen(a->cookie);
    while (at && *at) {
        at += strspn(at, "; ");
        size_t n = strcspn(at, ";");
        if (n == name + KEYRING_KEY && strncmp(at, a->cookie, name) == 0 && at[name] == '=') {
            memcpy(out, at + name + 1, KEYRING_KEY - 1);
            out[KEYRING_KEY - 1] = '\0';
            return true;
        }
        at += n;
    }
    return false;
}

/* A link's own key opens what the link names. */
static bool opens(const struct api *a, struct httpd_call *c, const struct asked *asked)
{
    const char *key = httpd_query(c, "key");
    return asked->place == PLACE_CONTENT && key &&
           a->cfg.content.ops->opens(a->cfg.content.app, asked->path, key);
}

/* Looks at the key that was shown, if any. */
static void weigh_key(struct api *a, struct httpd_call *c, const struct asked *asked,
                      struct guard_facts *f)
{
    const char *authorization = httpd_header(c, "Authorization");
    const char *token = asked->place == PLACE_SOCKET ? httpd_query(c, "token") : NULL;
    char cookie[KEYRING_KEY];
    if (opens(a, c, asked)) {
        f->shown = GUARD_READ;
    } else if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0) {
        f->shown = keyring_token(a->keyring, authorization + 7);
        f->shown_wrong = f->shown == GUARD_NONE;
    } else if (authorization && f->face == GUARD_TRANSMISSION &&
               strncasecmp(authorization, "Basic ", 6) == 0) {
        char *password = basic_password(authorization + 6);
        f->shown = password ? keyring_token(a->keyring, password) : GUARD_NONE;
        f->shown_wrong = f->shown == GUARD_NONE;
        if (password)
            wipe(password, strlen(password));
        free(password);
    } else if (token) {
        f->shown = keyring_token(a->keyring, token);
        f->shown_wrong = f->shown == GUARD_NONE;
    } else if (cookie_value(a, c, cookie)) {
        if (logins_use(a->logins, cookie, wall_s(a)))
            f->shown = GUARD_MONEY; /* whoever can open the Unix socket is the owner */
        wipe(cookie, sizeof cookie);
    } else if (asked->place == PLACE_CONTENT && httpd_query(c, "key")) {
        f->shown_wrong = true;
    }
}

static struct guard_facts facts_of(struct api *a, struct httpd_call *c, const struct asked *asked)
{
    struct addr peer = httpd_peer(c);
    struct guard_facts f = {
        .face = asked->face,
        .method = httpd_method(c),
        .host = httpd_header(c, "Host"),
        .origin = httpd_header(c, "Origin"),
        .content_type = httpd_header(c, "Content-Type"),
        .has_body = httpd_body(c).n > 0,
        .is_unix = httpd_is_unix(c),
        .our_uid = geteuid(),
        .port = a->at.port,
        .own_host = a->own_host,
        .auth_off = a->cfg.auth_off,
        .needed = asked->needed,
    };
    if (f.is_unix) {
        f.peer_uid = httpd_peer_uid(c);
        return f;
    }
    f.wait_us = keyring_wait_us(a->keyring, &peer, loop_now_us(a->cfg.loop));
    if (f.wait_us == 0) /* else a right guess would show */
        weigh_key(a, c, asked, &f);
    return f;
}

static void refuse(struct api *a, struct httpd_call *c, const struct guard_facts *f,
                   const struct guard_verdict *v)
{
    char extra[80];
    const char *header = NULL;
    struct addr peer = httpd_peer(c);
    if (v->status == 401 && f->shown_wrong)
        keyring_strike(a->keyring, &peer, loop_now_us(a->cfg.loop));
    if (v->status == 401)
        header = f->face == GUARD_TRANSMISSION ? "WWW-Authenticate: Basic realm=\"Shoal\""
                                               : "WWW-Authenticate: Bearer";
    if (v->status == 429) {
        snprintf(extra, sizeof extra, "Retry-After: %" PRIu64, f->wait_us / SEC + 1);
        header = extra;
    }
    log_debug(a->cfg.log, "api: refused: %s", v->reason);
    reply_problem(c, v->status, v->code, v->reason, v->next, header);
}

/* True: go on.  False: c is answered. */
static bool admit(struct api *a, struct httpd_call *c, struct asked *asked)
{
    struct guard_facts f = facts_of(a, c, asked);
    struct guard_verdict v = guard_decide(&f);
    if (v.status != 0) {
        refuse(a, c, &f, &v);
        return false;
    }
    struct addr peer = httpd_peer(c);
    if (f.shown != GUARD_NONE)
        keyring_forgive(a->keyring, &peer);
    asked->writes = f.is_unix || f.auth_off || f.shown >= GUARD_WRITE;
    return true;
}

/* ---- answers ---- */

static void serve_metrics(struct api *a, struct httpd_call *c)
{
    struct buf text = {0};
    metrics_write(a->cfg.metrics, &text);
    reply_text(c, 200, "text/plain; version=0.0.4; charset=utf-8", buf_bytes(&text), buf_len(&text),
               NULL);
    buf_done(&text);
}

/* Where the link lies as a page, for who asks for that; NULL: nowhere. */
static const char *leave_page(struct api *a, struct httpd_call *c, const char *url)
{
    struct why why;
    if (!a->page || !httpd_query(c, "page"))
        return NULL;
    if (login_page_write(a->page, url, KEYRING_CODE_US, &why) == OK)
        return login_page_path(a->page);
    log_warn(a->cfg.log, "shoal open: %s", why.text);
    return NULL;
}

/* Over the Unix socket only: a token that may write must not become a session that may spend. */
static void serve_login_code(struct api *a, struct httpd_call *c)
{
    if (!httpd_is_unix(c)) {
        reply_problem(c, 403, "api.unix_only", "links are given over the Unix socket alone",
                      "run: shoal open", NULL);
        return;
    }
    if (!a->cfg.at) {
        reply_problem(c, 409, "api.no_http", "this node serves no page: api.http is not set",
                      "shoal config set api.http 127.0.0.1:0", NULL);
        return;
    }
    char code[KEYRING_KEY];
    keyring_code(a->keyring, loop_now_us(a->cfg.loop), code);
    char *url = mem_printf("http://%s:%u/login?code=%s", a->own_host, (unsigned)a->at.port, code);
    json_t *body =
        json_pack("{s:s, s:s, s:s*, s:I}", "code", code, "url", url, "page", leave_page(a, c, url),
                  "expires_s", (json_int_t)(KEYRING_CODE_US / SEC));
    reply_json(c, 200, body, NULL);
    json_decref(body);
    wipe(url, strlen(url));
    free(url);
    wipe(code, sizeof code);
}

static void set_cookie(const struct api *a, const char *session, unsigned last_s,
                       char out[COOKIE_TEXT])
{
    snprintf(out, COOKIE_TEXT, "Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%u",
             a->cookie, session, last_s);
}

/* The browser that asks is signed out; who came with another key has nothing to give up. */
static void serve_logout(struct api *a, struct httpd_call *c)
{
    char session[KEYRING_KEY], cookie[COOKIE_TEXT];
    if (cookie_value(a, c, session))
        logins_end(a->logins, session, wall_s(a));
    wipe(session, sizeof session);
    set_cookie(a, "", 0, cookie);
    reply_text(c, 204, "text/plain", NULL, 0, cookie);
}

static void serve_login(struct api *a, struct httpd_call *c)
{
    uint64_t now_us = loop_now_us(a->cfg.loop);
    struct addr peer = httpd_peer(c);
    const char *code = httpd_query(c, "code");
    char session[KEYRING_KEY];
    if (keyring_wait_us(a->keyring, &peer, now_us) > 0) {
        reply_problem(c, 429, "api.slow_down", "too many wrong keys came from this address",
                      "wait a while, then run: shoal open", NULL);
        return;
    }
    if (!code || !keyring_login(a->keyring, code, now_us, session)) {
        keyring_strike(a->keyring, &peer, now_us);
        const char *accept = httpd_header(c, "Accept");
        if (accept && strstr(accept, "text/html")) /* the page says it in words */
            web_serve(web_find("/"), 401, c);
        else
            reply_problem(c, 401, "api.wrong_code", "this link was used already, or is too old",
                          "run: shoal open", NULL);
        return;
    }
    logins_begin(a->logins, session, wall_s(a));
    if (a->page)
        login_page_remove(a->page);
    char cookie[COOKIE_TEXT];
    set_cookie(a, session, COOKIE_S, cookie);
    const char *headers[16] = {cookie, "Location: /"};
    size_t n = 2;
    for (const char *const *h = guard_headers(true); *h; h++)
        headers[n++] = *h;
    headers[n] = NULL;
    httpd_reply(c, 303, headers, NULL, 0);
    wipe(cookie, sizeof cookie);
    wipe(session, sizeof session);
}

/* Is `verb` one of "GET, HEAD"? */
static bool allows(const char *allow, const char *verb)
{
    size_t n = strlen(verb);
    for (const char *at = allow; *at; at += strcspn(at, " ") + (at[strcspn(at, " ")] == ' ')) {
        size_t word = strcspn(at, ", ");
        if (word == n && memcmp(at, verb, n) == 0)
            return true;
    }
    return false;
}

/* 404, 405 and OPTIONS.  True: c is answered. */
static bool answer_verb(struct httpd_call *c, const struct asked *asked)
{
    char allow[ROUTES_ALLOW + 32];
    if (asked->place == PLACE_NONE) {
        reply_problem(c, 404, "api.not_found", "there is nothing at this path",
                      "GET /api/v1/methods lists what there is", NULL);
        return true;
    }
    if (allows(asked->allow, httpd_method(c)))
        return false;
    snprintf(allow, sizeof allow, "Allow: %s, OPTIONS", asked->allow);
    if (strcmp(httpd_method(c), "OPTIONS") == 0)
        reply_text(c, 204, "text/plain", NULL, 0, allow);
    else
        reply_problem(c, 405, "api.method_not_allowed", "this path does not take that method",
                      "the Allow header says which it takes", allow);
    return true;
}

static void on_request(void *arg, struct httpd_call *c)
{
    struct api *a = arg;
    struct asked asked;
    find(a, c, &asked);
    if (!admit(a, c, &asked) || answer_verb(c, &asked))
        return;
    switch (asked.place) {
    case PLACE_WEB:
        web_serve(asked.file, 200, c);
        break;
    case PLACE_HEALTH:
        reply_text(c, 200, "text/plain; charset=utf-8", "ok\n", 3, NULL);
        break;
    case PLACE_LOGIN:
        serve_login(a, c);
        break;
    case PLACE_METRICS:
        serve_metrics(a, c);
        break;
    case PLACE_EVENTS:
        events_serve(a->events, c);
        break;
    case PLACE_LOGIN_CODE:
        serve_login_code(a, c);
        break;
    case PLACE_LOGOUT:
        serve_logout(a, c);
        break;
    case PLACE_METHOD:
        rest_serve(a->rest, asked.route.method, asked.route.app, asked.path, c);
        break;
    case PLACE_CONTENT:
        content_serve(&a->cfg.content, asked.path, c);
        break;
    case PLACE_SOCKET:
        sockets_serve(a->sockets, asked.path, asked.writes, c);
        break;
    case PLACE_TRANSMISSION:
        transmission_serve(a->transmission, c);
        break;
    case PLACE_NONE:
        break; /* answered above */
    }
}

/* ---- open and close ---- */

static json_t *snapshot(void *arg)
{
    struct api *a = arg;
    json_t *status = a->cfg.status ? a->cfg.status(a->cfg.status_arg) : json_object();
    return json_pack("{s:o, s:o}", "status", status, "jobs", jobs_list(a->cfg.jobs));
}

static void random_of_loop(void *arg, void *out, size_t n)
{
    loop_random(arg, out, n);
}

/* The apps' tables and our own, which looks at all of them. */
static enum err open_routes(struct api *a, struct why *why)
{
    struct api_app *all = mem_array(a->cfg.app_count + 1, sizeof *all);
    if (a->cfg.app_count > 0)
        memcpy(all, a->cfg.apps, a->cfg.app_count * sizeof *all);
    all[a->cfg.app_count] = (struct api_app){api_methods, &a->own};
    a->routes = routes_new(all, a->cfg.app_count + 1, why);
    a->own = (struct api_own){a->cfg.jobs, a->routes};
    free(all);
    return a->routes ? OK : why->code;
}

static enum err open_http(struct api *a, struct why *why)
{
    const struct addr *at = a->cfg.at;
    char text[ADDR_TEXT];
    if (at && !addr_is_loopback(at))
        return why_set(why, ERR_DENIED,
                       "api.http=%s is not an address of this machine alone (127.0.0.1 or ::1)",
                       addr_format(at, text));
    a->http = httpd_open(a->cfg.loop, at, a->cfg.unix_path, on_request, a, why);
    if (!a->http)
        return why->code;
    a->at = httpd_addr(a->http);
    const char *ip = addr_format_ip(&a->at, text);
    snprintf(a->own_host, sizeof a->own_host, a->at.family == ADDR_V6 ? "[%s]" : "%s", ip);
    snprintf(a->cookie, sizeof a->cookie, "shoal_%u", (unsigned)a->at.port);
    return OK;
}

struct api *api_open(const struct api_cfg *cfg, struct why *why)
{
    struct api *a = MEM_NEW(struct api);
    a->cfg = *cfg;
    a->rest = rest_new();
    a->sockets = sockets_new(cfg->loop, cfg->log, &cfg->sockets);
    a->events = events_new(cfg->loop, cfg->bus, snapshot, a);
    a->keyring = keyring_open(cfg->vfs, cfg->token_file, random_of_loop, cfg->loop, why);
    a->logins = logins_open(cfg->vfs, cfg->session_file, cfg->log);
    if (!a->keyring || open_routes(a, why) != OK || open_http(a, why) != OK) {
        api_close(a);
        return NULL;
    }
    if (cfg->login_page)
        a->page = login_page_new(cfg->loop, cfg->vfs, cfg->login_page);
    a->transmission =
        transmission_new(&(struct transmission_cfg){.loop = cfg->loop,
                                                    .vfs = cfg->vfs,
                                                    .routes = a->routes,
                                                    .version = cfg->version,
                                                    .download_dir = cfg->download_dir});
    if (cfg->auth_off && cfg->at)
        log_warn(cfg->log, "api.auth=off: every program on this machine may use this node");
    return a;
}

struct addr api_addr(const struct api *a)
{
    return a->at;
}

void api_close(struct api *a)
{
    if (!a)
        return;
    events_free(a->events);
    httpd_close(a->http); /* tells those who answer calls that their clients are gone */
    sockets_free(a->sockets);
    transmission_free(a->transmission);
    rest_free(a->rest);
    routes_free(a->routes);
    keyring_free(a->keyring);
    login_page_free(a->page);
    logins_close(a->logins, wall_s(a));
    free(a);
}
