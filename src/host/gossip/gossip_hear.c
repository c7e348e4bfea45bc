/* What peers say of topics and messages; messages themselves are gossip_state.c's. */
#include "host/gossip/gossip_state_in.h"

enum { ASK_BYTES_MAX = 32 << 10 }; /* of one IWANT: it fits into an RPC */

static void on_subscribe(struct gossip_state *s, struct gossip_peer *p, struct cur name,
                         uint64_t now_us)
{
    struct topic *t = topic_get(s, name);
    struct tie *tie = tie_get(s, t, p);
    if (tie)
        tie->subscribed = true;
    topic_settle(s, t, now_us);
}

static void on_unsubscribe(struct gossip_state *s, struct gossip_peer *p, struct cur name,
                           uint64_t now_us)
{
    struct topic *t = topic_find(s, name);
    struct tie *tie = t ? tie_find(t, p) : NULL;
    if (!tie)
        return;
    mesh_drop(s, tie, FAREWELL_NONE, 0, now_us);
    tie->subscribed = tie->fanout = false;
    tie_settle(s, tie, now_us);
}

/* Ids are those of messages that we know: so the peer names them. */
static bool known(struct gossip_state *s, struct gossip_peer *p, struct cur id, uint64_t now_us)
{
    return gossip_cache_has(s->cache, id, now_us, &p->form);
}

static void ask(struct gossip_state *s, struct gossip_peer *p, struct buf *ids)
{
    if (buf_len(ids) > 0)
        say_ids(s, p, GOSSIP_IWANT, cur_of(NULL, 0), ids);
    buf_clear(ids);
}

/* It will give us this one, or anything: ids are opaque, and those of a naming that we do not know
 * cannot be told apart.  Who then sends nothing at all only wanted to keep us busy. */
static void promise(struct gossip_peer *p, struct cur id, uint64_t now_us)
{
    if (p->promises++ > 0)
        return;
    p->promised_until_us = now_us + GOSSIP_PROMISE_US;
    buf_clear(&p->promised);
    buf_put(&p->promised, id.p, id.n);
}

static void on_ihave(struct gossip_state *s, struct gossip_peer *p, struct gossip_item *it,
                     uint64_t now_us)
{
    struct topic *t = topic_find(s, it->topic);
    struct buf ids = {0};
    struct cur id;
    bool any = false;
    if (!t || !t->ours || ++p->ihaves > GOSSIP_IHAVES_MAX ||
        gossip_peer_score(s, p, now_us) < GOSSIP_SCORE_GOSSIP)
        return;
    while (p->asked < GOSSIP_ASKED_MAX && gossip_ids_next(it, &id)) {
        p->asked++; /* known ones too: looking is work */
        if (known(s, p, id, now_us))
            continue;
        if (!any)
            promise(p, id, now_us);
        any = true;
        gossip_put_id(&ids, GOSSIP_IWANT, id);
        if (buf_len(&ids) >= ASK_BYTES_MAX)
            ask(s, p, &ids);
    }
    ask(s, p, &ids);
    buf_done(&ids);
}

static void on_iwant(struct gossip_state *s, struct gossip_peer *p, struct gossip_item *it,
                     uint64_t now_us)
{
    struct cur id;
    if (gossip_peer_score(s, p, now_us) < GOSSIP_SCORE_GOSSIP)
        return;
    while (p->iwants < GOSSIP_IWANTS_MAX && gossip_ids_next(it, &id)) {
        p->iwants++;
        if (!known(s, p, id, now_us))
            continue;
        struct gossip_held *m = gossip_cache_ask(s->cache, id, p->number);
        if (m)
            say_message(s, p, m);
    }
}

static void on_dont_want(struct gossip_state *s, struct gossip_peer *p, struct gossip_item *it,
                         uint64_t now_us)
{
    struct cur id;
    while (p->dontwants < GOSSIP_DONTWANT_MAX && gossip_ids_next(it, &id)) {
        known(s, p, id, now_us);
        peer_declines(s, p, id);
    }
}

static void on_graft(struct gossip_state *s, struct gossip_peer *p, struct cur name,
                     uint64_t now_us)
{
    struct topic *t = topic_find(s, name);
    if (!t || !t->ours) /* v1.1 "GRAFT messages for unknown topics are ignored" */
        return;
    struct tie *tie = tie_get(s, t, p);
    if (tie->mesh)
        return;
    if (now_us < tie->backoff_until_us) {
        gossip_peer_blame(p, 1);
        say_prune(s, tie, false, GOSSIP_BACKOFF_US, now_us); /* "and extend it" */
        return;
    }
    bool full = t->mesh_count >= GOSSIP_D_HIGH && !p->cfg.outbound;
    bool bad = gossip_peer_score(s, p, now_us) < 0;
    if (full || bad || p->cfg.version == GOSSIP_FLOODSUB) {
        say_prune(s, tie, full && !bad, GOSSIP_BACKOFF_US, now_us);
        return;
    }
    tie->subscribed = true; /* it would not ask otherwise */
    mesh_add(s, tie, false, now_us);
}

/* v1.1 "PRUNE Backoff and Peer Exchange": only a peer that was useful is believed, and only where
 * the mesh wants more. */
static void meet_others(struct gossip_state *s, const struct topic *t, struct gossip_peer *p,
                        struct gossip_item *it, uint64_t now_us)
{
    struct cur id, record;
    if (!t->ours || t->mesh_count >= GOSSIP_D || gossip_peer_score(s, p, now_us) < GOSSIP_SCORE_PX)
        return;
    for (unsigned n = 0; n < GOSSIP_PX_MAX && gossip_px_next(it, &id, &record); n++)
        say_act(s, &(struct gossip_action){
                       .act = GOSSIP_MEET, .to = p, .topic = t->name, .id = id, .record = record});
}

static void on_prune(struct gossip_state *s, struct gossip_peer *p, struct gossip_item *it,
                     uint64_t now_us)
{
    struct topic *t = topic_find(s, it->topic);
    struct tie *tie = t ? tie_find(t, p) : NULL;
    uint64_t backoff_us = GOSSIP_BACKOFF_US;
    if (!tie)
        return;
    if (it->backoff_s > 0)
        backoff_us = it->backoff_s < GOSSIP_BACKOFF_MAX_US / GOSSIP_BEAT_US
                         ? it->backoff_s * GOSSIP_BEAT_US
                         : GOSSIP_BACKOFF_MAX_US;
    bool first = now_us >= tie->backoff_until_us; /* who leaves the topic may have said so before */
    mesh_drop(s, tie, FAREWELL_NONE, 0, now_us);
    if (now_us + backoff_us > tie->backoff_until_us)
        tie->backoff_until_us = now_us + backoff_us;
    if (first)
        meet_others(s, t, p, it, now_us);
}

void gossip_state_hear(struct gossip_state *s, struct gossip_peer *p, struct gossip_item *it,
                       uint64_t now_us)
{
    switch (it->kind) {
    case GOSSIP_SUBSCRIBE:
        on_subscribe(s, p, it->topic, now_us);
        break;
    case GOSSIP_UNSUBSCRIBE:
        on_unsubscribe(s, p, it->topic, now_us);
        break;
    case GOSSIP_IHAVE:
        on_ihave(s, p, it, now_us);
        break;
    case GOSSIP_IWANT:
        on_iwant(s, p, it, now_us);
        break;
    case GOSSIP_IDONTWANT:
        on_dont_want(s, p, it, now_us);
        break;
    case GOSSIP_GRAFT:
        if (p->grafts++ < GOSSIP_GRAFTS_MAX)
            on_graft(s, p, it->topic, now_us);
        break;
    case GOSSIP_PRUNE: /* always heard: it only takes away */
        on_prune(s, p, it, now_us);
        break;
    case GOSSIP_MESSAGE:
        break;
    }
}
