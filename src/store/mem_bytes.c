#include "store/mem_bytes.h"

#include "base/mem.h"

#include <string.h>

enum { SECTOR = 512 }; /* bytes; what disks count in */

struct chunk {
    unsigned refs; /* 1: of one version; 2: of both */
    uint8_t bytes[MEM_CHUNK];
};

struct mem_slot {
    struct chunk *live, *durable;
};

void mem_bytes_init(struct mem_bytes *b, uint64_t *used)
{
    *b = (struct mem_bytes){.used = used};
}

static void chunk_drop(struct chunk *c)
{
    if (c && --c->refs == 0)
        free(c);
}

static void live_drop(struct mem_bytes *b, struct mem_slot *s)
{
    if (!s->live)
        return;
    chunk_drop(s->live);
    s->live = NULL;
    *b->used -= MEM_CHUNK;
}

void mem_bytes_done(struct mem_bytes *b)
{
    for (size_t i = 0; i < b->slot_count; i++) {
        live_drop(b, &b->slots[i]);
        chunk_drop(b->slots[i].durable);
    }
    free(b->slots);
}

static void dirty(struct mem_bytes *b, size_t from, size_t to)
{
    if (b->dirty_from >= b->dirty_to) {
        b->dirty_from = from;
        b->dirty_to = to;
        return;
    }
    b->dirty_from = from < b->dirty_from ? from : b->dirty_from;
    b->dirty_to = to > b->dirty_to ? to : b->dirty_to;
}

static void make_slots(struct mem_bytes *b, size_t needed)
{
    size_t count = b->slot_count ? b->slot_count : 4;
    while (count < needed)
        count *= 2;
    b->slots = mem_realloc(b->slots, count * sizeof *b->slots);
    memset(b->slots + b->slot_count, 0, (count - b->slot_count) * sizeof *b->slots);
    b->slot_count = count;
}

/* The live chunk at `i`, for writing: made when it is a hole, copied when the disk has it too. */
static struct chunk *chunk_for_write(struct mem_bytes *b, size_t i)
{
    if (i >= b->slot_count)
        make_slots(b, i + 1);
    struct mem_slot *s = &b->slots[i];
    dirty(b, i, i + 1);
    if (!s->live) {
        s->live = MEM_NEW(struct chunk);
        s->live->refs = 1;
        *b->used += MEM_CHUNK;
    } else if (s->live->refs > 1) {
        struct chunk *copy = mem_dup(s->live, sizeof *copy);
        copy->refs = 1;
        chunk_drop(s->live);
        s->live = copy;
    }
    return s->live;
}

static const struct chunk *chunk_at(const struct mem_bytes *b, uint64_t i)
{
    return i < b->slot_count ? b->slots[i].live : NULL;
}

/* How much of n bytes at `at` lies in the first chunk that they touch. */
static size_t part_of(size_t n, uint64_t at)
{
    size_t room = MEM_CHUNK - (size_t)(at % MEM_CHUNK);
    return room < n ? room : n;
}

void mem_bytes_read(const struct mem_bytes *b, void *to, size_t n, uint64_t at)
{
    for (uint8_t *p = to; n > 0;) {
        size_t part = part_of(n, at);
        const struct chunk *c = chunk_at(b, at / MEM_CHUNK);
        if (c)
            memcpy(p, c->bytes + at % MEM_CHUNK, part);
        else
            memset(p, 0, part);
        p += part;
        n -= part;
        at += part;
    }
}

void mem_bytes_write(struct mem_bytes *b, const void *from, size_t n, uint64_t at)
{
    if (n > 0 && at + n > b->size)
        b->size = at + n;
    for (const uint8_t *p = from; n > 0;) {
        size_t part = part_of(n, at);
        memcpy(chunk_for_write(b, (size_t)(at / MEM_CHUNK))->bytes + at % MEM_CHUNK, p, part);
        p += part;
        n -= part;
        at += part;
    }
}

uint64_t mem_bytes_cost(const struct mem_bytes *b, uint64_t at, uint64_t n)
{
    uint64_t holes = 0;
    for (uint64_t i = at / MEM_CHUNK; n > 0 && i <= (at + n - 1) / MEM_CHUNK; i++)
        holes += !chunk_at(b, i);
    return holes * MEM_CHUNK;
}

/* Past `size` there is nothing, and what comes there later reads as zeros until written. */
void mem_bytes_resize(struct mem_bytes *b, uint64_t size)
{
    size_t keep = (size_t)((size + MEM_CHUNK - 1) / MEM_CHUNK);
    for (size_t i = keep; i < b->slot_count; i++)
        live_drop(b, &b->slots[i]);
    if (keep < b->slot_count)
        dirty(b, keep, b->slot_count);
    size_t in = (size_t)(size % MEM_CHUNK);
    if (in > 0 && chunk_at(b, keep - 1))
        memset(chunk_for_write(b, keep - 1)->bytes + in, 0, MEM_CHUNK - in);
    b->size = size;
}

uint64_t mem_bytes_on_disk(const struct mem_bytes *b)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < b->slot_count; i++) {
        uint64_t left = b->size - i * MEM_CHUNK; /* of no meaning past the end, where no chunk is */
        if (b->slots[i].live)
            sum += left < MEM_CHUNK ? (left + SECTOR - 1) / SECTOR * SECTOR : MEM_CHUNK;
    }
    return sum;
}

void mem_bytes_sync(struct mem_bytes *b)
{
    for (size_t i = b->dirty_from; i < b->dirty_to; i++) {
        struct mem_slot *s = &b->slots[i];
        if (s->durable == s->live)
            continue;
        chunk_drop(s->durable);
        s->durable = s->live;
        if (s->live)
            s->live->refs++;
    }
    b->dirty_from = b->dirty_to = 0;
    b->durable_size = b->size;
}

void mem_bytes_revert(struct mem_bytes *b)
{
    for (size_t i = b->dirty_from; i < b->dirty_to; i++) {
        struct mem_slot *s = &b->slots[i];
        if (s->live == s->durable)
            continue;
        live_drop(b, s);
        s->live = s->durable;
        if (s->live) {
            s->live->refs++;
            *b->used += MEM_CHUNK;
        }
    }
    b->dirty_from = b->dirty_to = 0;
    b->size = b->durable_size;
}
