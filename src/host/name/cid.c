#include "host/name/cid.h"

#include "crypto/base58.h"
#include "crypto/multibase.h"

#include <stdlib.h>
#include <string.h>

/* multiformats/multicodec, table.csv: sha2-256; its digests are 32 bytes. */
enum { SHA2_256 = 0x12, SHA2_256_LEN = 32, V0_LEN = 2 + SHA2_256_LEN, V0_TEXT_LEN = 46 };
/* A version, a codec of at most 9 bytes, and the hash. */
enum { CID_BYTES_MAX = 1 + 9 + CID_HASH_MAX };

struct cur multihash_take(struct cur *c, uint64_t *code, struct cur *digest)
{
    struct cur all = *c;
    *code = cur_uvarint(c);
    uint64_t n = cur_uvarint(c);
    struct cur d = cur_take(c, n < SIZE_MAX ? (size_t)n : SIZE_MAX);
    if (digest)
        *digest = d;
    return c->bad ? *c : cur_take(&all, all.n - c->n);
}

static bool begins_as_v0(struct cur bytes)
{
    return bytes.n >= 2 && bytes.p[0] == SHA2_256 && bytes.p[1] == SHA2_256_LEN;
}

static enum err set_hash(struct cid *out, struct cur hash, struct why *why)
{
    if (hash.n > CID_HASH_MAX)
        return why_set(why, ERR_LIMIT, "cid: a hash of %zu bytes, at most %u", hash.n,
                       (unsigned)CID_HASH_MAX);
    memcpy(out->hash, hash.p, hash.n);
    out->hash_len = (uint8_t)hash.n;
    return OK;
}

/* multiformats/cid, "Decoding Algorithm": 34 bytes that begin with 0x12 0x20 are version 0. */
enum err cid_decode(struct cid *out, struct cur bytes, struct why *why)
{
    *out = (struct cid){0};
    if (begins_as_v0(bytes)) {
        if (bytes.n != V0_LEN)
            return why_set(why, ERR_INVALID, "cid of version 0: %zu bytes, not %u", bytes.n,
                           (unsigned)V0_LEN);
        out->codec = CID_DAG_PB;
        return set_hash(out, bytes, why);
    }
    uint64_t version = cur_uvarint(&bytes);
    if (!bytes.bad && (version == 2 || version == 3)) /* "reserved" */
        return why_set(why, ERR_UNSUPPORTED, "cid of version %u", (unsigned)version);
    if (version != 1)
        return why_set(why, ERR_INVALID, "no cid: neither of version 0 nor 1");
    out->version = 1;
    out->codec = cur_uvarint(&bytes);
    uint64_t code;
    struct cur hash = multihash_take(&bytes, &code, NULL);
    if (!cur_done(&bytes))
        return why_set(why, ERR_INVALID, "cid: its hash is not as long as it says");
    return set_hash(out, hash, why);
}

void cid_encode(const struct cid *c, struct buf *out)
{
    if (c->version > 0) {
        buf_uvarint(out, c->version);
        buf_uvarint(out, c->codec);
    }
    buf_put(out, c->hash, c->hash_len);
}

enum err cid_parse(struct cid *out, const char *text, struct why *why)
{
    uint8_t bytes[CID_BYTES_MAX];
    size_t len = strlen(text), n = 0;
    if (len == V0_TEXT_LEN && strncmp(text, "Qm", 2) == 0) {
        if (!base58_decode(text, len, bytes, sizeof bytes, &n))
            return why_set(why, ERR_INVALID, "cid: strange letters");
        return cid_decode(out, cur_of(bytes, n), why);
    }
    enum err code = multibase_decode(text, len, bytes, sizeof bytes, &n, why);
    if (code != OK)
        return why_in(why, code, "cid");
    /* "If the first decoded byte is 0x12, return an error.  CIDv0 CIDs may not be multibase
     * encoded" */
    if (n > 0 && bytes[0] == SHA2_256)
        return why_set(why, ERR_INVALID, "cid of version 0 in another base than its own");
    return cid_decode(out, cur_of(bytes, n), why);
}

const char *cid_format(const struct cid *c, char text[CID_FORMAT])
{
    struct buf bytes = {0};
    cid_encode(c, &bytes);
    bool done = c->version == 0
                    ? base58_encode(buf_bytes(&bytes), buf_len(&bytes), text, CID_FORMAT)
                    : multibase_encode('b', buf_bytes(&bytes), buf_len(&bytes), text, CID_FORMAT);
    buf_done(&bytes);
    if (!done)
        abort(); /* CID_BYTES_MAX bytes take 145 letters */
    return text;
}

struct cur cid_multihash(const struct cid *c)
{
    return cur_of(c->hash, c->hash_len);
}

bool cid_equal(const struct cid *a, const struct cid *b)
{
    return a->version == b->version && a->codec == b->codec && a->hash_len == b->hash_len &&
           memcmp(a->hash, b->hash, a->hash_len) == 0;
}
