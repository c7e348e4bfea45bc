#include "base/buf.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_done(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

uint8_t *buf_room(struct buf *b, size_t n)
{
    if (b->cap - b->tail >= n && b->p)
        return b->p + b->tail;
    size_t len = buf_len(b);
    if (b->p && b->cap - len >= n && b->head >= len) { /* the eaten half is free: move down */
        memcpy(b->p, b->p + b->head, len);
    } else {
        assert(n < SIZE_MAX / 4 && len < SIZE_MAX / 4);
        size_t cap = b->cap ? b->cap : 64;
        while (cap < len + n)
            cap *= 2;
        uint8_t *p = mem_realloc(NULL, cap);
        if (len > 0)
            memcpy(p, b->p + b->head, len);
        free(b->p);
        b->p = p;
        b->cap = cap;
    }
    b->head = 0;
    b->tail = len;
    return b->p + b->tail;
}

void buf_grew(struct buf *b, size_t n)
{
    assert(n <= b->cap - b->tail);
    b->tail += n;
}

void buf_eat(struct buf *b, size_t n)
{
    assert(n <= buf_len(b));
    b->head += n;
    if (b->head == b->tail)
        b->head = b->tail = 0;
}

void buf_clear(struct buf *b)
{
    b->head = b->tail = 0;
}

void buf_put(struct buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    uint8_t *to = b->p && b->cap - b->tail >= n ? b->p + b->tail : buf_room(b, n);
    memcpy(to, bytes, n);
    b->tail += n;
}

void buf_str(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(n >= 0);
    char *room = (char *)buf_room(b, (size_t)n + 1);
    va_start(args, fmt);
    vsnprintf(room, (size_t)n + 1, fmt, args);
    va_end(args);
    b->tail += (size_t)n;
}

void buf_be(struct buf *b, uint64_t v, size_t width)
{
    assert(width >= 1 && width <= 8);
    uint8_t *p = buf_room(b, width);
    for (size_t i = width; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
    b->tail += width;
}

/* Documents are written a byte at a time: one compare where there is room. */
void buf_u8(struct buf *b, uint8_t v)
{
    if (b->tail == b->cap)
        buf_room(b, 1);
    b->p[b->tail++] = v;
}

void buf_be16(struct buf *b, uint16_t v)
{
    buf_be(b, v, 2);
}

void buf_be32(struct buf *b, uint32_t v)
{
    buf_be(b, v, 4);
}

void buf_be64(struct buf *b, uint64_t v)
{
    buf_be(b, v, 8);
}

void buf_uvarint(struct buf *b, uint64_t v)
{
    assert(v <= INT64_MAX);
    for (; v >= 0x80; v >>= 7)
        buf_u8(b, (uint8_t)(v | 0x80));
    buf_u8(b, (uint8_t)v);
}

char *buf_take_str(struct buf *b)
{
    char *s = mem_strndup((const char *)buf_bytes(b), buf_len(b));
    buf_done(b);
    return s;
}
