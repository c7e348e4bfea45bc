/* ydoc/seq.h - where in a list an item stands, and which item stands where.
 *
 * A counted B+ tree: leaves hold the items of one list in their order, inner nodes how many visible
 * units are below each child.  An item knows its leaf (seq_leaf_of tells), so the index of an item
 * costs as little as the item at an index.  All lists of a document share one pool of nodes. */
#ifndef SHOAL_YDOC_SEQ_H
#define SHOAL_YDOC_SEQ_H

#include <stdbool.h>
#include <stdint.h>

#define SEQ_NONE UINT32_MAX

struct seq_node;

struct seq_pool {
    struct seq_node **page;
    uint32_t used, pages, free; /* free: first of a list of nodes that were given back */
    /* What the owner of the items answers. */
    uint32_t *(*leaf)(void *arg, uint32_t item); /* where the item's leaf is written */
    uint32_t (*units)(void *arg, uint32_t item); /* what of it is visible */
    void *arg;
};

/* Frees all nodes; no list may be used any more. */
void seq_done(struct seq_pool *pool);

/* Put an item behind another, or first (SEQ_NONE).  *root is the list's; SEQ_NONE while empty. */
void seq_put(struct seq_pool *pool, uint32_t *root, uint32_t after, uint32_t item);
/* Take an item out.  Its units must be what they were when it was last counted. */
void seq_drop(struct seq_pool *pool, uint32_t *root, uint32_t item);
/* An item has more visible units now, or fewer. */
void seq_grow(struct seq_pool *pool, uint32_t item, int64_t units);
/* Give all nodes of a list back. */
void seq_free(struct seq_pool *pool, uint32_t *root);

/* The item that holds the visible unit `index`, and which of its units it is; SEQ_NONE when the
 * list has no so many. */
uint32_t seq_at(const struct seq_pool *pool, uint32_t root, uint64_t index, uint64_t *offset);
/* Visible units before an item. */
uint64_t seq_index(const struct seq_pool *pool, uint32_t item);

#endif
