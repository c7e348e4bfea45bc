/* tunnel/tun/mesh.h - the private network: our interface, its wall, and a carrier to each member.
 *
 * What a program of this machine sends to a member's address goes to that member; what a member
 * sends comes in if the wall lets it.  What cannot go is answered by ICMPv6, so that programs fail
 * at once and not by patience: no member has the address, the member is not reached, its wall lets
 * nothing in there. */
#ifndef SHOAL_TUNNEL_TUN_MESH_H
#define SHOAL_TUNNEL_TUN_MESH_H

#include "host/host.h"
#include "tunnel/tun/carrier.h"
#include "tunnel/tun/wall.h"

enum {
    MESH_MEMBERS_MAX = 4096,
    MESH_REFUSALS_MAX = 64, /* sent to a member in a second */
};

struct policy;
struct mesh_cfg {
    struct loop *loop;
    const struct log *log; /* may be NULL */
    struct host *host;
    struct policy *policy; /* the node's limits: what is above them is dropped; NULL: none */
    struct wall *wall;     /* outlives the mesh */
    /* The interface is there; or it is not, or not any more: then mesh_free() is still to be
     * called. */
    void (*up)(void *arg, const char *name);
    void (*down)(void *arg, const struct why *why);
    /* Somebody who is no member wants to send to us; he is refused. */
    void (*stranger)(void *arg, const struct peer_id *peer);
    void *arg;
};

struct mesh;
/* Asks for the interface, and has no members. */
struct mesh *mesh_new(const struct mesh_cfg *cfg);
void mesh_free(struct mesh *m); /* the interface goes; NULL: nothing */

/* Who is in it from now on; the others' packets are cut off in this turn. */
void mesh_set(struct mesh *m, const struct peer_id *ids, size_t n);

struct mesh_member {
    struct peer_id peer;
    uint8_t ula[IP_LEN];
    struct carrier_state carrier;
    uint64_t forged, refused; /* packets of theirs that the wall kept out */
};
/* In the order of mesh_set(). */
typedef void mesh_member_fn(void *arg, const struct mesh_member *member);
void mesh_each(const struct mesh *m, mesh_member_fn *fn, void *arg);

#endif
