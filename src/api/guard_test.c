#include "api/guard.h"

#include "base/test.h"

/* A good request of each kind, which the attacks below change in one place. */
static const struct guard_facts by_token = {.face = GUARD_API,
                                            .method = "GET",
                                            .host = "127.0.0.1:7421",
                                            .port = 7421,
                                            .our_uid = 1000,
                                            .shown = GUARD_READ,
                                            .needed = GUARD_READ};

struct probe {
    const char *what;
    unsigned status;
    const char *method, *host, *origin, *type;
    enum guard_scope shown, needed;
};

#define JSON "application/json"
#define OWN "127.0.0.1:7421"

static const struct probe probes[] = {
    {"a program reads", 0, "GET", OWN, NULL, NULL, GUARD_READ, GUARD_READ},
    {"by localhost", 0, "GET", "localhost:7421", NULL, NULL, GUARD_READ, GUARD_READ},
    {"by any case", 0, "GET", "LocalHost:7421", NULL, NULL, GUARD_READ, GUARD_READ},
    {"by IPv6", 0, "GET", "[::1]:7421", NULL, NULL, GUARD_READ, GUARD_READ},
    {"our page", 0, "POST", OWN, "http://" OWN, JSON, GUARD_WRITE, GUARD_WRITE},
    {"JSON with a charset", 0, "POST", OWN, NULL, JSON "; charset=utf-8", GUARD_WRITE, GUARD_WRITE},
    {"money", 0, "POST", OWN, NULL, JSON, GUARD_MONEY, GUARD_MONEY},

    {"a rebound name", 421, "GET", "evil.example:7421", NULL, NULL, GUARD_READ, GUARD_READ},
    {"a rebound name alone", 421, "GET", "evil.example", NULL, NULL, GUARD_READ, GUARD_READ},
    {"0.0.0.0", 421, "GET", "0.0.0.0:7421", NULL, NULL, GUARD_READ, GUARD_READ},
    {"no Host", 421, "GET", NULL, NULL, NULL, GUARD_READ, GUARD_READ},
    {"an empty Host", 421, "GET", "", NULL, NULL, GUARD_READ, GUARD_READ},
    {"another port", 421, "GET", "127.0.0.1:80", NULL, NULL, GUARD_READ, GUARD_READ},
    {"no port", 421, "GET", "127.0.0.1", NULL, NULL, GUARD_READ, GUARD_READ},
    {"a longer name", 421, "GET", "localhost:7421.evil", NULL, NULL, GUARD_READ, GUARD_READ},
    {"a name before", 421, "GET", "evil.localhost:7421", NULL, NULL, GUARD_READ, GUARD_READ},
    {"user and host", 421, "GET", "localhost:7421@evil", NULL, NULL, GUARD_READ, GUARD_READ},
    {"two hosts", 421, "GET", OWN ", evil", NULL, NULL, GUARD_READ, GUARD_READ},
    {"a dot at the end", 421, "GET", "localhost.:7421", NULL, NULL, GUARD_READ, GUARD_READ},

    {"a foreign page reads", 403, "GET", OWN, "http://evil.example", NULL, GUARD_READ, GUARD_READ},
    {"a foreign page writes", 403, "POST", OWN, "http://evil.example", JSON, GUARD_WRITE,
     GUARD_WRITE},
    {"a preflight", 403, "OPTIONS", OWN, "http://evil.example", NULL, GUARD_READ, GUARD_READ},
    {"a sandboxed frame", 403, "POST", OWN, "null", JSON, GUARD_WRITE, GUARD_WRITE},
    {"another local server's page", 403, "GET", OWN, "http://127.0.0.1:3000", NULL, GUARD_READ,
     GUARD_READ},
    {"https", 403, "GET", OWN, "https://" OWN, NULL, GUARD_READ, GUARD_READ},
    {"an origin that begins like ours", 403, "GET", OWN, "http://" OWN ".evil", NULL, GUARD_READ,
     GUARD_READ},

    {"a cross-site form", 415, "POST", OWN, NULL, "application/x-www-form-urlencoded", GUARD_WRITE,
     GUARD_WRITE},
    {"a text form", 415, "POST", OWN, NULL, "text/plain", GUARD_WRITE, GUARD_WRITE},
    {"a multipart form", 415, "POST", OWN, NULL, "multipart/form-data", GUARD_WRITE, GUARD_WRITE},
    {"no type", 415, "POST", OWN, NULL, NULL, GUARD_WRITE, GUARD_WRITE},
    {"a type that begins like JSON", 415, "POST", OWN, NULL, JSON "x", GUARD_WRITE, GUARD_WRITE},
    {"DELETE without a type", 415, "DELETE", OWN, NULL, NULL, GUARD_WRITE, GUARD_WRITE},
    {"a POST that only reads", 415, "POST", OWN, NULL, NULL, GUARD_READ, GUARD_READ},
    {"a verb nobody knows", 415, "FOO", OWN, NULL, NULL, GUARD_WRITE, GUARD_READ},

    {"no key", 401, "GET", OWN, NULL, NULL, GUARD_NONE, GUARD_READ},
    {"a reader writes", 403, "POST", OWN, NULL, JSON, GUARD_READ, GUARD_WRITE},
    {"a writer pays", 403, "POST", OWN, NULL, JSON, GUARD_WRITE, GUARD_MONEY},
};

static void what_programs_and_our_page_ask_is_allowed_and_attacks_are_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        const struct probe *p = &probes[i];
        struct guard_facts f = by_token;
        f.method = p->method;
        f.host = p->host;
        f.origin = p->origin;
        f.content_type = p->type;
        f.shown = p->shown;
        f.needed = p->needed;
        struct guard_verdict v = guard_decide(&f);
        if (v.status != p->status)
            print_message("%s: %u instead of %u\n", p->what, v.status, p->status);
        assert_int_equal(v.status, p->status);
        assert_int_equal(v.status == 0, v.code == NULL);
        assert_int_equal(v.status == 0, v.reason == NULL);
    }
}

static void the_source_is_judged_before_the_key(void **state)
{
    (void)state;
    struct guard_facts f = by_token;
    f.host = "evil.example:7421";
    f.shown = GUARD_NONE;
    f.shown_wrong = true;
    f.wait_us = 1;
    assert_int_equal(guard_decide(&f).status, 421); /* a page must not use up the owner's tries */
}

static void a_wrong_key_is_told_from_none_and_waiting_from_both(void **state)
{
    (void)state;
    struct guard_facts f = by_token;
    f.shown = GUARD_NONE;
    assert_string_equal(guard_decide(&f).code, "api.no_key");
    f.shown_wrong = true;
    assert_string_equal(guard_decide(&f).code, "api.wrong_key");
    f.wait_us = 1;
    assert_int_equal(guard_decide(&f).status, 429);
    f.shown = GUARD_MONEY;
    assert_int_equal(guard_decide(&f).status, 429);
}

static void the_unix_socket_is_for_our_user_and_root(void **state)
{
    (void)state;
    struct guard_facts f = by_token;
    f.is_unix = true;
    f.host = "anything";
    f.shown = GUARD_NONE;
    f.needed = GUARD_MONEY;
    f.method = "POST";
    f.content_type = JSON;
    f.peer_uid = 1000;
    assert_int_equal(guard_decide(&f).status, 0);
    f.peer_uid = 0;
    assert_int_equal(guard_decide(&f).status, 0);
    f.peer_uid = 1001;
    assert_int_equal(guard_decide(&f).status, 403);
    f.peer_uid = (unsigned)-1;
    assert_int_equal(guard_decide(&f).status, 403);
    f.peer_uid = 1000;
    f.origin = "http://127.0.0.1:7421";
    assert_int_equal(guard_decide(&f).status, 403);
}

static void without_auth_the_source_and_the_type_still_count(void **state)
{
    (void)state;
    struct guard_facts f = by_token;
    f.auth_off = true;
    f.shown = GUARD_NONE;
    assert_int_equal(guard_decide(&f).status, 0);
    f.needed = GUARD_MONEY;
    f.method = "POST";
    assert_int_equal(guard_decide(&f).status, 415);
    f.content_type = JSON;
    assert_int_equal(guard_decide(&f).status, 0);
    f.origin = "http://evil.example";
    assert_int_equal(guard_decide(&f).status, 403);
    f.origin = NULL;
    f.host = "evil.example";
    assert_int_equal(guard_decide(&f).status, 421);
}

static void transmissions_clients_need_no_content_type_but_all_else(void **state)
{
    (void)state;
    struct guard_facts f = by_token;
    f.face = GUARD_TRANSMISSION;
    f.method = "POST";
    f.has_body = true;
    f.shown = f.needed = GUARD_WRITE;
    assert_int_equal(guard_decide(&f).status, 0);
    f.origin = "http://evil.example";
    assert_int_equal(guard_decide(&f).status, 403);
    f.origin = NULL;
    f.shown = GUARD_READ;
    assert_int_equal(guard_decide(&f).status, 403);
    f.shown = GUARD_NONE;
    assert_int_equal(guard_decide(&f).status, 401);
    f.host = "evil.example:7421";
    assert_int_equal(guard_decide(&f).status, 421);
}

static void the_loopback_address_that_we_listen_on_is_our_name(void **state)
{
    (void)state;
    struct guard_facts f = by_token;
    f.own_host = "127.1.2.3";
    f.host = "127.1.2.3:7421";
    f.origin = "http://127.1.2.3:7421";
    assert_int_equal(guard_decide(&f).status, 0);
    f.host = "127.1.2.4:7421";
    assert_int_equal(guard_decide(&f).status, 421);
}

static void on_port_80_the_port_may_be_left_out(void **state)
{
    (void)state;
    struct guard_facts f = by_token;
    f.host = "localhost";
    assert_int_equal(guard_decide(&f).status, 421);
    f.port = 80;
    assert_int_equal(guard_decide(&f).status, 0);
}

static void open_pages_need_no_key_but_a_known_host(void **state)
{
    (void)state;
    struct guard_facts f = by_token;
    f.face = GUARD_OPEN;
    f.needed = f.shown = GUARD_NONE;
    assert_int_equal(guard_decide(&f).status, 0);
    f.host = "evil.example:7421";
    assert_int_equal(guard_decide(&f).status, 421);
}

static void no_reply_ever_has_a_cors_header(void **state)
{
    (void)state;
    bool csp = false, nosniff = false, store = false;
    for (const char *const *h = guard_headers(true); *h; h++) {
        assert_null(strstr(*h, "Access-Control"));
        csp |= strstr(*h, "Policy: default-src 'self'; ") && strstr(*h, "frame-ancestors 'none'") &&
               !strstr(*h, "unsafe");
        nosniff |= strcmp(*h, "X-Content-Type-Options: nosniff") == 0;
        store |= strcmp(*h, "Cache-Control: no-store") == 0;
    }
    assert_true(csp && nosniff && store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_programs_and_our_page_ask_is_allowed_and_attacks_are_not),
        cmocka_unit_test(the_source_is_judged_before_the_key),
        cmocka_unit_test(a_wrong_key_is_told_from_none_and_waiting_from_both),
        cmocka_unit_test(the_unix_socket_is_for_our_user_and_root),
        cmocka_unit_test(without_auth_the_source_and_the_type_still_count),
        cmocka_unit_test(transmissions_clients_need_no_content_type_but_all_else),
        cmocka_unit_test(the_loopback_address_that_we_listen_on_is_our_name),
        cmocka_unit_test(on_port_80_the_port_may_be_left_out),
        cmocka_unit_test(open_pages_need_no_key_but_a_known_host),
        cmocka_unit_test(no_reply_ever_has_a_cors_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
