/* Positions that stay with their text (yjs-format section 8; RelativePosition.js of Yjs 13.6). */
#include "ydoc/doc_in.h"
#include "ydoc/lib0.h"

#include <stdlib.h>

enum { AT_ITEM, AT_ROOT_END, AT_TYPE_END };

static void put_id(const struct ydoc *d, const struct item *it, uint32_t clock, struct buf *out)
{
    lib0_put_uint(out, d->clients[it->client].id);
    lib0_put_uint(out, clock);
}

void ydoc_relative(struct ydoc *d, const char *root, uint64_t index, int assoc, struct buf *out)
{
    uint32_t type = doc_root_named(d, root), i = NONE;
    const struct ytype *t = &d->types[type];
    uint64_t offset = 0;
    if (assoc >= 0)
        i = seq_at(&d->seq, doc_tree(d, type), index, &offset);
    else if (index > 0)
        i = seq_at(&d->seq, doc_tree(d, type), index - 1, &offset);
    if (assoc < 0 && index > 0 && i == NONE &&
        t->start != NONE) { /* behind the end: the last that there is */
        for (i = t->start; item_of(d, i)->right != NONE;)
            i = item_of(d, i)->right;
        offset = item_of(d, i)->len - 1;
    }
    if (i != NONE) {
        lib0_put_uint(out, AT_ITEM);
        put_id(d, item_of(d, i), item_of(d, i)->clock + (uint32_t)offset, out);
    } else {
        struct cur name = name_of(d, t->name);
        lib0_put_uint(out, AT_ROOT_END);
        lib0_put_bytes(out, name.p, name.n);
    }
    lib0_put_i64(out, assoc);
}

static enum err gone(struct why *why)
{
    return why_set(why, ERR_NOT_FOUND, "what the position stood at is not here");
}

/* Index of a client that wrote the clock, or NONE. */
static uint32_t who_wrote(struct ydoc *d, uint64_t id, uint64_t clock)
{
    uint32_t c = 0;
    while (c < d->n_clients && d->clients[c].id != id)
        c++;
    return c < d->n_clients && clock < d->clients[c].state ? c : NONE;
}

static enum err of_item(struct ydoc *d, uint64_t client, uint64_t clock, int64_t assoc,
                        uint64_t *index, struct why *why)
{
    uint32_t c = who_wrote(d, client, clock);
    uint32_t i = c == NONE ? NONE : item_at(d, c, (uint32_t)clock);
    if (i == NONE || item_of(d, i)->kind == CONTENT_GC)
        return gone(why);
    const struct item *it = item_of(d, i);
    uint32_t made_by = d->types[it->type].item;
    *index = 0;
    if (made_by != NONE && item_deleted(item_of(d, made_by)))
        return OK;
    if (it->sub == NONE) {
        doc_tree(d, it->type);
        *index = seq_index(&d->seq, i);
    }
    if (item_visible(it) > 0)
        *index += clock - it->clock + (assoc < 0 ? 1 : 0);
    return OK;
}

enum err ydoc_absolute(struct ydoc *d, struct cur position, uint64_t *index, struct why *why)
{
    uint64_t kind = lib0_uint(&position), client = 0, clock = 0;
    struct cur name = {0};
    if (kind == AT_ROOT_END) {
        name = lib0_text(&position);
    } else {
        client = lib0_uint(&position);
        clock = lib0_uint(&position);
    }
    int64_t assoc = position.n > 0 ? lib0_i64(&position) : 0;
    if (position.bad || kind > AT_TYPE_END)
        return why_set(why, ERR_INVALID, "no relative position");
    if (kind == AT_ITEM)
        return of_item(d, client, clock, assoc, index, why);
    uint32_t type = NONE;
    if (kind == AT_ROOT_END) {
        type = doc_root(d, doc_name(d, name.p, name.n));
    } else {
        uint32_t c = who_wrote(d, client, clock);
        const struct item *it = c == NONE ? NULL : item_of(d, item_at(d, c, (uint32_t)clock));
        if (it && it->kind == CONTENT_TYPE)
            type = it->at;
    }
    if (type == NONE)
        return gone(why);
    *index = assoc >= 0 ? d->types[type].len : 0;
    return OK;
}
