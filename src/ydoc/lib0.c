#include "ydoc/lib0.h"

#include "base/utf8.h"

uint64_t lib0_long_uint(struct cur *c)
{
    uint64_t v = 0;
    uint8_t b = 0x80;
    if (cur_groups7(c, &v))
        b = 0;
    for (unsigned shift = 0; shift < 56 && b & 0x80; shift += 7) {
        b = cur_u8(c);
        v |= (uint64_t)(b & 0x7f) << shift;
    }
    if (!(b & 0x80) && v <= LIB0_MAX)
        return v;
    *c = (struct cur){NULL, 0, true};
    return 0;
}

struct lib0_int lib0_long_int(struct cur *c)
{
    uint64_t all;
    uint8_t b = 0;
    struct lib0_int v;
    if (cur_groups7(c, &all)) { /* its seventh bit is the sign: the others close ranks */
        v = (struct lib0_int){(all & 0x3f) | (all >> 7) << 6, (all & 0x40) != 0};
    } else {
        b = cur_u8(c);
        v = (struct lib0_int){b & 0x3f, (b & 0x40) != 0};
    }
    for (unsigned shift = 6; b & 0x80; shift += 7) {
        b = cur_u8(c);
        if (shift > 55 || c->bad) {
            *c = (struct cur){NULL, 0, true};
            return (struct lib0_int){0, false};
        }
        v.magnitude |= (uint64_t)(b & 0x7f) << shift;
    }
    if (v.magnitude > LIB0_MAX) {
        *c = (struct cur){NULL, 0, true};
        v = (struct lib0_int){0, false};
    }
    return v;
}

int64_t lib0_i64(struct cur *c)
{
    struct lib0_int v = lib0_int(c);
    return v.negative ? -(int64_t)v.magnitude : (int64_t)v.magnitude;
}

struct cur lib0_bytes(struct cur *c)
{
    uint64_t n = lib0_uint(c);
    return cur_take(c, n > c->n ? c->n + 1 : (size_t)n); /* more than is there poisons */
}

struct cur lib0_text(struct cur *c)
{
    struct cur text = lib0_bytes(c);
    if (!utf8_valid(text.p, text.n)) {
        *c = (struct cur){NULL, 0, true};
        return *c;
    }
    return text;
}

void lib0_put_int(struct buf *b, struct lib0_int v)
{
    uint64_t rest = v.magnitude >> 6;
    buf_u8(b, (uint8_t)((v.magnitude & 0x3f) | (v.negative ? 0x40 : 0) | (rest > 0 ? 0x80 : 0)));
    if (rest > 0)
        lib0_put_uint(b, rest);
}

void lib0_put_i64(struct buf *b, int64_t v)
{
    lib0_put_int(b, (struct lib0_int){v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0});
}

void lib0_put_bytes(struct buf *b, const void *p, size_t n)
{
    lib0_put_uint(b, n);
    buf_put(b, p, n);
}

bool lib0_ascii(const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8)
        if (!utf8_ascii8(p + i))
            return false;
    if (i > 0) /* the rest, with some of what was seen */
        return utf8_ascii8(p + n - 8);
    uint8_t any = 0;
    for (; i < n; i++)
        any |= p[i];
    return any < 0x80;
}

uint64_t lib0_units(const uint8_t *p, size_t n)
{
    uint64_t units = 0;
    size_t i = 0;
    for (; n - i >= 8 && utf8_ascii8(p + i); i += 8)
        units += 8;
    for (; i < n; i++) /* each lead byte one, of four bytes two */
        units += (p[i] & 0xc0) == 0x80 ? 0 : p[i] >= 0xf0 ? 2 : 1;
    return units;
}

size_t lib0_cut(const uint8_t *p, size_t n, uint64_t units, bool *inside)
{
    size_t i = 0;
    *inside = false;
    for (; n - i >= 8 && units >= 8 && utf8_ascii8(p + i); i += 8)
        units -= 8;
    while (i < n && units > 0) {
        unsigned long width = p[i] < 0x80 ? 1 : p[i] < 0xe0 ? 2 : p[i] < 0xf0 ? 3 : 4;
        if (width == 4 && units == 1) {
            *inside = true;
            break;
        }
        units -= width == 4 ? 2 : 1;
        i += width;
    }
    return i;
}
