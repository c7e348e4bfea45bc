/* What a person asks of connect: offer this, reach that. */
#include "tunnel/tunnel_in.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is common ------------------------------------------------------------------------- */

bool tunnel_is_on(const struct tunnel *t, struct call *c)
{
    if (t->host)
        return true;
    call_failf(c, "connect.no_overlay", ERR_STATE, "shoal config set host.enabled on",
               "the overlay is switched off, and connections to peers need it");
    return false;
}

static void not_kept(struct call *c, const struct why *why)
{
    call_fail(c, "connect.not_kept", why, NULL);
}

/* PEER as people name it; false: the call was answered. */
bool tunnel_peer(const struct tunnel *t, struct call *c, const char *text, struct peer_id *out)
{
    struct why why;
    if (strncmp(text, "circle:", 7) == 0) {
        call_failf(c, "connect.no_peer", ERR_UNSUPPORTED, "name the peers, each with --to",
                   "there are no circles yet");
        return false;
    }
    if (host_find_peer(t->host, text, out, &why) == OK && !peer_id_equal(out, host_id(t->host)))
        return true;
    if (why.code == OK || peer_id_equal(out, host_id(t->host)))
        why_set(&why, ERR_INVALID, "%.80s is this node itself", text);
    call_fail(c, "connect.no_peer", &why, "shoal peer ls shows the peers; a full id always works");
    return false;
}

/* --to, each of them. */
bool tunnel_peers(const struct tunnel *t, struct call *c, struct peers *out)
{
    size_t i;
    const json_t *one;
    json_array_foreach(call_array(c, "to"), i, one) {
        struct peer_id peer;
        if (!tunnel_peer(t, c, json_string_value(one), &peer))
            return false;
        if (!peers_add(out, &peer)) {
            call_failf(c, CALL_USAGE, ERR_LIMIT, "without --to it is for all that you trust",
                       "--to %.60s is one too many: %d peers are named, and that is the limit",
                       json_string_value(one), PEERS_MAX);
            return false;
        }
    }
    return true;
}

static size_t count(const struct link *list)
{
    size_t n = 0;
    for (const struct link *l = list->next; l != list; l = l->next)
        n++;
    return n;
}

/* --- offering ------------------------------------------------------------------------------- */

/* Without "/udp" at its end, which says that it is of UDP; "/tcp" may be said too. */
static bool take_protocol(const char *text, char out[ADDR_TEXT], bool *udp)
{
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : strlen(text);
    *udp = slash && strcmp(slash, "/udp") == 0;
    if (n >= ADDR_TEXT || (slash && !*udp && strcmp(slash, "/tcp") != 0))
        return false;
    snprintf(out, ADDR_TEXT, "%.*s", (int)n, text);
    return true;
}

/* "8080"; -1: it is none. */
static long read_port(const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == 0 && port <= UINT16_MAX ? (long)port : -1;
}

/* "8080" is 127.0.0.1:8080. */
static enum err read_place(const char *text, struct addr *out, bool *udp, struct why *why)
{
    char place[ADDR_TEXT];
    long port = take_protocol(text, place, udp) ? read_port(place) : -1;
    if (port > 0) {
        *out = addr_v4(127, 0, 0, 1, (uint16_t)port);
        return OK;
    }
    if (port < 0 && take_protocol(text, place, udp) && addr_parse(out, place, NULL) == OK &&
        addr_is_dialable(out))
        return OK;
    return why_set(why, ERR_INVALID,
                   "\"%.60s\" is neither PORT (1 to 65535) nor IP:PORT, with /udp "
                   "behind it for UDP",
                   text);
}

static void on_expose(void *app, struct call *c)
{
    struct tunnel *t = app;
    struct service s = {0};
    struct why why;
    const char *name = call_text(c, "as");
    if (!tunnel_is_on(t, c))
        return;
    if (read_place(call_text(c, "port"), &s.at, &s.udp, &why) != OK) {
        call_fail(c, CALL_USAGE, &why, "shoal connect expose 8080 --as web");
        return;
    }
    if (!head_is_service(name)) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal connect expose 8080 --as web",
                   "\"%.80s\" cannot be a service's name: that is a letter, then letters, digits, "
                   "- _ and ., %d at most",
                   name, HEAD_SERVICE_MAX);
        return;
    }
    memcpy(s.name, name, strlen(name) + 1);
    if (!tunnel_peers(t, c, &s.to))
        return;
    if (!service_find(t, name) && count(&t->services) >= SERVICES_MAX) {
        call_failf(c, "connect.too_many", ERR_LIMIT, "shoal connect rm NAME takes one away",
                   "%s is not offered: %d services are, and that is the limit", name, SERVICES_MAX);
        return;
    }
    if (keep_service(t, &s, &why) != OK)
        not_kept(c, &why);
    else
        call_ok(c, service_json(t, service_put(t, &s)));
}

/* --- reaching ------------------------------------------------------------------------------- */

/* PEER/NAME and PORT; false: the call was answered. */
static bool read_target(const struct tunnel *t, struct call *c, struct forward_cfg *out)
{
    char place[ADDR_TEXT];
    const char *text = call_text(c, "service"), *slash = strrchr(text, '/');
    const char *at = call_text(c, "port");
    long port = take_protocol(at, place, &out->udp) ? read_port(place) : -1;
    if (port < 0) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal connect forward attic/web 18080",
                   "\"%.20s\" is neither PORT (0 to 65535) nor PORT/udp", at);
        return false;
    }
    out->port = (uint16_t)port;
    if (!slash || !head_is_service(slash + 1)) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal connect forward attic/web 18080",
                   "\"%.80s\" is not PEER/NAME, a peer and the name of a service of its", text);
        return false;
    }
    char *who = mem_strndup(text, (size_t)(slash - text));
    bool found = tunnel_peer(t, c, who, &out->peer);
    free(who);
    out->service = slash + 1;
    return found;
}

/* It is not there yet, and there is room; false: the call was answered. */
static bool may_be_new(struct tunnel *t, struct call *c, const struct forward_cfg *cfg)
{
    char id[FORWARD_ID];
    const struct forward *f = cfg->port ? forward_find(t, cfg->port, cfg->udp) : NULL;
    if (f && forward_stands(f) && peer_id_equal(&f->peer, &cfg->peer) &&
        strcmp(f->service, cfg->service) == 0) {
        call_ok(c, forward_json(t, f));
        return false;
    }
    if (f) {
        call_failf(c, "connect.port_taken", ERR_STATE,
                   "choose another port, or shoal connect rm PORT", "port %s is %s's already",
                   forward_id(f, id), f->service);
        return false;
    }
    if (count(&t->forwards) < FORWARDS_MAX)
        return true;
    call_failf(c, "connect.too_many", ERR_LIMIT, "shoal connect rm PORT takes one away",
               "%s is not forwarded: %d forwards stand, and that is the limit", cfg->service,
               FORWARDS_MAX);
    return false;
}

static void on_forward(void *app, struct call *c)
{
    struct tunnel *t = app;
    struct forward_cfg cfg;
    struct why why;
    if (!tunnel_is_on(t, c) || !read_target(t, c, &cfg) || !may_be_new(t, c, &cfg))
        return;
    struct forward *f = forward_new(t, &cfg, true, &why);
    if (!f) {
        call_fail(c, "connect.port_taken", &why, "choose another port, or 0 for any free one");
        return;
    }
    if (keep_forward(t, f, &why) != OK) {
        forward_free(f);
        not_kept(c, &why);
        return;
    }
    keep_places(t, &cfg.peer);
    call_ok(c, forward_json(t, f));
}

/* --- looking and ending --------------------------------------------------------------------- */

static void on_ls(void *app, struct call *c)
{
    call_ok(c, tunnel_rows(app));
}

static void on_status(void *app, struct call *c)
{
    call_ok(c, tunnel_status(app));
}

/* A forward by its port, or by PEER/NAME where that is one. */
static struct forward *named_forward(const struct tunnel *t, const char *text)
{
    struct forward *found = NULL;
    LIST_EACH(&t->forwards, struct forward, f, link) {
        char port[FORWARD_ID], who[PEER_ID_FORMAT], name[2 * PEER_ID_FORMAT + 2],
            id[2 * PEER_ID_FORMAT + 2];
        if (strcmp(forward_id(f, port), text) == 0)
            return f;
        snprintf(name, sizeof name, "%s/%s", tunnel_name(t, &f->peer, who), f->service);
        snprintf(id, sizeof id, "%s/%s", peer_id_format(&f->peer, who), f->service);
        if (strcmp(name, text) != 0 && strcmp(id, text) != 0)
            continue;
        if (found)
            return NULL; /* which? */
        found = f;
    }
    return found;
}

static void on_rm(void *app, struct call *c)
{
    struct tunnel *t = app;
    struct why why;
    const char *id = call_text(c, "id");
    struct service *s = service_find(t, id);
    struct forward *f = s ? NULL : named_forward(t, id);
    struct addr at;
    struct socksd *p = addr_parse(&at, id, NULL) == OK ? socksd_find(t, &at) : NULL;
    enum err code = ERR_NOT_FOUND;
    json_t *gone = NULL;
    if (s && (code = keep_service_gone(t, s->name, &why)) == OK) {
        gone = service_json(t, s);
        service_drop(t, s);
    } else if (f && (code = keep_forward_gone(t, f, &why)) == OK) {
        gone = forward_json(t, f);
        forward_free(f);
    } else if (p && (code = keep_socksd_gone(t, &p->at, &why)) == OK) {
        gone = socksd_json(t, p);
        socksd_free(p);
    }
    if (gone)
        call_ok(c, gone);
    else if (code != ERR_NOT_FOUND)
        not_kept(c, &why);
    else
        call_failf(c, "connect.not_found", ERR_NOT_FOUND, "shoal connect ls shows what there is",
                   "%.100s is neither a service, nor a forward, nor a proxy of this node", id);
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct param expose_params[] = {
    {.name = "port",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = ADDR_TEXT,
     .help = "The service's port on this machine, or its IP:PORT; PORT/udp if it speaks UDP"},
    {.name = "as",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED,
     .unit = "NAME",
     .max = HEAD_SERVICE_MAX,
     .help = "The name that others ask for"},
    {.name = "to",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "PEER",
     .max = 128,
     .help = "To this peer; again for more; without it, to all that are trusted"},
    {0},
};

static const struct param forward_params[] = {
    {.name = "service",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 256,
     .help = "The peer and the name of its service, PEER/NAME"},
    {.name = "port",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 16,
     .help = "The port on 127.0.0.1 that becomes it, PORT/udp for a UDP service; 0: any free one"},
    {0},
};

static const struct param rm_params[] = {
    {.name = "id",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 256,
     .help = "A service's name, a forward's local port (PORT/udp) or PEER/NAME, a proxy's IP:PORT"},
    {0},
};

static const struct column row_columns[] = {
    {"id", "ID", "text"},
    {"kind", "KIND", "text"},
    {"name", "NAME", "text"},
    {"at", "AT", "text"},
    {"state", "STATE", "text"},
    {"connections", "NOW", "int"},
    {0},
};

const struct method tunnel_methods[] = {
    {.name = "connect.expose",
     .http = "POST",
     .route = "/connect/services",
     .flags = METHOD_WRITE,
     .params = expose_params,
     .summary = "Offer a TCP or UDP service of this machine to peers, under a name",
     .result = "{id, kind, name, protocol, at, to, state, connections, served}",
     .errors = "connect.no_overlay, connect.no_peer, connect.too_many, connect.not_kept",
     .example = "shoal connect expose 8080 --as web --to attic\n"
                "shoal connect expose 5353/udp --as dns",
     .call = on_expose},
    {.name = "connect.forward",
     .http = "POST",
     .route = "/connect/forwards",
     .flags = METHOD_WRITE,
     .params = forward_params,
     .summary = "Make a port of this machine a peer's service",
     .result = "{id, kind, name, protocol, at, peer, service, port, state, connections}",
     .errors = "connect.no_overlay, connect.no_peer, connect.port_taken, connect.too_many, "
               "connect.not_kept",
     .example = "shoal connect forward attic/web 18080\n"
                "shoal connect forward attic/dns 5353/udp",
     .call = on_forward},
    {.name = "connect.socks",
     .http = "POST",
     .route = "/connect/socks",
     .flags = METHOD_WRITE,
     .params = tunnel_socks_params,
     .summary = "Be a local SOCKS5 and HTTP CONNECT proxy whose connections leave by a peer's exit",
     .result = "{id, kind, name, at, via, state, connections}",
     .errors = "connect.no_overlay, connect.no_peer, connect.port_taken, connect.too_many, "
               "connect.not_kept",
     .example = "shoal connect socks --via attic",
     .call = tunnel_on_socks},
    {.name = "connect.exit",
     .http = "PUT",
     .route = "/connect/exit",
     .flags = METHOD_WRITE,
     .params = tunnel_exit_params,
     .summary = "Let peers reach the world from this machine's address, or end that at once",
     .result = "{on, said, to, allow, rate, until, users: [{peer, name, connections, left}]}",
     .errors = "connect.no_overlay, connect.no_peer, connect.not_kept",
     .example = "shoal connect exit on --to attic --rate 2M",
     .call = tunnel_on_exit},
    {.name = "connect.network",
     .http = "PUT",
     .route = "/connect/network",
     .flags = METHOD_WRITE,
     .params = network_params,
     .summary = "Join a private network with peers: an interface of this machine, and an address "
                "for each",
     .result = "{on, state, address, interface, to, allowed: [{peer, name, kind, first, last}], "
               "peers: [{peer, name, address, state, path, latency_ms, sent, received, dropped, "
               "refused, forged}]}",
     .errors = "connect.no_overlay, connect.no_peer, connect.no_interface, connect.not_kept",
     .example = "shoal connect network on --to attic",
     .call = network_on_switch},
    {.name = "connect.network-allow",
     .http = "PUT",
     .route = "/connect/network/allow",
     .flags = METHOD_WRITE,
     .params = network_allow_params,
     .summary = "Let a peer reach ports of this machine over the private network",
     .result = "as connect.network",
     .errors = "connect.no_overlay, connect.no_peer, connect.too_many, connect.not_kept",
     .example = "shoal connect network allow attic 22 8000-8010",
     .call = network_on_allow},
    {.name = "connect.network-deny",
     .http = "PUT",
     .route = "/connect/network/deny",
     .flags = METHOD_WRITE,
     .params = network_deny_params,
     .summary = "Take ports back that a peer was allowed to reach",
     .result = "as connect.network",
     .errors = "connect.no_overlay, connect.no_peer, connect.not_kept",
     .example = "shoal connect network deny attic 22",
     .call = network_on_deny},
    {.name = "connect.log",
     .http = "GET",
     .route = "/connect/log",
     .params = tunnel_log_params,
     .summary = "Show what peers reached through our exit, newest first, of 30 days",
     .result = "[{at, peer, name, host, port, address, up, down, verdict}]",
     .errors = "",
     .example = "shoal connect log",
     .columns = tunnel_log_columns,
     .call = tunnel_on_log},
    {.name = "connect.ls",
     .http = "GET",
     .route = "/connect",
     .summary = "List what is offered and what is reached",
     .result = "[{id, kind, name, at, state, connections, ...}]",
     .errors = "",
     .example = "shoal connect ls",
     .columns = row_columns,
     .call = on_ls},
    {.name = "connect.status",
     .http = "GET",
     .route = "/connect/status",
     .summary = "Show all of it, and who asks to be let in",
     .result = "{overlay, entries, exit: {on, to, allow, rate, until, users}, network, "
               "requests: [{peer, what, at, times, next}]}",
     .errors = "",
     .example = "shoal connect status",
     .call = on_status},
    {.name = "connect.rm",
     .http = "DELETE",
     .route = "/connect/entries",
     .flags = METHOD_WRITE,
     .params = rm_params,
     .summary = "End a service, a forward or a proxy; its connections are cut",
     .result = "what it was",
     .errors = "connect.not_found, connect.not_kept",
     .example = "shoal connect rm web",
     .call = on_rm},
    {0},
};
