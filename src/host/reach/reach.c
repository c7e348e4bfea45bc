#include "host/reach/reach.h"

#include "base/mem.h"
#include "host/reach/relay_client.h"
#include "host/reach/relay_server.h"

#include <stdlib.h>

struct reaching {
    struct reach_cfg cfg;
    struct relay_client *client;
    struct relay_server *server; /* NULL: we lend nothing */
};

struct reaching *reach_new(const struct reach_cfg *cfg)
{
    struct reaching *r = MEM_NEW(struct reaching);
    r->cfg = *cfg;
    r->client = relay_client_new(cfg->host, cfg->log, cfg->lab);
    struct relay_server_cfg lends = {.host = cfg->host,
                                     .log = cfg->log,
                                     .keys = cfg->keys,
                                     .limit = {RELAY_CIRCUIT_S, RELAY_CIRCUIT_BYTES},
                                     .rate = RELAY_RATE,
                                     .lab = cfg->lab};
    r->server = cfg->relay ? relay_server_new(&lends) : NULL;
    return r;
}

void reach_free(struct reaching *r)
{
    if (!r)
        return;
    relay_server_free(r->server);
    relay_client_free(r->client);
    free(r);
}

enum err reach_name_relay(struct reaching *r, const struct multiaddr *at, struct why *why)
{
    return relay_client_name(r->client, at, why);
}

void reach_stat(const struct reaching *r, struct reach_stat *out)
{
    struct peer_id ids[RELAYS_NAMED_MAX + RELAYS_FOUND_MAX];
    *out = (struct reach_stat){.relaying = r->server != NULL};
    out->relays = relay_client_relays(r->client, ids, sizeof ids / sizeof ids[0]);
    if (!r->server)
        return;
    out->reservations = relay_server_reservations(r->server);
    out->circuits = relay_server_circuits(r->server);
    out->relayed_bytes = relay_server_bytes(r->server);
}
