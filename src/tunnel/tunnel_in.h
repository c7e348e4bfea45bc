/* tunnel/tunnel_in.h - the inside of the app `connect`; for src/tunnel's own files alone. */
#ifndef SHOAL_TUNNEL_TUNNEL_IN_H
#define SHOAL_TUNNEL_TUNNEL_IN_H

#include "base/list.h"
#include "core/call.h"
#include "host/host.h"
#include "host/trust.h"
#include "net/udp.h"
#include "tunnel/exit_policy.h"
#include "tunnel/head_msg.h"
#include "tunnel/lasting.h"
#include "tunnel/peers.h"
#include "tunnel/tun/network.h"
#include "tunnel/tunnel.h"

enum {
    SERVICES_MAX = 256,
    FORWARDS_MAX = 64,
    SOCKSDS_MAX = 16,
    CALLERS_MAX = 256,  /* local connections of one listener */
    FLOWS_MAX = 48,     /* local senders of one UDP forward; fewer than HOST_STREAMS_MAX */
    REQUESTS_MAX = 256, /* cards; more strangers are refused without one */
    PLACES_MAX = HOST_ADDRS_MAX,
};

#define TUNNEL_IDLE_US (24 * 3600 * SEC) /* without a byte for so long a connection is over */

/* A local service that others may use. */
struct service {
    struct link link; /* in tunnel.services, by name */
    char name[HEAD_SERVICE_MAX + 1];
    struct addr at;
    bool udp;
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
    bool udp;
    struct listener *listener; /* NULL: the port is taken, or it is UDP's: */
    struct udp *socket;        /* likewise */
    struct link callers;       /* struct caller, struct udp_flow */
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

/* A local proxy whose connections leave by a peer's exit. */
struct socksd {
    struct link link; /* in tunnel.socksds, by address */
    struct tunnel *t;
    struct addr at;
    struct peer_id via; /* of nobody: any that we trust and that offers one */
    struct listener *listener;
    struct link clients; /* struct client */
    size_t client_count;
    struct why why; /* why the last connection failed; OK: it did not */
};

/* What one peer uses of our exit. */
struct exit_user {
    struct link link; /* in exits.users */
    struct peer_id peer;
    struct bucket *rate, *fresh; /* bytes; connections.  rate NULL: no limit */
    int64_t day;                 /* since 1970, of which */
    uint64_t left;               /* so many bytes may still pass */
    size_t connections;
};

struct exits {
    bool on;
    struct peers to; /* none: whoever is trusted */
    struct exit_policy policy;
    uint64_t rate;    /* bytes a second for each peer; 0: no limit */
    int64_t until_us; /* since 1970 */
    struct link users;
    size_t connections;
    int64_t day;   /* since 1970, of which */
    uint64_t left; /* so many bytes may still pass, for all of them */
    struct timer *tick;
};

struct tunnel {
    struct app_env env;
    struct host *host; /* NULL: the overlay is off, and so is all of this */
    struct host_watch watch;
    struct bus_sub *trust; /* hears of changes of it */
    struct link services, forwards, requests;
    struct link socksds;
    struct exits exits;
    struct network network;
    struct link visits; /* struct visit: streams that others opened */
    struct lastings lastings;
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
struct forward_cfg {
    struct peer_id peer;
    const char *service;
    uint16_t port; /* 0: any */
    bool udp;
};
struct forward *forward_find(const struct tunnel *t, uint16_t port, bool udp);
/* NULL and a reason where it cannot be listened on; must: else it is kept, and tried no more. */
struct forward *forward_new(struct tunnel *t, const struct forward_cfg *cfg, bool must,
                            struct why *why);
void forward_free(struct forward *f);
/* "18080", "5353/udp".  Returns id. */
enum { FORWARD_ID = 12 };
const char *forward_id(const struct forward *f, char id[FORWARD_ID]);
bool forward_stands(const struct forward *f); /* its port is ours */
/* A peer gave what was asked for (NULL), or why not. */
void forward_tell(struct forward *f, const struct why *why);

/* udp_flow.c */
bool udp_flows_begin(struct forward *f, const struct addr *at, struct why *why);
void udp_flows_end(struct forward *f);

/* socksd.c */
struct socksd *socksd_find(const struct tunnel *t, const struct addr *at);
/* As forward_new(). */
struct socksd *socksd_new(struct tunnel *t, const struct addr *at, const struct peer_id *via,
                          bool must, struct why *why);
void socksd_free(struct socksd *p);

/* exit.c.  What is in force takes the place of what was; all that ran by it is cut. */
struct exit_grant {
    struct peers to;
    struct exit_rule rules[EXIT_RULES_MAX];
    size_t rule_count;
    uint64_t rate;
    int64_t until_us;
};
void exits_init(struct tunnel *t);
void exits_begin(struct tunnel *t, const struct exit_grant *g);
void exits_end(struct tunnel *t); /* the kill switch */
void exits_done(struct tunnel *t);
void exits_learn(struct tunnel *t); /* our own addresses changed */

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
MUST_CHECK enum err keep_forward_gone(struct tunnel *t, const struct forward *f, struct why *why);
MUST_CHECK enum err keep_socksd(struct tunnel *t, const struct socksd *p, struct why *why);
MUST_CHECK enum err keep_socksd_gone(struct tunnel *t, const struct addr *at, struct why *why);
/* said: the sentence that the owner was shown. */
MUST_CHECK enum err keep_exit(struct tunnel *t, const struct exit_grant *g, const char *said,
                              struct why *why);
MUST_CHECK enum err keep_exit_gone(struct tunnel *t, struct why *why);
/* What a peer has used on that day, bytes. */
uint64_t keep_use_of(struct tunnel *t, const struct peer_id *peer, int64_t day);
uint64_t keep_use_of_all(struct tunnel *t, int64_t day);
void keep_use(struct tunnel *t, const struct peer_id *peer, int64_t day, uint64_t bytes);
struct exit_line {
    int64_t at_us;
    struct peer_id peer;
    const char *host, *address, *verdict;
    uint16_t port;
    uint64_t up, down; /* bytes, as the peer sees it */
};
void keep_log(struct tunnel *t, const struct exit_line *l);
void keep_log_until(struct tunnel *t, int64_t us); /* what is older goes */
json_t *keep_log_json(struct tunnel *t, size_t limit);
void keep_request(struct tunnel *t, const struct request *r);
void keep_request_gone(struct tunnel *t, const struct peer_id *peer);
void keep_places(struct tunnel *t, const struct peer_id *peer); /* where it was reached */
extern const struct migration tunnel_migrations[];
enum { TUNNEL_MIGRATIONS = 3 };

/* tunnel_methods.c: parameters that several methods have.  False: the call was answered. */
bool tunnel_peer(const struct tunnel *t, struct call *c, const char *text, struct peer_id *out);
bool tunnel_peers(const struct tunnel *t, struct call *c, struct peers *out); /* --to */

/* tunnel_exit_methods.c */
extern method_fn tunnel_on_exit, tunnel_on_socks, tunnel_on_log;
extern const struct param tunnel_exit_params[], tunnel_socks_params[], tunnel_log_params[];
extern const struct column tunnel_log_columns[];
bool tunnel_is_on(const struct tunnel *t, struct call *c);

/* tunnel_json.c */
json_t *tunnel_peers_json(const struct peers *p);
json_t *service_json(const struct tunnel *t, const struct service *s);
json_t *forward_json(const struct tunnel *t, const struct forward *f);
json_t *socksd_json(const struct tunnel *t, const struct socksd *p);
json_t *exit_json(const struct tunnel *t);
json_t *requests_json(const struct tunnel *t);
json_t *tunnel_rows(const struct tunnel *t);
json_t *tunnel_status(const struct tunnel *t);

#endif
