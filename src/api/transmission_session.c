/* The session: what it tells, its totals, and what is asked of the node. */
#include "api/transmission_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- session-get and session-set ---- */

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
    rpc_settings_tell(r);
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
    rpc_settings_read(r, tell_session);
}

static void session_set(struct rpc *r)
{
    rpc_settings_read(r, rpc_settings_set);
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
                 {"group_get", rpc_group_get, TNAME_KEBAB},
                 {"group_set", rpc_group_set, TNAME_KEBAB}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0) {
            *style = table[i].style;
            return table[i].act;
        }
    return NULL;
}
