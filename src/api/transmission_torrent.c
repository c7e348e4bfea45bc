/* What torrent-get tells, and what is done to each chosen torrent. */
#include "api/json_text.h"
#include "api/transmission_fields.h"
#include "api/transmission_int.h"
#include "base/mem.h"

#include <string.h>

enum { FIELDS_MAX = 128, ROW_HEAD = 2 /* id, number: before what a step asks for */ };

static json_t *with_id(const json_t *row)
{
    return json_pack("{s:s}", "id", rpc_row_id(row));
}

/* ---- torrent-get ---- */

/* A field as the client spells it, and where in the rows its members are. */
struct chosen {
    const struct tfield *field;
    const char *name;
    size_t from[TFIELD_FROM_MAX];
    char *before; /* text between the value before it and its own */
    size_t before_len;
};

/* The place of a member in `names`; added when new. */
static size_t member_at(json_t *names, const char *member)
{
    size_t i;
    const json_t *v;
    json_array_foreach(names, i, v) {
        if (strcmp(json_string_value(v), member) == 0)
            return i;
    }
    json_array_append_new(names, json_string(member));
    return i;
}

/* The fields that were asked for and that we know, each once; their members are added to names. */
static size_t columns_of(const struct rpc *r, struct chosen *out, json_t *names)
{
    size_t i, n = 0;
    const json_t *v;
    json_array_foreach(rpc_list(r, "fields"), i, v) {
        char snake[TNAME_MAX] = "";
        if (json_is_string(v))
            tname_snake(json_string_value(v), snake);
        const struct tfield *f = tfield_find(snake);
        bool had = !f;
        for (size_t k = 0; k < n; k++)
            had |= strcmp(out[k].name, json_string_value(v)) == 0;
        if (had || n == FIELDS_MAX)
            continue;
        out[n] = (struct chosen){.field = f, .name = json_string_value(v)};
        for (size_t k = 0; tfield_from(f, k); k++)
            out[n].from[k] = ROW_HEAD + member_at(names, tfield_from(f, k));
        n++;
    }
    return n;
}

static void put_value(struct buf *b, const struct chosen *c, const json_t *row,
                      const struct tfield_world *w)
{
    json_t *from[TFIELD_FROM_MAX] = {NULL};
    for (size_t k = 0; tfield_from(c->field, k); k++)
        from[k] = json_array_get(row, c->from[k]);
    json_t *v = tfield_value(c->field, from, w);
    if (w->legacy && tfield_is_deep(c->field)) {
        json_t *renamed = tname_reply(v, TNAME_CAMEL);
        json_decref(v);
        v = renamed;
    }
    json_text_put(b, v);
    json_decref(v);
}

/* A row as {"name":value,..}, or as [value,..] where before[i] is only a comma. */
static void put_row(struct buf *b, const struct chosen *c, size_t n, const json_t *row,
                    const struct tfield_world *w)
{
    for (size_t i = 0; i < n; i++) {
        buf_put(b, c[i].before, c[i].before_len);
        put_value(b, &c[i], row, w);
    }
}

static void put_header(struct buf *b, const struct chosen *c, size_t n)
{
    buf_u8(b, '[');
    for (size_t i = 0; i < n; i++) {
        json_t *name = json_string(c[i].name);
        if (i > 0)
            buf_u8(b, ',');
        json_text_put(b, name);
        json_decref(name);
    }
    buf_u8(b, ']');
}

/* What stands before each value of a row is the same for all rows. */
static void set_before(struct chosen *c, size_t n, bool table)
{
    for (size_t i = 0; i < n; i++) {
        struct buf before = {0};
        if (!table)
            json_text_name(&before, i == 0, c[i].name);
        else if (i > 0)
            buf_u8(&before, ',');
        c[i].before_len = buf_len(&before);
        c[i].before = buf_take_str(&before);
    }
}

static void tell_torrents(struct rpc *r)
{
    struct chosen columns[FIELDS_MAX];
    struct buf *b = &r->torrents; /* written as text: thousands of rows are asked for each second */
    json_t *names = json_array();
    size_t n = columns_of(r, columns, names), i;
    const char *format = rpc_text(r, "format");
    bool table = format && strcmp(format, "table") == 0;
    struct tfield_world w = {.now_s = loop_wall_us(r->t->cfg.loop) / 1000000, .legacy = r->legacy};
    set_before(columns, n, table);
    buf_u8(b, '[');
    if (table)
        put_header(b, columns, n);
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        buf_str(b, table ? ",[" : i > 0 ? ",{" : "{");
        put_row(b, columns, n, row, &w);
        buf_u8(b, table ? ']' : '}');
    }
    buf_u8(b, ']');
    for (i = 0; i < n; i++)
        free(columns[i].before);
    json_decref(names);
    if (rpc_is_lately(json_object_get(r->args, "ids"))) /* rpc-spec 3.3: "removed" */
        json_object_set(r->out, "removed", r->removed);
}

static void torrent_get(struct rpc *r)
{
    struct chosen columns[FIELDS_MAX];
    if (!rpc_list(r, "fields")) {
        rpc_fail(r, RPC_INVALID_PARAMS, "no fields specified");
        return;
    }
    json_t *names = json_array();
    columns_of(r, columns, names);
    rpc_choose(r, names, tell_torrents);
    json_decref(names);
}

/* ---- what is done to each chosen torrent ---- */

static void each(struct rpc *r, const char *method)
{
    size_t i;
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        rpc_call(r, method, with_id(row), rpc_must, i);
    }
}

static void start_each(struct rpc *r)
{
    each(r, "file.resume");
}

static void start_now_each(struct rpc *r)
{
    size_t i;
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        json_t *params = with_id(row);
        rpc_param(r, "file.resume", params, "now", json_true());
        rpc_call(r, "file.resume", params, rpc_must, i);
    }
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
    size_t i;
    const json_t *row;
    json_array_foreach(r->rows, i, row) {
        json_t *params = with_id(row);
        if (rpc_flag(r, "delete_local_data"))
            json_object_set_new(params, "with_data", json_true());
        rpc_call(r, "file.rm", params, rpc_must, i);
    }
}

static void torrent_start(struct rpc *r)
{
    rpc_choose(r, NULL, start_each);
}

static void torrent_start_now(struct rpc *r)
{
    rpc_choose(r, NULL, start_now_each);
}

static void torrent_stop(struct rpc *r)
{
    rpc_choose(r, NULL, stop_each);
}

static void torrent_verify(struct rpc *r)
{
    rpc_choose(r, NULL, verify_each);
}

static void torrent_reannounce(struct rpc *r)
{
    rpc_choose(r, NULL, reannounce_each);
}

static void torrent_remove(struct rpc *r)
{
    if (json_object_get(r->args, "ids")) /* never all of them by a slip */
        rpc_choose(r, NULL, remove_each);
    else
        rpc_fail(r, RPC_INVALID_PARAMS, "no ids specified");
}

/* ---- the queue ---- */

/* Several keep their order among themselves: those that go to the top are moved last first. */
static void move_each(struct rpc *r, const char *to, bool last_first)
{
    size_t n = json_array_size(r->rows);
    for (size_t i = 0; i < n; i++) {
        json_t *params = with_id(json_array_get(r->rows, last_first ? n - 1 - i : i));
        json_object_set_new(params, "to", json_string(to));
        rpc_call(r, "file.queue", params, rpc_must, i);
    }
}

static void move_top(struct rpc *r)
{
    move_each(r, "top", true);
}

static void move_up(struct rpc *r)
{
    move_each(r, "up", false);
}

static void move_down(struct rpc *r)
{
    move_each(r, "down", true);
}

static void move_bottom(struct rpc *r)
{
    move_each(r, "bottom", false);
}

static void queue_move_top(struct rpc *r)
{
    rpc_choose(r, NULL, move_top);
}

static void queue_move_up(struct rpc *r)
{
    rpc_choose(r, NULL, move_up);
}

static void queue_move_down(struct rpc *r)
{
    rpc_choose(r, NULL, move_down);
}

static void queue_move_bottom(struct rpc *r)
{
    rpc_choose(r, NULL, move_bottom);
}

/* ---- where it lies ---- */

static void locate_each(struct rpc *r)
{
    size_t i;
    const json_t *row;
    const char *dir = rpc_text(r, "location");
    json_array_foreach(r->rows, i, row) {
        json_t *params = with_id(row);
        rpc_param(r, "file.move", params, "dir", json_string(dir));
        /* rpc-spec 3.6: "otherwise, search `location` for files" */
        if (!rpc_flag(r, "move"))
            rpc_param(r, "file.move", params, "moved", json_true());
        rpc_call(r, "file.move", params, rpc_must, i);
    }
}

static void torrent_set_location(struct rpc *r)
{
    const char *dir = rpc_text(r, "location");
    if (!dir || dir[0] != '/')
        rpc_fail(r, RPC_PATH_NOT_ABSOLUTE, "new location path is not absolute");
    else
        rpc_choose(r, NULL, locate_each);
}

static void rename_one(struct rpc *r)
{
    const json_t *row = json_array_get(r->rows, 0);
    const char *path = rpc_text(r, "path"), *name = rpc_text(r, "name");
    if (json_array_size(r->rows) != 1) {
        rpc_fail(r, RPC_INVALID_PARAMS, "torrent-rename-path requires 1 torrent");
        return;
    }
    json_object_set_new(r->out, "path", json_string(path));
    json_object_set_new(r->out, "name", json_string(name));
    json_object_set(r->out, "id", json_array_get(row, 1));
    json_t *params = with_id(row);
    json_object_set_new(params, "path", json_string(path));
    json_object_set_new(params, "name", json_string(name));
    rpc_call(r, "file.rename", params, rpc_must, 0);
}

static void torrent_rename_path(struct rpc *r)
{
    if (rpc_text(r, "path") && rpc_text(r, "name"))
        rpc_choose(r, NULL, rename_one);
    else
        rpc_fail(r, RPC_INVALID_PARAMS, "path and name are wanted");
}

/* ---- the table ---- */

rpc_step *torrent_method(const char *name, enum tname_style *style)
{
    static const struct {
        const char *name;
        rpc_step *act;
    } table[] = {{"torrent_get", torrent_get},
                 {"torrent_add", rpc_torrent_add},
                 {"torrent_set", rpc_torrent_set},
                 {"torrent_start", torrent_start},
                 {"torrent_start_now", torrent_start_now},
                 {"torrent_stop", torrent_stop},
                 {"torrent_remove", torrent_remove},
                 {"torrent_verify", torrent_verify},
                 {"torrent_reannounce", torrent_reannounce},
                 {"torrent_set_location", torrent_set_location},
                 {"torrent_rename_path", torrent_rename_path},
                 {"queue_move_top", queue_move_top},
                 {"queue_move_up", queue_move_up},
                 {"queue_move_down", queue_move_down},
                 {"queue_move_bottom", queue_move_bottom}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0) {
            /* The names of fields are the client's own already. */
            *style = table[i].act == torrent_get ? TNAME_SNAKE : TNAME_CAMEL;
            return table[i].act;
        }
    return NULL;
}
