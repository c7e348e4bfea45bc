#include "host/talk/identify_msg.h"

#include "base/pb.h"

#include <string.h>

enum {
    F_KEY = 1,
    F_ADDR = 2,
    F_PROTOCOL = 3,
    F_OBSERVED = 4,
    F_VERSION = 5,
    F_AGENT = 6,
    F_RECORD = 8,
};

static bool is_word(struct cur c)
{
    return c.n > 0 && c.n <= IDENTIFY_WORD_MAX && !memchr(c.p, 0, c.n);
}

static void take(struct identify *out, const struct pb_field *f)
{
    switch (f->number) {
    case F_KEY:
        out->key = f->bytes;
        break;
    case F_ADDR:
        if (out->addr_count < IDENTIFY_ADDRS_MAX && f->bytes.n > 0)
            out->addrs[out->addr_count++] = f->bytes;
        break;
    case F_PROTOCOL:
        if (out->protocol_count < IDENTIFY_PROTOCOLS_MAX && is_word(f->bytes))
            out->protocols[out->protocol_count++] = f->bytes;
        break;
    case F_OBSERVED:
        out->observed = f->bytes;
        break;
    case F_VERSION:
        out->version = f->bytes;
        break;
    case F_AGENT:
        if (is_word(f->bytes))
            out->agent = f->bytes;
        break;
    case F_RECORD:
        out->record = f->bytes;
        break;
    default: /* of later versions */
        break;
    }
}

enum err identify_decode(struct identify *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    *out = (struct identify){0};
    while (pb_next(&msg, &f))
        if (f.wire == PB_BYTES)
            take(out, &f);
    if (!cur_done(&msg))
        return why_set(why, ERR_INVALID, "what it says of itself is malformed");
    return OK;
}

static void put(struct buf *out, uint32_t number, struct cur c)
{
    if (c.n > 0)
        pb_put_bytes(out, number, c.p, c.n);
}

void identify_encode(const struct identify *id, struct buf *out)
{
    put(out, F_KEY, id->key);
    for (size_t i = 0; i < id->addr_count; i++)
        put(out, F_ADDR, id->addrs[i]);
    for (size_t i = 0; i < id->protocol_count; i++)
        put(out, F_PROTOCOL, id->protocols[i]);
    put(out, F_OBSERVED, id->observed);
    put(out, F_VERSION, id->version);
    put(out, F_AGENT, id->agent);
    put(out, F_RECORD, id->record);
}
