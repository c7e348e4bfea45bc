#include "node/faces.h"

#include "base/test.h"

#include <stdbool.h>

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    assert_non_null(s);
    return s;
}

static const json_t *param_named(const json_t *method, const char *name, size_t len)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(method, "params"), i, p) {
        if (strlen(text_of(p, "name")) == len && !strncmp(text_of(p, "name"), name, len))
            return p;
    }
    return NULL;
}

/* Every "{name}" of the route is a required parameter, so that a route can always be filled in. */
static void check_route(const json_t *method)
{
    const char *route = text_of(method, "route");
    assert_int_equal(route[0], '/');
    for (const char *at = strchr(route, '{'); at; at = strchr(at + 1, '{')) {
        const json_t *p = param_named(method, at + 1, strcspn(at + 1, "}"));
        assert_non_null(p);
        assert_true(json_is_true(json_object_get(p, "required")));
    }
}

static void every_method_can_be_called_and_explained(void **state)
{
    (void)state;
    json_t *faces = faces_json(), *methods = json_object_get(faces, "methods"), *m, *other;
    size_t i, k;
    assert_true(json_array_size(methods) > 20);
    json_array_foreach(methods, i, m) {
        check_route(m);
        assert_non_null(strchr(text_of(m, "name"), '.'));
        assert_true(*text_of(m, "summary") && *text_of(m, "result"));
        const char *example = text_of(m, "example");
        assert_true(!strncmp(example, "shoal ", 6) || !strncmp(example, "curl ", 5));
        /* What changes something is never a GET (RELIABILITY 24); one question alone is too long
         * for a URL. */
        bool get = strcmp(text_of(m, "http"), "GET") == 0;
        bool asks = get || strcmp(text_of(m, "name"), "file.poll") == 0;
        assert_true(json_is_true(json_object_get(m, "write")) == !asks);
        json_array_foreach(methods, k, other) {
            assert_true(i == k || strcmp(text_of(m, "name"), text_of(other, "name")) != 0);
            assert_true(i == k || strcmp(text_of(m, "http"), text_of(other, "http")) != 0 ||
                        strcmp(text_of(m, "route"), text_of(other, "route")) != 0);
        }
    }
    json_decref(faces);
}

static void every_parameter_says_what_it_is(void **state)
{
    (void)state;
    json_t *faces = faces_json(), *m, *p;
    size_t i, k;
    json_array_foreach(json_object_get(faces, "methods"), i, m) {
        json_array_foreach(json_object_get(m, "params"), k, p) {
            assert_true(*text_of(p, "help"));
            assert_true(strcmp(text_of(p, "type"), "choice") != 0 || *text_of(p, "choices"));
        }
    }
    json_decref(faces);
}

static void every_setting_has_a_section_and_a_sentence(void **state)
{
    (void)state;
    json_t *faces = faces_json(), *s;
    size_t i;
    json_array_foreach(json_object_get(faces, "settings"), i, s) {
        assert_non_null(strchr(text_of(s, "key"), '.'));
        assert_true(*text_of(s, "help"));
    }
    json_decref(faces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_can_be_called_and_explained),
        cmocka_unit_test(every_parameter_says_what_it_is),
        cmocka_unit_test(every_setting_has_a_section_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
