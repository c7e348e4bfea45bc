#include "api/routes.h"

#include "base/test.h"

static void never(void *app, struct call *c)
{
    (void)app;
    (void)c;
}

static const struct param file_params[] = {
    {.name = "id", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {.name = "up", .type = PARAM_RATE},
    {.name = "only", .type = PARAM_TEXT, .flags = PARAM_MANY},
    {.name = "peers", .type = PARAM_BOOL},
    {0},
};

#define M(n, verb, path, f)                                                                        \
    {                                                                                              \
        .name = n, .http = verb, .route = path, .flags = f, .call = never                          \
    }

static const struct method methods[] = {
    {.name = "file.ls", .http = "GET", .route = "/files", .call = never},
    M("file.add", "POST", "/files", METHOD_WRITE),
    {.name = "file.show",
     .http = "GET",
     .route = "/files/{id}",
     .params = file_params,
     .call = never},
    {.name = "file.limit",
     .http = "POST",
     .route = "/files/{id}/limit",
     .flags = METHOD_WRITE,
     .params = file_params,
     .call = never},
    M("file.stats", "GET", "/files/stats", 0),
    M("file.rm", "DELETE", "/files/{id}", METHOD_WRITE),
    {0},
};

static struct routes *open_all(void)
{
    struct api_app app = {methods, NULL};
    struct why why;
    struct routes *r = routes_new(&app, 1, &why);
    assert_non_null(r);
    return r;
}

static void finds(const struct routes *r, const char *verb, const char *path, const char *name,
                  const char *allow)
{
    struct route route = routes_find(r, verb, path);
    assert_string_equal(route.method ? route.method->name : "", name);
    assert_string_equal(route.allow, allow);
}

static void a_path_and_a_verb_find_their_method(void **state)
{
    (void)state;
    struct routes *r = open_all();
    finds(r, "GET", "/files", "file.ls", "GET, HEAD, POST");
    finds(r, "HEAD", "/files", "file.ls", "GET, HEAD, POST");
    finds(r, "POST", "/files", "file.add", "GET, HEAD, POST");
    finds(r, "GET", "/files/3fa2", "file.show", "GET, HEAD, DELETE");
    finds(r, "POST", "/files/3fa2/limit", "file.limit", "POST");
    finds(r, "GET", "/files/stats", "file.stats", "GET, HEAD");
    routes_free(r);
}

static void what_fits_nothing_finds_nothing(void **state)
{
    (void)state;
    struct routes *r = open_all();
    finds(r, "PUT", "/files", "", "GET, HEAD, POST");
    finds(r, "GET", "/files/3fa2/limit", "", "POST");
    finds(r, "GET", "/file", "", "");
    finds(r, "GET", "/files/", "", "");
    finds(r, "GET", "//files", "", "");
    finds(r, "GET", "/files/a/b/c", "", "");
    finds(r, "GET", "", "", "");
    finds(r, "GET", "/", "", "");
    finds(r, "GET", "/files/{id}/x", "", "");
    finds(r, "GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "", "");
    routes_free(r);
}

static void a_table_that_breaks_the_rules_is_refused(void **state)
{
    (void)state;
    static const struct method get_writes[] = {M("a.b", "GET", "/a", METHOD_WRITE), {0}};
    static const struct method get_pays[] = {M("a.b", "GET", "/a", METHOD_MONEY), {0}};
    static const struct method twice[] = {M("a.b", "GET", "/a", 0), M("a.c", "GET", "/a", 0), {0}};
    static const struct method no_slash[] = {M("a.b", "GET", "a", 0), {0}};
    const struct method *all[] = {get_writes, get_pays, twice, no_slash};
    for (size_t i = 0; i < 4; i++) {
        struct api_app app = {all[i], NULL};
        struct why why;
        assert_null(routes_new(&app, 1, &why));
        assert_int_equal(why.code, ERR_INVALID);
    }
}

static const char *fake_query(void *arg, const char *name)
{
    const char *const *pairs = arg;
    for (; pairs && *pairs; pairs += 2)
        if (strcmp(pairs[0], name) == 0)
            return pairs[1];
    return NULL;
}

/* want: the parameters as JSON, or NULL when they are refused. */
static void params_are(const char *path, const char **query, const char *body, const char *want)
{
    struct why why;
    json_t *got =
        routes_params(&methods[3], path, fake_query, query, cur_of(body, strlen(body)), &why);
    assert_int_equal(got != NULL, want != NULL);
    if (want) {
        json_t *expected = json_loads(want, 0, NULL);
        assert_true(json_equal(got, expected));
        json_decref(expected);
    } else {
        assert_int_equal(why.code, ERR_INVALID);
    }
    json_decref(got);
}

static void parameters_come_from_path_query_and_body_by_their_types(void **state)
{
    (void)state;
    params_are("/files/ab/limit", NULL, "", "{\"id\":\"ab\"}");
    params_are("/files/ab/limit", NULL, "{\"up\":5,\"id\":\"evil\"}", "{\"id\":\"ab\",\"up\":5}");
    params_are("/files/12/limit", (const char *[]){"up", "7", NULL}, "{\"up\":5}",
               "{\"id\":\"12\",\"up\":7}");
    params_are("/files/a/limit", (const char *[]){"only", "x,y", "peers", "", NULL}, "",
               "{\"id\":\"a\",\"only\":[\"x\",\"y\"],\"peers\":true}");
    params_are("/files/a/limit", (const char *[]){"peers", "false", NULL}, "",
               "{\"id\":\"a\",\"peers\":false}");
}

static void what_is_not_of_its_type_or_not_an_object_is_refused(void **state)
{
    (void)state;
    params_are("/files/a/limit", (const char *[]){"up", "5M", NULL}, "", NULL);
    params_are("/files/a/limit", (const char *[]){"up", "", NULL}, "", NULL);
    params_are("/files/a/limit", (const char *[]){"up", "99999999999999999999", NULL}, "", NULL);
    params_are("/files/a/limit", (const char *[]){"peers", "yes", NULL}, "", NULL);
    params_are("/files/a/limit", NULL, "[1]", NULL);
    params_are("/files/a/limit", NULL, "{\"up\":1,\"up\":2}", NULL);
    params_are("/files/a/limit", NULL, "{\"up\":1", NULL);
    params_are("/files/a/limit", NULL, "up=1", NULL);
}

static void the_tables_tell_themselves(void **state)
{
    (void)state;
    struct routes *r = open_all();
    json_t *all = routes_describe(r);
    assert_int_equal(json_array_size(all), 6);
    const json_t *limit = json_array_get(all, 3);
    assert_string_equal(json_string_value(json_object_get(limit, "route")),
                        "/api/v1/files/{id}/limit");
    assert_string_equal(json_string_value(json_object_get(limit, "scope")), "write");
    assert_int_equal(json_array_size(json_object_get(limit, "params")), 4);
    json_decref(all);
    routes_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_and_a_verb_find_their_method),
        cmocka_unit_test(what_fits_nothing_finds_nothing),
        cmocka_unit_test(a_table_that_breaks_the_rules_is_refused),
        cmocka_unit_test(parameters_come_from_path_query_and_body_by_their_types),
        cmocka_unit_test(what_is_not_of_its_type_or_not_an_object_is_refused),
        cmocka_unit_test(the_tables_tell_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
