/* files/peer/mse_msg.h - the values of Message Stream Encryption (Vuze wiki, "Message Stream
 * Encryption"): what is hashed to what, and which method is taken.  Pure.
 *
 *     S: the Diffie-Hellman secret, 96 bytes     SKEY: the torrent's infohash
 *     A -> B  Ya, PadA
 *     B -> A  Yb, PadB
 *     A -> B  HASH('req1', S), HASH('req2', SKEY) xor HASH('req3', S),
 *             ENCRYPT(VC, crypto_provide, len(PadC), PadC, len(IA)), ENCRYPT(IA)
 *     B -> A  ENCRYPT(VC, crypto_select, len(PadD), PadD), then what was selected
 */
#ifndef SHOAL_FILES_PEER_MSE_MSG_H
#define SHOAL_FILES_PEER_MSE_MSG_H

#include "base/cur.h"
#include "base/err.h"
#include "crypto/dh768.h"
#include "crypto/sha1.h"

enum {
    MSE_PLAIN = 1, /* bits of crypto_provide: nothing is encrypted after the handshake */
    MSE_RC4 = 2,
    MSE_VC = 8,         /* zeros, to find the place by */
    MSE_PAD_MAX = 512,  /* each of the four pads */
    MSE_IA_MAX = 16384, /* the first bytes of the payload; the format allows 65535 */
    MSE_DROP = 1024,    /* of the RC4 stream */
    MSE_PROVIDE = MSE_VC + 4 + 2,
    MSE_SELECT = MSE_VC + 4 + 2,
};

/* HASH('req1', S), HASH('req2', SKEY), HASH('req3', S): where the handshake is found by. */
void mse_req1(const uint8_t s[DH768_LEN], uint8_t out[SHA1_LEN]);
void mse_req2(const uint8_t skey[SHA1_LEN], uint8_t out[SHA1_LEN]);
void mse_req3(const uint8_t s[DH768_LEN], uint8_t out[SHA1_LEN]);
/* initiators: what A encrypts with, else what B does. */
void mse_key(bool initiators, const uint8_t s[DH768_LEN], const uint8_t skey[SHA1_LEN],
             uint8_t out[SHA1_LEN]);
/* HASH('req2', SKEY) and the other, joined or taken apart. */
void mse_xor(const uint8_t a[SHA1_LEN], const uint8_t b[SHA1_LEN], uint8_t out[SHA1_LEN]);

/* One of the bits in both; of two RC4, or plain where that is enough.  0: none. */
uint32_t mse_choose(uint32_t provided, uint32_t accepted, bool plain_is_enough);

/* VC, crypto_provide or crypto_select, a pad's length: MSE_PROVIDE bytes, decrypted. */
MUST_CHECK enum err mse_read_head(struct cur c, uint32_t *methods, size_t *pad, struct why *why);

#endif
