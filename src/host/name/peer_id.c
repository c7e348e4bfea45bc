#include "host/name/peer_id.h"

#include "crypto/base58.h"
#include "crypto/sha256.h"
#include "host/name/cid.h"

#include <stdlib.h>
#include <string.h>

/* multiformats/multicodec, table.csv; peer-ids.md, "Peer Ids": at most 42 bytes are their own. */
enum { IDENTITY = 0x00, SHA2_256 = 0x12, INLINE_MAX = 42, HEAD = 2 };

_Static_assert(HEAD + (int)INLINE_MAX <= (int)PEER_ID_MAX &&
                   HEAD + (int)SHA256_LEN <= (int)PEER_ID_MAX,
               "both kinds have room");

static bool holds_key(struct cur digest)
{
    struct pubkey key;
    return digest.n <= INLINE_MAX && pubkey_decode(&key, digest, NULL) == OK;
}

enum err peer_id_decode(struct peer_id *out, struct cur bytes, struct why *why)
{
    struct cur rest = bytes, digest;
    uint64_t code;
    multihash_take(&rest, &code, &digest);
    if (!cur_done(&rest))
        return why_set(why, ERR_INVALID, "peer id: %zu bytes that are no multihash", bytes.n);
    /* An inlined id that holds no key could be nobody's: none could show that he is this. */
    bool good = code == SHA2_256 ? digest.n == SHA256_LEN : code == IDENTITY && holds_key(digest);
    if (!good)
        return why_set(why, ERR_INVALID, "peer id: neither a SHA-256 nor a short public key");
    *out = (struct peer_id){.len = (uint8_t)bytes.n};
    memcpy(out->bytes, bytes.p, bytes.n);
    return OK;
}

static enum err parse_base58(struct peer_id *out, const char *text, struct why *why)
{
    uint8_t bytes[PEER_ID_MAX];
    size_t n;
    if (!base58_decode(text, strlen(text), bytes, sizeof bytes, &n))
        return why_set(why, ERR_INVALID, "\"%.80s\" is not a peer id: strange letters or too long",
                       text);
    return peer_id_decode(out, cur_of(bytes, n), why);
}

/* peer-ids.md, "Decoding". */
enum err peer_id_parse(struct peer_id *out, const char *text, struct why *why)
{
    if (text[0] == '1' || strncmp(text, "Qm", 2) == 0)
        return parse_base58(out, text, why);
    struct cid cid;
    if (cid_parse(&cid, text, NULL) != OK || cid.version == 0)
        return why_set(why, ERR_INVALID, "\"%.80s\" is not a peer id", text);
    if (cid.codec != CID_LIBP2P_KEY)
        return why_set(why, ERR_INVALID, "\"%.80s\" names a content, not a peer", text);
    return peer_id_decode(out, cid_multihash(&cid), why);
}

const char *peer_id_format(const struct peer_id *id, char text[PEER_ID_FORMAT])
{
    if (!base58_encode(id->bytes, id->len, text, PEER_ID_FORMAT))
        abort(); /* PEER_ID_MAX bytes are 61 digits */
    return text;
}

void peer_id_of_key(const struct pubkey *key, struct peer_id *out)
{
    struct buf msg = {0};
    pubkey_encode(key, &msg);
    size_t n = buf_len(&msg);
    bool inlined = n <= INLINE_MAX;
    *out = (struct peer_id){.len = (uint8_t)(HEAD + (inlined ? n : SHA256_LEN))};
    out->bytes[0] = inlined ? IDENTITY : SHA2_256;
    out->bytes[1] = (uint8_t)(out->len - HEAD);
    if (inlined)
        memcpy(out->bytes + HEAD, buf_bytes(&msg), n);
    else
        sha256(buf_bytes(&msg), n, out->bytes + HEAD);
    buf_done(&msg);
}

enum err peer_id_key(const struct peer_id *id, struct pubkey *out, struct why *why)
{
    struct cur c = cur_of(id->bytes, id->len);
    uint8_t code = cur_u8(&c);
    cur_u8(&c); /* the length */
    if (c.bad || code != IDENTITY)
        return why_set(why, ERR_NOT_FOUND, "the peer id is a hash: it does not hold the key");
    return pubkey_decode(out, c, why);
}

bool peer_id_equal(const struct peer_id *a, const struct peer_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

int peer_id_cmp(const struct peer_id *a, const struct peer_id *b)
{
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (int)a->len - (int)b->len;
}
