#include "tunnel/dgram_msg.h"

void dgram_put(struct buf *out, const void *bytes, size_t n)
{
    buf_be16(out, (uint16_t)n);
    buf_put(out, bytes, n);
}

bool dgram_next(struct cur *in, struct cur *out)
{
    struct cur at = *in;
    size_t n = cur_be16(&at);
    *out = cur_take(&at, n);
    if (at.bad)
        return false;
    *in = at;
    return true;
}
