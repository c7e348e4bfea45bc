#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

/* The first block is small, each further one twice as large: many live long and hold little (the
 * metainfo of a torrent with one file). */
enum { FIRST_BYTES = 480, BLOCK_BYTES = 4000 };

struct block {
    struct block *next;
    size_t used, cap;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* newest first */
    size_t size;
};

struct arena *arena_new(void)
{
    return MEM_NEW(struct arena);
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    while (a->blocks) {
        struct block *b = a->blocks;
        a->blocks = b->next;
        free(b);
    }
    free(a);
}

void *arena_zalloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    assert(n < SIZE_MAX / 2);
    n = (n + align - 1) / align * align;
    struct block *b = a->blocks;
    if (!b || b->cap - b->used < n) {
        size_t usual = a->size < FIRST_BYTES ? FIRST_BYTES : a->size;
        usual = usual < BLOCK_BYTES ? usual : BLOCK_BYTES;
        size_t cap = n > usual ? n : usual;
        b = mem_zalloc(sizeof *b + cap);
        b->cap = cap;
        b->next = a->blocks;
        a->blocks = b;
        a->size += sizeof *b + cap;
    }
    void *p = b->bytes + b->used;
    b->used += n;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / 4 / size)
        abort();
    return arena_zalloc(a, count * size);
}

void *arena_dup(struct arena *a, const void *p, size_t n)
{
    void *copy = arena_zalloc(a, n);
    if (n > 0)
        memcpy(copy, p, n);
    return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *copy = arena_zalloc(a, n + 1);
    if (n > 0)
        memcpy(copy, s, n);
    return copy;
}

size_t arena_size(const struct arena *a)
{
    return a->size;
}
