/* files/meta/sign.h - who vouches for a torrent: signatures by nodes' keys, in the .torrent and the
 * DHT.
 *
 * In a .torrent they lie where BEP 35 puts signatures, in the dictionary "signatures" beside
 * "info", each under a name; ours are "org.shoal.ed25519", and with more than one signer
 * "org.shoal.ed25519.2" and so on.  BEP 35's own have "certificate" (X.509) and "signature" (RSA);
 * ours have "key" (an Ed25519 public key, 32 bytes) and "signature" (64 bytes), over the bytes of
 * the info dictionary as BEP 35 says.  Programs that know BEP 35 alone see a name that they do not
 * know.  Those bytes begin with 'd', so no signature over them is one over anything else that the
 * same key signs (BEP 44 items begin with a digit, Noise payloads with "noise-libp2p").
 *
 * In the DHT it is a mutable item (BEP 44) of the signer's key with the infohash as salt, of BEP
 * 46's form {"ih": infohash} and with "sig", the same signature, so that who has only a magnet
 * link (xs=urn:btpk:KEY&s=INFOHASH) can check what peers gave him.  doc/files-signatures.md.
 *
 * Pure. */
#ifndef SHOAL_FILES_META_SIGN_H
#define SHOAL_FILES_META_SIGN_H

#include "crypto/ed25519.h"
#include "files/meta/bencode.h"
#include "files/meta/infohash.h"

enum { SIGN_SIGNERS_MAX = 8, SIGN_BYTES_MAX = 64 * 1024 /* of the dictionary */ };

struct signer {
    uint8_t key[ED25519_PUB_LEN];
    uint8_t sig[ED25519_SIG_LEN];
    bool valid; /* it is this key's signature of this info dictionary */
};

/* Ours among the signatures, each checked; returns how many there are.  What is not of its form is
 * passed over; what is, but does not hold, is there and not valid. */
size_t sign_read(const struct ben *signatures, struct cur info,
                 struct signer out[SIGN_SIGNERS_MAX]);

/* The dictionary: those of others from `before` (NULL: none) and these. */
void sign_put(struct buf *out, const struct ben *before, const struct signer *signers, size_t n);

/* The value of the DHT's item. */
void sign_put_item(struct buf *out, const uint8_t infohash[INFOHASH_LEN],
                   const uint8_t sig[ED25519_SIG_LEN]);
MUST_CHECK enum err sign_read_item(struct cur v, const uint8_t infohash[INFOHASH_LEN],
                                   uint8_t sig[ED25519_SIG_LEN], struct why *why);

#endif
