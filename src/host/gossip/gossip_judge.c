/* What subscribers think of a message; some say it later. */
#include "host/gossip/gossip_in.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>

/* A message that is being judged. */
struct trial {
    struct link link; /* in gossip.trials, oldest first */
    uint64_t ticket, until_us;
    struct peer_id from;
    struct gossip_held *held;
    unsigned open; /* subscribers who have not said yet */
    enum gossip_verdict so_far;
};

static enum gossip_verdict harsher(enum gossip_verdict a, enum gossip_verdict b)
{
    return b == GOSSIP_REJECT || a == GOSSIP_ACCEPT ? b : a;
}

enum gossip_verdict gossip_deliver(struct gossip *g, struct cur topic,
                                   const struct gossip_author *author, struct cur data,
                                   struct gossip_doubt *doubt)
{
    struct own *own = map_get(g->own, topic.p, topic.n);
    *doubt = (struct gossip_doubt){.ticket = ++g->tickets, .so_far = GOSSIP_ACCEPT};
    if (!own)
        return GOSSIP_ACCEPT;
    struct gossip_news n = {.topic = own->topic,
                            .from = &author->id,
                            .seqno = author->seqno,
                            .data = data,
                            .ticket = doubt->ticket};
    bool last = false;
    for (struct link *l = own->subs.next; !last;) {
        struct gossip_sub *sub = LIST_OF(l, struct gossip_sub, link);
        l = l->next;
        last = l == &own->subs; /* read now: it may unsubscribe, and the topic be no more */
        enum gossip_verdict v = sub->cb(sub->arg, &n);
        if (v == GOSSIP_LATER)
            doubt->open++;
        else
            doubt->so_far = harsher(doubt->so_far, v);
    }
    return doubt->open > 0 && doubt->so_far != GOSSIP_REJECT ? GOSSIP_LATER : doubt->so_far;
}

static void trial_end(struct gossip *g, struct trial *t, enum gossip_verdict v)
{
    struct gossip_session *s = map_get(g->sessions, t->from.bytes, t->from.len);
    list_drop(&t->link);
    map_drop(g->trials_by, &t->ticket, sizeof t->ticket);
    g->stat.refused += v == GOSSIP_REJECT;
    if (s)
        gossip_session_waits(s, -1);
    gossip_state_judge(g->state, s ? gossip_session_peer(s) : NULL, t->held, v,
                       loop_now_us(g->loop));
    free(t);
}

void gossip_doubt(struct gossip *g, struct gossip_session *s, struct gossip_held *held,
                  const struct gossip_doubt *doubt)
{
    if (map_count(g->trials_by) == GOSSIP_LATER_MAX ||
        !gossip_session_waits(s, 1)) { /* v1.1: more than can be validated is ignored */
        g->stat.dropped++;
        gossip_state_judge(g->state, gossip_session_peer(s), held, GOSSIP_IGNORE,
                           loop_now_us(g->loop));
        return;
    }
    struct trial *t = MEM_NEW(struct trial);
    *t = (struct trial){.ticket = doubt->ticket,
                        .until_us = loop_now_us(g->loop) + GOSSIP_LATER_US,
                        .from = *gossip_session_id(s),
                        .held = held,
                        .open = doubt->open,
                        .so_far = doubt->so_far};
    list_push(&g->trials, &t->link);
    map_put(g->trials_by, &t->ticket, sizeof t->ticket, t);
}

void gossip_judge(struct gossip *g, uint64_t ticket, enum gossip_verdict v)
{
    struct trial *t = map_get(g->trials_by, &ticket, sizeof ticket);
    if (!t || v == GOSSIP_LATER)
        return;
    t->so_far = harsher(t->so_far, v);
    if (--t->open == 0 || t->so_far == GOSSIP_REJECT)
        trial_end(g, t, t->so_far);
}

void gossip_trials_beat(struct gossip *g)
{
    for (struct trial *t; (t = LIST_FIRST(&g->trials, struct trial, link));) {
        if (loop_now_us(g->loop) < t->until_us)
            return;
        trial_end(g, t, GOSSIP_IGNORE);
    }
}

void gossip_trials_free(struct gossip *g)
{
    LIST_EACH(&g->trials, struct trial, t, link) {
        gossip_held_drop(t->held);
        free(t);
    }
    map_free(g->trials_by);
}
