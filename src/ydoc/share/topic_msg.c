#include "ydoc/share/topic_msg.h"

#include "base/pb.h"

enum { F_SEQ = 1, F_EPOCH = 2, F_NONCE = 3, F_BOX = 4 };
enum { B_MESSAGE = 1, B_DIGEST = 2 };

enum err topic_msg_read(struct topic_msg *out, struct cur msg, struct why *why)
{
    struct pb_field f;
    bool nonce = false;
    *out = (struct topic_msg){0};
    if (msg.n > TOPIC_MSG_MAX)
        return why_set(why, ERR_LIMIT, "an envelope of %zu bytes, at most %d", msg.n,
                       TOPIC_MSG_MAX);
    while (pb_next(&msg, &f)) {
        if (f.number == F_SEQ && f.wire == PB_VARINT)
            out->seq = f.value;
        else if (f.number == F_EPOCH && f.wire == PB_VARINT)
            out->epoch = f.value;
        else if (f.number == F_NONCE)
            nonce = pb_fixed(&f, out->nonce, sizeof out->nonce);
        else if (f.number == F_BOX && f.wire == PB_BYTES)
            out->box = f.bytes;
    }
    if (!cur_done(&msg) || !nonce || !out->seq || !out->epoch || out->box.n < XCHACHA_TAG_LEN)
        return why_set(why, ERR_INVALID, "an envelope that is damaged");
    return OK;
}

static void put_sealed_with(struct buf *out, const struct topic_msg *e, const struct topic_key *k)
{
    buf_str(out, TOPIC_MSG_SEALED);
    buf_put(out, k->doc.key, sizeof k->doc.key);
    buf_be64(out, e->seq);
    buf_be64(out, e->epoch);
    buf_put(out, k->author.bytes, k->author.len);
}

void topic_msg_seal(const struct topic_msg *e, const struct topic_key *k, struct cur batch,
                    struct buf *out)
{
    struct buf ad = {0}, box = {0};
    put_sealed_with(&ad, e, k);
    xchacha_seal(k->key, e->nonce, buf_cur(&ad), batch, buf_room(&box, batch.n + XCHACHA_TAG_LEN));
    buf_grew(&box, batch.n + XCHACHA_TAG_LEN);
    pb_put_uint(out, F_SEQ, e->seq);
    pb_put_uint(out, F_EPOCH, e->epoch);
    pb_put_bytes(out, F_NONCE, e->nonce, sizeof e->nonce);
    pb_put_buf(out, F_BOX, &box);
    buf_done(&box);
    buf_done(&ad);
}

bool topic_msg_open(const struct topic_msg *e, const struct topic_key *k, struct buf *out)
{
    struct buf ad = {0};
    put_sealed_with(&ad, e, k);
    bool good = xchacha_open(k->key, e->nonce, buf_cur(&ad), e->box, buf_room(out, e->box.n));
    if (good)
        buf_grew(out, e->box.n - XCHACHA_TAG_LEN);
    buf_done(&ad);
    return good;
}

void topic_batch_put(struct buf *batch, struct cur message)
{
    pb_put_bytes(batch, B_MESSAGE, message.p, message.n);
}

void topic_batch_digest(struct buf *batch, const uint8_t digest[TOPIC_MSG_DIGEST_LEN])
{
    pb_put_bytes(batch, B_DIGEST, digest, TOPIC_MSG_DIGEST_LEN);
}

enum err topic_batch_read(struct topic_batch *out, struct cur batch, struct why *why)
{
    struct pb_field f;
    bool good = true;
    out->count = 0;
    out->has_digest = false;
    while (good && pb_next(&batch, &f)) {
        if (f.number == B_MESSAGE && f.wire == PB_BYTES) {
            if (out->count == TOPIC_MSG_MESSAGES_MAX)
                return why_set(why, ERR_LIMIT, "more than %d messages in one envelope",
                               TOPIC_MSG_MESSAGES_MAX);
            out->messages[out->count++] = f.bytes;
        } else if (f.number == B_DIGEST) {
            good = out->has_digest = pb_fixed(&f, out->digest, sizeof out->digest);
        }
    }
    if (!good || !cur_done(&batch))
        return why_set(why, ERR_INVALID, "what an envelope holds is damaged");
    return OK;
}
