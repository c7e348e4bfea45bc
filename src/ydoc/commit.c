/* The end of a transaction: what is deleted is forgotten, what belongs together is merged, and one
 * update tells of it (yjs-format section 3.5). */
#include "ydoc/doc_in.h"

#include <assert.h>
#include <stdlib.h>

void doc_touch_first(struct ydoc *d, uint32_t client)
{
    struct client *c = &d->clients[client];
    c->touched = true;
    c->before = c->state;
    numbers_add(&d->touched, client);
}

void doc_seam(struct ydoc *d, const struct item *it)
{
    numbers_add(&d->seams, it->client);
    numbers_add(&d->seams, it->clock);
    numbers_add(&d->seams, item_end(it));
}

void doc_begin(struct ydoc *d, bool tells)
{
    assert(!d->open);
    d->open = true;
    d->tells = tells;
    d->touched.n = d->seams.n = d->torn.n = 0;
    d->ours = false;
    d->deleted.n = d->gone.n = 0;
    d->aside = false;
}

/* ---- forgetting ---- */

static void forget_content(struct ydoc *d, struct item *it, enum content becomes)
{
    doc_waste(d, it->kind == CONTENT_TYPE ? d->types[it->at].n : it->n);
    it->kind = (uint8_t)becomes;
    it->flags = ITEM_DELETED;
    it->at = it->n = 0;
}

/* Below a type that is gone nothing has a place: only the clocks remain. */
static void forget_place(struct ydoc *d, uint32_t i)
{
    struct item *it = item_of(d, i);
    if (it->kind == CONTENT_TYPE)
        numbers_add(&d->stack, it->at);
    forget_content(d, it, CONTENT_GC);
    doc_seam(d, it);
}

static void forget_below(struct ydoc *d, uint32_t type)
{
    uint32_t floor = d->stack.n;
    numbers_add(&d->stack, type);
    while (d->stack.n > floor) {
        struct ytype *t = &d->types[d->stack.at[--d->stack.n]];
        for (uint32_t i = t->start, next; i != NONE; i = next) {
            next = item_of(d, i)->right;
            forget_place(d, i);
        }
        for (uint32_t e = t->keys; e != NONE; e = d->entries[e].next)
            for (uint32_t i = d->entries[e].item, next; i != NONE; i = next) {
                next = item_of(d, i)->left;
                forget_place(d, i);
            }
        seq_free(&d->seq, &t->seq);
        t->start = t->keys = t->keys_end = NONE;
    }
}

static void forget_range(struct ydoc *d, const struct range *r)
{
    const struct runs *runs = &d->clients[doc_client(d, r->client)].runs;
    const struct run *run;
    struct run_at at;
    if (!runs_find(runs, (uint32_t)r->clock, &at))
        return;
    for (; (run = runs_get(runs, at)) && run->clock < r->clock + r->len; runs_next(runs, &at)) {
        struct item *it = item_of(d, run->item);
        if (!item_deleted(it) || it->kind == CONTENT_GC || it->kind == CONTENT_DELETED)
            continue;
        if (it->kind == CONTENT_TYPE)
            forget_below(d, it->at);
        forget_content(d, it, CONTENT_DELETED);
    }
}

/* ---- merging ---- */

/* Whatever starts in [from, to] joins what stands before it, if it can. */
static void merge_span(struct ydoc *d, uint32_t client, uint32_t from, uint32_t to)
{
    struct client *c = &d->clients[client];
    const struct run *run;
    struct run_at at;
    if (!runs_find(&c->runs, from, &at))
        return;
    struct run_at before = at;
    if (!runs_prev(&c->runs, &before))
        runs_next(&c->runs, &at); /* nothing stands before the first */
    uint32_t last = runs_get(&c->runs, before)->item;
    while ((run = runs_get(&c->runs, at)) && run->clock <= to) {
        if (item_joins(item_of(d, last), item_of(d, run->item), run->item)) {
            item_merge(d, c, last, &at);
        } else {
            last = run->item;
            runs_next(&c->runs, &at);
        }
    }
}

static void merge_all(struct ydoc *d)
{
    for (uint32_t i = 0; i < d->touched.n; i++) {
        const struct client *c = &d->clients[d->touched.at[i]];
        merge_span(d, d->touched.at[i], c->before, c->state);
    }
    for (size_t i = 0; i < d->deleted.n; i++) {
        const struct range *r = &d->deleted.at[i];
        merge_span(d, doc_client(d, r->client), (uint32_t)r->clock, (uint32_t)(r->clock + r->len));
    }
    for (uint32_t i = 0; i < d->seams.n; i += 3)
        merge_span(d, d->seams.at[i], d->seams.at[i + 1], d->seams.at[i + 2]);
}

/* ---- telling ---- */

static void tell(struct ydoc *d, enum update_format format, struct buf *out)
{
    struct update_writer w;
    if (d->touched.n == 0 && d->deleted.n == 0)
        return;
    doc_sort_clients(d, &d->touched);
    update_write(&w, format, out);
    update_put_clients(&w, d->touched.n);
    for (uint32_t i = 0; i < d->touched.n; i++)
        doc_put_client(d, d->touched.at[i], d->clients[d->touched.at[i]].before, &w);
    update_put_deletes(&w, &d->deleted);
    update_end(&w);
}

void doc_end(struct ydoc *d, enum update_format format, struct buf *out)
{
    ranges_tidy(&d->deleted);
    if (d->gc)
        for (size_t i = 0; i < d->deleted.n; i++)
            forget_range(d, &d->deleted.at[i]);
    merge_all(d);
    if (out && d->gone.n > 0) {
        for (size_t i = 0; i < d->gone.n; i++)
            ranges_add(&d->deleted, d->gone.at[i].client, d->gone.at[i].clock, d->gone.at[i].len);
        ranges_tidy(&d->deleted);
    }
    if (out)
        tell(d, format, out);
    for (uint32_t i = 0; i < d->touched.n; i++)
        d->clients[d->touched.at[i]].touched = false;
    d->open = false;
}

void ydoc_begin(struct ydoc *d)
{
    doc_begin(d, true);
    d->ours = true;
}

void ydoc_commit(struct ydoc *d, enum update_format format, struct buf *out)
{
    doc_end(d, format, out);
    doc_pack(d);
}
