#include "api/guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool guard_is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "OPTIONS") == 0;
}

/* The names under which a browser on this machine may know us.  "0.0.0.0" is not one of them:
 * browsers let public pages reach it. */
static const char *const own_names[] = {"localhost", "127.0.0.1", "[::1]"};

/* Is `text` NAME:PORT?  A port that is the scheme's default may be left out. */
static bool is_authority(const char *text, const char *name, uint16_t port)
{
    char want[80];
    snprintf(want, sizeof want, "%s:%u", name, (unsigned)port);
    return strcasecmp(text, want) == 0 || (port == 80 && strcasecmp(text, name) == 0);
}

/* An address, unlike a name, cannot be made to mean another machine later, so the one that we
 * listen on is as good as localhost. */
static bool is_own_authority(const struct guard_facts *f, const char *text)
{
    for (size_t i = 0; i < sizeof own_names / sizeof *own_names; i++)
        if (is_authority(text, own_names[i], f->port))
            return true;
    return f->own_host && is_authority(text, f->own_host, f->port);
}

static bool is_own_origin(const struct guard_facts *f)
{
    return strncmp(f->origin, "http://", 7) == 0 && is_own_authority(f, f->origin + 7);
}

/* application/json, with or without parameters. */
static bool is_json(const char *type)
{
    static const char want[] = "application/json";
    return type && strncasecmp(type, want, sizeof want - 1) == 0 &&
           strchr(" \t;", type[sizeof want - 1]) != NULL; /* the NUL counts too */
}

static struct guard_verdict refuse(unsigned status, const char *code, const char *reason,
                                   const char *next)
{
    return (struct guard_verdict){status, code, reason, next};
}

static struct guard_verdict allow(void)
{
    return (struct guard_verdict){0};
}

/* Where does the request come from? */
static struct guard_verdict check_source(const struct guard_facts *f)
{
    if (f->is_unix) {
        if (f->peer_uid != f->our_uid && f->peer_uid != 0)
            return refuse(403, "api.other_user", "the caller is another user of this machine",
                          "run the command as the user who runs the node");
    } else if (!f->host || !is_own_authority(f, f->host)) {
        return refuse(421, "api.host", "the Host header does not name this node",
                      "use http://127.0.0.1 with the node's port");
    }
    if (f->origin && (f->is_unix || !is_own_origin(f)))
        return refuse(403, "api.origin", "a page of another site asked for this",
                      "open the node's own page");
    return allow();
}

/* What may the key that was shown do? */
static struct guard_verdict check_key(const struct guard_facts *f)
{
    if (f->face == GUARD_OPEN || f->is_unix || f->auth_off)
        return allow();
    if (f->wait_us > 0)
        return refuse(429, "api.slow_down", "too many wrong keys came from this address",
                      "wait, then use a token of the node's token file");
    if (f->shown == GUARD_NONE && f->shown_wrong)
        return refuse(401, "api.wrong_key", "the key is not one of this node's",
                      "use a token of the node's token file, or run: shoal open");
    if (f->shown == GUARD_NONE)
        return refuse(401, "api.no_key", "a key is needed",
                      "send Authorization: Bearer TOKEN, or run: shoal open");
    if (f->shown < f->needed)
        return refuse(403, "api.scope", "this key may not do that",
                      "use a token with a larger scope: read, write or money");
    return allow();
}

struct guard_verdict guard_decide(const struct guard_facts *f)
{
    struct guard_verdict v = check_source(f);
    if (v.status == 0)
        v = check_key(f);
    if (v.status != 0 || f->face == GUARD_TRANSMISSION)
        return v;
    bool changes = !guard_is_safe(f->method) || f->needed > GUARD_READ;
    if ((changes || f->has_body) && !is_json(f->content_type))
        return refuse(415, "api.content_type", "the body must be application/json",
                      "send Content-Type: application/json");
    return v;
}

const char *const *guard_headers(bool api)
{
#define GUARD_HEADERS                                                                              \
    "Content-Security-Policy: default-src 'self'; connect-src 'self'; object-src 'none'; "         \
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",                                 \
        "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",                         \
        "X-Frame-Options: DENY", "Cross-Origin-Resource-Policy: same-origin"
    static const char *const page[] = {GUARD_HEADERS, NULL};
    static const char *const answer[] = {GUARD_HEADERS, "Cache-Control: no-store", NULL};
    return api ? answer : page;
}
