/* host/name/peer_id.h - who somebody is: the multihash of a public key (libp2p/specs
 * peer-ids/peer-ids.md), as a value.
 *
 * Keys whose protobuf is at most 42 bytes (Ed25519, secp256k1) are inlined (identity hash), longer
 * ones (RSA, ECDSA) hashed with SHA-256.  All of them compare by their bytes. */
#ifndef SHOAL_HOST_NAME_PEER_ID_H
#define SHOAL_HOST_NAME_PEER_ID_H

#include "base/cur.h"
#include "base/err.h"
#include "host/name/pubkey.h"

#include <stdbool.h>

enum { PEER_ID_MAX = 44, PEER_ID_FORMAT = 64 }; /* bytes; as text with its NUL */

struct peer_id {
    uint8_t len; /* 0: nobody */
    uint8_t bytes[PEER_ID_MAX];
};

/* From a whole multihash; ERR_INVALID for anything that is no peer id, an inlined one that holds no
 * key included. */
MUST_CHECK enum err peer_id_decode(struct peer_id *out, struct cur bytes, struct why *why);
/* "12D3Koo...", "Qm...", or a CIDv1 of libp2p-key ("bafz...", "k51..."). */
MUST_CHECK enum err peer_id_parse(struct peer_id *out, const char *text, struct why *why);
/* Base58btc.  Returns `text`. */
const char *peer_id_format(const struct peer_id *id, char text[PEER_ID_FORMAT]);

/* Inlined or hashed, as long as the key is. */
void peer_id_of_key(const struct pubkey *key, struct peer_id *out);
/* The key, where the id holds it; ERR_NOT_FOUND for a hashed one. */
MUST_CHECK enum err peer_id_key(const struct peer_id *id, struct pubkey *out, struct why *why);

/* By their bytes; nobody equals nobody. */
bool peer_id_equal(const struct peer_id *a, const struct peer_id *b);
int peer_id_cmp(const struct peer_id *a, const struct peer_id *b); /* total order, for sorting */

#endif
