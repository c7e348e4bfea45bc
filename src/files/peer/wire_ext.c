/* The payloads of extended messages: BEP 10's handshake and BEP 9's ut_metadata. */
#include "files/meta/bencode.h"
#include "files/meta/metainfo.h"
#include "files/meta/text.h"
#include "files/peer/wire_msg.h"

#include <assert.h>
#include <string.h>

/* A number where the peer said one that makes sense; 0 otherwise. */
static uint32_t sensible(const struct ben *d, const char *key, uint32_t most)
{
    int64_t v = ben_int(d, key, 0);
    return v >= 0 && v <= most ? (uint32_t)v : 0;
}

static enum err check_size(struct cur payload, struct why *why)
{
    if (payload.n > WIRE_EXT_MAX)
        return why_set(why, ERR_LIMIT, "extended message of %zu bytes, at most %d are taken",
                       payload.n, WIRE_EXT_MAX);
    return OK;
}

static enum err read_handshake(const struct ben *d, struct wire_ext *out, struct why *why)
{
    if (d->type != BEN_DICT)
        return why_set(why, ERR_INVALID, "extended handshake is no dictionary");
    const struct ben *m = ben_get(d, "m", BEN_DICT);
    out->ut_metadata = (uint8_t)sensible(m, "ut_metadata", UINT8_MAX);
    out->ut_pex = (uint8_t)sensible(m, "ut_pex", UINT8_MAX);
    out->ut_holepunch = (uint8_t)sensible(m, "ut_holepunch", UINT8_MAX);
    out->lt_donthave = (uint8_t)sensible(m, "lt_donthave", UINT8_MAX);
    out->reqq = sensible(d, "reqq", UINT32_MAX);
    out->port = (uint16_t)sensible(d, "p", UINT16_MAX);
    out->upload_only = ben_int(d, "upload_only", 0) != 0;
    text_clean_cut(out->client, sizeof out->client, ben_str(d, "v"));
    struct cur ip = ben_str(d, "yourip");
    if (ip.n == 4 || ip.n == 16) {
        out->yourip.family = ip.n == 4 ? ADDR_V4 : ADDR_V6;
        memcpy(out->yourip.ip, ip.p, ip.n);
    }
    int64_t size = ben_int(d, "metadata_size", 0);
    if (size > MI_INFO_MAX)
        return why_set(why, ERR_LIMIT, "metadata of %lld bytes, at most %d are taken",
                       (long long)size, MI_INFO_MAX);
    out->metadata_size = size > 0 ? size : 0;
    return OK;
}

enum err wire_read_ext(struct cur payload, struct wire_ext *out, struct why *why)
{
    *out = (struct wire_ext){0};
    enum err err = check_size(payload, why);
    if (err != OK)
        return err;
    struct arena *a = arena_new();
    const struct ben *d;
    err = ben_parse_front(a, &payload, &d, why); /* what follows is left for later versions */
    if (err == OK)
        err = read_handshake(d, out, why);
    arena_free(a);
    return err;
}

static void put_number(struct buf *d, const char *key, int64_t n)
{
    if (n <= 0)
        return;
    ben_put_key(d, key);
    ben_put_int(d, n);
}

void wire_put_ext_handshake(struct buf *b, const struct wire_ext_own *own)
{
    struct buf d = {0};
    buf_u8(&d, 'd');
    ben_put_key(&d, "m");
    buf_u8(&d, 'd');
    put_number(&d, "lt_donthave", own->lt_donthave);
    put_number(&d, "ut_holepunch", own->ut_holepunch);
    put_number(&d, "ut_metadata", own->ut_metadata);
    put_number(&d, "ut_pex", own->ut_pex);
    buf_u8(&d, 'e');
    put_number(&d, "metadata_size", own->metadata_size);
    put_number(&d, "p", own->port);
    put_number(&d, "reqq", WIRE_REQQ);
    put_number(&d, "upload_only", own->upload_only);
    ben_put_key(&d, "v");
    ben_put_key(&d, own->client);
    buf_u8(&d, 'e');
    wire_put_extended(b, 0, buf_bytes(&d), buf_len(&d));
    buf_done(&d);
}

enum err wire_read_donthave(struct cur payload, uint32_t *piece, struct why *why)
{
    *piece = cur_be32(&payload);
    if (!cur_done(&payload))
        return why_set(why, ERR_INVALID, "lt_donthave is not four bytes");
    return OK;
}

void wire_put_donthave(struct buf *b, uint8_t ext_id, uint32_t piece)
{
    struct buf d = {0};
    buf_be32(&d, piece);
    wire_put_extended(b, ext_id, buf_bytes(&d), buf_len(&d));
    buf_done(&d);
}

/* A piece of the metadata has 16 KiB, the last one what is left (BEP 9, "data"). */
static enum err check_data(const struct wire_metadata *m, struct why *why)
{
    if (m->total_size < 1)
        return why_set(why, ERR_INVALID, "metadata without its size");
    if (m->total_size > MI_INFO_MAX)
        return why_set(why, ERR_LIMIT, "metadata of %lld bytes, at most %d are taken",
                       (long long)m->total_size, MI_INFO_MAX);
    int64_t left = m->total_size - (int64_t)m->piece * WIRE_METADATA_PIECE;
    int64_t want = left < WIRE_METADATA_PIECE ? left : WIRE_METADATA_PIECE;
    if (want <= 0 || m->data.n != (size_t)want)
        return why_set(why, ERR_INVALID, "piece %u of %lld bytes of metadata has %zu",
                       (unsigned)m->piece, (long long)m->total_size, m->data.n);
    return OK;
}

static enum err read_metadata(const struct ben *d, struct cur after, struct wire_metadata *out,
                              struct why *why)
{
    const struct ben *type = ben_get(d, "msg_type", BEN_INT);
    const struct ben *piece = ben_get(d, "piece", BEN_INT);
    if (!type)
        return why_set(why, ERR_INVALID, "metadata message without a type");
    if (type->i < WIRE_MD_REQUEST || type->i > WIRE_MD_REJECT)
        return OK; /* BEP 9: "an unrecognized message ID MUST be ignored" */
    if (!piece || piece->i < 0 || piece->i >= MI_INFO_MAX / WIRE_METADATA_PIECE)
        return why_set(why, ERR_INVALID, "metadata message without a piece number that can be");
    out->type = (enum wire_metadata_type)type->i;
    out->piece = (uint32_t)piece->i;
    if (out->type != WIRE_MD_DATA)
        return OK;
    out->total_size = ben_int(d, "total_size", 0);
    out->data = after;
    return check_data(out, why);
}

enum err wire_read_metadata(struct cur payload, struct wire_metadata *out, struct why *why)
{
    *out = (struct wire_metadata){.type = WIRE_MD_UNKNOWN};
    enum err err = check_size(payload, why);
    if (err != OK)
        return err;
    struct arena *a = arena_new();
    const struct ben *d;
    err = ben_parse_front(a, &payload, &d, why);
    if (err == OK)
        err = read_metadata(d, payload, out, why);
    arena_free(a);
    return err;
}

void wire_put_metadata(struct buf *b, uint8_t ext_id, enum wire_metadata_type type, uint32_t piece,
                       int64_t total_size, const void *data, size_t n)
{
    assert(type != WIRE_MD_UNKNOWN);
    struct buf d = {0};
    buf_u8(&d, 'd');
    ben_put_key(&d, "msg_type");
    ben_put_int(&d, type);
    ben_put_key(&d, "piece");
    ben_put_int(&d, piece);
    if (type == WIRE_MD_DATA) {
        ben_put_key(&d, "total_size");
        ben_put_int(&d, total_size);
    }
    buf_u8(&d, 'e');
    if (type == WIRE_MD_DATA)
        buf_put(&d, data, n);
    wire_put_extended(b, ext_id, buf_bytes(&d), buf_len(&d));
    buf_done(&d);
}
