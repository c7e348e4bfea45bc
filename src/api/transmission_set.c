/* torrent-add and torrent-set: what is wanted of a torrent, as many small calls. */
#include "api/transmission_fields.h"
#include "api/transmission_int.h"
#include "base/buf.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "net/http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What set_one() asks file.poll for, in this order, behind id and number. */
enum { AT_RATIO_FROM = 2, AT_OWN_RATIO, AT_IDLE_FROM, AT_OWN_IDLE, AT_TRACKERS, AT_FILES };
static const char *const asked[] = {"ratio_limit_from", "own_ratio_limit", "idle_limit_from",
                                    "own_idle_limit_s", "trackers"};

static void call_with(struct rpc *r, const char *method, const char *id, const char *name,
                      json_t *value)
{
    json_t *params = json_pack("{s:s}", "id", id);
    json_object_set_new(params, name, value);
    rpc_call(r, method, params, rpc_must, 0);
}

/* ---- rates and seeding limits ---- */

/* A limit in kB/s and its switch, as bytes a second; 0: none; -1: not spoken of. */
static json_int_t rate_arg(const struct rpc *r, const char *limit, const char *on)
{
    double kb;
    bool given = rpc_number(r, limit, &kb);
    if (json_object_get(r->args, on) && !rpc_flag(r, on))
        return 0;
    return given && kb >= 0 && kb <= INT32_MAX ? (json_int_t)kb * RATE_UNIT : -1;
}

static void set_rates(struct rpc *r, const char *id)
{
    json_int_t up = rate_arg(r, "upload_limit", "upload_limited");
    json_int_t down = rate_arg(r, "download_limit", "download_limited");
    if (up >= 0)
        call_with(r, "file.limit", id, "up", json_integer(up));
    if (down >= 0)
        call_with(r, "file.limit", id, "down", json_integer(down));
}

static const char *const mode_words[] = {"node", NULL, "off"}; /* tr_ratiolimit, tr_idlelimit */

/* The value first, which makes it the torrent's own, then where the limit comes from: one that is
 * not in force is kept for when it is. */
static void set_seeding(struct rpc *r, const char *id, const char *param, const char *value,
                        const char *mode_arg, const char *own, const char *from)
{
    double mode;
    bool given = rpc_number(r, mode_arg, &mode);
    if (value)
        call_with(r, "file.limit", id, param, json_string(value));
    else if (given && mode == 1)
        call_with(r, "file.limit", id, param, json_string(own));
    const char *word = NULL;
    if (given && mode >= 0 && mode <= 2)
        word = mode_words[(size_t)mode];
    else if (value && strcmp(from, "own") != 0)
        word = from;
    if (word)
        call_with(r, "file.limit", id, param, json_string(word));
}

static const char *text_at(const json_t *row, size_t i)
{
    const char *s = json_string_value(json_array_get(row, i));
    return s ? s : "node";
}

static void set_seeding_limits(struct rpc *r, const char *id, const json_t *row)
{
    double v;
    char value[40], own[40];
    bool given = rpc_number(r, "seed_ratio_limit", &v);
    snprintf(value, sizeof value, "%.4f", v < 0 ? 0 : v);
    snprintf(own, sizeof own, "%.4f", json_number_value(json_array_get(row, AT_OWN_RATIO)));
    set_seeding(r, id, "ratio", given ? value : NULL, "seed_ratio_mode", own,
                text_at(row, AT_RATIO_FROM));
    given = rpc_number(r, "seed_idle_limit", &v);
    snprintf(value, sizeof value, "%.0fs", v < 0 ? 0 : v * 60);
    snprintf(own, sizeof own, "%" JSON_INTEGER_FORMAT "s",
             json_integer_value(json_array_get(row, AT_OWN_IDLE)));
    set_seeding(r, id, "idle", given ? value : NULL, "seed_idle_mode", own,
                text_at(row, AT_IDLE_FROM));
}

/* ---- trackers ---- */

static bool in_list(const json_t *list, json_int_t number)
{
    size_t i;
    const json_t *v;
    json_array_foreach(list, i, v) {
        if (json_is_integer(v) && json_integer_value(v) == number)
            return true;
    }
    return false;
}

/* tracker_replace: [id, url, id, url, ...] */
static const char *replaced(const json_t *pairs, const char *url)
{
    for (size_t i = 0; i + 1 < json_array_size(pairs); i += 2) {
        const char *by = json_string_value(json_array_get(pairs, i + 1));
        if (by && json_integer_value(json_array_get(pairs, i)) == tfield_tracker_number(url))
            return by;
    }
    return url;
}

/* The list as it is to be: what there is without the removed and with the replaced, then the added,
 * each a tier of its own (rpc-spec 3.2). */
static char *edited_trackers(const struct rpc *r, const json_t *rows)
{
    struct buf out = {0};
    json_int_t tier = 0;
    size_t i;
    const json_t *v;
    json_array_foreach(rows, i, v) {
        const char *url = json_string_value(json_object_get(v, "url"));
        json_int_t its = json_integer_value(json_object_get(v, "tier"));
        if (!url || in_list(rpc_list(r, "tracker_remove"), tfield_tracker_number(url)))
            continue;
        buf_printf(&out, "%s%s\n", buf_len(&out) && its != tier ? "\n" : "",
                   replaced(rpc_list(r, "tracker_replace"), url));
        tier = its;
    }
    json_array_foreach(rpc_list(r, "tracker_add"), i, v) {
        if (json_is_string(v))
            buf_printf(&out, "%s%s\n", buf_len(&out) ? "\n" : "", json_string_value(v));
    }
    return buf_take_str(&out);
}

static void got_trackers(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!result)
        rpc_fail(r, RPC_INVALID_TRACKER_LIST, "%s", message);
}

static void set_trackers(struct rpc *r, const char *id, const json_t *row)
{
    const char *whole = rpc_text(r, "tracker_list");
    char *list = NULL;
    if (whole)
        list = mem_strdup(whole);
    else if (rpc_list(r, "tracker_add") || rpc_list(r, "tracker_remove") ||
             rpc_list(r, "tracker_replace"))
        list = edited_trackers(r, json_array_get(row, AT_TRACKERS));
    if (!list)
        return;
    rpc_call(r, "file.tracker", json_pack("{s:s, s:s}", "id", id, "list", list), got_trackers, 0);
    free(list);
}

/* ---- files ---- */

enum { SKIP, LOW, NORMAL, HIGH, KINDS };
static const char *const kinds[KINDS] = {"skip", "low", "normal", "high"};

struct choice {
    bool wanted;
    unsigned kind; /* LOW, NORMAL or HIGH */
};

static void got_selected(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!result)
        rpc_fail(r, RPC_FILE_INDEX, "%s", message);
}

/* Is file `i` in that argument?  An empty list is all files (rpc-spec 3.2). */
static bool is_in(const struct rpc *r, const char *arg, size_t i)
{
    const json_t *list = rpc_list(r, arg), *v;
    size_t k;
    if (!list)
        return false;
    json_array_foreach(list, k, v) {
        if (json_is_integer(v) && json_integer_value(v) == (json_int_t)i)
            return true;
    }
    return json_array_size(list) == 0;
}

static bool numbers_hold(struct rpc *r, const char *arg, size_t count)
{
    size_t k;
    const json_t *v;
    json_array_foreach(rpc_list(r, arg), k, v) {
        if (!json_is_integer(v) || json_integer_value(v) < 0 ||
            json_integer_value(v) >= (json_int_t)count) {
            rpc_fail(r, RPC_FILE_INDEX, "file index out of range");
            return false;
        }
    }
    return true;
}

static unsigned kind_of(const char *name)
{
    unsigned k = 0;
    while (k < KINDS && strcmp(kinds[k], name) != 0)
        k++;
    return k < KINDS ? k : NORMAL;
}

/* In Transmission's order; what is skipped has no priority of its own here. */
static struct choice chosen(const struct rpc *r, size_t i, unsigned now)
{
    struct choice c = {.wanted = now != SKIP, .kind = now == SKIP ? NORMAL : now};
    c.wanted = (c.wanted && !is_in(r, "files_unwanted", i)) || is_in(r, "files_wanted", i);
    if (is_in(r, "priority_low", i))
        c.kind = LOW;
    if (is_in(r, "priority_normal", i))
        c.kind = NORMAL;
    if (is_in(r, "priority_high", i))
        c.kind = HIGH;
    return c;
}

/* "#0,2,5" for each kind that files change to; one call for all of it. */
static void select_files(struct rpc *r, const char *id, const json_t *files)
{
    struct buf lists[KINDS] = {0};
    json_t *params = json_pack("{s:s}", "id", id);
    size_t i;
    const json_t *file;
    json_array_foreach(files, i, file) {
        const char *name = json_string_value(json_object_get(file, "priority"));
        unsigned now = kind_of(name ? name : "");
        struct choice c = chosen(r, i, now);
        unsigned kind = c.wanted ? c.kind : SKIP;
        if (kind != now)
            buf_printf(&lists[kind], "%s%" JSON_INTEGER_FORMAT, buf_len(&lists[kind]) ? "," : "#",
                       json_integer_value(json_object_get(file, "index")));
    }
    for (unsigned k = 0; k < KINDS; k++) {
        char *text = buf_take_str(&lists[k]);
        if (*text)
            json_object_set_new(params, kinds[k], json_pack("[s]", text));
        free(text);
    }
    if (json_object_size(params) > 1)
        rpc_call(r, "file.set", params, got_selected, 0);
    else
        json_decref(params);
}

static const char *const file_args[] = {"files_unwanted", "files_wanted", "priority_low",
                                        "priority_normal", "priority_high"};
enum { FILE_ARGS = sizeof file_args / sizeof file_args[0] };

static bool chooses_files(const struct rpc *r)
{
    for (size_t i = 0; i < FILE_ARGS; i++)
        if (rpc_list(r, file_args[i]))
            return true;
    return false;
}

static void set_files(struct rpc *r, const char *id, const json_t *row)
{
    const json_t *files = json_array_get(row, AT_FILES);
    if (!chooses_files(r))
        return;
    for (size_t i = 0; i < FILE_ARGS; i++)
        if (!numbers_hold(r, file_args[i], json_array_size(files)))
            return;
    select_files(r, id, files);
}

/* ---- one torrent ---- */

static void set_rest(struct rpc *r, const char *id)
{
    static const char *const weights[] = {"low", "normal", "high"};
    double v;
    if (rpc_number(r, "bandwidth_priority", &v))
        call_with(r, "file.limit", id, "weight", json_string(weights[v < 0 ? 0 : v > 0 ? 2 : 1]));
    if (json_object_get(r->args, "honors_session_limits"))
        call_with(r, "file.limit", id, "free_of_node",
                  json_boolean(!rpc_flag(r, "honors_session_limits")));
    if (rpc_text(r, "group"))
        call_with(r, "file.limit", id, "group", json_string(rpc_text(r, "group")));
    if (rpc_number(r, "peer_limit", &v) && v >= 0)
        call_with(r, "file.limit", id, "peers", json_integer((json_int_t)v));
    if (rpc_list(r, "labels"))
        call_with(r, "file.label", id, "label", json_incref(rpc_list(r, "labels")));
    if (rpc_number(r, "queue_position", &v) && v >= 0 && v < INT32_MAX)
        call_with(r, "file.queue", id, "at", json_integer((json_int_t)v));
    if (json_object_get(r->args, "sequential_download"))
        call_with(r, "file.set", id, "sequential",
                  json_string(rpc_flag(r, "sequential_download") ? "on" : "off"));
    if (rpc_text(r, "location"))
        call_with(r, "file.move", id, "dir", json_string(rpc_text(r, "location")));
}

static void set_one(struct rpc *r, const json_t *row)
{
    const char *id = rpc_row_id(row);
    set_rates(r, id);
    set_seeding_limits(r, id, row);
    set_trackers(r, id, row);
    set_files(r, id, row);
    set_rest(r, id);
}

static void set_each(struct rpc *r)
{
    size_t i;
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        set_one(r, row);
    }
}

static void choose_for_set(struct rpc *r)
{
    json_t *names = json_array();
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        json_array_append_new(names, json_string(asked[i]));
    if (chooses_files(r)) /* long, and seldom needed: AT_FILES */
        json_array_append_new(names, json_string("files"));
    rpc_choose(r, names, set_each);
    json_decref(names);
}

void rpc_torrent_set(struct rpc *r)
{
    const char *dir = rpc_text(r, "location");
    if (dir && dir[0] != '/')
        rpc_fail(r, RPC_PATH_NOT_ABSOLUTE, "new location path is not absolute");
    else
        choose_for_set(r);
}

/* ---- torrent-add ---- */

static void got_added(struct rpc *r, size_t at, json_t *result, const char *message)
{
    (void)at;
    if (!result) {
        rpc_fail(r, RPC_CORRUPT_TORRENT, "%s", message);
        return;
    }
    bool had = json_is_true(json_object_get(result, "existing"));
    json_t *torrent = json_pack("{s:O?, s:O?}", "name", json_object_get(result, "name"),
                                "hash_string", json_object_get(result, "id"));
    json_object_set_new(r->out, had ? "torrent_duplicate" : "torrent_added", torrent);
    json_object_set_new(r->args, "ids", json_pack("[O]", json_object_get(result, "id")));
}

static json_t *added(struct rpc *r, bool *fresh)
{
    json_t *o = json_object_get(r->out, "torrent_added");
    *fresh = o != NULL;
    return o ? o : json_object_get(r->out, "torrent_duplicate");
}

/* Its number, and what else is wanted of it; one that was there is not changed. */
static void after_add(struct rpc *r)
{
    bool fresh;
    json_t *torrent = added(r, &fresh);
    const json_t *row = json_array_get(r->rows, 0);
    json_object_set_new(torrent, "id", json_integer(json_integer_value(json_array_get(row, 1))));
    if (row && fresh)
        set_one(r, row);
    if (fresh && json_object_get(r->args, "paused_after") && row)
        rpc_call(r, "file.resume", json_pack("{s:s}", "id", rpc_row_id(row)), rpc_must, 0);
}

static void look_at_added(struct rpc *r)
{
    choose_for_set(r);
    r->then = after_add;
}

/* Of a link nobody knows the files yet: what is unwanted goes with it. */
static void skip_unwanted(struct rpc *r, json_t *params)
{
    struct buf list = {0};
    size_t i;
    const json_t *v;
    json_array_foreach(rpc_list(r, "files_unwanted"), i, v) {
        if (json_is_integer(v) && json_integer_value(v) >= 0)
            buf_printf(&list, "%s%" JSON_INTEGER_FORMAT, i ? "," : "#", json_integer_value(v));
    }
    char *text = buf_take_str(&list);
    if (*text)
        rpc_param(r, "file.get", params, "skip", json_pack("[s]", text));
    free(text);
    for (size_t k = 0; k < FILE_ARGS; k++)
        json_object_del(r->args, file_args[k]);
}

/* torrent or link: taken.  With files to be chosen it begins paused, so that no byte of what is not
 * wanted is fetched. */
static void add_it(struct rpc *r, const char *what, json_t *value)
{
    json_t *params = json_object(), *paused = json_object_get(r->args, "paused");
    const char *dir = rpc_text(r, "download_dir");
    bool known = strcmp(what, "torrent") == 0;
    bool later = known && chooses_files(r) && !rpc_flag(r, "paused");
    json_object_set_new(params, what, value);
    if (!known)
        skip_unwanted(r, params);
    if (dir && *dir)
        rpc_param(r, "file.get", params, "dir", json_string(dir));
    if (paused || later)
        rpc_param(r, "file.get", params, "paused", json_boolean(later || rpc_flag(r, "paused")));
    if (later)
        json_object_set_new(r->args, "paused_after", json_true());
    r->then = look_at_added;
    rpc_call(r, "file.get", params, got_added, 0);
}

static void add_bytes(struct rpc *r, struct cur bytes)
{
    struct buf text = {0};
    base64_encode(&text, bytes.p, bytes.n);
    add_it(r, "torrent", json_stringn((const char *)buf_bytes(&text), buf_len(&text)));
    buf_done(&text);
}

/* ---- a .torrent from elsewhere ---- */

static void on_fetched(void *arg, const struct http_answer *a, const struct why *why)
{
    struct rpc *r = arg;
    r->fetch = NULL;
    if (!a)
        rpc_fail(r, RPC_HTTP_ERROR, "Couldn't fetch torrent: %s", why->text);
    else if (a->status != 200)
        rpc_fail(r, RPC_HTTP_ERROR, "Couldn't fetch torrent: HTTP %u", a->status);
    else
        add_bytes(r, a->body);
    rpc_woken(r);
}

/* rpc-spec 3.4, "cookies": as the header has it. */
static void fetch_url(struct rpc *r, const char *url)
{
    const char *cookies = rpc_text(r, "cookies");
    char *header = cookies ? mem_printf("Cookie: %s", cookies) : NULL;
    const char *headers[] = {header, NULL};
    struct http_request rq = {.url = url,
                              .headers = header && !strpbrk(header, "\r\n") ? headers : NULL,
                              .max_body = TRANSMISSION_TORRENT_MAX,
                              .timeout_us = TRANSMISSION_FETCH_US};
    r->waits++;
    r->fetch = http_start(r->t->cfg.loop, &rq, on_fetched, r);
    free(header);
}

/* A file of this machine, read on a lane; who may ask may also share any file of the owner's. */
struct reading {
    struct rpc *rpc; /* NULL: dropped */
    const struct vfs *vfs;
    char *path;
    struct buf bytes;
    struct why why;
    bool ran;
};

void rpc_reading_drop(struct reading *d)
{
    if (d)
        d->rpc = NULL;
}

static void read_file(void *arg)
{
    struct reading *d = arg;
    d->ran = true;
    d->why.code = vfs_read_all(d->vfs, d->path, TRANSMISSION_TORRENT_MAX, &d->bytes, &d->why);
}

static void on_read(void *arg)
{
    struct reading *d = arg;
    struct rpc *r = d->rpc;
    if (r) {
        r->reading = NULL;
        if (!d->ran || d->why.code)
            rpc_fail(r, RPC_CORRUPT_TORRENT, "invalid or corrupt torrent file: %s", d->why.text);
        else
            add_bytes(r, buf_cur(&d->bytes));
        rpc_woken(r);
    }
    buf_done(&d->bytes);
    free(d->path);
    free(d);
}

static void read_path(struct rpc *r, const char *path)
{
    struct reading *d = MEM_NEW(struct reading);
    *d = (struct reading){.rpc = r, .vfs = r->t->cfg.vfs, .path = mem_strdup(path)};
    r->reading = d;
    r->waits++;
    lane_run(r->t->cfg.loop, LANE_DISK, read_file, on_read, d);
}

static bool is_hash(const char *text)
{
    size_t n = strlen(text);
    return (n == 40 || n == 64) && strspn(text, "0123456789abcdefABCDEF") == n;
}

void rpc_torrent_add(struct rpc *r)
{
    const char *name = rpc_text(r, "filename"), *metainfo = rpc_text(r, "metainfo");
    const char *dir = rpc_text(r, "download_dir");
    if (dir && *dir && dir[0] != '/')
        rpc_fail(r, RPC_PATH_NOT_ABSOLUTE, "download directory path is not absolute");
    else if (metainfo && *metainfo)
        add_it(r, "torrent", json_string(metainfo));
    else if (!name || !*name)
        rpc_fail(r, RPC_INVALID_PARAMS, "no filename or metainfo specified");
    else if (strncasecmp(name, "magnet:", 7) == 0 || is_hash(name))
        add_it(r, "link", json_string(name));
    else if (strncasecmp(name, "http://", 7) == 0 || strncasecmp(name, "https://", 8) == 0)
        fetch_url(r, name);
    else if (name[0] == '/' || strncasecmp(name, "file:///", 8) == 0)
        read_path(r, name[0] == '/' ? name : name + 7);
    else
        rpc_fail(r, RPC_CORRUPT_TORRENT, "%.200s is neither a link nor an absolute path", name);
}
