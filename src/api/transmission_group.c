/* Bandwidth groups are the groups of the files app. */
#include "api/transmission_int.h"

#include <string.h>

static bool is_named(const struct rpc *r, const char *name)
{
    const json_t *want = json_object_get(r->args, r->legacy ? "group" : "name");
    size_t i;
    const json_t *v;
    if (!want)
        want = json_object_get(r->args, "name");
    if (!want)
        return true;
    if (json_is_string(want))
        return strcmp(json_string_value(want), name) == 0;
    json_array_foreach(want, i, v) {
        if (json_is_string(v) && strcmp(json_string_value(v), name) == 0)
            return true;
    }
    return false;
}

static void got_groups(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    (void)message;
    json_t *list = json_array();
    size_t i;
    const json_t *g;
    json_array_foreach(result, i, g) {
        const char *name = json_string_value(json_object_get(g, "name"));
        json_int_t up = json_integer_value(json_object_get(g, "up_limit"));
        json_int_t down = json_integer_value(json_object_get(g, "down_limit"));
        if (!name || !is_named(r, name))
            continue;
        json_t *o =
            json_pack("{s:s, s:b, s:b, s:b, s:I, s:I}", "name", name, "honors_session_limits",
                      !json_is_true(json_object_get(g, "free_of_node")), "speed_limit_up_enabled",
                      up > 0, "speed_limit_down_enabled", down > 0, "speed_limit_up",
                      up / RATE_UNIT, "speed_limit_down", down / RATE_UNIT);
        json_array_append_new(list, o);
    }
    json_object_set_new(r->out, "group", list);
}

void rpc_group_get(struct rpc *r)
{
    rpc_call(r, "file.group-ls", json_object(), got_groups, 0);
}

static void group_rate(const struct rpc *r, json_t *params, const char *as, const char *limit,
                       const char *on)
{
    double kb;
    bool given = rpc_number(r, limit, &kb) && kb >= 0 && kb <= INT32_MAX;
    if (json_object_get(r->args, on) && !rpc_flag(r, on))
        json_object_set_new(params, as, json_integer(0));
    else if (given)
        json_object_set_new(params, as, json_integer((json_int_t)kb * RATE_UNIT));
}

void rpc_group_set(struct rpc *r)
{
    const char *name = rpc_text(r, "name");
    if (!name || !*name) {
        rpc_fail(r, RPC_INVALID_PARAMS, "No group name given");
        return;
    }
    json_t *params = json_pack("{s:s}", "name", name);
    group_rate(r, params, "up", "speed_limit_up", "speed_limit_up_enabled");
    group_rate(r, params, "down", "speed_limit_down", "speed_limit_down_enabled");
    if (json_object_get(r->args, "honors_session_limits"))
        json_object_set_new(params, "free_of_node",
                            json_boolean(!rpc_flag(r, "honors_session_limits")));
    rpc_call(r, "file.group-set", params, rpc_must, 0);
}
