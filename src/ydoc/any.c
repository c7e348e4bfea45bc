#include "ydoc/any.h"

#include "base/mem.h"
#include "ydoc/lib0.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is integral and fits is written as an integer (lib0 uses 31 bits). */
#define ANY_INTEGER_MAX 0x7fffffff

static void put_float64(struct buf *out, double v)
{
    uint64_t bits;
    if (isnan(v))
        bits = 0x7ff8000000000000; /* the one that JavaScript writes */
    else
        memcpy(&bits, &v, sizeof bits);
    buf_u8(out, ANY_FLOAT64);
    buf_be64(out, bits);
}

void any_put_number(struct buf *out, double v)
{
    float f = (float)v;
    if (trunc(v) == v && fabs(v) <= ANY_INTEGER_MAX) {
        buf_u8(out, ANY_INTEGER);
        lib0_put_int(out, (struct lib0_int){(uint64_t)fabs(v), signbit(v)});
    } else if ((double)f == v) {
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        buf_u8(out, ANY_FLOAT32);
        buf_be32(out, bits);
    } else {
        put_float64(out, v);
    }
}

void any_put_text(struct buf *out, const void *utf8, size_t n)
{
    buf_u8(out, ANY_STRING);
    lib0_put_bytes(out, utf8, n);
}

void any_put_head(struct buf *out, enum any_kind array_or_object, uint64_t n)
{
    buf_u8(out, (uint8_t)array_or_object);
    lib0_put_uint(out, n);
}

static double read_float(struct cur *in, uint8_t kind)
{
    if (kind == ANY_FLOAT32) {
        uint32_t bits = cur_be32(in);
        float f;
        memcpy(&f, &bits, sizeof f);
        return (double)f;
    }
    uint64_t bits = cur_be(in, 8);
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static double read_integer(struct cur *in)
{
    struct lib0_int v = lib0_int(in);
    return v.negative ? -(double)v.magnitude : (double)v.magnitude;
}

/* ---- the order of keys ---- */

/* Is this key an array index to JavaScript ("0" to "4294967294" without needless zeros)?  Such keys
 * come first in an object, in the order of their numbers. */
static bool index_key(struct cur key, uint64_t *number)
{
    if (key.n == 0 || key.n > 10 || (key.p[0] == '0' && key.n > 1))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] < '0' || key.p[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(key.p[i] - '0');
    }
    *number = v;
    return v < 0xffffffff;
}

struct member {
    uint64_t number; /* UINT64_MAX: an ordinary key */
    size_t place;    /* among the members as they came */
    struct cur bytes;
};

static int by_key(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Put the n members that `out` holds from `from` on into JavaScript's order. */
static void order_members(struct buf *out, size_t from, uint64_t n)
{
    size_t len = buf_len(out) - from;
    uint8_t *copy = mem_dup(buf_bytes(out) + from, len);
    struct member *all = mem_array((size_t)n, sizeof *all);
    struct cur c = cur_of(copy, len);
    for (size_t i = 0; i < n; i++) {
        struct cur start = c;
        struct cur key = lib0_bytes(&c);
        any_take(&c);
        all[i] = (struct member){UINT64_MAX, i, {start.p, start.n - c.n, false}};
        index_key(key, &all[i].number);
    }
    qsort(all, (size_t)n, sizeof *all, by_key);
    out->tail -= len;
    for (size_t i = 0; i < n; i++)
        buf_put(out, all[i].bytes.p, all[i].bytes.n);
    free(all);
    free(copy);
}

/* ---- foreign values ---- */

static enum err copy(struct cur *in, struct buf *out, unsigned depth, struct why *why);

static enum err copy_many(struct cur *in, struct buf *out, uint8_t kind, unsigned depth,
                          struct why *why)
{
    uint64_t n = lib0_uint(in);
    if (in->bad || n > in->n) /* each takes a byte at least */
        return why_set(why, ERR_INVALID, "a value of %llu parts is cut short",
                       (unsigned long long)n);
    if (depth >= ANY_DEPTH_MAX)
        return why_set(why, ERR_LIMIT, "values nested deeper than %d", ANY_DEPTH_MAX);
    any_put_head(out, kind, n);
    size_t from = buf_len(out);
    bool indices = false;
    for (uint64_t i = 0; i < n; i++) {
        if (kind == ANY_OBJECT) {
            struct cur key = lib0_text(in);
            uint64_t number;
            indices |= index_key(key, &number);
            lib0_put_bytes(out, key.p, key.n);
        }
        enum err e = copy(in, out, depth + 1, why);
        if (e != OK)
            return e;
    }
    if (indices && n > 1)
        order_members(out, from, n);
    return OK;
}

static enum err copy(struct cur *in, struct buf *out, unsigned depth, struct why *why)
{
    uint8_t kind = cur_u8(in);
    struct cur text;
    if (in->bad)
        return why_set(why, ERR_INVALID, "a value is cut short");
    switch (kind) {
    case ANY_UNDEFINED:
    case ANY_NULL:
    case ANY_TRUE:
    case ANY_FALSE:
        buf_u8(out, kind);
        break;
    case ANY_INTEGER:
        any_put_number(out, read_integer(in));
        break;
    case ANY_FLOAT32:
    case ANY_FLOAT64:
        any_put_number(out, read_float(in, kind));
        break;
    case ANY_BIGINT:
        buf_u8(out, kind);
        buf_be64(out, cur_be(in, 8));
        break;
    case ANY_STRING:
        text = lib0_text(in);
        any_put_text(out, text.p, text.n);
        break;
    case ANY_BYTES:
        text = lib0_bytes(in);
        buf_u8(out, kind);
        lib0_put_bytes(out, text.p, text.n);
        break;
    case ANY_ARRAY:
    case ANY_OBJECT:
        return copy_many(in, out, kind, depth, why);
    default:
        return why_set(why, ERR_INVALID, "%u is no kind of value", kind);
    }
    return in->bad ? why_set(why, ERR_INVALID, "a value is cut short or not UTF-8") : OK;
}

enum err any_copy(struct cur *in, struct buf *out, struct why *why)
{
    return copy(in, out, 0, why);
}

/* ---- our own ---- */

struct cur any_take(struct cur *in)
{
    struct cur start = *in;
    uint64_t open = 1; /* values still to come */
    while (open > 0 && !in->bad) {
        uint8_t kind = cur_u8(in);
        open--;
        if (kind == ANY_INTEGER)
            lib0_int(in);
        else if (kind == ANY_FLOAT32)
            cur_take(in, 4);
        else if (kind == ANY_FLOAT64 || kind == ANY_BIGINT)
            cur_take(in, 8);
        else if (kind == ANY_STRING || kind == ANY_BYTES)
            lib0_bytes(in);
        else if (kind == ANY_ARRAY)
            open += lib0_uint(in);
        else if (kind == ANY_OBJECT)
            for (uint64_t n = lib0_uint(in); n > 0 && !in->bad; n--) {
                lib0_bytes(in);
                any_take(in);
            }
    }
    return (struct cur){start.p, start.n - in->n, in->bad};
}
