/* api/fake_files_test.h - for tests: the files app's methods over a handful of made-up torrents. */
#ifndef SHOAL_API_FAKE_FILES_TEST_H
#define SHOAL_API_FAKE_FILES_TEST_H

#include "api/fake_test.h"
#include "api/routes.h"

#include <stdlib.h>

struct fake_files {
    json_t *rows;
    bool later; /* answers wait in held */
    struct call *held;
    char last[200]; /* what was done last: "file.pause aa.. {...}" */
    bool fails;
};

static inline json_t *fake_row(const char *hash, const char *name, const char *state)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:n, s:i, s:n, "
                     "s:s, s:s, s:s, "
                     "s:b}",
                     "id", hash, "infohash_v1", hash, "name", name, "state", state, "size", 1000,
                     "done", 250, "left", 750, "up_rate", 5, "down_rate", 7, "uploaded", 100,
                     "downloaded", 300, "ratio", 0.5, "eta_s", "peers", 3, "error", "dir", "/d",
                     "added", "2026-01-01T00:00:00Z", "magnet", "magnet:?xt=urn:btih:x", "private",
                     0);
}

static inline void fake_note(struct fake_files *f, const char *what, struct call *c)
{
    char *params = json_dumps(call_params(c), JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(f->last, sizeof f->last, "%s %s", what, params);
    free(params);
}

static inline void fake_ls(void *app, struct call *c)
{
    struct fake_files *f = app;
    if (f->later)
        f->held = c;
    else if (f->fails)
        call_failf(c, "file.broken", ERR_IO, NULL, "the disk is gone");
    else
        call_ok(c, json_deep_copy(f->rows));
}

static inline void fake_show(void *app, struct call *c)
{
    struct fake_files *f = app;
    size_t i;
    json_t *row;
    json_array_foreach(f->rows, i, row) {
        if (strcmp(json_string_value(json_object_get(row, "id")), call_text(c, "id")) != 0)
            continue;
        json_t *more =
            json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:i, s:i}], s:[{s:s, s:i, s:i, s:f, s:b, s:b, "
                      "s:b}], s:[{s:s, s:i}], "
                      "s:{s:i, s:i, s:s}, s:i, s:s}",
                      "files", "path", "n/a", "size", 600, "done", 250, "path", "n/b", "size", 400,
                      "done", 0, "peer_list", "addr", "[2001:db8::1]:6881", "down_rate", 7,
                      "up_rate", 0, "progress", 0.5, "we_want", 1, "we_may", 1, "incoming", 1,
                      "trackers", "url", "http://t.example/a", "tier", 0, "pieces", "count", 4,
                      "size", 250, "bitfield", "gA==", "up_limit", 5000, "comment", "hello");
        json_object_update(more, row);
        call_ok(c, more);
        return;
    }
    call_failf(c, "file.not_found", ERR_NOT_FOUND, NULL, "no torrent is called so");
}

static inline void fake_get(void *app, struct call *c)
{
    struct fake_files *f = app;
    fake_note(f, "file.get", c);
    json_t *row = fake_row("cccccccccccccccccccccccccccccccccccccccc", "new", "metadata");
    size_t before = json_array_size(f->rows);
    json_object_set_new(row, "existing", json_boolean(before > 2));
    if (before <= 2)
        json_array_append(f->rows, row);
    call_ok(c, row);
}

#define FAKE_ACT(verb)                                                                             \
    static inline void fake_##verb(void *app, struct call *c)                                      \
    {                                                                                              \
        fake_note(app, "file." #verb, c);                                                          \
        call_ok(c, json_object());                                                                 \
    }
FAKE_ACT(pause)
FAKE_ACT(resume)
FAKE_ACT(verify)
FAKE_ACT(reannounce)
FAKE_ACT(limit)

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

static inline void fake_policy_set(void *app, struct call *c)
{
    fake_note(app, "policy.set", c);
    call_ok(c, json_object());
}

static inline void fake_policy_show(void *app, struct call *c)
{
    (void)app;
    call_ok(c, json_pack("{s:[{s:s, s:i}, {s:s, s:i}]}", "now", "what", "up", "rate", 50000, "what",
                         "down", "rate", 0));
}

static const struct param fake_id[] = {{.name = "id", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
                                       {0}};
static const struct param fake_get_params[] = {{.name = "link", .type = PARAM_TEXT},
                                               {.name = "torrent", .type = PARAM_BASE64},
                                               {.name = "dir", .type = PARAM_PATH},
                                               {.name = "paused", .type = PARAM_BOOL},
                                               {0}};
static const struct param fake_rm_params[] = {
    {.name = "id", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {.name = "with_data", .type = PARAM_BOOL},
    {0}};
static const struct param fake_limit_params[] = {
    {.name = "id", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {.name = "up", .type = PARAM_RATE, .max = INT64_C(1) << 40},
    {.name = "down", .type = PARAM_RATE, .max = INT64_C(1) << 40},
    {0}};
static const struct param fake_policy_params[] = {
    {.name = "what", .type = PARAM_CHOICE, .flags = PARAM_REQUIRED, .choices = "up|down"},
    {.name = "value", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {0}};

#define FAKE(n, p, f)                                                                              \
    {                                                                                              \
        .name = n, .http = "POST", .route = "/" n, .params = p, .call = f                          \
    }
static const struct method fake_files_methods[] = {
    FAKE("file.ls", NULL, fake_ls),
    FAKE("file.show", fake_id, fake_show),
    FAKE("file.get", fake_get_params, fake_get),
    FAKE("file.pause", fake_id, fake_pause),
    FAKE("file.resume", fake_id, fake_resume),
    FAKE("file.verify", fake_id, fake_verify),
    FAKE("file.reannounce", fake_id, fake_reannounce),
    FAKE("file.rm", fake_rm_params, fake_rm),
    FAKE("file.limit", fake_limit_params, fake_limit),
    FAKE("policy.set", fake_policy_params, fake_policy_set),
    FAKE("policy.show", NULL, fake_policy_show),
    {0},
};

static inline void fake_files_init(struct fake_files *f)
{
    *f = (struct fake_files){.rows = json_array()};
    json_array_append_new(
        f->rows, fake_row("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "one", "downloading"));
    json_array_append_new(f->rows,
                          fake_row("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "two", "paused"));
}

#endif
