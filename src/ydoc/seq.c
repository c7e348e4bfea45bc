#include "ydoc/seq.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define FANOUT 32     /* children of a node, items of a leaf */
#define PAGE_NODES 64 /* allocated at a time */

struct seq_node {
    uint32_t parent; /* SEQ_NONE: the root; in the list of free nodes: the next */
    uint16_t n;
    bool leaf;
    uint64_t total;         /* visible units below */
    uint32_t child[FANOUT]; /* nodes, or items */
};

static struct seq_node *node(const struct seq_pool *pool, uint32_t id)
{
    return &pool->page[id / PAGE_NODES][id % PAGE_NODES];
}

void seq_done(struct seq_pool *pool)
{
    for (uint32_t i = 0; i < pool->pages; i++)
        free(pool->page[i]);
    free(pool->page);
    pool->page = NULL;
    pool->used = pool->pages = 0;
    pool->free = SEQ_NONE;
}

static uint32_t new_node(struct seq_pool *pool, bool leaf)
{
    uint32_t id = pool->free;
    if (id != SEQ_NONE) {
        pool->free = node(pool, id)->parent;
    } else {
        if (pool->used == pool->pages * PAGE_NODES) {
            pool->page = mem_realloc(pool->page, (pool->pages + 1) * sizeof *pool->page);
            pool->page[pool->pages++] = mem_array(PAGE_NODES, sizeof(struct seq_node));
        }
        id = pool->used++;
    }
    *node(pool, id) = (struct seq_node){.parent = SEQ_NONE, .leaf = leaf};
    return id;
}

static void give_back(struct seq_pool *pool, uint32_t id)
{
    node(pool, id)->parent = pool->free;
    pool->free = id;
}

static uint32_t place_of(const struct seq_node *in, uint32_t child)
{
    uint32_t i = 0;
    while (in->child[i] != child)
        i++;
    return i;
}

static uint64_t weight(const struct seq_pool *pool, const struct seq_node *in, uint32_t i)
{
    return in->leaf ? pool->units(pool->arg, in->child[i]) : node(pool, in->child[i])->total;
}

/* Tell a child where it lives. */
static void adopt(struct seq_pool *pool, uint32_t id, uint32_t child)
{
    if (node(pool, id)->leaf)
        *pool->leaf(pool->arg, child) = id;
    else
        node(pool, child)->parent = id;
}

static void add_up(struct seq_pool *pool, uint32_t id, uint64_t units)
{
    for (; id != SEQ_NONE; id = node(pool, id)->parent)
        node(pool, id)->total += units; /* what is taken away is added as its complement */
}

static void put_child(struct seq_pool *pool, uint32_t *root, uint32_t id, uint32_t place,
                      uint32_t child);

/* A full node becomes two, the first with `keep` children; the new one stands behind it. */
static uint32_t split(struct seq_pool *pool, uint32_t *root, uint32_t id, uint32_t keep)
{
    uint32_t other = new_node(pool, node(pool, id)->leaf);
    struct seq_node *n = node(pool, id), *o = node(pool, other);
    o->n = (uint16_t)(n->n - keep);
    memcpy(o->child, n->child + keep, o->n * sizeof *o->child);
    n->n = (uint16_t)keep;
    for (uint32_t i = 0; i < o->n; i++) {
        o->total += weight(pool, o, i);
        adopt(pool, other, o->child[i]);
    }
    /* The new node does not count until it has its place. */
    uint64_t moved = o->total;
    add_up(pool, id, -moved);
    if (n->parent == SEQ_NONE) {
        uint32_t top = new_node(pool, false);
        n = node(pool, id);
        *node(pool, top) =
            (struct seq_node){.parent = SEQ_NONE, .n = 1, .total = n->total, .child = {id}};
        n->parent = *root = top;
    }
    uint32_t parent = node(pool, id)->parent;
    put_child(pool, root, parent, place_of(node(pool, parent), id) + 1, other);
    add_up(pool, node(pool, other)->parent, moved);
    return other;
}

/* Put a child that its ancestors do not count yet. */
static void put_child(struct seq_pool *pool, uint32_t *root, uint32_t id, uint32_t place,
                      uint32_t child)
{
    if (node(pool, id)->n == FANOUT) {
        /* Who types at the end leaves full nodes behind, not half empty ones. */
        uint32_t keep = place == FANOUT ? FANOUT - 1 : FANOUT / 2;
        uint32_t other = split(pool, root, id, keep);
        if (place > keep) {
            id = other;
            place -= keep;
        }
    }
    struct seq_node *n = node(pool, id);
    memmove(n->child + place + 1, n->child + place, (n->n - place) * sizeof *n->child);
    n->child[place] = child;
    n->n++;
    adopt(pool, id, child);
}

/* The first leaf. */
static uint32_t leftmost(const struct seq_pool *pool, uint32_t id)
{
    while (!node(pool, id)->leaf)
        id = node(pool, id)->child[0];
    return id;
}

void seq_put(struct seq_pool *pool, uint32_t *root, uint32_t after, uint32_t item)
{
    if (*root == SEQ_NONE)
        *root = new_node(pool, true);
    uint32_t leaf = after == SEQ_NONE ? leftmost(pool, *root) : *pool->leaf(pool->arg, after);
    uint32_t place = after == SEQ_NONE ? 0 : place_of(node(pool, leaf), after) + 1;
    put_child(pool, root, leaf, place, item);
    add_up(pool, *pool->leaf(pool->arg, item), pool->units(pool->arg, item));
}

void seq_drop(struct seq_pool *pool, uint32_t *root, uint32_t item)
{
    uint32_t id = *pool->leaf(pool->arg, item), child = item;
    add_up(pool, id, -(uint64_t)pool->units(pool->arg, item));
    for (;;) {
        struct seq_node *n = node(pool, id);
        uint32_t place = place_of(n, child);
        n->n--;
        memmove(n->child + place, n->child + place + 1, (n->n - place) * sizeof *n->child);
        if (n->n > 0)
            return;
        child = id; /* an empty node goes as well */
        id = n->parent;
        give_back(pool, child);
        if (id == SEQ_NONE) {
            *root = SEQ_NONE;
            return;
        }
    }
}

void seq_grow(struct seq_pool *pool, uint32_t item, int64_t units)
{
    add_up(pool, *pool->leaf(pool->arg, item), (uint64_t)units);
}

void seq_free(struct seq_pool *pool, uint32_t *root)
{
    uint32_t id = *root;
    while (id != SEQ_NONE) { /* depth first, by the links upwards: no stack */
        struct seq_node *n = node(pool, id);
        if (!n->leaf && n->n > 0) {
            id = n->child[--n->n];
            continue;
        }
        uint32_t parent = n->parent;
        give_back(pool, id);
        id = parent;
    }
    *root = SEQ_NONE;
}

uint32_t seq_at(const struct seq_pool *pool, uint32_t root, uint64_t index, uint64_t *offset)
{
    if (root == SEQ_NONE || index >= node(pool, root)->total)
        return SEQ_NONE;
    for (uint32_t id = root;;) {
        const struct seq_node *n = node(pool, id);
        uint32_t i = 0;
        for (uint64_t w; index >= (w = weight(pool, n, i)); i++)
            index -= w;
        if (n->leaf) {
            *offset = index;
            return n->child[i];
        }
        id = n->child[i];
    }
}

uint64_t seq_index(const struct seq_pool *pool, uint32_t item)
{
    uint64_t before = 0;
    uint32_t child = item, id = *pool->leaf(pool->arg, item);
    for (; id != SEQ_NONE; child = id, id = node(pool, id)->parent) {
        const struct seq_node *n = node(pool, id);
        for (uint32_t i = 0; n->child[i] != child; i++)
            before += weight(pool, n, i);
    }
    return before;
}
