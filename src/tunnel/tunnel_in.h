/* tunnel/tunnel_in.h - the inside of the app `connect`; for src/tunnel's own files alone. */
#ifndef SHOAL_TUNNEL_TUNNEL_IN_H
#define SHOAL_TUNNEL_TUNNEL_IN_H

#include "base/list.h"
#include "core/call.h"
#include "host/host.h"
#include "host/trust.h"
#include "tunnel/head_msg.h"
#include "tunnel/peers.h"
#include "tunnel/tunnel.h"

enum {
    SERVICES_MAX = 256,
    FORWARDS_MAX = 64,
    CALLERS_MAX = 256,  /* local connections of one listener */
    REQUESTS_MAX = 256, /* cards; more strangers are refused without one */
    PLACES_MAX = HOST_ADDRS_MAX,
};

#define TUNNEL_IDLE_US (24 * 3600 * SEC) /* without a byte for so long a connection is over */

/* A local TCP service that others may use. */
struct service {
    struct link link; /* in tunnel.services, by name */
    char name[HEAD_SERVICE_MAX + 1];
    struct addr at;
    struct peers to;    /* none: whoever is trusted */
    size_t connections; /* now */
    uint64_t served;    /* in all, of this run */
};

/* A local port whose connections go to a peer's service. */
struct forward {
    struct link link; /* in tunnel.forwards, by port */
    struct tunnel *t;
    struct peer_id peer;
    char service[HEAD_SERVICE_MAX + 1];
    uint16_t port;
    struct listener *listener; /* NULL: the port is taken */
    struct link callers;       /* struct caller */
    size_t caller_count;
    uint64_t up, down; /* bytes of connections that are over */
    struct why why;    /* why the last connection failed; OK: it did not */
};

/* Somebody who asked and is not trusted: a card for the owner. */
struct request {
    struct link link; /* in tunnel.requests, oldest first */
    struct peer_id peer;
    char what[HEAD_SERVICE_MAX + 1]; /* a service, or "exit" */
    int64_t at_us;                   /* the last time, since 1970 */
    uint64_t times;
};

struct tunnel {
    struct app_env env;
    struct host *host; /* NULL: the overlay is off, and so is all of this */
    struct host_watch watch;
    struct bus_sub *trust; /* hears of changes of it */
    struct link services, forwards, requests;
    struct link visits; /* struct visit: streams that others opened */
};

extern const struct conf_key tunnel_settings[];
extern const struct method tunnel_methods[];

/* tunnel.c */
bool tunnel_trusts(const struct tunnel *t, const struct peer_id *peer);
/* "attic", or the last characters of its id.  Returns text. */
const char *tunnel_name(const struct tunnel *t, const struct peer_id *peer,
                        char text[PEER_ID_FORMAT]);

/* service.c: what we offer, and who comes for it. */
struct service *service_find(const struct tunnel *t, const char *name);
struct service *service_put(struct tunnel *t, const struct service *s); /* in its place */
void service_drop(struct tunnel *t, struct service *s);                 /* its visits are cut */

/* visit.c */
void visits_begin(struct tunnel *t);
void visits_done(struct tunnel *t);
void visits_cut(struct tunnel *t, const struct peer_id *peer); /* blocked, or no longer trusted */
void visits_cut_service(struct tunnel *t, const struct service *s);

/* forward.c */
struct forward *forward_find(const struct tunnel *t, uint16_t port);
/* port 0: any.  NULL and a reason where it cannot be listened on; must: else it is kept, and tried
 * no more. */
struct forward *forward_new(struct tunnel *t, const struct peer_id *peer, const char *service,
                            uint16_t port, bool must, struct why *why);
void forward_free(struct forward *f);

/* request.c: the cards. */
void request_note(struct tunnel *t, const struct peer_id *peer, const char *what);
void request_drop(struct tunnel *t, const struct peer_id *peer);
void requests_done(struct tunnel *t);
bool request_is_open(const struct tunnel *t, const struct request *r);

/* keep.c: the database.  What fails is logged where it is not returned. */
MUST_CHECK enum err keep_load(struct tunnel *t, struct why *why);
MUST_CHECK enum err keep_service(struct tunnel *t, const struct service *s, struct why *why);
MUST_CHECK enum err keep_service_gone(struct tunnel *t, const char *name, struct why *why);
MUST_CHECK enum err keep_forward(struct tunnel *t, const struct forward *f, struct why *why);
MUST_CHECK enum err keep_forward_gone(struct tunnel *t, uint16_t port, struct why *why);
void keep_request(struct tunnel *t, const struct request *r);
void keep_request_gone(struct tunnel *t, const struct peer_id *peer);
void keep_places(struct tunnel *t, const struct peer_id *peer); /* where it was reached */
extern const struct migration tunnel_migrations[];
enum { TUNNEL_MIGRATIONS = 1 };

/* tunnel_methods.c: parameters that several methods have.  False: the call was answered. */
bool tunnel_peer(const struct tunnel *t, struct call *c, const char *text, struct peer_id *out);
bool tunnel_peers(const struct tunnel *t, struct call *c, struct peers *out); /* --to */

/* tunnel_json.c */
json_t *tunnel_peers_json(const struct peers *p);
json_t *service_json(const struct tunnel *t, const struct service *s);
json_t *forward_json(const struct tunnel *t, const struct forward *f);
json_t *requests_json(const struct tunnel *t);
json_t *tunnel_rows(const struct tunnel *t);
json_t *tunnel_status(const struct tunnel *t);

#endif
