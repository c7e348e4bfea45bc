/* Local edits of texts, marks among them (yjs-format section 7; YText.js of Yjs 13.6).
 *
 * An attribute is switched by marker items between the text: a mark (key, value) holds for what
 * follows it, until another of its key.  Where a mark would change nothing none is written. */
#include "ydoc/doc_in.h"
#include "ydoc/lib0.h"
#include "ydoc/marks.h"

#include <stdlib.h>

static void read_mark(const struct ydoc *d, const struct item *it, struct cur *key,
                      struct cur *value)
{
    struct cur c = item_bytes(d, it);
    *key = lib0_bytes(&c);
    *value = c;
}

static bool live_mark(const struct item *it)
{
    return it->kind == CONTENT_FORMAT && !item_deleted(it);
}

static void forward(struct ydoc *d, struct spot *s)
{
    const struct item *it = item_of(d, s->right);
    if (live_mark(it)) {
        struct cur key, value;
        read_mark(d, it, &key, &value);
        marks_apply(&s->now, key, value);
    }
    s->left = s->right;
    s->right = it->right;
}

struct spot spot_begin(const struct ydoc *d, uint32_t type)
{
    return (struct spot){.type = type, .left = NONE, .right = d->types[type].start};
}

void spot_pass(struct ydoc *d, struct spot *s, uint64_t n)
{
    while (n > 0 && s->right != NONE) {
        uint32_t units = item_visible(item_of(d, s->right));
        if (units > n)
            item_split(d, s->right, units = (uint32_t)n);
        n -= units;
        forward(d, s);
    }
}

static bool find_spot(struct ydoc *d, const char *root, uint64_t pos, struct spot *s)
{
    *s = (struct spot){.type = doc_root_named(d, root)};
    if (!doc_gap(d, s->type, pos, &s->left, &s->right))
        return false;
    if (d->types[s->type].marked && s->left != NONE) {
        struct spot walk = spot_begin(d, s->type);
        while (walk.left != s->left)
            forward(d, &walk);
        s->now = walk.now;
    }
    return true;
}

static enum err behind(struct ydoc *d, const struct spot *s, uint64_t pos, struct why *why)
{
    return why_set(why, ERR_INVALID, "position %llu is behind the end, %llu",
                   (unsigned long long)pos, (unsigned long long)d->types[s->type].len);
}

/* ---- steps that all edits are made of ---- */

/* Past what is deleted, and past marks that say what is wanted anyway. */
static void advance(struct ydoc *d, struct spot *s, const struct marks *wanted)
{
    while (s->right != NONE) {
        const struct item *it = item_of(d, s->right);
        struct cur key, value;
        if (!item_deleted(it)) {
            if (it->kind != CONTENT_FORMAT)
                break;
            read_mark(d, it, &key, &value);
            if (!marks_equal(wanted, key, value))
                break;
        }
        forward(d, s);
    }
}

static void put(struct ydoc *d, struct spot *s, enum content kind, uint32_t len, struct cur content)
{
    doc_write(d, s->type, s->left, s->right, NONE, kind, len, content);
    /* What was written may have joined its left neighbour: the spot is before `right` still. */
    uint32_t right = s->right;
    s->left = right == NONE ? item_at(d, d->client, d->clients[d->client].state - 1)
                            : item_of(d, right)->left;
}

static void put_mark(struct ydoc *d, struct spot *s, struct cur key, struct cur value)
{
    struct buf content = {0};
    lib0_put_bytes(&content, key.p, key.n);
    buf_put(&content, value.p, value.n);
    put(d, s, CONTENT_FORMAT, 1, buf_cur(&content));
    marks_apply(&s->now, key, value);
    buf_done(&content);
}

/* Switch to the wanted attributes; `negated` remembers how it was. */
static void open_marks(struct ydoc *d, struct spot *s, const struct marks *wanted,
                       struct marks *negated)
{
    static const uint8_t null[] = {ANY_NULL};
    for (size_t i = 0; i < wanted->n; i++) {
        struct cur key = marks_key(wanted, i);
        size_t before = marks_find(&s->now, key);
        if (marks_equal(&s->now, key, marks_value(wanted, i)))
            continue;
        marks_set(negated, key, before < s->now.n ? marks_value(&s->now, before) : cur_of(null, 1));
        put_mark(d, s, key, marks_value(wanted, i));
    }
}

/* And back, unless marks that stand there do it already. */
static void close_marks(struct ydoc *d, struct spot *s, struct marks *negated)
{
    while (s->right != NONE) {
        const struct item *it = item_of(d, s->right);
        if (!item_deleted(it)) {
            struct cur key, value;
            if (it->kind != CONTENT_FORMAT)
                break;
            read_mark(d, it, &key, &value);
            if (!marks_has(negated, key) || !marks_equal(negated, key, value))
                break;
            marks_drop(negated, key);
        }
        forward(d, s);
    }
    for (size_t i = 0; i < negated->n; i++)
        put_mark(d, s, marks_key(negated, i), marks_value(negated, i));
}

/* ---- inserting ---- */

void spot_insert(struct ydoc *d, struct spot *s, struct marks *wanted, enum content kind,
                 uint32_t len, struct cur content)
{
    static const uint8_t null[] = {ANY_NULL};
    struct marks negated = {0};
    for (size_t i = 0; i < s->now.n; i++) /* what is not named is not wanted */
        if (!marks_has(wanted, marks_key(&s->now, i)))
            marks_set(wanted, marks_key(&s->now, i), cur_of(null, 1));
    advance(d, s, wanted);
    open_marks(d, s, wanted, &negated);
    put(d, s, kind, len, content);
    if (negated.n > 0)
        close_marks(d, s, &negated);
    marks_done(&negated);
}

enum err ytext_insert(struct ydoc *d, const char *root, uint64_t pos, const void *utf8, size_t n,
                      const struct cur *attrs, struct why *why)
{
    struct spot s;
    struct marks wanted = {0};
    if (n == 0)
        return OK;
    if (!find_spot(d, root, pos, &s))
        return behind(d, &s, pos, why);
    if (attrs)
        marks_read(&wanted, *attrs);
    else
        marks_copy(&wanted, &s.now);
    spot_insert(d, &s, &wanted, CONTENT_STRING, (uint32_t)lib0_units(utf8, n), cur_of(utf8, n));
    marks_done(&wanted);
    marks_done(&s.now);
    return OK;
}

enum err ytext_embed(struct ydoc *d, const char *root, uint64_t pos, struct cur value,
                     const struct cur *attrs, struct why *why)
{
    struct spot s;
    struct marks wanted = {0};
    if (!find_spot(d, root, pos, &s))
        return behind(d, &s, pos, why);
    if (attrs)
        marks_read(&wanted, *attrs);
    spot_insert(d, &s, &wanted, CONTENT_EMBED, 1, value);
    marks_done(&wanted);
    marks_done(&s.now);
    return OK;
}

/* ---- deleting ---- */

static bool is_text(const struct item *it)
{
    return it->kind == CONTENT_STRING || it->kind == CONTENT_EMBED || it->kind == CONTENT_TYPE;
}

/* JavaScript's ===: an object is equal to nothing but itself. */
static bool identical(const struct marks *m, struct cur key, struct cur value)
{
    return value.n > 0 && *value.p != ANY_OBJECT && *value.p != ANY_ARRAY &&
           *value.p != ANY_BYTES && marks_equal(m, key, value);
}

/* In the gap that a deletion left, of each key only the last mark counts, and not even that when it
 * says what held before the gap. */
static void clean_gap(struct ydoc *d, uint32_t start, const struct marks *before)
{
    uint32_t end = start;
    struct marks last = {0}; /* key to the number of the item */
    struct cur key, value;
    for (; end != NONE; end = item_of(d, end)->right) {
        const struct item *it = item_of(d, end);
        if (!item_deleted(it) && item_countable(it))
            break;
        if (!live_mark(it))
            continue;
        read_mark(d, it, &key, &value);
        marks_set(&last, key, cur_of(&end, sizeof end));
    }
    for (uint32_t i = start; i != end; i = item_of(d, i)->right) {
        if (!live_mark(item_of(d, i)))
            continue;
        read_mark(d, item_of(d, i), &key, &value);
        if (!marks_equal(&last, key, cur_of(&i, sizeof i)) || identical(before, key, value))
            item_delete(d, i);
    }
    marks_done(&last);
}

void spot_cut(struct ydoc *d, struct spot *s, uint64_t n, bool text_only)
{
    struct marks before = {0};
    uint32_t start = s->right;
    marks_copy(&before, &s->now);
    while (n > 0 && s->right != NONE) {
        struct item *it = item_of(d, s->right);
        if (!item_deleted(it) && (text_only ? is_text(it) : item_countable(it))) {
            if (it->len > n)
                item_split(d, s->right, (uint32_t)n);
            n -= it->len;
            item_delete(d, s->right);
        }
        forward(d, s);
    }
    if (d->types[s->type].marked && start != NONE)
        clean_gap(d, start, &before);
    marks_done(&before);
}

void ytext_delete(struct ydoc *d, const char *root, uint64_t pos, uint64_t n)
{
    struct spot s;
    if (n == 0 || !find_spot(d, root, pos, &s)) /* finding the spot may cut a pair of halves */
        return;
    spot_cut(d, &s, n, true);
    marks_done(&s.now);
}

/* ---- formatting ---- */

/* One mark on the way; false: nothing further needs to be looked at. */
static bool pass_mark(struct ydoc *d, struct spot *s, const struct marks *wanted,
                      struct marks *negated, uint64_t n)
{
    struct cur key, value;
    read_mark(d, item_of(d, s->right), &key, &value);
    if (!marks_has(wanted, key)) {
        marks_set(&s->now, key, value);
        return true;
    }
    if (marks_equal(wanted, key, value))
        marks_drop(negated, key);
    else if (n == 0)
        return false;
    else
        marks_set(negated, key, value);
    item_delete(d, s->right);
    return true;
}

void spot_format(struct ydoc *d, struct spot *s, uint64_t n, const struct marks *wanted)
{
    struct marks negated = {0};
    if (s->right == NONE)
        return;
    advance(d, s, wanted);
    open_marks(d, s, wanted, &negated);
    for (; s->right != NONE; forward(d, s)) {
        struct item *it = item_of(d, s->right);
        if (n == 0 && (negated.n == 0 || (!item_deleted(it) && it->kind != CONTENT_FORMAT)))
            break;
        if (item_deleted(it))
            continue;
        if (it->kind == CONTENT_FORMAT) {
            if (!pass_mark(d, s, wanted, &negated, n))
                break;
            continue;
        }
        if (it->len > n)
            item_split(d, s->right, (uint32_t)n);
        n -= it->len;
    }
    if (n > 0) { /* Quill counts a newline that is not there; Yjs writes it */
        struct buf lines = {0};
        for (; n > 0 && buf_len(&lines) < 65536; n--)
            buf_u8(&lines, '\n');
        put(d, s, CONTENT_STRING, (uint32_t)buf_len(&lines), buf_cur(&lines));
        buf_done(&lines);
    }
    close_marks(d, s, &negated);
    marks_done(&negated);
}

enum err ytext_format(struct ydoc *d, const char *root, uint64_t pos, uint64_t n, struct cur attrs,
                      struct why *why)
{
    struct spot s;
    struct marks wanted = {0};
    if (n == 0)
        return OK;
    if (!find_spot(d, root, pos, &s))
        return behind(d, &s, pos, why);
    marks_read(&wanted, attrs);
    spot_format(d, &s, n, &wanted);
    marks_done(&wanted);
    marks_done(&s.now);
    return OK;
}
