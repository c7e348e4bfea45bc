#include "api/transmission_fields.h"
#include "api/transmission_int.h"
#include "base/mem.h"

#include <string.h>

enum { RATE_UNIT = 1000, FIELDS_MAX = 128 };

static const char *id_of(const json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    return id ? id : "";
}

static const char *text_arg(const struct rpc *r, const char *name)
{
    return json_string_value(json_object_get(r->args, name));
}

static json_t *int_arg(const struct rpc *r, const char *name)
{
    json_t *v = json_object_get(r->args, name);
    return json_is_integer(v) ? v : NULL;
}

static json_t *with_id(const json_t *row)
{
    return json_pack("{s:s}", "id", id_of(row));
}

static void got_done(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!result)
        rpc_fail(r, "%s", message);
}

/* ---- torrent-get ---- */

static bool wants_show(const struct rpc *r)
{
    size_t i;
    const json_t *name;
    json_array_foreach(json_object_get(r->args, "fields"), i, name) {
        const struct tfield *f = json_is_string(name) ? tfield_find(json_string_value(name)) : NULL;
        if (f && tfield_needs_show(f))
            return true;
    }
    return false;
}

/* The fields that were asked for and that we know, each once. */
static size_t known_fields(const struct rpc *r, const struct tfield *out[FIELDS_MAX])
{
    size_t i, n = 0;
    const json_t *name;
    json_array_foreach(json_object_get(r->args, "fields"), i, name) {
        const struct tfield *f = json_is_string(name) ? tfield_find(json_string_value(name)) : NULL;
        bool had = !f;
        for (size_t k = 0; k < n; k++)
            had |= out[k] == f;
        if (!had && n < FIELDS_MAX)
            out[n++] = f;
    }
    return n;
}

static json_t *as_object(const struct tfield *const *fields, size_t n, const json_t *row, int id)
{
    json_t *o = json_object();
    for (size_t i = 0; i < n; i++)
        json_object_set_new(o, tfield_name(fields[i]), tfield_get(fields[i], row, id));
    return o;
}

static json_t *as_list(const struct tfield *const *fields, size_t n, const json_t *row, int id)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, tfield_get(fields[i], row, id));
    return a;
}

/* rpc-spec 3.3: "removed", for ids "recently-active". */
static void add_removed(struct rpc *r)
{
    const struct transmission *t = r->t;
    const char *ids = text_arg(r, "ids");
    if (!ids || strcmp(ids, "recently-active") != 0)
        return;
    json_t *list = json_array();
    uint64_t now_us = loop_now_us(t->loop);
    for (size_t i = 0; i < TRANSMISSION_REMOVED_MAX; i++)
        if (t->removed[i].id > 0 && now_us - t->removed[i].at_us <= TRANSMISSION_RECENT_US)
            json_array_append_new(list, json_integer(t->removed[i].id));
    json_object_set_new(r->out, "removed", list);
}

static void tell_torrents(struct rpc *r)
{
    const struct tfield *fields[FIELDS_MAX];
    size_t n = known_fields(r, fields), i;
    const char *format = text_arg(r, "format");
    bool table = format && strcmp(format, "table") == 0;
    json_t *list = json_array();
    if (table) {
        json_t *head = json_array();
        for (size_t k = 0; k < n; k++)
            json_array_append_new(head, json_string(tfield_name(fields[k])));
        json_array_append_new(list, head);
    }
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        int id = transmission_number(r->t, row);
        json_array_append_new(list,
                              table ? as_list(fields, n, row, id) : as_object(fields, n, row, id));
    }
    json_object_set_new(r->out, "torrents", list);
    add_removed(r);
}

static void got_show(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)message; /* it was removed meanwhile: what file.ls said of it stays */
    if (result)
        json_array_set(r->rows, at, result);
}

static void show_each(struct rpc *r)
{
    r->then = tell_torrents;
    size_t i;
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        rpc_call(r, "file.show", with_id(row), got_show, i);
    }
}

static void torrent_get(struct rpc *r)
{
    if (json_is_array(json_object_get(r->args, "fields")))
        rpc_choose(r, wants_show(r) ? show_each : tell_torrents);
    else
        rpc_fail(r, "no fields specified");
}

/* ---- torrent-add ---- */

static void got_added(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!result) {
        rpc_fail(r, "%s", message);
        return;
    }
    bool had = json_is_true(json_object_get(result, "existing"));
    json_t *torrent = json_pack("{s:i, s:O?, s:O?}", "id", transmission_number(r->t, result),
                                "name", json_object_get(result, "name"), "hashString",
                                json_object_get(result, "infohash_v1"));
    json_object_set_new(r->out, had ? "torrent-duplicate" : "torrent-added", torrent);
}

static void torrent_add(struct rpc *r)
{
    const char *link = text_arg(r, "filename"), *metainfo = text_arg(r, "metainfo");
    const char *dir = text_arg(r, "download-dir");
    if (!metainfo && (!link || strncmp(link, "magnet:", 7) != 0)) {
        rpc_fail(r, "give a magnet link as filename, or the .torrent itself as metainfo: this node "
                    "reads neither files nor addresses for a client");
        return;
    }
    json_t *params = json_object();
    if (metainfo)
        rpc_param(r, "file.get", params, "torrent", json_string(metainfo));
    else
        rpc_param(r, "file.get", params, "link", json_string(link));
    if (dir && *dir)
        rpc_param(r, "file.get", params, "dir", json_string(dir));
    if (json_is_true(json_object_get(r->args, "paused")))
        rpc_param(r, "file.get", params, "paused", json_true());
    rpc_call(r, "file.get", params, got_added, 0);
}

/* ---- what is done to each chosen torrent ---- */

static void each(struct rpc *r, const char *method)
{
    size_t i;
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        rpc_call(r, method, with_id(row), got_done, i);
    }
}

static void start_each(struct rpc *r)
{
    each(r, "file.resume");
}

static void stop_each(struct rpc *r)
{
    each(r, "file.pause");
}

static void verify_each(struct rpc *r)
{
    each(r, "file.verify");
}

static void reannounce_each(struct rpc *r)
{
    each(r, "file.reannounce");
}

static void remove_each(struct rpc *r)
{
    bool with_data = json_is_true(json_object_get(r->args, "delete-local-data"));
    size_t i;
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        json_t *params = with_id(row);
        if (with_data)
            json_object_set_new(params, "with_data", json_true());
        rpc_call(r, "file.rm", params, got_done, i);
    }
}

static void torrent_start(struct rpc *r)
{
    rpc_choose(r, start_each);
}

static void torrent_stop(struct rpc *r)
{
    rpc_choose(r, stop_each);
}

static void torrent_verify(struct rpc *r)
{
    rpc_choose(r, verify_each);
}

static void torrent_reannounce(struct rpc *r)
{
    rpc_choose(r, reannounce_each);
}

static void torrent_remove(struct rpc *r)
{
    if (json_object_get(r->args, "ids")) /* never all of them by a slip */
        rpc_choose(r, remove_each);
    else
        rpc_fail(r, "no ids specified");
}

/* ---- torrent-set ---- */

/* A limit in kB/s and its switch, as bytes a second; 0: none; -1: not spoken of. */
static json_int_t limit_arg(const struct rpc *r, const char *limit, const char *on)
{
    const json_t *kb = int_arg(r, limit), *enabled = json_object_get(r->args, on);
    if (json_is_false(enabled))
        return 0;
    if (!kb)
        return -1;
    json_int_t v = json_integer_value(kb);
    return v < 0 || v > INT32_MAX ? -1 : v * RATE_UNIT;
}

static void limit_each(struct rpc *r)
{
    json_int_t up = limit_arg(r, "uploadLimit", "uploadLimited");
    json_int_t down = limit_arg(r, "downloadLimit", "downloadLimited");
    size_t i;
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        json_t *params = with_id(row);
        if (up >= 0)
            json_object_set_new(params, "up", json_integer(up));
        if (down >= 0)
            json_object_set_new(params, "down", json_integer(down));
        if (up >= 0 || down >= 0)
            rpc_call(r, "file.limit", params, got_done, i);
        else
            json_decref(params);
    }
}

/* What would leave the client in a false belief is refused; wishes without effect here (labels,
 * queue, ratio and idle limits, priorities) pass, since Sonarr and others set them as a matter of
 * course after each torrent-add. */
static void torrent_set(struct rpc *r)
{
    static const char *const refused[] = {"files-unwanted", "location",      "trackerAdd",
                                          "trackerList",    "trackerRemove", "trackerReplace"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const json_t *v = json_object_get(r->args, refused[i]);
        if (v && !(json_is_array(v) && json_array_size(v) == 0)) {
            rpc_fail(r, "%s is not supported", refused[i]);
            return;
        }
    }
    rpc_choose(r, limit_each);
}

/* ---- the session ---- */

static void got_policy(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    (void)message; /* without limits, then */
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(result, "now"), i, one) {
        const char *what = json_string_value(json_object_get(one, "what"));
        json_int_t rate = json_integer_value(json_object_get(one, "rate"));
        if (!what || (strcmp(what, "up") != 0 && strcmp(what, "down") != 0))
            continue;
        char *limit = mem_printf("speed-limit-%s", what);
        char *enabled = mem_printf("speed-limit-%s-enabled", what);
        json_object_set_new(r->out, limit, json_integer(rate / RATE_UNIT));
        json_object_set_new(r->out, enabled, json_boolean(rate > 0));
        free(limit);
        free(enabled);
    }
}

/* Only what arguments.fields names, if it is there. */
static void pick_fields(struct rpc *r)
{
    const json_t *fields = json_object_get(r->args, "fields");
    if (!json_is_array(fields))
        return;
    json_t *picked = json_object();
    size_t i;
    const json_t *name;
    json_array_foreach(fields, i, name) {
        json_t *v = json_is_string(name) ? json_object_get(r->out, json_string_value(name)) : NULL;
        if (v)
            json_object_set(picked, json_string_value(name), v);
    }
    json_decref(r->out);
    r->out = picked;
}

static json_t *units(void)
{
    return json_pack("{s:[s,s,s,s], s:i, s:[s,s,s,s], s:i, s:[s,s,s,s], s:i}", "speed-units",
                     "kB/s", "MB/s", "GB/s", "TB/s", "speed-bytes", 1000, "size-units", "kB", "MB",
                     "GB", "TB", "size-bytes", 1000, "memory-units", "KiB", "MiB", "GiB", "TiB",
                     "memory-bytes", 1024);
}

static void session_get(struct rpc *r)
{
    const struct transmission *t = r->t;
    /* Sonarr and others look for a number of at least 2.40 here; ours follows in brackets. */
    char *version = mem_printf("4.0.0 (Shoal %s)", t->version);
    json_decref(r->out);
    r->out =
        json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:b, s:s, s:b, s:i, s:b, s:i, s:b, s:b, s:i, "
                  "s:b, s:i, s:b, s:i, s:b, s:b, s:o}",
                  "version", version, "rpc-version", 17, "rpc-version-minimum", 14,
                  "rpc-version-semver", "5.3.0", "session-id", t->session, "download-dir",
                  t->download_dir, "incomplete-dir-enabled", 0, "incomplete-dir", t->download_dir,
                  "seedRatioLimited", 0, "seedRatioLimit", 0, "idle-seeding-limit-enabled", 0,
                  "idle-seeding-limit", 0, "start-added-torrents", 1, "alt-speed-enabled", 0,
                  "speed-limit-up", 0, "speed-limit-up-enabled", 0, "speed-limit-down", 0,
                  "speed-limit-down-enabled", 0, "download-queue-size", 0, "download-queue-enabled",
                  0, "seed-queue-enabled", 0, "units", units());
    free(version);
    r->then = pick_fields;
    if (routes_named(t->routes, "policy.show").method)
        rpc_call(r, "policy.show", json_object(), got_policy, 0);
}

static void set_limit(struct rpc *r, const char *what, json_int_t rate)
{
    if (rate < 0)
        return;
    char *value = rate > 0 ? mem_printf("%lld", (long long)rate) : mem_strdup("off");
    rpc_call(r, "policy.set", json_pack("{s:s, s:s}", "what", what, "value", value), got_done, 0);
    free(value);
}

static void session_set(struct rpc *r)
{
    json_int_t up = limit_arg(r, "speed-limit-up", "speed-limit-up-enabled");
    json_int_t down = limit_arg(r, "speed-limit-down", "speed-limit-down-enabled");
    if (up < 0 && down < 0) {
        rpc_fail(r, "only the speed limits can be set here; the rest is in shoal.conf");
        return;
    }
    set_limit(r, "up", up);
    set_limit(r, "down", down);
}

static void tell_stats(struct rpc *r)
{
    json_int_t up = 0, down = 0, uploaded = 0, downloaded = 0, paused = 0;
    size_t i, n = json_array_size(r->rows);
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        const char *state = json_string_value(json_object_get(row, "state"));
        paused += state && strcmp(state, "paused") == 0;
        up += json_integer_value(json_object_get(row, "up_rate"));
        down += json_integer_value(json_object_get(row, "down_rate"));
        uploaded += json_integer_value(json_object_get(row, "uploaded"));
        downloaded += json_integer_value(json_object_get(row, "downloaded"));
    }
    json_t *totals =
        json_pack("{s:I, s:I, s:i, s:i, s:i}", "uploadedBytes", uploaded, "downloadedBytes",
                  downloaded, "filesAdded", (int)n, "sessionCount", 1, "secondsActive", 0);
    json_decref(r->out);
    r->out =
        json_pack("{s:I, s:I, s:i, s:I, s:I, s:O, s:o}", "uploadSpeed", up, "downloadSpeed", down,
                  "torrentCount", (int)n, "pausedTorrentCount", paused, "activeTorrentCount",
                  (json_int_t)n - paused, "cumulative-stats", totals, "current-stats", totals);
}

static void session_stats(struct rpc *r)
{
    rpc_choose(r, tell_stats);
}

static void free_space(struct rpc *r)
{
    const char *path = text_arg(r, "path");
    struct why why;
    uint64_t bytes = 0;
    if (!path || path[0] != '/')
        rpc_fail(r, "directory path is not absolute");
    else if (vfs_free_bytes(r->t->vfs, path, &bytes, &why) != OK)
        rpc_fail(r, "%s", why.text);
    else {
        json_object_set_new(r->out, "path", json_string(path));
        json_object_set_new(r->out, "size-bytes", json_integer((json_int_t)bytes));
    }
}

/* All torrents run at once, so each is at the top of a queue already. */
static void queue_move(struct rpc *r)
{
    (void)r;
}

/* ---- the table ---- */

void transmission_do(struct rpc *r, const char *name)
{
    static const struct {
        const char *name;
        void (*act)(struct rpc *r);
    } table[] = {{"torrent-get", torrent_get},       {"session-get", session_get},
                 {"session-stats", session_stats},   {"torrent-add", torrent_add},
                 {"torrent-start", torrent_start},   {"torrent-start-now", torrent_start},
                 {"torrent-stop", torrent_stop},     {"torrent-remove", torrent_remove},
                 {"torrent-verify", torrent_verify}, {"torrent-reannounce", torrent_reannounce},
                 {"torrent-set", torrent_set},       {"session-set", session_set},
                 {"free-space", free_space},         {"queue-move-top", queue_move},
                 {"queue-move-up", queue_move},      {"queue-move-down", queue_move},
                 {"queue-move-bottom", queue_move}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0) {
            table[i].act(r);
            return;
        }
    rpc_fail(r, "method name not recognized");
}
