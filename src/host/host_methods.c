/* What a person asks of the overlay: dial somebody, who is there, how far away. */
#include "host/host_app_in.h"

#include "base/mem.h"
#include "core/call.h"
#include "host/talk/ping.h"

#include <stdlib.h>
#include <string.h>

enum { PEERS_MAX = 1024 }; /* in one answer */

struct asked *overlay_ask(struct overlay *o, struct call *c)
{
    struct asked *a = MEM_NEW(struct asked);
    a->o = o;
    a->call = c;
    list_push(&o->asked, &a->link);
    return a;
}

struct call *overlay_answered(struct asked *a)
{
    struct call *c = a->call;
    list_drop(&a->link);
    host_dial_cancel(a->dial);
    ping_cancel(a->ping);
    where_cancel(a->where);
    for (enum table t = 0; t < TABLES; t++)
        kad_cancel(a->searches[t].op);
    buf_done(&a->key);
    buf_done(&a->value);
    json_decref(a->list);
    free(a);
    return c;
}

static void on_where(void *arg, bool found, const struct why *why)
{
    struct asked *a = arg;
    (void)found; /* it is tried, and says what is missing */
    (void)why;
    a->where = NULL;
    a->then(a);
}

void overlay_find_then(struct asked *a, void (*then)(struct asked *a))
{
    struct host_peer p;
    bool known = host_peer(a->o->host, &a->peer, &p) && (p.conns > 0 || p.addr_count > 0);
    a->then = then;
    if (known)
        then(a);
    else
        a->where = where_start(a->o, &a->peer, on_where, a);
}

void host_methods_done(struct overlay *o)
{
    LIST_EACH(&o->asked, struct asked, a, link)
        call_failf(overlay_answered(a), "node.stopping", ERR_CLOSED, NULL, "the node stops");
}

/* --- peers as JSON -------------------------------------------------------------------------- */

json_t *overlay_peer_json(const struct overlay *o, const struct host_peer *p, bool all)
{
    char id[PEER_ID_FORMAT], at[ADDR_TEXT], text[MULTIADDR_TEXT];
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:i}", "id",
                          peer_id_format(&p->id, id), "name", trust_name(o->trust, &p->id), "trust",
                          trust_word(trust_of(o->trust, &p->id)), "agent", p->agent ? p->agent : "",
                          "connected", p->conns > 0, "address",
                          p->conns ? addr_format(&p->remote, at) : "", "direction",
                          !p->conns    ? ""
                          : p->inbound ? "in"
                                       : "out",
                          "path", p->path ? p->path : "", "connections", (int)p->conns);
    json_object_set_new(j, "rtt_ms",
                        p->rtt_us ? json_real((double)p->rtt_us / 1000.0) : json_null());
    if (!all)
        return j;
    json_t *addrs = json_array(), *protocols = json_array();
    for (size_t i = 0; i < p->addr_count; i++)
        json_array_append_new(addrs, json_string(multiaddr_format(&p->addrs[i], text)));
    for (size_t i = 0; i < p->protocol_count; i++)
        json_array_append_new(protocols, json_string(p->protocols[i]));
    json_object_set_new(j, "addresses", addrs);
    json_object_set_new(j, "protocols", protocols);
    return j;
}

static void on_ls(void *app, struct call *c)
{
    struct overlay *o = app;
    struct peer_id *ids = mem_array(PEERS_MAX, sizeof *ids);
    size_t n = host_peers(o->host, ids, PEERS_MAX);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        struct host_peer p;
        if (host_peer(o->host, &ids[i], &p))
            json_array_append_new(list, overlay_peer_json(o, &p, false));
    }
    const struct trust_row *row;
    for (size_t i = 0; (row = trust_at(o->trust, i)); i++) { /* and who is away */
        struct host_peer p = {.id = row->peer};
        if (!host_connected(o->host, &row->peer))
            json_array_append_new(list, overlay_peer_json(o, &p, false));
    }
    free(ids);
    call_ok(c, list);
}

static bool named(struct overlay *o, struct call *c, struct peer_id *out)
{
    struct why why;
    if (host_find_peer(o->host, call_text(c, "id"), out, &why) == OK)
        return true;
    call_fail(c, "peer.not_found", &why, "shoal peer ls shows who is connected");
    return false;
}

static void on_show(void *app, struct call *c)
{
    struct overlay *o = app;
    struct peer_id id;
    struct host_peer p;
    if (!named(o, c, &id))
        return;
    if (host_peer(o->host, &id, &p) || trust_of(o->trust, &id) != TRUST_STRANGER) {
        p.id = id;
        call_ok(c, overlay_peer_json(o, &p, true));
    } else {
        call_failf(c, "peer.not_found", ERR_NOT_FOUND, "shoal net dial MULTIADDR",
                   "nothing is known of %s", call_text(c, "id"));
    }
}

/* --- dialling and pinging ------------------------------------------------------------------- */

static void on_dialled(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct asked *a = arg;
    struct overlay *o = a->o;
    struct host_peer p;
    a->dial = NULL;
    struct call *c = overlay_answered(a);
    if (!peer)
        call_fail(c, "net.unreachable", why, "check the address, and that the other side runs");
    else if (host_peer(o->host, peer, &p))
        call_ok(c, overlay_peer_json(o, &p, false));
    else
        call_failf(c, "net.unreachable", ERR_CLOSED, NULL, "it hung up at once");
}

static void dial_it(struct asked *a)
{
    a->dial = host_dial(a->o->host, &a->peer, NULL, 0, on_dialled, a);
}

/* "/p2p/12D3Koo...", or what host_find_peer() takes. */
static bool says_who_alone(const struct overlay *o, const char *text, struct peer_id *out)
{
    static const char p2p[] = "/p2p/";
    if (strncmp(text, p2p, sizeof p2p - 1) == 0)
        return peer_id_parse(out, text + sizeof p2p - 1, NULL) == OK;
    return text[0] != '/' && host_find_peer(o->host, text, out, NULL) == OK;
}

static void on_dial(void *app, struct call *c)
{
    struct overlay *o = app;
    struct multiaddr at;
    struct multiaddr_route r;
    struct why why;
    struct peer_id who;
    const char *text = call_text(c, "address");
    if (says_who_alone(o, text, &who)) {
        struct asked *a = overlay_ask(o, c);
        a->peer = who;
        overlay_find_then(a, dial_it);
        return;
    }
    if (multiaddr_parse(&at, text, &why) != OK || multiaddr_route(&at, &r, &why) != OK) {
        call_fail(c, "net.bad_address", &why, "for example /ip4/192.0.2.7/tcp/4001/p2p/12D3Koo...");
        return;
    }
    struct asked *a = overlay_ask(o, c);
    a->dial = host_dial(o->host, NULL, &at, 1, on_dialled, a);
}

static void on_pinged(void *arg, uint64_t rtt_us, const struct why *why)
{
    struct asked *a = arg;
    char id[PEER_ID_FORMAT];
    struct host_peer p = {.path = ""};
    a->ping = NULL;
    host_peer(a->o->host, &a->peer, &p);
    peer_id_format(&a->peer, id);
    struct call *c = overlay_answered(a);
    if (why)
        call_fail(c, "peer.no_answer", why,
                  "shoal net dial MULTIADDR where its address is not known");
    else
        call_ok(c, json_pack("{s:s, s:f, s:s}", "id", id, "rtt_ms", (double)rtt_us / 1000.0, "path",
                             p.path));
}

static void ping_it(struct asked *a)
{
    a->ping = ping_start(a->o->host, &a->peer, on_pinged, a);
}

static void on_ping(void *app, struct call *c)
{
    struct overlay *o = app;
    struct peer_id id;
    if (!named(o, c, &id))
        return;
    struct asked *a = overlay_ask(o, c);
    a->peer = id;
    overlay_find_then(a, ping_it);
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct param id_only[] = {
    {.name = "id",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 128,
     .help = "The peer id, its name, or 4 or more of its last characters"},
    {0},
};

static const struct param trust_params[] = {
    {.name = "id",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 128,
     .help = "The peer id, its name, or 4 or more of its last characters"},
    {.name = "name",
     .type = PARAM_TEXT,
     .max = TRUST_NAME_MAX,
     .help = "What to call it from now on; no spaces or slashes"},
    {0},
};

static const struct param dial_params[] = {
    {.name = "address",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = MULTIADDR_TEXT - 1,
     .help = "Its multiaddr, /ip4/ADDRESS/tcp/PORT/p2p/ID; or its id or name alone: then it is "
             "looked for"},
    {0},
};

/* clang-format off */
#define TABLE_PARAM                                                                                \
    {                                                                                              \
        .name = "table", .type = PARAM_CHOICE, .choices = "both|ipfs|shoal",                       \
        .help = "Which table: everybody's, that of Shoal's own nodes, or (unless said) both"       \
    }
/* clang-format on */

#define HEX_PARAM(what, bytes, words)                                                              \
    {                                                                                              \
        .name = what, .type = PARAM_TEXT, .flags = PARAM_REQUIRED | PARAM_POSITIONAL,              \
        .max = 2 * (bytes), .help = words                                                          \
    }

static const struct param put_params[] = {HEX_PARAM("key", KAD_KEY_MAX, "The key, in hex"),
                                          HEX_PARAM("value", KAD_VALUE_MAX, "The value, in hex"),
                                          TABLE_PARAM,
                                          {0}};
static const struct param key_params[] = {
    HEX_PARAM("key", KAD_KEY_MAX, "The key, in hex"), TABLE_PARAM, {0}};

static const struct param lookup_params[] = {
    {.name = "id",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 128,
     .help = "The peer id, its name, or 4 or more of its last characters"},
    TABLE_PARAM,
    {0},
};

static const struct param cid_params[] = {
    {.name = "cid",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 256,
     .help = "The content's id, Qm... or bafy..."},
    TABLE_PARAM,
    {0},
};

static const struct param topic_params[] = {
    {.name = "topic",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = GOSSIP_TOPIC_MAX,
     .help = "The topic's name"},
    {0},
};

static const struct param publish_params[] = {
    {.name = "topic",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = GOSSIP_TOPIC_MAX,
     .help = "The topic's name"},
    {.name = "data",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = GOSSIP_DATA_MAX,
     .help = "What to say"},
    {.name = "base64", .type = PARAM_BOOL, .help = "The data is in base64: bytes, not text"},
    {0},
};

static const struct param withdraw_params[] = {
    {.name = "key",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 256,
     .help = "The key in hex, or the content's id"},
    {0},
};

static const struct column kept_columns[] = {{"kind", "KIND", "text"}, {"key", "KEY", "text"}, {0}};
static const struct column found_columns[] = {{"id", "PEER", "text"}, {0}};

static const struct column peer_columns[] = {
    {"id", "PEER", "text"},         {"name", "NAME", "text"},
    {"trust", "TRUST", "text"},     {"agent", "PROGRAM", "text"},
    {"address", "ADDRESS", "text"}, {"path", "PATH", "text"},
    {"rtt_ms", "MS", "text"},       {0},
};

const struct method host_methods[] = {
    {.name = "net.dial",
     .http = "POST",
     .route = "/net/dial",
     .flags = METHOD_WRITE,
     .params = dial_params,
     .summary = "Connect to a node by its address, or by its id alone",
     .result = "{id, name, trust, agent, connected, address, direction, path, connections, rtt_ms}",
     .errors = "net.bad_address, net.unreachable",
     .example = "shoal net dial /ip4/192.0.2.7/tcp/4001/p2p/12D3Koo...",
     .call = on_dial},
    {.name = "net.put",
     .http = "POST",
     .route = "/net/put",
     .flags = METHOD_WRITE,
     .params = put_params,
     .summary = "Keep a value in the distributed tables, until net withdraw",
     .result = "{key, kept}: how many nodes keep it",
     .errors = "net.bad_hex, net.nobody, net.not_kept",
     .example = "shoal net put 2f706b2f... 0801...",
     .call = overlay_on_put},
    {.name = "net.get",
     .http = "GET",
     .route = "/net/values/{key}",
     .params = key_params,
     .summary = "Find a value in the distributed table",
     .result = "{key, value}, in hex",
     .errors = "net.bad_hex, net.not_found",
     .example = "shoal net get 2f706b2f...",
     .call = overlay_on_get},
    {.name = "net.provide",
     .http = "POST",
     .route = "/net/provide",
     .flags = METHOD_WRITE,
     .params = cid_params,
     .summary = "Tell the distributed tables that this node has something, until net withdraw",
     .result = "{cid, kept}: how many nodes know it",
     .errors = "net.bad_cid, net.nobody, net.not_kept",
     .example = "shoal net provide bafybei...",
     .call = overlay_on_provide},
    {.name = "net.kept",
     .http = "GET",
     .route = "/net/kept",
     .summary = "List what is told to the tables again and again: net.put and net.provide",
     .result = "[{kind, key, value, tables}]: value for values; key and value in hex",
     .errors = "net.not_kept",
     .example = "shoal net kept",
     .columns = kept_columns,
     .call = overlay_on_kept},
    {.name = "net.withdraw",
     .http = "DELETE",
     .route = "/net/kept/{key}",
     .flags = METHOD_WRITE,
     .params = withdraw_params,
     .summary = "Tell it no more: others forget a value in 36 hours, who has something in 48",
     .result = "{key}",
     .errors = "net.bad_key, net.not_found",
     .example = "shoal net withdraw bafybei...",
     .call = overlay_on_withdraw},
    {.name = "net.find",
     .http = "GET",
     .route = "/net/providers/{cid}",
     .params = cid_params,
     .summary = "Find the nodes that have something",
     .result = "[{id, addresses}]",
     .errors = "net.bad_cid",
     .example = "shoal net find bafybei...",
     .columns = found_columns,
     .call = overlay_on_find},
    {.name = "net.lookup",
     .http = "GET",
     .route = "/net/lookup/{id}",
     .params = lookup_params,
     .summary = "Find where a node is by its id: in the distributed tables and the Mainline DHT",
     .result = "{id, addresses}",
     .errors = "peer.not_found",
     .example = "shoal net lookup 12D3Koo...",
     .call = overlay_on_lookup},
    {.name = "net.publish",
     .http = "POST",
     .route = "/net/publish",
     .flags = METHOD_WRITE,
     .params = publish_params,
     .summary = "Say something to all who listen to a topic",
     .result = "{topic, peers}: how many nodes it was given to",
     .errors = "net.bad_data, net.refused",
     .example = "shoal net publish news 'hello, all'",
     .call = overlay_on_publish},
    {.name = "net.subscribe",
     .http = "POST",
     .route = "/net/subscribe",
     .flags = METHOD_WRITE | METHOD_HIDDEN,
     .params = topic_params,
     .summary = "Listen to a topic: its messages are events of the type net.message",
     .result = "{topic, users}: how many have asked for it",
     .errors = "net.bad_topic",
     .example = "shoal net subscribe news",
     .call = overlay_on_subscribe},
    {.name = "net.unsubscribe",
     .http = "POST",
     .route = "/net/unsubscribe",
     .flags = METHOD_WRITE | METHOD_HIDDEN,
     .params = topic_params,
     .summary = "Take back one net.subscribe; when all are taken back, nobody listens",
     .result = "{topic, users}: how many are left",
     .errors = "net.not_subscribed",
     .example = "shoal net subscribe news",
     .call = overlay_on_unsubscribe},
    {.name = "net.stat",
     .http = "GET",
     .route = "/net/stat",
     .summary = "Show what the overlay does",
     .result = "{reach, reachable, unreachable, peers, table, shoal_table, size, shoal_size, "
               "relays, relaying, "
               "reservations, circuits, relayed_bytes, gossip, topics, connections, streams, "
               "held_bytes, by_peer: [{id, connections, in, out, bytes}], by_protocol: [{protocol, "
               "in, out, bytes}]}: where strangers have dialled us, or could not; bytes wait to be "
               "read or written",
     .errors = "",
     .example = "shoal net stat",
     .call = overlay_on_stat},
    {.name = "peer.ls",
     .http = "GET",
     .route = "/peers",
     .summary = "List the nodes that are connected, trusted or blocked",
     .result =
         "[{id, name, trust, agent, connected, address, direction, path, connections, rtt_ms}]",
     .errors = "",
     .example = "shoal peer ls",
     .columns = peer_columns,
     .call = on_ls},
    {.name = "peer.show",
     .http = "GET",
     .route = "/peers/{id}",
     .params = id_only,
     .summary = "Show what is known of a node: its program, addresses, protocols",
     .result = "{id, name, trust, agent, connected, ..., addresses, protocols}",
     .errors = "peer.not_found",
     .example = "shoal peer show 12D3Koo...",
     .call = on_show},
    {.name = "peer.ping",
     .http = "POST",
     .route = "/peers/{id}/ping",
     .flags = METHOD_WRITE,
     .params = id_only,
     .summary = "Measure the time to a node and back",
     .result = "{id, rtt_ms, path}",
     .errors = "peer.not_found, peer.no_answer",
     .example = "shoal peer ping 12D3Koo...",
     .call = on_ping},
    {.name = "peer.trust",
     .http = "POST",
     .route = "/peers/{id}/trust",
     .flags = METHOD_WRITE,
     .params = trust_params,
     .summary = "Trust a node: it may use what is offered to trusted nodes; --name gives it a name",
     .result = "{id, name, trust, agent, connected, ...}",
     .errors = "peer.not_found, peer.not_kept",
     .example = "shoal peer trust 12D3Koo... --name attic",
     .call = overlay_on_trust},
    {.name = "peer.block",
     .http = "POST",
     .route = "/peers/{id}/block",
     .flags = METHOD_WRITE,
     .params = id_only,
     .summary = "Have nothing to do with a node: it is hung up on, now and whenever it comes",
     .result = "{id, name, trust, agent, connected, ...}",
     .errors = "peer.not_found, peer.not_kept",
     .example = "shoal peer block 12D3Koo...",
     .call = overlay_on_block},
    {.name = "peer.forget",
     .http = "DELETE",
     .route = "/peers/{id}/trust",
     .flags = METHOD_WRITE,
     .params = id_only,
     .summary = "Make a node a stranger again: neither trusted nor blocked, without a name",
     .result = "{id, name, trust, agent, connected, ...}",
     .errors = "peer.not_found, peer.not_kept",
     .example = "shoal peer forget attic",
     .call = overlay_on_forget},
    {0},
};
