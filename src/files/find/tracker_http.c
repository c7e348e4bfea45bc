/* An announce over HTTP (BEP 3): a GET, and what came of it. */
#include "base/mem.h"
#include "files/find/tracker_ask.h"
#include "files/meta/text.h"
#include "net/http.h"

#include <string.h>
#include <strings.h>

struct tracker_http {
    struct http_fetch *fetch;
    struct timer *refused; /* instead of a fetch: our own reason, told in the next turn */
    struct why why;
    bool scrape, near; /* near: the first request went to this machine or network */
    uint8_t infohash[SHA1_LEN];
    tracker_ask_cb *done;
    void *arg;
};

/* done() is the last thing that happens: it may free everything around. */
static void finish(struct tracker_http *h, const struct tracker_answer *a, const struct why *why)
{
    tracker_ask_cb *done = h->done;
    void *arg = h->arg;
    struct why kept = *why;
    free(h);
    done(arg, a, &kept);
}

static void on_refused(void *arg)
{
    struct tracker_http *h = arg;
    finish(h, NULL, &h->why);
}

static void on_answer(void *arg, const struct http_answer *a, const struct why *why)
{
    struct tracker_http *h = arg;
    struct tracker_answer out;
    struct why own = {0};
    if (!a) {
        finish(h, NULL, why);
        return;
    }
    enum err err = h->scrape ? tracker_read_http_scrape(a->body, h->infohash, &out, &own)
                             : tracker_read_http(a->body, &out, &own);
    bool refusal = err == OK && out.failure[0] != '\0'; /* some send it with status 400 */
    if (a->status != 200 && !refusal)
        err = why_set(&own, ERR_CLOSED, "the server answered with status %u", a->status);
    finish(h, err == OK ? &out : NULL, &own);
}

/* The host of a URL whose scheme is known, without user, port and brackets. */
static void host_of(const char *url, char *out, size_t cap)
{
    const char *at = strstr(url, "://");
    at = at ? at + 3 : url;
    size_t n = strcspn(at, "/?#");
    const char *user = memrchr(at, '@', n);
    if (user) {
        n -= (size_t)(user + 1 - at);
        at = user + 1;
    }
    bool six = n > 0 && at[0] == '[';
    if (six) {
        at++;
        n--;
    }
    size_t len = strcspn(at, six ? "]" : ":");
    if (len > n)
        len = n;
    if (len > cap - 1)
        len = cap - 1;
    memcpy(out, at, len);
    out[len] = '\0';
}

static bool is_near_addr(const struct addr *ip)
{
    return addr_is_loopback(ip) || addr_is_private(ip) || addr_is_any(ip);
}

/* This machine or a private network, as far as the text of the URL says. */
static bool is_near(const char *url)
{
    char host[256], text[300];
    struct addr ip;
    host_of(url, host, sizeof host);
    if (strcasecmp(host, "localhost") == 0)
        return true;
    snprintf(text, sizeof text, strchr(host, ':') ? "[%s]:1" : "%s:1", host);
    return addr_parse(&ip, text, NULL) == OK && is_near_addr(&ip);
}

static bool asks_to_announce(const char *url)
{
    const char *at = strstr(url, "://");
    at = at ? at + 3 : url;
    at += strcspn(at, "/?#");
    return strncmp(at, "/announce", 9) == 0 || strncmp(at, "/scrape", 7) == 0;
}

static bool may_reach(void *arg, const struct addr *at, const char *url, unsigned redirects)
{
    struct tracker_http *h = arg;
    if (redirects == 0)
        h->near = is_near_addr(at);
    return !is_near_addr(at) || (h->near && asks_to_announce(url));
}

/* The URL to get. */
static enum err put_url(struct buf *out, const char *url, const struct tracker_announce *a,
                        const char *tracker_id, struct why *why)
{
    if (is_near(url) && !asks_to_announce(url))
        return why_set(why, ERR_DENIED,
                       "a tracker on this machine or network must have a path that "
                       "begins with /announce");
    if (a->scrape)
        return tracker_put_http_scrape(out, url, a->infohash, why);
    tracker_put_http(out, url, a, tracker_id);
    return OK;
}

struct tracker_http *tracker_http_start(struct loop *loop, const struct tracker_way *way,
                                        const char *url, const struct tracker_announce *a,
                                        const char *tracker_id, tracker_ask_cb *done, void *arg)
{
    static const struct tracker_way any_way;
    struct tracker_http *h = MEM_NEW(struct tracker_http);
    struct buf full = {0};
    h->done = done;
    h->arg = arg;
    h->scrape = a->scrape;
    memcpy(h->infohash, a->infohash, SHA1_LEN);
    way = way ? way : &any_way;
    if (put_url(&full, url, a, tracker_id, &h->why) != OK) {
        h->refused = timer_start(loop, 0, on_refused, h);
        return h;
    }
    char *text = buf_take_str(&full);
    const struct http_request rq = {.url = text,
                                    .max_body = TRACKER_ANSWER_MAX,
                                    .timeout_us = TRACKER_HTTP_TIMEOUT_S * SEC,
                                    .from_ip = way->from_ip,
                                    .family = way->family,
                                    .may_reach = may_reach};
    h->fetch = http_start(loop, &rq, on_answer, h);
    free(text);
    return h;
}

void tracker_http_cancel(struct tracker_http *h)
{
    if (!h)
        return;
    http_cancel(h->fetch);
    timer_cancel(h->refused);
    free(h);
}
