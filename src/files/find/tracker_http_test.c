/* Announces over HTTP, to a server on this machine. */
#include "files/find/tracker_ask.h"

#include "base/mem.h"
#include "base/test.h"
#include "net/httpd.h"
#include "net/uv/uv_loop.h"

#include <stdio.h>

/* A server that answers each path with what the test put there, and one ask. */
struct world {
    struct loop *loop;
    struct httpd *httpd;
    char base[80]; /* "http://127.0.0.1:PORT" */
    unsigned status;
    const char *body;
    char port[16], event[16], pass[16]; /* of the last query */
    unsigned asked;
    bool hold; /* answer never */
    struct httpd_call *held;
    struct tracker_http *ask;
    unsigned done;
    bool answered;
    struct tracker_answer answer;
    struct why why;
};

static void keep(char *out, size_t cap, const char *value)
{
    snprintf(out, cap, "%s", value ? value : "");
}

static void on_gone(void *arg)
{
    struct world *w = arg;
    w->held = NULL;
}

static void on_request(void *arg, struct httpd_call *c)
{
    struct world *w = arg;
    w->asked++;
    keep(w->port, sizeof w->port, httpd_query(c, "port"));
    keep(w->event, sizeof w->event, httpd_query(c, "event"));
    keep(w->pass, sizeof w->pass, httpd_query(c, "pass"));
    if (w->hold) {
        w->held = c;
        httpd_on_gone(c, on_gone, w);
        return;
    }
    httpd_reply(c, w->status, NULL, w->body, strlen(w->body));
}

static void on_done(void *arg, const struct tracker_answer *a, const struct why *why)
{
    struct world *w = arg;
    w->ask = NULL;
    w->done++;
    w->answered = a != NULL;
    w->why = *why;
    if (a)
        w->answer = *a;
}

static bool is_done(void *arg)
{
    struct world *w = arg;
    return w->done > 0;
}

static struct world *world_new(void)
{
    struct why why;
    char text[ADDR_TEXT];
    struct world *w = MEM_NEW(struct world);
    struct addr at = addr_v4(127, 0, 0, 1, 0);
    w->loop = uv_loop_open(NULL);
    w->httpd = httpd_open(w->loop, &at, NULL, on_request, w, &why);
    assert_non_null(w->httpd);
    at = httpd_addr(w->httpd);
    snprintf(w->base, sizeof w->base, "http://%s", addr_format(&at, text));
    return w;
}

static void world_free(struct world *w)
{
    tracker_http_cancel(w->ask);
    httpd_close(w->httpd);
    uv_loop_finish(w->loop);
    free(w);
}

/* Ask for what lies at `path`, and wait. */
static void ask(struct world *w, const char *path, unsigned status, const char *body)
{
    const struct tracker_announce a = {.event = TRACKER_STARTED, .port = 6881};
    char *url = mem_printf("%s%s", w->base, path);
    w->status = status;
    w->body = body;
    w->done = 0;
    w->ask = tracker_http_start(w->loop, NULL, url, &a, "", on_done, w);
    free(url);
    assert_int_equal(w->done, 0); /* never from inside start */
    assert_true(uv_loop_run_until(w->loop, is_done, w, 20 * SEC));
}

static void an_announce_is_asked_and_answered(void **state)
{
    (void)state;
    struct world *w = world_new();
    ask(w, "/announce?pass=key", 200, "d8:completei3e8:intervali900e5:peers6:iiiippe");
    assert_true(w->answered);
    assert_int_equal(w->answer.interval_s, 900);
    assert_int_equal(w->answer.seeders, 3);
    assert_int_equal(w->answer.peer_count, 1);
    assert_string_equal(w->port, "6881");
    assert_string_equal(w->event, "started");
    assert_string_equal(w->pass, "key");
    world_free(w);
}

static void what_is_no_answer_is_told_with_the_reason(void **state)
{
    (void)state;
    struct world *w = world_new();
    ask(w, "/announce", 200, "<html>hello</html>");
    assert_false(w->answered);
    assert_non_null(strstr(w->why.text, "bencode"));
    ask(w, "/announce", 503, "busy");
    assert_false(w->answered);
    assert_non_null(strstr(w->why.text, "503"));
    ask(w, "/announce", 500, "d8:intervali900e5:peers0:e"); /* an error page is no answer */
    assert_false(w->answered);
    ask(w, "/announce", 400, "d14:failure reason7:unknowne");
    assert_true(w->answered);
    assert_string_equal(w->answer.failure, "unknown");
    world_free(w);
}

static void an_answer_past_the_limit_is_not_read(void **state)
{
    (void)state;
    struct world *w = world_new();
    char *big = mem_zalloc(TRACKER_ANSWER_MAX + 2);
    memset(big, 'x', TRACKER_ANSWER_MAX + 1);
    ask(w, "/announce", 200, big);
    assert_false(w->answered);
    assert_int_equal(w->why.code, ERR_LIMIT);
    free(big);
    world_free(w);
}

static void other_services_of_this_machine_are_not_called(void **state)
{
    (void)state;
    struct world *w = world_new();
    ask(w, "/transmission/rpc?x=/announce", 200, "de");
    assert_false(w->answered);
    assert_int_equal(w->why.code, ERR_DENIED);
    ask(w, "", 200, "de");
    assert_int_equal(w->why.code, ERR_DENIED);
    ask(w, "?/announce", 200, "de");
    assert_int_equal(w->why.code, ERR_DENIED);
    assert_int_equal(w->asked, 0);
    ask(w, "/announce.php", 200, "de");
    assert_true(w->answered);
    world_free(w);
}

static bool was_asked(void *arg)
{
    struct world *w = arg;
    return w->held != NULL;
}

static bool has_gone(void *arg)
{
    struct world *w = arg;
    return w->held == NULL;
}

static void cancelling_is_silence(void **state)
{
    (void)state;
    struct world *w = world_new();
    const struct tracker_announce a = {.port = 1};
    char *url = mem_printf("%s/announce", w->base);
    tracker_http_cancel(tracker_http_start(w->loop, NULL, url, &a, "", on_done, w));
    tracker_http_cancel(tracker_http_start(w->loop, NULL, "http://localhost", &a, "", on_done, w));
    tracker_http_cancel(NULL);
    w->hold = true;
    w->ask = tracker_http_start(w->loop, NULL, url, &a, "", on_done, w);
    assert_true(uv_loop_run_until(w->loop, was_asked, w, 20 * SEC));
    tracker_http_cancel(w->ask);
    w->ask = NULL;
    assert_true(uv_loop_run_until(w->loop, has_gone, w, 20 * SEC));
    assert_int_equal(w->done, 0);
    free(url);
    world_free(w);
}

static void a_path_that_is_another_when_it_is_sent_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new();
    ask(w, "/announce/../other", 200, "de"); /* as libcurl sends it: /other */
    assert_false(w->answered);
    assert_int_equal(w->asked, 0);
    assert_int_equal(w->why.code, ERR_DENIED);
    world_free(w);
}

static void numbers_alone_are_asked_of_the_scrape_path(void **state)
{
    (void)state;
    struct world *w = world_new();
    const struct tracker_announce a = {.infohash = "aaaaaaaaaaaaaaaaaaaa", .scrape = true};
    char *url = mem_printf("%s/announce?pass=key", w->base);
    w->status = 200;
    w->body = "d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei9eeee";
    w->ask = tracker_http_start(w->loop, NULL, url, &a, "", on_done, w);
    assert_true(uv_loop_run_until(w->loop, is_done, w, 20 * SEC));
    assert_true(w->answered);
    assert_int_equal(w->answer.seeders, 9);
    assert_string_equal(w->pass, "key");
    assert_string_equal(w->event, "");
    free(url);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_announce_is_asked_and_answered),
        cmocka_unit_test(what_is_no_answer_is_told_with_the_reason),
        cmocka_unit_test(an_answer_past_the_limit_is_not_read),
        cmocka_unit_test(other_services_of_this_machine_are_not_called),
        cmocka_unit_test(cancelling_is_silence),
        cmocka_unit_test(a_path_that_is_another_when_it_is_sent_is_refused),
        cmocka_unit_test(numbers_alone_are_asked_of_the_scrape_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
