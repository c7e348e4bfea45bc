#include "net/utp_msg.h"

#include <assert.h>
#include <string.h>

enum { VERSION = 1, EXT_END = 0, EXT_SACK = 1 };

bool utp_is_packet(struct cur c)
{
    uint8_t first = cur_u8(&c);
    return c.n >= UTP_HEADER - 1 && (first & 0x0f) == VERSION && first >> 4 <= UTP_SYN;
}

/* "In multiples of 4", says BEP 29; libtorrent's are as long as they need to be. */
static enum err read_sack(struct cur mask, struct utp_packet *out, struct why *why)
{
    if (mask.n == 0)
        return why_set(why, ERR_INVALID, "uTP mask of no bytes");
    out->sack = mask;
    return OK;
}

static enum err read_extensions(struct cur *c, uint8_t type, struct utp_packet *out,
                                struct why *why)
{
    for (int count = 0; type != EXT_END; count++) {
        if (count == UTP_EXTENSIONS_MAX)
            return why_set(why, ERR_LIMIT, "uTP packet with more than %d extensions",
                           UTP_EXTENSIONS_MAX);
        uint8_t next = cur_u8(c);
        uint8_t len = cur_u8(c);
        struct cur body = cur_take(c, len);
        if (c->bad)
            return why_set(why, ERR_INVALID, "uTP extensions cut short");
        if (type == EXT_SACK && read_sack(body, out, why))
            return why->code;
        type = next;
    }
    return OK;
}

enum err utp_read(struct cur c, struct utp_packet *out, struct why *why)
{
    struct why unheard;
    if (!why)
        why = &unheard;
    if (c.n < UTP_HEADER)
        return why_set(why, ERR_INVALID, "uTP packet of %zu bytes", c.n);
    uint8_t first = cur_u8(&c);
    if ((first & 0x0f) != VERSION || first >> 4 > UTP_SYN)
        return why_set(why, ERR_INVALID, "uTP version %d, type %d", first & 0x0f, first >> 4);
    *out = (struct utp_packet){.type = (enum utp_type)(first >> 4)};
    uint8_t extension = cur_u8(&c);
    out->id = cur_be16(&c);
    out->sent_us = cur_be32(&c);
    out->delay_us = cur_be32(&c);
    out->window = cur_be32(&c);
    out->seq = cur_be16(&c);
    out->ack = cur_be16(&c);
    enum err err = read_extensions(&c, extension, out, why);
    if (err != OK)
        return err;
    out->body = c;
    if (out->type == UTP_DATA && c.n == 0)
        return why_set(why, ERR_INVALID, "uTP data packet without data");
    return OK;
}

bool utp_sacked(const struct utp_packet *p, size_t i)
{
    return i / 8 < p->sack.n && (p->sack.p[i / 8] >> i % 8 & 1);
}

static uint8_t *put(uint8_t *at, uint32_t v, int width)
{
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
        *at++ = (uint8_t)(v >> shift);
    return at;
}

void utp_write(uint8_t out[UTP_HEADER], const struct utp_packet *p, bool has_sack)
{
    *out++ = (uint8_t)(p->type << 4 | VERSION);
    *out++ = has_sack ? EXT_SACK : EXT_END;
    out = put(out, p->id, 2);
    out = put(out, p->sent_us, 4);
    out = put(out, p->delay_us, 4);
    out = put(out, p->window, 4);
    out = put(out, p->seq, 2);
    put(out, p->ack, 2);
}

void utp_write_sack(uint8_t *out, const uint8_t *mask, size_t n)
{
    assert(n >= 4 && n % 4 == 0 && n <= UTP_SACK_MAX);
    out[0] = EXT_END;
    out[1] = (uint8_t)n;
    memcpy(out + 2, mask, n);
}
