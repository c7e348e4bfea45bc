/* tunnel/tun/wall.h - which packets of a peer come in?
 *
 * A peer's packet comes in if it is from the peer's own address and to ours, and is
 *     an echo, or the answer to one
 *     to a port that the owner granted to this peer
 *     of a flow that a program of ours began (TCP, UDP), or an error about such a flow
 * and everything else stays out.  Flows are noted as our own packets go out, so a peer cannot make
 * one; of more than WALL_FLOWS_MAX the one that was quiet for longest is forgotten.
 *
 * Pure: time is an argument.  A peer is its address (ula.h). */
#ifndef SHOAL_TUNNEL_TUN_WALL_H
#define SHOAL_TUNNEL_TUN_WALL_H

#include "tunnel/tun/ip_msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WALL_FLOWS_MAX = 4096, WALL_GRANTS_MAX = 1024 };
#define WALL_UDP_US (UINT64_C(120) * 1000000)   /* RFC 4787, REQ-5: not less than 2 minutes */
#define WALL_TCP_US (UINT64_C(7440) * 1000000)  /* RFC 5382, REQ-5: not less than 2 h 4 min */
#define WALL_CLOSED_US (UINT64_C(60) * 1000000) /* both sides have said FIN */

struct wall_grant {
    uint8_t peer[IP_LEN];
    enum ip_kind kind; /* IP_TCP or IP_UDP */
    uint16_t first, last;
};

struct wall;
/* ours: our address; seed: of the table, see base/map.h. */
struct wall *wall_new(const uint8_t ours[IP_LEN], uint64_t seed);
void wall_free(struct wall *w); /* NULL: nothing */

/* Once is enough.  ERR_LIMIT: WALL_GRANTS_MAX. */
MUST_CHECK enum err wall_grant(struct wall *w, const struct wall_grant *g, struct why *why);
/* Grants of this peer that lie in g's ports; what runs by them is cut. */
void wall_revoke(struct wall *w, const struct wall_grant *g);
/* In the order in which they were given; NULL past the end. */
const struct wall_grant *wall_grant_at(const struct wall *w, size_t i);

enum wall_verdict {
    WALL_PASS,
    WALL_FORGED, /* the addresses are not the two that they must be */
    WALL_CLOSED, /* nobody began it and nothing granted it */
};
/* A packet of ours to a peer: whether its addresses are right; its flow is noted. */
enum wall_verdict wall_out(struct wall *w, const struct ip_packet *p, const uint8_t peer[IP_LEN],
                           uint64_t now_us);
/* A packet of a peer's to us. */
enum wall_verdict wall_in(struct wall *w, const struct ip_packet *p, const uint8_t peer[IP_LEN],
                          uint64_t now_us);
size_t wall_flows(const struct wall *w);

#endif
