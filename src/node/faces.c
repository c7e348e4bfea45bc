#include "node/faces.h"

#include "api/methods.h"
#include "core/app.h"
#include "node/apps.h"
#include "node/node_priv.h"
#include "node/settings.h"

#include <string.h>

static const char *const param_type_name[] = {
    [PARAM_TEXT] = "text", [PARAM_INT] = "int",       [PARAM_BYTES] = "bytes",
    [PARAM_RATE] = "rate", [PARAM_BOOL] = "bool",     [PARAM_CHOICE] = "choice",
    [PARAM_PATH] = "path", [PARAM_BASE64] = "base64",
};

const char *faces_setting_type(enum conf_type type)
{
    static const char *const conf_type_name[] = {
        [CONF_TEXT] = "text",     [CONF_BOOL] = "on|off", [CONF_INT] = "number",
        [CONF_BYTES] = "bytes",   [CONF_RATE] = "rate",   [CONF_TIME] = "time",
        [CONF_CHOICE] = "choice", [CONF_LIST] = "list",
    };
    return conf_type_name[type];
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static json_t *param_json(const struct param *p)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:b, s:b, s:b, s:b}", "name", p->name,
                     "type", param_type_name[p->type], "unit", or_empty(p->unit), "min",
                     (json_int_t)p->min, "max", (json_int_t)p->max, "choices", or_empty(p->choices),
                     "help", or_empty(p->help), "required", (p->flags & PARAM_REQUIRED) != 0,
                     "many", (p->flags & PARAM_MANY) != 0, "positional",
                     (p->flags & PARAM_POSITIONAL) != 0, "hidden", (p->flags & PARAM_HIDDEN) != 0);
}

static json_t *method_json(const struct method *m)
{
    json_t *params = json_array(), *columns = json_array();
    for (const struct param *p = m->params; p && p->name; p++)
        json_array_append_new(params, param_json(p));
    for (const struct column *c = m->columns; c && c->field; c++)
        json_array_append_new(columns, json_pack("{s:s, s:s, s:s}", "field", c->field, "title",
                                                 c->title, "format", c->format));
    return json_pack(
        "{s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "name", m->name,
        "http", m->http, "route", m->route, "write", (m->flags & METHOD_WRITE) != 0, "money",
        (m->flags & METHOD_MONEY) != 0, "hidden", (m->flags & METHOD_HIDDEN) != 0, "summary",
        m->summary, "result", or_empty(m->result), "errors", or_empty(m->errors), "example",
        or_empty(m->example), "also", or_empty(m->also), "params", params, "columns", columns);
}

static void add_methods(json_t *out, const struct method *m)
{
    for (; m && m->name; m++)
        json_array_append_new(out, method_json(m));
}

json_t *faces_json(void)
{
    json_t *methods = json_array(), *settings = json_array();
    add_methods(methods, node_methods);
    for (const struct app_ops *const *a = node_apps; *a; a++)
        add_methods(methods, (*a)->methods);
    add_methods(methods, api_methods);
    size_t n;
    struct conf_key *k = settings_new(&n);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(
            settings, json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "key", k[i].name, "type",
                                faces_setting_type(k[i].type), "default", k[i].fallback, "choices",
                                or_empty(k[i].choices), "live", k[i].live, "help", k[i].help));
    free(k);
    return json_pack("{s:s, s:o, s:o}", "version", SHOAL_VERSION, "methods", methods, "settings",
                     settings);
}
