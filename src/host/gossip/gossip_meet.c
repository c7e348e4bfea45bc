/* Peers that others name, in PRUNE; and how we name those whom we know. */
#include "host/gossip/gossip_in.h"

#include "base/mem.h"
#include "host/name/envelope.h"

#include <stdlib.h>

/* A dial to one that was named. */
struct meet {
    struct link link; /* in gossip.meets */
    struct gossip *gossip;
    struct host_dial *dial;
};

static void meet_free(struct meet *m)
{
    list_drop(&m->link);
    m->gossip->meet_count--;
    host_dial_cancel(m->dial);
    free(m);
}

static void on_dialled(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct meet *m = arg;
    (void)peer;
    (void)why;
    m->dial = NULL;
    meet_free(m);
}

/* Where it says that it is; only what anybody in the world may be asked to dial. */
static size_t places(const struct gossip *g, const struct peer_record *r, struct multiaddr *out)
{
    struct multiaddr_route way;
    size_t n = 0;
    for (size_t i = 0; i < r->count && n < HOST_ADDRS_MAX; i++)
        if (multiaddr_route(&r->addrs[i], &way, NULL) == OK && !way.relayed &&
            addr_is_dialable(&way.addr) &&
            (g->cfg.lab || !(addr_is_private(&way.addr) || addr_is_loopback(&way.addr))))
            out[n++] = r->addrs[i];
    return n;
}

/* One more in this minute?  Who is believed could still name ever others. */
static bool may_meet(struct gossip *g)
{
    uint64_t minute = loop_now_us(g->loop) / (60 * SEC);
    if (minute != g->meet_minute)
        g->meets_begun = 0;
    g->meet_minute = minute;
    return g->meet_count < GOSSIP_MEETS_MAX && g->meets_begun < GOSSIP_MEETS_MINUTE;
}

void gossip_meet(struct gossip *g, struct cur id, struct cur record)
{
    struct peer_id who;
    struct peer_record r;
    struct multiaddr at[HOST_ADDRS_MAX];
    size_t n = 0;
    if (!may_meet(g) || peer_id_decode(&who, id, NULL) != OK ||
        peer_id_equal(&who, host_id(g->cfg.host)) || host_connected(g->cfg.host, &who))
        return;
    if (record.n > 0) { /* without it: by the addresses that we know, if we do */
        if (record.n > ENVELOPE_MAX || peer_record_open(&r, record, NULL) != OK ||
            !peer_id_equal(&r.peer, &who))
            return;
        n = places(g, &r, at);
    }
    g->meets_begun++;
    struct meet *m = MEM_NEW(struct meet);
    m->gossip = g;
    list_push(&g->meets, &m->link);
    g->meet_count++;
    m->dial = host_dial_unasked(g->cfg.host, &who, at, n, on_dialled, m);
}

void gossip_meets_free(struct gossip *g)
{
    LIST_EACH(&g->meets, struct meet, m, link)
        meet_free(m);
}

void gossip_name_peer(void *arg, const struct peer_id *peer, struct buf *peers)
{
    const struct gossip *g = arg;
    struct host_peer about;
    if (host_peer(g->cfg.host, peer, &about) && about.record.n > 0)
        gossip_put_px(peers, cur_of(peer->bytes, peer->len), about.record);
}
