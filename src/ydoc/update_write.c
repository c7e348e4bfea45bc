/* Writing updates; see update_msg.h. */
#include "ydoc/update_msg.h"

#include "ydoc/any.h"
#include "ydoc/lib0.h"

#define INFO_SUB 0x20
#define INFO_RIGHT 0x40
#define INFO_LEFT 0x80
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void update_write(struct update_writer *w, enum update_format format, struct buf *out)
{
    *w = (struct update_writer){.format = format, .to = out, .out = out};
    if (format == UPDATE_V1)
        return;
    w->out = &w->rest;
    col_write(&w->key_clock, COL_DIFFS);
    col_write(&w->client, COL_UINTS);
    col_write(&w->left_clock, COL_DIFFS);
    col_write(&w->right_clock, COL_DIFFS);
    col_write(&w->info, COL_BYTES);
    text_write(&w->text);
    col_write(&w->parent_info, COL_BYTES);
    col_write(&w->type_ref, COL_UINTS);
    col_write(&w->len, COL_UINTS);
}

void update_put_clients(struct update_writer *w, uint64_t n)
{
    lib0_put_uint(w->out, n);
}

static void plain_or(struct update_writer *w, struct col_writer *column, uint64_t v)
{
    if (w->format == UPDATE_V2)
        col_put(column, v);
    else
        lib0_put_uint(w->out, v);
}

void update_put_section(struct update_writer *w, uint64_t structs, struct yid first)
{
    lib0_put_uint(w->out, structs);
    plain_or(w, &w->client, first.client);
    lib0_put_uint(w->out, first.clock);
}

static void put_id(struct update_writer *w, struct col_writer *clock, struct yid id)
{
    plain_or(w, &w->client, id.client);
    plain_or(w, clock, id.clock);
}

static void put_text(struct update_writer *w, struct cur text)
{
    if (w->format == UPDATE_V2)
        text_put(&w->text, text.p, text.n, lib0_units(text.p, text.n));
    else
        lib0_put_bytes(w->out, text.p, text.n);
}

/* Format 2 numbers keys; Yjs never uses a number again, and so we do not. */
static void put_key(struct update_writer *w, struct cur key)
{
    if (w->format == UPDATE_V2)
        col_put(&w->key_clock, w->keys++);
    put_text(w, key);
}

/* A mark's or an embed's value. */
static void put_json_value(struct update_writer *w, struct cur value)
{
    if (w->format == UPDATE_V2) {
        buf_put(w->out, value.p, value.n);
        return;
    }
    struct buf text = {0};
    any_json(&value, ANY_STRINGIFY, &text);
    lib0_put_bytes(w->out, buf_bytes(&text), buf_len(&text));
    buf_done(&text);
}

static void put_content(struct update_writer *w, const struct ystruct *s, struct cur c)
{
    switch (s->kind) {
    case CONTENT_GC:
    case CONTENT_DELETED:
        plain_or(w, &w->len, s->len);
        break;
    case CONTENT_SKIP:
        lib0_put_uint(w->out, s->len);
        break;
    case CONTENT_JSON:
        plain_or(w, &w->len, s->len);
        for (uint64_t i = 0; i < s->len; i++)
            put_text(w, lib0_bytes(&c));
        break;
    case CONTENT_BINARY:
        lib0_put_bytes(w->out, c.p, c.n);
        break;
    case CONTENT_STRING:
        if (w->format == UPDATE_V2)
            text_put(&w->text, c.p, c.n, s->len);
        else
            lib0_put_bytes(w->out, c.p, c.n);
        break;
    case CONTENT_EMBED:
        put_json_value(w, c);
        break;
    case CONTENT_FORMAT:
        put_key(w, lib0_bytes(&c));
        put_json_value(w, c);
        break;
    case CONTENT_TYPE: {
        uint8_t ref = cur_u8(&c);
        plain_or(w, &w->type_ref, ref);
        if (ref == TYPE_XML_ELEMENT || ref == TYPE_XML_HOOK)
            put_key(w, lib0_bytes(&c));
        break;
    }
    case CONTENT_ANY:
        plain_or(w, &w->len, s->len);
        buf_put(w->out, c.p, c.n);
        break;
    case CONTENT_DOC:
        put_text(w, lib0_bytes(&c));
        buf_put(w->out, c.p, c.n);
        break;
    }
}

void update_put(struct update_writer *w, const struct ystruct *s, const uint8_t *content)
{
    bool left = s->left.client != NO_CLIENT, right = s->right.client != NO_CLIENT;
    uint8_t info = (uint8_t)((unsigned)s->kind | (s->has_sub ? INFO_SUB : 0u) |
                             (right ? INFO_RIGHT : 0u) | (left ? INFO_LEFT : 0u));
    if (w->format == UPDATE_V2)
        col_put(&w->info, info);
    else
        buf_u8(w->out, info);
    if (left)
        put_id(w, &w->left_clock, s->left);
    if (right)
        put_id(w, &w->right_clock, s->right);
    if (!left && !right && s->kind != CONTENT_GC && s->kind != CONTENT_SKIP) {
        plain_or(w, &w->parent_info, s->root.p ? 1 : 0);
        if (s->root.p)
            put_text(w, s->root);
        else
            put_id(w, &w->left_clock, s->parent);
        if (s->has_sub)
            put_text(w, s->sub);
    }
    put_content(w, s, cur_of(content ? content + s->content.at : NULL, s->content.n));
}

void update_put_deletes(struct update_writer *w, const struct ranges *set)
{
    ranges_put(set, w->format == UPDATE_V2, w->out);
}

void update_end(struct update_writer *w)
{
    struct buf *to = w->to;
    if (w->format == UPDATE_V1)
        return;
    lib0_put_uint(to, 0); /* no features */
    col_end(&w->key_clock, to);
    col_end(&w->client, to);
    col_end(&w->left_clock, to);
    col_end(&w->right_clock, to);
    col_end(&w->info, to);
    text_end(&w->text, to);
    col_end(&w->parent_info, to);
    col_end(&w->type_ref, to);
    col_end(&w->len, to);
    buf_put(to, buf_bytes(&w->rest), buf_len(&w->rest));
    buf_done(&w->rest);
}

/* ---- cutting ---- */

size_t content_cut(enum content kind, struct cur content, uint64_t n, bool *torn)
{
    struct cur rest = content;
    *torn = false;
    if (kind == CONTENT_STRING)
        return lib0_cut(content.p, content.n, n, torn);
    for (; n > 0 && kind == CONTENT_ANY; n--)
        any_take(&rest);
    for (; n > 0 && kind == CONTENT_JSON; n--)
        lib0_bytes(&rest);
    return content.n - rest.n;
}

void ystruct_cut(struct ystruct *s, uint64_t n, struct buf *sink)
{
    struct cur content = buf_cur(sink);
    bool torn;
    cur_take(&content, s->content.at);
    size_t cut = content_cut(s->kind, cur_take(&content, s->content.n), n, &torn);
    s->content.at += cut;
    s->content.n -= cut;
    if (torn) { /* the second half of a pair stands alone now */
        struct buf tail = {0};
        buf_str(&tail, REPLACEMENT);
        buf_put(&tail, buf_bytes(sink) + s->content.at + 4, s->content.n - 4);
        s->content = (struct slice){buf_len(sink), buf_len(&tail)};
        buf_put(sink, buf_bytes(&tail), buf_len(&tail));
        buf_done(&tail);
    }
    s->id.clock += n;
    s->len -= n;
    if (s->kind != CONTENT_GC && s->kind != CONTENT_SKIP) {
        s->left = (struct yid){s->id.client, s->id.clock - 1};
        s->root.p = NULL;
        s->parent.client = NO_CLIENT;
    }
}
