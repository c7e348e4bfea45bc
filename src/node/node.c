#include "node/node.h"

#include "base/mem.h"
#include "core/items.h"
#include "files/files.h"
#include "host/host_app.h"
#include "net/uv/tun_helper.h"
#include "net/uv/uv_loop.h"
#include "node/node_priv.h"
#include "node/proxy.h"
#include "node/settings.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POLICY_FILE_MAX = 1024 * 1024 };

/* --- settings ---------------------------------------------------------------------------- */

static enum err read_conf_file(const struct node *n, struct conf *conf, struct why *why)
{
    struct buf text = {0};
    struct why absent;
    enum err code = vfs_read_all(n->vfs, n->paths.conf, CONF_FILE_MAX, &text, &absent);
    if (code == ERR_NOT_FOUND)
        return OK; /* the file starts empty: all defaults */
    if (code != OK)
        return why_set(why, code, "%s", absent.text);
    code = conf_read(conf, (const char *)buf_bytes(&text), buf_len(&text), n->paths.conf, why);
    buf_done(&text);
    return code;
}

static enum err apply_set(const struct node *n, struct conf *conf, struct why *why)
{
    for (size_t i = 0; i < n->set_count; i++) {
        const char *eq = strchr(n->set[i], '=');
        if (!eq)
            return why_set(why, ERR_INVALID, "--set %s: want section.key=value", n->set[i]);
        char *key = mem_strndup(n->set[i], (size_t)(eq - n->set[i]));
        enum err code = conf_set(conf, key, eq + 1, why);
        free(key);
        if (code != OK)
            return why_in(why, code, "--set %s", n->set[i]);
    }
    return OK;
}

/* Defaults, then the file, then the environment, then --set. */
static struct conf *read_settings(const struct node *n, struct why *why)
{
    struct conf *conf = conf_new(n->keys_of_conf, n->key_count);
    if (read_conf_file(n, conf, why) == OK && conf_read_env(conf, environ, why) == OK &&
        apply_set(n, conf, why) == OK)
        return conf;
    conf_free(conf);
    return NULL;
}

static void apply_limits(struct node *n)
{
    policy_set_rate(n->policy, POLICY_UP, (uint64_t)conf_int(n->conf, "limits.up"));
    policy_set_rate(n->policy, POLICY_DOWN, (uint64_t)conf_int(n->conf, "limits.down"));
    struct why why;
    if (policy_set_alt(n->policy, conf_bool(n->conf, "limits.alt"),
                       conf_text(n->conf, "limits.alt-when"),
                       (uint64_t)conf_int(n->conf, "limits.alt-up"),
                       (uint64_t)conf_int(n->conf, "limits.alt-down"), &why))
        log_warn(n->log, "limits.alt-when: %s", why.text);
    policy_set_storage(n->policy, (uint64_t)conf_int(n->conf, "limits.storage"));
    log_set_level(n->log, log_level_of(conf_text(n->conf, "log.level")));
}

enum err node_reload(struct node *n, struct why *why)
{
    struct conf *fresh = read_settings(n, why);
    if (!fresh)
        return why->code;
    struct conf *old = n->conf;
    n->conf = fresh;
    apply_limits(n);
    for (size_t i = 0; i < n->app_count; i++) {
        struct node_app *a = &n->apps[i];
        a->env.conf = fresh;
        if (a->app && a->ops->reload)
            a->ops->reload(a->app, fresh);
    }
    conf_free(old);
    log_info(n->log, "settings read again");
    return OK;
}

/* --- limits by the hour ------------------------------------------------------------------- */

static char *policy_path(const struct node *n)
{
    return mem_printf("%s/policy.json", n->paths.data);
}

enum err node_policy_save(struct node *n, struct why *why)
{
    char *path = policy_path(n);
    json_t *all = policy_to_json(n->policy);
    char *text = json_dumps(all, JSON_INDENT(2));
    enum err code = vfs_replace(n->vfs, path, text, strlen(text), 0, why);
    free(text);
    json_decref(all);
    free(path);
    return code;
}

/* Base limits are shoal.conf's; of the saved file only the schedules count. */
static void load_policy(struct node *n)
{
    char *path = policy_path(n);
    struct buf text = {0};
    struct why why;
    if (vfs_read_all(n->vfs, path, POLICY_FILE_MAX, &text, &why) == OK) {
        json_t *saved = json_loadb((const char *)buf_bytes(&text), buf_len(&text), 0, NULL);
        if (!saved || policy_of_json(n->policy, saved, &why) != OK)
            log_warn(n->log, "%s is damaged, its schedules are not in force", path);
        json_decref(saved);
    }
    buf_done(&text);
    free(path);
    apply_limits(n);
}

static void on_minute(void *arg)
{
    struct node *n = arg;
    time_t now = (time_t)(loop_wall_us(n->loop) / 1000000);
    struct tm local;
    localtime_r(&now, &local);
    int day = (local.tm_wday + 6) % 7; /* Monday first */
    policy_set_minute(n->policy, (unsigned)((day * 24 + local.tm_hour) * 60 + local.tm_min));
    node_note_traffic(n);
    node_day_keep(n, false);
    n->minute = timer_start(n->loop, (uint64_t)(60 - local.tm_sec % 60) * SEC, on_minute, n);
}

/* --- apps -------------------------------------------------------------------------------- */

static bool enabled(const struct node *n, const char *app)
{
    char key[64];
    snprintf(key, sizeof key, "%s.enabled", app);
    return conf_bool(n->conf, key);
}

/* What the overlay gives to the apps that start after it. */
static struct host *overlay(const struct node *n)
{
    for (size_t i = 0; i < n->app_count; i++)
        if (n->apps[i].ops == &host_app && n->apps[i].app)
            return host_app_host(n->apps[i].app);
    return NULL;
}

/* The overlay uses the DHT of files, where both are there; off: before one of them ends. */
static void join_apps(const struct node *n, bool on)
{
    struct items_port items = {0};
    void *host = NULL;
    for (size_t i = 0; i < n->app_count; i++) {
        if (n->apps[i].ops == &host_app)
            host = n->apps[i].app;
        if (n->apps[i].ops == &files_app && n->apps[i].app)
            files_items_port(n->apps[i].app, &items);
    }
    if (host)
        host_app_set_items(host, on && items.app ? &items : NULL);
}

static enum err start_app(struct node *n, const struct app_ops *ops, struct why *why)
{
    struct node_app *a = &n->apps[n->app_count++];
    *a = (struct node_app){.ops = ops, .node = n};
    a->log = log_child(n->log, "%s", ops->name);
    char *path = mem_printf("%s/%s.db", n->paths.data, ops->name);
    a->db = db_open(path, ops->migrations, ops->migration_count, why);
    free(path);
    if (!a->db)
        return why->code;
    const char *dir = conf_text(n->conf, "files.dir");
    a->env = (struct app_env){.loop = n->loop,
                              .log = a->log,
                              .conf = n->conf,
                              .vfs = n->vfs,
                              .data_dir = n->paths.data,
                              .download_dir = *dir ? dir : n->paths.download,
                              .db = a->db,
                              .keys = n->keys,
                              .policy = n->policy,
                              .bus = n->bus,
                              .jobs = n->jobs,
                              .metrics = n->metrics,
                              .host = overlay(n),
                              .version = SHOAL_VERSION};
    a->app = ops->start(&a->env, why);
    return a->app ? OK : why->code;
}

static enum err start_apps(struct node *n, struct why *why)
{
    for (const struct app_ops *const *ops = node_apps; *ops; ops++) {
        assert(n->app_count < NODE_APPS_MAX);
        if (!enabled(n, (*ops)->name))
            continue;
        enum err code = start_app(n, *ops, why);
        if (code != OK)
            return why_in(why, code, "%s does not start", (*ops)->name);
    }
    join_apps(n, true);
    return OK;
}

/* --- the API ----------------------------------------------------------------------------- */

static json_t *status_for_api(void *arg)
{
    return node_status(arg);
}

static enum err start_api(struct node *n, struct why *why)
{
    const char *at = conf_text(n->conf, "api.http");
    struct addr http = {0};
    bool tcp = strcmp(at, "off") != 0;
    if (tcp && addr_parse(&http, at, why) != OK)
        return why_in(why, ERR_INVALID, "api.http");
    bool open = !strcmp(conf_text(n->conf, "api.auth"), "off");
    if (open && (!n->home_given || (tcp && !addr_is_loopback(&http))))
        return why_set(why, ERR_DENIED, "api.auth=off wants --home and a loopback address");
    if (tcp && !addr_is_loopback(&http))
        return why_set(why, ERR_DENIED,
                       "api.http=%s: only loopback addresses are served, since there is no "
                       "password and TLS yet",
                       at);
    struct api_app tables[NODE_APPS_MAX + 1];
    size_t count = 0;
    tables[count++] = (struct api_app){node_methods, n};
    for (size_t i = 0; i < n->app_count; i++)
        tables[count++] = (struct api_app){n->apps[i].ops->methods, n->apps[i].app};
    struct content_app content = {0};
    for (size_t i = 0; i < n->app_count; i++)
        if (n->apps[i].ops->content && n->apps[i].app)
            content =
                (struct content_app){n->apps[i].ops->name, n->apps[i].ops->content, n->apps[i].app};
    struct sockets_app sockets = {0};
    for (size_t i = 0; i < n->app_count; i++)
        if (n->apps[i].ops->sockets && n->apps[i].app)
            sockets =
                (struct sockets_app){n->apps[i].ops->name, n->apps[i].ops->sockets, n->apps[i].app};
    char *tokens = mem_printf("%s/api.token", n->paths.data);
    char *sessions = mem_printf("%s/api.sessions", n->paths.data);
    char *page = mem_printf("%s/open.html", n->paths.run);
    struct api_cfg cfg = {.loop = n->loop,
                          .log = n->log,
                          .vfs = n->vfs,
                          .at = tcp ? &http : NULL,
                          .unix_path = n->paths.socket,
                          .token_file = tokens,
                          .login_page = page,
                          .session_file = sessions,
                          .auth_off = open,
                          .bus = n->bus,
                          .jobs = n->jobs,
                          .metrics = n->metrics,
                          .apps = tables,
                          .app_count = count,
                          .content = content,
                          .sockets = sockets,
                          .version = SHOAL_VERSION,
                          .download_dir = n->paths.download,
                          .status = status_for_api,
                          .status_arg = n};
    n->api = api_open(&cfg, why);
    if (!n->api && tcp && !conf_is_set(n->conf, "api.http")) {
        /* The default port is taken: another node of this machine has it.  Any other will do. */
        log_info(n->log, "%s; taking another port", why->text);
        http.port = 0;
        n->api = api_open(&cfg, why);
    }
    free(tokens);
    free(sessions);
    free(page);
    if (!n->api)
        return why->code;
    if (tcp) {
        http = api_addr(n->api);
        addr_format(&http, n->http);
    }
    if (open)
        log_warn(n->log, "api.auth is off: whoever reaches %s may do everything with this node",
                 n->http);
    return OK;
}

/* --- the whole --------------------------------------------------------------------------- */

static enum err lock_home(struct node *n, struct why *why)
{
    enum err code = vfs_mkdirs(n->vfs, n->paths.data, 0700, why);
    if (code == OK)
        code = vfs_mkdirs(n->vfs, n->paths.run, 0700, why);
    if (code != OK)
        return code;
    /* In the data folder, since that is what two nodes must not share. */
    char *path = mem_printf("%s/lock", n->paths.data);
    code = vfs_lock(n->vfs, path, &n->lock, why);
    free(path);
    return code;
}

static enum err load_identity(struct node *n, struct why *why)
{
    n->keys = keys_load(n->vfs, n->paths.data, why);
    if (n->keys || why->code != ERR_NOT_FOUND)
        return n->keys ? OK : why->code;
    uint8_t entropy[16]; /* 12 words */
    loop_random(n->loop, entropy, sizeof entropy);
    n->keys = keys_of_entropy(entropy, sizeof entropy);
    explicit_bzero(entropy, sizeof entropy);
    enum err code = keys_save(n->keys, n->vfs, n->paths.data, why);
    if (code == OK)
        log_info(n->log, "made a new identity: %s", keys_peer_id(n->keys));
    return code;
}

static int64_t log_time(void *loop)
{
    return loop_wall_us(loop);
}

static void on_log_line(void *arg, enum log_level level, int64_t wall_us, const char *line)
{
    struct node *n = arg;
    if (n->sink)
        n->sink(n->sink_arg, level, wall_us, line);
}

static void on_end_signal(void *arg)
{
    node_stop(arg);
}

static void on_reload_signal(void *arg)
{
    struct node *n = arg;
    struct why why;
    if (node_reload(n, &why) != OK)
        log_error(n->log, "settings were not read again: %s", why.text);
}

static enum err open_parts(struct node *n, const struct node_cfg *cfg, struct why *why)
{
    enum err code = lock_home(n, why);
    if (code != OK)
        return code;
    n->loop = uv_loop_open(n->log);
    if (cfg->has_tun_helper)
        uv_loop_set_tun_helper(n->loop, cfg->tun_helper, cfg->tun_helper_path);
    logring_clock(n->ring, log_time, n->loop);
    n->started_us = loop_now_us(n->loop);
    n->keys_of_conf = settings_new(&n->key_count);
    n->conf = read_settings(n, why);
    if (!n->conf)
        return why->code;
    if (strlen(conf_text(n->conf, "node.interface")) >= LOOP_INTERFACE_MAX)
        return why_set(why, ERR_LIMIT, "node.interface: \"%s\" is longer than any interface's name",
                       conf_text(n->conf, "node.interface"));
    loop_set_interface(n->loop, conf_text(n->conf, "node.interface"));
    const char *proxy = conf_text(n->conf, "node.proxy");
    if (proxy[0] && !(n->proxy = proxy_parse(proxy, why)))
        return why_in(why, why->code, "node.proxy");
    loop_set_proxy(n->loop, n->proxy ? &n->proxy->socks : NULL);
    if ((code = load_identity(n, why)) != OK)
        return code;
    n->policy = policy_new();
    n->bus = bus_new();
    n->jobs = jobs_new(n->bus);
    n->metrics = metrics_new();
    n->traffic = traffic_new();
    node_day_load(n);
    load_policy(n);
    on_minute(n);
    if ((code = start_apps(n, why)) != OK || (code = start_api(n, why)) != OK)
        return code;
    if (cfg->signals) {
        uv_loop_on_signal(n->loop, SIGTERM, on_end_signal, n);
        uv_loop_on_signal(n->loop, SIGINT, on_end_signal, n);
        uv_loop_on_signal(n->loop, SIGHUP, on_reload_signal, n);
    }
    return OK;
}

struct node *node_open(const struct node_cfg *cfg, struct why *why)
{
    struct node *n = MEM_NEW(struct node);
    paths_init(&n->paths, cfg->home);
    snprintf(n->http, sizeof n->http, "off");
    n->home_given = cfg->home_given;
    n->vfs = vfs_os();
    n->sink = cfg->sink;
    n->sink_arg = cfg->sink_arg;
    n->ring = logring_new(on_log_line, n);
    n->log = log_new(LOG_INFO, logring_sink, n->ring);
    n->set_count = cfg->set_count;
    n->set = mem_array(cfg->set_count, sizeof *n->set);
    for (size_t i = 0; i < cfg->set_count; i++)
        n->set[i] = mem_strdup(cfg->set[i]);
    if (open_parts(n, cfg, why) == OK) {
        log_info(n->log, "ready peer_id=%s http=%s socket=%s version=%s", keys_peer_id(n->keys),
                 node_http(n), n->paths.socket, SHOAL_VERSION);
        return n;
    }
    node_close(n);
    return NULL;
}

void node_run(struct node *n)
{
    uv_loop_run(n->loop);
}

static void end_if_all_stopped(struct node *n)
{
    for (size_t i = 0; i < n->app_count; i++)
        if (n->apps[i].stopping)
            return;
    timer_cancel(n->stop_deadline);
    n->stop_deadline = NULL;
    uv_loop_stop(n->loop);
}

static void on_app_stopped(void *arg)
{
    struct node_app *a = arg;
    a->stopping = false;
    end_if_all_stopped(a->node);
}

static void on_stop_deadline(void *arg)
{
    struct node *n = arg;
    n->stop_deadline = NULL;
    for (size_t i = 0; i < n->app_count; i++)
        if (n->apps[i].stopping)
            log_warn(n->log, "%s did not end in time", n->apps[i].ops->name);
    uv_loop_stop(n->loop);
}

void node_stop(struct node *n)
{
    if (n->stopping)
        return;
    n->stopping = true;
    log_info(n->log, "stopping");
    node_note_traffic(n);
    node_day_keep(n, true);
    join_apps(n, false);
    n->stop_deadline = timer_start(n->loop, APP_STOP_US, on_stop_deadline, n);
    for (size_t i = n->app_count; i-- > 0;)
        n->apps[i].stopping = n->apps[i].app != NULL;
    for (size_t i = n->app_count; i-- > 0;)
        if (n->apps[i].app)
            n->apps[i].ops->stop(n->apps[i].app, on_app_stopped, &n->apps[i]);
    end_if_all_stopped(n);
}

void node_close(struct node *n)
{
    if (!n)
        return;
    api_close(n->api);
    join_apps(n, false);
    for (size_t i = n->app_count; i-- > 0;) {
        struct node_app *a = &n->apps[i];
        if (a->app)
            a->ops->free(a->app);
        db_close(a->db);
        log_free(a->log);
    }
    timer_cancel(n->minute);
    timer_cancel(n->stop_deadline);
    metrics_free(n->metrics);
    traffic_free(n->traffic);
    jobs_free(n->jobs);
    bus_free(n->bus);
    policy_free(n->policy);
    keys_free(n->keys);
    conf_free(n->conf);
    free(n->keys_of_conf);
    logring_clock(n->ring, NULL, NULL);
    if (n->loop)
        uv_loop_finish(n->loop);
    proxy_free(n->proxy);
    vfile_close(n->lock);
    log_free(n->log);
    logring_free(n->ring);
    for (size_t i = 0; i < n->set_count; i++)
        free(n->set[i]);
    free(n->set);
    paths_done(&n->paths);
    free(n);
}

const char *node_http(const struct node *n)
{
    return n->http;
}
