/* host/host_app_in.h - the inside of the host as an app; for host_app*.c alone. */
#ifndef SHOAL_HOST_HOST_APP_IN_H
#define SHOAL_HOST_HOST_APP_IN_H

#include "core/call.h"
#include "host/host_app.h"
#include "host/kad/kad.h"

#include "host/talk/echo.h"
#include "host/talk/perf.h"

struct overlay {
    struct app_env env;
    char *agent;
    struct host *host;
    struct echo *echo;
    struct perf *perf; /* in laboratories */
    struct kad *kad;
    struct host_watch watch;
    struct link asked;       /* struct asked: calls that are answered later */
    struct timer *bootstrap; /* when there is nobody: again */
    uint64_t pause_us;       /* until then */
};

extern const struct conf_key host_settings[];
extern const struct method host_methods[];

/* A call that is answered later; one of the handles is there. */
struct asked {
    struct link link; /* in overlay.asked */
    struct overlay *o;
    struct call *call;
    struct host_dial *dial;
    struct ping *ping;
    struct kad_op *op;
    struct peer_id peer;
};
struct asked *overlay_ask(struct overlay *o, struct call *c);
/* The call, which is to be answered now; a is gone. */
struct call *overlay_answered(struct asked *a);
/* Calls that wait are answered: the node stops. */
void host_methods_done(struct overlay *o);

/* By its full id, or by four or more of the last characters of one that is connected (the first are
 * all alike). */
MUST_CHECK enum err overlay_find_peer(struct overlay *o, const char *text, struct peer_id *out,
                                      struct why *why);

/* host_kad_methods.c */
extern method_fn overlay_on_put, overlay_on_get, overlay_on_provide, overlay_on_find,
    overlay_on_lookup, overlay_on_stat;

json_t *overlay_listen(const struct overlay *o); /* multiaddrs with /p2p/ID */

#endif
