/* QUIC of the host: the ears that are UDP sockets, and those that we dial from. */
#include "host/host_quic.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/quic/quic.h"

static bool on_welcome(void *arg, const struct addr *from)
{
    return host_welcomes(arg, from);
}

static void on_came(void *arg, struct mux *m, const struct peer_id *peer)
{
    connection_new_muxed(arg, m, peer,
                         &(struct way){.path = PATH_DIRECT, .reach = REACH_QUIC, .inbound = true});
}

/* The certificate is made when it is needed first. */
static const struct quic_self *self(struct host *h, struct why *why)
{
    if (!h->quic_self)
        h->quic_self = quic_self_new(h->loop, h->cfg.keys, why);
    return h->quic_self;
}

enum err host_quic_listen(struct host *h, struct ear *ear, const struct addr *at, struct why *why)
{
    static const struct quic_events events = {on_welcome, on_came};
    const struct quic_self *who = self(h, why);
    ear->quic = who ? quic_open(who, at, &events, h, why) : NULL;
    if (!ear->quic)
        return ERR_IO;
    ear->at = quic_addr(ear->quic);
    return OK;
}

static struct quic *socket_to(struct host *h, bool v6, struct why *why)
{
    static const uint8_t any[16];
    struct addr at = addr_of_bytes(any, v6 ? 16 : 4, 0);
    const struct quic_self *who = self(h, why);
    return who ? quic_open(who, &at, NULL, NULL, why) : NULL;
}

/* One that we listen on, so that a router has one hole for both; else one of its own. */
static struct quic *socket_for(struct host *h, const struct addr *to, struct why *why)
{
    bool v6 = to->family == ADDR_V6;
    if (loop_proxy(h->loop)) {
        why_set(why, ERR_UNSUPPORTED, "QUIC does not go through a proxy");
        return NULL;
    }
    for (size_t i = 0; i < h->ear_count; i++) {
        const struct ear *ear = &h->ears[i];
        if (ear->quic && ear->at.family == to->family &&
            (addr_is_any(&ear->at) || addr_is_loopback(&ear->at) == addr_is_loopback(to)))
            return ear->quic;
    }
    if (!h->quic_out[v6])
        h->quic_out[v6] = socket_to(h, v6, why);
    return h->quic_out[v6];
}

struct quic_conn *host_quic_dial(struct host *h, const struct addr *to,
                                 const struct peer_id *expected, quic_made_cb *cb, void *arg,
                                 struct why *why)
{
    struct quic *q = socket_for(h, to, why);
    return q ? quic_dial(q, to, expected, cb, arg) : NULL;
}

struct quic_conn *host_quic_dial_afresh(struct host *h, const struct addr *to,
                                        const struct peer_id *expected, quic_made_cb *cb, void *arg,
                                        struct quic **socket, struct why *why)
{
    *socket = socket_to(h, to->family == ADDR_V6, why);
    return *socket ? quic_dial(*socket, to, expected, cb, arg) : NULL;
}

size_t host_quic_half_open(const struct host *h, const struct addr *from)
{
    size_t n = 0;
    for (size_t i = 0; i < h->ear_count; i++)
        if (h->ears[i].quic)
            n += quic_half_open(h->ears[i].quic, from);
    return n;
}

void host_quic_forget(struct host *h)
{
    for (size_t i = 0; i < 2; i++) {
        quic_close(h->quic_out[i]);
        h->quic_out[i] = NULL;
    }
}

void host_quic_done(struct host *h)
{
    for (size_t i = 0; i < h->ear_count; i++)
        quic_close(h->ears[i].quic);
    host_quic_forget(h);
    quic_self_free(h->quic_self);
}
