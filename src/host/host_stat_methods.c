/* What the overlay does, and what its peers make us hold. */
#include "host/host_app_in.h"

#include "base/mem.h"

#include <stdlib.h>

enum { PEERS_MAX = 256, PROTOCOLS_MAX = 64 }; /* in one answer */

static json_t *held_json(const struct host_held *h)
{
    return json_pack("{s:I, s:I, s:I}", "in", (json_int_t)h->in, "out", (json_int_t)h->out, "bytes",
                     (json_int_t)h->bytes);
}

static void stat_of_protocols(const struct overlay *o, json_t *to)
{
    struct host_held held[PROTOCOLS_MAX];
    size_t n = host_held_by_protocol(o->host, held, PROTOCOLS_MAX);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *j = held_json(&held[i]);
        json_object_set_new(j, "protocol", json_string(held[i].protocol));
        json_array_append_new(list, j);
    }
    json_object_set_new(to, "by_protocol", list);
}

static void stat_of_peers(const struct overlay *o, json_t *to)
{
    struct peer_id *ids = mem_array(PEERS_MAX, sizeof *ids);
    size_t n = host_peers(o->host, ids, PEERS_MAX);
    json_t *list = json_array();
    struct host_held all = {0};
    for (size_t i = 0; i < n; i++) {
        char id[PEER_ID_FORMAT];
        struct host_held held;
        host_held(o->host, &ids[i], &held);
        json_t *j = held_json(&held);
        json_object_set_new(j, "id", json_string(peer_id_format(&ids[i], id)));
        json_object_set_new(j, "connections", json_integer((json_int_t)held.conns));
        json_array_append_new(list, j);
        all.conns += held.conns;
        all.in += held.in;
        all.out += held.out;
        all.bytes += held.bytes;
    }
    free(ids);
    json_object_set_new(to, "peers", json_integer((json_int_t)n));
    json_object_set_new(to, "connections", json_integer((json_int_t)all.conns));
    json_object_set_new(to, "streams", json_integer((json_int_t)(all.in + all.out)));
    json_object_set_new(to, "held_bytes", json_integer((json_int_t)all.bytes));
    json_object_set_new(to, "by_peer", list);
}

static json_t *addrs_of(const struct overlay *o, enum verdict v)
{
    struct multiaddr at[REACH_ADDRS_MAX];
    char text[MULTIADDR_TEXT];
    json_t *list = json_array();
    size_t n = reach_addrs(o->reach, v, at, REACH_ADDRS_MAX);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(multiaddr_format(&at[i], text)));
    return list;
}

void overlay_on_stat(void *app, struct call *c)
{
    struct overlay *o = app;
    struct reach_stat r;
    reach_stat(o->reach, &r);
    json_t *j = json_pack(
        "{s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I}", "reach",
        verdict_word(r.verdict), "reachable", addrs_of(o, VERDICT_PUBLIC), "unreachable",
        addrs_of(o, VERDICT_PRIVATE), "table", (json_int_t)kad_known(o->tables[TABLE_IPFS]),
        "shoal_table", (json_int_t)kad_known(o->tables[TABLE_SHOAL]), "size",
        (json_int_t)kad_size(o->tables[TABLE_IPFS]), "shoal_size",
        (json_int_t)kad_size(o->tables[TABLE_SHOAL]), "relays", (json_int_t)r.relays, "relaying",
        r.relaying, "reservations", (json_int_t)r.reservations, "circuits", (json_int_t)r.circuits,
        "relayed_bytes", (json_int_t)r.relayed_bytes);
    overlay_gossip_stat(o, j);
    stat_of_peers(o, j);
    stat_of_protocols(o, j);
    call_ok(c, j);
}
