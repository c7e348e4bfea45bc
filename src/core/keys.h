/* core/keys.h - one identity: a BIP39 phrase, and the keys that come from it.
 *
 * The phrase is the only thing that a person must keep.  m/44'/0'/0'... paths per use are listed in
 * keys.c.  App code never sees a private key: it asks for signatures here.  The identity file is
 * created O_EXCL with mode 0600 and holds the entropy; memory that held secrets is wiped.
 *
 * Peer key: SLIP-0010 Ed25519 at m/44'/0x73686f61'/0' (hardened, as SLIP-0010 asks).  Peer id: the
 * libp2p identity multihash of its public key, base58btc ("12D3KooW..."). */
#ifndef SHOAL_CORE_KEYS_H
#define SHOAL_CORE_KEYS_H

#include "base/err.h"
#include "store/vfs.h"

#include <stdbool.h>
#include <stdint.h>

enum { KEYS_PHRASE_MAX = 256, PEER_ID_TEXT = 64, KEYS_SIG_LEN = 64, KEYS_PUB_LEN = 32 };

struct keys;

/* entropy: 16 or 32 bytes (12 or 24 words), anything else is our bug: aborts.  Copied. */
struct keys *keys_of_entropy(const uint8_t *entropy, size_t n);
/* ERR_INVALID says which word is wrong, or that the checksum does not hold. */
struct keys *keys_of_phrase(const char *phrase, struct why *why);
void keys_free(struct keys *k); /* wiped; NULL: nothing */

/* data_dir/identity.  Save refuses (ERR_STATE) when one is there; who saves holds the folder's lock
 * (vfs_lock), since a left-over identity.new is taken away.  Load: ERR_NOT_FOUND where there is
 * none, ERR_INVALID where it is damaged. */
struct keys *keys_load(const struct vfs *v, const char *data_dir, struct why *why);
MUST_CHECK enum err keys_save(const struct keys *k, const struct vfs *v, const char *data_dir,
                              struct why *why);

/* The phrase, for the owner's eyes only; wipe it after use. */
void keys_phrase(const struct keys *k, char out[KEYS_PHRASE_MAX]);

/* The public face: peer id as text, public key, and signatures (Ed25519, RFC 8032). */
const char *keys_peer_id(const struct keys *k);
const uint8_t *keys_peer_public(const struct keys *k); /* Ed25519, KEYS_PUB_LEN bytes */
/* The peer id of anybody's Ed25519 public key. */
void keys_peer_id_of(const uint8_t pub[KEYS_PUB_LEN], char out[PEER_ID_TEXT]);
void keys_sign(const struct keys *k, const void *msg, size_t n, uint8_t sig[KEYS_SIG_LEN]);
/* What somebody sealed to that public key (crypto/sealbox.h): n - SEALBOX_MORE bytes into `out`.
 * False: it is not for us. */
MUST_CHECK bool keys_peer_unseal(const struct keys *k, const void *box, size_t n, uint8_t *out);

#endif
