#include "host/gossip/gossip_sign.h"

#include "base/pb.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "libp2p-pubsub:"

enum { SIGNATURE_MAX = 1024 }; /* RSA of 8,192 bits */

static void put(struct buf *out, uint32_t number, struct cur bytes)
{
    if (bytes.p)
        pb_put_bytes(out, number, bytes.p, bytes.n);
}

static void put_signed_fields(struct buf *out, const struct gossip_msg *m)
{
    put(out, 1, m->from);
    put(out, 2, m->data);
    put(out, 3, m->seqno);
    put(out, 4, m->topic);
}

void gossip_sign(const struct keys *keys, const struct peer_id *from, uint64_t seqno,
                 struct cur topic, struct cur data, struct buf *out)
{
    uint8_t sig[KEYS_SIG_LEN];
    struct buf number = {0}, text = {0};
    buf_be64(&number, seqno);
    struct gossip_msg m = {.from = cur_of(from->bytes, from->len),
                           .data = data,
                           .seqno = buf_cur(&number),
                           .topic = topic};
    buf_str(&text, PREFIX);
    put_signed_fields(&text, &m);
    keys_sign(keys, buf_bytes(&text), buf_len(&text), sig);
    put_signed_fields(out, &m);
    pb_put_bytes(out, 5, sig, sizeof sig);
    buf_done(&number);
    buf_done(&text);
}

enum err gossip_author(const struct gossip_msg *m, struct gossip_author *out, struct why *why)
{
    struct peer_id of_key;
    struct cur seqno = m->seqno;
    if (peer_id_decode(&out->id, m->from, why) != OK)
        return why_in(why, ERR_INVALID, "the author of a message");
    if (m->seqno.n != GOSSIP_SEQNO_LEN)
        return why_set(why, ERR_INVALID, "a sequence number of %zu bytes, it has %d", m->seqno.n,
                       GOSSIP_SEQNO_LEN);
    if (m->signature.n == 0 || m->signature.n > SIGNATURE_MAX)
        return why_set(why, ERR_INVALID, "a message with a signature of %zu bytes", m->signature.n);
    out->seqno = cur_be(&seqno, GOSSIP_SEQNO_LEN);
    if (m->key.n == 0)
        return peer_id_key(&out->id, &out->key, why) == OK
                   ? OK
                   : why_in(why, ERR_INVALID, "a message without its author's key");
    if (pubkey_decode(&out->key, m->key, why) != OK)
        return why_in(why, ERR_INVALID, "the key of a message");
    peer_id_of_key(&out->key, &of_key);
    if (!peer_id_equal(&of_key, &out->id))
        return why_set(why, ERR_INVALID, "the key of a message is not its author's");
    return OK;
}

enum err gossip_verify(const struct gossip_msg *m, const struct gossip_author *a, struct why *why)
{
    struct buf text = {0};
    buf_str(&text, PREFIX);
    put_signed_fields(&text, m);
    bool good =
        pubkey_verify(&a->key, buf_bytes(&text), buf_len(&text), m->signature.p, m->signature.n);
    buf_done(&text);
    return good ? OK : why_set(why, ERR_INVALID, "the signature of a message does not hold");
}

void gossip_name(const struct gossip_author *a, enum gossip_form form, struct gossip_id *out)
{
    struct buf b = {0};
    char text[PEER_ID_FORMAT];
    switch (form) {
    case GOSSIP_GO:
        buf_put(&b, a->id.bytes, a->id.len);
        buf_be64(&b, a->seqno);
        break;
    case GOSSIP_JS:
        pubkey_encode(&a->key, &b);
        buf_be64(&b, a->seqno);
        break;
    case GOSSIP_RUST:
        buf_printf(&b, "%s%llu", peer_id_format(&a->id, text), (unsigned long long)a->seqno);
        break;
    case GOSSIP_FORMS:
        break;
    }
    out->len = 0; /* an RSA key of more than 3,000 bits makes no name of js's form */
    if (buf_len(&b) <= GOSSIP_ID_MAX) {
        out->len = (uint16_t)buf_len(&b);
        memcpy(out->bytes, buf_bytes(&b), buf_len(&b));
    }
    buf_done(&b);
}
