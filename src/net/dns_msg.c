#include "net/dns_msg.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { TYPE_TXT = 16, CLASS_IN = 1 };

/* Labels up to the empty one, or to a pointer, which is not followed. */
static void skip_name(struct cur *c)
{
    for (uint8_t n = 1; n > 0 && !c->bad;) {
        n = cur_u8(c);
        if (n >> 6 == 3) {
            cur_take(c, 1);
            return;
        }
        if (n >> 6 != 0)
            *c = (struct cur){NULL, 0, true};
        cur_take(c, n);
    }
}

static void take_text(struct dns_texts *out, struct cur data)
{
    struct buf text = {0};
    while (data.n > 0 && buf_len(&text) <= RESOLVE_TEXT_MAX) {
        struct cur part = cur_take(&data, cur_u8(&data));
        buf_put(&text, part.p, part.n);
    }
    size_t n = buf_len(&text);
    bool good = !data.bad && n > 0 && n <= RESOLVE_TEXT_MAX && !memchr(buf_bytes(&text), 0, n);
    if (good && out->count < RESOLVE_TEXTS_MAX)
        out->text[out->count++] = buf_take_str(&text);
    buf_done(&text);
}

enum err dns_texts_decode(struct dns_texts *out, struct cur msg, struct why *why)
{
    *out = (struct dns_texts){0};
    cur_take(&msg, 4); /* id and flags: whoever asked has looked at them */
    uint16_t questions = cur_be16(&msg);
    uint16_t answers = cur_be16(&msg);
    cur_take(&msg, 4);
    for (unsigned i = 0; i < questions && i < DNS_RECORDS_MAX && !msg.bad; i++) {
        skip_name(&msg);
        cur_take(&msg, 4);
    }
    for (unsigned i = 0; i < answers && i < DNS_RECORDS_MAX && !msg.bad; i++) {
        skip_name(&msg);
        uint16_t type = cur_be16(&msg);
        uint16_t class = cur_be16(&msg);
        cur_take(&msg, 4); /* how long it may be kept */
        uint16_t n = cur_be16(&msg);
        struct cur data = cur_take(&msg, n);
        if (!msg.bad && type == TYPE_TXT && class == CLASS_IN)
            take_text(out, data);
    }
    if (!msg.bad)
        return OK;
    dns_texts_done(out);
    return why_set(why, ERR_INVALID, "an answer of the DNS is malformed");
}

void dns_texts_done(struct dns_texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->text[i]);
    t->count = 0;
}
