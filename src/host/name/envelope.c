#include "host/name/envelope.h"

#include "base/pb.h"

#include <string.h>

/* RFC 0002, "Wire Format"; RFC 0003, "Address Record Format". */
enum { PUBLIC_KEY = 1, PAYLOAD_TYPE = 2, PAYLOAD = 3, SIGNATURE = 5 };
enum { PEER_ID = 1, SEQ = 2, ADDRESSES = 3, ADDRESS_MULTIADDR = 1 };

/* "a multicodec", says the RFC; what go, js and rust write is its two bytes, the high one first. */
static void put_type(struct buf *out, uint64_t type)
{
    buf_be16(out, (uint16_t)type);
}

static void put_counted(struct buf *out, const void *bytes, size_t n)
{
    buf_uvarint(out, n);
    buf_put(out, bytes, n);
}

/* RFC 0002, "Signature Production / Verification". */
static void put_signed(struct buf *out, const char *domain, uint64_t type, const void *payload,
                       size_t n)
{
    struct buf kind = {0};
    put_type(&kind, type);
    put_counted(out, domain, strlen(domain));
    put_counted(out, buf_bytes(&kind), buf_len(&kind));
    put_counted(out, payload, n);
    buf_done(&kind);
}

static bool is_type(struct cur kind, uint64_t type)
{
    uint64_t got = cur_be16(&kind);
    return cur_done(&kind) && got == type;
}

struct envelope {
    struct cur key, kind, payload, sig;
};

static enum err read_fields(struct envelope *out, struct cur bytes, struct why *why)
{
    struct pb_field f;
    *out = (struct envelope){0};
    while (pb_next(&bytes, &f))
        switch (f.number) { /* of another wire type: no bytes, and so none of what is wanted */
        case PUBLIC_KEY:
            out->key = f.bytes;
            break;
        case PAYLOAD_TYPE:
            out->kind = f.bytes;
            break;
        case PAYLOAD:
            out->payload = f.bytes;
            break;
        case SIGNATURE:
            out->sig = f.bytes;
            break;
        }
    return cur_done(&bytes) ? OK : why_set(why, ERR_INVALID, "envelope: malformed message");
}

enum err envelope_open(struct cur bytes, const char *domain, uint64_t type, struct pubkey *signer,
                       struct cur *payload, struct why *why)
{
    struct envelope e;
    struct buf text = {0};
    if (bytes.n > ENVELOPE_MAX)
        return why_set(why, ERR_LIMIT, "envelope of %zu bytes, at most %u", bytes.n,
                       (unsigned)ENVELOPE_MAX);
    enum err code = read_fields(&e, bytes, why);
    if (code != OK)
        return code;
    if (!is_type(e.kind, type))
        return why_set(why, ERR_INVALID, "envelope: not of type 0x%04x", (unsigned)type);
    code = pubkey_decode(signer, e.key, why);
    if (code != OK)
        return why_in(why, code, "envelope");
    put_signed(&text, domain, type, e.payload.p, e.payload.n);
    bool good = pubkey_verify(signer, buf_bytes(&text), buf_len(&text), e.sig.p, e.sig.n);
    buf_done(&text);
    if (!good)
        return why_set(why, ERR_INVALID, "envelope: the signature does not hold for %s", domain);
    *payload = e.payload;
    return OK;
}

void envelope_seal(struct buf *out, const char *domain, uint64_t type, const void *payload,
                   size_t n, const struct keys *keys)
{
    struct buf text = {0}, key = {0}, kind = {0};
    struct pubkey pub;
    uint8_t sig[KEYS_SIG_LEN];
    put_signed(&text, domain, type, payload, n);
    keys_sign(keys, buf_bytes(&text), buf_len(&text), sig);
    pubkey_of_ed25519(&pub, keys_peer_public(keys));
    pubkey_encode(&pub, &key);
    put_type(&kind, type);
    pb_put_buf(out, PUBLIC_KEY, &key);
    pb_put_buf(out, PAYLOAD_TYPE, &kind);
    pb_put_bytes(out, PAYLOAD, payload, n);
    pb_put_bytes(out, SIGNATURE, sig, sizeof sig);
    buf_done(&text);
    buf_done(&key);
    buf_done(&kind);
}

/* One address of the record.  What we cannot read is left out, and so is what is too many. */
static enum err read_address(struct peer_record *out, struct cur info, struct why *why)
{
    struct pb_field f;
    struct cur bytes = {0};
    while (pb_next(&info, &f))
        if (f.number == ADDRESS_MULTIADDR)
            bytes = f.bytes;
    if (!cur_done(&info))
        return why_set(why, ERR_INVALID, "peer record: malformed address");
    if (out->count < PEER_RECORD_ADDRS_MAX &&
        multiaddr_decode(&out->addrs[out->count], bytes, NULL) == OK)
        out->count++;
    return OK;
}

static enum err read_record(struct peer_record *out, struct cur payload, struct why *why)
{
    struct pb_field f;
    struct cur peer = {0};
    enum err code = OK;
    while (code == OK && pb_next(&payload, &f))
        switch (f.number) {
        case PEER_ID:
            peer = f.bytes;
            break;
        case SEQ:
            out->seq = f.value;
            break;
        case ADDRESSES:
            code = read_address(out, f.bytes, why);
            break;
        }
    if (code != OK)
        return code;
    if (!cur_done(&payload))
        return why_set(why, ERR_INVALID, "peer record: malformed message");
    code = peer_id_decode(&out->peer, peer, why);
    return code == OK ? OK : why_in(why, code, "peer record");
}

enum err peer_record_open(struct peer_record *out, struct cur envelope, struct why *why)
{
    struct pubkey signer;
    struct peer_id id;
    struct cur payload;
    out->peer = (struct peer_id){0};
    out->seq = 0;
    out->count = 0;
    enum err code =
        envelope_open(envelope, PEER_RECORD_DOMAIN, PEER_RECORD_TYPE, &signer, &payload, why);
    if (code == OK)
        code = read_record(out, payload, why);
    if (code != OK)
        return code;
    peer_id_of_key(&signer, &id);
    if (!peer_id_equal(&id, &out->peer))
        return why_set(why, ERR_INVALID, "peer record: signed by another than it is about");
    return OK;
}

void peer_record_seal(const struct peer_record *r, struct buf *out, const struct keys *keys)
{
    struct buf payload = {0}, info = {0};
    pb_put_bytes(&payload, PEER_ID, r->peer.bytes, r->peer.len);
    pb_put_uint(&payload, SEQ, r->seq);
    for (size_t i = 0; i < r->count; i++) {
        buf_clear(&info);
        pb_put_bytes(&info, ADDRESS_MULTIADDR, r->addrs[i].bytes, r->addrs[i].len);
        pb_put_buf(&payload, ADDRESSES, &info);
    }
    envelope_seal(out, PEER_RECORD_DOMAIN, PEER_RECORD_TYPE, buf_bytes(&payload), buf_len(&payload),
                  keys);
    buf_done(&payload);
    buf_done(&info);
}
