/* Items: found by id, split, merged, deleted. */
#include "base/mem.h"
#include "ydoc/doc_in.h"
#include "ydoc/lib0.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD: half of a pair alone */

uint32_t item_make(struct ydoc *d)
{
    uint32_t i = d->free_item;
    if (i != NONE) {
        d->free_item = item_of(d, i)->right;
        return i;
    }
    if (d->items == d->pages * ITEMS_A_PAGE) {
        d->page = mem_realloc(d->page, (d->pages + 1) * sizeof *d->page);
        d->page[d->pages++] = mem_realloc(NULL, ITEMS_A_PAGE * sizeof(struct item));
    }
    return d->items++;
}

void item_free(struct ydoc *d, uint32_t i)
{
    item_of(d, i)->right = d->free_item;
    d->free_item = i;
}

static inline uint32_t known_at(struct ydoc *d, uint32_t client, uint32_t clock, int side)
{
    struct client *c = &d->clients[client];
    bool found = runs_find_near(&c->runs, clock, &c->near[side]);
    assert(found);
    (void)found;
    return c->runs.piece[c->near[side].piece]->at[c->near[side].i].item;
}

uint32_t item_at(struct ydoc *d, uint32_t client, uint32_t clock)
{
    return known_at(d, client, clock, 0);
}

uint32_t item_starting(struct ydoc *d, uint32_t client, uint32_t clock)
{
    uint32_t i = known_at(d, client, clock, 1);
    const struct item *it = item_of(d, i);
    return it->clock == clock || it->kind == CONTENT_GC ? i : item_split(d, i, clock - it->clock);
}

uint32_t item_ending(struct ydoc *d, uint32_t client, uint32_t clock)
{
    uint32_t i = known_at(d, client, clock, 0);
    const struct item *it = item_of(d, i);
    if (item_end(it) != clock + 1 && it->kind != CONTENT_GC)
        item_split(d, i, clock + 1 - it->clock);
    return i;
}

/* ---- content ---- */

/* A copy of n bytes at the end of the text. */
static uint32_t add_text(struct ydoc *d, const void *p, size_t n)
{
    uint32_t at = (uint32_t)buf_len(&d->text);
    buf_put(&d->text, p, n);
    return at;
}

static uint32_t room_of(const struct item *it)
{
    uint32_t room = it->n;
    if (it->flags & ITEM_ROOMY)
        for (room = 1; room < it->n;)
            room *= 2;
    return room;
}

/* In place where there is room: at the text's end, or in what an item that moved before was given.
 * Else it moves to the end and gets as much again, so that typing stays linear even when others
 * type in between. */
void item_append_text(struct ydoc *d, struct item *it, const uint8_t *p, uint32_t n)
{
    if (it->at + it->n == buf_len(&d->text)) {
        it->flags &= (uint8_t)~ITEM_ROOMY;
        buf_put(&d->text, p, n);
    } else if (it->flags & ITEM_ROOMY && it->n + n <= room_of(it)) {
        memcpy(buf_bytes(&d->text) + it->at + it->n, p, n);
    } else {
        uint32_t room = 1;
        while (room < it->n + n)
            room *= 2;
        doc_waste(d, room_of(it));
        buf_room(&d->text, room);
        uint8_t *old = buf_bytes(&d->text) + it->at, *new = buf_bytes(&d->text) + buf_len(&d->text);
        memcpy(new, old, it->n);
        memcpy(new + it->n, p, n);
        memset(new + it->n + n, 0, room - it->n - n);
        it->at = (uint32_t)buf_len(&d->text);
        it->flags |= ITEM_ROOMY;
        buf_grew(&d->text, room);
    }
    it->n += n;
}

void item_absorb(struct ydoc *d, struct item *a, const struct item *b)
{
    if (b->n == 0)
        return;
    if (a->at + a->n == b->at && !((a->flags | b->flags) & ITEM_ROOMY)) {
        a->n += b->n;
        return;
    }
    struct cur tail = item_bytes(d, b); /* appending may move the text: by way of a copy */
    buf_clear(&d->scratch);
    buf_put(&d->scratch, tail.p, tail.n);
    if (b->at + b->n == buf_len(&d->text))
        d->text.tail -= b->n; /* its place is used again */
    else
        doc_waste(d, room_of(b));
    item_append_text(d, a, buf_bytes(&d->scratch), b->n);
}

/* The content of `it` is cut behind n units; `tail` gets the rest. */
static void split_content(struct ydoc *d, struct item *it, struct item *tail, uint32_t n)
{
    bool torn = false, ascii = it->kind == CONTENT_STRING && it->n == it->len;
    size_t cut = ascii ? n : content_cut((enum content)it->kind, item_bytes(d, it), n, &torn);
    tail->at = it->at + (uint32_t)cut;
    tail->n = it->n - (uint32_t)cut;
    it->n = (uint32_t)cut;
    it->flags &= (uint8_t)~ITEM_ROOMY;
    tail->flags &= (uint8_t)~ITEM_ROOMY;
    if (torn) { /* both halves become U+FFFD, a byte shorter than the pair was */
        struct buf b = {0};
        buf_str(&b, REPLACEMENT);
        struct cur rest = item_bytes(d, tail);
        uint32_t pair = cur_be32(&rest);
        if (d->ours) {
            numbers_add(&d->torn, tail->client);
            numbers_add(&d->torn, tail->clock);
            numbers_add(&d->torn, pair);
        }
        buf_put(&b, rest.p, rest.n);
        tail->at = add_text(d, buf_bytes(&b), buf_len(&b));
        tail->n = (uint32_t)buf_len(&b);
        buf_done(&b);
        doc_waste(d, 1);
        memcpy(buf_bytes(&d->text) + it->at + it->n, REPLACEMENT, 3);
        it->n += 3;
    }
}

uint32_t item_split(struct ydoc *d, uint32_t i, uint32_t n)
{
    uint32_t t = item_new(d);
    struct item *it = item_of(d, i), *tail = item_of(d, t);
    *tail = *it;
    tail->clock += n;
    tail->len -= n;
    tail->left_client = it->client;
    tail->left_clock = tail->clock - 1;
    if (it->kind == CONTENT_STRING || it->kind == CONTENT_ANY || it->kind == CONTENT_JSON)
        split_content(d, it, tail, n);
    if (item_in_tree(d, it))
        seq_grow(&d->seq, i, -(int64_t)item_visible(tail));
    it->len = n;
    tail->left = i;
    it->right = t;
    if (tail->right != NONE)
        item_of(d, tail->right)->left = t;
    if (item_in_tree(d, it))
        seq_put(&d->seq, &d->types[it->type].seq, i, t);
    if (tail->sub != NONE && tail->right == NONE)
        key_set(d, it->type, it->sub, t);
    runs_put(&d->clients[it->client].runs, (struct run){tail->clock, t});
    doc_seam(d, tail);
    return t;
}

/* The halves of a pair are together again, at `seam`, and nothing was written between them: whoever
 * hears of this transaction has the pair whole. */
static void heal_pair(struct ydoc *d, struct item *a, uint32_t clock, uint32_t seam)
{
    uint32_t i = 0;
    while (i < d->torn.n && (d->torn.at[i] != a->client || d->torn.at[i + 1] != clock))
        i += 3;
    if (i >= d->torn.n)
        return;
    struct buf b = {0};
    struct cur rest = item_bytes(d, a);
    struct cur before = cur_take(&rest, seam - 3);
    cur_take(&rest, 6); /* two replacements */
    buf_put(&b, before.p, before.n);
    buf_be32(&b, d->torn.at[i + 2]);
    buf_put(&b, rest.p, rest.n);
    doc_waste(d, room_of(a));
    a->at = add_text(d, buf_bytes(&b), buf_len(&b));
    a->n = (uint32_t)buf_len(&b);
    a->flags &= (uint8_t)~ITEM_ROOMY;
    buf_done(&b);
}

void item_merge(struct ydoc *d, struct client *c, uint32_t ai, struct run_at *at)
{
    uint32_t bi = runs_get(&c->runs, *at)->item;
    struct item *a = item_of(d, ai), *b = item_of(d, bi);
    if (a->kind != CONTENT_GC) {
        uint32_t units = item_visible(b), seam = a->n;
        item_absorb(d, a, b);
        if (d->torn.n > 0 && a->kind == CONTENT_STRING)
            heal_pair(d, a, b->clock, seam);
        if (item_in_tree(d, b)) {
            seq_drop(&d->seq, &d->types[b->type].seq, bi);
            seq_grow(&d->seq, ai, units);
        }
        if (b->sub != NONE && b->right == NONE)
            key_set(d, b->type, b->sub, ai);
        a->right = b->right;
        if (b->right != NONE)
            item_of(d, b->right)->left = ai;
    }
    a->len += b->len;
    runs_drop(&c->runs, at);
    item_free(d, bi);
}

/* ---- keys of a type ---- */

static uint32_t bucket_of(const struct ydoc *d, uint32_t type, uint32_t name)
{
    uint64_t h =
        ((uint64_t)type << 32 | name) * 0x9e3779b97f4a7c15; /* numbers of ours, not a peer's */
    return (uint32_t)(h >> 32) & (d->n_buckets - 1);
}

static uint32_t find_entry(const struct ydoc *d, uint32_t type, uint32_t name)
{
    if (d->n_buckets == 0)
        return NONE;
    uint32_t e = d->buckets[bucket_of(d, type, name)];
    while (e != NONE && (d->entries[e].type != type || d->entries[e].name != name))
        e = d->entries[e].chain;
    return e;
}

uint32_t key_get(const struct ydoc *d, uint32_t type, uint32_t name)
{
    uint32_t e = find_entry(d, type, name);
    return e == NONE ? NONE : d->entries[e].item;
}

static void grow_keys(struct ydoc *d)
{
    d->cap_entries = d->cap_entries ? 2 * d->cap_entries : 8;
    d->entries = mem_realloc(d->entries, d->cap_entries * sizeof *d->entries);
    d->n_buckets = d->cap_entries;
    d->buckets = mem_realloc(d->buckets, d->n_buckets * sizeof *d->buckets);
    memset(d->buckets, 0xff, d->n_buckets * sizeof *d->buckets);
    for (uint32_t e = 0; e < d->n_entries; e++) {
        uint32_t b = bucket_of(d, d->entries[e].type, d->entries[e].name);
        d->entries[e].chain = d->buckets[b];
        d->buckets[b] = e;
    }
}

void key_set(struct ydoc *d, uint32_t type, uint32_t name, uint32_t item)
{
    uint32_t e = find_entry(d, type, name);
    if (e != NONE) {
        d->entries[e].item = item;
        return;
    }
    if (d->n_entries == d->cap_entries)
        grow_keys(d);
    e = d->n_entries++;
    uint32_t b = bucket_of(d, type, name);
    d->entries[e] = (struct entry){type, name, item, NONE, d->buckets[b]};
    d->buckets[b] = e;
    struct ytype *t = &d->types[type];
    if (t->keys_end == NONE)
        t->keys = e;
    else
        d->entries[t->keys_end].next = e;
    t->keys_end = e;
}

/* ---- deleting ---- */

/* Mark one item; what it made is put on the stack. */
static void mark_deleted(struct ydoc *d, uint32_t i)
{
    struct item *it = item_of(d, i);
    if (item_deleted(it))
        return;
    uint32_t units = item_visible(it);
    it->flags |= ITEM_DELETED;
    if (it->sub == NONE && units > 0) {
        if (item_in_tree(d, it))
            seq_grow(&d->seq, i, -(int64_t)units);
        d->types[it->type].len -= units;
    }
    ranges_add(&d->deleted, d->clients[it->client].id, it->clock, it->len);
    if (it->kind == CONTENT_TYPE)
        numbers_add(&d->stack, it->at);
}

void item_delete(struct ydoc *d, uint32_t i)
{
    uint32_t floor = d->stack.n;
    mark_deleted(d, i);
    while (d->stack.n > floor) { /* a stack of our own: foreign documents may be deep */
        const struct ytype *t = &d->types[d->stack.at[--d->stack.n]];
        for (uint32_t k = t->start; k != NONE; k = item_of(d, k)->right)
            mark_deleted(d, k);
        for (uint32_t e = t->keys; e != NONE; e = d->entries[e].next)
            mark_deleted(d, d->entries[e].item);
    }
}
