/* The methods that belong to no app: status, identity, settings, limits, the log. */
#include "base/buf.h"
#include "base/mem.h"
#include "node/faces.h"
#include "node/mask.h"
#include "node/node_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- status ------------------------------------------------------------------------------ */

static void add_numbers(json_t *sum, const json_t *part)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)part, key, v)
        json_object_set_new(
            sum, key,
            json_integer(json_integer_value(json_object_get(sum, key)) + json_integer_value(v)));
}

static const char *name_of(const struct node *n, char *host, size_t cap)
{
    const char *name = conf_text(n->conf, "node.name");
    if (*name)
        return name;
    if (gethostname(host, cap) != 0)
        return "shoal";
    host[cap - 1] = '\0';
    return host;
}

/* The disk that downloads go to; their folder may not be made yet. */
static json_t *disk_json(const struct node *n)
{
    uint64_t free_bytes = 0;
    struct why why;
    const char *path = n->paths.download;
    if (vfs_free_bytes(n->vfs, path, &free_bytes, &why) != OK) {
        path = n->paths.data;
        if (vfs_free_bytes(n->vfs, path, &free_bytes, &why) != OK)
            return json_null();
    }
    return json_pack("{s:s, s:I}", "path", path, "free", (json_int_t)free_bytes);
}

json_t *node_status(struct node *n)
{
    char host[65];
    json_t *traffic = json_pack("{s:i, s:i, s:i, s:i}", "up_rate", 0, "down_rate", 0, "uploaded", 0,
                                "downloaded", 0);
    json_t *st = json_pack("{s:s, s:s, s:s, s:I, s:[], s:{s:s, s:s}}", "version", SHOAL_VERSION,
                           "peer_id", keys_peer_id(n->keys), "name", name_of(n, host, sizeof host),
                           "uptime_s", (json_int_t)((loop_now_us(n->loop) - n->started_us) / SEC),
                           "listen", "api", "http", node_http(n), "socket", n->paths.socket);
    for (size_t i = 0; i < n->app_count; i++) {
        const struct node_app *a = &n->apps[i];
        if (!a->app)
            continue;
        json_t *own = a->ops->status(a->app);
        json_t *listen = json_object_get(own, "listen");
        if (listen)
            json_object_set(st, "listen", listen);
        json_object_del(own, "listen");
        add_numbers(traffic, json_object_get(own, "traffic"));
        json_object_del(own, "traffic");
        json_object_set_new(st, a->ops->name, own);
    }
    json_object_set_new(st, "traffic", traffic);
    json_object_set_new(st, "disk", disk_json(n));
    return st;
}

static void on_traffic(void *app, struct call *c)
{
    struct node *n = app;
    node_note_traffic(n);
    call_ok(c, traffic_json(n->traffic));
}

static void on_status(void *app, struct call *c)
{
    call_ok(c, node_status(app));
}

static void on_id(void *app, struct call *c)
{
    struct node *n = app;
    char host[65];
    call_ok(c, json_pack("{s:s, s:s}", "peer_id", keys_peer_id(n->keys), "name",
                         name_of(n, host, sizeof host)));
}

static void on_paths(void *app, struct call *c)
{
    const struct paths *p = &((const struct node *)app)->paths;
    call_ok(c, json_pack("{s:s, s:s, s:s, s:s}", "settings", p->conf, "data", p->data, "socket",
                         p->socket, "downloads", p->download));
}

static void on_stop(void *app, struct call *c)
{
    struct node *n = app;
    call_ok(c, json_object());
    node_stop(n);
}

/* --- settings ---------------------------------------------------------------------------- */

static json_t *setting_json(const struct node *n, const struct conf_key *k)
{
    char *value = mask_text(conf_text(n->conf, k->name));
    json_t *j = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:b}", "key", k->name, "value",
                          value, "set", conf_is_set(n->conf, k->name), "default", k->fallback,
                          "type", faces_setting_type(k->type), "choices",
                          k->choices ? k->choices : "", "help", k->help, "live", k->live);
    free(value);
    return j;
}

static const char *key_name_at(const void *arg, size_t i)
{
    const struct conf_key *k = conf_key_at(arg, i);
    return k ? k->name : NULL;
}

/* The setting of that name, or NULL after the call was answered. */
static const struct conf_key *find_setting(struct node *n, struct call *c)
{
    const char *key = call_text(c, "key");
    const struct conf_key *k = conf_key_find(n->conf, key);
    if (k)
        return k;
    const char *near = conf_nearest(key, key_name_at, n->conf);
    call_failf(c, "config.unknown", ERR_NOT_FOUND, "see `shoal config ls`",
               near ? "there is no setting %s; did you mean %s?" : "there is no setting %s", key,
               near);
    return NULL;
}

static void on_config_ls(void *app, struct call *c)
{
    struct node *n = app;
    json_t *out = json_array();
    const struct conf_key *k;
    for (size_t i = 0; (k = conf_key_at(n->conf, i)); i++)
        json_array_append_new(out, setting_json(n, k));
    call_ok(c, out);
}

static void on_config_get(void *app, struct call *c)
{
    const struct conf_key *k = find_setting(app, c);
    if (k)
        call_ok(c, setting_json(app, k));
}

/* Try the edited text before it replaces the file. */
static enum err try_text(const struct node *n, const struct buf *text, struct why *why)
{
    struct conf *trial = conf_new(n->keys_of_conf, n->key_count);
    enum err code =
        conf_read(trial, (const char *)buf_bytes(text), buf_len(text), n->paths.conf, why);
    conf_free(trial);
    return code;
}

static enum err edit_conf(struct node *n, const char *key, const char *value, struct why *why)
{
    struct buf text = {0}, edited = {0};
    struct why absent;
    enum err code = vfs_read_all(n->vfs, n->paths.conf, CONF_FILE_MAX, &text, &absent);
    if (code != OK && code != ERR_NOT_FOUND)
        return why_set(why, code, "%s", absent.text);
    conf_edit(&edited, (const char *)buf_bytes(&text), buf_len(&text), key, value);
    code = try_text(n, &edited, why);
    char *dir = mem_strdup(n->paths.conf);
    char *slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    if (code == OK)
        code = vfs_mkdirs(n->vfs, dir, 0700, why);
    if (code == OK)
        code = vfs_replace(n->vfs, n->paths.conf, buf_bytes(&edited), buf_len(&edited), 0, why);
    free(dir);
    buf_done(&text);
    buf_done(&edited);
    return code == OK ? node_reload(n, why) : code;
}

static void set_and_answer(struct node *n, struct call *c, const char *key, const char *value)
{
    struct why why;
    if (edit_conf(n, key, value, &why) != OK) {
        call_fail(c, "config.invalid", &why, "see `shoal config ls`");
        return;
    }
    json_t *out = setting_json(n, conf_key_find(n->conf, key));
    json_object_set_new(out, "restart_needed", json_boolean(!conf_key_find(n->conf, key)->live));
    call_ok(c, out);
}

static void on_config_set(void *app, struct call *c)
{
    struct node *n = app;
    const struct conf_key *k = find_setting(n, c);
    if (!k)
        return;
    const char *value = call_text(c, "value"), *now = conf_text(n->conf, k->name);
    char *kept = mem_strdup(mask_is_of(value, now) ? now : value);
    set_and_answer(n, c, k->name, kept);
    free(kept);
}

static void on_config_unset(void *app, struct call *c)
{
    const struct conf_key *k = find_setting(app, c);
    if (k)
        set_and_answer(app, c, k->name, NULL);
}

static void on_config_check(void *app, struct call *c)
{
    struct node *n = app;
    struct why why;
    if (node_reload(n, &why) != OK)
        call_fail(c, "config.invalid", &why, "mend the line, then run it again");
    else
        call_ok(c, json_pack("{s:s}", "file", n->paths.conf));
}

/* --- limits ------------------------------------------------------------------------------ */

static json_t *limit_json(struct node *n, enum policy_rate r, const char *name)
{
    char why[200];
    policy_why(n->policy, r, why, sizeof why);
    return json_pack("{s:s, s:I, s:s}", "what", name, "rate",
                     (json_int_t)policy_rate_now(n->policy, r), "why", why);
}

static void on_policy_show(void *app, struct call *c)
{
    struct node *n = app;
    json_t *all = policy_to_json(n->policy);
    json_object_set_new(
        all, "now",
        json_pack("[o, o]", limit_json(n, POLICY_UP, "up"), limit_json(n, POLICY_DOWN, "down")));
    call_ok(c, all);
}

static void on_policy_set(void *app, struct call *c)
{
    char key[32];
    snprintf(key, sizeof key, "limits.%s", call_text(c, "what"));
    set_and_answer(app, c, key, call_text(c, "value"));
}

static void save_and_show(struct node *n, struct call *c, enum err code, struct why *why)
{
    if (code == OK)
        code = node_policy_save(n, why);
    if (code != OK)
        call_fail(c, "policy.invalid", why,
                  "for example: shoal policy schedule add "
                  "\"Mon-Fri 08:00-18:00\" up=1M");
    else
        on_policy_show(n, c);
}

static void on_schedule_add(void *app, struct call *c)
{
    struct node *n = app;
    struct why why;
    const char *limit = call_text(c, "limit");
    const char *eq = strchr(limit, '=');
    bool up = !strncmp(limit, "up=", 3), down = !strncmp(limit, "down=", 5);
    int64_t rate = 0;
    enum err code = OK;
    if (!eq || (!up && !down))
        code = why_set(&why, ERR_INVALID, "%s: want up=RATE or down=RATE", limit);
    if (code == OK)
        code = conf_parse_number(CONF_RATE, eq + 1, &rate, &why);
    if (code == OK)
        code = policy_schedule_add(n->policy, call_text(c, "when"), up ? POLICY_UP : POLICY_DOWN,
                                   (uint64_t)rate, &why);
    save_and_show(n, c, code, &why);
}

static void on_schedule_rm(void *app, struct call *c)
{
    struct node *n = app;
    struct why why;
    enum err code = policy_schedule_drop(n->policy, (size_t)call_int(c, "at", 0), &why);
    save_and_show(n, c, code, &why);
}

/* --- log --------------------------------------------------------------------------------- */

static void on_log(void *app, struct call *c)
{
    struct node *n = app;
    const char *level = call_text(c, "level");
    call_ok(c, logring_json(n->ring, level ? log_level_of(level) : LOG_DEBUG,
                            (uint64_t)call_int(c, "after", 0)));
}

/* --- the table --------------------------------------------------------------------------- */

static const struct param key_params[] = {
    {.name = "key",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 64,
     .help = "the setting, as section.key"},
    {0},
};
static const struct param set_params[] = {
    {.name = "key",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 64,
     .help = "the setting, as section.key"},
    {.name = "value",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .help = "its new value"},
    {0},
};
static const struct param policy_set_params[] = {
    {.name = "what",
     .type = PARAM_CHOICE,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .choices = "up|down|storage",
     .help = "which limit"},
    {.name = "value",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 32,
     .help = "bytes a second (5M), for storage bytes (200G), or off"},
    {0},
};
static const struct param schedule_add_params[] = {
    {.name = "when",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 100,
     .help = "hours of the week: \"Mon-Fri 08:00-18:00\", \"22:00-07:00\""},
    {.name = "limit",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 32,
     .help = "up=RATE or down=RATE"},
    {0},
};
static const struct param schedule_rm_params[] = {
    {.name = "at",
     .type = PARAM_INT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = POLICY_SCHEDULE_MAX - 1,
     .help = "its number in `shoal policy show`, from 0"},
    {0},
};
static const struct param log_params[] = {
    {.name = "level",
     .type = PARAM_CHOICE,
     .choices = "debug|info|warn|error",
     .help = "the least important lines to show"},
    {.name = "after",
     .type = PARAM_INT,
     .max = INT64_MAX,
     .flags = PARAM_HIDDEN,
     .help = "only lines after this number"},
    {0},
};
static const struct column setting_columns[] = {
    {"key", "SETTING", "text"}, {"value", "VALUE", "text"}, {"help", "WHAT IT DOES", "text"}, {0}};
static const struct column log_columns[] = {
    {"time", "TIME", "text"}, {"level", "LEVEL", "text"}, {"text", "LINE", "text"}, {0}};

const struct method node_methods[] = {
    {.name = "node.status",
     .http = "GET",
     .route = "/status",
     .flags = METHOD_HIDDEN,
     .summary = "Show what this node is and does",
     .result =
         "{version, peer_id, name, uptime_s, listen, api, files, traffic, disk: {path, free}}",
     .example = "shoal status --json",
     .also = "status",
     .call = on_status},
    {.name = "node.traffic",
     .http = "GET",
     .route = "/traffic",
     .flags = METHOD_HIDDEN,
     .summary = "Show what went in and out over the last 24 hours",
     .result = "{step_s, from: seconds since 1970, up: [bytes], down: [bytes]}: a sum for each "
               "step, oldest first",
     .example = "curl --unix-socket api.sock http://localhost/api/v1/traffic",
     .call = on_traffic},
    {.name = "node.id",
     .http = "GET",
     .route = "/id",
     .flags = METHOD_HIDDEN,
     .summary = "Show this node's peer id",
     .result = "{peer_id, name}",
     .example = "shoal id",
     .also = "id",
     .call = on_id},
    {.name = "node.paths",
     .http = "GET",
     .route = "/paths",
     .flags = METHOD_HIDDEN,
     .summary = "Show where this node keeps things",
     .result = "{settings, data, socket, downloads}",
     .example = "shoal paths",
     .also = "paths",
     .call = on_paths},
    {.name = "node.stop",
     .http = "POST",
     .route = "/stop",
     .flags = METHOD_WRITE | METHOD_HIDDEN,
     .summary = "End the daemon cleanly",
     .result = "{}",
     .example = "shoal down",
     .also = "down",
     .call = on_stop},
    {.name = "config.ls",
     .http = "GET",
     .route = "/config",
     .summary = "List all settings",
     .result = "[{key, value, set, default, type, choices: a|b|c, help, live}]",
     .example = "shoal config ls",
     .columns = setting_columns,
     .call = on_config_ls},
    {.name = "config.get",
     .http = "GET",
     .route = "/config/{key}",
     .params = key_params,
     .summary = "Show one setting",
     .result = "{key, value, set, default, type, choices, help, live}",
     .errors = "config.unknown",
     .example = "shoal config get files.listen",
     .call = on_config_get},
    {.name = "config.set",
     .http = "PUT",
     .route = "/config/{key}",
     .flags = METHOD_WRITE,
     .params = set_params,
     .summary = "Change one setting in shoal.conf; comments stay",
     .result = "{key, value, ..., restart_needed}",
     .errors = "config.unknown, config.invalid",
     .example = "shoal config set limits.up 5M",
     .call = on_config_set},
    {.name = "config.unset",
     .http = "DELETE",
     .route = "/config/{key}",
     .flags = METHOD_WRITE,
     .params = key_params,
     .summary = "Put one setting back to its default",
     .result = "{key, value, ..., restart_needed}",
     .errors = "config.unknown",
     .example = "shoal config unset limits.up",
     .call = on_config_unset},
    {.name = "config.check",
     .http = "POST",
     .route = "/config/check",
     .flags = METHOD_WRITE,
     .summary = "Read shoal.conf again and say what is wrong in it",
     .result = "{file}",
     .errors = "config.invalid",
     .example = "shoal config check",
     .call = on_config_check},
    {.name = "policy.show",
     .http = "GET",
     .route = "/policy",
     .summary = "Show the limits, the schedules, and which is in force now and why",
     .result = "{rates, storage, schedule, now: [{what, rate, why}]}",
     .example = "shoal policy show",
     .call = on_policy_show},
    {.name = "policy.set",
     .http = "PUT",
     .route = "/policy/limits/{what}",
     .flags = METHOD_WRITE,
     .params = policy_set_params,
     .summary = "Limit upload, download or storage of the whole node",
     .result = "{key, value}",
     .errors = "config.invalid",
     .example = "shoal policy set up 5M",
     .call = on_policy_set},
    {.name = "policy.schedule-add",
     .http = "POST",
     .route = "/policy/schedule",
     .flags = METHOD_WRITE,
     .params = schedule_add_params,
     .summary = "Another limit for some hours of the week",
     .result = "as policy.show",
     .errors = "policy.invalid",
     .example = "shoal policy schedule add \"Mon-Fri 08:00-18:00\" up=1M",
     .call = on_schedule_add},
    {.name = "policy.schedule-rm",
     .http = "DELETE",
     .route = "/policy/schedule/{at}",
     .flags = METHOD_WRITE,
     .params = schedule_rm_params,
     .summary = "Take a schedule back",
     .result = "as policy.show",
     .errors = "policy.invalid",
     .example = "shoal policy schedule rm 0",
     .call = on_schedule_rm},
    {.name = "node.log",
     .http = "GET",
     .route = "/log",
     .flags = METHOD_HIDDEN,
     .params = log_params,
     .summary = "Show the last lines of the log",
     .result = "[{n, time, level, text}]",
     .example = "shoal log -f",
     .columns = log_columns,
     .also = "log",
     .call = on_log},
    {0},
};
