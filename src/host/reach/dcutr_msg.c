#include "host/reach/dcutr_msg.h"

#include "base/pb.h"

enum { F_TYPE = 1, F_ADDR = 2 };

enum err dcutr_decode(struct dcutr_msg *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    uint64_t type = 0;
    *out = (struct dcutr_msg){0};
    while (pb_next(&msg, &f)) {
        if (f.number == F_TYPE)
            type = f.value;
        if (f.number == F_ADDR && f.bytes.n > 0 && out->addr_count < DCUTR_ADDRS_MAX)
            out->addrs[out->addr_count++] = f.bytes;
    }
    if (!cur_done(&msg) || (type != DCUTR_CONNECT && type != DCUTR_SYNC))
        return why_set(why, ERR_INVALID, "a message about a direct connection is malformed");
    out->type = (enum dcutr_type)type;
    return OK;
}

void dcutr_encode(const struct dcutr_msg *m, struct buf *out)
{
    pb_put_uint(out, F_TYPE, (uint64_t)m->type);
    for (size_t i = 0; i < m->addr_count; i++)
        pb_put_bytes(out, F_ADDR, m->addrs[i].p, m->addrs[i].n);
}
