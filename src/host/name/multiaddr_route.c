#include "host/name/multiaddr_proto.h"

#include <string.h>

/* A walk with one part in sight. */
struct walk {
    struct cur rest;
    struct multiaddr_part part; /* the one in sight, if `more` */
    bool more;
};

static void step(struct walk *w)
{
    w->more = multiaddr_next(&w->rest, &w->part);
}

/* Is the part in sight of this kind?  Then it is passed over, and `value`, if not NULL, is its. */
static bool take(struct walk *w, enum multiaddr_code code, struct cur *value)
{
    if (!w->more || w->part.code != code)
        return false;
    if (value)
        *value = w->part.value;
    step(w);
    return true;
}

static enum err unknown_way(const struct walk *w, const char *after, struct why *why)
{
    if (!w->more)
        return why_set(why, ERR_UNSUPPORTED, "%s, and then the address ends", after);
    return why_set(why, ERR_UNSUPPORTED, "%s, then /%s: a way that we do not know", after,
                   ma_proto_of_code(w->part.code)->name);
}

_Static_assert(MA_NAME_MAX < sizeof(((struct multiaddr_route *)0)->host), "a name has room");

static void copy_name(char out[256], struct cur name)
{
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
}

/* An IP address or a name; false: something else. */
static bool take_place(struct walk *w, struct multiaddr_route *out)
{
    static const enum multiaddr_code names[] = {MA_DNS, MA_DNS4, MA_DNS6, MA_DNSADDR};
    struct cur value;
    if (take(w, MA_IP4, &value) || take(w, MA_IP6, &value)) {
        out->addr = addr_of_bytes(value.p, value.n, 0);
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (take(w, names[i], &value)) {
            out->named = names[i];
            copy_name(out->host, value);
            return true;
        }
    return false;
}

/* libp2p/specs websockets, "Addressing": /wss is the short form of /tls/ws; between /tls and /ws a
 * /sni may stand. */
static enum err take_websocket(struct walk *w, struct multiaddr_route *out, struct why *why)
{
    struct cur sni;
    if (take(w, MA_WS, NULL)) {
        out->reach = REACH_WS;
    } else if (take(w, MA_WSS, NULL)) {
        out->reach = REACH_WSS;
    } else if (take(w, MA_TLS, NULL)) {
        if (take(w, MA_SNI, &sni))
            copy_name(out->sni, sni);
        if (!take(w, MA_WS, NULL))
            return unknown_way(w, "/tls", why);
        out->reach = REACH_WSS;
    }
    return OK;
}

/* /tcp/PORT and what is on it, or /udp/PORT/quic-v1. */
static enum err take_transport(struct walk *w, struct multiaddr_route *out, struct why *why)
{
    struct cur port;
    enum err code = OK;
    if (take(w, MA_TCP, &port)) {
        code = take_websocket(w, out, why);
    } else if (take(w, MA_UDP, &port)) {
        if (!take(w, MA_QUIC_V1, NULL))
            return unknown_way(w, "/udp", why);
        out->reach = REACH_QUIC;
    } else {
        /* /dnsaddr may leave it to what the name says */
        return out->named == MA_DNSADDR ? OK : unknown_way(w, "a place", why);
    }
    out->port = cur_be16(&port);
    out->addr.port = out->addr.family != ADDR_NONE ? out->port : 0;
    return code;
}

static bool take_peer(struct walk *w, struct peer_id *id)
{
    struct cur value;
    return take(w, MA_P2P, &value) && peer_id_decode(id, value, NULL) == OK;
}

enum err multiaddr_route(const struct multiaddr *a, struct multiaddr_route *out, struct why *why)
{
    struct walk w = {.rest = cur_of(a->bytes, a->len)};
    *out = (struct multiaddr_route){.reach = REACH_TCP};
    step(&w);
    bool placed = take_place(&w, out);
    if (placed) {
        enum err code = take_transport(&w, out, why);
        if (code != OK)
            return code;
    }
    bool who = take_peer(&w, &out->peer);
    if (!placed && !who)
        return unknown_way(&w, "no place that we know how to reach", why);
    if (take(&w, MA_P2P_CIRCUIT, NULL)) {
        out->relayed = true;
        out->relay = out->peer;
        out->peer = (struct peer_id){0};
        take_peer(&w, &out->peer);
    } else if (!placed) {
        return unknown_way(&w, "it says who, and not where", why);
    }
    return w.more ? unknown_way(&w, out->relayed ? "/p2p-circuit" : "a place", why) : OK;
}
