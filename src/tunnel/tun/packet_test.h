/* tunnel/tun/packet_test.h - packets made by hand, for the tests of this folder. */
#ifndef SHOAL_TUNNEL_TUN_PACKET_TEST_H
#define SHOAL_TUNNEL_TUN_PACKET_TEST_H

#include "base/buf.h"
#include "tunnel/tun/ip_msg.h"

enum { T_FIN = 1, T_SYN = 2, T_RST = 4, T_ACK = 16 };

/* A header and what follows it. */
static inline void put_ip(struct buf *out, uint8_t next, const uint8_t src[IP_LEN],
                          const uint8_t dst[IP_LEN], const struct buf *body)
{
    buf_be32(out, UINT32_C(6) << 28);
    buf_be16(out, (uint16_t)buf_len(body));
    buf_u8(out, next);
    buf_u8(out, 64);
    buf_put(out, src, IP_LEN);
    buf_put(out, dst, IP_LEN);
    buf_put(out, buf_bytes(body), buf_len(body));
}

static inline void put_tcp(struct buf *out, const uint8_t src[IP_LEN], uint16_t src_port,
                           const uint8_t dst[IP_LEN], uint16_t dst_port, uint8_t flags)
{
    struct buf body = {0};
    buf_be16(&body, src_port);
    buf_be16(&body, dst_port);
    buf_be64(&body, 0);
    buf_u8(&body, 5 << 4);
    buf_u8(&body, flags);
    buf_be32(&body, 0);
    buf_be16(&body, 0);
    put_ip(out, 6, src, dst, &body);
    buf_done(&body);
}

static inline void put_udp(struct buf *out, const uint8_t src[IP_LEN], uint16_t src_port,
                           const uint8_t dst[IP_LEN], uint16_t dst_port, size_t n)
{
    struct buf body = {0};
    buf_be16(&body, src_port);
    buf_be16(&body, dst_port);
    buf_be16(&body, (uint16_t)(8 + n));
    buf_be16(&body, 0);
    for (size_t i = 0; i < n; i++)
        buf_u8(&body, (uint8_t)i);
    put_ip(out, 17, src, dst, &body);
    buf_done(&body);
}

static inline void put_icmp(struct buf *out, const uint8_t src[IP_LEN], const uint8_t dst[IP_LEN],
                            uint8_t type)
{
    struct buf body = {0};
    buf_u8(&body, type);
    buf_u8(&body, 0);
    buf_be16(&body, 0);
    buf_be32(&body, 7);
    put_ip(out, 58, src, dst, &body);
    buf_done(&body);
}

#endif
