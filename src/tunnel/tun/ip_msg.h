/* tunnel/tun/ip_msg.h - IPv6 packets, as far as a wall must know them (RFC 8200, RFC 4443).
 *
 * Whole packets of TCP, UDP and ICMPv6, without fragments and extension headers: an inside whose
 * MTU is the smallest that IPv6 has needs none, and each of them has hidden something from a wall
 * before.  Checksums are not looked at, since the kernel that gets the packet does. */
#ifndef SHOAL_TUNNEL_TUN_IP_MSG_H
#define SHOAL_TUNNEL_TUN_IP_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>

enum { IP_LEN = 16, IP_HEADER = 40, IP_PACKET_MAX = 1280 };

enum ip_kind { IP_TCP, IP_UDP, IP_ECHO, IP_ECHO_REPLY, IP_ERROR };

/* Who speaks to whom. */
struct ip_ends {
    enum ip_kind kind;
    uint8_t src[IP_LEN], dst[IP_LEN];
    uint16_t src_port, dst_port; /* of TCP and UDP */
};

struct ip_packet {
    struct ip_ends ends;
    bool syn, ack, fin, rst; /* of TCP */
    /* Of IP_ERROR: the packet that it is about, which our side sent. */
    struct ip_ends about;
};

/* ERR_INVALID: cut short, or lengths that contradict each other; ERR_LIMIT: above IP_PACKET_MAX;
 * ERR_UNSUPPORTED: not one of the kinds (neighbour discovery, fragments, IPv4, ...). */
MUST_CHECK enum err ip_read(struct ip_packet *out, struct cur packet, struct why *why);

/* Why a packet does not go on (RFC 4443 section 3.1, codes of "destination unreachable"). */
enum ip_refusal { IP_NO_ROUTE = 0, IP_PROHIBITED = 1, IP_UNREACHABLE = 3 };

/* An ICMPv6 error about `packet`, which ip_read() took and which was no error itself, to whom it
 * came from; from: whose word it is. */
void ip_put_refusal(struct buf *out, enum ip_refusal r, struct cur packet,
                    const uint8_t from[IP_LEN]);

#endif
