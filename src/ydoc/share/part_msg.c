#include "ydoc/share/part_msg.h"

#include "ydoc/lib0.h"

#include <string.h>

static void read_name(struct part_msg *out, struct cur *msg)
{
    struct cur name = cur_take(msg, PART_NAME_LEN);
    *out = (struct part_msg){0};
    if (!name.bad)
        memcpy(out->name, name.p, PART_NAME_LEN);
}

void part_put(const struct part_msg *p, struct buf *out)
{
    part_put_have(p, out);
    lib0_put_uint(out, p->total);
    buf_put(out, p->bytes.p, p->bytes.n);
}

enum err part_read(struct part_msg *out, struct cur msg, uint64_t max, struct why *why)
{
    read_name(out, &msg);
    out->at = lib0_uint(&msg);
    out->total = lib0_uint(&msg);
    out->bytes = msg;
    if (msg.bad || msg.n == 0 || msg.n > PART_MAX)
        return why_set(why, ERR_INVALID, "a piece of %zu bytes, 1 to %d", msg.n, PART_MAX);
    if (out->total > max)
        return why_set(why, ERR_LIMIT, "pieces of %llu bytes, at most %llu",
                       (unsigned long long)out->total, (unsigned long long)max);
    if (out->at > out->total || msg.n > out->total - out->at)
        return why_set(why, ERR_INVALID, "a piece that ends behind its whole");
    return OK;
}

void part_put_have(const struct part_msg *p, struct buf *out)
{
    buf_put(out, p->name, sizeof p->name);
    lib0_put_uint(out, p->at);
}

enum err part_read_have(struct part_msg *out, struct cur msg, struct why *why)
{
    read_name(out, &msg);
    out->at = lib0_uint(&msg);
    return cur_done(&msg) ? OK : why_set(why, ERR_INVALID, "what is said to be there is cut short");
}
