#include "files/peer/hole_msg.h"

enum { FAMILY_V4, FAMILY_V6 };

enum err hole_read(struct cur c, struct hole_msg *out, struct why *why)
{
    uint8_t type = cur_u8(&c);
    uint8_t family = cur_u8(&c);
    struct cur ip = cur_take(&c, family == FAMILY_V4 ? 4 : 16);
    uint16_t port = cur_be16(&c);
    uint32_t error = c.bad || c.n > 0 || type == HOLE_ERROR ? cur_be32(&c) : 0;
    if (!cur_done(&c) || type > HOLE_ERROR || family > FAMILY_V6)
        return why_set(why, ERR_INVALID, "ut_holepunch message that makes no sense");
    *out = (struct hole_msg){.type = (enum hole_type)type,
                             .addr = addr_of_bytes(ip.p, ip.n, port),
                             .error = type == HOLE_ERROR ? error : HOLE_OK};
    return OK;
}

void hole_put(struct buf *b, const struct hole_msg *m)
{
    bool v6 = m->addr.family == ADDR_V6;
    buf_u8(b, (uint8_t)m->type);
    buf_u8(b, v6 ? FAMILY_V6 : FAMILY_V4);
    buf_put(b, m->addr.ip, v6 ? 16 : 4);
    buf_be16(b, m->addr.port);
    buf_be32(b, m->error);
}

const char *hole_error_text(uint32_t error)
{
    static const char *const words[] = {"no reason", "no such peer", "not connected",
                                        "it does not punch holes", "that is myself"};
    return error < sizeof words / sizeof words[0] ? words[error] : "an unknown reason";
}
