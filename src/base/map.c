#include "base/map.h"

#include "base/mem.h"
#include "base/siphash.h"

#include <assert.h>
#include <string.h>

/* A dense array of entries in insertion order, and an open-addressing index into it: the shape of
 * CPython's dict.  Dropped entries stay as holes until the next rebuild. */
struct entry {
    uint64_t hash;
    size_t key_len;
    uint8_t *key;
    void *value; /* NULL: a hole */
};

struct map {
    uint64_t seed;
    struct entry *entries;
    uint32_t *slots; /* index + 1 into entries; 0: free */
    size_t used;     /* entries, holes included */
    size_t live;
    size_t slot_count; /* a power of two, at least twice `used` */
};

uint64_t map_hash(uint64_t seed, const void *bytes, size_t n)
{
    return siphash(seed, seed * UINT64_C(0x9e3779b97f4a7c15) + 1, bytes, n);
}

struct map *map_new(uint64_t seed)
{
    struct map *m = MEM_NEW(struct map);
    m->seed = seed;
    return m;
}

void map_free(struct map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->used; i++)
        free(m->entries[i].key);
    free(m->entries);
    free(m->slots);
    free(m);
}

size_t map_count(const struct map *m)
{
    return m->live;
}

/* The slot that holds the key, or the free slot where it would go. */
static size_t find(const struct map *m, uint64_t hash, const void *key, size_t n)
{
    size_t at = (size_t)hash & (m->slot_count - 1);
    for (; m->slots[at]; at = (at + 1) & (m->slot_count - 1)) {
        const struct entry *e = &m->entries[m->slots[at] - 1];
        if (e->value && e->hash == hash && e->key_len == n && (n == 0 || !memcmp(e->key, key, n)))
            break;
    }
    return at;
}

/* Squeeze out the holes and make room for one more entry. */
static void rebuild(struct map *m)
{
    size_t slots = 8;
    while (slots < (m->live + 1) * 4)
        slots *= 2;
    struct entry *entries = mem_array(slots / 2, sizeof *entries);
    uint32_t *index = mem_array(slots, sizeof *index);
    size_t used = 0;
    for (size_t i = 0; i < m->used; i++) {
        if (!m->entries[i].value) {
            free(m->entries[i].key);
            continue;
        }
        entries[used] = m->entries[i];
        size_t at = (size_t)entries[used].hash & (slots - 1);
        while (index[at])
            at = (at + 1) & (slots - 1);
        index[at] = (uint32_t)++used;
    }
    free(m->entries);
    free(m->slots);
    m->entries = entries;
    m->slots = index;
    m->used = used;
    m->slot_count = slots;
}

void *map_get(const struct map *m, const void *key, size_t n)
{
    if (m->live == 0)
        return NULL;
    size_t at = find(m, map_hash(m->seed, key, n), key, n);
    return m->slots[at] ? m->entries[m->slots[at] - 1].value : NULL;
}

void *map_put(struct map *m, const void *key, size_t n, void *value)
{
    assert(value); /* NULL is how a hole looks */
    if ((m->used + 1) * 2 > m->slot_count)
        rebuild(m);
    uint64_t hash = map_hash(m->seed, key, n);
    size_t at = find(m, hash, key, n);
    if (m->slots[at]) {
        struct entry *e = &m->entries[m->slots[at] - 1];
        void *old = e->value;
        e->value = value;
        return old;
    }
    m->entries[m->used] = (struct entry){hash, n, mem_dup(key, n), value};
    m->slots[at] = (uint32_t)++m->used;
    m->live++;
    return NULL;
}

void *map_drop(struct map *m, const void *key, size_t n)
{
    if (m->live == 0)
        return NULL;
    size_t at = find(m, map_hash(m->seed, key, n), key, n);
    if (!m->slots[at])
        return NULL;
    struct entry *e = &m->entries[m->slots[at] - 1]; /* its slot stays, and leads past the hole */
    void *old = e->value;
    e->value = NULL;
    m->live--;
    return old;
}

void *map_next(const struct map *m, size_t *at, const void **key, size_t *n)
{
    while (*at < m->used) {
        const struct entry *e = &m->entries[(*at)++];
        if (!e->value)
            continue;
        if (key)
            *key = e->key;
        if (n)
            *n = e->key_len;
        return e->value;
    }
    return NULL;
}
