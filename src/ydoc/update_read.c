/* Reading updates; see update_msg.h.  Format 1 and 2 differ in where a field stands, not in what a
 * struct is: each field has one function here that knows both places. */
#include "ydoc/update_msg.h"

#include "base/utf8.h"
#include "ydoc/any.h"
#include "ydoc/lib0.h"

#include <stdlib.h>
#include <string.h>

#define INFO_KIND 0x1f
#define INFO_SUB 0x20   /* under a key of its parent */
#define INFO_RIGHT 0x40 /* has a right origin */
#define INFO_LEFT 0x80  /* has a left origin */

static void fail(struct update_reader *r, enum err code, const char *what)
{
    if (r->why.code == OK)
        why_set(&r->why, code, "struct %llu of client %llu: %s", (unsigned long long)r->seen,
                (unsigned long long)r->at.client, what);
}

void update_read(struct update_reader *r, enum update_format format, struct cur bytes,
                 struct buf *sink)
{
    *r = (struct update_reader){.in = bytes,
                                .sink = sink,
                                .format = format,
                                .swell_max = UPDATE_SWELL_FREE + UPDATE_SWELL * (uint64_t)bytes.n,
                                .sink_from = buf_len(sink)};
    r->structs_max = r->swell_max < UPDATE_STRUCTS_MAX ? r->swell_max : UPDATE_STRUCTS_MAX;
    if (format == UPDATE_V2) {
        if (lib0_uint(&r->in) != 0) {
            fail(r, ERR_UNSUPPORTED, "an update of format 2 with unknown features");
            return;
        }
        col_read(&r->key_clock, COL_DIFFS, lib0_bytes(&r->in));
        col_read(&r->client, COL_UINTS, lib0_bytes(&r->in));
        col_read(&r->left_clock, COL_DIFFS, lib0_bytes(&r->in));
        col_read(&r->right_clock, COL_DIFFS, lib0_bytes(&r->in));
        col_read(&r->info, COL_BYTES, lib0_bytes(&r->in));
        text_read(&r->text, lib0_bytes(&r->in));
        col_read(&r->parent_info, COL_BYTES, lib0_bytes(&r->in));
        col_read(&r->type_ref, COL_UINTS, lib0_bytes(&r->in));
        col_read(&r->len, COL_UINTS, lib0_bytes(&r->in));
    }
    r->clients = lib0_uint(&r->in);
}

/* Did any read so far go wrong?  Asked for each struct. */
static bool broken(struct update_reader *r)
{
    bool bad = r->in.bad;
    if (r->format == UPDATE_V2)
        bad |= r->text.bad | r->key_clock.bad | r->client.bad | r->left_clock.bad |
               r->right_clock.bad | r->info.bad | r->parent_info.bad | r->type_ref.bad | r->len.bad;
    if (bad)
        fail(r, ERR_INVALID, "cut short or not UTF-8");
    if (r->seen > r->structs_max || buf_len(r->sink) - r->sink_from > r->swell_max)
        fail(r, ERR_LIMIT, "more than an update of this size may hold");
    return r->why.code != OK;
}

/* ---- fields ---- */

static uint64_t plain_or(struct update_reader *r, struct col_reader *column)
{
    return r->format == UPDATE_V2 ? col_next(column) : lib0_uint(&r->in);
}

static uint8_t read_info(struct update_reader *r)
{
    return r->format == UPDATE_V2 ? (uint8_t)col_next(&r->info) : cur_u8(&r->in);
}

static struct yid read_id(struct update_reader *r, struct col_reader *clock)
{
    struct yid id;
    if (r->format == UPDATE_V2) {
        id.client = col_next(&r->client);
        id.clock = col_next(clock);
    } else {
        id.client = lib0_uint(&r->in);
        id.clock = lib0_uint(&r->in);
    }
    return id;
}

/* Append the next text to `out`; returns its units. */
static uint64_t read_text(struct update_reader *r, struct buf *out)
{
    if (r->format == UPDATE_V2)
        return text_next(&r->text, out);
    struct cur text = lib0_bytes(&r->in);
    bool ascii = lib0_ascii(text.p, text.n);
    if (!ascii && !utf8_valid(text.p, text.n)) {
        r->in = (struct cur){NULL, 0, true};
        return 0;
    }
    buf_put(out, text.p, text.n);
    return ascii ? text.n : lib0_units(text.p, text.n);
}

/* Append the next text with its length in front. */
static void read_sized_text(struct update_reader *r, struct buf *out)
{
    struct buf text = {0};
    read_text(r, &text);
    lib0_put_bytes(out, buf_bytes(&text), buf_len(&text));
    buf_done(&text);
}

/* A key, with its length in front: format 2 names one by its number once it was told. */
static void read_key(struct update_reader *r, struct buf *out)
{
    if (r->format == UPDATE_V1) {
        read_sized_text(r, out);
        return;
    }
    uint64_t number = col_next(&r->key_clock);
    uint64_t known = buf_len(&r->name_ends) / sizeof(uint64_t);
    if (number >= known) {
        number = known;
        read_text(r, &r->names);
        buf_be64(&r->name_ends, buf_len(&r->names));
    }
    struct cur ends = buf_cur(&r->name_ends);
    cur_take(&ends, number > 0 ? (number - 1) * sizeof(uint64_t) : 0);
    uint64_t from = number > 0 ? cur_be(&ends, 8) : 0;
    uint64_t to = cur_be(&ends, 8);
    struct cur names = buf_cur(&r->names);
    cur_take(&names, from);
    lib0_put_bytes(out, names.p, to - from);
}

static void read_value(struct update_reader *r, struct buf *out)
{
    struct why why;
    enum err e = any_copy(&r->in, out, &why);
    if (e != OK)
        fail(r, e, why.text);
}

/* A mark's or an embed's value: JSON text in format 1. */
static void read_json_value(struct update_reader *r, struct buf *out)
{
    struct why why;
    if (r->format == UPDATE_V2) {
        read_value(r, out);
        return;
    }
    struct cur text = lib0_text(&r->in);
    if (r->in.bad)
        return;
    enum err e = any_from_json(text.p, text.n, out, &why);
    if (e != OK)
        fail(r, e, why.text);
}

/* ---- a struct ---- */

static uint64_t read_count(struct update_reader *r)
{
    uint64_t n = plain_or(r, &r->len);
    if (n > UPDATE_CLOCK_MAX)
        fail(r, ERR_LIMIT, "more than 2^32 units");
    return n;
}

static void read_many(struct update_reader *r, struct ystruct *s)
{
    s->len = read_count(r);
    for (uint64_t i = 0; i < s->len && !broken(r); i++) {
        if (s->kind == CONTENT_ANY)
            read_value(r, r->sink);
        else
            read_sized_text(r, r->sink);
        r->seen++; /* texts without a byte come for nothing in format 2 */
    }
}

static void read_type(struct update_reader *r)
{
    uint64_t ref = plain_or(r, &r->type_ref);
    if (ref > TYPE_XML_TEXT)
        fail(r, ERR_UNSUPPORTED, "a type of a kind that Yjs 13 does not know");
    buf_u8(r->sink, (uint8_t)ref);
    if (ref == TYPE_XML_ELEMENT || ref == TYPE_XML_HOOK)
        read_key(r, r->sink);
}

static void read_content(struct update_reader *r, struct ystruct *s)
{
    struct cur bytes;
    s->content.at = buf_len(r->sink);
    s->len = 1;
    switch (s->kind) {
    case CONTENT_GC:
    case CONTENT_DELETED:
        s->len = read_count(r);
        break;
    case CONTENT_SKIP: /* not in the column */
        s->len = lib0_uint(&r->in);
        break;
    case CONTENT_JSON:
    case CONTENT_ANY:
        read_many(r, s);
        break;
    case CONTENT_BINARY:
        bytes = lib0_bytes(&r->in);
        buf_put(r->sink, bytes.p, bytes.n);
        break;
    case CONTENT_STRING:
        s->len = read_text(r, r->sink);
        break;
    case CONTENT_EMBED:
        read_json_value(r, r->sink);
        break;
    case CONTENT_FORMAT:
        read_key(r, r->sink);
        read_json_value(r, r->sink);
        break;
    case CONTENT_TYPE:
        read_type(r);
        break;
    case CONTENT_DOC:
        read_sized_text(r, r->sink);
        read_value(r, r->sink);
        break;
    }
    s->content.n = buf_len(r->sink) - s->content.at;
}

/* A name that the struct gives for its parent or key; in format 2 it is a piece of `scratch`. */
static struct cur read_name(struct update_reader *r)
{
    if (r->format == UPDATE_V1)
        return lib0_text(&r->in);
    size_t from = buf_len(&r->scratch);
    read_text(r, &r->scratch);
    struct cur name = buf_cur(&r->scratch);
    cur_take(&name, from);
    return name;
}

/* Neither origin says where it belongs: then it is said. */
static void read_parent(struct update_reader *r, struct ystruct *s, uint8_t info)
{
    static const uint8_t nothing;
    buf_clear(&r->scratch);
    buf_room(&r->scratch, 1);
    if (plain_or(r, &r->parent_info) == 1) {
        s->root = read_name(r);
        if (!s->root.p)
            s->root.p = &nothing;
    } else {
        s->parent = read_id(r, &r->left_clock);
    }
    if (info & INFO_SUB) {
        size_t root_n = s->root.n;
        bool moved = r->format == UPDATE_V2 && s->root.p;
        s->sub = read_name(r);
        if (!s->sub.p)
            s->sub.p = &nothing;
        if (moved) { /* the scratch may have */
            s->root = buf_cur(&r->scratch);
            s->root.n = root_n;
        }
    }
}

static bool comes_after(const struct yid *id, const struct ystruct *s)
{
    return id->client == s->id.client && id->clock >= s->id.clock;
}

/* What a client writes can only refer to what it wrote before. */
static void check_ids(struct update_reader *r, const struct ystruct *s)
{
    if (comes_after(&s->left, s) || comes_after(&s->right, s) || comes_after(&s->parent, s))
        fail(r, ERR_INVALID, "it refers to what comes after it");
}

static bool next_section(struct update_reader *r)
{
    while (r->structs == 0) {
        if (r->clients == 0 || broken(r))
            return false;
        r->clients--;
        r->structs = lib0_uint(&r->in);
        r->at.client = plain_or(r, &r->client);
        r->at.clock = lib0_uint(&r->in);
        if (broken(r))
            return false;
    }
    return r->why.code == OK;
}

bool update_next(struct update_reader *r, struct ystruct *out)
{
    static const struct yid nowhere = {NO_CLIENT, 0};
    if (!next_section(r))
        return false;
    r->structs--;
    r->seen++;
    uint8_t info = read_info(r);
    out->id = r->at;
    out->left = out->right = out->parent = nowhere;
    out->root = out->sub = (struct cur){0};
    out->has_sub = false;
    if ((info & INFO_KIND) > CONTENT_SKIP) {
        fail(r, ERR_UNSUPPORTED, "content of a kind that Yjs 13 does not know");
        return false;
    }
    out->kind = (enum content)(info & INFO_KIND);
    if (out->kind != CONTENT_GC && out->kind != CONTENT_SKIP) {
        if (info & INFO_LEFT)
            out->left = read_id(r, &r->left_clock);
        if (info & INFO_RIGHT)
            out->right = read_id(r, &r->right_clock);
        out->has_sub = (info & INFO_SUB) != 0;
        if (!(info & (INFO_LEFT | INFO_RIGHT)))
            read_parent(r, out, info);
    }
    read_content(r, out);
    check_ids(r, out);
    if (broken(r))
        return false;
    if (out->len == 0)
        fail(r, ERR_INVALID, "it has no length");
    else if (out->id.clock + out->len > UPDATE_CLOCK_MAX)
        fail(r, ERR_LIMIT, "more than 2^32 units");
    r->at.clock += out->len;
    return r->why.code == OK;
}

void update_read_deletes(struct update_reader *r, struct ranges *set)
{
    if (broken(r))
        return;
    enum err e = ranges_read(set, r->format == UPDATE_V2, &r->in, &r->why);
    (void)e; /* it is in why.code */
    if (r->why.code == OK && r->in.n > 0)
        fail(r, ERR_INVALID, "bytes behind the end of the update");
}

enum err update_done(struct update_reader *r, struct why *why)
{
    broken(r);
    buf_done(&r->names);
    buf_done(&r->name_ends);
    buf_done(&r->scratch);
    if (r->why.code != OK && why)
        *why = r->why;
    return r->why.code;
}
