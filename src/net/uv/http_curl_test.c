/* The client against a server of a few lines on net/conn.h. */
#include "net/http.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"
#include "net/conn.h"
#include "net/uv/uv_loop.h"
#include "net/uv/watch.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LIMIT_US = 60 * 1000000, CALLS_MAX = 64 };

struct server {
    struct loop *loop;
    struct listener *listener;
    struct call *calls[CALLS_MAX];
    unsigned count;
};

struct call {
    struct server *s;
    struct conn *c;
    char in[8192];
    size_t n;
    bool endless; /* sends zeros for as long as somebody takes them */
};

static void call_write(struct call *call, const char *text)
{
    assert_int_equal(conn_send(call->c, text, strlen(text)), strlen(text));
}

static void call_reply(struct call *call, const char *status, const char *headers, const char *body)
{
    char text[9000];
    snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
             strlen(body), body);
    call_write(call, text);
}

static void call_pour(struct call *call)
{
    static const char zeros[4096];
    while (call->endless && conn_send(call->c, zeros, sizeof zeros) > 0)
        ;
}

static bool asks_for(const struct call *call, const char *path)
{
    const char *at = strchr(call->in, ' ');
    size_t n = strlen(path);
    return strncmp(at + 1, path, n) == 0 && at[1 + n] == ' ';
}

static void call_answer(struct call *call, const char *body)
{
    if (asks_for(call, "/hello"))
        call_reply(call, "200 OK", "Content-Type: text/plain\r\nX-Fish: cod\r\n", "hello");
    else if (asks_for(call, "/echo"))
        call_reply(call, "200 OK", "", call->in);
    else if (asks_for(call, "/moved"))
        call_reply(call, "302 Found", "Location: /hello\r\nX-Fish: eel\r\n", "not here");
    else if (asks_for(call, "/loop"))
        call_reply(call, "302 Found", "Location: /loop\r\n", "");
    else if (asks_for(call, "/file"))
        call_reply(call, "302 Found", "Location: file:///etc/passwd\r\n", "");
    else if (asks_for(call, "/chunked"))
        call_write(call, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    else if (asks_for(call, "/long"))
        call_write(call, "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n");
    else if (asks_for(call, "/cut"))
        call_write(call, "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nabc");
    else if (asks_for(call, "/endless"))
        call_write(call, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    else if (!asks_for(call, "/never"))
        call_reply(call, "404 Not Found", "", "nothing here");
    if (asks_for(call, "/cut"))
        conn_shut(call->c);
    call->endless = asks_for(call, "/endless");
    call->n = 0;
    (void)body;
    call_pour(call);
}

static void on_call(void *arg, enum conn_event ev, const struct why *why)
{
    struct call *call = arg;
    (void)why;
    if (ev == CONN_WRITABLE)
        call_pour(call);
    if (ev != CONN_READABLE)
        return;
    for (ssize_t n;
         (n = conn_recv(call->c, call->in + call->n, sizeof call->in - 1 - call->n)) > 0;) {
        call->n += (size_t)n;
        call->in[call->n] = '\0';
        const char *end = strstr(call->in, "\r\n\r\n");
        if (end && (strncmp(call->in, "GET", 3) == 0 || strstr(call->in, "\nfin")))
            call_answer(call, end + 4);
    }
}

static void on_accept(void *arg, struct conn *c)
{
    struct server *s = arg;
    struct call *call = MEM_NEW(struct call);
    assert_true(s->count < CALLS_MAX);
    s->calls[s->count++] = call;
    *call = (struct call){.s = s, .c = c};
    conn_watch(c, on_call, call);
}

static int open_server(void **state)
{
    struct server *s = MEM_NEW(struct server);
    struct addr at = addr_v4(127, 0, 0, 1, 0);
    struct why why;
    s->loop = uv_loop_open(NULL);
    s->listener = tcp_listen(s->loop, &at, on_accept, s, &why);
    assert_non_null(s->listener);
    *state = s;
    return 0;
}

static int close_server(void **state)
{
    struct server *s = *state;
    for (unsigned i = 0; i < s->count; i++) {
        conn_close(s->calls[i]->c);
        free(s->calls[i]);
    }
    listener_close(s->listener);
    uv_loop_finish(s->loop);
    free(s);
    return 0;
}

struct result {
    struct server *s;
    struct http_fetch *f;
    bool done;
    unsigned calls, status, parts;
    struct buf body;
    char type[40], fish[20], missing[20];
    struct why why;
    enum { GO_ON, END, CANCEL, HOLD } at_part;
    unsigned heads, asked, redirects;
    bool end_at_head;
    const char *deny; /* URLs that end so may not be reached */
    char url[200];
};

static void on_done(void *arg, const struct http_answer *a, const struct why *why)
{
    struct result *r = arg;
    r->calls++;
    r->done = true;
    r->f = NULL;
    assert_true((a == NULL) == (why != NULL));
    if (why) {
        r->why = *why;
        return;
    }
    r->status = a->status;
    buf_put(&r->body, a->body.p, a->body.n);
    snprintf(r->type, sizeof r->type, "%s", a->content_type);
    snprintf(r->fish, sizeof r->fish, "%s", a->header(a, "x-fish"));
    snprintf(r->missing, sizeof r->missing, "%s", a->header(a, "X-Missing"));
}

static bool on_part(void *arg, const uint8_t *bytes, size_t n)
{
    struct result *r = arg;
    r->parts++;
    if (r->at_part == CANCEL) {
        http_cancel(r->f);
        r->done = true;
    } else if (buf_len(&r->body) + n <= 10000) {
        buf_put(&r->body, bytes, n);
    }
    if (r->at_part == HOLD)
        http_hold(r->f, true);
    return r->at_part == GO_ON || r->at_part == HOLD;
}

static bool on_head(void *arg, const struct http_answer *a)
{
    struct result *r = arg;
    assert_int_equal(r->parts, 0);
    r->heads++;
    r->status = a->status;
    return !r->end_at_head;
}

static bool may_reach(void *arg, const struct addr *at, const char *url, unsigned redirects)
{
    struct result *r = arg;
    struct addr to = listener_addr(r->s->listener);
    assert_true(addr_equal(at, &to));
    r->asked++;
    r->redirects = redirects;
    snprintf(r->url, sizeof r->url, "%s", url);
    return strcmp(url + strlen(url) - strlen(r->deny), r->deny) != 0;
}

static bool is_done(void *arg)
{
    return ((struct result *)arg)->done;
}

static void start(struct result *r, struct server *s, struct http_request rq)
{
    char url[200], ip[ADDR_TEXT];
    struct addr at = listener_addr(s->listener);
    r->s = s;
    if (rq.url[0] == '/') {
        snprintf(url, sizeof url, "http://%s%s", addr_format(&at, ip), rq.url);
        rq.url = url;
    }
    r->f = http_start(s->loop, &rq, on_done, r);
    assert_int_equal(r->calls, 0);
}

static void fetch(struct result *r, struct server *s, struct http_request rq)
{
    start(r, s, rq);
    if (!uv_loop_run_until(s->loop, is_done, r, LIMIT_US))
        fail_msg("no answer for %s", rq.url);
}

static void body_is(struct result *r, const char *expected)
{
    assert_int_equal(buf_len(&r->body), strlen(expected));
    assert_memory_equal(buf_bytes(&r->body), expected, strlen(expected));
    buf_done(&r->body);
}

static void an_answer_has_status_headers_and_body(void **state)
{
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/hello"});
    assert_int_equal(r.status, 200);
    assert_string_equal(r.type, "text/plain");
    assert_string_equal(r.fish, "cod");
    assert_string_equal(r.missing, "");
    body_is(&r, "hello");
}

static void any_status_is_an_answer(void **state)
{
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/elsewhere"});
    assert_int_equal(r.status, 404);
    assert_string_equal(r.type, "");
    body_is(&r, "nothing here");
}

static void chunks_are_put_together(void **state)
{
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/chunked"});
    body_is(&r, "abcdefg");
}

static void a_body_is_sent_with_the_headers_asked_for(void **state)
{
    struct result r = {0};
    const char *const headers[] = {"Content-Type: application/json", "X-Fish: pike", NULL};
    fetch(&r, *state,
          (struct http_request){.url = "/echo",
                                .method = "PUT",
                                .headers = headers,
                                .body = "{}\nfin",
                                .body_len = 6,
                                .user_agent = "tester/1"});
    buf_u8(&r.body, 0);
    const char *seen = (const char *)buf_bytes(&r.body);
    assert_memory_equal(seen, "PUT /echo HTTP/1.1\r\n", 20);
    assert_non_null(strstr(seen, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(seen, "X-Fish: pike\r\n"));
    assert_non_null(strstr(seen, "User-Agent: tester/1\r\n"));
    assert_non_null(strstr(seen, "Content-Length: 6\r\n"));
    assert_null(strstr(seen, "Expect"));
    assert_non_null(strstr(seen, "\r\n\r\n{}\nfin"));
    buf_done(&r.body);

    r = (struct result){0};
    fetch(&r, *state,
          (struct http_request){.url = "/echo", .method = "POST", .body = "\nfin", .body_len = 4});
    buf_u8(&r.body, 0);
    seen = (const char *)buf_bytes(&r.body);
    assert_memory_equal(seen, "POST ", 5);
    assert_null(strstr(seen, "Content-Type"));
    assert_non_null(strstr(seen, "User-Agent: Shoal/"));
    buf_done(&r.body);
}

static void a_header_with_a_line_break_is_refused(void **state)
{
    struct result r = {0};
    const char *const headers[] = {"X-Fish: pike\r\nHost: evil.example", NULL};
    fetch(&r, *state, (struct http_request){.url = "/hello", .headers = headers});
    assert_int_equal(r.why.code, ERR_INVALID);
    assert_int_equal(((struct server *)*state)->count, 0);
}

static void redirects_are_followed_but_not_for_ever(void **state)
{
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/moved"});
    assert_int_equal(r.status, 200);
    assert_string_equal(r.fish, "cod");
    body_is(&r, "hello");
    r = (struct result){0};
    fetch(&r, *state, (struct http_request){.url = "/loop"});
    assert_int_equal(r.why.code, ERR_LIMIT);
    assert_non_null(strstr(r.why.text, "redirects"));
}

static void only_http_is_spoken(void **state)
{
    static const char *const urls[] = {"/file", "file:///etc/passwd", "ftp://127.0.0.1/x",
                                       "gopher://127.0.0.1/x", "http://"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct result r = {0};
        fetch(&r, *state, (struct http_request){.url = urls[i]});
        assert_int_equal(r.why.code, ERR_INVALID);
        assert_int_not_equal(r.why.text[0], '\0');
    }
}

static void a_body_past_the_limit_ends_the_request(void **state)
{
    static const char *const urls[] = {"/long", "/endless"}; /* announced, and not */
    for (size_t i = 0; i < 2; i++) {
        struct result r = {0};
        fetch(&r, *state, (struct http_request){.url = urls[i], .max_body = 1999});
        assert_int_equal(r.why.code, ERR_LIMIT);
        assert_int_equal(r.calls, 1);
    }
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/hello", .max_body = 5});
    body_is(&r, "hello");
    r = (struct result){0};
    fetch(&r, *state, (struct http_request){.url = "/hello", .max_body = 4});
    assert_int_equal(r.why.code, ERR_LIMIT);
}

static void a_body_cut_short_is_no_answer(void **state)
{
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/cut"});
    assert_int_equal(r.why.code, ERR_IO);
}

static void a_stream_comes_in_parts_and_may_be_ended(void **state)
{
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/chunked", .on_body = on_part});
    assert_true(r.parts > 0);
    assert_int_equal(r.status, 200);
    body_is(&r, "abcdefg");

    r = (struct result){.at_part = END};
    fetch(&r, *state, (struct http_request){.url = "/endless", .on_body = on_part});
    assert_int_equal(r.parts, 1);
    assert_int_equal(r.why.code, ERR_STATE);
    buf_done(&r.body);
}

static void the_head_comes_before_the_first_part(void **state)
{
    struct result r = {0};
    fetch(&r, *state,
          (struct http_request){.url = "/moved", .on_head = on_head, .on_body = on_part});
    assert_int_equal(r.heads, 1); /* the redirect's is none of it */
    assert_int_equal(r.status, 200);
    body_is(&r, "hello");
    r = (struct result){.end_at_head = true};
    fetch(&r, *state,
          (struct http_request){.url = "/hello", .on_head = on_head, .on_body = on_part});
    assert_int_equal(r.parts, 0);
    assert_int_equal(r.why.code, ERR_STATE);
}

static void each_request_may_be_refused_by_where_it_goes(void **state)
{
    struct result r = {.deny = "/elsewhere"};
    fetch(&r, *state, (struct http_request){.url = "/moved", .may_reach = may_reach});
    assert_int_equal(r.asked, 2);
    assert_int_equal(r.redirects, 1);
    body_is(&r, "hello");
    r = (struct result){.deny = "/hello"};
    fetch(&r, *state, (struct http_request){.url = "/moved", .may_reach = may_reach});
    assert_int_equal(r.why.code, ERR_DENIED);
    assert_non_null(strstr(r.why.text, "a redirect at 127.0.0.1:"));
    r = (struct result){.deny = "/hello"}; /* on a connection that is kept, too */
    fetch(&r, *state, (struct http_request){.url = "/hello", .may_reach = may_reach});
    assert_int_equal(r.asked, 1);
    assert_int_equal(r.why.code, ERR_DENIED);
}

static void the_other_family_is_not_tried(void **state)
{
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/hello", .family = ADDR_V6});
    assert_int_not_equal(r.why.code, OK);
    assert_int_equal(((struct server *)*state)->count, 0);
    r = (struct result){0};
    fetch(&r, *state, (struct http_request){.url = "/hello", .family = ADDR_V4});
    body_is(&r, "hello");
}

static bool has_part(void *arg)
{
    return ((struct result *)arg)->parts > 0;
}

static bool has_many(void *arg)
{
    return ((struct result *)arg)->parts > 5;
}

static void a_stream_that_is_held_waits_and_goes_on(void **state)
{
    struct server *s = *state;
    struct result r = {.at_part = HOLD};
    start(&r, s,
          (struct http_request){.url = "/endless", .max_body = SIZE_MAX, .on_body = on_part});
    assert_true(uv_loop_run_until(s->loop, has_part, &r, LIMIT_US));
    assert_false(uv_loop_run_until(s->loop, has_many, &r, 200 * MSEC));
    assert_int_equal(r.parts, 1);
    r.at_part = GO_ON;
    http_hold(r.f, false);
    assert_int_equal(r.parts, 1); /* never from inside */
    assert_true(uv_loop_run_until(s->loop, has_many, &r, LIMIT_US));
    http_cancel(r.f);
    buf_done(&r.body);
}

static bool is_asked(void *arg)
{
    return ((struct server *)arg)->count > 0;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void cancel_means_silence_at_each_step(void **state)
{
    struct server *s = *state;
    struct result r = {0}, in_part = {.at_part = CANCEL};
    http_cancel(NULL);
    start(&r, s, (struct http_request){.url = "/hello"});
    http_cancel(r.f); /* not yet with libcurl */
    start(&r, s, (struct http_request){.url = "/never"});
    assert_true(uv_loop_run_until(s->loop, is_asked, s, LIMIT_US));
    http_cancel(r.f);
    fetch(&in_part, s, (struct http_request){.url = "/endless", .on_body = on_part});
    uv_loop_run_until(s->loop, never, NULL, 20 * MSEC);
    assert_int_equal(r.calls + in_part.calls, 0);
    assert_int_equal(in_part.parts, 1);
}

static void a_silent_server_is_a_timeout(void **state)
{
    struct result r = {0};
    fetch(&r, *state, (struct http_request){.url = "/never", .timeout_us = 30 * MSEC});
    assert_int_equal(r.why.code, ERR_TIMEOUT);
}

static void nobody_there_is_told_in_words(void **state)
{
    struct server *s = *state;
    struct result r = {0};
    char url[100], at[ADDR_TEXT];
    struct addr a = listener_addr(s->listener);
    snprintf(url, sizeof url, "http://%s/", addr_format(&a, at));
    listener_close(s->listener);
    s->listener = NULL;
    struct http_request rq = {.url = url};
    http_start(s->loop, &rq, on_done, &r);
    assert_true(uv_loop_run_until(s->loop, is_done, &r, LIMIT_US));
    assert_int_equal(r.why.code, ERR_CLOSED);
    assert_non_null(strstr(r.why.text, "connect"));
}

static void the_environments_proxy_is_ignored(void **state)
{
    struct result r = {0};
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    fetch(&r, *state, (struct http_request){.url = "/hello", .from_ip = "127.0.0.1"});
    unsetenv("http_proxy");
    body_is(&r, "hello");
}

static void what_still_runs_ends_with_the_loop(void **state)
{
    struct result r = {0};
    start(&r, *state, (struct http_request){.url = "/never"});
    assert_true(uv_loop_run_until(r.s->loop, is_asked, r.s, LIMIT_US));
}

static void on_unix(void *arg, unsigned events)
{
    static const char text[] = "HTTP/1.0 200 OK\r\n\r\nby the back door";
    char request[2000];
    (void)events;
    int fd = accept(*(int *)arg, NULL, NULL);
    assert_true(recv(fd, request, sizeof request, 0) > 0); /* its few bytes come at once */
    assert_true(send(fd, text, sizeof text - 1, 0) > 0);
    close(fd);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void a_unix_socket_is_spoken_to_by_path(void **state)
{
    struct server *s = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct watch watch = {0};
    struct result r = {0};
    char dir[] = "/tmp/shoal-http-XXXXXX";
    assert_non_null(mkdtemp(dir));
    snprintf(at.sun_path, sizeof at.sun_path, "%s/s", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    listen(fd, 5);
    watch_open(&watch, s->loop, fd, on_unix, &fd);
    watch_add(&watch, WATCH_READ);
    fetch(&r, s, (struct http_request){.url = "http://shoal/", .unix_path = at.sun_path});
    body_is(&r, "by the back door");
    watch_close(&watch, s->loop, nothing, NULL);
    close(fd);
    uv_loop_run_until(s->loop, never, NULL, 1 * MSEC); /* libuv lets go of `watch` */
    unlink(at.sun_path);
    rmdir(dir);
}

static void only_unreserved_characters_stay_as_they_are(void **state)
{
    (void)state;
    char *text = http_escape("aZ09-._~ /?&=%\0\xff", 16);
    assert_string_equal(text, "aZ09-._~%20%2F%3F%26%3D%25%00%FF");
    free(text);
    text = http_escape("", 0);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
#define SERVED(f) cmocka_unit_test_setup_teardown(f, open_server, close_server)
    const struct CMUnitTest tests[] = {
        SERVED(an_answer_has_status_headers_and_body),
        SERVED(any_status_is_an_answer),
        SERVED(chunks_are_put_together),
        SERVED(a_body_is_sent_with_the_headers_asked_for),
        SERVED(a_header_with_a_line_break_is_refused),
        SERVED(redirects_are_followed_but_not_for_ever),
        SERVED(only_http_is_spoken),
        SERVED(a_body_past_the_limit_ends_the_request),
        SERVED(a_body_cut_short_is_no_answer),
        SERVED(a_stream_comes_in_parts_and_may_be_ended),
        SERVED(the_head_comes_before_the_first_part),
        SERVED(each_request_may_be_refused_by_where_it_goes),
        SERVED(the_other_family_is_not_tried),
        SERVED(a_stream_that_is_held_waits_and_goes_on),
        SERVED(cancel_means_silence_at_each_step),
        SERVED(a_silent_server_is_a_timeout),
        SERVED(nobody_there_is_told_in_words),
        SERVED(the_environments_proxy_is_ignored),
        SERVED(what_still_runs_ends_with_the_loop),
        SERVED(a_unix_socket_is_spoken_to_by_path),
        cmocka_unit_test(only_unreserved_characters_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
