/* Updates, state vectors and snapshots of a document. */
#include "base/mem.h"
#include "ydoc/doc_in.h"

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

/* What is known of one client from a clock on; counted only where w is NULL. */
static uint64_t put_known(struct ydoc *d, const struct client *c, uint32_t from,
                          struct update_writer *w)
{
    const struct run *run;
    struct run_at at;
    uint64_t n = 0;
    if (from >= c->state || !runs_find(&c->runs, from, &at))
        return 0;
    for (; (run = runs_get(&c->runs, at)); runs_next(&c->runs, &at), n++) {
        const struct item *it = item_of(d, run->item);
        if (w)
            put_item(d, it, it->clock < from ? from - it->clock : 0, false, w);
    }
    return n;
}

void doc_put_client(struct ydoc *d, uint32_t client, uint32_t from, struct update_writer *w)
{
    const struct client *c = &d->clients[client];
    uint64_t n = put_known(d, c, from, NULL);
    if (n == 0)
        return;
    update_put_section(w, n, (struct yid){c->id, from});
    put_known(d, c, from, w);
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

/* ---- what waits ---- */

/* The waiting items of a client from `clock` on, with a Skip over each gap; of what overlaps only
 * the rest.  Counted only where w is NULL. */
static uint64_t put_waiting(struct ydoc *d, const struct client *c, uint32_t clock,
                            struct update_writer *w)
{
    const struct run *run;
    uint64_t n = 0;
    for (struct run_at at = runs_first(); (run = runs_get(&c->todo, at));
         runs_next(&c->todo, &at)) {
        const struct item *it = item_of(d, run->item);
        if (item_end(it) <= clock)
            continue;
        if (it->clock > clock) {
            struct ystruct skip = {.kind = CONTENT_SKIP,
                                   .len = it->clock - clock,
                                   .left.client = NO_CLIENT,
                                   .right.client = NO_CLIENT};
            if (w)
                update_put(w, &skip, NULL);
            n++;
        }
        if (w)
            put_item(d, it, it->clock < clock ? clock - it->clock : 0, true, w);
        n++;
        clock = item_end(it);
    }
    return n;
}

/* Where the first item starts that reaches beyond the clock, or NONE. */
static uint32_t first_waiting(const struct ydoc *d, const struct client *c, uint32_t clock)
{
    const struct run *run;
    for (struct run_at at = runs_first(); (run = runs_get(&c->todo, at));
         runs_next(&c->todo, &at)) {
        const struct item *it = item_of(d, run->item);
        if (item_end(it) > clock)
            return it->clock > clock ? it->clock : clock;
    }
    return NONE;
}

/* ---- all of it ---- */

static uint32_t had(const struct states *have, const struct client *c)
{
    uint64_t clock = have ? states_get(have, c->id) : 0;
    return clock > UPDATE_CLOCK_MAX ? UPDATE_CLOCK_MAX : (uint32_t)clock;
}

/* Those who wrote anything that `have` lacks. */
static void those_with_news(const struct ydoc *d, const struct states *have, struct numbers *out)
{
    for (uint32_t i = 0; i < d->n_clients; i++) {
        const struct client *c = &d->clients[i];
        if (c->state > had(have, c) || first_waiting(d, c, had(have, c)) != NONE)
            numbers_add(out, i);
    }
    doc_sort_clients(d, out);
}

/* What is known, a Skip, and what waits: one section. */
static void put_client(struct ydoc *d, const struct client *c, uint32_t from,
                       struct update_writer *w)
{
    uint64_t known = put_known(d, c, from, NULL);
    uint32_t waits = first_waiting(d, c, from);
    uint32_t first = known > 0 ? from : waits;
    uint32_t next = known > 0 ? c->state : waits;
    update_put_section(w, known + (waits == NONE ? 0 : put_waiting(d, c, next, NULL)),
                       (struct yid){c->id, first});
    put_known(d, c, from, w);
    if (waits != NONE)
        put_waiting(d, c, next, w);
}

static void all_deleted(const struct ydoc *d, bool waiting, struct ranges *out)
{
    const struct run *run;
    for (uint32_t i = 0; i < d->n_clients; i++) {
        const struct client *c = &d->clients[i];
        for (struct run_at at = runs_first(); (run = runs_get(&c->runs, at));
             runs_next(&c->runs, &at)) {
            const struct item *it = item_of(d, run->item);
            if (item_deleted(it))
                ranges_add(out, c->id, it->clock, it->len);
        }
        for (uint32_t k = 0; waiting && k < c->deletes.n; k++)
            ranges_add(out, c->id, c->deletes.at[k].clock, c->deletes.at[k].len);
    }
    ranges_tidy(out);
}

void ydoc_encode(struct ydoc *d, enum update_format format, const struct states *have,
                 struct buf *out)
{
    struct update_writer w;
    struct numbers clients = {0};
    struct ranges deleted = {0};
    those_with_news(d, have, &clients);
    all_deleted(d, true, &deleted);
    update_write(&w, format, out);
    update_put_clients(&w, clients.n);
    for (uint32_t i = 0; i < clients.n; i++) {
        const struct client *c = &d->clients[clients.at[i]];
        put_client(d, c, had(have, c), &w);
    }
    update_put_deletes(&w, &deleted);
    update_end(&w);
    ranges_done(&deleted);
    free(clients.at);
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
    all_deleted(d, false, &deleted);
    ranges_put(&deleted, false, out);
    ydoc_state(d, out);
    ranges_done(&deleted);
}
