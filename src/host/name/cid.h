/* host/name/cid.h - what a content is called: a CID (multiformats/cid), as a value.
 *
 *     QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdG      version 0: a SHA-256, dag-pb
 *     bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su      version 1
 *
 * The multihash in it is the key under which a DHT knows who has the content: two CIDs with one
 * hash are the same content there.  Which hash function it is nobody asks here. */
#ifndef SHOAL_HOST_NAME_CID_H
#define SHOAL_HOST_NAME_CID_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>

/* CID_HASH_MAX: bytes of a multihash, as much as a DHT takes for a key (go-libp2p-kad-dht). */
enum { CID_HASH_MAX = 80, CID_FORMAT = 192 };

enum cid_codec { CID_RAW = 0x55, CID_DAG_PB = 0x70, CID_LIBP2P_KEY = 0x72 };

struct cid {
    uint8_t version; /* 0 or 1 */
    uint8_t hash_len;
    uint64_t codec; /* of the content; CID_DAG_PB for version 0 */
    uint8_t hash[CID_HASH_MAX];
};

/* One multihash (code, length, digest) off the cursor, as a view of all of it; `digest` may be
 * NULL. Poisons the cursor where there is none. */
struct cur multihash_take(struct cur *c, uint64_t *code, struct cur *digest);

/* From the whole of the bytes.  ERR_UNSUPPORTED: a version to come; ERR_LIMIT: a hash longer than
 * CID_HASH_MAX. */
MUST_CHECK enum err cid_decode(struct cid *out, struct cur bytes, struct why *why);
void cid_encode(const struct cid *c, struct buf *out);

/* Text: base58btc for version 0, any base of crypto/multibase.h for version 1, which is written in
 * base32.  Format returns `text`. */
MUST_CHECK enum err cid_parse(struct cid *out, const char *text, struct why *why);
const char *cid_format(const struct cid *c, char text[CID_FORMAT]);

/* The key in a DHT: a view of the multihash. */
struct cur cid_multihash(const struct cid *c);
bool cid_equal(const struct cid *a, const struct cid *b);

#endif
