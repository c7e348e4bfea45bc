/* What there is, as the API has it. */
#include "tunnel/tunnel_in.h"

#include "base/text.h"

#include <stdio.h>

static json_t *peer_text(const struct peer_id *peer)
{
    char id[PEER_ID_FORMAT];
    return json_string(peer_id_format(peer, id));
}

json_t *tunnel_peers_json(const struct peers *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->count; i++)
        json_array_append_new(list, peer_text(&p->ids[i]));
    return list;
}

/* "127.0.0.1:5353/udp" */
enum { PLACE_TEXT = ADDR_TEXT + 4 };
static const char *place_text(const struct addr *at, bool udp, char text[PLACE_TEXT])
{
    char addr[ADDR_TEXT];
    snprintf(text, PLACE_TEXT, "%s%s", addr_format(at, addr), udp ? "/udp" : "");
    return text;
}

json_t *service_json(const struct tunnel *t, const struct service *s)
{
    char at[PLACE_TEXT];
    (void)t;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:I, s:I}", "id", s->name, "kind",
                     "service", "name", s->name, "protocol", s->udp ? "udp" : "tcp", "at",
                     place_text(&s->at, s->udp, at), "to", tunnel_peers_json(&s->to), "state",
                     s->to.count > 0 ? "offered to those named" : "offered to the trusted",
                     "connections", (json_int_t)s->connections, "served", (json_int_t)s->served);
}

/* "direct", "hole-punched", "relayed"; "": it is not connected. */
static const char *path_to(const struct tunnel *t, const struct peer_id *peer)
{
    struct host_peer p;
    return t->host && peer->len > 0 && host_peer(t->host, peer, &p) ? p.path : "";
}

json_t *forward_json(const struct tunnel *t, const struct forward *f)
{
    char at[PLACE_TEXT], id[FORWARD_ID], name[PEER_ID_FORMAT], what[2 * PEER_ID_FORMAT + 2];
    struct addr here = addr_v4(127, 0, 0, 1, f->port);
    const char *state = f->why.code != OK                   ? f->why.text
                        : host_connected(t->host, &f->peer) ? "ready"
                                                            : "ready; the peer is dialled on use";
    snprintf(what, sizeof what, "%s/%s", tunnel_name(t, &f->peer, name), f->service);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:i, s:s, s:s, s:I}", "id",
                     forward_id(f, id), "kind", "forward", "name", what, "protocol",
                     f->udp ? "udp" : "tcp", "at", place_text(&here, f->udp, at), "peer",
                     peer_text(&f->peer), "service", f->service, "port", (int)f->port, "state",
                     state, "path", path_to(t, &f->peer), "connections",
                     (json_int_t)f->caller_count);
}

json_t *socksd_json(const struct tunnel *t, const struct socksd *p)
{
    char at[ADDR_TEXT], name[PEER_ID_FORMAT] = "any trusted exit";
    if (p->via.len > 0)
        tunnel_name(t, &p->via, name);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:I}", "id", addr_format(&p->at, at),
                     "kind", "socks", "name", name, "at", at, "via",
                     p->via.len > 0 ? peer_text(&p->via) : json_null(), "state",
                     p->why.code != OK ? p->why.text : "ready", "path", path_to(t, &p->via),
                     "connections", (json_int_t)p->client_count);
}

static json_t *users_json(const struct tunnel *t)
{
    json_t *list = json_array();
    LIST_EACH(&t->exits.users, struct exit_user, u, link) {
        char name[PEER_ID_FORMAT];
        json_t *left = u->left == UINT64_MAX ? json_null() : json_integer((json_int_t)u->left);
        json_array_append_new(list, json_pack("{s:o, s:s, s:I, s:o}", "peer", peer_text(&u->peer),
                                              "name", tunnel_name(t, &u->peer, name), "connections",
                                              (json_int_t)u->connections, "left", left));
    }
    return list;
}

json_t *exit_json(const struct tunnel *t)
{
    const struct exits *e = &t->exits;
    json_t *rules = json_array();
    char text[EXIT_RULE_TEXT];
    if (!e->on) {
        json_decref(rules);
        return json_pack("{s:b}", "on", 0);
    }
    for (size_t i = 0; i < e->policy.rule_count; i++)
        json_array_append_new(rules, json_string(exit_rule_format(&e->policy.rules[i], text)));
    return json_pack("{s:b, s:o, s:o, s:I, s:s, s:I, s:o}", "on", 1, "to",
                     tunnel_peers_json(&e->to), "allow", rules, "rate", (json_int_t)e->rate,
                     "until", text_rfc3339(e->until_us).s, "connections",
                     (json_int_t)e->connections, "users", users_json(t));
}

json_t *requests_json(const struct tunnel *t)
{
    json_t *list = json_array();
    LIST_EACH(&t->requests, struct request, r, link) {
        char next[PEER_ID_FORMAT + 32], id[PEER_ID_FORMAT];
        if (!request_is_open(t, r))
            continue;
        snprintf(next, sizeof next, "shoal peer trust %s", peer_id_format(&r->peer, id));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:s}", "peer", id, "what",
                                              r->what, "at", text_rfc3339(r->at_us).s, "times",
                                              (json_int_t)r->times, "next", next));
    }
    return list;
}

json_t *tunnel_rows(const struct tunnel *t)
{
    json_t *list = json_array();
    LIST_EACH(&t->services, struct service, s, link)
        json_array_append_new(list, service_json(t, s));
    LIST_EACH(&t->forwards, struct forward, f, link)
        json_array_append_new(list, forward_json(t, f));
    LIST_EACH(&t->socksds, struct socksd, p, link)
        json_array_append_new(list, socksd_json(t, p));
    return list;
}

json_t *tunnel_status(const struct tunnel *t)
{
    return json_pack("{s:b, s:o, s:o, s:o, s:o}", "overlay", t->host != NULL, "entries",
                     tunnel_rows(t), "exit", exit_json(t), "network", network_json(&t->network),
                     "requests", requests_json(t));
}
