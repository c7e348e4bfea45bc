/* Local edits of arrays and maps, and what all local edits share. */
#include "ydoc/doc_in.h"
#include "ydoc/lib0.h"

#include <assert.h>
#include <stdlib.h>

uint32_t doc_write(struct ydoc *d, uint32_t type, uint32_t left, uint32_t right, uint32_t sub,
                   enum content kind, uint32_t len, struct cur content)
{
    assert(d->open);
    if (d->client == NONE)
        d->client = doc_client(d, d->client_id);
    uint32_t i = item_new(d);
    const struct item *l = left == NONE ? NULL : item_of(d, left);
    const struct item *r = right == NONE ? NULL : item_of(d, right);
    *item_of(d, i) = (struct item){.client = d->client,
                                   .clock = d->clients[d->client].state,
                                   .len = len,
                                   .left_client = l ? l->client : NONE,
                                   .left_clock = l ? item_end(l) - 1 : 0,
                                   .right_client = r ? r->client : NONE,
                                   .right_clock = r ? r->clock : 0,
                                   .left = NONE,
                                   .right = NONE,
                                   .type = type,
                                   .sub = sub,
                                   .at = (uint32_t)buf_len(&d->text),
                                   .n = (uint32_t)content.n,
                                   .kind = (uint8_t)kind};
    buf_put(&d->text, content.p, content.n);
    item_integrate(d, i);
    return item_at(d, d->client, d->clients[d->client].state - 1);
}

uint32_t doc_tree(struct ydoc *d, uint32_t type)
{
    uint32_t *root = &d->types[type].seq, last = NONE;
    if (*root == SEQ_NONE)
        for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
            seq_put(&d->seq, root, last, i);
            last = i;
        }
    return *root;
}

bool doc_gap(struct ydoc *d, uint32_t type, uint64_t pos, uint32_t *left, uint32_t *right)
{
    uint64_t offset;
    if (pos > d->types[type].len)
        return false;
    *left = NONE;
    if (pos > 0) {
        *left = seq_at(&d->seq, doc_tree(d, type), pos - 1, &offset);
        if (offset + 1 < item_of(d, *left)->len)
            item_split(d, *left, (uint32_t)offset + 1);
    }
    *right = *left == NONE ? d->types[type].start : item_of(d, *left)->right;
    return true;
}

enum err yarray_insert(struct ydoc *d, const char *root, uint64_t pos, struct cur array,
                       struct why *why)
{
    uint32_t type = doc_root_named(d, root), left, right;
    if (cur_u8(&array) != ANY_ARRAY)
        return why_set(why, ERR_INVALID, "what is inserted is no array");
    if (!doc_gap(d, type, pos, &left, &right))
        return why_set(why, ERR_INVALID, "position %llu is behind the end, %llu",
                       (unsigned long long)pos, (unsigned long long)d->types[type].len);
    for (uint64_t n = lib0_uint(&array); n > 0;) {
        struct cur start = array;
        uint32_t many = 0;
        while (n > 0 && *array.p != ANY_BYTES) { /* neighbours share one item */
            any_take(&array);
            many++;
            n--;
        }
        if (many > 0) {
            left = doc_write(d, type, left, right, NONE, CONTENT_ANY, many,
                             cur_of(start.p, start.n - array.n));
        } else {
            cur_u8(&array);
            left = doc_write(d, type, left, right, NONE, CONTENT_BINARY, 1, lib0_bytes(&array));
            n--;
        }
    }
    return OK;
}

void yarray_delete(struct ydoc *d, const char *root, uint64_t pos, uint64_t n)
{
    uint32_t left, right;
    if (n == 0 || !doc_gap(d, doc_root_named(d, root), pos, &left, &right))
        return;
    for (uint32_t i = right; i != NONE && n > 0; i = item_of(d, i)->right) {
        uint32_t units = item_visible(item_of(d, i));
        if (units > n)
            item_split(d, i, units = (uint32_t)n);
        if (units > 0)
            item_delete(d, i);
        n -= units;
    }
}

void ymap_set(struct ydoc *d, const char *root, const void *key, size_t n, struct cur value)
{
    uint32_t type = doc_root_named(d, root), name = doc_name(d, key, n);
    uint32_t left = key_get(d, type, name);
    struct cur bytes = value;
    if (value.n > 0 && cur_u8(&bytes) == ANY_BYTES)
        doc_write(d, type, left, NONE, name, CONTENT_BINARY, 1, lib0_bytes(&bytes));
    else
        doc_write(d, type, left, NONE, name, CONTENT_ANY, 1, value);
}

void ymap_delete(struct ydoc *d, const char *root, const void *key, size_t n)
{
    uint32_t item = key_get(d, doc_root_named(d, root), doc_name(d, key, n));
    if (item != NONE)
        item_delete(d, item);
}
