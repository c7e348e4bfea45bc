/* Who is there, who was, and what is thought of them. */
#include "host/gossip/gossip_state_in.h"

#include "base/mem.h"

#include <stdlib.h>

/* P6: how many share its address. */
static void count_neighbours(struct gossip_state *s)
{
    LIST_EACH(&s->peers, struct gossip_peer, p, link) {
        p->conduct.same_address = 0;
        LIST_EACH(&s->peers, struct gossip_peer, q, link)
            p->conduct.same_address += addr_same_ip(&p->cfg.ip, &q->cfg.ip);
        p->score_stale = true;
    }
}

struct gossip_peer *gossip_peer_here(struct gossip_state *s, const struct gossip_peer_cfg *cfg,
                                     uint64_t now_us)
{
    struct gossip_peer *p = map_get(s->by_id, cfg->id.bytes, cfg->id.len);
    if (p && p->here)
        gossip_peer_gone(s, p, now_us);
    p = map_get(s->by_id, cfg->id.bytes, cfg->id.len);
    if (p) {
        list_drop(&p->link);
        s->gone_count--;
    } else {
        p = MEM_NEW(struct gossip_peer);
        p->id = cfg->id;
        p->number = ++s->numbers;
        list_init(&p->ties);
        map_put(s->by_id, p->id.bytes, p->id.len, p);
    }
    p->cfg = *cfg;
    p->form = cfg->form;
    p->here = true;
    p->dont_want = map_new(s->cfg.seed);
    list_push(&s->peers, &p->link);
    count_neighbours(s);
    return p;
}

void peer_free(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us)
{
    LIST_EACH(&p->ties, struct tie, tie, of_peer)
        tie_free(s, tie, now_us);
    s->gone_count -= !p->here;
    map_drop(s->by_id, p->id.bytes, p->id.len);
    list_drop(&p->link);
    map_free(p->dont_want);
    buf_done(&p->promised);
    free(p);
}

void peer_gone_settle(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us)
{
    LIST_EACH(&p->ties, struct tie, tie, of_peer)
        tie_settle(s, tie, now_us);
    if (list_empty(&p->ties) && p->conduct.penalty == 0)
        peer_free(s, p, now_us);
}

void gossip_peer_gone(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us)
{
    LIST_EACH(&p->ties, struct tie, tie, of_peer) {
        mesh_drop(s, tie, FAREWELL_NONE, 0, now_us);
        tie->subscribed = tie->fanout = false;
        gossip_marks_gone(&tie->marks);
    }
    map_free(p->dont_want);
    p->dont_want = NULL;
    buf_done(&p->promised);
    p->promises = 0;
    p->here = false;
    p->cfg.owner = NULL;
    p->score_stale = true;
    list_drop(&p->link);
    list_push(&s->gone, &p->link);
    s->gone_count++;
    peer_gone_settle(s, p, now_us);
    if (s->gone_count > GOSSIP_GONE_MAX)
        peer_free(s, LIST_FIRST(&s->gone, struct gossip_peer, link), now_us);
    count_neighbours(s);
}

void gossip_peer_again(struct gossip_state *s, struct gossip_peer *p, enum gossip_version v,
                       uint64_t now_us)
{
    p->cfg.version = v;
    LIST_EACH(&p->ties, struct tie, tie, of_peer)
        mesh_drop(s, tie, FAREWELL_NONE, 0, now_us);
}

size_t gossip_peer_meshes(const struct gossip_peer *p)
{
    size_t n = 0;
    LIST_EACH(&p->ties, struct tie, tie, of_peer)
        n += tie->mesh;
    return n;
}

void *gossip_peer_owner(const struct gossip_peer *p)
{
    return p->cfg.owner;
}

const struct peer_id *gossip_peer_id(const struct gossip_peer *p)
{
    return &p->id;
}

double gossip_peer_score(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us)
{
    double topics = 0;
    if (!p->score_stale)
        return p->score;
    LIST_EACH(&p->ties, struct tie, tie, of_peer)
        if (tie->topic->ours || !p->here)
            topics += gossip_topic_score(&tie->marks, s->cfg.weights, now_us);
    p->score = gossip_score(topics, &p->conduct, s->cfg.weights);
    p->score_stale = false;
    return p->score;
}

void gossip_peer_rate(struct gossip_peer *p, double app)
{
    p->conduct.app = app;
    p->score_stale = true;
}

bool gossip_peer_heard(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us)
{
    return gossip_peer_score(s, p, now_us) >= GOSSIP_SCORE_GRAYLIST;
}

void gossip_peer_blame(struct gossip_peer *p, double n)
{
    gossip_penalty(&p->conduct, n);
    p->score_stale = true;
}

size_t gossip_peer_declined(const struct gossip_peer *p)
{
    return map_count(p->dont_want);
}

bool gossip_peer_wants(const struct gossip_state *s, const struct gossip_peer *p,
                       const struct gossip_held *m, uint64_t now_us)
{
    if (now_us - m->at_us > GOSSIP_STALE_US)
        return false;
    if (map_count(p->dont_want) == 0)
        return true;
    for (int f = 0; f < GOSSIP_FORMS; f++) {
        uint64_t h = id_hash(s, m->names[f]);
        if (m->names[f].n > 0 && map_get(p->dont_want, &h, sizeof h))
            return false;
    }
    return true;
}

void peer_declines(struct gossip_state *s, struct gossip_peer *p, struct cur id)
{
    uint64_t h = id_hash(s, id);
    p->dontwants++;
    if (!map_get(p->dont_want, &h, sizeof h)) /* one that is said again does not move back */
        map_put(p->dont_want, &h, sizeof h, (void *)(uintptr_t)(s->beats + 1));
}

void gossip_peer_waits(struct gossip_peer *p, bool backlog)
{
    p->backlog = backlog;
}
