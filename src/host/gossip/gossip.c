#include "host/gossip/gossip.h"

#include "host/gossip/gossip_in.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

/* --- subscribers ---------------------------------------------------------------------------- */

static struct own *own_find(const struct gossip *g, struct cur topic)
{
    return map_get(g->own, topic.p, topic.n);
}

static void tell_all(struct gossip *g, struct cur topic, bool subscribe)
{
    struct gossip_session *s;
    for (size_t at = 0; (s = map_next(g->sessions, &at, NULL, NULL));)
        gossip_session_sub(s, topic, subscribe);
}

struct gossip_sub *gossip_subscribe(struct gossip *g, const char *topic, gossip_news_cb *cb,
                                    void *arg, struct why *why)
{
    struct own *own = own_find(g, text(topic));
    if (!own) {
        if (gossip_state_join(g->state, text(topic), loop_now_us(g->loop), why) != OK)
            return NULL;
        own = MEM_NEW(struct own);
        own->gossip = g;
        list_init(&own->subs);
        memcpy(own->topic, topic, strlen(topic) + 1); /* join looked at its length */
        map_put(g->own, own->topic, strlen(topic), own);
        tell_all(g, text(topic), true);
    }
    struct gossip_sub *sub = MEM_NEW(struct gossip_sub);
    sub->own = own;
    sub->cb = cb;
    sub->arg = arg;
    list_push(&own->subs, &sub->link);
    return sub;
}

void gossip_unsubscribe(struct gossip_sub *sub)
{
    if (!sub)
        return;
    struct own *own = sub->own;
    struct gossip *g = own->gossip;
    list_drop(&sub->link);
    free(sub);
    if (!list_empty(&own->subs))
        return;
    gossip_state_leave(g->state, text(own->topic), loop_now_us(g->loop));
    tell_all(g, text(own->topic), false);
    map_drop(g->own, own->topic, strlen(own->topic));
    free(own);
}

void gossip_name_by(struct gossip_sub *sub, gossip_namer *namer, void *arg)
{
    gossip_state_namer(sub->own->gossip->state, text(sub->own->topic), namer, arg);
}

/* --- publishing ----------------------------------------------------------------------------- */

/* It must rise, also over restarts: who remembers our last one throws the rest away. */
static uint64_t next_seqno(struct gossip *g)
{
    uint64_t clock_ns = (uint64_t)loop_wall_us(g->loop) * 1000;
    g->seqno = clock_ns > g->seqno ? clock_ns : g->seqno + 1;
    return g->seqno;
}

enum err gossip_publish(struct gossip *g, const char *topic, struct cur data, size_t *peers,
                        struct why *why)
{
    struct cur name = text(topic);
    if (name.n == 0 || name.n > GOSSIP_TOPIC_MAX)
        return why_set(why, ERR_LIMIT, "a topic of %zu bytes, it has 1 to %d", name.n,
                       GOSSIP_TOPIC_MAX);
    if (data.n > GOSSIP_DATA_MAX)
        return why_set(why, ERR_LIMIT, "a message of %zu bytes, the limit is %d", data.n,
                       GOSSIP_DATA_MAX);
    if (!data.p)
        data = cur_of("", 0);
    struct gossip_author self = {.id = *host_id(g->cfg.host), .seqno = next_seqno(g)};
    pubkey_of_ed25519(&self.key, keys_peer_public(g->cfg.keys));
    struct gossip_doubt doubt;
    if (gossip_deliver(g, name, &self, data, &doubt) == GOSSIP_REJECT)
        return why_set(why, ERR_INVALID, "whoever listens to this topic here rejects the message");
    struct buf msg = {0};
    gossip_sign(g->cfg.keys, &self.id, self.seqno, name, data, &msg);
    *peers = gossip_state_publish(g->state, &self, name, data, buf_cur(&msg), loop_now_us(g->loop));
    buf_done(&msg);
    g->stat.said++;
    return OK;
}

/* --- what happens --------------------------------------------------------------------------- */

static void on_act(void *arg, const struct gossip_action *a)
{
    if (a->act == GOSSIP_MEET)
        gossip_meet(arg, a->id, a->record);
    else
        gossip_session_act(gossip_peer_owner(a->to), a);
}

static void on_stream(void *arg, const struct host_stream *hs)
{
    gossip_session_stream(gossip_session_get(arg, hs->peer), hs->conn);
}

static bool speaks(struct gossip *g, const struct peer_id *peer)
{
    for (size_t i = 0; i < GOSSIP_PROTOCOLS; i++)
        if (host_peer_speaks(g->cfg.host, peer, gossip_protocols[i]))
            return true;
    return false;
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct gossip *g = arg;
    struct gossip_session *s;
    switch (ev) {
    case HOST_IDENTIFIED:
        if (speaks(g, peer))
            gossip_session_get(g, peer);
        break;
    case HOST_GONE:
        s = map_get(g->sessions, peer->bytes, peer->len);
        if (s)
            gossip_session_free(s);
        break;
    case HOST_CONNECTED:
    case HOST_ADDRESSES:
        break;
    }
}

static void on_beat(void *arg)
{
    struct gossip *g = arg;
    struct gossip_session *s;
    g->beat = timer_start(g->loop, GOSSIP_BEAT_US, on_beat, g);
    gossip_trials_beat(g);
    gossip_state_beat(g->state, loop_now_us(g->loop));
    for (size_t at = 0; (s = map_next(g->sessions, &at, NULL, NULL));)
        gossip_session_beat(s);
}

/* --- asked ---------------------------------------------------------------------------------- */

void gossip_rate(struct gossip *g, const struct peer_id *peer, double score)
{
    struct gossip_session *s = map_get(g->sessions, peer->bytes, peer->len);
    if (s && gossip_session_peer(s))
        gossip_peer_rate(gossip_session_peer(s), score);
}

struct gossip_stat gossip_stat(const struct gossip *g)
{
    struct gossip_stat st = g->stat;
    const struct gossip_session *s;
    st.topics = map_count(g->own);
    for (size_t at = 0; (s = map_next(g->sessions, &at, NULL, NULL));) {
        st.peers += gossip_session_peer(s) != NULL;
        st.dropped += gossip_session_dropped(s);
    }
    return st;
}

size_t gossip_waiting(const struct gossip *g)
{
    const struct gossip_session *s;
    size_t n = 0;
    for (size_t at = 0; (s = map_next(g->sessions, &at, NULL, NULL));)
        n += gossip_session_waiting(s);
    return n;
}

size_t gossip_listeners(const struct gossip *g, const char *topic, struct peer_id *out, size_t cap)
{
    return gossip_state_listeners(g->state, text(topic), out, cap);
}

size_t gossip_mesh(const struct gossip *g, const char *topic, struct peer_id *out, size_t cap)
{
    return gossip_state_mesh(g->state, text(topic), out, cap);
}

/* --- life ----------------------------------------------------------------------------------- */

struct gossip *gossip_new(const struct gossip_cfg *cfg)
{
    enum { ALREADY_MAX = 1024 };
    struct gossip *g = MEM_NEW(struct gossip);
    g->cfg = *cfg;
    g->loop = host_loop(cfg->host);
    struct gossip_state_cfg sc = {.seed = loop_random_u64(g->loop),
                                  .self = *host_id(cfg->host),
                                  .weights = cfg->lab ? &gossip_weights_lab : &gossip_weights,
                                  .name = gossip_name_peer,
                                  .act = on_act,
                                  .arg = g};
    g->state = gossip_state_new(&sc);
    g->sessions = map_new(loop_random_u64(g->loop));
    g->own = map_new(loop_random_u64(g->loop));
    g->trials_by = map_new(loop_random_u64(g->loop));
    list_init(&g->trials);
    list_init(&g->meets);
    for (size_t i = 0; i < GOSSIP_PROTOCOLS; i++)
        host_handle(cfg->host, &(struct host_protocol){
                                   .name = gossip_protocols[i], .cb = on_stream, .arg = g});
    g->watch = (struct host_watch){.cb = on_host, .arg = g};
    host_watch(cfg->host, &g->watch);
    struct peer_id *already = mem_array(ALREADY_MAX, sizeof *already);
    size_t n = host_peers(cfg->host, already, ALREADY_MAX);
    for (size_t i = 0; i < n; i++)
        on_host(g, HOST_IDENTIFIED, &already[i]);
    free(already);
    g->beat = timer_start(g->loop, GOSSIP_BEAT_US, on_beat, g);
    return g;
}

void gossip_free(struct gossip *g)
{
    struct gossip_session *s;
    struct own *own;
    if (!g)
        return;
    for (size_t i = 0; i < GOSSIP_PROTOCOLS; i++)
        host_ignore(g->cfg.host, gossip_protocols[i]);
    host_unwatch(&g->watch);
    timer_cancel(g->beat);
    gossip_meets_free(g);
    gossip_trials_free(g);
    for (size_t at = 0; (s = map_next(g->sessions, &at, NULL, NULL));)
        gossip_session_free(s);
    for (size_t at = 0; (own = map_next(g->own, &at, NULL, NULL));) {
        LIST_EACH(&own->subs, struct gossip_sub, sub, link)
            free(sub);
        free(own);
    }
    map_free(g->sessions);
    map_free(g->own);
    gossip_state_free(g->state);
    free(g);
}
