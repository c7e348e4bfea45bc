/* host/find/mdns_msg.h - DNS messages as libp2p's mDNS has them (libp2p/specs discovery/mdns.md,
 * RFC 6762, RFC 1035 section 4). Pure.
 *
 *     asked:     _p2p._udp.local PTR
 *     answered:  _p2p._udp.local PTR NAME._p2p._udp.local
 *                NAME._p2p._udp.local TXT "dnsaddr=/ip4/192.0.2.7/tcp/4001/p2p/12D3Koo..." ...
 *
 * NAME is a label that says nothing; who it is, is in the addresses.  Questions and records of
 * anything else are passed over: printers and television sets speak here too. */
#ifndef SHOAL_HOST_FIND_MDNS_MSG_H
#define SHOAL_HOST_FIND_MDNS_MSG_H

#include "base/buf.h"
#include "host/name/multiaddr.h"

#include <stdbool.h>

enum {
    MDNS_RECORDS_MAX = 128, /* questions and records of one message; those behind are not read */
    MDNS_FOUND_MAX = 16,    /* addresses taken of one message; the rest is passed over */
    MDNS_NAME_MAX = 255,    /* bytes; RFC 1035 section 2.3.4 */
    MDNS_LABEL_MAX = 63,
    MDNS_JUMPS_MAX = 16,    /* of a compressed name; each goes back */
    MDNS_ANSWER_MAX = 1400, /* bytes that we send: one packet on any network */
    MDNS_TTL_S = 120,       /* RFC 6762 section 10: for what may change */
};

struct mdns_msg {
    bool response;
    /* a query: */
    bool who;                       /* is there? */
    bool services;                  /* are there? RFC 6763 section 9 */
    char about[MDNS_LABEL_MAX + 1]; /* the addresses of NAME; "": not asked */
    /* a response: */
    size_t count;
    struct mdns_found {
        struct peer_id peer;
        struct multiaddr addr; /* without /p2p/ID */
    } found[MDNS_FOUND_MAX];
};

/* ERR_INVALID: no DNS message, or cut short; ERR_UNSUPPORTED: of another kind than queries and
 * responses that went well (RFC 6762 sections 18.3 and 18.11). */
MUST_CHECK enum err mdns_read(struct cur packet, struct mdns_msg *out, struct why *why);

/* Who is there?  And: there is this service. */
void mdns_put_query(struct buf *out);
void mdns_put_services(struct buf *out);
/* name: of 1 to MDNS_LABEL_MAX bytes.  addrs: each without /p2p; those that a string of TXT, or the
 * message, has no room for are left out.  Returns how many are in it. */
size_t mdns_put_answer(struct buf *out, const char *name, const struct peer_id *peer,
                       const struct multiaddr *addrs, size_t n);

#endif
