#include "files/hand/hand_msg.h"

#include "base/pb.h"
#include "base/utf8.h"
#include "files/hand/hand_code.h"

#include <string.h>

enum { F_NUMBER = 1, F_SESSION, F_SHARE, F_SAID, F_TAG, F_OFFER };
enum { F_TOKEN = 1, F_CHUNK, F_END };

void hand_msg_put(struct buf *out, const struct hand_msg *m)
{
    if (m->number)
        pb_put_uint(out, F_NUMBER, m->number);
    if (m->session.n > 0)
        pb_put_bytes(out, F_SESSION, m->session.p, m->session.n);
    if (m->share.n > 0)
        pb_put_bytes(out, F_SHARE, m->share.p, m->share.n);
    if (m->said)
        pb_put_uint(out, F_SAID, m->said);
    if (m->tag.n > 0)
        pb_put_bytes(out, F_TAG, m->tag.p, m->tag.n);
    if (m->offer.n > 0)
        pb_put_bytes(out, F_OFFER, m->offer.p, m->offer.n);
}

/* Absent, or of its length. */
static bool fits(struct cur c, size_t len)
{
    return !c.p || c.n == len;
}

enum err hand_msg_read(struct hand_msg *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    uint64_t number = 0, said = 0;
    *out = (struct hand_msg){0};
    if (msg.n > HAND_LARGE_MAX)
        return why_set(why, ERR_LIMIT, "a message of %zu bytes, the limit is %d", msg.n,
                       HAND_LARGE_MAX);
    while (pb_next(&msg, &f)) {
        if (f.number == F_NUMBER && f.wire == PB_VARINT)
            number = f.value;
        else if (f.number == F_SAID && f.wire == PB_VARINT)
            said = f.value;
        else if (f.number == F_SESSION && f.wire == PB_BYTES)
            out->session = f.bytes;
        else if (f.number == F_SHARE && f.wire == PB_BYTES)
            out->share = f.bytes;
        else if (f.number == F_TAG && f.wire == PB_BYTES)
            out->tag = f.bytes;
        else if (f.number == F_OFFER && f.wire == PB_BYTES)
            out->offer = f.bytes;
    }
    if (!cur_done(&msg) || number > HAND_NAMEPLATE_MAX || !fits(out->session, HAND_SESSION_LEN) ||
        !fits(out->share, CPACE_LEN) || !fits(out->tag, CPACE_KEY_LEN))
        return why_set(why, ERR_INVALID, "a message of a hand-over is damaged");
    out->number = (unsigned)number;
    out->said = said <= HAND_BUSY ? (enum hand_said)said : HAND_NO;
    return OK;
}

void hand_want_put(struct buf *out, const struct hand_want *w)
{
    pb_put_bytes(out, F_TOKEN, w->token, sizeof w->token);
    pb_put_uint(out, F_CHUNK, w->chunk);
    pb_put_uint(out, F_END, w->end);
}

enum err hand_want_read(struct hand_want *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    struct cur token = {0};
    uint64_t end = 0;
    *out = (struct hand_want){0};
    while (pb_next(&msg, &f)) {
        if (f.number == F_TOKEN && f.wire == PB_BYTES)
            token = f.bytes;
        else if (f.number == F_CHUNK && f.wire == PB_VARINT)
            out->chunk = f.value;
        else if (f.number == F_END && f.wire == PB_VARINT)
            end = f.value;
    }
    if (!cur_done(&msg) || token.n != HAND_TOKEN_LEN)
        return why_set(why, ERR_INVALID, "what is wanted of a hand-over cannot be read");
    memcpy(out->token, token.p, HAND_TOKEN_LEN);
    out->end = end <= HAND_DECLINED ? (enum hand_end)end : HAND_DECLINED;
    return OK;
}

void hand_frame_put_chunk(struct buf *out, const uint8_t hash[SHA256_LEN])
{
    buf_u8(out, HAND_FRAME_CHUNK);
    buf_put(out, hash, SHA256_LEN);
}

void hand_frame_put_end(struct buf *out, const char *words)
{
    size_t n = strlen(words);
    n = n < HAND_WORDS_MAX ? n : HAND_WORDS_MAX;
    buf_u8(out, HAND_FRAME_END);
    buf_u8(out, (uint8_t)n);
    buf_put(out, words, n);
}

bool hand_frame_read(struct hand_frame *out, struct cur *c, enum err *err, struct why *why)
{
    struct cur at = *c;
    uint8_t kind = cur_u8(&at);
    *err = OK;
    if (at.bad)
        return false;
    if (kind == HAND_FRAME_CHUNK) {
        struct cur hash = cur_take(&at, SHA256_LEN);
        if (at.bad)
            return false;
        *out = (struct hand_frame){.kind = HAND_FRAME_CHUNK};
        memcpy(out->hash, hash.p, SHA256_LEN);
    } else if (kind == HAND_FRAME_END) {
        uint8_t n = cur_u8(&at);
        struct cur words = cur_take(&at, n);
        if (n > HAND_WORDS_MAX)
            *err = why_set(why, ERR_LIMIT, "words of %u bytes, the limit is %d", n, HAND_WORDS_MAX);
        if (at.bad || *err != OK)
            return false;
        *out = (struct hand_frame){.kind = HAND_FRAME_END};
        utf8_words(out->words, HAND_WORDS_MAX, words);
    } else {
        *err = why_set(why, ERR_INVALID, "what comes is no chunk");
        return false;
    }
    *c = at;
    return true;
}
