/* host/mux/yamux_table.h - from stream ids to what lies in the table by them.
 *
 * The other side chooses ids, so the hash is under a seed.  Nothing is allocated while it is empty.
 */
#ifndef SHOAL_HOST_MUX_YAMUX_TABLE_H
#define SHOAL_HOST_MUX_YAMUX_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct yamux_entry { /* first member of what is kept */
    struct yamux_entry *next;
    uint32_t id;
};

struct yamux_table {
    struct yamux_entry **slots; /* 2^bits */
    uint64_t seed;
    size_t count;
    unsigned bits;
};

/* An empty one: `struct yamux_table t = {.seed = random};` */
struct yamux_entry *yamux_table_get(const struct yamux_table *t, uint32_t id);
/* e->id is not in it yet. */
void yamux_table_put(struct yamux_table *t, struct yamux_entry *e);
/* e is in it. */
void yamux_table_drop(struct yamux_table *t, struct yamux_entry *e);

#endif
