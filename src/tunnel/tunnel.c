#include "tunnel/tunnel.h"

#include "tunnel/tunnel_in.h"

#include "base/mem.h"
#include "core/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tunnel_trusts(const struct tunnel *t, const struct peer_id *peer)
{
    return trust_of(host_trust(t->host), peer) == TRUST_TRUSTED;
}

const char *tunnel_name(const struct tunnel *t, const struct peer_id *peer,
                        char text[PEER_ID_FORMAT])
{
    const char *name = trust_name(host_trust(t->host), peer);
    if (name[0])
        snprintf(text, PEER_ID_FORMAT, "%.*s", PEER_ID_FORMAT - 1, name);
    else
        peer_id_format(peer, text);
    return text;
}

/* Who is hung up on loses what he has here by itself: his streams are reset. */
static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct tunnel *t = arg;
    if (ev == HOST_ADDRESSES)
        exits_learn(t);
    if (ev == HOST_IDENTIFIED)
        LIST_EACH(&t->forwards, struct forward, f, link)
            if (peer_id_equal(&f->peer, peer))
                keep_places(t, peer);
    if (ev == HOST_IDENTIFIED && t->network.on && network_has(&t->network, peer))
        keep_places(t, peer);
}

/* A card is answered; or what was given is taken back, at once. */
static void on_trust(void *arg, const struct bus_event *ev)
{
    struct tunnel *t = arg;
    struct peer_id peer;
    if (peer_id_parse(&peer, ev->id, NULL) != OK)
        return;
    request_drop(t, &peer);
    network_trust_changed(&t->network);
    if (!tunnel_trusts(t, &peer))
        visits_cut(t, &peer);
}

static void *start(const struct app_env *env, struct why *why)
{
    struct tunnel *t = MEM_NEW(struct tunnel);
    t->env = *env;
    t->host = env->host;
    list_init(&t->services);
    list_init(&t->forwards);
    list_init(&t->requests);
    list_init(&t->visits);
    list_init(&t->socksds);
    lastings_init(&t->lastings, t->host, env->log);
    exits_init(t);
    if (!t->host)
        return t;
    t->watch = (struct host_watch){.cb = on_host, .arg = t};
    host_watch(t->host, &t->watch);
    t->trust = bus_subscribe(env->bus, "peer.trust", on_trust, t);
    visits_begin(t);
    network_init(&t->network, t);
    if (keep_load(t, why) == OK && network_load(&t->network, why) == OK)
        return t;
    tunnel_app.free(t);
    return NULL;
}

static void stop(void *app, void (*done)(void *arg), void *arg)
{
    struct tunnel *t = app;
    timer_start(t->env.loop, 0, done, arg);
}

static void app_free(void *app)
{
    struct tunnel *t = app;
    visits_done(t);
    network_done(&t->network);
    exits_done(t);
    LIST_EACH(&t->socksds, struct socksd, p, link)
        socksd_free(p);
    LIST_EACH(&t->forwards, struct forward, f, link)
        forward_free(f);
    LIST_EACH(&t->services, struct service, s, link)
        service_drop(t, s);
    lastings_done(&t->lastings);
    requests_done(t);
    bus_unsubscribe(t->trust);
    if (t->host)
        host_unwatch(&t->watch);
    free(t);
}

static void reload(void *app, const struct conf *conf)
{
    struct tunnel *t = app;
    t->env.conf = conf;
}

static json_t *status(void *app)
{
    return tunnel_status(app);
}

const struct app_ops tunnel_app = {
    .name = "connect",
    .migrations = tunnel_migrations,
    .migration_count = TUNNEL_MIGRATIONS,
    .settings = tunnel_settings,
    .methods = tunnel_methods,
    .start = start,
    .stop = stop,
    .free = app_free,
    .status = status,
    .reload = reload,
};
