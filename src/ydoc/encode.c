/* Updates, state vectors and snapshots of a document. */
#include "base/mem.h"
#include "ydoc/doc_in.h"
#include "ydoc/update.h"

#include <stdlib.h>

static struct yid unit(const struct ydoc *d, uint32_t client, uint32_t clock)
{
    return client == NONE ? (struct yid){NO_CLIENT, 0} : (struct yid){d->clients[client].id, clock};
}

/* What says where an item without origins stands. */
static void put_place(const struct ydoc *d, const struct item *it, struct ystruct *s)
{
    const struct ytype *t = it->type == NONE ? NULL : &d->types[it->type];
    s->parent.client = NO_CLIENT;
    s->root = (struct cur){0};
    if (it->flags & ITEM_PARENT_ID) {
        s->parent = unit(d, it->left, it->right);
    } else if (t && t->item != NONE) {
        const struct item *made_by = item_of(d, t->item);
        s->parent = unit(d, made_by->client, made_by->clock);
    } else if (t) {
        static const uint8_t nothing;
        s->root = name_of(d, t->name);
        s->root.p = s->root.p ? s->root.p : &nothing;
    }
    s->has_sub = it->sub != NONE || it->flags & ITEM_KEYED;
    s->sub = it->sub != NONE ? name_of(d, it->sub) : (struct cur){0};
}

/* One item as a struct, without its first `skip` units; `loose`: not integrated. */
static void put_item(struct ydoc *d, const struct item *it, uint32_t skip, bool loose,
                     struct update_writer *w)
{
    struct ystruct s = {.kind = (enum content)it->kind,
                        .id = unit(d, it->client, it->clock),
                        .len = it->len,
                        .left = unit(d, it->left_client, it->left_clock),
                        .right = unit(d, it->right_client, it->right_clock),
                        .content = {it->at, it->n}};
    if (it->kind == CONTENT_TYPE && !loose)
        s.content = (struct slice){d->types[it->at].at, d->types[it->at].n};
    if (it->kind == CONTENT_GC)
        s.left.client = s.right.client = NO_CLIENT;
    else
        put_place(d, it, &s);
    size_t mark = buf_len(&d->text);
    if (skip > 0)
        ystruct_cut(&s, skip, &d->text);
    update_put(w, &s, buf_bytes(&d->text));
    d->text.tail = d->text.head + mark;
}

void doc_put_client(struct ydoc *d, uint32_t client, uint32_t from, struct update_writer *w)
{
    const struct runs *runs = &d->clients[client].runs;
    const struct run *run;
    struct run_at at;
    uint64_t n = 0;
    if (!runs_find(runs, from, &at))
        return;
    for (struct run_at k = at; runs_get(runs, k); runs_next(runs, &k))
        n++;
    update_put_section(w, n, (struct yid){d->clients[client].id, from});
    for (; (run = runs_get(runs, at)); runs_next(runs, &at)) {
        const struct item *it = item_of(d, run->item);
        put_item(d, it, it->clock < from ? from - it->clock : 0, false, w);
    }
}

struct place {
    uint64_t id;
    uint32_t client;
};

static int highest_first(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->id > y->id ? -1 : x->id < y->id;
}

void doc_sort_clients(const struct ydoc *d, struct numbers *clients)
{
    if (clients->n < 2)
        return;
    struct place *all = mem_array(clients->n, sizeof *all);
    for (uint32_t i = 0; i < clients->n; i++)
        all[i] = (struct place){d->clients[clients->at[i]].id, clients->at[i]};
    qsort(all, clients->n, sizeof *all, highest_first);
    for (uint32_t i = 0; i < clients->n; i++)
        clients->at[i] = all[i].client;
    free(all);
}

/* ---- all of it ---- */

/* Those who wrote anything that `have` lacks. */
static void those_with_news(const struct ydoc *d, const struct states *have, struct numbers *out)
{
    for (uint32_t c = 0; c < d->n_clients; c++)
        if (d->clients[c].state > (have ? states_get(have, d->clients[c].id) : 0))
            numbers_add(out, c);
    doc_sort_clients(d, out);
}

static void all_deleted(const struct ydoc *d, struct ranges *out)
{
    const struct run *run;
    for (uint32_t c = 0; c < d->n_clients; c++) {
        const struct runs *runs = &d->clients[c].runs;
        for (struct run_at at = runs_first(); (run = runs_get(runs, at)); runs_next(runs, &at)) {
            const struct item *it = item_of(d, run->item);
            if (item_deleted(it))
                ranges_add(out, d->clients[c].id, it->clock, it->len);
        }
    }
    ranges_tidy(out);
}

static void encode_known(struct ydoc *d, enum update_format format, const struct states *have,
                         struct buf *out)
{
    struct update_writer w;
    struct numbers clients = {0};
    struct ranges deleted = {0};
    those_with_news(d, have, &clients);
    all_deleted(d, &deleted);
    update_write(&w, format);
    update_put_clients(&w, clients.n);
    for (uint32_t i = 0; i < clients.n; i++) {
        const struct client *c = &d->clients[clients.at[i]];
        doc_put_client(d, clients.at[i], have ? (uint32_t)states_get(have, c->id) : 0, &w);
    }
    update_put_deletes(&w, &deleted);
    update_end(&w, out);
    ranges_done(&deleted);
    free(clients.at);
}

/* ---- what waits ---- */

/* Its items, with a Skip over each gap; overlaps are left out. */
static void put_waiting(struct ydoc *d, const struct client *c, struct update_writer *w)
{
    const struct run *run;
    uint32_t clock = 0, first = 0;
    uint64_t n = 0;
    for (int count = 1; count >= 0; count--) {
        clock = first = runs_get(&c->todo, runs_first())->clock;
        if (!count)
            update_put_section(w, n, (struct yid){c->id, first});
        for (struct run_at at = runs_first(); (run = runs_get(&c->todo, at));
             runs_next(&c->todo, &at)) {
            const struct item *it = item_of(d, run->item);
            if (item_end(it) <= clock)
                continue;
            struct ystruct skip = {.kind = CONTENT_SKIP,
                                   .len = it->clock > clock ? it->clock - clock : 0,
                                   .left.client = NO_CLIENT,
                                   .right.client = NO_CLIENT};
            n += count ? (skip.len > 0 ? 2 : 1) : 0;
            if (!count && skip.len > 0)
                update_put(w, &skip, NULL);
            if (!count)
                put_item(d, it, it->clock < clock ? clock - it->clock : 0, true, w);
            clock = item_end(it);
        }
    }
}

static void encode_waiting(struct ydoc *d, struct buf *out)
{
    struct update_writer w;
    struct numbers clients = {0};
    struct ranges deletes = {0};
    for (uint32_t i = 0; i < d->n_clients; i++) {
        const struct client *c = &d->clients[i];
        if (!runs_empty(&c->todo))
            numbers_add(&clients, i);
        for (uint32_t k = 0; k < c->deletes.n; k++)
            ranges_add(&deletes, c->id, c->deletes.at[k].clock, c->deletes.at[k].len);
    }
    doc_sort_clients(d, &clients);
    ranges_tidy(&deletes);
    update_write(&w, UPDATE_V1);
    update_put_clients(&w, clients.n);
    for (uint32_t i = 0; i < clients.n; i++)
        put_waiting(d, &d->clients[clients.at[i]], &w);
    update_put_deletes(&w, &deletes);
    update_end(&w, out);
    ranges_done(&deletes);
    free(clients.at);
}

void ydoc_encode(struct ydoc *d, enum update_format format, const struct states *have,
                 struct buf *out)
{
    if (!ydoc_pending(d)) {
        encode_known(d, format, have, out);
        return;
    }
    struct buf known = {0}, waiting = {0}, both = {0};
    encode_known(d, UPDATE_V1, have, &known);
    encode_waiting(d, &waiting);
    struct cur parts[] = {buf_cur(&known), buf_cur(&waiting)};
    if (update_merge(UPDATE_V1, parts, 2, &both, NULL) == OK) /* our own bytes: it is */
        update_convert(buf_cur(&both), UPDATE_V1, format, out, NULL);
    buf_done(&known);
    buf_done(&waiting);
    buf_done(&both);
}

void ydoc_state(const struct ydoc *d, struct buf *out)
{
    struct states s = {0};
    for (uint32_t c = 0; c < d->n_clients; c++)
        if (d->clients[c].state > 0)
            states_add(&s, d->clients[c].id, d->clients[c].state);
    states_tidy(&s);
    states_put(&s, out);
    states_done(&s);
}

void ydoc_snapshot(struct ydoc *d, struct buf *out)
{
    struct ranges deleted = {0};
    all_deleted(d, &deleted);
    ranges_put(&deleted, false, out);
    ydoc_state(d, out);
    ranges_done(&deleted);
}
