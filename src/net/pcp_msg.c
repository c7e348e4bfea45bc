#include "net/pcp_msg.h"

#include <string.h>

enum { VERSION = 2, MAP = 1, ANSWER = 0x80, IP = 16, HEAD_REST = 12 };

/* RFC 6887 section 7.4. */
static const char *const results[] = {"success",
                                      "unsupported version",
                                      "not authorized",
                                      "malformed request",
                                      "unsupported opcode",
                                      "unsupported option",
                                      "malformed option",
                                      "network failure",
                                      "no resources",
                                      "unsupported protocol",
                                      "quota exceeded",
                                      "it cannot give this external address",
                                      "another router is in between",
                                      "too many peers"};
enum { SUCCESS = 0, UNSUPPORTED_VERSION = 1, RESULTS = sizeof results / sizeof results[0] };

/* Section 5: an IPv4 address is written as ::ffff:a.b.c.d; none, in either family, as zeros. */
static void put_ip(struct buf *out, const struct addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, none[IP];
    if (a->family == ADDR_NONE) {
        buf_put(out, none, sizeof none);
        return;
    }
    if (a->family == ADDR_V4)
        buf_put(out, mapped, sizeof mapped);
    buf_put(out, a->ip, a->family == ADDR_V4 ? 4 : IP);
}

void pcp_put_map(struct buf *out, const struct pcp_map *m)
{
    buf_u8(out, VERSION);
    buf_u8(out, MAP);
    buf_be16(out, 0);
    buf_be32(out, m->lifetime_s);
    put_ip(out, &m->client);
    buf_put(out, m->nonce, PCP_NONCE);
    buf_u8(out, (uint8_t)m->protocol);
    buf_be(out, 0, 3);
    buf_be16(out, m->port);
    buf_be16(out, m->external.port);
    put_ip(out, &m->external);
}

/* The head (section 7.2), up to what MAP itself says. */
static enum err read_head(struct cur *c, struct pcp_map *out, struct why *why)
{
    uint8_t version = cur_u8(c);
    uint8_t opcode = cur_u8(c);
    cur_u8(c);
    uint8_t result = cur_u8(c);
    if (c->bad)
        return why_set(why, ERR_NOT_FOUND, "PCP: a packet cut short");
    if (version != VERSION) /* NAT-PMP's routers answer so (appendix A) */
        return why_set(why, ERR_STATE, "the router speaks version %u, not PCP", version);
    if (opcode != (ANSWER | MAP))
        return why_set(why, ERR_NOT_FOUND, "PCP: no answer to MAP");
    out->lifetime_s = cur_be32(c);
    cur_be32(c); /* its epoch */
    cur_take(c, HEAD_REST);
    if (result == UNSUPPORTED_VERSION)
        return why_set(why, ERR_STATE, "the router speaks no PCP of this version");
    if (result != SUCCESS)
        return why_set(why, ERR_DENIED, "the router refused by PCP: %s",
                       result < RESULTS ? results[result] : "for a reason of its own");
    return OK;
}

enum err pcp_read_map(struct cur packet, const struct pcp_map *asked, struct pcp_map *out,
                      struct why *why)
{
    struct cur c = packet;
    *out = *asked;
    if (packet.n > PCP_PACKET_MAX)
        return why_set(why, ERR_NOT_FOUND, "PCP: %zu bytes", packet.n);
    enum err err = read_head(&c, out, why);
    if (err != OK)
        return err;
    struct cur nonce = cur_take(&c, PCP_NONCE);
    uint8_t protocol = cur_u8(&c);
    cur_take(&c, 3);
    uint16_t port = cur_be16(&c);
    uint16_t external_port = cur_be16(&c);
    struct cur ip = cur_take(&c, IP);
    if (c.bad)
        return why_set(why, ERR_NOT_FOUND, "PCP: a packet cut short");
    if (memcmp(nonce.p, asked->nonce, PCP_NONCE) != 0 || protocol != asked->protocol ||
        port != asked->port)
        return why_set(why, ERR_NOT_FOUND, "PCP: an answer to another request");
    out->external = addr_of_bytes(ip.p, ip.n, external_port);
    return OK;
}
