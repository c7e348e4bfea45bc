/* What hostile pages, guessers and careless owners try with the whole server. */
#include "api/api_world_test.h"

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
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
