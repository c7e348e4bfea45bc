/* net/http.h over libcurl: one multi handle for the loop, driven by its sockets and one timer.
 *
 * libcurl forbids most calls from inside its own callbacks, and on_body is such a place.  So a
 * fetch is added to the multi in the turn after http_start, and one that is cancelled while libcurl
 * runs
 * (`inside`) is only marked and swept up afterwards.
 *
 * The library is loaded by the first request (base/late.h): it brings thirty others, for protocols
 * that we do not speak, and many a node never asks anybody.  As members its functions are not
 * curl.h's macros that check the types of options: a number wants its L. */
#include "net/http.h"
#include "net/socks.h"

#include "base/buf.h"
#include "base/late.h"
#include "base/mem.h"
#include "net/uv/turn.h"
#include "net/uv/watch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    CONNECT_MS =
        10 * 1000, /* RELIABILITY 15: "handshake done in 10 s"; here with the name's look-up */
    IDLE_CONNECTIONS = 16, /* kept open for the next request */
};

#define CURL_USED(X)                                                                               \
    X(easy_cleanup)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_header)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_pause)                                                                                  \
    X(easy_setopt)                                                                                 \
    X(easy_strerror)                                                                               \
    X(global_cleanup)                                                                              \
    X(global_init)                                                                                 \
    X(multi_add_handle)                                                                            \
    X(multi_assign)                                                                                \
    X(multi_cleanup)                                                                               \
    X(multi_info_read)                                                                             \
    X(multi_init)                                                                                  \
    X(multi_remove_handle)                                                                         \
    X(multi_setopt)                                                                                \
    X(multi_socket_action)                                                                         \
    X(slist_append)                                                                                \
    X(slist_free_all)

struct curl_lib {
#define X(name) __typeof__(curl_##name) *name;
    CURL_USED(X)
#undef X
};

static const char *const curl_used[] = {
#define X(name) "curl_" #name,
    CURL_USED(X)
#undef X
};

struct http_multi {
    struct loop *loop;
    struct curl_lib lib;
    CURLM *curl;
    struct timer *timer;
    struct link fetches; /* those that libcurl has */
    unsigned inside;
};

struct socket {
    struct watch watch;
    struct http_multi *m;
    curl_socket_t fd;
};

struct http_fetch {
    struct link link;
    struct loop *loop;
    const struct curl_lib *lib; /* of loop->http; NULL: libcurl is not there, and nothing else is */
    CURL *curl;
    struct curl_slist *headers;
    struct timer *begin; /* not yet given to libcurl */
    struct timer *resume;
    http_cb *done;
    void *arg;
    bool (*on_body)(void *arg, const uint8_t *bytes, size_t n);
    bool (*on_head)(void *arg, const struct http_answer *a);
    bool (*may_reach)(void *arg, const struct addr *at, const char *url, unsigned redirects);
    bool head_told;
    size_t max_body, got;
    struct buf body;
    bool dead;      /* cancelled inside libcurl */
    struct why why; /* code != OK: why we ended it ourselves */
    char words[CURL_ERROR_SIZE];
};

/* The multi and the loop. */

static void fetch_free(struct http_fetch *f)
{
    timer_cancel(f->begin);
    timer_cancel(f->resume);
    list_drop(&f->link);
    if (f->lib) {
        f->lib->easy_cleanup(f->curl);
        f->lib->slist_free_all(f->headers);
    }
    buf_done(&f->body);
    free(f);
}

static void take_from_curl(struct http_multi *m, struct http_fetch *f)
{
    m->lib.multi_remove_handle(m->curl, f->curl);
    list_drop(&f->link);
}

static const char *answer_header(const struct http_answer *a, const char *name)
{
    const struct http_fetch *f = a->priv;
    struct curl_header *h;
    return f->lib->easy_header(f->curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : "";
}

static enum err err_of_curl(CURLcode rc)
{
    if (rc == CURLE_OPERATION_TIMEDOUT)
        return ERR_TIMEOUT;
    if (rc == CURLE_COULDNT_CONNECT || rc == CURLE_GOT_NOTHING)
        return ERR_CLOSED;
    if (rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_URL_MALFORMAT)
        return ERR_INVALID;
    if (rc == CURLE_TOO_MANY_REDIRECTS || rc == CURLE_FILESIZE_EXCEEDED)
        return ERR_LIMIT;
    if (rc == CURLE_COULDNT_RESOLVE_HOST)
        return ERR_NOT_FOUND;
    return ERR_IO;
}

static struct http_answer answer_of(struct http_fetch *f)
{
    struct http_answer a = {.body = buf_cur(&f->body), .header = answer_header, .priv = f};
    long status = 0;
    const char *type = NULL;
    f->lib->easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
    f->lib->easy_getinfo(f->curl, CURLINFO_CONTENT_TYPE, &type);
    a.status = (unsigned)status;
    a.content_type = type ? type : "";
    return a;
}

static void tell(struct http_fetch *f, CURLcode rc)
{
    turn_note(f->loop, "http", f->done);
    if (rc != CURLE_OK || f->why.code != OK) {
        if (f->why.code == OK)
            why_set(&f->why, err_of_curl(rc), "%s",
                    *f->words ? f->words : f->lib->easy_strerror(rc));
        f->done(f->arg, NULL, &f->why);
        return;
    }
    struct http_answer a = answer_of(f);
    f->done(f->arg, &a, NULL);
}

/* After each visit to libcurl: tell who is done, forget who is dead. */
static void harvest(struct http_multi *m)
{
    int left;
    for (CURLMsg *msg; (msg = m->lib.multi_info_read(m->curl, &left));) {
        struct http_fetch *f = NULL;
        CURLcode rc = msg->data.result; /* msg dies with the removal */
        m->lib.easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&f);
        take_from_curl(m, f);
        if (!f->dead)
            tell(f, rc);
        fetch_free(f);
    }
    LIST_EACH(&m->fetches, struct http_fetch, f, link) {
        if (!f->dead)
            continue;
        take_from_curl(m, f);
        fetch_free(f);
    }
}

static void visit(struct http_multi *m, curl_socket_t fd, int ready)
{
    int running;
    m->inside++;
    m->lib.multi_socket_action(m->curl, fd, ready, &running);
    m->inside--;
    harvest(m);
}

static void on_timer(void *arg)
{
    struct http_multi *m = arg;
    m->timer = NULL;
    visit(m, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *curl, long after_ms, void *arg)
{
    struct http_multi *m = arg;
    (void)curl;
    timer_cancel(m->timer);
    m->timer = after_ms < 0 ? NULL : timer_start(m->loop, (uint64_t)after_ms * MSEC, on_timer, m);
    return 0;
}

static void on_ready(void *arg, unsigned events)
{
    struct socket *s = arg;
    int ready = 0;
    if (events & WATCH_READ)
        ready |= CURL_CSELECT_IN;
    if (events & WATCH_WRITE)
        ready |= CURL_CSELECT_OUT;
    if (events & WATCH_ERROR)
        ready |= CURL_CSELECT_ERR;
    visit(s->m, s->fd, ready);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket)
{
    struct http_multi *m = arg;
    struct socket *s = socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            watch_close(&s->watch, m->loop, free, s);
        return 0;
    }
    if (!s) {
        s = MEM_NEW(struct socket);
        *s = (struct socket){.m = m, .fd = fd};
        if (watch_open(&s->watch, m->loop, fd, on_ready, s) != 0) {
            free(s);
            return -1;
        }
        m->lib.multi_assign(m->curl, fd, s);
    }
    watch_set(&s->watch,
              (what & CURL_POLL_IN ? WATCH_READ : 0u) | (what & CURL_POLL_OUT ? WATCH_WRITE : 0u));
    return 0;
}

static void multi_free(struct http_multi *m)
{
    LIST_EACH(&m->fetches, struct http_fetch, f, link) {
        take_from_curl(m, f);
        fetch_free(f);
    }
    m->lib.multi_cleanup(m->curl);
    timer_cancel(m->timer);
    m->lib.global_cleanup();
    free(m);
}

/* NULL: there is no libcurl. */
static struct http_multi *multi_of(struct loop *loop, struct why *why)
{
    if (loop->http)
        return loop->http;
    struct http_multi *m = MEM_NEW(struct http_multi);
    if (LATE_LOAD("libcurl.so.4", curl_used, &m->lib, why) != OK) {
        free(m);
        return NULL;
    }
    m->lib.global_init(CURL_GLOBAL_DEFAULT); /* counted, and safe with threads (curl >= 7.84) */
    m->loop = loop;
    list_init(&m->fetches);
    m->curl = m->lib.multi_init();
    if (!m->curl)
        abort(); /* out of memory, base/mem.h */
    m->lib.multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, set_socket);
    m->lib.multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
    m->lib.multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, set_timer);
    m->lib.multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
    m->lib.multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    loop->http = m;
    loop->http_free = multi_free;
    return m;
}

/* One fetch. */

/* Before the first byte of the body; of redirects there is none. */
static bool tell_head(struct http_fetch *f)
{
    if (f->head_told || !f->on_head)
        return true;
    f->head_told = true;
    struct http_answer a = answer_of(f);
    turn_note(f->loop, "http", f->on_head);
    if (!f->on_head(f->arg, &a) && !f->dead)
        why_set(&f->why, ERR_STATE, "ended by the one who asked");
    return !f->dead && f->why.code == OK;
}

/* The connection is there, and the request not yet sent. */
static int on_request(void *arg, char *their_ip, char *our_ip, int their_port, int our_port)
{
    struct http_fetch *f = arg;
    struct addr at;
    char text[ADDR_TEXT];
    long redirects = 0;
    const char *url = "";
    (void)our_ip;
    (void)our_port;
    f->lib->easy_getinfo(f->curl, CURLINFO_EFFECTIVE_URL, &url);
    f->lib->easy_getinfo(f->curl, CURLINFO_REDIRECT_COUNT, &redirects);
    snprintf(text, sizeof text, strchr(their_ip, ':') ? "[%.45s]:%d" : "%.45s:%d", their_ip,
             their_port);
    if (f->dead)
        return CURL_PREREQFUNC_ABORT;
    if (addr_parse(&at, text, NULL) == OK && f->may_reach(f->arg, &at, url, (unsigned)redirects))
        return CURL_PREREQFUNC_OK;
    why_set(&f->why, ERR_DENIED, "%s at %s may not be asked", redirects ? "a redirect" : "a server",
            text);
    return CURL_PREREQFUNC_ABORT;
}

/* Returns n to go on, anything else to end the transfer. */
static size_t on_bytes(char *bytes, size_t one, size_t n, void *arg)
{
    struct http_fetch *f = arg;
    (void)one;
    if (f->dead || !tell_head(f))
        return 0;
    if (n > f->max_body - f->got) {
        why_set(&f->why, ERR_LIMIT, "the answer has more than %zu bytes", f->max_body);
        return 0;
    }
    f->got += n;
    if (!f->on_body) {
        buf_put(&f->body, bytes, n);
        return n;
    }
    turn_note(f->loop, "http", f->on_body);
    if (!f->on_body(f->arg, (const uint8_t *)bytes, n) && !f->dead)
        why_set(&f->why, ERR_STATE, "ended by the one who asked");
    return f->dead || f->why.code != OK ? 0 : n;
}

static void set_method(struct http_fetch *f, const struct http_request *rq)
{
    const char *method = rq->method ? rq->method : "GET";
    bool post = strcmp(method, "POST") == 0, has_body = rq->body_len > 0;
    if (post || has_body) {
        f->lib->easy_setopt(f->curl, CURLOPT_POST, 1L);
        f->lib->easy_setopt(f->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
        f->lib->easy_setopt(f->curl, CURLOPT_COPYPOSTFIELDS, has_body ? rq->body : "");
    }
    if (strcmp(method, "HEAD") == 0)
        f->lib->easy_setopt(f->curl, CURLOPT_NOBODY, 1L);
    else if (!post && (has_body || strcmp(method, "GET") != 0))
        f->lib->easy_setopt(f->curl, CURLOPT_CUSTOMREQUEST, method);
}

static void add_header(struct http_fetch *f, const char *line)
{
    struct curl_slist *longer = f->lib->slist_append(f->headers, line);
    if (!longer)
        abort(); /* out of memory, base/mem.h */
    f->headers = longer;
}

/* A line break within would smuggle in a header of somebody else's choice. */
static void set_headers(struct http_fetch *f, const struct http_request *rq)
{
    bool typed = false;
    for (size_t i = 0; rq->headers && rq->headers[i]; i++) {
        if (strpbrk(rq->headers[i], "\r\n"))
            why_set(&f->why, ERR_INVALID, "a header with a line break");
        typed |= strncasecmp(rq->headers[i], "Content-Type:", 13) == 0;
        add_header(f, rq->headers[i]);
    }
    add_header(f, "Expect:"); /* do not wait a second for "100 Continue" */
    if (!typed)
        add_header(f, "Content-Type:"); /* libcurl would call each body a form */
    f->lib->easy_setopt(f->curl, CURLOPT_HTTPHEADER, f->headers);
}

/* socks5h: the proxy looks the name up. */
static void set_proxy(struct http_fetch *f, const struct socks *proxy)
{
    char at[ADDR_TEXT];
    char *url = mem_printf("socks5h://%s", addr_format(&proxy->at, at));
    f->lib->easy_setopt(f->curl, CURLOPT_PROXY, url);
    free(url);
    if (proxy->user) {
        f->lib->easy_setopt(f->curl, CURLOPT_PROXYUSERNAME, proxy->user);
        f->lib->easy_setopt(f->curl, CURLOPT_PROXYPASSWORD, proxy->password);
    }
}

static void set_where(struct http_fetch *f, const struct loop *loop, const struct http_request *rq)
{
    f->lib->easy_setopt(f->curl, CURLOPT_URL, rq->url);
    f->lib->easy_setopt(f->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    f->lib->easy_setopt(f->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    f->lib->easy_setopt(f->curl, CURLOPT_FOLLOWLOCATION, 1L);
    f->lib->easy_setopt(f->curl, CURLOPT_MAXREDIRS, (long)HTTP_REDIRECTS);
    /* What the environment says is ignored. */
    f->lib->easy_setopt(f->curl, CURLOPT_PROXY, "");
    f->lib->easy_setopt(f->curl, CURLOPT_NOPROXY, "");
    if (loop->proxy && !rq->unix_path)
        set_proxy(f, loop->proxy);
    if (rq->family != ADDR_NONE)
        f->lib->easy_setopt(f->curl, CURLOPT_IPRESOLVE,
                            rq->family == ADDR_V4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6);
    if (rq->may_reach && !loop->proxy) {
        f->lib->easy_setopt(f->curl, CURLOPT_PREREQFUNCTION, on_request);
        f->lib->easy_setopt(f->curl, CURLOPT_PREREQDATA, f);
    }
    if (rq->unix_path)
        f->lib->easy_setopt(f->curl, CURLOPT_UNIX_SOCKET_PATH, rq->unix_path);
    else if (loop->interface[0]) { /* fails when it is not there */
        char *through = mem_printf("if!%s", loop->interface);
        f->lib->easy_setopt(f->curl, CURLOPT_INTERFACE, through);
        free(through);
    } else if (rq->from_ip) {
        char *from = mem_printf("host!%s", rq->from_ip);
        f->lib->easy_setopt(f->curl, CURLOPT_INTERFACE, from);
        free(from);
    }
}

static void set_limits(struct http_fetch *f, const struct http_request *rq)
{
    size_t most = INT64_MAX;
    f->max_body = rq->max_body ? rq->max_body : HTTP_BODY_DEFAULT;
    if (f->max_body < most)
        most = f->max_body;
    f->lib->easy_setopt(f->curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)most);
    f->lib->easy_setopt(f->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    if (rq->timeout_us)
        f->lib->easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, (long)(rq->timeout_us / MSEC + 1));
}

static void on_begin(void *arg)
{
    struct http_fetch *f = arg;
    struct http_multi *m = f->loop->http;
    f->begin = NULL;
    if (f->why.code == OK) {
        list_push(&m->fetches, &f->link);
        if (m->lib.multi_add_handle(m->curl, f->curl) == CURLM_OK)
            return; /* libcurl has set its timer and starts from there */
        why_set(&f->why, ERR_IO, "libcurl refuses the request");
    }
    tell(f, CURLE_OK);
    fetch_free(f);
}

static void set_all(struct http_fetch *f, const struct loop *loop, const struct http_request *rq)
{
    f->curl = f->lib->easy_init();
    if (!f->curl)
        abort(); /* out of memory, base/mem.h */
    f->lib->easy_setopt(f->curl, CURLOPT_PRIVATE, f);
    f->lib->easy_setopt(f->curl, CURLOPT_ERRORBUFFER, f->words);
    f->lib->easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    f->lib->easy_setopt(f->curl, CURLOPT_WRITEDATA, f);
    f->lib->easy_setopt(f->curl, CURLOPT_NOSIGNAL, 1L);
    f->lib->easy_setopt(f->curl, CURLOPT_USERAGENT,
                        rq->user_agent ? rq->user_agent : "Shoal/" SHOAL_VERSION);
    set_where(f, loop, rq);
    set_limits(f, rq);
    set_method(f, rq);
    set_headers(f, rq);
}

struct http_fetch *http_start(struct loop *loop, const struct http_request *rq, http_cb *done,
                              void *arg)
{
    struct http_fetch *f = MEM_NEW(struct http_fetch);
    *f = (struct http_fetch){.loop = loop, .done = done, .arg = arg};
    f->on_body = rq->on_body;
    f->on_head = rq->on_head;
    f->may_reach = rq->may_reach;
    list_init(&f->link);
    struct http_multi *m = multi_of(loop, &f->why);
    if (m) {
        f->lib = &m->lib;
        set_all(f, loop, rq);
    }
    f->begin = timer_start(loop, 0, on_begin, f);
    return f;
}

void http_cancel(struct http_fetch *f)
{
    if (!f)
        return;
    struct http_multi *m = f->loop->http;
    if (m && m->inside) {
        f->dead = true;
        return;
    }
    if (!f->begin)
        take_from_curl(m, f);
    fetch_free(f);
}

/* Letting go hands over at once what libcurl has kept: so in a turn of its own. */
static void on_resume(void *arg)
{
    struct http_fetch *f = arg;
    struct http_multi *m = f->loop->http;
    f->resume = NULL;
    m->inside++;
    f->lib->easy_pause(f->curl, CURLPAUSE_CONT);
    m->inside--;
    visit(m, CURL_SOCKET_TIMEOUT, 0);
}

void http_hold(struct http_fetch *f, bool hold)
{
    timer_cancel(f->resume);
    f->resume = NULL;
    if (f->dead || f->begin)
        return;
    if (hold)
        f->lib->easy_pause(f->curl, CURLPAUSE_RECV);
    else
        f->resume = timer_start(f->loop, 0, on_resume, f);
}

char *http_escape(const void *text, size_t n)
{
    const struct cur c = cur_of(text, n);
    struct buf out = {0};
    for (size_t i = 0; i < c.n; i++) {
        uint8_t ch = c.p[i];
        bool alnum =
            (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
        if (alnum || ch == '-' || ch == '.' || ch == '_' || ch == '~')
            buf_u8(&out, ch);
        else
            buf_printf(&out, "%%%02X", ch);
    }
    return buf_take_str(&out);
}
