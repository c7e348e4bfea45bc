#include "host/gossip/gossip_state.h"

#include "host/gossip/gossip_state_in.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* --- chance --------------------------------------------------------------------------------- */

static uint64_t chance(struct gossip_state *s)
{
    s->chance++;
    return map_hash(s->cfg.seed, &s->chance, sizeof s->chance);
}

uint64_t id_hash(const struct gossip_state *s, struct cur id)
{
    return map_hash(s->cfg.seed, id.p, id.n);
}

void ties_shuffle(struct gossip_state *s, struct tie **ties, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t at = (size_t)(chance(s) % i);
        struct tie *t = ties[i - 1];
        ties[i - 1] = ties[at];
        ties[at] = t;
    }
}

struct tie **ties_pick(struct gossip_state *s, struct topic *t, tie_test *test, uint64_t now_us,
                       size_t *n)
{
    struct tie **out = mem_array(t->tie_count + 1, sizeof *out);
    *n = 0;
    LIST_EACH(&t->ties, struct tie, tie, of_topic)
        if (tie->peer->here && test(s, tie, now_us))
            out[(*n)++] = tie;
    ties_shuffle(s, out, *n);
    return out;
}

bool may_be_grafted(struct gossip_state *s, const struct tie *tie, uint64_t now_us)
{
    return tie->subscribed && !tie->mesh && tie->peer->cfg.version != GOSSIP_FLOODSUB &&
           (tie->backoff_until_us == 0 || now_us >= tie->backoff_until_us + GOSSIP_SLACK_US) &&
           gossip_peer_score(s, tie->peer, now_us) >= 0;
}

bool may_be_told(struct gossip_state *s, const struct tie *tie, uint64_t now_us)
{
    return tie->subscribed && !tie->mesh && !tie->fanout &&
           tie->peer->cfg.version != GOSSIP_FLOODSUB &&
           gossip_peer_score(s, tie->peer, now_us) >= GOSSIP_SCORE_GOSSIP;
}

bool may_be_given(struct gossip_state *s, const struct tie *tie, uint64_t now_us)
{
    return tie->subscribed && gossip_peer_score(s, tie->peer, now_us) >= GOSSIP_SCORE_PUBLISH;
}

bool may_be_named(struct gossip_state *s, const struct tie *tie, uint64_t now_us)
{
    return tie->subscribed && gossip_peer_score(s, tie->peer, now_us) >= 0;
}

/* --- topics and ties ------------------------------------------------------------------------ */

struct topic *topic_find(const struct gossip_state *s, struct cur name)
{
    return map_get(s->by_name, name.p, name.n);
}

struct topic *topic_get(struct gossip_state *s, struct cur name)
{
    struct topic *t = topic_find(s, name);
    if (t)
        return t;
    t = mem_zalloc(sizeof *t + name.n);
    list_init(&t->ties);
    if (name.n > 0)
        memcpy(t->bytes, name.p, name.n);
    t->name = cur_of(t->bytes, name.n);
    list_push(&s->topics, &t->link);
    map_put(s->by_name, t->name.p, t->name.n, t);
    return t;
}

void topic_settle(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    if (t->ours || !list_empty(&t->ties) || now_us < t->fanout_until_us)
        return;
    map_drop(s->by_name, t->name.p, t->name.n);
    list_drop(&t->link);
    free(t);
}

struct tie *tie_find(const struct topic *t, const struct gossip_peer *p)
{
    if (p->tie_count < t->tie_count) {
        LIST_EACH(&p->ties, struct tie, tie, of_peer)
            if (tie->topic == t)
                return tie;
        return NULL;
    }
    LIST_EACH(&t->ties, struct tie, tie, of_topic)
        if (tie->peer == p)
            return tie;
    return NULL;
}

struct tie *tie_get(struct gossip_state *s, struct topic *t, struct gossip_peer *p)
{
    struct tie *tie = tie_find(t, p);
    (void)s;
    if (tie || (p->tie_count >= GOSSIP_PEER_TOPICS_MAX && !t->ours))
        return tie;
    tie = MEM_NEW(struct tie);
    tie->topic = t;
    tie->peer = p;
    list_push(&t->ties, &tie->of_topic);
    list_push(&p->ties, &tie->of_peer);
    t->tie_count++;
    p->tie_count++;
    return tie;
}

void tie_free(struct gossip_state *s, struct tie *tie, uint64_t now_us)
{
    struct topic *t = tie->topic;
    t->tie_count--;
    t->mesh_count -= tie->mesh;
    tie->peer->tie_count--;
    list_drop(&tie->of_topic);
    list_drop(&tie->of_peer);
    free(tie);
    topic_settle(s, t, now_us);
}

void tie_settle(struct gossip_state *s, struct tie *tie, uint64_t now_us)
{
    if (!tie->subscribed && !tie->mesh && !tie->fanout && gossip_marks_empty(&tie->marks) &&
        (tie->backoff_until_us == 0 || now_us >= tie->backoff_until_us + GOSSIP_SLACK_US))
        tie_free(s, tie, now_us);
}

/* --- saying --------------------------------------------------------------------------------- */

void say_act(struct gossip_state *s, const struct gossip_action *a)
{
    if (a->to->here)
        s->cfg.act(s->cfg.arg, a);
}

void say_message(struct gossip_state *s, struct gossip_peer *to, struct gossip_held *m)
{
    say_act(s, &(struct gossip_action){
                   .act = GOSSIP_SAY_MESSAGE, .to = to, .topic = m->topic, .message = m});
}

void say_ids(struct gossip_state *s, struct gossip_peer *to, enum gossip_item_kind kind,
             struct cur topic, const struct buf *ids)
{
    say_act(s, &(struct gossip_action){
                   .act = GOSSIP_SAY_IDS, .to = to, .topic = topic, .kind = kind, .ids = ids});
}

static void name_others(struct gossip_state *s, const struct tie *but, uint64_t now_us,
                        struct buf *peers)
{
    size_t n;
    struct tie **ties = ties_pick(s, but->topic, may_be_named, now_us, &n);
    for (size_t i = 0, named = 0; i < n && named < GOSSIP_PX_MAX; i++)
        if (ties[i] != but) {
            s->cfg.name(s->cfg.arg, &ties[i]->peer->id, peers);
            named++;
        }
    free(ties);
}

void say_prune(struct gossip_state *s, struct tie *tie, bool px, uint64_t backoff_us,
               uint64_t now_us)
{
    struct buf peers = {0};
    if (now_us + backoff_us > tie->backoff_until_us)
        tie->backoff_until_us = now_us + backoff_us;
    if (px && s->cfg.name && tie->peer->cfg.version >= GOSSIP_V11)
        name_others(s, tie, now_us, &peers);
    say_act(s, &(struct gossip_action){.act = GOSSIP_SAY_PRUNE,
                                       .to = tie->peer,
                                       .topic = tie->topic->name,
                                       .backoff_s = backoff_us / GOSSIP_BEAT_US,
                                       .peers = &peers});
    buf_done(&peers);
}

/* --- life ----------------------------------------------------------------------------------- */

struct gossip_state *gossip_state_new(const struct gossip_state_cfg *cfg)
{
    struct gossip_state *s = MEM_NEW(struct gossip_state);
    s->cfg = *cfg;
    s->cache = gossip_cache_new(cfg->seed);
    s->by_id = map_new(cfg->seed);
    s->by_name = map_new(cfg->seed);
    list_init(&s->peers);
    list_init(&s->gone);
    list_init(&s->topics);
    return s;
}

void gossip_state_free(struct gossip_state *s)
{
    if (!s)
        return;
    LIST_EACH(&s->peers, struct gossip_peer, p, link)
        peer_free(s, p, 0);
    LIST_EACH(&s->gone, struct gossip_peer, p, link)
        peer_free(s, p, 0);
    LIST_EACH(&s->topics, struct topic, t, link) {
        t->ours = false;
        topic_settle(s, t, UINT64_MAX);
    }
    map_free(s->by_id);
    map_free(s->by_name);
    gossip_cache_free(s->cache);
    free(s);
}

struct gossip_size gossip_state_size(const struct gossip_state *s)
{
    struct gossip_size z = {
        .gone = s->gone_count, .peers = map_count(s->by_id), .topics = map_count(s->by_name)};
    LIST_EACH(&s->topics, struct topic, t, link)
        z.ties += t->tie_count;
    return z;
}
