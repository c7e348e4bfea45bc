#include "host/mux/yamux_inbox.h"

#include "base/mem.h"

#include <string.h>

enum { PIECE_MIN = 256, PIECE_MAX = 64 << 10 };

struct inbox_piece {
    struct inbox_piece *next;
    uint32_t head, tail, cap;
    uint8_t bytes[];
};

/* Room for n more bytes, and for as many again as are held: so pieces grow with what waits. */
static struct inbox_piece *add(struct yamux_inbox *b, size_t n)
{
    size_t cap = n > b->held ? n : b->held;
    cap = cap < PIECE_MIN ? PIECE_MIN : cap > PIECE_MAX ? PIECE_MAX : cap;
    struct inbox_piece *p = mem_realloc(NULL, sizeof *p + cap);
    p->next = NULL;
    p->head = p->tail = 0;
    p->cap = (uint32_t)cap;
    if (b->last)
        b->last->next = p;
    else
        b->first = p;
    b->last = p;
    return p;
}

void yamux_inbox_put(struct yamux_inbox *b, struct cur bytes)
{
    while (bytes.n > 0) {
        struct inbox_piece *p = b->last;
        if (!p || p->tail == p->cap)
            p = add(b, bytes.n);
        size_t room = p->cap - p->tail;
        struct cur part = cur_take(&bytes, bytes.n < room ? bytes.n : room);
        memcpy(p->bytes + p->tail, part.p, part.n);
        p->tail += (uint32_t)part.n;
        b->held += (uint32_t)part.n;
    }
}

size_t yamux_inbox_take(struct yamux_inbox *b, void *to, size_t n)
{
    size_t took = 0;
    while (took < n && b->first) {
        struct inbox_piece *p = b->first;
        size_t part = p->tail - p->head;
        part = part < n - took ? part : n - took;
        memcpy((uint8_t *)to + took, p->bytes + p->head, part);
        p->head += (uint32_t)part;
        took += part;
        if (p->head < p->tail)
            break;
        b->first = p->next;
        if (!b->first)
            b->last = NULL;
        free(p);
    }
    b->held -= (uint32_t)took;
    return took;
}

void yamux_inbox_done(struct yamux_inbox *b)
{
    while (b->first) {
        struct inbox_piece *p = b->first;
        b->first = p->next;
        free(p);
    }
    *b = (struct yamux_inbox){0};
}
