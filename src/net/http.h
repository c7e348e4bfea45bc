/* net/http.h - ask an HTTP server something.
 *
 * For trackers, web seeds and the command line.  libcurl on the loop (net/uv/http_curl.c); the
 * simulator has no HTTP and answers ERR_CLOSED.  Only http:// and https:// are spoken; certificates
 * are verified; at most HTTP_REDIRECTS redirects, never to another scheme family; a body past
 * max_body ends the request with ERR_LIMIT.
 *
 * Two shapes: collected (on_body NULL; the whole body comes with done) and streamed (on_head, when
 * the answer's head is there; then on_body gets each part as it comes; done's body is empty).  A
 * stream that comes too fast is held: http_hold() stops the reading, and so the sender. */
#ifndef SHOAL_NET_HTTP_H
#define SHOAL_NET_HTTP_H

#include "base/cur.h"
#include "net/loop.h"

#include <stdbool.h>

enum { HTTP_REDIRECTS = 5, HTTP_BODY_DEFAULT = 4 * 1024 * 1024 };

struct http_answer;

struct http_request {
    const char *method; /* NULL: GET */
    const char *url;
    const char *unix_path;      /* connect to this Unix socket instead; NULL: the URL's host */
    const char *const *headers; /* "Name: value" strings, NULL-terminated; or NULL */
    const void *body;           /* copied */
    size_t body_len;
    size_t max_body;         /* bytes; 0: HTTP_BODY_DEFAULT */
    uint64_t timeout_us;     /* for the whole; 0: none (event streams) */
    const char *from_ip;     /* local address to come from, or NULL */
    const char *user_agent;  /* NULL: "Shoal/VERSION" */
    enum addr_family family; /* only by this one; ADDR_NONE: by any */
    /* Asked before each request that is sent, redirected ones too: may it go to that address, for
     * that URL, after so many redirects?  false: done comes with ERR_DENIED.  Not asked behind the
     * loop's proxy, which alone knows the address.  NULL: yes. */
    bool (*may_reach)(void *arg, const struct addr *at, const char *url, unsigned redirects);
    /* Return false to end the request (done then comes with ERR_STATE). */
    bool (*on_head)(void *arg, const struct http_answer *a);
    /* Return false to end the request (done then comes with ERR_STATE). */
    bool (*on_body)(void *arg, const uint8_t *bytes, size_t n);
};

struct http_answer {
    unsigned status;          /* 200, 404, ... */
    struct cur body;          /* valid during the call */
    const char *content_type; /* "" when there was none */
    const char *(*header)(const struct http_answer *a, const char *name); /* "" when absent */
    void *priv;
};

/* An answer of any status is an answer; a == NULL: none came, and why says the reason. */
typedef void http_cb(void *arg, const struct http_answer *a, const struct why *why);

struct http_fetch;
/* Everything in rq is copied.  A URL that cannot be used is told by `done`, later. */
struct http_fetch *http_start(struct loop *loop, const struct http_request *rq, http_cb *done,
                              void *arg);
void http_cancel(struct http_fetch *f); /* NULL: nothing */
/* Allowed inside on_body: from now on no more comes until it is let go. */
void http_hold(struct http_fetch *f, bool hold);

/* `text` with everything but RFC 3986's unreserved characters as %XX; for query strings. */
char *http_escape(const void *text, size_t n); /* free() */

#endif
