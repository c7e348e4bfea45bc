/* host/name/multiaddr.h - an address that says how it is reached (multiformats/multiaddr,
 * libp2p/specs addressing/README.md), as a value:
 *
 *     /ip4/192.0.2.7/tcp/4001/p2p/12D3Koo...        /dns4/example.org/tcp/443/wss
 *     /ip6/2001:db8::1/udp/4001/quic-v1             .../p2p/RELAY/p2p-circuit/p2p/PEER
 *
 * Of bytes from others nothing but the shape is believed: an address with a part that we do not
 * know is ERR_UNSUPPORTED, and a list of addresses is read past it. */
#ifndef SHOAL_HOST_NAME_MULTIADDR_H
#define SHOAL_HOST_NAME_MULTIADDR_H

#include "base/cur.h"
#include "base/err.h"
#include "host/name/peer_id.h"
#include "net/addr.h"

/* As text, 15 times /webrtc-direct and a percent-encoded /http-path of 350 bytes are the longest.
 */
enum { MULTIADDR_MAX = 384, MULTIADDR_TEXT = 1280, MULTIADDR_PARTS_MAX = 16 };

/* The multicodec table's numbers, of those that we know by name. */
enum multiaddr_code {
    MA_IP4 = 4,
    MA_TCP = 6,
    MA_IP6 = 41,
    MA_IP6ZONE = 42,
    MA_IPCIDR = 43,
    MA_DNS = 53,
    MA_DNS4 = 54,
    MA_DNS6 = 55,
    MA_DNSADDR = 56,
    MA_UDP = 273,
    MA_P2P_CIRCUIT = 290,
    MA_UNIX = 400,
    MA_P2P = 421,
    MA_TLS = 448,
    MA_SNI = 449,
    MA_NOISE = 454,
    MA_QUIC = 460,
    MA_QUIC_V1 = 461,
    MA_WEBTRANSPORT = 465,
    MA_CERTHASH = 466,
    MA_WS = 477,
    MA_WSS = 478,
    MA_HTTP = 480,
    MA_HTTP_PATH = 481,
    MA_MEMORY = 777,
    MA_WEBRTC_DIRECT = 280,
    MA_WEBRTC = 281,
};

struct multiaddr {
    uint16_t len; /* 0: none */
    uint8_t bytes[MULTIADDR_MAX];
};

struct multiaddr_part {
    enum multiaddr_code code;
    struct cur value; /* into the address */
};

/* ERR_LIMIT: more than MULTIADDR_MAX bytes or MULTIADDR_PARTS_MAX parts; ERR_UNSUPPORTED: a part
 * that we do not know; ERR_INVALID: the rest.  Text may end in slashes, and say /ipfs for /p2p. */
MUST_CHECK enum err multiaddr_decode(struct multiaddr *out, struct cur bytes, struct why *why);
MUST_CHECK enum err multiaddr_parse(struct multiaddr *out, const char *text, struct why *why);
/* As text; "" for none.  Returns `text`. */
const char *multiaddr_format(const struct multiaddr *a, char text[MULTIADDR_TEXT]);
/* Byte by byte: /wss and /tls/ws are two. */
bool multiaddr_equal(const struct multiaddr *a, const struct multiaddr *b);

/* Walk: `at` is cur_of(a->bytes, a->len) at first; false at the end. */
bool multiaddr_next(struct cur *at, struct multiaddr_part *part);

/* What of it can be dialled, and how. */
enum reach { REACH_TCP, REACH_WS, REACH_WSS, REACH_QUIC };
struct multiaddr_route {
    enum reach reach;
    struct addr addr; /* ADDR_NONE where `host` is a name; then with the port all the same. Neither,
                         if relayed: the relay is known by its id alone */
    uint16_t port;
    enum multiaddr_code named; /* MA_DNS, MA_DNS4, MA_DNS6, MA_DNSADDR; 0: addr */
    char host[256];
    char sni[256];       /* wss: whose certificate; "" for host */
    struct peer_id peer; /* the last /p2p; of nobody: not said */
    bool relayed;        /* through `relay`, which is of nobody where only its address is said */
    struct peer_id relay;
};
/* ERR_UNSUPPORTED: a way that we do not know, told in words; no place at all; a zone.  Whether the
 * port and the address make sense to dial nobody asks here: addresses to listen at are routes too.
 * A /dnsaddr may stand without a port. */
MUST_CHECK enum err multiaddr_route(const struct multiaddr *a, struct multiaddr_route *out,
                                    struct why *why);

/* Made of what we know: "/ip4/../tcp/..", with what follows; each ERR_LIMIT when it does not fit.
 */
void multiaddr_of_addr(struct multiaddr *out, const struct addr *addr, enum reach reach);
MUST_CHECK enum err multiaddr_add_peer(struct multiaddr *a, const struct peer_id *id); /* /p2p/ID */
MUST_CHECK enum err multiaddr_add(struct multiaddr *a, enum multiaddr_code code, struct cur value);
/* Without its last /p2p/ID, if that is its end. */
void multiaddr_drop_peer(struct multiaddr *a);

#endif
