#include "files/peer/wire_msg.h"

#include "net/addr.h"

#include <assert.h>
#include <string.h>

static const char protocol[] = "\x13"
                               "BitTorrent protocol";
enum { PROTOCOL_LEN = sizeof protocol - 1 };
enum { HASH_RANGE_LEN = SHA256_LEN + 4 * 4 };

bool wire_has_fast(const struct wire_handshake *h)
{
    return h->reserved[7] & 0x04;
}

bool wire_has_ext(const struct wire_handshake *h)
{
    return h->reserved[5] & 0x10;
}

bool wire_has_v2(const struct wire_handshake *h)
{
    return h->reserved[7] & WIRE_SPEAKS_V2;
}

bool wire_has_dht(const struct wire_handshake *h)
{
    return h->reserved[7] & 0x01;
}

/* Bytes of known length into a struct; zeros when they are not there. */
static void copy(struct cur *c, void *out, size_t n)
{
    struct cur from = cur_take(c, n);
    memset(out, 0, n);
    if (from.n == n)
        memcpy(out, from.p, n);
}

bool wire_may_be_handshake(struct cur c)
{
    size_t n = c.n < PROTOCOL_LEN ? c.n : PROTOCOL_LEN;
    return n == 0 || memcmp(c.p, protocol, n) == 0;
}

enum err wire_read_handshake(struct cur *c, struct wire_handshake *out, struct why *why)
{
    struct cur h = cur_take(c, WIRE_HANDSHAKE_LEN);
    struct cur name = cur_take(&h, PROTOCOL_LEN);
    copy(&h, out->reserved, sizeof out->reserved);
    copy(&h, out->infohash, sizeof out->infohash);
    copy(&h, out->peer_id, sizeof out->peer_id);
    if (!cur_done(&h))
        return why_set(why, ERR_INVALID, "handshake cut short");
    if (memcmp(name.p, protocol, PROTOCOL_LEN) != 0)
        return why_set(why, ERR_INVALID, "not the BitTorrent protocol");
    return OK;
}

void wire_put_handshake_with(struct buf *b, const uint8_t infohash[SHA1_LEN], const uint8_t id[20],
                             unsigned speaks)
{
    const uint8_t reserved[8] = {[5] = 0x10, [7] = (uint8_t)(0x04 | speaks)};
    buf_put(b, protocol, PROTOCOL_LEN);
    buf_put(b, reserved, sizeof reserved);
    buf_put(b, infohash, SHA1_LEN);
    buf_put(b, id, 20);
}

void wire_put_handshake(struct buf *b, const uint8_t infohash[SHA1_LEN], const uint8_t id[20])
{
    wire_put_handshake_with(b, infohash, id, 0);
}

void wire_put_handshake_v2(struct buf *b, const uint8_t infohash[SHA1_LEN], const uint8_t id[20])
{
    wire_put_handshake_with(b, infohash, id, WIRE_SPEAKS_V2);
}

enum err wire_frame(struct cur c, size_t *len, struct why *why)
{
    *len = 0;
    uint32_t n = cur_be32(&c);
    if (c.bad)
        return OK;
    if (n > WIRE_FRAME_MAX)
        return why_set(why, ERR_LIMIT, "message of %u bytes, at most %d are taken", (unsigned)n,
                       WIRE_FRAME_MAX);
    *len = 4 + (size_t)n;
    return OK;
}

/* What the messages that we know carry behind their id; by id. */
static const struct {
    const char *name; /* NULL: not known */
    size_t min, max;  /* bytes */
} shape[] = {
    [WIRE_CHOKE] = {"choke", 0, 0},
    [WIRE_UNCHOKE] = {"unchoke", 0, 0},
    [WIRE_INTERESTED] = {"interested", 0, 0},
    [WIRE_NOT_INTERESTED] = {"not interested", 0, 0},
    [WIRE_HAVE] = {"have", 4, 4},
    [WIRE_BITFIELD] = {"bitfield", 1, WIRE_FRAME_MAX},
    [WIRE_REQUEST] = {"request", 12, 12},
    [WIRE_PIECE] = {"piece", 9, 8 + WIRE_REQUEST_MAX},
    [WIRE_CANCEL] = {"cancel", 12, 12},
    [WIRE_PORT] = {"port", 2, 2},
    [WIRE_SUGGEST] = {"suggest", 4, 4},
    [WIRE_HAVE_ALL] = {"have all", 0, 0},
    [WIRE_HAVE_NONE] = {"have none", 0, 0},
    [WIRE_REJECT] = {"reject", 12, 12},
    [WIRE_ALLOWED_FAST] = {"allowed fast", 4, 4},
    [WIRE_EXTENDED] = {"extended", 1, 1 + WIRE_EXT_MAX},
    [WIRE_HASH_REQUEST] = {"hash request", HASH_RANGE_LEN, HASH_RANGE_LEN},
    [WIRE_HASHES] = {"hashes", HASH_RANGE_LEN, HASH_RANGE_LEN + WIRE_HASHES_MAX *SHA256_LEN},
    [WIRE_HASH_REJECT] = {"hash reject", HASH_RANGE_LEN, HASH_RANGE_LEN},
};
enum { SHAPES = sizeof shape / sizeof *shape };

/* `len` bytes of a piece: more than nothing, not absurdly many, and without running over. */
static enum err check_range(const struct wire_msg *m, struct why *why)
{
    const char *name = shape[m->type].name;
    if (m->len == 0)
        return why_set(why, ERR_INVALID, "%s of no bytes", name);
    if (m->len > WIRE_REQUEST_MAX)
        return why_set(why, ERR_LIMIT, "%s of %u bytes, at most %d are taken", name,
                       (unsigned)m->len, WIRE_REQUEST_MAX);
    if (m->begin > UINT32_MAX - m->len)
        return why_set(why, ERR_INVALID, "%s of bytes past 2^32", name);
    return OK;
}

/* What stands behind the id; `want` is its length by the prefix. */
static enum err read_payload(struct cur c, size_t want, struct wire_msg *out, struct why *why)
{
    switch (out->type) {
    case WIRE_CHOKE:
    case WIRE_UNCHOKE:
    case WIRE_INTERESTED:
    case WIRE_NOT_INTERESTED:
    case WIRE_HAVE_ALL:
    case WIRE_HAVE_NONE:
    case WIRE_KEEPALIVE:
    case WIRE_UNKNOWN:
        return OK;
    case WIRE_HAVE:
    case WIRE_SUGGEST:
    case WIRE_ALLOWED_FAST:
        out->piece = cur_be32(&c);
        return OK;
    case WIRE_BITFIELD:
    case WIRE_HASH_REQUEST:
    case WIRE_HASHES:
    case WIRE_HASH_REJECT:
        out->body = c;
        return OK;
    case WIRE_REQUEST:
    case WIRE_CANCEL:
    case WIRE_REJECT:
        out->piece = cur_be32(&c);
        out->begin = cur_be32(&c);
        out->len = cur_be32(&c);
        return check_range(out, why);
    case WIRE_PIECE:
        out->piece = cur_be32(&c);
        out->begin = cur_be32(&c);
        out->len = (uint32_t)(want - 8);
        out->body = c;
        return c.bad ? why_set(why, ERR_INVALID, "piece cut short") : check_range(out, why);
    case WIRE_PORT:
        out->port = cur_be16(&c);
        return OK;
    case WIRE_EXTENDED:
        out->ext_id = cur_u8(&c);
        out->body = c;
        return OK;
    }
    return OK;
}

enum err wire_read(struct cur frame, struct wire_msg *out, struct why *why)
{
    *out = (struct wire_msg){.type = WIRE_KEEPALIVE};
    size_t len;
    enum err err = wire_frame(frame, &len, why);
    if (err != OK)
        return err;
    size_t given = frame.n;
    cur_be32(&frame);
    if (len == 4 && given == 4)
        return OK;
    uint8_t id = cur_u8(&frame);
    if (frame.bad || given > len || (given < len && id != WIRE_PIECE))
        return why_set(why, ERR_INVALID, "message of %zu bytes where %zu were told", given, len);
    size_t want = len - 5;
    if (id >= SHAPES || !shape[id].name) {
        out->type = WIRE_UNKNOWN;
        return OK;
    }
    out->type = (enum wire_type)id;
    if (want < shape[id].min)
        return why_set(why, ERR_INVALID, "%s of %zu bytes, %zu at least", shape[id].name, want,
                       shape[id].min);
    if (want > shape[id].max)
        return why_set(why, shape[id].min == shape[id].max ? ERR_INVALID : ERR_LIMIT,
                       "%s of %zu bytes, %zu at most", shape[id].name, want, shape[id].max);
    return read_payload(frame, want, out, why);
}

void wire_put_simple(struct buf *b, enum wire_type type)
{
    if (type == WIRE_KEEPALIVE) {
        buf_be32(b, 0);
        return;
    }
    buf_be32(b, 1);
    buf_u8(b, (uint8_t)type);
}

void wire_put_index(struct buf *b, enum wire_type type, uint32_t piece)
{
    buf_be32(b, 5);
    buf_u8(b, (uint8_t)type);
    buf_be32(b, piece);
}

void wire_put_range(struct buf *b, enum wire_type type, uint32_t piece, uint32_t begin,
                    uint32_t len)
{
    buf_be32(b, 13);
    buf_u8(b, (uint8_t)type);
    buf_be32(b, piece);
    buf_be32(b, begin);
    buf_be32(b, len);
}

void wire_put_port(struct buf *b, uint16_t port)
{
    buf_be32(b, 1 + sizeof port);
    buf_u8(b, WIRE_PORT);
    buf_be16(b, port);
}

void wire_put_bitfield(struct buf *b, const uint8_t *bits, size_t n)
{
    assert(n < WIRE_FRAME_MAX);
    buf_be32(b, (uint32_t)n + 1);
    buf_u8(b, WIRE_BITFIELD);
    buf_put(b, bits, n);
}

void wire_put_piece_header(struct buf *b, uint32_t piece, uint32_t begin, uint32_t len)
{
    buf_be32(b, 9 + len);
    buf_u8(b, WIRE_PIECE);
    buf_be32(b, piece);
    buf_be32(b, begin);
}

void wire_put_extended(struct buf *b, uint8_t ext_id, const void *payload, size_t n)
{
    assert(n <= WIRE_EXT_MAX);
    buf_be32(b, (uint32_t)n + 2);
    buf_u8(b, WIRE_EXTENDED);
    buf_u8(b, ext_id);
    buf_put(b, payload, n);
}

enum err wire_read_hashes(const struct wire_msg *m, struct wire_hash_range *out, struct why *why)
{
    struct cur c = m->body;
    out->root = cur_take(&c, SHA256_LEN).p;
    out->base = cur_be32(&c);
    out->index = cur_be32(&c);
    out->count = cur_be32(&c);
    out->proofs = cur_be32(&c);
    out->hashes = c;
    if (c.bad || c.n % SHA256_LEN != 0 || c.n > (size_t)WIRE_HASHES_MAX * SHA256_LEN)
        return why_set(why, ERR_INVALID, "%s of %zu bytes", shape[m->type].name, m->body.n);
    return OK;
}

void wire_put_hashes(struct buf *b, enum wire_type type, const struct wire_hash_range *r)
{
    buf_be32(b, (uint32_t)(1 + HASH_RANGE_LEN + r->hashes.n));
    buf_u8(b, (uint8_t)type);
    buf_put(b, r->root, SHA256_LEN);
    buf_be32(b, r->base);
    buf_be32(b, r->index);
    buf_be32(b, r->count);
    buf_be32(b, r->proofs);
    buf_put(b, r->hashes.p, r->hashes.n);
}

static bool among(const uint32_t *set, size_t n, uint32_t v)
{
    for (size_t i = 0; i < n; i++)
        if (set[i] == v)
            return true;
    return false;
}

size_t wire_allowed_fast(const struct addr *peer, const uint8_t infohash[SHA1_LEN],
                         uint32_t piece_count, uint32_t *out, size_t k)
{
    if (peer->family != ADDR_V4 || piece_count == 0)
        return 0;
    if (k > piece_count) /* the loop of BEP 6 would not end */
        k = piece_count;
    uint8_t x[4 + SHA1_LEN];
    memcpy(x, peer->ip, 3); /* "0xFFFFFF00 & ip" */
    x[3] = 0;
    memcpy(x + 4, infohash, SHA1_LEN);
    uint8_t hash[SHA1_LEN];
    sha1(x, sizeof x, hash);
    size_t n = 0;
    for (size_t i = 0; n < k; i++) {
        if (i == SHA1_LEN / 4) {
            sha1(hash, sizeof hash, hash);
            i = 0;
        }
        struct cur word = cur_of(hash + i * 4, 4);
        uint32_t index = cur_be32(&word) % piece_count;
        if (!among(out, n, index))
            out[n++] = index;
    }
    return n;
}
