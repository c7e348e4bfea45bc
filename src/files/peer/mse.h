/* files/peer/mse.h - Message Stream Encryption for BitTorrent peers, as a conn filter (net/conn.h).
 *
 * It hides from who filters by pattern that this is BitTorrent; it keeps nothing secret from who
 * knows the infohash, and proves nobody's identity.  The initiator names the torrent by a hash; the
 * responder finds it among those it holds.  Afterwards bytes are RC4, or plain when both offer
 * that and it is enough.
 *
 * The responder also takes a plain BitTorrent handshake, where `plain` allows: the first bytes say
 * which it is, and it then passes bytes on unchanged.
 *
 * Bounded: each pad 512 bytes, the initial payload MSE_IA_MAX, all of it CONN_HANDSHAKE_US, and
 * for who dials never MSE_QUIET_US without a byte; two
 * exponentiations of 160 bits.  Open and with RC4 it holds up to MSE_CHUNK bytes that the conn
 * below has not taken yet. */
#ifndef SHOAL_FILES_PEER_MSE_H
#define SHOAL_FILES_PEER_MSE_H

#include "crypto/rc4.h"
#include "files/peer/mse_msg.h"
#include "net/conn.h"

enum { MSE_CHUNK = 64 * 1024 };
/* Who is dialled and says nothing for so long does not speak it: a plain peer takes our first
 * message for the beginning of something and waits.  Three times a retransmission of TCP. */
#define MSE_QUIET_US (3 * SEC)

struct mse_cfg {
    const struct rc4_lib *rc4;
    uint32_t methods; /* MSE_PLAIN | MSE_RC4: what we provide, or accept */
    bool plain;       /* responder: a handshake without encryption is welcome too */
    /* Responder: the SKEY of which mse_req2() is this; false: not held. */
    bool (*find)(void *arg, const uint8_t req2[SHA1_LEN], uint8_t skey[SHA1_LEN]);
    void *arg; /* lives as long as the conn */
};

/* Initiator, over a conn that is being dialled and not open yet; takes it.  ia: the first ia_len
 * bytes of what we say, at most MSE_IA_MAX; they travel with the handshake. */
struct conn *mse_dial(const struct mse_cfg *cfg, struct conn *below, const uint8_t skey[SHA1_LEN],
                      const void *ia, size_t ia_len, conn_cb *cb, void *arg);
/* Responder, over an accepted conn; takes it.  CONN_OPEN comes when it is known what it is. */
struct conn *mse_accept(const struct mse_cfg *cfg, struct conn *below, conn_cb *cb, void *arg);

/* Once open: MSE_RC4, MSE_PLAIN, or 0 without encryption. */
uint32_t mse_method(const struct conn *c);
/* Responder, once open: the SKEY, that is the torrent, that it was opened for; NULL without
 * encryption. */
const uint8_t *mse_skey(const struct conn *c);
/* The conn below was open: what failed then is the handshake, and without it there may be luck. */
bool mse_began(const struct conn *c);

#endif
