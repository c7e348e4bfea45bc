#include "host/mux/yamux_msg.h"

enum err yamux_read(struct cur *c, struct yamux_frame *out, struct why *why)
{
    struct cur h = cur_take(c, YAMUX_HEADER_LEN);
    uint8_t version = cur_u8(&h);
    uint8_t type = cur_u8(&h);
    uint16_t flags = cur_be16(&h);
    uint32_t stream = cur_be32(&h);
    uint32_t length = cur_be32(&h);
    if (!cur_done(&h))
        return why_set(why, ERR_INVALID, "yamux: a header cut short");
    if (version != 0 || type > YAMUX_GO_AWAY)
        return why_set(why, ERR_INVALID, "yamux: version %u, type %u", version, type);
    /* "Both Ping and Go Away messages should always use the 0 StreamID", and nothing else does. */
    if ((type == YAMUX_PING || type == YAMUX_GO_AWAY) != (stream == 0))
        return why_set(why, ERR_INVALID, "yamux: type %u on stream %u", type, (unsigned)stream);
    *out = (struct yamux_frame){(enum yamux_type)type, flags, stream, length};
    return OK;
}

static void put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void yamux_write(uint8_t out[YAMUX_HEADER_LEN], const struct yamux_frame *f)
{
    put_be32(out, (uint32_t)f->type << 16 | f->flags); /* version 0 */
    put_be32(out + 4, f->stream);
    put_be32(out + 8, f->length);
}
