/* A stream of frames: each is a message or an error, and a known message written again is the
 * frame that it came from. */
#include "files/peer/wire_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void write_again(struct buf *b, const struct wire_msg *m)
{
    switch (m->type) {
    case WIRE_CHOKE:
    case WIRE_UNCHOKE:
    case WIRE_INTERESTED:
    case WIRE_NOT_INTERESTED:
    case WIRE_HAVE_ALL:
    case WIRE_HAVE_NONE:
    case WIRE_KEEPALIVE:
        wire_put_simple(b, m->type);
        return;
    case WIRE_HAVE:
    case WIRE_SUGGEST:
    case WIRE_ALLOWED_FAST:
        wire_put_index(b, m->type, m->piece);
        return;
    case WIRE_BITFIELD:
        wire_put_bitfield(b, m->body.p, m->body.n);
        return;
    case WIRE_REQUEST:
    case WIRE_CANCEL:
    case WIRE_REJECT:
        wire_put_range(b, m->type, m->piece, m->begin, m->len);
        return;
    case WIRE_PIECE:
        wire_put_piece_header(b, m->piece, m->begin, m->len);
        buf_put(b, m->body.p, m->body.n);
        return;
    case WIRE_EXTENDED:
        wire_put_extended(b, m->ext_id, m->body.p, m->body.n);
        return;
    case WIRE_HASH_REQUEST:
    case WIRE_HASHES:
    case WIRE_HASH_REJECT: {
        struct wire_hash_range r;
        if (wire_read_hashes(m, &r, NULL) == OK)
            wire_put_hashes(b, m->type, &r);
        return;
    }
    case WIRE_PORT: /* never sent by us */
    case WIRE_UNKNOWN:
        return;
    }
}

static void one_frame(struct cur frame)
{
    struct wire_msg m;
    struct why why = {0};
    if (wire_read(frame, &m, &why) != OK) {
        if (why.text[0] == '\0') /* a refusal without a reason is a bug too */
            abort();
        return;
    }
    struct buf b = {0};
    write_again(&b, &m);
    if (buf_len(&b) > 0 && (buf_len(&b) != frame.n || memcmp(buf_bytes(&b), frame.p, frame.n) != 0))
        abort();
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    struct wire_handshake h;
    struct cur first = c;
    if (wire_read_handshake(&first, &h, NULL) == OK)
        c = first;
    size_t len;
    while (wire_frame(c, &len, NULL) == OK && len > 0 && len <= c.n)
        one_frame(cur_take(&c, len));
    one_frame(c); /* cut short */
    return 0;
}
