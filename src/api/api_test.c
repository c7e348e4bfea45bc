/* The whole server over real sockets, used as programs use it. */
#include "api/api.h"

#include "api/api_world_test.h"

static void a_program_with_a_token_calls_methods(void **state)
{
    struct world *w = *state;
    gives(w, "GET /api/v1/things/abc?n=3", with(w, w->read), "", 200, "{\"n\":3,\"id\":\"abc\"}");
    gives(w, "POST /api/v1/things/abc", with(w, w->write), "{\"n\":4}", 200,
          "{\"n\":4,\"id\":\"abc\"}");
    gives(w, "POST /api/v1/job", with(w, w->write), "", 202, "\"job\":\"j1\"");
    gives(w, "HEAD /api/v1/things/abc", with(w, w->read), "", 200, NULL);
    gives(w, "GET /api/v1/jobs", with(w, w->read), "", 200, "[]");
    gives(w, "GET /api/v1/jobs/j9", with(w, w->read), "", 404, "job.not_found");
    gives(w, "POST /api/v1/jobs/j9/cancel", with(w, w->write), "{}", 404, "job.not_found");
    gives(w, "GET /api/v1/methods", with(w, w->read), "", 200, "thing.pay");
}

static void failures_are_problems_with_code_message_and_next(void **state)
{
    struct world *w = *state;
    char *answer = ask(w, "GET /api/v1/fail", with(w, w->read), "");
    raw_status_is(answer, 409);
    assert_non_null(strstr(answer, "application/problem+json"));
    assert_non_null(strstr(answer, "\"detail\":\"the thing is locked\""));
    assert_non_null(strstr(answer,
                           "\"error\":{\"code\":\"thing.locked\",\"message\":\"the thing is "
                           "locked\",\"next\":\"unlock it\"}"));
    free(answer);
    gives(w, "GET /api/v1/things/abc?n=10", with(w, w->read), "", 400, "\"error\":{");
    gives(w, "GET /api/v1/things/abc?n=x", with(w, w->read), "", 400, "\"error\":{");
    gives(w, "POST /api/v1/things/abc", with(w, w->write), "{\"m\":4}", 400, "\"error\":{");
    gives(w, "POST /api/v1/things/abc", with(w, w->write), "[", 400, "not JSON");
}

static void wrong_paths_and_verbs_are_told_apart(void **state)
{
    struct world *w = *state;
    gives(w, "GET /api/v1/nothing", with(w, w->read), "", 404, "api.not_found");
    gives(w, "GET /nothing", with(w, w->read), "", 404, "api.not_found");
    gives(w, "GET /api/v1/job", with(w, w->write), "", 405, "Allow: POST, OPTIONS");
    gives(w, "PUT /api/v1/things/a", with(w, w->money), "", 405, "Allow: GET, HEAD, POST, OPTIONS");
    gives(w, "OPTIONS /api/v1/things/a", with(w, w->read), "", 204, "Allow: GET, HEAD, POST");
    gives(w, "POST /healthz", "Content-Type: application/json\r\n", "{}", 405, "Allow: GET, HEAD");
    gives(w, "BREW /api/v1/things/a", with(w, w->read), "", 405, NULL);
    assert_int_equal(w->calls, 0);
}

static void the_unix_socket_needs_no_token(void **state)
{
    struct world *w = *state;
    char *answer = raw_ask(raw_unix(w->loop, w->path),
                           "POST /api/v1/things/a HTTP/1.1\r\nHost: shoal\r\nConnection: close\r\n"
                           "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"n\":1}");
    raw_status_is(answer, 200);
    free(answer);
    answer = raw_ask(raw_unix(w->loop, w->path),
                     "POST /api/v1/things/a HTTP/1.1\r\nHost: shoal\r\nConnection: close\r\n"
                     "Content-Type: text/plain\r\nContent-Length: 7\r\n\r\n{\"n\":1}");
    raw_status_is(answer, 415);
    free(answer);
}

static void health_says_ok_and_nothing_else_and_metrics_want_a_key(void **state)
{
    struct world *w = *state;
    gives(w, "GET /healthz", "", "", 200, "\r\n\r\nok\n");
    gives(w, "GET /metrics", "", "", 401, NULL);
    gives(w, "GET /metrics", with(w, w->read), "", 200, "shoal_test_total 7");
}

static void the_dashboard_is_served_without_a_key_and_kept_by_its_tag(void **state)
{
    struct world *w = *state;
    gives(w, "GET /", "", "", 200, "run <code>shoal open</code>");
    gives(w, "GET /ui/files", "", "", 200, "<title>Shoal</title>");
    gives(w, "HEAD /ui/files", "", "", 200, "Content-Type: text/html; charset=utf-8");
    gives(w, "POST /", "Content-Type: application/json\r\n", "{}", 405, "Allow: GET, HEAD");
    gives(w, "GET /assets/none.js", "", "", 401, NULL); /* as every path that is not */
    gives(w, "GET /assets/none.js", with(w, w->read), "", 404, NULL);
    char *line = mem_printf("GET %s", web_files[1].path);
    char *known = mem_printf("If-None-Match: %s\r\n", web_files[1].tag);
    gives(w, line, "", "", 200, "Content-Encoding: gzip");
    gives(w, line, "", "", 200, "Cache-Control: public, max-age=31536000, immutable");
    gives(w, line, known, "", 304, web_files[1].tag);
    gives(w, line, "Accept-Encoding: identity\r\n", "", 406, "web.encoding");
    free(known);
    free(line);
}

static void every_reply_has_the_security_headers(void **state)
{
    struct world *w = *state;
    const char *const lines[] = {"GET /",        "GET /healthz", "GET /api/v1/jobs",
                                 "GET /nothing", "GET /metrics", "GET /login"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *answer = ask(w, lines[i], "", "");
        assert_non_null(strstr(answer, "Content-Security-Policy: default-src 'self'; "));
        assert_non_null(strstr(answer, "; frame-ancestors 'none'\r\n"));
        assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff"));
        assert_non_null(strstr(answer, "Referrer-Policy: no-referrer"));
        assert_non_null(
            strstr(answer, i == 0 ? "Cache-Control: no-cache" : "Cache-Control: no-store"));
        free(answer);
    }
}

static bool is_held(void *arg)
{
    return ((struct world *)arg)->held != NULL;
}

static bool is_gone(void *arg)
{
    return ((struct world *)arg)->gone > 0;
}

static void a_late_answer_arrives_and_one_without_a_client_does_not_hurt(void **state)
{
    struct world *w = *state;
    for (unsigned leaves = 0; leaves < 2; leaves++) {
        char *request = mem_printf("GET /api/v1/hold HTTP/1.1\r\nHost: localhost:%u\r\n"
                                   "Authorization: Bearer %s\r\n\r\n",
                                   (unsigned)w->at.port, w->read);
        struct raw r = raw_tcp(w->loop, &w->at);
        raw_say(&r, request);
        free(request);
        assert_true(uv_loop_run_until(w->loop, is_held, w, 20 * SEC));
        if (leaves) {
            raw_close(&r);
            assert_true(uv_loop_run_until(w->loop, is_gone, w, 20 * SEC));
            continue;
        }
        call_ok(w->held, json_pack("{s:s}", "late", "yes"));
        w->held = NULL;
        raw_wait(&r, "{\"late\":\"yes\"}", 1);
        raw_close(&r);
    }
}

static void money_is_spent_once_for_one_key(void **state)
{
    struct world *w = *state;
    char key[300];
    snprintf(key, sizeof key, "%sIdempotency-Key: k1\r\n", with(w, w->money));
    gives(w, "POST /api/v1/things/a/pay", with(w, w->money), "{\"n\":1}", 400,
          "api.idempotency_key");
    gives(w, "POST /api/v1/things/a/pay", key, "{\"n\":1}", 200, "\"n\":1");
    gives(w, "POST /api/v1/things/a/pay", key, "{\"n\":1}", 200, "\"n\":1");
    assert_int_equal(w->calls, 1);
    gives(w, "POST /api/v1/things/a/pay", key, "{\"n\":2}", 422, "api.key_reused");
    snprintf(key, sizeof key, "%sIdempotency-Key: k2\r\n", with(w, w->money));
    gives(w, "POST /api/v1/things/a/pay", key, "{\"n\":2}", 200, "\"n\":2");
    assert_int_equal(w->calls, 2);
    snprintf(key, sizeof key, "%sIdempotency-Key: k3\r\n", with(w, w->write));
    gives(w, "POST /api/v1/things/a/pay", key, "{}", 403, "api.scope");
}

static void events_begin_with_the_status_and_go_on(void **state)
{
    struct world *w = *state;
    char *request = mem_printf("GET /api/v1/events?type=file. HTTP/1.1\r\nHost: localhost:%u\r\n"
                               "Authorization: Bearer %s\r\n\r\n",
                               (unsigned)w->at.port, w->read);
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, request);
    raw_wait(&r, "\"status\":{\"version\":\"test\"},\"jobs\":[]}", 1);
    bus_post(w->bus, BUS_ONCE, "file.added", "a", json_object());
    bus_post(w->bus, BUS_STATE, "file.progress", "a", json_object());
    raw_wait(&r, "event: file.progress", 1);
    raw_close(&r);
    free(request);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_program_with_a_token_calls_methods),
        TEST(failures_are_problems_with_code_message_and_next),
        TEST(wrong_paths_and_verbs_are_told_apart),
        TEST(the_unix_socket_needs_no_token),
        TEST(health_says_ok_and_nothing_else_and_metrics_want_a_key),
        TEST(the_dashboard_is_served_without_a_key_and_kept_by_its_tag),
        TEST(every_reply_has_the_security_headers),
        TEST(a_late_answer_arrives_and_one_without_a_client_does_not_hurt),
        TEST(money_is_spent_once_for_one_key),
        TEST(events_begin_with_the_status_and_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
