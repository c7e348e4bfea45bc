/* shoal/key.h - who we are: a key, and the peer id that comes from it.
 *
 * A key is made of a phrase of 12 or 24 words (BIP39), the only thing that a person must keep: it
 * is the Ed25519 key at m/44'/0x73686f61'/0' (SLIP-0010).  The private half never leaves the
 * library, and is wiped from memory with the key.
 *
 * A peer id is a text: "12D3KooW..." for Ed25519, "Qm..." for long RSA keys. */
#ifndef SHOAL_KEY_H
#define SHOAL_KEY_H

#include <shoal/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SHOAL_PHRASE_TEXT = 256, SHOAL_PEER_ID_TEXT = 64 }; /* bytes, with the NUL */

struct shoal_key;

/* A new one of 12 words.  Owned by the caller, as with the next two; never NULL. */
struct shoal_key *shoal_key_new(struct shoal_loop *loop);

/* That of a phrase.  NULL, SHOAL_ERR_INVALID: which word is wrong, or that the checksum does not
 * hold. */
struct shoal_key *shoal_key_of_phrase(const char *phrase, struct shoal_err *err);

/* That of the file FOLDER/identity (of which nobody but the owner has permission to read; a Shoal
 * node's data folder has one).  Where there is none, a new one is made and is on the disk before
 * this returns; so is the folder.  Blocks on the disk.  NULL: SHOAL_ERR_INVALID, the file is
 * damaged; SHOAL_ERR_STATE, another process is making it; SHOAL_ERR_DENIED, SHOAL_ERR_IO,
 * SHOAL_ERR_FULL. */
struct shoal_key *shoal_key_open(struct shoal_loop *loop, const char *folder,
                                 struct shoal_err *err);

/* After the hosts that use it.  NULL: nothing. */
void shoal_key_free(struct shoal_key *key);

/* The peer id; lives as long as the key. */
const char *shoal_key_id(const struct shoal_key *key);

/* The phrase, for the owner's eyes only: wipe it after use (explicit_bzero). */
void shoal_key_phrase(const struct shoal_key *key, char out[SHOAL_PHRASE_TEXT]);

#ifdef __cplusplus
}
#endif

#endif
