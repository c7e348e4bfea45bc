/* How a document reads (yjs-format section 2.2). */
#include "base/mem.h"
#include "ydoc/doc_in.h"
#include "ydoc/lib0.h"
#include "ydoc/marks.h"

#include <stdlib.h>
#include <string.h>

#define READ_DEPTH_MAX 200 /* types within types; what is deeper reads as null */

static void put_type(struct ydoc *d, uint32_t type, unsigned depth, struct buf *out);
static void put_xml(struct ydoc *d, uint32_t type, unsigned depth, struct buf *out);

static bool shown(const struct item *it)
{
    return !item_deleted(it) && item_countable(it);
}

static enum type_kind kind_of(const struct ydoc *d, uint32_t type)
{
    return (enum type_kind)d->types[type].kind;
}

static bool is_xml(enum type_kind kind)
{
    return kind == TYPE_XML_ELEMENT || kind == TYPE_XML_FRAGMENT || kind == TYPE_XML_TEXT;
}

/* ---- text ---- */

static void put_bytes(const struct ydoc *d, const struct item *it, struct buf *out)
{
    struct cur bytes = item_bytes(d, it);
    buf_put(out, bytes.p, bytes.n);
}

static void put_text(const struct ydoc *d, uint32_t type, struct buf *out)
{
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        if (it->kind == CONTENT_STRING && !item_deleted(it))
            put_bytes(d, it, out);
    }
}

void ydoc_text(struct ydoc *d, const char *root, struct buf *utf8)
{
    put_text(d, doc_root_named(d, root), utf8);
}

uint64_t ydoc_length(struct ydoc *d, const char *root)
{
    uint32_t type = doc_root_named(d, root); /* which may move the types */
    return d->types[type].len;
}

/* ---- values ---- */

/* The k-th unit of a string as JSON text of its own. */
static void put_unit(struct cur text, uint64_t k, struct buf *out)
{
    bool torn;
    cur_take(&text, lib0_cut(text.p, text.n, k, &torn));
    size_t n = torn ? 0 : lib0_cut(text.p, text.n, 1, &torn);
    if (torn)
        buf_str(out, "\"\xef\xbf\xbd\"");
    else
        any_json_text(out, text.p, n);
}

static void put_legacy(struct cur text, struct buf *out)
{
    if (text.n == 9 && memcmp(text.p, "undefined", 9) == 0)
        buf_str(out, "{\"$undef\":1}");
    else
        buf_put(out, text.p, text.n);
}

/* Element k of an item as JSON; `at` walks along with it. */
static void put_element(struct ydoc *d, const struct item *it, struct cur *at, uint64_t k,
                        unsigned depth, struct buf *out)
{
    struct cur text;
    switch ((enum content)it->kind) {
    case CONTENT_ANY:
    case CONTENT_EMBED:
        any_json(at, ANY_TAGGED, out);
        break;
    case CONTENT_JSON:
        put_legacy(lib0_bytes(at), out);
        break;
    case CONTENT_STRING:
        put_unit(*at, k, out);
        break;
    case CONTENT_BINARY:
        buf_str(out, "{\"$bin\":\"");
        while (at->n > 0)
            buf_printf(out, "%02x", cur_u8(at));
        buf_str(out, "\"}");
        break;
    case CONTENT_TYPE:
        put_type(d, it->at, depth + 1, out);
        break;
    case CONTENT_DOC:
        text = lib0_bytes(at);
        buf_str(out, "{\"$doc\":");
        any_json_text(out, text.p, text.n);
        buf_u8(out, '}');
        break;
    case CONTENT_GC:
    case CONTENT_DELETED:
    case CONTENT_FORMAT:
    case CONTENT_SKIP:
        break;
    }
}

static void put_array(struct ydoc *d, uint32_t type, unsigned depth, struct buf *out)
{
    bool first = true;
    buf_u8(out, '[');
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        struct cur at = it->kind == CONTENT_TYPE ? (struct cur){0} : item_bytes(d, it);
        for (uint64_t k = 0; shown(it) && k < it->len; k++) {
            if (!first)
                buf_u8(out, ',');
            first = false;
            put_element(d, it, &at, k, depth, out);
        }
    }
    buf_u8(out, ']');
}

/* The value of a key is the last element that its latest item holds. */
static void put_value(struct ydoc *d, const struct item *it, unsigned depth, struct buf *out)
{
    struct cur at = it->kind == CONTENT_TYPE ? (struct cur){0} : item_bytes(d, it);
    for (uint64_t k = 1; k < it->len; k++) {
        if (it->kind == CONTENT_ANY)
            any_take(&at);
        else if (it->kind == CONTENT_JSON)
            lib0_bytes(&at);
    }
    put_element(d, it, &at, it->len - 1, depth, out);
}

static void put_map(struct ydoc *d, uint32_t type, unsigned depth, struct buf *out)
{
    bool first = true;
    buf_u8(out, '{');
    for (uint32_t e = d->types[type].keys; e != NONE; e = d->entries[e].next) {
        const struct item *it = item_of(d, d->entries[e].item);
        if (!shown(it))
            continue;
        struct cur key = name_of(d, d->entries[e].name);
        if (!first)
            buf_u8(out, ',');
        first = false;
        any_json_text(out, key.p, key.n);
        buf_u8(out, ':');
        put_value(d, it, depth, out);
    }
    buf_u8(out, '}');
}

/* A nested type: maps and arrays as JSON, texts and XML as strings of it. */
static void put_type(struct ydoc *d, uint32_t type, unsigned depth, struct buf *out)
{
    struct buf text = {0};
    if (depth > READ_DEPTH_MAX) {
        buf_str(out, "null");
        return;
    }
    switch (kind_of(d, type)) {
    case TYPE_ARRAY:
        put_array(d, type, depth, out);
        return;
    case TYPE_MAP:
        put_map(d, type, depth, out);
        return;
    case TYPE_XML_HOOK:
        buf_str(out, "{\"$hook\":");
        put_map(d, type, depth, out);
        buf_u8(out, '}');
        return;
    case TYPE_TEXT:
        put_text(d, type, &text);
        break;
    case TYPE_XML_ELEMENT:
    case TYPE_XML_FRAGMENT:
    case TYPE_XML_TEXT:
        put_xml(d, type, depth, &text);
        break;
    }
    any_json_text(out, buf_bytes(&text), buf_len(&text));
    buf_done(&text);
}

void ydoc_array(struct ydoc *d, const char *root, struct buf *out)
{
    put_array(d, doc_root_named(d, root), 0, out);
}

void ydoc_map(struct ydoc *d, const char *root, struct buf *out)
{
    put_map(d, doc_root_named(d, root), 0, out);
}

/* ---- rich text ---- */

/* A piece of a delta: text, or what stands among it, with the attributes in force. */
typedef void delta_fn(struct ydoc *d, struct buf *out, struct cur text, const struct item *embed,
                      unsigned depth, const struct marks *now);

static void walk_delta(struct ydoc *d, uint32_t type, unsigned depth, delta_fn *tell,
                       struct buf *out)
{
    struct marks now = {0};
    struct buf run = {0};
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        bool embed = it->kind == CONTENT_EMBED || it->kind == CONTENT_TYPE;
        if (item_deleted(it))
            continue;
        if (it->kind == CONTENT_STRING)
            put_bytes(d, it, &run);
        if (!embed && it->kind != CONTENT_FORMAT)
            continue;
        if (buf_len(&run) > 0)
            tell(d, out, buf_cur(&run), NULL, depth, &now);
        buf_clear(&run);
        if (embed) {
            tell(d, out, (struct cur){0}, it, depth, &now);
        } else {
            struct cur value = item_bytes(d, it);
            struct cur key = lib0_bytes(&value);
            marks_apply(&now, key, value);
        }
    }
    if (buf_len(&run) > 0)
        tell(d, out, buf_cur(&run), NULL, depth, &now);
    marks_done(&now);
    buf_done(&run);
}

static void tell_json(struct ydoc *d, struct buf *out, struct cur text, const struct item *embed,
                      unsigned depth, const struct marks *now)
{
    if (buf_bytes(out)[buf_len(out) - 1] != '[')
        buf_u8(out, ',');
    buf_str(out, "{\"insert\":");
    if (embed)
        put_value(d, embed, depth, out);
    else
        any_json_text(out, text.p, text.n);
    for (size_t i = 0; i < now->n; i++) {
        struct cur key = marks_key(now, i), value = marks_value(now, i);
        buf_str(out, i == 0 ? ",\"attributes\":{" : ",");
        any_json_text(out, key.p, key.n);
        buf_u8(out, ':');
        any_json(&value, ANY_TAGGED, out);
    }
    buf_str(out, now->n > 0 ? "}}" : "}");
}

void ydoc_delta(struct ydoc *d, const char *root, struct buf *out)
{
    buf_u8(out, '[');
    walk_delta(d, doc_root_named(d, root), 0, tell_json, out);
    buf_u8(out, ']');
}

/* ---- XML ---- */

/* A value as JavaScript makes a string of it. */
static void put_string(struct cur *value, struct buf *out)
{
    struct cur peek = *value;
    uint8_t kind = cur_u8(&peek);
    if (kind == ANY_STRING) {
        struct cur text = lib0_bytes(&peek);
        buf_put(out, text.p, text.n);
    } else if (kind == ANY_UNDEFINED) {
        buf_str(out, "undefined");
    } else if (kind == ANY_OBJECT) {
        buf_str(out, "[object Object]");
    } else if (kind == ANY_ARRAY) {
        for (uint64_t n = lib0_uint(&peek), i = 0; i < n; i++) {
            struct cur one = any_take(&peek);
            if (i > 0)
                buf_u8(out, ',');
            if (*one.p != ANY_NULL && *one.p != ANY_UNDEFINED)
                put_string(&one, out);
        }
    } else {
        any_json(value, ANY_STRINGIFY, out);
    }
}

struct named {
    struct cur name, value;
    const struct item *item;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    int c = n > 0 ? memcmp(x->name.p, y->name.p, n) : 0;
    return c != 0 ? c : x->name.n < y->name.n ? -1 : x->name.n > y->name.n;
}

static void put_attribute(struct cur name, struct cur value, struct buf *out)
{
    buf_u8(out, ' ');
    buf_put(out, name.p, name.n);
    buf_str(out, "=\"");
    put_string(&value, out);
    buf_u8(out, '"');
}

static void put_attributes(struct ydoc *d, uint32_t type, struct buf *out)
{
    size_t n = 0, most = 0;
    for (uint32_t e = d->types[type].keys; e != NONE; e = d->entries[e].next)
        most++;
    struct named *all = mem_array(most, sizeof *all);
    for (uint32_t e = d->types[type].keys; e != NONE; e = d->entries[e].next) {
        const struct item *it = item_of(d, d->entries[e].item);
        if (shown(it))
            all[n++] = (struct named){.name = name_of(d, d->entries[e].name), .item = it};
    }
    if (n > 0)
        qsort(all, n, sizeof *all, by_name);
    for (size_t i = 0; i < n; i++) {
        static const uint8_t object[] = {ANY_OBJECT, 0};
        bool any = all[i].item->kind == CONTENT_ANY;
        struct cur value = any ? item_bytes(d, all[i].item) : cur_of(object, sizeof object);
        for (uint64_t k = 1; any && k < all[i].item->len; k++)
            any_take(&value);
        put_attribute(all[i].name, value, out);
    }
    free(all);
}

/* Attributes of one tag: the keys of an object, or the letters of a string, as JavaScript's for-in
 * goes over them. */
static void put_tag_attributes(struct cur value, struct buf *out)
{
    struct cur c = value;
    uint8_t kind = cur_u8(&c);
    if (kind == ANY_OBJECT) {
        uint64_t n = lib0_uint(&c);
        struct named *all = mem_array((size_t)n, sizeof *all);
        for (size_t i = 0; i < n; i++) {
            all[i].name = lib0_bytes(&c);
            all[i].value = any_take(&c);
        }
        if (n > 0)
            qsort(all, (size_t)n, sizeof *all, by_name);
        for (size_t i = 0; i < n; i++)
            put_attribute(all[i].name, all[i].value, out);
        free(all);
    } else if (kind == ANY_STRING) {
        struct cur text = lib0_bytes(&c);
        for (size_t i = 0; text.n > 0; i++) {
            bool torn;
            struct cur one = cur_take(&text, lib0_cut(text.p, text.n, 2, &torn) > 3
                                                 ? 4
                                                 : lib0_cut(text.p, text.n, 1, &torn));
            buf_printf(out, " %zu=\"", i);
            buf_put(out, one.p, one.n);
            buf_u8(out, '"');
        }
    }
}

static void tell_xml(struct ydoc *d, struct buf *out, struct cur text, const struct item *embed,
                     unsigned depth, const struct marks *now)
{
    (void)depth;
    struct named *tags = mem_array(now->n, sizeof *tags);
    for (size_t i = 0; i < now->n; i++)
        tags[i] = (struct named){.name = marks_key(now, i), .value = marks_value(now, i)};
    if (now->n > 0)
        qsort(tags, now->n, sizeof *tags, by_name);
    for (size_t i = 0; i < now->n; i++) {
        buf_u8(out, '<');
        buf_put(out, tags[i].name.p, tags[i].name.n);
        put_tag_attributes(tags[i].value, out);
        buf_u8(out, '>');
    }
    if (!embed) {
        buf_put(out, text.p, text.n);
    } else if (embed->kind == CONTENT_EMBED) {
        struct cur value = item_bytes(d, embed);
        put_string(&value, out);
    } else {
        buf_str(out, "[object Object]");
    }
    for (size_t i = now->n; i-- > 0;) {
        buf_str(out, "</");
        buf_put(out, tags[i].name.p, tags[i].name.n);
        buf_u8(out, '>');
    }
    free(tags);
}

static void put_children(struct ydoc *d, uint32_t type, unsigned depth, struct buf *out)
{
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        if (!shown(it))
            continue;
        struct cur value = it->kind == CONTENT_TYPE ? (struct cur){0} : item_bytes(d, it);
        if (it->kind == CONTENT_TYPE && is_xml(kind_of(d, it->at)))
            put_xml(d, it->at, depth + 1, out);
        else if (it->kind == CONTENT_TYPE && kind_of(d, it->at) == TYPE_TEXT)
            put_text(d, it->at, out);
        else if (it->kind == CONTENT_STRING)
            buf_put(out, value.p, value.n);
        else if (it->kind == CONTENT_ANY)
            for (uint64_t k = 0; k < it->len; k++) {
                struct cur one = any_take(&value);
                put_string(&one, out);
            }
        else
            buf_str(out, "[object Object]");
    }
}

static void put_xml(struct ydoc *d, uint32_t type, unsigned depth, struct buf *out)
{
    if (depth > READ_DEPTH_MAX)
        return;
    if (kind_of(d, type) == TYPE_XML_TEXT) {
        walk_delta(d, type, depth, tell_xml, out);
        return;
    }
    bool element = kind_of(d, type) == TYPE_XML_ELEMENT && d->types[type].item != NONE;
    struct cur says = piece_of(&d->text, d->types[type].at, d->types[type].n);
    cur_u8(&says);
    struct buf name = {0};
    if (element) {
        struct cur upper = lib0_bytes(&says);
        while (upper.n > 0) {
            uint8_t c = cur_u8(&upper);
            buf_u8(&name, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
        }
        buf_u8(out, '<');
        buf_put(out, buf_bytes(&name), buf_len(&name));
        put_attributes(d, type, out);
        buf_u8(out, '>');
    }
    put_children(d, type, depth, out);
    if (element) {
        buf_str(out, "</");
        buf_put(out, buf_bytes(&name), buf_len(&name));
        buf_u8(out, '>');
    }
    buf_done(&name);
}

void ydoc_xml(struct ydoc *d, const char *root, struct buf *utf8)
{
    put_children(d, doc_root_named(d, root), 0, utf8);
}

/* ---- the tree of elements, for programs ---- */

static void put_tree_attributes(struct ydoc *d, uint32_t type, struct buf *out)
{
    const char *before = ",\"attributes\":{";
    for (uint32_t e = d->types[type].keys; e != NONE; e = d->entries[e].next) {
        const struct item *it = item_of(d, d->entries[e].item);
        if (!shown(it) || it->kind != CONTENT_ANY)
            continue;
        struct cur name = name_of(d, d->entries[e].name), value = item_bytes(d, it);
        for (uint64_t k = 1; k < it->len; k++)
            any_take(&value);
        buf_str(out, before);
        any_json_text(out, name.p, name.n);
        buf_u8(out, ':');
        any_json(&value, ANY_TAGGED, out);
        before = ",";
    }
    if (*before == ',' && before[1] == '\0')
        buf_u8(out, '}');
}

static void put_tree(struct ydoc *d, uint32_t type, unsigned depth, struct buf *out)
{
    const char *before = "";
    buf_u8(out, '[');
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        if (!shown(it) || it->kind != CONTENT_TYPE || depth >= READ_DEPTH_MAX)
            continue;
        uint32_t child = it->at;
        enum type_kind kind = kind_of(d, child);
        if (kind == TYPE_XML_TEXT || kind == TYPE_TEXT) {
            buf_printf(out, "%s{\"text\":[", before);
            walk_delta(d, child, depth + 1, tell_json, out);
            buf_str(out, "]}");
            before = ",";
        } else if (kind == TYPE_XML_ELEMENT) {
            struct cur says = piece_of(&d->text, d->types[child].at, d->types[child].n);
            cur_u8(&says);
            struct cur tag = lib0_bytes(&says);
            buf_printf(out, "%s{\"tag\":", before);
            any_json_text(out, tag.p, tag.n);
            put_tree_attributes(d, child, out);
            buf_str(out, ",\"children\":");
            put_tree(d, child, depth + 1, out);
            buf_u8(out, '}');
            before = ",";
        }
    }
    buf_u8(out, ']');
}

void ydoc_tree(struct ydoc *d, const char *root, struct buf *out)
{
    put_tree(d, doc_root_named(d, root), 0, out);
}
