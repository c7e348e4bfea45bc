#include "host/host_app.h"

#include "host/host_app_in.h"
#include "host/host_in.h"
#include "host/kept.h"
#include "net/udp.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LISTEN_MAX = 16, BOOTSTRAP_MAX = 32 };
#define PAUSE_FIRST_US (5 * SEC) /* doubled up to */
#define PAUSE_LAST_US (600 * SEC)
#define KEPT_FIRST_US (60 * SEC) /* after the start: somebody is known by then */
#define KEPT_NEXT_US (10 * SEC)

/* --- whom to begin with --------------------------------------------------------------------- */

static void on_bootstrap(void *arg);

static void ignore(void *arg, const struct peer_id *peer, const struct why *why)
{
    const struct overlay *o = arg;
    if (!peer)
        log_info(o->env.log, "a node to begin with cannot be reached: %s", why->text);
}

static void bootstrap_later(struct overlay *o)
{
    timer_cancel(o->bootstrap);
    o->bootstrap = timer_start(o->env.loop, o->pause_us, on_bootstrap, o);
    o->pause_us = o->pause_us < PAUSE_LAST_US / 2 ? o->pause_us * 2 : PAUSE_LAST_US;
}

static void on_bootstrap(void *arg)
{
    struct overlay *o = arg;
    struct peer_id one;
    char text[CONF_ITEM_MAX];
    o->bootstrap = NULL;
    if (host_peers(o->host, &one, 1) > 0 && kad_known(o->tables[TABLE_IPFS]) > 0)
        return;
    for (size_t i = 0;
         i < BOOTSTRAP_MAX && conf_item(o->env.conf, "host.bootstrap", i, text, sizeof text); i++) {
        struct multiaddr a;
        if (multiaddr_parse(&a, text, NULL) == OK)
            host_dial(o->host, NULL, &a, 1, ignore, o);
        bootstrap_later(o);
    }
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct overlay *o = arg;
    (void)peer;
    if (ev == HOST_CONNECTED)
        o->pause_us = PAUSE_FIRST_US;
    if (ev == HOST_GONE && !o->bootstrap)
        bootstrap_later(o);
}

/* --- life ----------------------------------------------------------------------------------- */

static void drop(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    (void)arg;
    (void)from;
    (void)bytes;
    (void)n;
}

/* Not every machine has IPv6; only of the default is that no error. */
static bool has_family(const struct app_env *env, const struct multiaddr *a)
{
    struct multiaddr_route r;
    if (conf_is_set(env->conf, "host.listen") || loop_interface(env->loop) == 0 ||
        multiaddr_route(a, &r, NULL) != OK || r.addr.family != ADDR_V6)
        return true;
    struct addr any = r.addr;
    any.port = 0;
    struct udp *probe = udp_open_direct(env->loop, &any, drop, NULL, NULL);
    udp_close(probe);
    return probe != NULL;
}

static enum err read_listen(const struct app_env *env, struct multiaddr *out, size_t *n,
                            struct why *why)
{
    char text[CONF_ITEM_MAX];
    *n = 0;
    for (size_t i = 0; conf_item(env->conf, "host.listen", i, text, sizeof text); i++) {
        if (*n == LISTEN_MAX)
            return why_set(why, ERR_LIMIT, "host.listen has more than %d addresses", LISTEN_MAX);
        if (multiaddr_parse(&out[*n], text, why) != OK)
            return why_in(why, ERR_INVALID, "host.listen");
        *n += has_family(env, &out[*n]);
    }
    return OK;
}

/* All of a list are addresses that say where and who. */
static enum err check_peers(const struct app_env *env, const char *key, struct why *why)
{
    char text[CONF_ITEM_MAX];
    struct multiaddr_route r;
    struct multiaddr a;
    for (size_t i = 0; conf_item(env->conf, key, i, text, sizeof text); i++) {
        if (multiaddr_parse(&a, text, why) != OK || multiaddr_route(&a, &r, why) != OK)
            return why_in(why, ERR_INVALID, "%s", key);
        if (r.peer.len == 0)
            return why_set(why, ERR_INVALID, "%s: %s does not end in /p2p/ID", key, text);
    }
    return OK;
}

/* A default port that is taken is replaced by a free one; a chosen one is not. */
static struct host *host_with_any_port(struct host_cfg *cfg, struct multiaddr *listen,
                                       struct why *why)
{
    for (size_t i = 0; i < cfg->listen_count; i++) {
        struct multiaddr_route r;
        if (multiaddr_route(&listen[i], &r, why) != OK)
            return NULL;
        r.addr.port = 0;
        multiaddr_of_addr(&listen[i], &r.addr, r.reach);
    }
    return host_new(cfg, why);
}

/* The certificate for /wss, where one is named. */
static enum err open_cert(const struct app_env *env, struct web_cert **out, struct why *why)
{
    const char *cert = conf_text(env->conf, "host.tls-cert");
    const char *key = conf_text(env->conf, "host.tls-key");
    *out = NULL;
    if (!*cert && !*key)
        return OK;
    if (!*cert || !*key)
        return why_set(why, ERR_INVALID, "host.%s is not set, and host.%s alone is of no use",
                       *cert ? "tls-key" : "tls-cert", *cert ? "tls-cert" : "tls-key");
    *out = web_cert_open(env->loop, env->log, env->vfs, cert, key, why);
    return *out ? OK : why_in(why, why->code, "host.tls-cert, host.tls-key");
}

/* What the owner says that others are told. */
static enum err announce(const struct app_env *env, struct host *h, struct why *why)
{
    struct multiaddr all[TOLD_MAX];
    struct multiaddr_route r;
    char text[CONF_ITEM_MAX];
    size_t n = 0;
    for (size_t i = 0; conf_item(env->conf, "host.announce", i, text, sizeof text); i++) {
        if (n == TOLD_MAX)
            return why_set(why, ERR_LIMIT, "host.announce has more than %d addresses", TOLD_MAX);
        if (multiaddr_parse(&all[n], text, why) != OK || multiaddr_route(&all[n], &r, why) != OK)
            return why_in(why, ERR_INVALID, "host.announce");
        multiaddr_drop_peer(&all[n++]);
    }
    host_tell_addrs(h, TOLD_ANNOUNCED, all, n);
    return OK;
}

static struct host *make_host(const struct app_env *env, const char *agent,
                              const struct trust_book *trust, const struct web_cert *cert,
                              struct why *why)
{
    struct multiaddr listen[LISTEN_MAX];
    struct host_cfg cfg = {.loop = env->loop,
                           .log = env->log,
                           .keys = env->keys,
                           .agent = agent,
                           .listen = listen,
                           .lab = conf_bool(env->conf, "host.lab"),
                           .web_cert = cert,
                           .trust = trust};
    struct host *h = NULL;
    if (read_listen(env, listen, &cfg.listen_count, why) == OK &&
        check_peers(env, "host.bootstrap", why) == OK &&
        check_peers(env, "host.relays", why) == OK) {
        h = host_new(&cfg, why);
        if (!h && !conf_is_set(env->conf, "host.listen"))
            h = host_with_any_port(&cfg, listen, why);
    }
    if (h && announce(env, h, why) != OK) {
        host_free(h);
        h = NULL;
    }
    return h;
}

/* What the owner wants kept there is told again, one thing after the other. */
static void on_again(void *arg)
{
    struct overlay *o = arg;
    o->again = overlay_kept_next(o) ? timer_start(o->env.loop, KEPT_NEXT_US, on_again, o) : NULL;
}

/* Whoever can be dialled serves in the tables; in Shoal's also who does not know, as in a house
 * that nobody outside knows of; in laboratories all do. */
static void on_verdict(void *arg, enum verdict v)
{
    struct overlay *o = arg;
    bool lab = conf_bool(o->env.conf, "host.lab");
    kad_serve(o->tables[TABLE_IPFS], lab || v == VERDICT_PUBLIC);
    kad_serve(o->tables[TABLE_SHOAL], lab || v != VERDICT_PRIVATE);
}

static void make_tables(struct overlay *o)
{
    static const char *const protocols[TABLES] = {KAD_PROTOCOL, KAD_PROTOCOL_SHOAL};
    struct kad_cfg cfg = {
        .host = o->host, .log = o->env.log, .lab = conf_bool(o->env.conf, "host.lab")};
    for (enum table t = 0; t < TABLES; t++) {
        cfg.protocol = protocols[t];
        cfg.server = cfg.lab || t == TABLE_SHOAL; /* of everybody's when we can be reached */
        cfg.neighbours = t == TABLE_SHOAL;
        o->tables[t] = kad_new(&cfg);
    }
    host_set_table(o->host, o->tables[TABLE_SHOAL]);
    o->again = timer_start(o->env.loop, KEPT_FIRST_US, on_again, o);
}

static struct reaching *make_reach(struct overlay *o)
{
    const struct app_env *env = &o->env;
    const char *relay = conf_text(env->conf, "host.relay");
    struct reach_cfg cfg = {.host = o->host,
                            .heard = on_verdict,
                            .arg = o,
                            .log = env->log,
                            .keys = env->keys,
                            .relay = strcmp(relay, "off") != 0,
                            .strangers = strcmp(relay, "on") == 0,
                            .rate = (uint64_t)conf_int(env->conf, "host.relay-rate"),
                            .lab = conf_bool(env->conf, "host.lab")};
    struct reaching *r = reach_new(&cfg);
    struct multiaddr at;
    struct why why;
    char text[CONF_ITEM_MAX];
    for (size_t i = 0; conf_item(env->conf, "host.relays", i, text, sizeof text); i++)
        if (multiaddr_parse(&at, text, &why) != OK || reach_name_relay(r, &at, &why) != OK)
            log_warn(env->log, "host.relays: %s", why.text);
    return r;
}

static void *start(const struct app_env *env, struct why *why)
{
    char *agent = mem_printf("shoal/%s", env->version);
    struct web_cert *cert = NULL;
    struct trust_book *trust = trust_open(env->db, why);
    struct host *h =
        trust && open_cert(env, &cert, why) == OK ? make_host(env, agent, trust, cert, why) : NULL;
    if (!h) {
        web_cert_close(cert);
        trust_free(trust);
        free(agent);
        return NULL;
    }
    struct overlay *o = MEM_NEW(struct overlay);
    o->env = *env;
    o->agent = agent;
    o->host = h;
    o->trust = trust;
    o->web_cert = cert;
    o->echo = echo_new(h, conf_bool(env->conf, "host.lab"));
    if (conf_bool(env->conf, "host.lab"))
        o->perf = perf_new(h);
    make_tables(o);
    o->reach = make_reach(o);
    if (conf_bool(env->conf, "host.mdns") && !loop_proxy(env->loop)) /* which nothing goes past */
        o->mdns = mdns_new(&(struct mdns_cfg){
            .host = h, .log = env->log, .lab = conf_bool(env->conf, "host.lab")});
    o->beacon = beacon_new(&(struct beacon_cfg){.host = h,
                                                .log = env->log,
                                                .keys = env->keys,
                                                .light = conf_bool(env->conf, "host.beacon"),
                                                .lab = conf_bool(env->conf, "host.lab")});
    struct host_finder finder = where_finder(o);
    host_set_finder(h, &finder);
    overlay_gossip_begin(o);
    list_init(&o->asked);
    o->watch = (struct host_watch){.cb = on_host, .arg = o};
    host_watch(h, &o->watch);
    o->pause_us = PAUSE_FIRST_US;
    o->bootstrap = timer_start(env->loop, 0, on_bootstrap, o);
    return o;
}

static void stop(void *app, void (*done)(void *arg), void *arg)
{
    struct overlay *o = app;
    host_methods_done(o);
    timer_start(o->env.loop, 0, done, arg);
}

static void app_free(void *app)
{
    struct overlay *o = app;
    host_methods_done(o);
    timer_cancel(o->bootstrap);
    timer_cancel(o->again);
    host_unwatch(&o->watch);
    host_set_finder(o->host, NULL);
    beacon_free(o->beacon);
    mdns_free(o->mdns);
    overlay_gossip_end(o);
    reach_free(o->reach);
    for (enum table t = 0; t < TABLES; t++)
        kad_free(o->tables[t]);
    echo_free(o->echo);
    perf_free(o->perf);
    host_free(o->host);
    web_cert_close(o->web_cert);
    trust_free(o->trust);
    free(o->agent);
    free(o);
}

json_t *overlay_listen(const struct overlay *o)
{
    struct multiaddr at[LISTEN_MAX];
    char text[MULTIADDR_TEXT];
    json_t *list = json_array();
    size_t n = host_listening(o->host, at, LISTEN_MAX);
    size_t more = host_relayed(o->host, at + n, LISTEN_MAX - n);
    for (size_t i = 0; i < n + more; i++)
        if (multiaddr_add_peer(&at[i], host_id(o->host)) == OK)
            json_array_append_new(list, json_string(multiaddr_format(&at[i], text)));
    return list;
}

static json_t *status(void *app)
{
    struct overlay *o = app;
    struct peer_id ids[1024];
    size_t n = host_peers(o->host, ids, sizeof ids / sizeof ids[0]);
    struct reach_stat r;
    reach_stat(o->reach, &r);
    size_t relayed = 0;
    for (size_t i = 0; i < n; i++) {
        struct host_peer p;
        relayed += host_peer(o->host, &ids[i], &p) && strcmp(p.path, "relayed") == 0;
    }
    return json_pack("{s:o, s:I, s:I, s:s}", "listen", overlay_listen(o), "peers", (json_int_t)n,
                     "relayed", (json_int_t)relayed, "reach", verdict_word(r.verdict));
}

struct host *host_app_host(void *app)
{
    return ((struct overlay *)app)->host;
}

void host_app_set_items(void *app, const struct items_port *items)
{
    beacon_set_items(((struct overlay *)app)->beacon, items);
}

static const struct migration migrations[] = {TRUST_MIGRATION, KEPT_MIGRATION};

/* No setting of ours is live, but what is asked later is asked of settings that are still there. */
static void reload(void *app, const struct conf *conf)
{
    struct overlay *o = app;
    o->env.conf = conf;
}

const struct app_ops host_app = {
    .name = "host",
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .settings = host_settings,
    .methods = host_methods,
    .start = start,
    .stop = stop,
    .free = app_free,
    .reload = reload,
    .status = status,
};
