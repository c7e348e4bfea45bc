/* api/fake_files_test.h - for tests: the methods that Transmission's face calls, over a handful of
 * made-up torrents and settings. */
#ifndef SHOAL_API_FAKE_FILES_TEST_H
#define SHOAL_API_FAKE_FILES_TEST_H

#include "api/fake_test.h"
#include "api/routes.h"
#include "base/buf.h"
#include "net/http.h"

#include <stdlib.h>

/* A lane's work is done when fake_run_for() comes to it. */
struct fake_job {
    lane_fn *work;
    lane_fn *done;
    void *arg;
};

int64_t loop_wall_us(const struct loop *l)
{
    return (int64_t)l->now_us;
}

static inline void fake_work(void *arg)
{
    struct fake_job job = *(struct fake_job *)arg;
    free(arg);
    job.work(job.arg);
    job.done(job.arg);
}

void lane_run(struct loop *l, enum lane lane, lane_fn *work, lane_fn *done, void *arg)
{
    (void)lane;
    struct fake_job *job = MEM_NEW(struct fake_job);
    *job = (struct fake_job){work, done, arg};
    timer_start(l, 0, fake_work, job);
}

/* Every address is a torrent. */
struct http_fetch {
    struct timer *timer;
    http_cb *done;
    void *arg;
};

static inline void fake_fetched(void *arg)
{
    struct http_fetch *f = arg;
    struct http_answer a = {.status = 200, .body = cur_of("de", 2)};
    struct why why = {0};
    f->done(f->arg, &a, &why);
    free(f);
}

struct http_fetch *http_start(struct loop *loop, const struct http_request *rq, http_cb *done,
                              void *arg)
{
    (void)rq;
    struct http_fetch *f = MEM_NEW(struct http_fetch);
    *f = (struct http_fetch){.done = done, .arg = arg};
    f->timer = timer_start(loop, 0, fake_fetched, f);
    return f;
}

void http_cancel(struct http_fetch *f)
{
    if (!f)
        return;
    timer_cancel(f->timer);
    free(f);
}

struct fake_files {
    json_t *rows;     /* all that file.poll can tell of each */
    json_t *settings; /* key -> value */
    bool later;       /* file.poll's answers wait in held */
    struct call *held;
    struct buf did; /* a line for each thing done: "file.pause {...}" */
    bool fails;
};

static inline json_t *fake_row(int number, char digit, const char *name, const char *state)
{
    char hash[41];
    memset(hash, digit, 40);
    hash[40] = '\0';
    json_t *row = json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:i, s:f, s:i, s:i, s:i, s:i, s:f, "
                            "s:n, s:i, s:n, s:s, s:i}",
                            "id", hash, "number", number, "name", name, "state", state, "size",
                            1000, "done", 250, "left", 750, "progress", 0.25, "up_rate", 5,
                            "down_rate", 7, "uploaded", 100, "downloaded", 300, "ratio", 0.5,
                            "eta_s", "peers", 3, "error", "dir", "/d", "added_s", 1767225600);
    json_t *more = json_pack(
        "{s:s, s:b, s:[s,s], s:s, s:s, s:f, s:s, s:i, s:i, s:i, s:i, s:b, s:i, s:i, s:s}", "magnet",
        "magnet:?xt=urn:btih:x", "private", 0, "labels", "tv", "hd", "weight", "low",
        "ratio_limit_from", "node", "own_ratio_limit", 1.25, "idle_limit_from", "own",
        "own_idle_limit_s", 1800, "queue", number - 1, "up_limit", 5000, "down_limit", 0,
        "free_of_node", 1, "file_count", 2, "wanted", 1000, "comment", "hello");
    json_t *deep = json_pack(
        "{s:[{s:i, s:s, s:i, s:i, s:s}, {s:i, s:s, s:i, s:i, s:s}], s:[{s:s, s:s, s:s, s:i, s:i, "
        "s:i, s:f, "
        "s:b, s:b, s:b, s:b}], s:[{s:s, s:i, s:s, s:s, s:i, s:i, s:n}, {s:s, s:i, s:s, s:s, s:i, "
        "s:i, s:i}], s:{s:i, s:s}, s:{s:i, s:i}}",
        "files", "index", 0, "path", "n/a", "size", 600, "done", 250, "priority", "high", "index",
        2, "path", "n/b", "size", 400, "done", 0, "priority", "skip", "peer_list", "addr",
        "[2001:db8::1]:6881", "client", "X 1", "encrypted", "rc4", "down_rate", 7, "up_rate", 0,
        "downloaded", 70, "progress", 0.5, "we_want", 1, "we_may", 1, "it_wants", 0, "incoming", 1,
        "trackers", "url", "http://t.example.org:80/a", "tier", 0, "state", "working", "error", "",
        "seeders", 4, "leechers", 2, "next_s", "url", "udp://10.0.0.1:6969", "tier", 1, "state",
        "failed", "error", "timed out", "seeders", -1, "leechers", -1, "next_s", 60, "pieces",
        "count", 4, "bitfield", "gA==", "peers_from", "dht", 2, "pex", 1);
    json_object_update(row, more);
    json_object_update(row, deep);
    json_decref(more);
    json_decref(deep);
    return row;
}

static inline void fake_note(struct fake_files *f, const char *what, struct call *c)
{
    char *params = json_dumps(call_params(c), JSON_COMPACT | JSON_SORT_KEYS);
    buf_printf(&f->did, "%s %s\n", what, params);
    free(params);
}

/* What was done since the last time, a line each; free() it. */
static inline char *fake_did(struct fake_files *f)
{
    return buf_take_str(&f->did);
}

static inline bool fake_is_asked(struct call *c, const json_t *row)
{
    json_t *ids = call_array(c, "ids"), *numbers = call_array(c, "numbers"), *v;
    size_t i;
    if (!ids && !numbers)
        return true;
    json_array_foreach(ids, i, v) {
        if (strcasecmp(json_string_value(v), json_string_value(json_object_get(row, "id"))) == 0)
            return true;
    }
    json_array_foreach(numbers, i, v) {
        if (json_equal(v, json_object_get(row, "number")))
            return true;
    }
    return false;
}

static inline json_t *fake_polled(struct fake_files *f, struct call *c)
{
    json_t *rows = json_array(), *row, *name;
    size_t i, k;
    json_array_foreach(f->rows, i, row) {
        if (!fake_is_asked(c, row))
            continue;
        json_t *list = json_array();
        json_array_foreach(call_array(c, "fields"), k, name) {
            json_t *v = json_object_get(row, json_string_value(name));
            json_array_append_new(list, v ? json_incref(v) : json_null());
        }
        json_array_append_new(rows, list);
    }
    return json_pack("{s:o, s:[i]}", "rows", rows, "removed", 9);
}

static inline void fake_poll(void *app, struct call *c)
{
    struct fake_files *f = app;
    if (f->later)
        f->held = c;
    else if (f->fails)
        call_failf(c, "file.broken", ERR_IO, NULL, "the disk is gone");
    else
        call_ok(c, fake_polled(f, c));
}

static inline void fake_get(void *app, struct call *c)
{
    struct fake_files *f = app;
    fake_note(f, "file.get", c);
    size_t before = json_array_size(f->rows);
    json_t *row =
        before > 2 ? json_incref(json_array_get(f->rows, 2)) : fake_row(3, 'c', "new", "metadata");
    if (before <= 2)
        json_array_append(f->rows, row);
    json_object_set_new(row, "existing", json_boolean(before > 2));
    call_ok(c, row);
}

#define FAKE_ACT(verb, called)                                                                     \
    static inline void fake_##verb(void *app, struct call *c)                                      \
    {                                                                                              \
        fake_note(app, called, c);                                                                 \
        call_ok(c, json_object());                                                                 \
    }
FAKE_ACT(pause, "file.pause")
FAKE_ACT(resume, "file.resume")
FAKE_ACT(verify, "file.verify")
FAKE_ACT(reannounce, "file.reannounce")
FAKE_ACT(limit, "file.limit")
FAKE_ACT(label, "file.label")
FAKE_ACT(queue, "file.queue")
FAKE_ACT(tracker, "file.tracker")
FAKE_ACT(set, "file.set")
FAKE_ACT(move, "file.move")
FAKE_ACT(rename, "file.rename")
FAKE_ACT(group_set, "file.group-set")
FAKE_ACT(stop, "node.stop")

static inline void fake_rm(void *app, struct call *c)
{
    struct fake_files *f = app;
    fake_note(f, "file.rm", c);
    size_t i;
    json_t *row;
    json_array_foreach(f->rows, i, row) {
        if (strcmp(json_string_value(json_object_get(row, "id")), call_text(c, "id")) == 0) {
            json_array_remove(f->rows, i);
            break;
        }
    }
    call_ok(c, json_object());
}

static inline void fake_group_ls(void *app, struct call *c)
{
    (void)app;
    call_ok(c, json_pack("[{s:s, s:i, s:i, s:b}, {s:s, s:i, s:i, s:b}]", "name", "night",
                         "up_limit", 9000, "down_limit", 0, "free_of_node", 1, "name", "day",
                         "up_limit", 0, "down_limit", 0, "free_of_node", 0));
}

static inline void fake_stats(void *app, struct call *c)
{
    (void)app;
    call_ok(c, json_pack("{s:i, s:i, s:i, s:i, s:i, s:{s:i, s:i, s:i, s:i, s:i}, s:{s:i}}",
                         "torrents", 2, "paused", 1, "active", 1, "up_rate", 10, "down_rate", 14,
                         "ever", "uploaded", 200, "downloaded", 600, "added", 4, "sessions", 3,
                         "active_s", 77, "now", "uploaded", 20));
}

static inline void fake_config_ls(void *app, struct call *c)
{
    struct fake_files *f = app;
    json_t *list = json_array(), *v;
    const char *key;
    json_object_foreach(f->settings, key, v) {
        json_array_append_new(list, json_pack("{s:s, s:O}", "key", key, "value", v));
    }
    call_ok(c, list);
}

static inline void fake_config_set(void *app, struct call *c)
{
    struct fake_files *f = app;
    fake_note(f, "config.set", c);
    json_object_set_new(f->settings, call_text(c, "key"), json_string(call_text(c, "value")));
    call_ok(c, json_object());
}

#define FAKE_ID                                                                                    \
    {                                                                                              \
        .name = "id", .type = PARAM_TEXT, .flags = PARAM_REQUIRED                                  \
    }
static const struct param fake_id[] = {FAKE_ID, {0}};
static const struct param fake_resume_params[] = {
    FAKE_ID, {.name = "now", .type = PARAM_BOOL}, {0}};
static const struct param fake_poll_params[] = {
    {.name = "fields", .type = PARAM_TEXT, .flags = PARAM_MANY},
    {.name = "ids", .type = PARAM_TEXT, .flags = PARAM_MANY},
    {.name = "numbers", .type = PARAM_INT, .flags = PARAM_MANY},
    {.name = "lately", .type = PARAM_BOOL},
    {0}};
static const struct param fake_get_params[] = {
    {.name = "link", .type = PARAM_TEXT},
    {.name = "torrent", .type = PARAM_BASE64},
    {.name = "dir", .type = PARAM_PATH},
    {.name = "paused", .type = PARAM_BOOL},
    {.name = "skip", .type = PARAM_TEXT, .flags = PARAM_MANY},
    {0}};
static const struct param fake_rm_params[] = {
    FAKE_ID, {.name = "with_data", .type = PARAM_BOOL}, {0}};
static const struct param fake_limit_params[] = {
    FAKE_ID,
    {.name = "up", .type = PARAM_RATE, .max = INT64_C(1) << 40},
    {.name = "down", .type = PARAM_RATE, .max = INT64_C(1) << 40},
    {.name = "ratio", .type = PARAM_TEXT},
    {.name = "idle", .type = PARAM_TEXT},
    {.name = "peers", .type = PARAM_INT, .max = 10000},
    {.name = "weight", .type = PARAM_CHOICE, .choices = "low|normal|high"},
    {.name = "group", .type = PARAM_TEXT},
    {.name = "free_of_node", .type = PARAM_BOOL},
    {0}};
static const struct param fake_label_params[] = {
    FAKE_ID, {.name = "label", .type = PARAM_TEXT, .flags = PARAM_MANY}, {0}};
static const struct param fake_queue_params[] = {
    FAKE_ID,
    {.name = "to", .type = PARAM_CHOICE, .choices = "top|up|down|bottom"},
    {.name = "at", .type = PARAM_INT, .max = INT32_MAX},
    {0}};
static const struct param fake_tracker_params[] = {
    FAKE_ID, {.name = "list", .type = PARAM_TEXT, .max = 65536}, {0}};
#define FAKE_MANY(n)                                                                               \
    {                                                                                              \
        .name = n, .type = PARAM_TEXT, .flags = PARAM_MANY                                         \
    }
static const struct param fake_choose_params[] = {
    FAKE_ID,
    FAKE_MANY("skip"),
    FAKE_MANY("low"),
    FAKE_MANY("normal"),
    FAKE_MANY("high"),
    {.name = "sequential", .type = PARAM_CHOICE, .choices = "on|off"},
    {0}};
static const struct param fake_move_params[] = {
    FAKE_ID, {.name = "dir", .type = PARAM_PATH}, {.name = "moved", .type = PARAM_BOOL}, {0}};
static const struct param fake_rename_params[] = {
    FAKE_ID, {.name = "path", .type = PARAM_TEXT}, {.name = "name", .type = PARAM_TEXT}, {0}};
static const struct param fake_group_params[] = {
    {.name = "name", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {.name = "up", .type = PARAM_RATE, .max = INT64_C(1) << 40},
    {.name = "down", .type = PARAM_RATE, .max = INT64_C(1) << 40},
    {.name = "free_of_node", .type = PARAM_BOOL},
    {0}};
static const struct param fake_set_params[] = {
    {.name = "key", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {.name = "value", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {0}};

#define FAKE(n, p, f)                                                                              \
    {                                                                                              \
        .name = n, .http = "POST", .route = "/" n, .params = p, .call = f                          \
    }
static const struct method fake_files_methods[] = {
    FAKE("file.poll", fake_poll_params, fake_poll),
    FAKE("file.get", fake_get_params, fake_get),
    FAKE("file.pause", fake_id, fake_pause),
    FAKE("file.resume", fake_resume_params, fake_resume),
    FAKE("file.verify", fake_id, fake_verify),
    FAKE("file.reannounce", fake_id, fake_reannounce),
    FAKE("file.rm", fake_rm_params, fake_rm),
    FAKE("file.limit", fake_limit_params, fake_limit),
    FAKE("file.label", fake_label_params, fake_label),
    FAKE("file.queue", fake_queue_params, fake_queue),
    FAKE("file.tracker", fake_tracker_params, fake_tracker),
    FAKE("file.set", fake_choose_params, fake_set),
    FAKE("file.move", fake_move_params, fake_move),
    FAKE("file.rename", fake_rename_params, fake_rename),
    FAKE("file.group-ls", NULL, fake_group_ls),
    FAKE("file.group-set", fake_group_params, fake_group_set),
    FAKE("file.stats", NULL, fake_stats),
    FAKE("config.ls", NULL, fake_config_ls),
    FAKE("config.set", fake_set_params, fake_config_set),
    FAKE("node.stop", NULL, fake_stop),
    {0},
};

static inline void fake_files_init(struct fake_files *f)
{
    *f = (struct fake_files){.rows = json_array()};
    json_array_append_new(f->rows, fake_row(1, 'a', "one", "downloading"));
    json_array_append_new(f->rows, fake_row(2, 'b', "two", "paused"));
    f->settings = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
                            "files.dht", "on", "files.lsd", "off", "files.dir", "", "files.listen",
                            "0.0.0.0:6881", "files.download-queue", "0", "files.queue-stalled",
                            "30min", "files.ratio-limit", "off", "limits.up", "50kB", "limits.down",
                            "off", "limits.alt-when", "", "files.encryption", "prefer",
                            "files.transports", "both", "files.connections", "100");
}

static inline void fake_files_done(struct fake_files *f)
{
    json_decref(f->rows);
    json_decref(f->settings);
    buf_done(&f->did);
}

#endif
