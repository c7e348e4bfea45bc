/* net/pcp_msg.h - the Port Control Protocol's MAP (RFC 6887), as a client writes and reads it.
 * Pure.
 */
#ifndef SHOAL_NET_PCP_MSG_H
#define SHOAL_NET_PCP_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "net/addr.h"

enum {
    PCP_PORT = 5351,
    PCP_NONCE = 12,
    PCP_PACKET_MAX = 1100, /* bytes; RFC 6887 section 7 */
};

enum pcp_protocol { PCP_TCP = 6, PCP_UDP = 17 }; /* IANA's protocol numbers */

struct pcp_map {
    uint8_t nonce[PCP_NONCE]; /* the same for a mapping's whole life */
    enum pcp_protocol protocol;
    uint32_t lifetime_s;  /* 0: delete */
    struct addr client;   /* the address that the router sees us by */
    uint16_t port;        /* ours */
    struct addr external; /* asked for, or given; ADDR_NONE: any */
};

/* The request; appended to out. */
void pcp_put_map(struct buf *out, const struct pcp_map *m);

/* The answer to `asked`; out has what was given, for out->lifetime_s.  ERR_NOT_FOUND: an answer to
 * something else; ERR_STATE: the router speaks no PCP, but NAT-PMP perhaps; ERR_DENIED: it said no,
 * and why says with what words. */
MUST_CHECK enum err pcp_read_map(struct cur packet, const struct pcp_map *asked,
                                 struct pcp_map *out, struct why *why);

#endif
