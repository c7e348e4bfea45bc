#include "net/ws_inbox.h"

void ws_inbox_done(struct ws_inbox *in)
{
    buf_done(&in->raw);
    buf_done(&in->message);
}

static int refuse(enum ws_code *code, enum ws_code which, struct why *why, enum err err,
                  const char *words)
{
    *code = which;
    why_set(why, err, "%s", words);
    return WS_BAD;
}

/* Before its payload is here: what may it be? */
static int check(const struct ws_inbox *in, const struct ws_frame *f, enum ws_code *code,
                 struct why *why)
{
    if (!f->masked) /* section 5.1 */
        return refuse(code, WS_PROTOCOL, why, ERR_INVALID, "a frame without a mask");
    if (f->opcode >= WS_CLOSE)
        return 1;
    if (f->opcode == WS_TEXT)
        return refuse(code, WS_KIND, why, ERR_UNSUPPORTED, "text, where bytes are spoken");
    if ((f->opcode == WS_CONTINUATION) != (in->parts > 0))
        return refuse(code, WS_PROTOCOL, why, ERR_INVALID, "parts of a message out of order");
    if (f->len > in->max - buf_len(&in->message) || in->parts >= WS_PARTS_MAX)
        return refuse(code, WS_BIG, why, ERR_LIMIT, "a message longer than is taken");
    return 1;
}

/* A part of a message; 1: it was the last. */
static int join(struct ws_inbox *in, bool last, struct cur *payload)
{
    if (in->parts == 0 && last)
        return 1; /* whole in one, as nearly all are */
    buf_put(&in->message, payload->p, payload->n);
    in->parts++;
    if (!last)
        return WS_MORE;
    in->parts = 0;
    *payload = buf_cur(&in->message);
    return 1;
}

int ws_inbox_next(struct ws_inbox *in, enum ws_opcode *opcode, struct cur *payload,
                  enum ws_code *code, struct why *why)
{
    struct ws_frame f;
    int got = WS_MORE;
    if (in->parts == 0)
        buf_clear(&in->message);
    do {
        buf_eat(&in->raw, in->eaten);
        in->eaten = 0;
        *code = WS_PROTOCOL;
        int head = ws_read_frame(buf_cur(&in->raw), &f, why);
        if (head <= 0)
            return head;
        got = check(in, &f, code, why);
        if (got < 0)
            return got;
        if (f.len > buf_len(&in->raw) - (size_t)head)
            return WS_MORE;
        ws_mask(buf_bytes(&in->raw) + head, (size_t)f.len, f.mask, 0);
        in->eaten = (size_t)head + (size_t)f.len;
        *payload = buf_cur(&in->raw);
        cur_take(payload, (size_t)head);
        *payload = cur_take(payload, (size_t)f.len);
        *opcode = f.opcode >= WS_CLOSE ? f.opcode : WS_BINARY;
        got = f.opcode >= WS_CLOSE ? 1 : join(in, f.last, payload);
    } while (got == WS_MORE);
    return got;
}
