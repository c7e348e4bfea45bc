/* host/name/envelope.h - something signed (libp2p RFC 0002) and the peer record in it (RFC 0003).
 */
#ifndef SHOAL_HOST_NAME_ENVELOPE_H
#define SHOAL_HOST_NAME_ENVELOPE_H

#include "base/buf.h"
#include "core/keys.h"
#include "host/name/multiaddr.h"
#include "host/name/pubkey.h"

#define PEER_RECORD_DOMAIN "libp2p-peer-record"
#define RELAY_VOUCHER_DOMAIN "libp2p-relay-rsvp"

enum {
    PEER_RECORD_TYPE = 0x0301,
    RELAY_VOUCHER_TYPE = 0x0302,
    PEER_RECORD_ADDRS_MAX = 16,
    ENVELOPE_MAX = 8 << 10
};

/* Open: the key that signed, and the payload (a view into `bytes`), for this domain and type.
 * ERR_INVALID says what is wrong; the signature was checked. */
MUST_CHECK enum err envelope_open(struct cur bytes, const char *domain, uint64_t type,
                                  struct pubkey *signer, struct cur *payload, struct why *why);

/* Sealed by our identity. */
void envelope_seal(struct buf *out, const char *domain, uint64_t type, const void *payload,
                   size_t n, const struct keys *keys);

struct peer_record {
    struct peer_id peer;
    uint64_t seq;
    size_t count; /* addresses that we know how to read, at most PEER_RECORD_ADDRS_MAX */
    struct multiaddr addrs[PEER_RECORD_ADDRS_MAX];
};
/* From an envelope: signed by the very peer that it is about. */
MUST_CHECK enum err peer_record_open(struct peer_record *out, struct cur envelope, struct why *why);
void peer_record_seal(const struct peer_record *r, struct buf *out, const struct keys *keys);

#endif
