#include "host/mux/yamux_table.h"

#include "base/mem.h"

enum { BITS_MIN = 3, BITS_MAX = 16 };

/* Multiply-shift, whose collisions nobody finds who does not know the factor. */
static struct yamux_entry **slot(const struct yamux_table *t, uint32_t id)
{
    uint64_t hash = (t->seed | 1) * ((uint64_t)id + 1);
    return &t->slots[hash >> (64 - t->bits)];
}

struct yamux_entry *yamux_table_get(const struct yamux_table *t, uint32_t id)
{
    if (t->count == 0)
        return NULL;
    struct yamux_entry *e = *slot(t, id);
    while (e && e->id != id)
        e = e->next;
    return e;
}

static void insert(struct yamux_table *t, struct yamux_entry *e)
{
    struct yamux_entry **at = slot(t, e->id);
    e->next = *at;
    *at = e;
}

static void grow(struct yamux_table *t)
{
    struct yamux_table old = *t;
    size_t slots = old.slots ? (size_t)1 << old.bits : 0;
    t->bits = old.slots ? old.bits + 1 : BITS_MIN;
    t->slots = mem_array((size_t)1 << t->bits, sizeof(struct yamux_entry *));
    for (size_t i = 0; i < slots; i++)
        for (struct yamux_entry *e = old.slots[i], *next; e; e = next) {
            next = e->next;
            insert(t, e);
        }
    free(old.slots);
}

void yamux_table_put(struct yamux_table *t, struct yamux_entry *e)
{
    if (!t->slots || (t->count >= (size_t)1 << t->bits && t->bits < BITS_MAX))
        grow(t);
    insert(t, e);
    t->count++;
}

void yamux_table_drop(struct yamux_table *t, struct yamux_entry *e)
{
    struct yamux_entry **at = slot(t, e->id);
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    if (--t->count > 0 || t->bits <= BITS_MIN)
        return;
    free(t->slots); /* an idle connection holds nothing that a busy one needed */
    t->slots = NULL;
}
