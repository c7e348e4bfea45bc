/* Names to addresses: the system's resolver on libuv's pool.  A numeric host asks nobody. */
#include "base/mem.h"
#include "net/uv/turn.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

struct resolve {
    struct loop *loop;
    uv_getaddrinfo_t req;
    struct timer *soon; /* instead of req, for a numeric host or an impossible name */
    resolve_cb *cb;     /* NULL: cancelled; libuv still holds req */
    void *arg;
    struct addr numeric;
    uint16_t port;
    char host[256];
};

/* The different addresses of the list, in its order (RFC 6724, by the system). */
static size_t collect(struct addr *found, const struct addrinfo *list, uint16_t port)
{
    size_t n = 0;
    for (const struct addrinfo *ai = list; ai && n < RESOLVE_MAX; ai = ai->ai_next) {
        struct addr a = addr_of_sockaddr(ai->ai_addr);
        bool known = a.family == ADDR_NONE;
        a.port = port;
        for (size_t i = 0; i < n && !known; i++)
            known = addr_equal(&found[i], &a);
        if (!known)
            found[n++] = a;
    }
    return n;
}

static void tell(struct resolve *r, const struct addr *found, size_t n, const struct why *why)
{
    turn_note(r->loop, "resolve", r->cb);
    r->cb(r->arg, found, n, n > 0 ? NULL : why);
}

static void on_answer(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct resolve *r = req->data;
    struct addr found[RESOLVE_MAX];
    struct why why;
    if (r->cb) {
        size_t n = status == 0 ? collect(found, list, r->port) : 0;
        why_set(&why, status == UV_EAI_AGAIN ? ERR_TIMEOUT : ERR_NOT_FOUND, "%.80s: %s", r->host,
                status == 0 ? "no address" : uv_strerror(status));
        turn_enter(r->loop);
        tell(r, found, n, &why);
        turn_leave(r->loop);
    }
    uv_freeaddrinfo(list);
    free(r);
}

static void on_soon(void *arg)
{
    struct resolve *r = arg;
    struct why why;
    if (r->loop->proxy)
        why_set(&why, ERR_DENIED, "\"%.80s\" is not looked up here: there is a proxy", r->host);
    else
        why_set(&why, ERR_INVALID, "\"%.80s\" is no host name", r->host);
    tell(r, &r->numeric, r->numeric.family != ADDR_NONE, &why);
    free(r);
}

static struct addr numeric_addr(const char *host, uint16_t port)
{
    char text[300];
    struct addr a;
    bool six = strchr(host, ':') != NULL;
    snprintf(text, sizeof text, six ? "[%.255s]:%u" : "%.255s:%u", host, port);
    return addr_parse(&a, text, NULL) == OK ? a : (struct addr){.family = ADDR_NONE};
}

struct resolve *resolve_start(struct loop *l, const char *host, uint16_t port, resolve_cb *cb,
                              void *arg)
{
    struct resolve *r = MEM_NEW(struct resolve);
    *r = (struct resolve){.loop = l, .cb = cb, .arg = arg, .port = port, .req.data = r};
    snprintf(r->host, sizeof r->host, "%s", host);
    r->numeric = numeric_addr(host, port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    if (r->numeric.family != ADDR_NONE || l->proxy || *host == '\0' ||
        strlen(host) >= sizeof r->host ||
        uv_getaddrinfo(&l->uv, &r->req, on_answer, r->host, NULL, &hints) != 0)
        r->soon = timer_start(l, 0, on_soon, r);
    return r;
}

void resolve_cancel(struct resolve *r)
{
    if (!r)
        return;
    if (r->soon) {
        timer_cancel(r->soon);
        free(r);
        return;
    }
    r->cb = NULL;
    uv_cancel((uv_req_t *)&r->req); /* or it runs to its end, and on_answer frees it */
}
