/* host/host_app_in.h - the inside of the host as an app; for host_app*.c alone. */
#ifndef SHOAL_HOST_HOST_APP_IN_H
#define SHOAL_HOST_HOST_APP_IN_H

#include "core/call.h"
#include "host/find/beacon.h"
#include "host/find/mdns.h"
#include "host/gossip/gossip.h"
#include "host/host_app.h"
#include "host/host_where.h"
#include "host/kad/kad.h"
#include "host/reach/reach.h"
#include "host/trust.h"
#include "host/web_cert.h"

#include "host/talk/echo.h"
#include "host/talk/perf.h"

/* The distributed tables: everybody's, and the one of Shoal's own nodes. */
enum table { TABLE_IPFS, TABLE_SHOAL, TABLES };

struct overlay {
    struct app_env env;
    char *agent;
    struct host *host;
    struct trust_book *trust;
    struct web_cert *web_cert; /* NULL: none was named */
    struct echo *echo;
    struct perf *perf; /* in laboratories */
    struct kad *tables[TABLES];
    struct reaching *reach;
    struct mdns *mdns; /* NULL: switched off */
    struct beacon *beacon;
    struct gossip *gossip;
    struct link listened; /* topics, for who asked through the API */
    struct host_watch watch;
    struct link asked;       /* struct asked: calls that are answered later */
    struct timer *again;     /* what is kept in the tables is told after the start: the next, */
    size_t again_at;         /* in the order of kept_list() */
    struct timer *bootstrap; /* when there is nobody: again */
    uint64_t pause_us;       /* until then */
};

extern const struct conf_key host_settings[];
extern const struct method host_methods[];

/* A call that is answered later; some of the handles are there. */
struct asked {
    struct link link; /* in overlay.asked */
    struct overlay *o;
    struct call *call;
    struct host_dial *dial;
    struct ping *ping;
    struct where *where;
    void (*then)(struct asked *a); /* once it was asked where the peer is */
    struct search {
        struct asked *asked;
        struct kad_op *op; /* NULL: over, or not asked */
    } searches[TABLES];
    struct peer_id peer;
    struct buf key, value; /* value: to put; the best that was found */
    bool found;
    size_t kept;
    json_t *list;   /* of providers */
    struct why why; /* there is nothing */
};
struct asked *overlay_ask(struct overlay *o, struct call *c);
/* The call, which is to be answered now; a is gone. */
struct call *overlay_answered(struct asked *a);
/* a->peer is looked for where nothing is known of it; then `then` goes on. */
void overlay_find_then(struct asked *a, void (*then)(struct asked *a));
/* Calls that wait are answered: the node stops. */
void host_methods_done(struct overlay *o);

/* host_kad_methods.c */
extern method_fn overlay_on_put, overlay_on_get, overlay_on_provide, overlay_on_find,
    overlay_on_lookup;

/* host_stat_methods.c */
extern method_fn overlay_on_stat;

/* Bits of the tables that the call is about. */
unsigned overlay_tables(const struct call *c);
const char *overlay_table_name(enum table t);

/* host_kept_methods.c: what is to be there tomorrow. */
extern method_fn overlay_on_kept, overlay_on_withdraw;
/* The next that was kept before the start is told; false: that was all. */
bool overlay_kept_next(struct overlay *o);

/* A peer as the API has it; all: with addresses and protocols. */
json_t *overlay_peer_json(const struct overlay *o, const struct host_peer *p, bool all);

/* host_gossip_methods.c */
extern method_fn overlay_on_publish, overlay_on_subscribe, overlay_on_unsubscribe;
void overlay_gossip_begin(struct overlay *o);
void overlay_gossip_end(struct overlay *o);
void overlay_gossip_stat(const struct overlay *o, json_t *to); /* adds "gossip" and "topics" */

/* host_trust_methods.c */
extern method_fn overlay_on_trust, overlay_on_block, overlay_on_forget;

json_t *overlay_listen(const struct overlay *o); /* multiaddrs with /p2p/ID */

#endif
