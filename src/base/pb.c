#include "base/pb.h"

#include <string.h>

/* protobuf.dev, "Encoding": field numbers are 1 to 2^29 - 1, and a tag is a varint of 32 bits. */
enum { VARINT_MAX = 10, NUMBER_MAX = (1 << 29) - 1 };

static void poison(struct cur *c)
{
    *c = (struct cur){NULL, 0, true};
}

uint64_t pb_uvarint(struct cur *c)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < VARINT_MAX; i++) {
        uint8_t b = cur_u8(c);
        if (i == VARINT_MAX - 1 && b > 1) /* more than 64 bits, or no end */
            break;
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if (!(b & 0x80))
            return v;
    }
    poison(c);
    return 0;
}

static uint64_t little_endian(struct cur *c, size_t width)
{
    struct cur b = cur_take(c, width);
    uint64_t v = 0;
    for (size_t i = 0; i < b.n; i++)
        v |= (uint64_t)b.p[i] << (8 * i);
    return v;
}

static void read_value(struct cur *msg, struct pb_field *f, unsigned wire)
{
    switch (wire) {
    case PB_VARINT:
        f->value = pb_uvarint(msg);
        break;
    case PB_FIXED64:
        f->value = little_endian(msg, 8);
        break;
    case PB_BYTES: {
        uint64_t n = pb_uvarint(msg);
        f->bytes = cur_take(msg, n < SIZE_MAX ? (size_t)n : SIZE_MAX);
        break;
    }
    case PB_FIXED32:
        f->value = little_endian(msg, 4);
        break;
    default: /* groups (3, 4) are long deprecated; 6 and 7 mean nothing */
        poison(msg);
    }
}

bool pb_next(struct cur *msg, struct pb_field *f)
{
    if (msg->bad || msg->n == 0)
        return false;
    uint64_t tag = pb_uvarint(msg);
    unsigned wire = tag & 7;
    *f = (struct pb_field){.number = (uint32_t)(tag >> 3), .wire = (enum pb_wire)wire};
    if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
        poison(msg);
    read_value(msg, f, wire);
    return !msg->bad;
}

bool pb_fixed(const struct pb_field *f, void *out, size_t n)
{
    if (f->wire != PB_BYTES || f->bytes.n != n)
        return false;
    memcpy(out, f->bytes.p, n);
    return true;
}

static void put_varint(struct buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_u8(b, (uint8_t)(v | 0x80));
    buf_u8(b, (uint8_t)v);
}

static void put_tag(struct buf *b, uint32_t number, enum pb_wire wire)
{
    put_varint(b, (uint64_t)number << 3 | wire);
}

void pb_put_uint(struct buf *b, uint32_t number, uint64_t value)
{
    put_tag(b, number, PB_VARINT);
    put_varint(b, value);
}

void pb_put_fixed64(struct buf *b, uint32_t number, uint64_t value)
{
    put_tag(b, number, PB_FIXED64);
    for (unsigned i = 0; i < 8; i++)
        buf_u8(b, (uint8_t)(value >> 8 * i));
}

void pb_put_bytes(struct buf *b, uint32_t number, const void *bytes, size_t n)
{
    put_tag(b, number, PB_BYTES);
    put_varint(b, n);
    buf_put(b, bytes, n);
}

void pb_put_str(struct buf *b, uint32_t number, const char *s)
{
    pb_put_bytes(b, number, s, strlen(s));
}

void pb_put_buf(struct buf *b, uint32_t number, const struct buf *inner)
{
    pb_put_bytes(b, number, buf_bytes(inner), buf_len(inner));
}
