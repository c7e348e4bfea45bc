#include "ydoc/doc.h"

#include "base/mem.h"
#include "ydoc/doc_in.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void numbers_grow(struct numbers *v)
{
    v->cap = v->cap ? 2 * v->cap : 16;
    v->at = mem_realloc(v->at, v->cap * sizeof *v->at);
}

static uint32_t *leaf_of(void *arg, uint32_t item)
{
    return &item_of(arg, item)->leaf;
}

static uint32_t units_of(void *arg, uint32_t item)
{
    return item_visible(item_of(arg, item));
}

struct ydoc *ydoc_new(uint64_t client, bool gc, uint64_t seed)
{
    struct ydoc *d = MEM_NEW(struct ydoc);
    d->client_id = client;
    d->client = d->free_item = d->seq.free = NONE;
    d->gc = gc;
    d->seed = seed;
    d->client_index = map_new(seed);
    d->name_index = map_new(seed);
    d->seq.leaf = leaf_of;
    d->seq.units = units_of;
    d->seq.arg = d;
    return d;
}

void ydoc_free(struct ydoc *d)
{
    if (!d)
        return;
    for (uint32_t i = 0; i < d->n_clients; i++) {
        runs_done(&d->clients[i].runs);
        runs_done(&d->clients[i].todo);
        free(d->clients[i].deletes.at);
    }
    for (uint32_t i = 0; i < d->pages; i++)
        free(d->page[i]);
    free(d->page);
    free(d->clients);
    free(d->names);
    free(d->types);
    free(d->entries);
    free(d->buckets);
    free(d->touched.at);
    free(d->seams.at);
    free(d->torn.at);
    free(d->stack.at);
    map_free(d->client_index);
    map_free(d->name_index);
    ranges_done(&d->deleted);
    ranges_done(&d->gone);
    buf_done(&d->text);
    buf_done(&d->name_bytes);
    buf_done(&d->scratch);
    seq_done(&d->seq);
    free(d);
}

/* Numbers stand in maps of pointers one higher, since NULL means that there is none. */
static void *boxed(uint32_t number)
{
    return (void *)((uintptr_t)number + 1); // NOLINT(performance-no-int-to-ptr)
}

static uint32_t unboxed(const void *p)
{
    return (uint32_t)((uintptr_t)p - 1);
}

uint32_t doc_find_client(struct ydoc *d, uint64_t id)
{
    uint32_t *recent = &d->recent[id % DOC_RECENT];
    void *known = map_get(d->client_index, &id, sizeof id);
    if (known)
        return *recent = unboxed(known);
    if (d->n_clients == d->cap_clients) {
        d->cap_clients = d->cap_clients ? 2 * d->cap_clients : 4;
        d->clients = mem_realloc(d->clients, d->cap_clients * sizeof *d->clients);
    }
    d->clients[d->n_clients] = (struct client){
        .id = id, .waits_for = NONE, .waiters = NONE, .next_waiter = NONE, .prev_waiter = NONE};
    map_put(d->client_index, &id, sizeof id, boxed(d->n_clients));
    return *recent = d->n_clients++;
}

uint32_t doc_known_client(const struct ydoc *d, uint64_t id)
{
    void *known = map_get(d->client_index, &id, sizeof id);
    return known ? unboxed(known) : NONE;
}

uint32_t doc_name(struct ydoc *d, const void *bytes, size_t n)
{
    void *known = map_get(d->name_index, bytes, n);
    if (known)
        return unboxed(known);
    if (d->n_names == d->cap_names) {
        d->cap_names = d->cap_names ? 2 * d->cap_names : 8;
        d->names = mem_realloc(d->names, d->cap_names * sizeof *d->names);
    }
    d->names[d->n_names] = (struct name){(uint32_t)buf_len(&d->name_bytes), (uint32_t)n, NONE};
    buf_put(&d->name_bytes, bytes, n);
    map_put(d->name_index, bytes, n, boxed(d->n_names));
    return d->n_names++;
}

uint32_t doc_new_type(struct ydoc *d)
{
    if (d->n_types == d->cap_types) {
        d->cap_types = d->cap_types ? 2 * d->cap_types : 4;
        d->types = mem_realloc(d->types, d->cap_types * sizeof *d->types);
    }
    d->types[d->n_types] = (struct ytype){
        .item = NONE, .name = NONE, .start = NONE, .seq = SEQ_NONE, .keys = NONE, .keys_end = NONE};
    return d->n_types++;
}

uint32_t doc_root(struct ydoc *d, uint32_t name)
{
    if (d->names[name].root == NONE) {
        uint32_t type = doc_new_type(d);
        d->types[type].name = name;
        d->names[name].root = type;
    }
    return d->names[name].root;
}

uint32_t doc_root_named(struct ydoc *d, const char *root)
{
    return doc_root(d, doc_name(d, root, strlen(root)));
}

void doc_waste(struct ydoc *d, size_t n)
{
    d->waste += n;
}

/* Where an item's content, or what it says of its type, is noted. */
static void move_text(struct ydoc *d, struct buf *to, uint32_t *at, uint32_t n)
{
    uint32_t from = *at;
    *at = (uint32_t)buf_len(to);
    struct cur text = piece_of(&d->text, from, n);
    buf_put(to, text.p, text.n);
}

void doc_pack(struct ydoc *d)
{
    if (d->waste < 65536 || d->waste < buf_len(&d->text) / 2)
        return;
    struct buf to = {0};
    for (uint32_t c = 0; c < d->n_clients; c++)
        for (int which = 0; which < 2; which++) {
            struct runs *runs = which ? &d->clients[c].todo : &d->clients[c].runs;
            const struct run *run;
            for (struct run_at at = runs_first(); (run = runs_get(runs, at));
                 runs_next(runs, &at)) {
                struct item *it = item_of(d, run->item);
                bool typed = it->kind == CONTENT_TYPE && which == 0;
                it->flags &= (uint8_t)~ITEM_ROOMY;
                if (typed)
                    move_text(d, &to, &d->types[it->at].at, d->types[it->at].n);
                else
                    move_text(d, &to, &it->at, it->n);
            }
        }
    buf_done(&d->text);
    d->text = to;
    d->waste = 0;
}

bool ydoc_pending(const struct ydoc *d)
{
    return d->waiting > 0 || d->waiting_deletes > 0;
}
