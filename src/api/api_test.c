/* The whole server over real sockets, attacked and used. */
#include "api/api.h"

#include "api/keyring.h"
#include "api/web.h"
#include "crypto/base64.h"
#include "net/uv/raw_test.h"
#include "net/ws_msg.h"

struct world {
    struct loop *loop;
    struct vfs *vfs;
    struct bus *bus;
    struct jobs *jobs;
    struct metrics *metrics;
    struct api *api;
    struct addr at;
    char path[64], read[KEYRING_KEY], write[KEYRING_KEY], money[KEYRING_KEY];
    struct call *held;
    unsigned calls, gone, talks, pauses;
};

/* ---- an app ---- */

static void do_echo(void *app, struct call *c)
{
    struct world *w = app;
    w->calls++;
    call_ok(c, json_incref(call_params(c)));
}

static void do_fail(void *app, struct call *c)
{
    (void)app;
    call_failf(c, "thing.locked", ERR_STATE, "unlock it", "the thing is locked");
}

static void on_held_gone(void *arg)
{
    struct world *w = arg;
    w->gone++;
    struct call *c = w->held;
    w->held = NULL;
    call_ok(c, json_object());
}

static void do_hold(void *app, struct call *c)
{
    struct world *w = app;
    w->held = c;
    call_gone(c, on_held_gone, w);
}

static void do_job(void *app, struct call *c)
{
    (void)app;
    call_ok(c, json_pack("{s:s}", "job", "j1"));
}

static const struct param thing_params[] = {
    {.name = "id", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {.name = "n", .type = PARAM_INT, .min = 0, .max = 9},
    {0},
};

static const struct method things[] = {
    {.name = "thing.show",
     .http = "GET",
     .route = "/things/{id}",
     .params = thing_params,
     .call = do_echo},
    {.name = "thing.set",
     .http = "POST",
     .route = "/things/{id}",
     .flags = METHOD_WRITE,
     .params = thing_params,
     .call = do_echo},
    {.name = "thing.pay",
     .http = "POST",
     .route = "/things/{id}/pay",
     .flags = METHOD_WRITE | METHOD_MONEY,
     .params = thing_params,
     .call = do_echo},
    {.name = "thing.fail", .http = "GET", .route = "/fail", .call = do_fail},
    {.name = "thing.hold", .http = "GET", .route = "/hold", .call = do_hold},
    {.name = "thing.job", .http = "POST", .route = "/job", .flags = METHOD_WRITE, .call = do_job},
    {0},
};

/* ---- an app that talks: it says back what it hears, and more of it than anybody can take ---- */

struct app_socket {
    struct world *w;
    socket_send_cb *send;
    void *arg;
    bool paused;
};

static enum err talk_find(void *app, const char *path, struct why *why)
{
    (void)app;
    return strcmp(path, "room one") == 0 ? OK : why_set(why, ERR_NOT_FOUND, "no such room");
}

static struct app_socket *talk_open(void *app, const char *path, bool writes, socket_send_cb *send,
                                    void *arg, struct why *why)
{
    struct app_socket *s = MEM_NEW(struct app_socket);
    (void)why;
    assert_string_equal(path, "room one");
    *s = (struct app_socket){.w = app, .send = send, .arg = arg};
    s->w->talks++;
    send(arg, writes ? cur_of("you write", 9) : cur_of("you read", 8));
    return s;
}

static enum err talk_take(struct app_socket *s, struct cur message, struct why *why)
{
    static const char block[64 * 1024];
    if (message.n == 4 && memcmp(message.p, "shoo", 4) == 0)
        return why_set(why, ERR_DENIED, "go away");
    if (message.n == 4 && memcmp(message.p, "much", 4) == 0)
        for (int i = 0; i < 1000 && !s->paused; i++)
            s->send(s->arg, cur_of(block, sizeof block));
    s->send(s->arg, message);
    return OK;
}

static void talk_pause(struct app_socket *s)
{
    s->paused = true;
    s->w->pauses++;
}

static void talk_resume(struct app_socket *s)
{
    s->paused = false;
    s->send(s->arg, cur_of("all that you missed", 19));
}

static void talk_close(struct app_socket *s)
{
    s->w->talks--;
    free(s);
}

static const struct sockets_ops talk = {1000,       talk_find,   talk_open, talk_take,
                                        talk_pause, talk_resume, talk_close};

/* ---- the world ---- */

static json_t *status(void *arg)
{
    (void)arg;
    return json_pack("{s:s}", "version", "test");
}

static void read_token(struct world *w, const char *scope, char out[KEYRING_KEY])
{
    struct buf text = {0};
    struct why why;
    assert_int_equal(vfs_read_all(w->vfs, "tokens", 4096, &text, &why), OK);
    char *whole = buf_take_str(&text);
    const char *at = strstr(whole, scope);
    assert_non_null(at);
    memcpy(out, at + strlen(scope), KEYRING_KEY - 1);
    free(whole);
}

static struct world *open_world(bool auth_off)
{
    struct world *w = MEM_NEW(struct world);
    w->loop = uv_loop_open(NULL);
    w->vfs = vfs_mem_new();
    w->bus = bus_new();
    w->jobs = jobs_new(w->bus);
    w->metrics = metrics_new();
    metric_add(metrics_get(w->metrics, METRIC_COUNTER, "shoal_test_total", "A test."), 7);
    char folder[] = "/tmp/api-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(w->path, sizeof w->path, "%s/api.sock", folder);
    struct addr at = addr_v4(127, 0, 0, 1, 0);
    struct api_app app = {things, w};
    struct api_cfg cfg = {.loop = w->loop,
                          .vfs = w->vfs,
                          .at = &at,
                          .unix_path = w->path,
                          .token_file = "tokens",
                          .session_file = "sessions",
                          .auth_off = auth_off,
                          .bus = w->bus,
                          .jobs = w->jobs,
                          .metrics = w->metrics,
                          .apps = &app,
                          .app_count = 1,
                          .sockets = {"talk", &talk, w},
                          .version = "test",
                          .download_dir = "/tmp",
                          .status = status};
    struct why why;
    w->api = api_open(&cfg, &why);
    assert_non_null(w->api);
    w->at = api_addr(w->api);
    read_token(w, "\nread ", w->read);
    read_token(w, "\nwrite ", w->write);
    read_token(w, "\nmoney ", w->money);
    return w;
}

static int setup(void **state)
{
    *state = open_world(false);
    return 0;
}

static int setup_without_auth(void **state)
{
    *state = open_world(true);
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    api_close(w->api);
    jobs_free(w->jobs);
    bus_free(w->bus);
    metrics_free(w->metrics);
    uv_loop_finish(w->loop);
    vfs_free(w->vfs);
    *strrchr(w->path, '/') = '\0';
    rmdir(w->path);
    free(w);
    return 0;
}

/* "GET /x" with our Host, these headers ("A: b\r\n") and body; the whole answer, free(). */
static char *ask(struct world *w, const char *line, const char *headers, const char *body)
{
    char *request =
        mem_printf("%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n%sContent-Length: %zu"
                   "\r\n\r\n%s",
                   line, (unsigned)w->at.port, headers, strlen(body), body);
    char *answer = raw_ask(raw_tcp(w->loop, &w->at), request);
    free(request);
    return answer;
}

static void gives(struct world *w, const char *line, const char *headers, const char *body,
                  unsigned status_, const char *text)
{
    char *answer = ask(w, line, headers, body);
    raw_status_is(answer, status_);
    if (text && !strstr(answer, text))
        print_message("no %s in %s\n", text, answer);
    assert_true(!text || strstr(answer, text));
    assert_null(strstr(answer, "Access-Control"));
    free(answer);
}

/* "Authorization: Bearer TOKEN" and JSON; of static storage for one call. */
static const char *with(struct world *w, const char *token)
{
    (void)w;
    static char text[200];
    snprintf(text, sizeof text, "Authorization: Bearer %s\r\nContent-Type: application/json\r\n",
             token);
    return text;
}

/* ---- use ---- */

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

/* ---- attack ---- */

static void a_rebound_name_and_other_hosts_are_misdirected(void **state)
{
    struct world *w = *state;
    const char *const hosts[] = {"evil.example", "0.0.0.0", "127.0.0.1.evil.example",
                                 "127.0.0.2",    "[::]",    "2130706433",
                                 "localhost."};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char *request = mem_printf("GET /api/v1/jobs HTTP/1.1\r\nHost: %s:%u\r\nAuthorization: "
                                   "Bearer %s\r\nConnection: close\r\n\r\n",
                                   hosts[i], (unsigned)w->at.port, w->read);
        char *answer = raw_ask(raw_tcp(w->loop, &w->at), request);
        raw_status_is(answer, 421);
        free(answer);
        free(request);
    }
    /* the form of a request to a proxy names a host of its own */
    gives(w, "GET http://evil.example/api/v1/jobs", with(w, w->read), "", 400, NULL);
    gives(w, "GET //evil.example/api/v1/jobs", with(w, w->read), "", 404, NULL);
    gives(w, "GET /api/v1/../../healthz", with(w, w->read), "", 404, NULL);
}

static void pages_of_other_sites_are_refused_also_when_they_ask_for_a_websocket(void **state)
{
    struct world *w = *state;
    char headers[300];
    snprintf(headers, sizeof headers, "%sOrigin: http://evil.example\r\n", with(w, w->money));
    gives(w, "GET /api/v1/jobs", headers, "", 403, "api.origin");
    gives(w, "POST /api/v1/things/a", headers, "{}", 403, "api.origin");
    gives(w, "OPTIONS /api/v1/things/a", headers, "", 403, "api.origin");
    gives(w, "GET /healthz", headers, "", 403, "api.origin");
    gives(w, "GET /api/v1/events",
          "Origin: http://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
          "", 403, "api.origin");
    assert_int_equal(w->calls, 0);
}

static void a_cross_site_form_changes_nothing_even_without_auth(void **state)
{
    struct world *w = *state;
    const char *const types[] = {"application/x-www-form-urlencoded", "text/plain",
                                 "multipart/form-data; boundary=x"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char *headers = mem_printf("Content-Type: %s\r\n", types[i]);
        gives(w, "POST /api/v1/things/a", headers, "{\"n\":1}", 415, "api.content_type");
        free(headers);
    }
    gives(w, "POST /api/v1/things/a", "", "{\"n\":1}", 415, NULL);
    assert_int_equal(w->calls, 0);
    gives(w, "POST /api/v1/things/a", "Content-Type: application/json\r\n", "{\"n\":1}", 200, NULL);
    gives(w, "GET /api/v1/things/a", "", "", 200, NULL);
}

static void without_a_token_or_with_a_wrong_one_there_is_nothing_to_see(void **state)
{
    struct world *w = *state;
    gives(w, "GET /api/v1/things/a", "", "", 401, "WWW-Authenticate: Bearer");
    gives(w, "GET /api/v1/nothing", "", "", 401, NULL);
    gives(w, "GET /api/v1/events", "", "", 401, NULL);
    gives(w, "GET /api/v1/things/a", "Cookie: shoal_1=x\r\n", "", 401, NULL);
    gives(w, "GET /api/v1/things/a", "Authorization: Basic eDp5\r\n", "", 401, NULL);
    gives(w, "GET /api/v1/things/a?token=x", "", "", 401, NULL);
    gives(w, "POST /api/v1/things/a", with(w, w->read), "{}", 403, "api.scope");
    assert_int_equal(w->calls, 0);
}

static void five_wrong_tokens_slow_the_guesser_down(void **state)
{
    struct world *w = *state;
    char wrong[KEYRING_KEY];
    memset(wrong, '0', sizeof wrong - 1);
    wrong[sizeof wrong - 1] = '\0';
    for (int i = 0; i < KEYRING_STRIKES; i++)
        gives(w, "GET /api/v1/jobs", with(w, wrong), "", 401, "api.wrong_key");
    gives(w, "GET /api/v1/jobs", with(w, wrong), "", 429, "Retry-After: ");
    gives(w, "GET /api/v1/jobs", with(w, w->read), "", 429, NULL); /* else a right guess shows */
    gives(w, "GET /healthz", "", "", 200, NULL);
    char *answer = raw_ask(raw_unix(w->loop, w->path),
                           "GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    raw_status_is(answer, 200); /* the owner is not locked out */
    free(answer);
}

static void a_link_signs_one_browser_in_once(void **state)
{
    struct world *w = *state;
    gives(w, "POST /api/v1/login", with(w, w->money), "{}", 403, "api.unix_only");
    char *answer = raw_ask(raw_unix(w->loop, w->path),
                           "POST /api/v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    raw_status_is(answer, 200);
    const char *at = strstr(answer, "/login?code=");
    assert_non_null(at);
    char *line = mem_printf("GET %.76s", at);
    free(answer);
    answer = ask(w, line, "", "");
    raw_status_is(answer, 303);
    assert_non_null(strstr(answer, "Location: /\r\n"));
    assert_non_null(strstr(answer, "; Path=/; HttpOnly; SameSite=Strict;"));
    at = strstr(answer, "Set-Cookie: ");
    assert_non_null(at);
    char *cookie = mem_printf("Cookie: a=b; %.*s; c=d\r\n", (int)strcspn(at + 12, ";"), at + 12);
    free(answer);
    gives(w, line, "", "", 401, "api.wrong_code");
    gives(w, line, "Accept: text/html,*/*;q=0.8\r\n", "", 401, "<title>Shoal</title>");
    gives(w, "GET /api/v1/things/a", cookie, "", 200, NULL);
    char *json = mem_printf("%sContent-Type: application/json\r\nOrigin: http://127.0.0.1:%u\r\n",
                            cookie, (unsigned)w->at.port);
    gives(w, "POST /api/v1/things/a", json, "{}", 200, NULL);
    free(json);
    json = mem_printf("%sContent-Type: application/json\r\nOrigin: http://127.0.0.1:1\r\n", cookie);
    gives(w, "POST /api/v1/things/a", json, "{}", 403, NULL);
    gives(w, "POST /api/v1/logout", json, "{}", 403, NULL); /* not by another site */
    free(json);
    json = mem_printf("%sContent-Type: application/json\r\n", cookie);
    gives(w, "POST /api/v1/logout", json, "{}", 204,
          "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    gives(w, "GET /api/v1/things/a", cookie, "", 401, NULL);
    free(json);
    free(cookie);
    free(line);
}

static void transmissions_clients_log_in_with_a_token_as_password(void **state)
{
    struct world *w = *state;
    struct buf basic = {0};
    char *user = mem_printf("anybody:%s", w->write);
    buf_str(&basic, "Authorization: Basic ");
    base64_encode(&basic, user, strlen(user));
    char *line = buf_take_str(&basic);
    char *headers = mem_printf("%s\r\n", line);
    const char *body = "{\"method\":\"no-such-thing\"}"; /* only the door is tried here */
    gives(w, "POST /transmission/rpc", "", body, 401, "WWW-Authenticate: Basic");
    gives(w, "POST /transmission/rpc", "Authorization: Basic eDp5\r\n", body, 401, "api.wrong_key");
    gives(w, "GET /api/v1/jobs", headers, "", 401, NULL); /* a password is for that face alone */
    char *answer = ask(w, "POST /transmission/rpc", headers, body);
    raw_status_is(answer, 409);
    const char *id = strstr(answer, "X-Transmission-Session-Id: ");
    assert_non_null(id);
    char *all = mem_printf("%s%.*s\r\n", headers, (int)strcspn(id, "\r"), id);
    free(answer);
    gives(w, "POST /transmission/rpc", all, body, 200, "not recognized");
    gives(w, "POST /transmission/rpc/", all, body, 200, "not recognized");
    char *evil = mem_printf("%sOrigin: http://evil.example\r\n", all);
    gives(w, "POST /transmission/rpc", evil, body, 403, "api.origin");
    free(evil);
    free(all);
    free(headers);
    free(line);
    free(user);
}

static void an_address_that_others_reach_is_refused(void **state)
{
    struct world *w = *state;
    struct why why;
    struct addr any = addr_v4(0, 0, 0, 0, 0);
    struct api_cfg cfg = {.loop = w->loop,
                          .vfs = w->vfs,
                          .at = &any,
                          .bus = w->bus,
                          .jobs = w->jobs,
                          .metrics = w->metrics,
                          .version = "test",
                          .auth_off = true};
    assert_null(api_open(&cfg, &why));
    assert_int_equal(why.code, ERR_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- sockets ---- */

#define TALK "/talk/room%20one"
#define TALK_FORMAT "/talk/room%%20one"
#define UPGRADE                                                                                    \
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"       \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void answer_is(struct world *w, const char *path, const char *headers, unsigned status_)
{
    char *line = mem_printf("GET %s", path);
    char *request = mem_printf("%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n", line,
                               (unsigned)w->at.port, headers);
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, request);
    raw_wait(&r, "\r\n\r\n", 1);
    char *text = raw_text(&r);
    raw_status_is(text, status_);
    free(text);
    raw_close(&r);
    free(request);
    free(line);
}

static void a_socket_is_guarded_as_all_else(void **state)
{
    struct world *w = *state;
    char *good = mem_printf(TALK_FORMAT "?token=%s", w->read);
    char *elsewhere = mem_printf("/talk/nobody?token=%s", w->read);
    answer_is(w, TALK, UPGRADE, 401);
    answer_is(w, TALK "?token=0000", UPGRADE, 401);
    answer_is(w, elsewhere, UPGRADE, 404);
    answer_is(w, good, "", 426);
    answer_is(w, good, UPGRADE "Origin: http://evil.example\r\n", 403);
    char *other = mem_printf("/api/v1/things/1?token=%s", w->read);
    answer_is(w, other, "", 401); /* in a query it is looked at nowhere else */
    assert_int_equal(w->talks, 0);
    free(good);
    free(elsewhere);
    free(other);
}

static struct raw talk_to(struct world *w, const char *token)
{
    char *request =
        mem_printf("GET " TALK_FORMAT "?token=%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" UPGRADE "\r\n",
                   token, (unsigned)w->at.port);
    struct raw r = raw_tcp(w->loop, &w->at);
    raw_say(&r, request);
    raw_wait(&r, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 1);
    free(request);
    return r;
}

static void tell(struct raw *r, const char *text)
{
    struct buf b = {0};
    ws_put_frame(&b, WS_BINARY, (const uint8_t[4]){1, 2, 3, 4}, text, strlen(text));
    assert_int_equal(write(r->fd, buf_bytes(&b), buf_len(&b)), buf_len(&b));
    buf_done(&b);
}

static bool nobody_talks(void *arg)
{
    return ((struct world *)arg)->talks == 0;
}

static void a_socket_carries_messages_both_ways_until_it_closes(void **state)
{
    struct world *w = *state;
    struct raw reader = talk_to(w, w->read), writer = talk_to(w, w->write);
    raw_wait(&reader, "you read", 1);
    raw_wait(&writer, "you write", 1);
    assert_int_equal(w->talks, 2);
    tell(&writer, "hello");
    raw_wait(&writer, "hello", 1);
    tell(&writer, "shoo");
    raw_wait(&writer, "\x88\x09\x03\xf0go away", 1); /* 1008 */
    raw_close(&writer);
    raw_say(&reader, "nonsense, and a lot of it");
    raw_wait(&reader, "\x03\xea", 1); /* 1002 */
    raw_close(&reader);
    assert_true(uv_loop_run_until(w->loop, nobody_talks, w, 20 * SEC));
    reader = talk_to(w, w->money); /* and the node goes on */
    raw_wait(&reader, "you write", 1);
    raw_close(&reader);
    assert_true(uv_loop_run_until(w->loop, nobody_talks, w, 20 * SEC));
}

static bool one_paused(void *arg)
{
    return ((struct world *)arg)->pauses > 0;
}

static void who_takes_slowly_is_paused_and_gets_the_rest_later(void **state)
{
    struct world *w = *state;
    struct raw r = talk_to(w, w->read);
    tell(&r, "much");
    assert_true(uv_loop_run_until(w->loop, one_paused, w, 20 * SEC));
    raw_wait(&r, "all that you missed", 1);
    assert_in_range(buf_len(&r.got), SOCKETS_UNSENT_MAX, 10 * SOCKETS_UNSENT_MAX);
    raw_close(&r);
}

static void sockets_end_with_the_api(void **state)
{
    struct world *w = *state;
    struct raw r = talk_to(w, w->read);
    raw_wait(&r, "you read", 1);
    api_close(w->api);
    w->api = NULL;
    assert_int_equal(w->talks, 0);
    raw_wait(&r, "\x03\xe9the node ends", 1);
    raw_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_socket_is_guarded_as_all_else),
        TEST(a_socket_carries_messages_both_ways_until_it_closes),
        TEST(who_takes_slowly_is_paused_and_gets_the_rest_later),
        TEST(sockets_end_with_the_api),
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
        TEST(a_rebound_name_and_other_hosts_are_misdirected),
        TEST(pages_of_other_sites_are_refused_also_when_they_ask_for_a_websocket),
        cmocka_unit_test_setup_teardown(a_cross_site_form_changes_nothing_even_without_auth,
                                        setup_without_auth, teardown),
        TEST(without_a_token_or_with_a_wrong_one_there_is_nothing_to_see),
        TEST(five_wrong_tokens_slow_the_guesser_down),
        TEST(a_link_signs_one_browser_in_once),
        TEST(transmissions_clients_log_in_with_a_token_as_password),
        TEST(an_address_that_others_reach_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
