#include "tunnel/lasting_msg.h"

enum { FIXED_LEN = 4, ACK_LEN = 16 };

size_t lasting_head_len(struct cur have)
{
    return have.n >= 1 && cur_u8(&have) == LASTING_ACK ? FIXED_LEN + ACK_LEN : FIXED_LEN;
}

static bool has_length(enum lasting_kind kind, uint32_t len)
{
    switch (kind) {
    case LASTING_DATA:
        return len > 0 && len <= LASTING_FRAME_MAX;
    case LASTING_ACK:
        return len == ACK_LEN;
    case LASTING_END:
    case LASTING_WANT:
    case LASTING_BROKEN:
        return len == 0;
    }
    return false;
}

enum err lasting_read(struct lasting_frame *out, struct cur head, struct why *why)
{
    uint8_t kind = cur_u8(&head);
    uint32_t len = (uint32_t)cur_be(&head, 3);
    *out = (struct lasting_frame){.kind = (enum lasting_kind)kind, .len = len};
    if (kind > LASTING_BROKEN || !has_length(out->kind, len))
        return why_set(why, ERR_INVALID, "a frame of kind %u and %u bytes", kind, (unsigned)len);
    if (out->kind == LASTING_ACK) {
        out->got = cur_be(&head, 8);
        out->may = cur_be(&head, 8);
        out->len = 0;
    }
    return cur_done(&head) ? OK : why_set(why, ERR_INVALID, "a frame's head cut short");
}

void lasting_put(struct buf *out, const struct lasting_frame *f)
{
    buf_u8(out, (uint8_t)f->kind);
    buf_be(out, f->kind == LASTING_ACK ? ACK_LEN : f->len, 3);
    if (f->kind == LASTING_ACK) {
        buf_be64(out, f->got);
        buf_be64(out, f->may);
    }
}
