#include "tunnel/tun/ip_msg.h"

#include <string.h>

/* "Next header": RFC 8200 section 3, and the kinds of ICMPv6: RFC 4443 section 2.1. */
enum { NEXT_TCP = 6, NEXT_UDP = 17, NEXT_ICMP = 58 };
enum { ICMP_UNREACHABLE = 1, ICMP_PARAMETER = 4, ICMP_ECHO = 128, ICMP_ECHO_REPLY = 129 };
enum { ICMP_HEADER = 8, HOPS = 64 };
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/* --- reading ---------------------------------------------------------------------------------- */

static void take_ip(struct cur *c, uint8_t ip[IP_LEN])
{
    struct cur bytes = cur_take(c, IP_LEN);
    if (bytes.n == IP_LEN)
        memcpy(ip, bytes.p, IP_LEN);
}

struct header {
    unsigned version;
    size_t payload;
    uint8_t next;
};

static struct header read_header(struct cur *c, struct ip_ends *ends)
{
    struct header h;
    h.version = cur_be32(c) >> 28;
    h.payload = cur_be16(c);
    h.next = cur_u8(c);
    cur_u8(c); /* hop limit */
    take_ip(c, ends->src);
    take_ip(c, ends->dst);
    return h;
}

static void read_ports(struct cur *c, struct ip_ends *ends)
{
    ends->src_port = cur_be16(c);
    ends->dst_port = cur_be16(c);
}

static enum err read_tcp(struct ip_packet *out, struct cur body, struct why *why)
{
    out->ends.kind = IP_TCP;
    size_t len = body.n;
    read_ports(&body, &out->ends);
    cur_take(&body, 8); /* sequence, acknowledgement */
    size_t header = (size_t)(cur_u8(&body) >> 4) * 4;
    uint8_t flags = cur_u8(&body);
    if (body.bad || header < 20 || header > len)
        return why_set(why, ERR_INVALID, "a TCP segment cut short");
    out->syn = flags & SYN;
    out->ack = flags & ACK;
    out->fin = flags & FIN;
    out->rst = flags & RST;
    return OK;
}

static enum err read_udp(struct ip_packet *out, struct cur body, struct why *why)
{
    out->ends.kind = IP_UDP;
    size_t len = body.n;
    read_ports(&body, &out->ends);
    size_t said = cur_be16(&body);
    cur_be16(&body); /* checksum */
    if (body.bad || said != len)
        return why_set(why, ERR_INVALID, "a UDP datagram whose length is not its own");
    return OK;
}

/* What an error is about is the beginning of a packet, cut anywhere behind what tells its ends. */
static enum err read_about(struct ip_ends *about, struct cur body, struct why *why)
{
    struct header h = read_header(&body, about);
    bool known = true;
    if (h.next == NEXT_TCP || h.next == NEXT_UDP) {
        about->kind = h.next == NEXT_TCP ? IP_TCP : IP_UDP;
        read_ports(&body, about);
    } else {
        uint8_t type = cur_u8(&body);
        about->kind = type == ICMP_ECHO ? IP_ECHO : IP_ECHO_REPLY;
        known = h.next == NEXT_ICMP && (type == ICMP_ECHO || type == ICMP_ECHO_REPLY);
    }
    if (body.bad || h.version != 6 || !known)
        return why_set(why, ERR_UNSUPPORTED, "an ICMPv6 error about something unknown");
    return OK;
}

static enum err read_icmp(struct ip_packet *out, struct cur body, struct why *why)
{
    uint8_t type = cur_u8(&body);
    cur_take(&body, ICMP_HEADER - 1);
    if (body.bad)
        return why_set(why, ERR_INVALID, "an ICMPv6 message cut short");
    out->ends.kind = type == ICMP_ECHO         ? IP_ECHO
                     : type == ICMP_ECHO_REPLY ? IP_ECHO_REPLY
                                               : IP_ERROR;
    if (out->ends.kind != IP_ERROR)
        return OK;
    if (type < ICMP_UNREACHABLE || type > ICMP_PARAMETER)
        return why_set(why, ERR_UNSUPPORTED, "ICMPv6 of type %u", type);
    return read_about(&out->about, body, why);
}

enum err ip_read(struct ip_packet *out, struct cur packet, struct why *why)
{
    *out = (struct ip_packet){0};
    if (packet.n > IP_PACKET_MAX)
        return why_set(why, ERR_LIMIT, "a packet of %zu bytes, at most %d", packet.n,
                       IP_PACKET_MAX);
    if (packet.n > 0 && packet.p[0] >> 4 != 6)
        return why_set(why, ERR_UNSUPPORTED, "not IPv6");
    struct header h = read_header(&packet, &out->ends);
    if (packet.bad || h.payload != packet.n)
        return why_set(why, ERR_INVALID, "an IPv6 packet whose length is not its own");
    switch (h.next) {
    case NEXT_TCP:
        return read_tcp(out, packet, why);
    case NEXT_UDP:
        return read_udp(out, packet, why);
    case NEXT_ICMP:
        return read_icmp(out, packet, why);
    default:
        return why_set(why, ERR_UNSUPPORTED, "IPv6 with next header %u", h.next);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

/* RFC 1071, over what RFC 8200 section 8.1 puts before it: both addresses, length, next header. */
static uint16_t checksum(const uint8_t *ips, struct cur body)
{
    uint64_t sum = body.n + NEXT_ICMP;
    struct cur both = cur_of(ips, 2 * IP_LEN);
    while (both.n > 0)
        sum += cur_be16(&both);
    while (body.n > 1)
        sum += cur_be16(&body);
    if (body.n > 0)
        sum += (uint64_t)cur_u8(&body) << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* "As much of invoking packet as possible without the ICMPv6 packet exceeding the minimum IPv6 MTU"
 * (RFC 4443 section 3.1). */
void ip_put_refusal(struct buf *out, enum ip_refusal r, struct cur packet,
                    const uint8_t from[IP_LEN])
{
    enum { ROOM = IP_PACKET_MAX - IP_HEADER - ICMP_HEADER };
    struct cur head = packet, quoted = cur_take(&packet, packet.n < ROOM ? packet.n : ROOM);
    struct ip_ends ends = {0};
    struct buf body = {0};
    uint8_t ips[2 * IP_LEN];
    read_header(&head, &ends);
    memcpy(ips, from, IP_LEN);
    memcpy(ips + IP_LEN, ends.src, IP_LEN);
    buf_u8(&body, ICMP_UNREACHABLE);
    buf_u8(&body, (uint8_t)r);
    buf_be16(&body, 0); /* checksum */
    buf_be32(&body, 0);
    buf_put(&body, quoted.p, quoted.n);
    uint16_t sum = checksum(ips, buf_cur(&body));

    buf_be32(out, UINT32_C(6) << 28);
    buf_be16(out, (uint16_t)buf_len(&body));
    buf_u8(out, NEXT_ICMP);
    buf_u8(out, HOPS);
    buf_put(out, ips, sizeof ips);
    buf_put(out, buf_bytes(&body), 2);
    buf_be16(out, sum);
    buf_eat(&body, 4);
    buf_put(out, buf_bytes(&body), buf_len(&body));
    buf_done(&body);
}
