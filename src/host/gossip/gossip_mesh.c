/* Topics of ours, and the peers of their meshes. */
#include "host/gossip/gossip_state_in.h"

#include <stdlib.h>

void mesh_add(struct gossip_state *s, struct tie *tie, bool tell, uint64_t now_us)
{
    if (tie->mesh)
        return;
    tie->mesh = true;
    tie->fanout = false;
    tie->topic->mesh_count++;
    tie->peer->score_stale = true;
    gossip_mark_mesh(&tie->marks, s->cfg.weights, true, now_us);
    if (tell)
        say_act(s, &(struct gossip_action){
                       .act = GOSSIP_SAY_GRAFT, .to = tie->peer, .topic = tie->topic->name});
}

void mesh_drop(struct gossip_state *s, struct tie *tie, enum farewell how, uint64_t backoff_us,
               uint64_t now_us)
{
    if (!tie->mesh)
        return;
    tie->mesh = false;
    tie->topic->mesh_count--;
    tie->peer->score_stale = true;
    gossip_mark_mesh(&tie->marks, s->cfg.weights, false, now_us);
    if (how != FAREWELL_NONE)
        say_prune(s, tie, how == FAREWELL_PX, backoff_us, now_us);
}

static void fill_mesh(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    size_t n;
    struct tie **ties = ties_pick(s, t, may_be_grafted, now_us, &n);
    for (size_t i = 0; i < n && t->mesh_count < GOSSIP_D; i++)
        mesh_add(s, ties[i], true, now_us);
    free(ties);
}

enum err gossip_state_join(struct gossip_state *s, struct cur topic, uint64_t now_us,
                           struct why *why)
{
    if (topic.n == 0 || topic.n > GOSSIP_TOPIC_MAX)
        return why_set(why, ERR_LIMIT, "a topic of %zu bytes, it has 1 to %d", topic.n,
                       GOSSIP_TOPIC_MAX);
    struct topic *t = topic_find(s, topic);
    if (t && t->ours)
        return OK;
    if (s->ours_count == GOSSIP_TOPICS_MAX)
        return why_set(why, ERR_LIMIT, "more than %d topics", GOSSIP_TOPICS_MAX);
    t = topic_get(s, topic);
    t->ours = true;
    t->fanout_until_us = 0;
    t->improve_at_us = now_us + GOSSIP_IMPROVE_US;
    s->ours_count++;
    LIST_EACH(&t->ties, struct tie, tie, of_topic) { /* the fanout first */
        bool first = tie->fanout && may_be_grafted(s, tie, now_us);
        tie->peer->score_stale = true;
        tie->fanout = false;
        if (first && t->mesh_count < GOSSIP_D)
            mesh_add(s, tie, true, now_us);
    }
    fill_mesh(s, t, now_us);
    return OK;
}

void gossip_state_namer(struct gossip_state *s, struct cur topic, gossip_namer *namer, void *arg)
{
    struct topic *t = topic_find(s, topic);
    if (!t || !t->ours)
        return;
    t->namer = namer;
    t->namer_arg = arg;
}

void gossip_state_leave(struct gossip_state *s, struct cur topic, uint64_t now_us)
{
    struct topic *t = topic_find(s, topic);
    if (!t || !t->ours)
        return;
    LIST_EACH(&t->ties, struct tie, tie, of_topic) {
        mesh_drop(s, tie, FAREWELL_PX, GOSSIP_BACKOFF_LEAVE_US, now_us);
        tie->peer->score_stale = true;
    }
    t->ours = false;
    t->namer = NULL;
    s->ours_count--;
    topic_settle(s, t, now_us);
}

static int by_id(const void *a, const void *b)
{
    return peer_id_cmp(a, b);
}

static size_t list_peers(const struct gossip_state *s, struct cur topic, bool mesh,
                         struct peer_id *out, size_t cap)
{
    const struct topic *t = topic_find(s, topic);
    size_t n = 0, kept = 0;
    if (!t)
        return 0;
    LIST_EACH(&t->ties, struct tie, tie, of_topic)
        if (mesh ? tie->mesh : tie->subscribed) {
            n++;
            if (kept < cap)
                out[kept++] = tie->peer->id;
        }
    if (kept > 0)
        qsort(out, kept, sizeof *out, by_id);
    return n;
}

size_t gossip_state_listeners(const struct gossip_state *s, struct cur topic, struct peer_id *out,
                              size_t cap)
{
    return list_peers(s, topic, false, out, cap);
}

size_t gossip_state_mesh(const struct gossip_state *s, struct cur topic, struct peer_id *out,
                         size_t cap)
{
    return list_peers(s, topic, true, out, cap);
}
