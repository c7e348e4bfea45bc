#include "net/httpd.h"

#include "net/conn.h"
#include "net/uv/httpd_int.h"
#include "net/uv/raw_test.h"

#include <sys/stat.h>

struct world {
    struct loop *loop;
    struct httpd *http;
    struct addr at;
    char path[64];
    struct httpd_call *held; /* a call that is answered later */
    unsigned gone, refused;
    size_t body;
    unsigned uid;
    bool is_unix;
    struct conn *upgraded;
    unsigned upgrades;
};

static void on_gone(void *arg)
{
    struct world *w = arg;
    w->held = NULL;
    w->gone++;
}

static void say(struct httpd_call *c, const char *text)
{
    httpd_reply(c, 200, (const char *[]){"X-Test: yes", NULL}, text, strlen(text));
}

/* What came with the request is said back. */
static void on_upgraded(void *arg, struct conn *c, struct cur early)
{
    struct world *w = arg;
    w->upgrades++;
    w->upgraded = c;
    if (c)
        conn_send(c, early.p, early.n);
}

static void on_request(void *arg, struct httpd_call *c)
{
    struct world *w = arg;
    const char *path = httpd_path(c);
    w->body = httpd_body(c).n;
    w->is_unix = httpd_is_unix(c);
    w->uid = w->is_unix ? httpd_peer_uid(c) : 0;
    if (strcmp(path, "/hold") == 0 || strcmp(path, "/stream") == 0) {
        w->held = c;
        httpd_on_gone(c, on_gone, w);
        if (path[1] == 's')
            httpd_stream_start(c, 200, (const char *[]){"Content-Type: text/event-stream", NULL});
    } else if (strcmp(path, "/quit") == 0) {
        say(c, "bye");
        httpd_close(w->http);
        w->http = NULL;
    } else if (strcmp(path, "/other") == 0) {
        httpd_upgrade(c, (const char *[]){"Upgrade: other", NULL}, on_upgraded, w);
    } else if (strcmp(path, "/echo") == 0) {
        const char *q = httpd_query(c, "q");
        say(c, q ? q : "none");
    } else {
        say(c, path);
    }
}

static int setup(void **state)
{
    struct world *w = MEM_NEW(struct world);
    struct why why;
    w->loop = uv_loop_open(NULL);
    struct addr any = addr_v4(127, 0, 0, 1, 0);
    char folder[] = "/tmp/httpd-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(w->path, sizeof w->path, "%s/api.sock", folder);
    w->http = httpd_open(w->loop, &any, w->path, on_request, w, &why);
    assert_non_null(w->http);
    w->at = httpd_addr(w->http);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    httpd_close(w->http);
    uv_loop_finish(w->loop);
    assert_int_not_equal(access(w->path, F_OK), 0);
    *strrchr(w->path, '/') = '\0';
    rmdir(w->path);
    free(w);
    return 0;
}

static void expect(struct world *w, const char *request, unsigned status, const char *text)
{
    char *answer = raw_ask(raw_tcp(w->loop, &w->at), request);
    raw_status_is(answer, status);
    if (text)
        assert_non_null(strstr(answer, text));
    free(answer);
}

static bool is_held(void *arg)
{
    return ((struct world *)arg)->held != NULL;
}

static bool is_gone(void *arg)
{
    return ((struct world *)arg)->gone > 0;
}

#define END "Host: x\r\nConnection: close\r\n\r\n"

static void a_request_is_handed_over_whole_and_decoded(void **state)
{
    struct world *w = *state;
    expect(w, "GET /a%20b?q=1 HTTP/1.1\r\n" END, 200, "\r\n\r\n/a b");
    expect(w, "GET /echo?q=x+y HTTP/1.1\r\n" END, 200, "X-Test: yes");
    expect(w, "POST /echo?q=x+y HTTP/1.1\r\nContent-Length: 5\r\n" END "hello", 200, "x y");
    assert_int_equal(w->body, 5);
    expect(w, "GET /%00 HTTP/1.1\r\n" END, 400, NULL);
    expect(w, "FOO / HTTP/1.1\r\n" END, 200, NULL);
}

static void head_and_options_get_answers_without_breaking_the_connection(void **state)
{
    struct world *w = *state;
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, "HEAD /echo?q=secretword HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_wait(&r, "\r\n\r\n", 1);
    raw_say(&r, "OPTIONS /opt HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_wait(&r, "/opt", 1);
    raw_say(&r, "GET /last HTTP/1.1\r\n" END);
    raw_wait(&r, NULL, 1);
    char *text = raw_text(&r);
    assert_non_null(strstr(text, "Content-Length: 10"));
    assert_null(strstr(text, "secretword"));
    assert_non_null(strstr(text, "/last"));
    free(text);
    raw_close(&r);
}

static void pipelined_requests_are_answered_in_order_also_when_one_waits(void **state)
{
    struct world *w = *state;
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, "GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
                "GET /third HTTP/1.1\r\n" END);
    assert_true(uv_loop_run_until(w->loop, is_held, w, 20 * SEC));
    say(w->held, "second");
    raw_wait(&r, NULL, 1);
    char *text = raw_text(&r);
    assert_true(strstr(text, "/first") < strstr(text, "second"));
    assert_true(strstr(text, "second") < strstr(text, "/third"));
    free(text);
    raw_close(&r);
}

static void the_unix_socket_is_the_owners_alone_and_tells_who_calls(void **state)
{
    struct world *w = *state;
    struct stat st;
    assert_int_equal(stat(w->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    char *answer = raw_ask(raw_unix(w->loop, w->path), "GET /u HTTP/1.1\r\n" END);
    raw_status_is(answer, 200);
    free(answer);
    assert_true(w->is_unix);
    assert_int_equal(w->uid, getuid());
}

static void a_stale_socket_is_replaced_and_a_live_one_is_not(void **state)
{
    struct world *w = *state;
    struct why why;
    assert_null(httpd_open(w->loop, NULL, w->path, on_request, w, &why));
    assert_int_equal(why.code, ERR_STATE);
    char *other = mem_printf("%s2", w->path);
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    memcpy(sa.sun_path, other, strlen(other));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    close(fd); /* as a killed process leaves it */
    struct httpd *second = httpd_open(w->loop, NULL, other, on_request, w, &why);
    assert_non_null(second);
    char *answer = raw_ask(raw_unix(w->loop, other), "GET /two HTTP/1.1\r\n" END);
    raw_status_is(answer, 200);
    free(answer);
    httpd_close(second);
    free(other);
}

static void a_client_that_leaves_is_noticed_while_its_answer_is_awaited(void **state)
{
    struct world *w = *state;
    const char *const paths[] = {"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n",
                                 "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct raw r = raw_tcp(w->loop, &w->at);
        raw_say(&r, paths[i]);
        assert_true(uv_loop_run_until(w->loop, is_held, w, 20 * SEC));
        raw_close(&r);
        assert_true(uv_loop_run_until(w->loop, is_gone, w, 20 * SEC));
        assert_int_equal(w->gone, 1);
        w->gone = 0;
    }
}

static void a_stream_comes_in_parts_and_ends(void **state)
{
    struct world *w = *state;
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, "GET /stream HTTP/1.1\r\n" END);
    assert_true(uv_loop_run_until(w->loop, is_held, w, 20 * SEC));
    assert_true(httpd_stream_send(w->held, "one\n", 4));
    raw_wait(&r, "one\n", 1);
    assert_true(httpd_stream_send(w->held, "two\n", 4));
    raw_wait(&r, "two\n", 1);
    httpd_stream_end(w->held);
    raw_wait(&r, NULL, 1);
    raw_close(&r);
    assert_int_equal(w->gone, 0);
}

static void a_client_that_does_not_read_its_stream_is_cut_off_at_the_limit(void **state)
{
    struct world *w = *state;
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(uv_loop_run_until(w->loop, is_held, w, 20 * SEC));
    char *part = mem_zalloc(HTTPD_STREAM_MAX / 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(httpd_stream_send(w->held, part, HTTPD_STREAM_MAX / 4));
    assert_false(httpd_stream_send(w->held, part, 1));
    assert_int_equal(w->gone, 0);
    free(part);
    raw_wait(&r, NULL, 1);
    raw_close(&r);
}

static void headers_and_body_have_a_time_and_then_the_line_is_cut(void **state)
{
    struct world *w = *state;
    httpd_set_header_us(w->http, 20 * MSEC);
    const char *const cut[] = {"", "GET / HTTP/1.1\r\nHo",
                               "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"};
    for (size_t i = 0; i < 3; i++) {
        char *answer = raw_ask(raw_tcp(w->loop, &w->at), cut[i]);
        assert_string_equal(answer, "");
        free(answer);
    }
    httpd_set_header_us(w->http, HTTPD_HEADER_US);
    expect(w, "GET /fine HTTP/1.1\r\n" END, 200, "/fine");
}

static void a_body_may_be_as_large_as_the_limit_and_no_larger(void **state)
{
    struct world *w = *state;
    char *body = mem_zalloc(HTTPD_BODY_MAX);
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, "POST /up HTTP/1.1\r\nContent-Length: 33554432\r\n" END);
    raw_send(&r, body, HTTPD_BODY_MAX);
    raw_wait(&r, "HTTP/1.1 200", 1);
    assert_int_equal(w->body, HTTPD_BODY_MAX);
    raw_close(&r);
    expect(w, "POST /up HTTP/1.1\r\nContent-Length: 33554433\r\n" END, 413, NULL);
    expect(w, "POST /up HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n" END, 413, NULL);
    /* in parts, without saying so before */
    r = raw_tcp(w->loop, &w->at);
    raw_say(&r, "POST /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "2000000\r\n");
    raw_send(&r, body, HTTPD_BODY_MAX);
    raw_say(&r, "\r\n1\r\nx\r\n0\r\n\r\n");
    raw_wait(&r, "HTTP/1.1 413", 1);
    raw_close(&r);
    free(body);
}

static void headers_past_the_limit_are_refused(void **state)
{
    struct world *w = *state;
    char *pad = mem_zalloc(HTTPD_HEADER_BYTES + 1);
    memset(pad, 'a', HTTPD_HEADER_BYTES);
    char *request = mem_printf("GET / HTTP/1.1\r\nX-Pad: %s\r\n" END, pad);
    expect(w, request, 431, NULL);
    free(request);
    free(pad);
}

static void only_so_many_connections_are_served_at_once(void **state)
{
    struct world *w = *state;
    struct raw all[HTTPD_CONNS_MAX + 1];
    for (size_t i = 0; i <= HTTPD_CONNS_MAX; i++) {
        all[i] = raw_tcp(w->loop, &w->at);
        raw_say(&all[i], "GET /me HTTP/1.1\r\nHost: x\r\n\r\n");
        if (i < HTTPD_CONNS_MAX)
            raw_wait(&all[i], "/me", 1);
    }
    raw_read(&all[HTTPD_CONNS_MAX]);
    assert_int_equal(buf_len(&all[HTTPD_CONNS_MAX].got), 0);
    raw_close(&all[0]); /* the one that waited takes its place */
    raw_wait(&all[HTTPD_CONNS_MAX], "/me", 1);
    for (size_t i = 1; i <= HTTPD_CONNS_MAX; i++)
        raw_close(&all[i]);
}

static void closing_ends_calls_and_may_come_from_inside_a_handler(void **state)
{
    struct world *w = *state;
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(uv_loop_run_until(w->loop, is_held, w, 20 * SEC));
    char *answer = raw_ask(raw_tcp(w->loop, &w->at), "GET /quit HTTP/1.1\r\n" END);
    assert_non_null(strstr(answer, "bye"));
    assert_int_equal(w->gone, 1);
    assert_null(w->http);
    free(answer);
    raw_close(&r);
}

static void two_servers_live_on_one_loop(void **state)
{
    struct world *w = *state;
    struct why why;
    struct addr any = addr_v4(127, 0, 0, 2, 0);
    struct httpd *second = httpd_open(w->loop, &any, NULL, on_request, w, &why);
    assert_non_null(second);
    struct addr at = httpd_addr(second);
    char *answer = raw_ask(raw_tcp(w->loop, &at), "GET /2 HTTP/1.1\r\n" END);
    raw_status_is(answer, 200);
    free(answer);
    expect(w, "GET /1 HTTP/1.1\r\n" END, 200, "/1");
    assert_null(httpd_open(w->loop, &at, NULL, on_request, w, &why));
    assert_int_equal(why.code, ERR_STATE);
    httpd_close(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static bool is_upgraded(void *arg)
{
    return ((struct world *)arg)->upgrades > 0;
}

static void a_connection_is_handed_over_for_another_protocol(void **state)
{
    struct world *w = *state;
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, "GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                "Upgrade: other\r\n\r\nearly ");
    assert_true(uv_loop_run_until(w->loop, is_upgraded, w, 20 * SEC));
    assert_non_null(w->upgraded);
    raw_wait(&r, "early ", 1);
    char *text = raw_text(&r);
    assert_non_null(strstr(text, "HTTP/1.1 101 "));
    free(text);
    expect(w, "GET /next HTTP/1.1\r\n" END, 200, "/next"); /* the server goes on */
    assert_int_equal(conn_send(w->upgraded, "later", 5), 5);
    raw_wait(&r, "later", 1);
    httpd_close(w->http); /* and the connection outlives it */
    w->http = NULL;
    raw_say(&r, "bye");
    char bytes[9];
    assert_int_equal(conn_recv(w->upgraded, bytes, sizeof bytes), 3);
    conn_close(w->upgraded);
    raw_wait(&r, NULL, 1);
    raw_close(&r);
    assert_int_equal(w->upgrades, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_handed_over_whole_and_decoded),
        TEST(head_and_options_get_answers_without_breaking_the_connection),
        TEST(pipelined_requests_are_answered_in_order_also_when_one_waits),
        TEST(the_unix_socket_is_the_owners_alone_and_tells_who_calls),
        TEST(a_stale_socket_is_replaced_and_a_live_one_is_not),
        TEST(a_client_that_leaves_is_noticed_while_its_answer_is_awaited),
        TEST(a_stream_comes_in_parts_and_ends),
        TEST(a_client_that_does_not_read_its_stream_is_cut_off_at_the_limit),
        TEST(headers_and_body_have_a_time_and_then_the_line_is_cut),
        TEST(a_body_may_be_as_large_as_the_limit_and_no_larger),
        TEST(headers_past_the_limit_are_refused),
        TEST(only_so_many_connections_are_served_at_once),
        TEST(closing_ends_calls_and_may_come_from_inside_a_handler),
        TEST(a_connection_is_handed_over_for_another_protocol),
        TEST(two_servers_live_on_one_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
