#include "ydoc/restore.h"

#include "base/mem.h"
#include "ydoc/diff.h"
#include "ydoc/doc_in.h"
#include "ydoc/lib0.h"
#include "ydoc/prints.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct restore {
    struct ydoc *now, *old;
    uint64_t *prints, *old_prints;
    uint32_t printed;    /* types of `now` that have one: those that were there before */
    struct numbers todo; /* pairs: a type of `now`, and what of `old` it is to read as */
    uint64_t work;       /* comparisons that are left */
};

static struct cur says_of(const struct ydoc *d, uint32_t type)
{
    return piece_of(&d->text, d->types[type].at, d->types[type].n);
}

static bool same(struct cur a, struct cur b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Of one kind, and name: an attribute can be changed, a tag cannot. */
static bool alike(const struct restore *r, uint32_t type, uint32_t was)
{
    return same(says_of(r->now, type), says_of(r->old, was));
}

static void later(struct restore *r, uint32_t type, uint32_t was)
{
    if (type < r->printed && r->prints[type] == r->old_prints[was])
        return;
    numbers_add(&r->todo, type);
    numbers_add(&r->todo, was);
}

static struct cur content_of(const struct ydoc *d, const struct item *it)
{
    return it->kind == CONTENT_TYPE ? says_of(d, it->at) : item_bytes(d, it);
}

/* ---- lists: how they are compared ---- */

/* Is the type that this item made there in the other document as well? */
static bool lives_in(const struct ydoc *other, uint64_t client, uint32_t clock)
{
    uint32_t c = doc_known_client(other, client);
    struct run_at at;
    if (c == NONE || clock >= other->clients[c].state ||
        !runs_find(&other->clients[c].runs, clock, &at))
        return false;
    const struct item *it = item_of(other, runs_get(&other->clients[c].runs, at)->item);
    return it->kind == CONTENT_TYPE && !item_deleted(it);
}

/* What it is compared by: a type that lives in both is itself, whatever became of it; all else is
 * what it reads as. */
static uint64_t sign_of(const struct restore *r, const struct ydoc *d, const struct item *it,
                        struct cur *at)
{
    const struct ydoc *other = d == r->now ? r->old : r->now;
    uint64_t id[2] = {d->clients[it->client].id, it->clock};
    if (it->kind == CONTENT_TYPE && lives_in(other, id[0], it->clock))
        return map_hash(r->now->seed, id, sizeof id);
    return print_unit(it, at, d == r->now ? r->prints : r->old_prints, r->now->seed);
}

static uint32_t number_of(struct map *numbers, uint64_t sign)
{
    const void *known = map_get(numbers, &sign, sizeof sign);
    uintptr_t next = map_count(numbers) + 1;
    if (known)
        return (uint32_t)(uintptr_t)known;
    map_put(numbers, &sign, sizeof sign, (void *)next); // NOLINT(performance-no-int-to-ptr)
    return (uint32_t)next;
}

/* The list as text_diff() takes it. */
static void flatten(const struct restore *r, const struct ydoc *d, uint32_t type,
                    struct map *numbers, struct buf *out)
{
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        if (item_visible(it) == 0)
            continue;
        struct cur at = content_of(d, it);
        if (it->kind == CONTENT_STRING)
            buf_put(out, at.p, at.n);
        else
            for (uint32_t k = 0; k < it->len; k++)
                text_diff_put_value(out, number_of(numbers, sign_of(r, d, it, &at)));
    }
}

/* ---- lists: a walk through both ---- */

/* Where the old list is read: so many units into an item, and the attributes there. */
struct place {
    uint32_t item, unit;
    struct marks now;
};

struct walk {
    struct restore *r;
    struct spot spot;
    struct place place;
    uint64_t at; /* units of the list as it is by now */
    /* What was read of it and not yet written: text of one look. */
    struct buf text;
    struct marks look;
    uint32_t units;
};

static void next_item(const struct ydoc *d, struct place *p)
{
    const struct item *it = item_of(d, p->item);
    if (it->kind == CONTENT_FORMAT && !item_deleted(it)) {
        struct cur value = item_bytes(d, it);
        struct cur key = lib0_bytes(&value);
        marks_apply(&p->now, key, value);
    }
    p->item = it->right;
    p->unit = 0;
}

/* The item that the next unit stands in, or NULL at the end. */
static const struct item *item_here(const struct ydoc *d, struct place *p)
{
    while (p->item != NONE && p->unit >= item_visible(item_of(d, p->item)))
        next_item(d, p);
    return p->item == NONE ? NULL : item_of(d, p->item);
}

static uint32_t units_here(const struct item *it, const struct place *p, uint64_t most)
{
    uint32_t left = it->len - p->unit;
    return left < most ? left : (uint32_t)most;
}

static void place_pass(const struct ydoc *d, struct place *p, uint64_t n)
{
    const struct item *it;
    while (n > 0 && (it = item_here(d, p))) {
        uint32_t units = units_here(it, p, n);
        p->unit += units;
        n -= units;
    }
}

/* The types among n units of a list: how far on each is, and its number. */
static void types_among(const struct ydoc *d, uint32_t item, uint32_t unit, uint64_t n,
                        struct numbers *out)
{
    for (uint64_t at = 0; item != NONE && at < n; item = item_of(d, item)->right, unit = 0) {
        const struct item *it = item_of(d, item);
        if (it->kind == CONTENT_TYPE && item_visible(it) > unit) {
            numbers_add(out, (uint32_t)at);
            numbers_add(out, it->at);
        }
        at += item_visible(it) - (item_visible(it) > 0 ? unit : 0);
    }
}

static void write_text(struct walk *w)
{
    if (w->units > 0)
        spot_insert(w->r->now, &w->spot, &w->look, CONTENT_STRING, w->units, buf_cur(&w->text));
    w->units = 0;
    buf_clear(&w->text);
    marks_done(&w->look);
}

static bool same_look(const struct marks *a, const struct marks *b)
{
    bool equal = a->n == b->n;
    for (size_t i = 0; equal && i < a->n; i++)
        equal = marks_has(b, marks_key(a, i)) && marks_equal(b, marks_key(a, i), marks_value(a, i));
    return equal;
}

static void copy_text(struct walk *w, uint32_t units, struct cur text)
{
    if (w->units > 0 && !same_look(&w->look, &w->place.now))
        write_text(w);
    if (w->units == 0)
        marks_copy(&w->look, &w->place.now);
    buf_put(&w->text, text.p, text.n);
    w->units += units;
}

static void copy_value(struct walk *w, const struct item *it, uint32_t units, struct cur content)
{
    struct ydoc *d = w->r->now;
    struct marks look = {0};
    marks_copy(&look, &w->place.now);
    spot_insert(d, &w->spot, &look, (enum content)it->kind, units, content);
    marks_done(&look);
    if (it->kind == CONTENT_TYPE)
        later(w->r, d->n_types - 1, it->at);
}

/* Write the next n units of the old list. */
static void copy(struct walk *w, uint64_t n)
{
    const struct ydoc *old = w->r->old;
    const struct item *it;
    while (n > 0 && (it = item_here(old, &w->place))) {
        bool torn;
        uint32_t units = units_here(it, &w->place, n);
        enum content kind = (enum content)it->kind;
        struct cur content = content_of(old, it);
        if (it->len > 1) {
            cur_take(&content, content_cut(kind, content, w->place.unit, &torn));
            content = cur_take(&content, content_cut(kind, content, units, &torn));
        }
        if (kind == CONTENT_STRING) {
            copy_text(w, units, content);
        } else {
            write_text(w);
            copy_value(w, it, units, content);
        }
        w->place.unit += units;
        n -= units;
    }
    write_text(w);
}

static void keep(struct walk *w, uint64_t n)
{
    struct restore *r = w->r;
    struct numbers mine = {0}, old = {0};
    types_among(r->now, w->spot.right, 0, n, &mine);
    types_among(r->old, w->place.item, w->place.unit, n, &old);
    for (uint32_t i = 0; i < mine.n && i < old.n; i += 2)
        later(r, mine.at[i + 1], old.at[i + 1]);
    spot_pass(r->now, &w->spot, n);
    place_pass(r->old, &w->place, n);
    free(mine.at);
    free(old.at);
}

/* The n-th type of what goes becomes the n-th of what comes, if it can. */
static void replace(struct walk *w, uint64_t cut, uint64_t put)
{
    struct restore *r = w->r;
    struct numbers mine = {0}, old = {0};
    uint64_t gone = 0, come = 0;
    types_among(r->now, w->spot.right, 0, cut, &mine);
    types_among(r->old, w->place.item, w->place.unit, put, &old);
    for (uint32_t i = 0; i < mine.n && i < old.n; i += 2) {
        if (!alike(r, mine.at[i + 1], old.at[i + 1]))
            continue;
        spot_cut(r->now, &w->spot, mine.at[i] - gone, false);
        copy(w, old.at[i] - come);
        keep(w, 1);
        gone = (uint64_t)mine.at[i] + 1;
        come = (uint64_t)old.at[i] + 1;
    }
    spot_cut(r->now, &w->spot, cut - gone, false);
    copy(w, put - come);
    free(mine.at);
    free(old.at);
}

static void on_edit(void *arg, uint64_t at, uint64_t cut, struct cur put)
{
    struct walk *w = arg;
    uint64_t units = text_units(put);
    keep(w, at - w->at);
    replace(w, cut, units);
    w->at = at + units;
}

static void restore_list(struct restore *r, uint32_t type, uint32_t was)
{
    struct map *numbers = map_new(r->now->seed);
    struct buf is = {0}, wanted = {0};
    struct walk w = {.r = r, .spot = spot_begin(r->now, type)};
    flatten(r, r->now, type, numbers, &is);
    flatten(r, r->old, was, numbers, &wanted);
    map_free(numbers);
    w.place.item = r->old->types[was].start;
    text_diff_within(&r->work, buf_cur(&is), buf_cur(&wanted), on_edit, &w);
    keep(&w, r->old->types[was].len - w.at);
    marks_done(&w.spot.now);
    marks_done(&w.place.now);
    buf_done(&w.text);
    buf_done(&is);
    buf_done(&wanted);
}

/* ---- formats: of lists that hold the same by now ---- */

/* Neighbours with the same attributes. */
struct looks {
    struct look {
        uint64_t units;
        struct marks marks;
    } * at;
    size_t n, cap;
};

static void looks_read(const struct ydoc *d, uint32_t type, struct looks *out)
{
    struct place p = {.item = d->types[type].start};
    const struct item *it;
    while ((it = item_here(d, &p))) {
        struct look *last = out->n > 0 ? &out->at[out->n - 1] : NULL;
        if (last && same_look(&last->marks, &p.now)) {
            last->units += it->len;
        } else {
            if (out->n == out->cap)
                out->at = mem_realloc(out->at, (out->cap = 2 * out->cap + 4) * sizeof *out->at);
            out->at[out->n] = (struct look){.units = it->len};
            marks_copy(&out->at[out->n++].marks, &p.now);
        }
        p.unit = it->len;
    }
    marks_done(&p.now);
}

static void looks_done(struct looks *all)
{
    for (size_t i = 0; i < all->n; i++)
        marks_done(&all->at[i].marks);
    free(all->at);
}

/* What makes the one of the other; null takes away. */
static void differences(const struct marks *is, const struct marks *wanted, struct marks *out)
{
    static const uint8_t null[] = {ANY_NULL};
    for (size_t i = 0; i < wanted->n; i++)
        if (!marks_equal(is, marks_key(wanted, i), marks_value(wanted, i)))
            marks_set(out, marks_key(wanted, i), marks_value(wanted, i));
    for (size_t i = 0; i < is->n; i++)
        if (!marks_has(wanted, marks_key(is, i)))
            marks_set(out, marks_key(is, i), cur_of(null, 1));
}

static void restore_looks(struct restore *r, uint32_t type, uint32_t was)
{
    struct looks is = {0}, wanted = {0};
    struct spot s = spot_begin(r->now, type);
    if (!r->now->types[type].marked && !r->old->types[was].marked)
        return;
    looks_read(r->now, type, &is);
    looks_read(r->old, was, &wanted);
    for (size_t i = 0, k = 0; i < is.n && k < wanted.n;) {
        struct look *a = &is.at[i], *b = &wanted.at[k];
        uint64_t n = a->units < b->units ? a->units : b->units;
        struct marks change = {0};
        differences(&a->marks, &b->marks, &change);
        if (change.n > 0)
            spot_format(r->now, &s, n, &change);
        else
            spot_pass(r->now, &s, n);
        marks_done(&change);
        i += (a->units -= n) == 0;
        k += (b->units -= n) == 0;
    }
    marks_done(&s.now);
    looks_done(&is);
    looks_done(&wanted);
}

/* ---- keys ---- */

static const struct item *value_of(const struct ydoc *d, uint32_t type, uint32_t name)
{
    uint32_t i = key_get(d, type, name);
    return i != NONE && item_visible(item_of(d, i)) > 0 ? item_of(d, i) : NULL;
}

static void restore_key(struct restore *r, uint32_t type, uint32_t name, const struct item *wanted)
{
    struct ydoc *d = r->now;
    const struct item *is = value_of(d, type, name);
    uint64_t seed = d->seed;
    if (is && is->kind == CONTENT_TYPE && wanted->kind == CONTENT_TYPE &&
        alike(r, is->at, wanted->at)) {
        later(r, is->at, wanted->at);
        return;
    }
    if (is && is->kind != CONTENT_TYPE && is->kind == wanted->kind &&
        print_value(d, is, NULL, seed) == print_value(r->old, wanted, NULL, seed))
        return;
    doc_write(d, type, key_get(d, type, name), NONE, name, (enum content)wanted->kind, wanted->len,
              content_of(r->old, wanted));
    if (wanted->kind == CONTENT_TYPE)
        later(r, d->n_types - 1, wanted->at);
}

static void restore_keys(struct restore *r, uint32_t type, uint32_t was)
{
    struct ydoc *d = r->now, *old = r->old;
    for (uint32_t e = old->types[was].keys; e != NONE; e = old->entries[e].next) {
        const struct item *wanted = item_of(old, old->entries[e].item);
        struct cur key = name_of(old, old->entries[e].name);
        if (item_visible(wanted) > 0)
            restore_key(r, type, doc_name(d, key.p, key.n), wanted);
    }
    for (uint32_t e = d->types[type].keys; e != NONE; e = d->entries[e].next) {
        struct cur key = name_of(d, d->entries[e].name);
        if (!value_of(old, was, doc_name(old, key.p, key.n)))
            item_delete(d, d->entries[e].item);
    }
}

/* ---- all of it ---- */

/* Every root that one of the two has, the other has too, if only empty. */
static void share_roots(struct ydoc *a, const struct ydoc *b)
{
    for (uint32_t i = 0; i < b->n_names; i++) {
        struct cur name = name_of(b, i);
        if (b->names[i].root != NONE)
            doc_root(a, doc_name(a, name.p, name.n));
    }
}

static void begin_with_roots(struct restore *r)
{
    for (uint32_t i = 0; i < r->now->n_names; i++) {
        struct cur name = name_of(r->now, i);
        if (r->now->names[i].root != NONE)
            later(r, r->now->names[i].root, doc_root(r->old, doc_name(r->old, name.p, name.n)));
    }
}

bool ydoc_restore(struct ydoc *now, struct ydoc *old)
{
    assert(now != old && now->open);
    struct restore r = {.now = now, .old = old, .work = DIFF_WORK_MAX};
    share_roots(now, old);
    share_roots(old, now);
    r.prints = prints_new(now, now->seed);
    r.old_prints = prints_new(old, now->seed);
    r.printed = now->n_types;
    begin_with_roots(&r);
    while (r.todo.n > 0) {
        uint32_t was = r.todo.at[--r.todo.n], type = r.todo.at[--r.todo.n];
        restore_list(&r, type, was);
        restore_looks(&r, type, was);
        restore_keys(&r, type, was);
    }
    free(r.todo.at);
    free(r.prints);
    free(r.old_prints);
    return now->touched.n > 0 || now->deleted.n > 0;
}
