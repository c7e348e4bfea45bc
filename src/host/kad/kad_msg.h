/* host/kad/kad_msg.h - the messages of Kademlia (libp2p/specs kad-dht/README.md "RPC messages").
 *
 * Views into the message. Peers beyond KAD_PEERS_MAX, addresses beyond KAD_ADDRS_MAX of one, and
 * addresses that nobody could dial are passed over; a type that we do not know is refused. */
#ifndef SHOAL_HOST_KAD_KAD_MSG_H
#define SHOAL_HOST_KAD_KAD_MSG_H

#include "base/buf.h"
#include "host/name/multiaddr.h"
#include "host/name/peer_id.h"

#include <stdbool.h>

enum {
    KAD_MESSAGE_MAX = 64 << 10, /* that we read; rust sends and reads 16 KiB */
    KAD_SAY_MAX = 16 << 10,
    KAD_PEERS_MAX = 20, /* the k of the specification */
    KAD_ADDRS_MAX = 8,
    KAD_KEY_MAX = 80, /* bytes of a multihash; of a record's key */
    KAD_VALUE_MAX = 10 << 10,
};

enum kad_type {
    KAD_PUT_VALUE = 0,
    KAD_GET_VALUE = 1,
    KAD_ADD_PROVIDER = 2,
    KAD_GET_PROVIDERS = 3,
    KAD_FIND_NODE = 4,
    KAD_PING = 5,
};

struct kad_peer {
    struct peer_id id;
    size_t count;
    struct cur addrs[KAD_ADDRS_MAX];
};

struct kad_record {
    struct cur key, value; /* key.p NULL: no record */
};

struct kad_msg {
    enum kad_type type;
    struct cur key;
    bool has_record;
    struct kad_record record;
    size_t closer_count, provider_count;
    struct kad_peer closer[KAD_PEERS_MAX], providers[KAD_PEERS_MAX];
};

/* From a whole message, as views into it; and back. */
MUST_CHECK enum err kad_msg_decode(struct kad_msg *out, struct cur msg, struct why *why);
void kad_msg_encode(const struct kad_msg *m, struct buf *out);

#endif
