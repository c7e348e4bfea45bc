/* A row of chosen members for each of many torrents, for clients that poll.
 *
 * What is asked costs: only the members that were named are made, as lists without names, and
 * "lately" looks no further than the torrents that changed lately. */
#include "files/files_in.h"

#include "base/mem.h"
#include "crypto/hex.h"

#include <string.h>

#define LATELY_US (60 * SEC)

/* One member: of care, of the torrent's row, or one of the long parts of `file show`. */
struct wanted {
    const struct files_field *care;
    const struct torrent_field *torrent;
    const char *part;
};

static const struct {
    const char *name;
    unsigned part;
} parts[] = {{"peer_list", TORRENT_PEERS},
             {"trackers", TORRENT_TRACKERS},
             {"files", TORRENT_FILES},
             {"pieces", TORRENT_PIECES}};
enum { PARTS = sizeof parts / sizeof parts[0] };

static size_t wanted_of(json_t *names, struct wanted *out)
{
    size_t i;
    const json_t *v;
    json_array_foreach(names, i, v) {
        const char *name = json_string_value(v);
        out[i] = (struct wanted){.care = files_field(name)};
        if (!out[i].care)
            out[i].torrent = torrent_field(name);
        if (!out[i].care && !out[i].torrent)
            out[i].part = name;
    }
    return json_array_size(names);
}

/* The parts of `file show` that are asked for, made in one go; NULL: none. */
static json_t *shown(const struct holding *h, const struct wanted *w, size_t n)
{
    unsigned wanted = 0;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        any |= w[i].part != NULL;
        for (size_t k = 0; w[i].part && k < PARTS; k++)
            wanted |= strcmp(parts[k].name, w[i].part) == 0 ? parts[k].part : 0;
    }
    return any ? torrent_show(h->t, wanted) : NULL;
}

static json_t *list_of(struct holding *h, const struct wanted *w, size_t n)
{
    json_t *row = json_array(), *show = shown(h, w, n);
    for (size_t i = 0; i < n; i++) {
        json_t *v = w[i].care      ? files_field_value(w[i].care, h)
                    : w[i].torrent ? torrent_field_value(w[i].torrent, h->t)
                                   : json_incref(json_object_get(show, w[i].part));
        json_array_append_new(row, v ? v : json_null());
    }
    json_decref(show);
    return row;
}

static struct holding *by_number(const struct files *f, json_int_t number)
{
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        if (h->tend.number == number)
            return h;
    }
    return NULL;
}

static struct holding *by_hash(const struct files *f, const char *hex)
{
    uint8_t id[SHA1_LEN];
    return hex_decode(hex, strlen(hex), id, SHA1_LEN) ? files_find(f, id) : NULL;
}

static void add(json_t *rows, struct holding *h, const struct wanted *w, size_t n)
{
    if (h)
        json_array_append_new(rows, list_of(h, w, n));
}

static void add_lately(struct files *f, json_t *rows, const struct wanted *w, size_t n)
{
    uint64_t now = loop_now_us(f->env.loop);
    LIST_EACH(&f->recent, struct holding, h, tend.recent) {
        if (now - h->tend.changed_us > LATELY_US)
            break;
        add(rows, h, w, n);
    }
}

/* All of them, in the order in which they came and so by number: what comes and goes between two
 * pages moves no row from one to the other.  The cursor: the number of the last, NULL when that was
 * the last of all. */
static json_t *add_all(const struct files *f, struct call *c, json_t *rows, const struct wanted *w,
                       size_t n)
{
    int64_t cursor = call_int(c, "cursor", 0), left = call_int(c, "limit", INT64_MAX);
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));) {
        if (h->tend.number <= cursor)
            continue;
        if (left-- == 0)
            return json_integer(cursor);
        add(rows, h, w, n);
        cursor = h->tend.number;
    }
    return NULL;
}

static json_t *gone_lately(const struct files *f)
{
    uint64_t now = loop_now_us(f->env.loop);
    json_t *list = json_array();
    for (size_t i = 0; i < FILES_GONE_MAX; i++)
        if (f->gone[i].number > 0 && now - f->gone[i].at_us <= LATELY_US)
            json_array_append_new(list, json_integer(f->gone[i].number));
    return list;
}

void file_poll(void *app, struct call *c)
{
    struct files *f = app;
    if (late_wait(f, c))
        return;
    json_t *names = call_array(c, "fields"), *rows = json_array(), *v;
    json_t *cursor = NULL, *hashes = call_array(c, "ids"), *numbers = call_array(c, "numbers");
    struct wanted *w = mem_array(json_array_size(names) + 1, sizeof *w);
    size_t n = wanted_of(names, w), i;
    if (call_bool(c, "lately")) {
        add_lately(f, rows, w, n);
    } else if (hashes || numbers) {
        json_array_foreach(numbers, i, v) {
            add(rows, by_number(f, json_integer_value(v)), w, n);
        }
        json_array_foreach(hashes, i, v) {
            add(rows, by_hash(f, json_string_value(v)), w, n);
        }
    } else {
        cursor = add_all(f, c, rows, w, n);
    }
    free(w);
    call_ok(c, json_pack("{s:o, s:o, s:o?}", "rows", rows, "removed", gone_lately(f), "cursor",
                         cursor));
}
