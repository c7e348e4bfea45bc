/* What a person asks of the private network, and what it looks like. */
#include "tunnel/tun/network.h"

#include "tunnel/tun/ula.h"
#include "tunnel/tunnel_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what there is ---------------------------------------------------------------------------- */

struct listing {
    const struct network *n;
    json_t *list;
};

static json_t *count_json(const struct carrier_count *c)
{
    return json_pack("{s:I, s:I}", "packets", (json_int_t)c->packets, "bytes",
                     (json_int_t)c->bytes);
}

static void list_member(void *arg, const struct mesh_member *m)
{
    struct listing *l = arg;
    struct tunnel *t = l->n->t;
    char id[PEER_ID_FORMAT], name[PEER_ID_FORMAT], address[ADDR_TEXT];
    struct host_peer p = {0};
    bool there = host_connected(t->host, &m->peer) && host_peer(t->host, &m->peer, &p);
    const char *state = m->carrier.why    ? m->carrier.why->text
                        : m->carrier.open ? "in use"
                        : there           ? "ready"
                                          : "away; dialled on use";
    uint64_t rtt_us = m->carrier.rtt_us ? m->carrier.rtt_us : p.rtt_us;
    json_t *latency = there && rtt_us ? json_real((double)rtt_us / 1000) : json_null();
    json_array_append_new(
        l->list,
        json_pack("{s:s, s:s, s:s, s:s, s:s?, s:o, s:o, s:o, s:I, s:I, s:I}", "peer",
                  peer_id_format(&m->peer, id), "name", tunnel_name(t, &m->peer, name), "address",
                  ula_format(m->ula, address), "state", state, "path", there ? p.path : NULL,
                  "latency_ms", latency, "sent", count_json(&m->carrier.sent), "received",
                  count_json(&m->carrier.received), "dropped", (json_int_t)m->carrier.dropped,
                  "refused", (json_int_t)m->refused, "forged", (json_int_t)m->forged));
}

json_t *network_json(const struct network *n)
{
    uint8_t ula[IP_LEN];
    char address[ADDR_TEXT];
    struct listing l = {.n = n, .list = json_array()};
    if (!n->t) {
        json_decref(l.list);
        return json_pack("{s:b}", "on", 0);
    }
    ula_of_peer(host_id(n->t->host), ula);
    if (n->mesh)
        mesh_each(n->mesh, list_member, &l);
    const char *state = !n->on              ? "off"
                        : n->name[0]        ? "up"
                        : n->why.code != OK ? n->why.text
                                            : "coming up";
    return json_pack("{s:b, s:s, s:s, s:s?, s:o, s:o, s:o}", "on", n->on, "state", state, "address",
                     ula_format(ula, address), "interface", n->name[0] ? n->name : NULL, "to",
                     tunnel_peers_json(&n->to), "allowed", network_grants_json(n), "peers", l.list);
}

/* --- on and off ------------------------------------------------------------------------------- */

void network_on_switch(void *app, struct call *c)
{
    struct tunnel *t = app;
    struct peers to = {0};
    struct why why;
    if (!tunnel_is_on(t, c) || !tunnel_peers(t, c, &to))
        return;
    if (strcmp(call_text(c, "state"), "on") == 0) {
        network_on(&t->network, &to, c);
        return;
    }
    network_off(&t->network);
    if (network_keep_off(&t->network, &why) != OK)
        call_fail(c, "connect.not_kept", &why, "it is off now, and would be on after a restart");
    else
        call_ok(c, network_json(&t->network));
}

/* --- ports ------------------------------------------------------------------------------------ */

/* "8080", "8000-8010", "53/udp". */
static bool read_ports(const char *text, struct wall_grant *g)
{
    char *end;
    unsigned long first = strtoul(text, &end, 10), last = first;
    if (*text < '0' || *text > '9')
        return false;
    if (*end == '-' && end[1] >= '0' && end[1] <= '9')
        last = strtoul(end + 1, &end, 10);
    g->kind = strcmp(end, "/udp") == 0 ? IP_UDP : IP_TCP;
    g->first = (uint16_t)first;
    g->last = (uint16_t)last;
    return (*end == 0 || strcmp(end, "/tcp") == 0 || g->kind == IP_UDP) && first > 0 &&
           first <= last && last <= UINT16_MAX;
}

enum { PORTS_MAX = 64 }; /* in one command */

/* False: the call was answered. */
static bool read_grants(struct tunnel *t, struct call *c, struct peer_id *peer,
                        struct wall_grant *out, size_t *count)
{
    size_t i;
    const json_t *one;
    *count = 0;
    if (!tunnel_is_on(t, c) || !tunnel_peer(t, c, call_text(c, "peer"), peer))
        return false;
    if (json_array_size(call_array(c, "port")) > PORTS_MAX) {
        call_failf(c, CALL_USAGE, ERR_INVALID, NULL, "at most %d ports at once", PORTS_MAX);
        return false;
    }
    json_array_foreach(call_array(c, "port"), i, one) {
        struct wall_grant *g = &out[(*count)++];
        if (!read_ports(json_string_value(one), g)) {
            call_failf(c, CALL_USAGE, ERR_INVALID, NULL,
                       "\"%.40s\" is no port: 8080, 8000-8010, 53/udp", json_string_value(one));
            return false;
        }
        ula_of_peer(peer, g->peer);
    }
    return true;
}

void network_on_allow(void *app, struct call *c)
{
    struct tunnel *t = app;
    struct network *n = &t->network;
    struct wall_grant grants[PORTS_MAX];
    struct peer_id peer;
    struct why why;
    size_t count;
    if (!read_grants(t, c, &peer, grants, &count))
        return;
    for (size_t i = 0; i < count; i++) {
        if (wall_grant(n->wall, &grants[i], &why) != OK) {
            call_fail(c, "connect.too_many", &why, "a range of ports is one");
            return;
        }
        if (network_keep_grant(n, &peer, &grants[i], &why) != OK) {
            call_fail(c, "connect.not_kept", &why, NULL);
            return;
        }
    }
    call_ok(c, network_json(n));
}

void network_on_deny(void *app, struct call *c)
{
    struct tunnel *t = app;
    struct network *n = &t->network;
    struct wall_grant grants[PORTS_MAX];
    struct peer_id peer;
    struct why why;
    size_t count;
    if (!read_grants(t, c, &peer, grants, &count))
        return;
    if (count == 0) { /* all of them */
        grants[0] = (struct wall_grant){.kind = IP_TCP, .first = 1, .last = UINT16_MAX};
        ula_of_peer(&peer, grants[0].peer);
        grants[1] = grants[0];
        grants[1].kind = IP_UDP;
        count = 2;
    }
    for (size_t i = 0; i < count; i++) {
        wall_revoke(n->wall, &grants[i]); /* first of all */
        if (network_keep_revoked(n, &peer, &grants[i], &why) != OK) {
            call_fail(c, "connect.not_kept", &why, "it is taken back until a restart");
            return;
        }
    }
    call_ok(c, network_json(n));
}

/* --- parameters ------------------------------------------------------------------------------- */

const struct param network_params[] = {
    {.name = "state",
     .type = PARAM_CHOICE,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .choices = "on|off",
     .help = "on: for those that --to names, in place of those before; off: at once"},
    {.name = "to",
     .type = PARAM_TEXT,
     .flags = PARAM_MANY,
     .unit = "PEER",
     .max = 128,
     .help = "With this peer; again for more; without it, with all that are trusted"},
    {0},
};

const struct param network_allow_params[] = {
    {.name = "peer",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 128,
     .help = "Who may connect"},
    {.name = "port",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_MANY,
     .max = 32,
     .help = "To which ports of this machine: 8080, 8000-8010, 53/udp"},
    {0},
};

const struct param network_deny_params[] = {
    {.name = "peer",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 128,
     .help = "Who may not any more"},
    {.name = "port",
     .type = PARAM_TEXT,
     .flags = PARAM_POSITIONAL | PARAM_MANY,
     .max = 32,
     .help = "To which ports, as they were allowed, or a range around them; none: all"},
    {0},
};
