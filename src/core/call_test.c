#include "core/call.h"

#include "base/mem.h"
#include "base/test.h"

/* What came back, and a handler that keeps the call for later. */
struct seen {
    unsigned answers, calls, gone;
    enum err err;
    json_t *result, *error;
    struct call *kept;
    bool later;
};

static void on_answer(void *arg, enum err err, json_t *result, json_t *error)
{
    struct seen *s = arg;
    s->answers++;
    s->err = err;
    s->result = json_incref(result);
    s->error = json_incref(error);
}

static void echo(void *app, struct call *c)
{
    struct seen *s = app;
    s->calls++;
    s->kept = c;
    if (!s->later)
        call_ok(c, json_incref(call_params(c)));
}

static const struct param params[] = {
    {"paths", PARAM_PATH, PARAM_REQUIRED | PARAM_MANY, "", 0, 0, NULL, "what"},
    {"piece_size", PARAM_BYTES, 0, "bytes", 16384, 1 << 28, NULL, "how much"},
    {"up", PARAM_RATE, 0, "bytes/s", 0, 0, NULL, "rate"},
    {"depth", PARAM_INT, 0, "", -5, 5, NULL, "depth"},
    {"kind", PARAM_CHOICE, 0, "", 0, 0, "v1|v2|hybrid", "kind"},
    {"private", PARAM_BOOL, 0, "", 0, 0, NULL, "private"},
    {"comment", PARAM_TEXT, 0, "", 1, 10, NULL, "a text"},
    {"note", PARAM_TEXT, 0, "", 0, 0, NULL, "a text"},
    {"torrent", PARAM_BASE64, 0, "", 0, 16, NULL, "bytes"},
    {0},
};
static const struct method add = {
    .name = "file.add", .http = "POST", .route = "/files", .params = params, .call = echo};

/* The JSON has ' for ". */
static json_t *parse(const char *text)
{
    char *json = mem_strdup(text);
    for (char *p = json; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    json_t *v = json_loads(json, JSON_ALLOW_NUL, NULL);
    assert_non_null(v);
    free(json);
    return v;
}

static struct seen start(const char *text)
{
    struct seen s = {0};
    json_t *v = text ? parse(text) : NULL;
    assert_null(call_start(&add, &s, v, on_answer, &s));
    json_decref(v);
    assert_int_equal(s.answers, 1);
    return s;
}

static void done(struct seen *s)
{
    json_decref(s->result);
    json_decref(s->error);
    s->result = s->error = NULL;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "(none)";
}

/* Refused with exactly this sentence, and the handler was not called. */
static void assert_refused(const char *params_text, const char *message)
{
    struct seen s = start(params_text);
    assert_int_equal(s.err, ERR_INVALID);
    assert_int_equal(s.calls, 0);
    assert_null(s.result);
    assert_string_equal(text_of(s.error, "message"), message);
    assert_string_equal(text_of(s.error, "code"), "usage");
    assert_string_equal(text_of(s.error, "next"), "shoal file add --help says what it takes");
    done(&s);
}

static void assert_taken(const char *params_text)
{
    struct seen s = start(params_text);
    if (s.err != OK)
        fail_msg("%s: %s", params_text, text_of(s.error, "message"));
    assert_int_equal(s.calls, 1);
    done(&s);
}

static void what_keeps_the_rules_reaches_the_handler(void **state)
{
    (void)state;
    assert_taken("{'paths':['/a','/b'],'piece_size':16384,'up':0,'depth':-5,'kind':'v2',"
                 "'private':true,'comment':'1234567890','torrent':'YWI='}");
    assert_taken("{'paths':['/a'],'piece_size':268435456,'depth':5,'kind':'hybrid','comment':'1',"
                 "'torrent':'','up':9223372036854775807}");
}

static void what_is_missing_or_unknown_is_named(void **state)
{
    (void)state;
    assert_refused(NULL, "paths is missing");
    assert_refused("{}", "paths is missing");
    assert_refused("{'paths':null}", "paths is missing");
    assert_refused("{'paths':['/a'],'x\\u0007y':1}", "file.add has no parameter x\\x07y");
    assert_refused("{'paths':['/a'],'pieces_size':1}",
                   "file.add has no parameter pieces_size; did you mean piece_size?");
    assert_refused("['/a']", "the parameters of file.add must be an object");
}

static void numbers_stay_in_their_range(void **state)
{
    (void)state;
    assert_refused("{'paths':['/a'],'piece_size':16383}",
                   "piece_size is 16383, it must be 16384 to 268435456 bytes");
    assert_refused("{'paths':['/a'],'piece_size':268435457}",
                   "piece_size is 268435457, it must be 16384 to 268435456 bytes");
    assert_refused("{'paths':['/a'],'depth':-6}", "depth is -6, it must be -5 to 5");
    assert_refused("{'paths':['/a'],'depth':6}", "depth is 6, it must be -5 to 5");
    assert_refused("{'paths':['/a'],'up':-1}", "up is -1, it cannot be negative");
    assert_refused("{'paths':['/a'],'up':'5M'}", "up must be a whole number of bytes/s");
    assert_refused("{'paths':['/a'],'depth':1.0}", "depth must be a whole number");
}

static void texts_choices_and_paths_are_what_they_must_be(void **state)
{
    (void)state;
    assert_refused("{'paths':['/a'],'comment':'12345678901'}", "comment has 11 bytes, at most 10");
    assert_refused("{'paths':['/a'],'comment':''}", "comment has 0 bytes, at least 1");
    assert_refused("{'paths':['/a'],'comment':7}", "comment must be a text");
    assert_refused("{'paths':['/a'],'comment':'a\\u0000b'}", "comment may not hold a zero byte");
    assert_refused("{'paths':['/a'],'kind':'v'}", "kind must be one of v1|v2|hybrid");
    assert_refused("{'paths':['/a'],'kind':''}", "kind must be one of v1|v2|hybrid");
    assert_refused("{'paths':['/a'],'kind':'v1|v2'}", "kind must be one of v1|v2|hybrid");
    assert_refused("{'paths':['/a'],'private':1}", "private must be true or false");
    assert_refused("{'paths':['a']}", "member 1: paths must be a whole path, from / on");
    assert_refused("{'paths':['/a','']}", "member 2: paths must be a whole path, from / on");
    assert_refused("{'paths':'/a'}", "paths must be an array");
    assert_refused("{'paths':[]}", "paths is empty, at least one is needed");
}

static void base64_is_whole(void **state)
{
    (void)state;
    const char *const bad[] = {"YWI", "YW=I", "Y===", "====", "YW I", "YWI_", "YWI=YWI="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = mem_printf("{'paths':['/a'],'torrent':'%s'}", bad[i]);
        assert_refused(text, "torrent is not base64 (RFC 4648 section 4, with padding)");
        free(text);
    }
    assert_taken("{'paths':['/a'],'torrent':'YWJjZGVmZ2hpamts'}");
    assert_refused("{'paths':['/a'],'torrent':'YWJjZGVmZ2hpamtsYWI='}",
                   "torrent has 20 bytes, at most 16");
}

static void the_default_limits_hold(void **state)
{
    (void)state;
    for (size_t n = 4096; n <= 4097; n++) {
        char *note = mem_zalloc(n + 1);
        memset(note, 'x', n);
        char *text = mem_printf("{'paths':['/a'],'note':'%s'}", note);
        if (n == 4096)
            assert_taken(text);
        else
            assert_refused(text, "note has 4097 bytes, at most 4096");
        free(text);
        free(note);
    }
    json_t *many = json_array();
    for (int i = 0; i < CALL_MANY_MAX; i++)
        json_array_append_new(many, json_string("/a"));
    json_t *all = json_pack("{s:O}", "paths", many);
    struct seen s = {0};
    assert_null(call_start(&add, &s, all, on_answer, &s));
    assert_int_equal(s.err, OK);
    done(&s);
    json_array_append_new(many, json_string("/a"));
    assert_null(call_start(&add, &s, all, on_answer, &s));
    assert_string_equal(text_of(s.error, "message"), "paths has 10001 members, at most 10000");
    done(&s);
    json_decref(all);
    json_decref(many);
}

static void handlers_read_values_and_fallbacks(void **state)
{
    (void)state;
    struct seen s = {.later = true};
    json_t *v = parse("{'paths':['/a'],'depth':3,'kind':'v1','private':false,'up':null}");
    struct call *c = call_start(&add, &s, v, on_answer, &s);
    json_object_clear(v); /* the call has its own */
    json_decref(v);
    assert_ptr_equal(c, s.kept);
    assert_int_equal(json_array_size(call_array(c, "paths")), 1);
    assert_int_equal(call_int(c, "depth", 9), 3);
    assert_int_equal(call_int(c, "piece_size", 9), 9);
    assert_int_equal(call_int(c, "up", 9), 9);
    assert_string_equal(call_text(c, "kind"), "v1");
    assert_null(call_text(c, "comment"));
    assert_null(call_array(c, "comment"));
    assert_false(call_bool(c, "private"));
    assert_true(call_has(c, "private"));
    assert_false(call_has(c, "up"));
    assert_int_equal(s.answers, 0);
    call_ok(c, json_object());
    assert_int_equal(s.answers, 1);
    done(&s);
}

static void failures_have_three_parts_and_are_utf8(void **state)
{
    (void)state;
    struct seen s = {.later = true};
    json_t *v = parse("{'paths':['/a']}");
    struct call *c = call_start(&add, &s, v, on_answer, &s);
    call_failf(c, "file.not_found", ERR_NOT_FOUND, NULL, "no file \xff here, %d", 7);
    assert_int_equal(s.err, ERR_NOT_FOUND);
    assert_string_equal(text_of(s.error, "code"), "file.not_found");
    assert_string_equal(text_of(s.error, "message"), "no file \\xff here, 7");
    assert_null(json_object_get(s.error, "next"));
    done(&s);
    json_decref(v);
}

static void on_gone(void *arg)
{
    struct seen *s = arg;
    s->gone++;
    call_failf(s->kept, "cancelled", ERR_CLOSED, NULL, "the client left");
}

static void a_client_that_left_gets_nothing_and_the_handler_is_told(void **state)
{
    (void)state;
    struct seen s = {.later = true};
    json_t *v = parse("{'paths':['/a']}");
    struct call *c = call_start(&add, &s, v, on_answer, &s);
    call_gone(c, on_gone, &s);
    call_drop(c);
    assert_int_equal(s.gone, 1);
    c = call_start(&add, &s, v, on_answer, &s);
    call_drop(c); /* nobody asked to be told */
    call_ok(c, json_object());
    c = call_start(&add, &s, v, on_answer, &s);
    call_gone(c, on_gone, &s);
    call_ok(c, json_object());
    assert_int_equal(s.gone, 1); /* answered: nothing to tell any more */
    assert_int_equal(s.answers, 1);
    done(&s);
    json_decref(v);
}

static void every_code_has_a_status_of_its_own(void **state)
{
    (void)state;
    for (enum err a = OK; a <= ERR_UNSUPPORTED; a++) {
        assert_true(err_http_status(a) >= 200 && err_http_status(a) < 600);
        assert_non_null(err_name(a));
        for (enum err b = OK; b < a; b++)
            assert_int_not_equal(err_http_status(a), err_http_status(b));
    }
    const int exits[] = {0, 1, 1, 3, 4, 6, 1, 1, 7, 8, 1};
    for (enum err a = OK; a <= ERR_UNSUPPORTED; a++)
        assert_int_equal(err_exit_code(a), exits[a]);
    assert_string_equal(err_name(ERR_NOT_FOUND), "not_found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_keeps_the_rules_reaches_the_handler),
        cmocka_unit_test(what_is_missing_or_unknown_is_named),
        cmocka_unit_test(numbers_stay_in_their_range),
        cmocka_unit_test(texts_choices_and_paths_are_what_they_must_be),
        cmocka_unit_test(base64_is_whole),
        cmocka_unit_test(the_default_limits_hold),
        cmocka_unit_test(handlers_read_values_and_fallbacks),
        cmocka_unit_test(failures_have_three_parts_and_are_utf8),
        cmocka_unit_test(a_client_that_left_gets_nothing_and_the_handler_is_told),
        cmocka_unit_test(every_code_has_a_status_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
