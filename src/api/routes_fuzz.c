/* "VERB PATH\nBODY": any path finds a method or none, and any body gives an object or a reason. */
#include "api/routes.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void never(void *app, struct call *c)
{
    (void)app;
    (void)c;
    abort();
}

static const struct param params[] = {{.name = "id", .type = PARAM_TEXT},
                                      {.name = "n", .type = PARAM_INT},
                                      {.name = "b", .type = PARAM_BOOL},
                                      {.name = "many", .type = PARAM_INT, .flags = PARAM_MANY},
                                      {0}};

static const struct method methods[] = {
    {.name = "a", .http = "GET", .route = "/a", .params = params, .call = never},
    {.name = "b", .http = "GET", .route = "/a/{id}", .params = params, .call = never},
    {.name = "c", .http = "POST", .route = "/a/{id}/b/{n}", .params = params, .call = never},
    {.name = "d", .http = "DELETE", .route = "/a/{many}/c", .params = params, .call = never},
    {0}};

static const char *query(void *arg, const char *name)
{
    return *name == 'b' ? arg : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = mem_strndup((const char *)bytes, n);
    char *space = strchr(text, ' ');
    char *line = strchr(text, '\n');
    struct why why;
    struct api_app app = {methods, NULL};
    struct routes *r = routes_new(&app, 1, &why);
    if (space && line && space < line) {
        *space = *line = '\0';
        struct route route = routes_find(r, text, space + 1);
        struct cur body = cur_of(line + 1, strlen(line + 1));
        why.text[0] = '\0';
        json_t *p =
            route.method ? routes_params(route.method, space + 1, query, text, body, &why) : NULL;
        if (p ? !json_is_object(p) : route.method && why.text[0] == '\0')
            abort();
        json_decref(p);
    }
    routes_free(r);
    free(text);
    return 0;
}
