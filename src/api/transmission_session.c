/* The session: its settings are lines of shoal.conf, its totals the files app's. */
#include "api/transmission_int.h"
#include "base/conf.h"
#include "base/mem.h"
#include "core/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 64 };

/* ---- shoal.conf ---- */

/* "" for a key that this node does not have. */
static const char *setting(const struct rpc *r, const char *key)
{
    const char *v = json_string_value(json_object_get(r->settings, key));
    return v ? v : "";
}

static void got_settings(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    size_t i;
    const json_t *row;
    if (!result) {
        rpc_fail(r, RPC_SYSTEM_ERROR, "%s", message);
        return;
    }
    r->settings = json_object();
    json_array_foreach(result, i, row) {
        const char *key = json_string_value(json_object_get(row, "key"));
        if (key)
            json_object_set(r->settings, key, json_object_get(row, "value"));
    }
}

static void with_settings(struct rpc *r, rpc_step *then)
{
    r->then = then;
    rpc_call(r, "config.ls", json_object(), got_settings, 0);
}

static void change(struct rpc *r, const char *key, const char *value)
{
    if (json_object_get(r->settings, key) && strcmp(setting(r, key), value) != 0)
        rpc_call(r, "config.set", json_pack("{s:s, s:s}", "key", key, "value", value), rpc_must, 0);
}

/* ---- switches ---- */

static const struct {
    const char *name, *key, *on, *off;
} switches[] = {
    {"dht_enabled", "files.dht", "on", "off"},
    {"lpd_enabled", "files.lsd", "on", "off"},
    {"pex_enabled", "files.pex", "on", "off"},
    {"port_forwarding_enabled", "files.port-mapping", "on", "off"},
    {"start_added_torrents", "files.start", "on", "off"},
    {"alt_speed_enabled", "limits.alt", "on", "off"},
};
enum { SWITCHES = sizeof switches / sizeof switches[0] };

static bool is_on(const char *value)
{
    return strcmp(value, "on") == 0 || strcmp(value, "yes") == 0 || strcmp(value, "true") == 0;
}

/* ---- numbers, and the switch of each ---- */

enum number_kind { PLAIN, MINUTES, RATIO, RATE };

/* Off is one value of the setting; the number then waits on the shelf. */
static const struct number {
    const char *enabled, *name, *key, *off;
    enum number_kind kind;
    double fallback;
} numbers[] = {
    {"download_queue_enabled", "download_queue_size", "files.download-queue", "0", PLAIN, 5},
    {"seed_queue_enabled", "seed_queue_size", "files.seed-queue", "0", PLAIN, 10},
    {"queue_stalled_enabled", "queue_stalled_minutes", "files.queue-stalled", "0", MINUTES, 30},
    {"idle_seeding_limit_enabled", "idle_seeding_limit", "files.idle-limit", "0", MINUTES, 30},
    {"seed_ratio_limited", "seed_ratio_limit", "files.ratio-limit", "off", RATIO, 2},
    {"speed_limit_up_enabled", "speed_limit_up", "limits.up", "off", RATE, 100},
    {"speed_limit_down_enabled", "speed_limit_down", "limits.down", "off", RATE, 100},
    {NULL, "alt_speed_up", "limits.alt-up", "off", RATE, 50},
    {NULL, "alt_speed_down", "limits.alt-down", "off", RATE, 50},
    {NULL, "peer_limit_global", "files.connections", NULL, PLAIN, 100},
    {NULL, "peer_limit_per_torrent", "files.torrent-connections", NULL, PLAIN, 50},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

/* As the RPC counts it; 0 for off and for what cannot be read. */
static double value_of(const struct number *n, const char *text)
{
    int64_t v = 0;
    switch (n->kind) {
    case PLAIN:
        return strtod(text, NULL);
    case MINUTES:
        return conf_parse_number(CONF_TIME, text, &v, NULL) == OK ? (double)(v / 60) : 0;
    case RATIO:
        return strcmp(text, "off") == 0 ? -1 : strtod(text, NULL);
    case RATE:
        return conf_parse_number(CONF_RATE, text, &v, NULL) == OK ? (double)(v / RATE_UNIT) : 0;
    }
    return 0;
}

/* As shoal.conf has it. */
static void text_of(const struct number *n, double v, char out[VALUE_MAX])
{
    switch (n->kind) {
    case PLAIN:
        snprintf(out, VALUE_MAX, "%.0f", v);
        return;
    case MINUTES:
        snprintf(out, VALUE_MAX, "%.0fs", v * 60);
        return;
    case RATIO:
        snprintf(out, VALUE_MAX, "%.4f", v);
        return;
    case RATE:
        snprintf(out, VALUE_MAX, "%.0f", v * RATE_UNIT);
        return;
    }
}

static bool is_off(const struct number *n, const char *text)
{
    double v = value_of(n, text);
    return n->off && (n->kind == RATIO ? v < 0 : v <= 0);
}

static json_t *number_json(const struct number *n, double v)
{
    return n->kind == RATIO ? json_real(v) : json_integer((json_int_t)v);
}

static void tell_number(struct rpc *r, const struct number *n)
{
    const char *text = setting(r, n->key);
    bool off = is_off(n, text);
    const json_t *shelved = json_object_get(r->t->shelf, n->name);
    double idle = json_is_number(shelved) ? json_number_value(shelved) : n->fallback;
    if (!json_object_get(r->settings, n->key))
        return;
    json_object_set_new(r->out, n->name, number_json(n, off ? idle : value_of(n, text)));
    if (n->enabled)
        json_object_set_new(r->out, n->enabled, json_boolean(!off));
}

static void set_number(struct rpc *r, const struct number *n)
{
    double v, most = 1e12;
    char text[VALUE_MAX];
    const char *now = setting(r, n->key);
    bool given = rpc_number(r, n->name, &v) && v >= 0 && v < most;
    bool said = n->enabled && json_object_get(r->args, n->enabled);
    bool on = !n->enabled || (said ? rpc_flag(r, n->enabled) : !is_off(n, now));
    if (!given && !said)
        return;
    if (given)
        json_object_set_new(r->t->shelf, n->name, json_real(v));
    else if (!is_off(n, now))
        json_object_set_new(r->t->shelf, n->name, json_real(value_of(n, now)));
    const json_t *shelved = json_object_get(r->t->shelf, n->name);
    text_of(n, json_is_number(shelved) ? json_number_value(shelved) : n->fallback, text);
    if (on || n->off)
        change(r, n->key, on ? text : n->off);
}

/* ---- encryption, transports, folder, port ---- */

static const struct {
    const char *theirs, *ours;
} encryptions[] = {
    {"preferred", "prefer"}, {"required", "require"}, {"allowed", "off"}, {"tolerated", "off"}};

static void tell_encryption(struct rpc *r)
{
    const char *mode = setting(r, "files.encryption");
    for (size_t i = 0; i < 3; i++)
        if (strcmp(encryptions[i].ours, mode) == 0)
            json_object_set_new(
                r->out, "encryption",
                json_string(!r->legacy || i != 2 ? encryptions[i].theirs : "tolerated"));
}

static void set_encryption(struct rpc *r)
{
    const char *mode = rpc_text(r, "encryption");
    for (size_t i = 0; mode && i < sizeof encryptions / sizeof *encryptions; i++)
        if (strcmp(encryptions[i].theirs, mode) == 0)
            change(r, "files.encryption", encryptions[i].ours);
}

static void tell_transports(struct rpc *r)
{
    const char *t = setting(r, "files.transports");
    bool tcp = strcmp(t, "utp") != 0, utp = strcmp(t, "tcp") != 0;
    json_t *list = json_array();
    if (utp)
        json_array_append_new(list, json_string("utp"));
    if (tcp)
        json_array_append_new(list, json_string("tcp"));
    json_object_set_new(r->out, "preferred_transports", list);
    json_object_set_new(r->out, "tcp_enabled", json_boolean(tcp));
    json_object_set_new(r->out, "utp_enabled", json_boolean(utp));
}

static void set_transports(struct rpc *r)
{
    const json_t *list = rpc_list(r, "preferred_transports");
    const char *now = setting(r, "files.transports");
    bool tcp = strcmp(now, "utp") != 0, utp = strcmp(now, "tcp") != 0;
    if (json_object_get(r->args, "utp_enabled"))
        utp = rpc_flag(r, "utp_enabled");
    if (list) {
        size_t i;
        const json_t *v;
        tcp = utp = false;
        json_array_foreach(list, i, v) {
            tcp |= json_is_string(v) && strcmp(json_string_value(v), "tcp") == 0;
            utp |= json_is_string(v) && strcmp(json_string_value(v), "utp") == 0;
        }
    }
    if (tcp || utp)
        change(r, "files.transports", tcp && utp ? "both" : tcp ? "tcp" : "utp");
}

static const char *download_dir(const struct rpc *r)
{
    const char *dir = setting(r, "files.dir");
    return *dir ? dir : r->t->cfg.download_dir;
}

static void set_dir(struct rpc *r)
{
    const char *dir = rpc_text(r, "download_dir");
    if (dir && dir[0] != '/')
        rpc_fail(r, RPC_PATH_NOT_ABSOLUTE, "download directory path is not absolute");
    else if (dir && strcmp(dir, download_dir(r)) != 0)
        change(r, "files.dir", dir);
}

/* The port of "0.0.0.0:6881"; the address stays. */
static void set_port(struct rpc *r)
{
    double port;
    const char *listen = setting(r, "files.listen"), *colon = strrchr(listen, ':');
    bool random = json_object_get(r->args, "peer_port_random_on_start") &&
                  rpc_flag(r, "peer_port_random_on_start");
    bool given = rpc_number(r, "peer_port", &port) && port >= 1 && port <= 65535;
    if (!colon || (!given && !random))
        return;
    char *value = mem_printf("%.*s:%.0f", (int)(colon - listen), listen, random ? 0.0 : port);
    change(r, "files.listen", value);
    free(value);
}

/* ---- the slow hours ---- */

/* tr_sched_day: bit 0 is Sunday; core/schedule.h's is Monday. */
static unsigned days_theirs(uint8_t ours)
{
    return (((unsigned)ours << 1) | ((unsigned)ours >> 6)) & 0x7f;
}

static uint8_t days_ours(unsigned theirs)
{
    return (uint8_t)(((theirs >> 1) | (theirs << 6)) & 0x7f);
}

/* What the setting says, or what waits on the shelf while it is off. */
static struct schedule slow_hours(const struct rpc *r, bool *on)
{
    struct schedule s;
    const json_t *shelved = json_object_get(r->t->shelf, "alt_speed_time");
    const char *when = setting(r, "limits.alt-when");
    *on = *when && schedule_parse(when, &s, NULL) == OK;
    if (!*on && (!shelved || schedule_parse(json_string_value(shelved), &s, NULL)))
        s = (struct schedule){0x7f, 9 * 60, 17 * 60}; /* Transmission's own */
    return s;
}

static void tell_slow_hours(struct rpc *r)
{
    bool on;
    struct schedule s = slow_hours(r, &on);
    if (!json_object_get(r->settings, "limits.alt-when"))
        return;
    json_object_set_new(r->out, "alt_speed_time_enabled", json_boolean(on));
    json_object_set_new(r->out, "alt_speed_time_begin", json_integer(s.from));
    json_object_set_new(r->out, "alt_speed_time_end", json_integer(s.to % DAY_MINUTES));
    json_object_set_new(r->out, "alt_speed_time_day", json_integer(days_theirs(s.days)));
}

static void set_slow_hours(struct rpc *r)
{
    bool on;
    double v;
    struct schedule s = slow_hours(r, &on);
    char text[SCHEDULE_TEXT];
    if (rpc_number(r, "alt_speed_time_begin", &v) && v >= 0 && v < DAY_MINUTES)
        s.from = (uint16_t)v;
    if (rpc_number(r, "alt_speed_time_end", &v) && v >= 0 && v < DAY_MINUTES)
        s.to = v > 0 ? (uint16_t)v : DAY_MINUTES;
    if (rpc_number(r, "alt_speed_time_day", &v) && v >= 1 && v <= 127)
        s.days = days_ours((unsigned)v);
    if (json_object_get(r->args, "alt_speed_time_enabled"))
        on = rpc_flag(r, "alt_speed_time_enabled");
    schedule_text(&s, text);
    json_object_set_new(r->t->shelf, "alt_speed_time", json_string(text));
    change(r, "limits.alt-when", on ? text : "");
}

/* ---- session-get ---- */

static json_t *units(void)
{
    return json_pack("{s:[s,s,s,s], s:i, s:[s,s,s,s], s:i, s:[s,s,s,s], s:i}", "speed_units",
                     "kB/s", "MB/s", "GB/s", "TB/s", "speed_bytes", 1000, "size_units", "kB", "MB",
                     "GB", "TB", "size_bytes", 1000, "memory_units", "KiB", "MiB", "GiB", "TiB",
                     "memory_bytes", 1024);
}

static void got_status(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    (void)message;
    json_t *port = json_object_get(json_object_get(result, "files"), "port");
    if (port)
        json_object_set(r->out, "peer_port", port);
}

static void got_paths(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    (void)message;
    json_t *data = json_object_get(result, "data");
    if (data)
        json_object_set(r->out, "config_dir", data);
}

/* What is never so here, said since clients ask. */
static void tell_constants(struct rpc *r)
{
    static const char *const no[] = {"incomplete_dir_enabled",
                                     "rename_partial_files",
                                     "script_torrent_added_enabled",
                                     "script_torrent_done_enabled",
                                     "script_torrent_done_seeding_enabled",
                                     "trash_original_torrent_files",
                                     "sequential_download"};
    static const char *const empty[] = {"script_torrent_added_filename",
                                        "script_torrent_done_filename",
                                        "script_torrent_done_seeding_filename", "default_trackers"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        json_object_set_new(r->out, no[i], json_false());
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        json_object_set_new(r->out, empty[i], json_string(""));
    json_object_set_new(r->out, "anti_brute_force_enabled", json_true());
    json_object_set_new(r->out, "units", units());
}

static void tell_version(struct rpc *r)
{
    const struct transmission *t = r->t;
    /* Sonarr and others look for a number of at least 2.40 here; ours follows in brackets. */
    json_object_set_new(r->out, "version", json_sprintf("4.1.0 (Shoal %s)", t->cfg.version));
    json_object_set_new(r->out, "rpc_version", json_integer(18));
    json_object_set_new(r->out, "rpc_version_minimum", json_integer(14));
    json_object_set_new(r->out, "rpc_version_semver", json_string("6.0.0"));
    json_object_set_new(r->out, "session_id", json_string(t->session));
}

static void tell_dirs(struct rpc *r)
{
    uint64_t bytes = 0;
    const char *dir = download_dir(r), *listen = setting(r, "files.listen");
    const char *colon = strrchr(listen, ':');
    json_object_set_new(r->out, "download_dir", json_string(dir));
    json_object_set_new(r->out, "incomplete_dir", json_string(dir));
    if (vfs_free_bytes(r->t->cfg.vfs, dir, &bytes, NULL) == OK)
        json_object_set_new(r->out, "download_dir_free_space", json_integer((json_int_t)bytes));
    json_object_set_new(r->out, "peer_port_random_on_start",
                        json_boolean(colon && strcmp(colon, ":0") == 0));
}

/* Transmission's block list is one of addresses: our IP filters. */
static void got_blocked(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    (void)message;
    json_int_t n = 0;
    size_t i;
    const json_t *list;
    json_array_foreach(json_object_get(result, "ip_filters"), i, list) {
        n += json_integer_value(json_object_get(list, "entries"));
    }
    json_object_set_new(r->out, "blocklist_size", json_integer(n));
}

static void tell_blocklist(struct rpc *r)
{
    const char *sources = setting(r, "files.ip-filter");
    const char *shelved = json_string_value(json_object_get(r->t->shelf, "blocklist_url"));
    json_object_set_new(r->out, "blocklist_enabled", json_boolean(*sources != '\0'));
    json_object_set_new(r->out, "blocklist_url",
                        json_string(*sources  ? sources
                                    : shelved ? shelved
                                              : ""));
}

static void set_blocklist(struct rpc *r)
{
    const char *url = rpc_text(r, "blocklist_url"), *now = setting(r, "files.ip-filter");
    const char *shelved = json_string_value(json_object_get(r->t->shelf, "blocklist_url"));
    bool said = json_object_get(r->args, "blocklist_enabled");
    bool on = said ? rpc_flag(r, "blocklist_enabled") : *now != '\0';
    if (!url)
        url = *now ? now : shelved ? shelved : "";
    if (!said && !rpc_text(r, "blocklist_url"))
        return;
    char *kept = mem_strdup(url);
    json_object_set_new(r->t->shelf, "blocklist_url", json_string(kept));
    change(r, "files.ip-filter", on ? kept : "");
    free(kept);
}

/* Only what args.fields names, when it names any; in its spelling. */
static void pick_fields(struct rpc *r)
{
    const json_t *fields = rpc_list(r, "fields");
    if (!fields)
        return;
    json_t *picked = json_object();
    size_t i;
    const json_t *name;
    json_array_foreach(fields, i, name) {
        char snake[TNAME_MAX] = "";
        if (json_is_string(name))
            tname_snake(json_string_value(name), snake);
        json_t *v = json_object_get(r->out, snake);
        if (v)
            json_object_set(picked, snake, v);
    }
    json_decref(r->out);
    r->out = picked;
}

static void tell_session(struct rpc *r)
{
    tell_version(r);
    tell_constants(r);
    tell_dirs(r);
    for (size_t i = 0; i < SWITCHES; i++)
        if (json_object_get(r->settings, switches[i].key))
            json_object_set_new(r->out, switches[i].name,
                                json_boolean(is_on(setting(r, switches[i].key))));
    for (size_t i = 0; i < NUMBERS; i++)
        tell_number(r, &numbers[i]);
    tell_encryption(r);
    tell_transports(r);
    tell_slow_hours(r);
    tell_blocklist(r);
    r->then = pick_fields;
    if (rpc_has(r, "node.status"))
        rpc_call(r, "node.status", json_object(), got_status, 0);
    if (rpc_has(r, "node.paths"))
        rpc_call(r, "node.paths", json_object(), got_paths, 0);
    if (rpc_has(r, "file.blocklist"))
        rpc_call(r, "file.blocklist", json_object(), got_blocked, 0);
}

static void session_get(struct rpc *r)
{
    with_settings(r, tell_session);
}

/* ---- session-set ---- */

static void set_all(struct rpc *r)
{
    for (size_t i = 0; i < SWITCHES; i++)
        if (json_object_get(r->args, switches[i].name))
            change(r, switches[i].key,
                   rpc_flag(r, switches[i].name) ? switches[i].on : switches[i].off);
    for (size_t i = 0; i < NUMBERS; i++)
        set_number(r, &numbers[i]);
    set_encryption(r);
    set_transports(r);
    set_slow_hours(r);
    set_blocklist(r);
    set_dir(r);
    set_port(r);
}

static void session_set(struct rpc *r)
{
    with_settings(r, set_all);
}

/* ---- session-stats ---- */

static json_t *totals(const json_t *t)
{
    static const char *const names[][2] = {{"uploaded_bytes", "uploaded"},
                                           {"downloaded_bytes", "downloaded"},
                                           {"files_added", "added"},
                                           {"session_count", "sessions"},
                                           {"seconds_active", "active_s"}};
    json_t *o = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set_new(o, names[i][0],
                            json_integer(json_integer_value(json_object_get(t, names[i][1]))));
    return o;
}

static void got_stats(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    static const char *const names[][2] = {{"active_torrent_count", "active"},
                                           {"paused_torrent_count", "paused"},
                                           {"torrent_count", "torrents"},
                                           {"download_speed", "down_rate"},
                                           {"upload_speed", "up_rate"}};
    if (!result) {
        rpc_fail(r, RPC_SYSTEM_ERROR, "%s", message);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set(r->out, names[i][0], json_object_get(result, names[i][1]));
    json_object_set_new(r->out, "cumulative_stats", totals(json_object_get(result, "ever")));
    json_object_set_new(r->out, "current_stats", totals(json_object_get(result, "now")));
}

static void session_stats(struct rpc *r)
{
    rpc_call(r, "file.stats", json_object(), got_stats, 0);
}

/* ---- the rest ---- */

static void free_space(struct rpc *r)
{
    const char *path = rpc_text(r, "path");
    struct why why;
    uint64_t bytes = 0;
    if (!path || path[0] != '/') {
        rpc_fail(r, RPC_PATH_NOT_ABSOLUTE, "directory path is not absolute");
        return;
    }
    /* rpc-spec 4.7; a folder that is not there yet has no space, and Transmission says -1. */
    bool known = vfs_free_bytes(r->t->cfg.vfs, path, &bytes, &why) == OK;
    json_object_set_new(r->out, "path", json_string(path));
    json_object_set_new(r->out, "size_bytes", json_integer(known ? (json_int_t)bytes : -1));
}

static void got_port(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!result)
        rpc_fail(r, RPC_HTTP_ERROR, "%s", message);
    else
        json_object_set_new(r->out, "port_is_open",
                            json_boolean(json_is_true(json_object_get(result, "open"))));
}

/* Transmission asks a server of its own; we ask nobody behind the owner's back, and tell what is
 * known: false is "not known to be open". */
static void port_test(struct rpc *r)
{
    if (rpc_has(r, "file.reach"))
        rpc_call(r, "file.reach", json_object(), got_port, 0);
    else
        rpc_fail(r, RPC_HTTP_ERROR, "this node asks no server whether its port is open");
}

/* Lists are read again by themselves when they change. */
static void blocklist_update(struct rpc *r)
{
    if (rpc_has(r, "file.blocklist"))
        rpc_call(r, "file.blocklist", json_object(), got_blocked, 0);
    else
        json_object_set_new(r->out, "blocklist_size", json_integer(0));
}

static void session_close(struct rpc *r)
{
    rpc_call(r, "node.stop", json_object(), rpc_must, 0);
}

/* ---- groups ---- */

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

static void group_get(struct rpc *r)
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

static void group_set(struct rpc *r)
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

/* ---- the table ---- */

rpc_step *session_method(const char *name, enum tname_style *style)
{
    static const struct {
        const char *name;
        rpc_step *act;
        enum tname_style style; /* of the legacy answer */
    } table[] = {{"session_get", session_get, TNAME_KEBAB},
                 {"session_set", session_set, TNAME_KEBAB},
                 {"session_stats", session_stats, TNAME_CAMEL},
                 {"session_close", session_close, TNAME_CAMEL},
                 {"free_space", free_space, TNAME_KEBAB},
                 {"port_test", port_test, TNAME_KEBAB},
                 {"blocklist_update", blocklist_update, TNAME_KEBAB},
                 {"group_get", group_get, TNAME_KEBAB},
                 {"group_set", group_set, TNAME_KEBAB}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0) {
            *style = table[i].style;
            return table[i].act;
        }
    return NULL;
}
