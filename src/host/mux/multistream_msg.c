#include "host/mux/multistream_msg.h"

#include <assert.h>
#include <string.h>

void multistream_write(struct buf *out, const char *name)
{
    size_t n = strlen(name);
    assert(n > 0 && n <= MULTISTREAM_NAME_MAX);
    buf_uvarint(out, n + 1);
    buf_put(out, name, n);
    buf_u8(out, '\n');
}

enum err multistream_more(struct cur have, size_t *more, struct why *why)
{
    struct cur c = have;
    uint8_t first = cur_u8(&c);
    if (have.n < 2 && (have.n == 0 || first & 0x80)) {
        *more = 1; /* of the length itself */
        return OK;
    }
    c = have;
    uint64_t len = cur_uvarint(&c);
    if (c.bad && have.n >= 2 && cur_u8(&have) & 0x80 && cur_u8(&have) & 0x80)
        return why_set(why, ERR_LIMIT, "multistream: a message of more than %d bytes",
                       MULTISTREAM_NAME_MAX + 1);
    if (c.bad || len < 2)
        return why_set(why, ERR_INVALID, "multistream: not the length of a message");
    if (len > MULTISTREAM_NAME_MAX + 1)
        return why_set(why, ERR_LIMIT, "multistream: a message of %u bytes, at most %d",
                       (unsigned)len, MULTISTREAM_NAME_MAX + 1);
    *more = c.n < len ? (size_t)len - c.n : 0;
    return OK;
}

enum err multistream_read(struct cur *c, char name[MULTISTREAM_NAME_MAX + 1], struct why *why)
{
    size_t more = 0;
    enum err err = multistream_more(*c, &more, why);
    if (err != OK)
        return err;
    uint64_t len = cur_uvarint(c);
    struct cur text = cur_take(c, (size_t)len - 1);
    uint8_t last = cur_u8(c);
    if (more > 0 || c->bad)
        return why_set(why, ERR_INVALID, "multistream: a message cut short");
    if (last != '\n' || memchr(text.p, '\n', text.n) || memchr(text.p, '\0', text.n))
        return why_set(why, ERR_INVALID, "multistream: a message that is no line");
    memcpy(name, text.p, text.n);
    name[text.n] = '\0';
    return OK;
}
