/* host/kad/kad.h - the distributed table: who is near a key, who has a thing, what is kept under a
 * name (libp2p/specs kad-dht/README.md).
 *
 * One for each network that we belong to, told apart by its protocol ("/ipfs/kad/1.0.0"). A client
 * asks; a server answers too, and is in others' tables. Operations end with their callback, once,
 * from the loop; the handle is dead then; cancelling means silence.
 *
 *     struct kad *t = host_table(host);                         the table of Shoal's own nodes
 *     kad_provide(t, cur_of(key, 32), on_kept, me);             I can be found under this key
 *     kad_providers(t, cur_of(key, 32), 20, on_providers, me);  who can?
 *
 * Whoever is found may be opened a stream to at once: where it is, is the host's to know
 * (host_open(); host_peer() has the addresses). */
#ifndef SHOAL_HOST_KAD_KAD_H
#define SHOAL_HOST_KAD_KAD_H

#include "host/host.h"
#include "host/kad/kad_msg.h"
#include "host/kad/kad_paths.h"

#define KAD_PROTOCOL "/ipfs/kad/1.0.0"
#define KAD_PROTOCOL_SHOAL "/shoal/kad/1.0.0"

struct kad_cfg {
    struct host *host;
    const struct log *log;
    const char *protocol; /* outlives it, and the host */
    bool server;
    bool neighbours; /* private addresses are told to who is at one, and believed of who is */
    size_t paths;    /* of a lookup (kad_paths.h); 0: KAD_PATHS */
    /* Values of namespaces that nobody can check are kept and found too, and private addresses
     * told. */
    bool lab;
};

/* Begins at once with those who are connected. */
struct kad;
struct kad *kad_new(const struct kad_cfg *cfg);
void kad_free(struct kad *k); /* before the host; NULL: nothing */

/* From now on a server, or a client. */
void kad_serve(struct kad *k, bool server);

size_t kad_known(const struct kad *k); /* peers in the table */
size_t kad_size(const struct kad *k);  /* of the whole network, estimated; 0: unknown */

struct kad_op;
void kad_cancel(struct kad_op *op); /* NULL: nothing */
/* What its lookup cost so far; also inside its callback. */
struct kad_cost kad_cost(const struct kad_op *op);

/* Where a peer is: its addresses are the host's to know when found (host_learn).  found: false with
 * a reason. */
typedef void kad_find_cb(void *arg, bool found, const struct why *why);
struct kad_op *kad_find_peer(struct kad *k, const struct peer_id *id, kad_find_cb *cb, void *arg);

/* The nearest peers to a key that answered, nearest first. */
typedef void kad_near_cb(void *arg, const struct peer_id *near, size_t n);
struct kad_op *kad_near(struct kad *k, struct cur key, kad_near_cb *cb, void *arg);

/* Keep a value under a key at the KAD_K nearest, ourselves included if we serve.  kept: how many
 * did; 0 with a reason. */
typedef void kad_put_cb(void *arg, size_t kept, const struct why *why);
struct kad_op *kad_put(struct kad *k, struct cur key, struct cur value, kad_put_cb *cb, void *arg);

/* As kad_put(), and again and again until kad_unkeep(): others forget it in time. */
struct kad_op *kad_keep(struct kad *k, struct cur key, struct cur value, kad_put_cb *cb, void *arg);
void kad_unkeep(struct kad *k, struct cur key);

/* The best value under a key, of all that were found; value.p NULL with a reason: none. */
typedef void kad_get_cb(void *arg, struct cur value, const struct why *why);
struct kad_op *kad_get(struct kad *k, struct cur key, kad_get_cb *cb, void *arg);

/* Tell those near a thing (its multihash) that we have it; again and again until kad_unprovide().
 * Nobody is told that it is over: they forget it after KAD_PROVIDER_KEPT_US.  Those who are surely
 * among the nearest are told while others are still looked for, and when KAD_TOLD_ENOUGH know it,
 * that is said; the rest are told all the same. */
struct kad_op *kad_provide(struct kad *k, struct cur key, kad_put_cb *cb, void *arg);
void kad_unprovide(struct kad *k, struct cur key);

/* Who has it: as many as `want`, or all that the lookup comes upon.  n may be 0. */
struct kad_op *kad_providers(struct kad *k, struct cur key, size_t want, kad_near_cb *cb,
                             void *arg);

#endif
