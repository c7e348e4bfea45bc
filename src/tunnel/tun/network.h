/* tunnel/tun/network.h - the private network as the app `connect` has it: switched on and off, for
 * whom, which ports, kept over restarts.  For src/tunnel's own files alone. */
#ifndef SHOAL_TUNNEL_TUN_NETWORK_H
#define SHOAL_TUNNEL_TUN_NETWORK_H

#include "core/call.h"
#include "tunnel/peers.h"
#include "tunnel/tun/mesh.h"

#define NETWORK_RETRY_US (60 * SEC) /* the interface was not to be had */

struct tunnel;
struct network {
    struct tunnel *t;
    bool on;
    struct peers to; /* none: whoever is trusted */
    struct wall *wall;
    struct mesh *mesh; /* NULL: off, or the interface was not to be had */
    char name[16];     /* of the interface; "": it is not up */
    struct why why;    /* why it is not */
    struct call *asked;
    struct timer *retry;
};

/* network.c */
void network_init(struct network *n, struct tunnel *t); /* the overlay is there */
void network_done(struct network *n);                   /* also of one that is all zeros */
/* c: answered when the interface is up, or not; NULL: it was on before. */
void network_on(struct network *n, const struct peers *to, struct call *c);
void network_off(struct network *n);
bool network_has(const struct network *n, const struct peer_id *peer);
void network_trust_changed(struct network *n);

/* network_keep.c */
MUST_CHECK enum err network_load(struct network *n, struct why *why);
MUST_CHECK enum err network_keep(struct network *n, const struct peers *to, struct why *why);
MUST_CHECK enum err network_keep_off(struct network *n, struct why *why);
MUST_CHECK enum err network_keep_grant(struct network *n, const struct peer_id *peer,
                                       const struct wall_grant *g, struct why *why);
/* Those that lie in g's ports. */
MUST_CHECK enum err network_keep_revoked(struct network *n, const struct peer_id *peer,
                                         const struct wall_grant *g, struct why *why);
json_t *network_grants_json(const struct network *n);

/* network_methods.c */
json_t *network_json(const struct network *n);
extern method_fn network_on_switch, network_on_allow, network_on_deny;
extern const struct param network_params[], network_allow_params[], network_deny_params[];

#endif
