/* A message: taken, judged, passed on; and one of ours. */
#include "host/gossip/gossip_state_in.h"

#include <stdlib.h>

static void invalid(struct gossip_state *s, struct topic *t, struct gossip_peer *from)
{
    struct tie *tie = tie_get(s, t, from);
    if (!tie)
        return;
    gossip_mark_invalid(&tie->marks);
    from->score_stale = true;
}

/* What it is remembered by first.  False: its app has no name for it. */
static bool name_it(const struct topic *t, const struct gossip_author *a, struct cur data,
                    struct gossip_id *out)
{
    if (t->namer)
        return t->namer(t->namer_arg, a, data.p ? data : cur_of("", 0), out) && out->len > 0;
    gossip_name(a, GOSSIP_GO, out);
    return true;
}

static struct gossip_held *remember(struct gossip_state *s, const struct topic *t,
                                    const struct gossip_author *a, const struct gossip_id *name,
                                    struct cur whole, uint64_t now_us)
{
    return gossip_cache_add(s->cache, a, t->namer ? name : NULL, t->name, whole, now_us);
}

/* v1.2, before the app judges it.  The specification would allow it before the signature is
 * verified too; then anybody could make us decline, by a forged one, a message that is to come. */
static void say_dont_want(struct gossip_state *s, struct topic *t, const struct gossip_peer *from,
                          const struct gossip_held *m)
{
    LIST_EACH(&t->ties, struct tie, tie, of_topic) {
        struct buf ids = {0};
        if (!tie->mesh || tie->peer == from || tie->peer->cfg.version < GOSSIP_V12)
            continue;
        gossip_put_id(&ids, GOSSIP_IDONTWANT, gossip_held_name(m, tie->peer->form));
        say_ids(s, tie->peer, GOSSIP_IDONTWANT, t->name, &ids);
        buf_done(&ids);
    }
}

/* It came before.  Whoever brings it soon did deliver (P3); and while something waits for him, it
 * need not be this. */
static void again(struct gossip_state *s, struct topic *t, struct gossip_peer *from, struct cur id,
                  uint64_t now_us)
{
    struct tie *tie = tie_find(t, from);
    if (tie && gossip_cache_age_us(s->cache, id, now_us) < GOSSIP_NEAR_FIRST_US)
        gossip_mark_delivered(&tie->marks, s->cfg.weights);
    if (from->backlog && from->dontwants < GOSSIP_DONTWANT_MAX)
        peer_declines(s, from, id);
}

enum gossip_taken gossip_state_take(struct gossip_state *s, struct gossip_peer *from,
                                    const struct gossip_msg *m, uint64_t now_us,
                                    struct gossip_author *author, struct gossip_held **held)
{
    struct gossip_id name;
    struct topic *t = topic_find(s, m->topic);
    from->promises = 0; /* it does send */
    if (!t || !t->ours)
        return GOSSIP_NOT_OURS;
    if (gossip_author(m, author, NULL) != OK || !name_it(t, author, m->data, &name)) {
        invalid(s, t, from);
        return GOSSIP_WRONG;
    }
    if (peer_id_equal(&author->id, &s->cfg.self))
        return GOSSIP_AGAIN;
    struct cur id = cur_of(name.bytes, name.len);
    if (gossip_cache_has(s->cache, id, now_us, NULL)) {
        again(s, t, from, id, now_us);
        return GOSSIP_AGAIN;
    }
    if (gossip_verify(m, author, NULL) != OK) {
        invalid(s, t, from);
        return GOSSIP_WRONG;
    }
    *held = remember(s, t, author, &name, m->whole, now_us);
    if (m->whole.n >= GOSSIP_DONTWANT_BYTES)
        say_dont_want(s, t, from, *held);
    return GOSSIP_NEW;
}

static void forward(struct gossip_state *s, struct topic *t, const struct gossip_peer *from,
                    struct gossip_held *m, uint64_t now_us)
{
    LIST_EACH(&t->ties, struct tie, tie, of_topic) {
        struct gossip_peer *p = tie->peer;
        bool flood = p->cfg.version == GOSSIP_FLOODSUB && may_be_given(s, tie, now_us);
        if ((tie->mesh || flood) && p != from && p->here && !peer_id_equal(&p->id, &m->author) &&
            gossip_peer_wants(s, p, m, now_us))
            say_message(s, p, m);
    }
}

static void pass_on(struct gossip_state *s, struct topic *t, struct gossip_peer *from,
                    struct gossip_held *held, uint64_t now_us)
{
    struct tie *tie = from ? tie_get(s, t, from) : NULL;
    if (tie) {
        gossip_mark_first(&tie->marks, s->cfg.weights);
        from->score_stale = true;
    }
    forward(s, t, from, held, now_us);
}

void gossip_state_judge(struct gossip_state *s, struct gossip_peer *from, struct gossip_held *held,
                        enum gossip_verdict v, uint64_t now_us)
{
    struct topic *t = topic_find(s, held->topic);
    if (v != GOSSIP_ACCEPT)
        gossip_cache_hide(s->cache, held->names[GOSSIP_GO]);
    if (v == GOSSIP_ACCEPT && t && t->ours) /* the app may have left it meanwhile */
        pass_on(s, t, from, held, now_us);
    if (v == GOSSIP_REJECT && t && from)
        invalid(s, t, from);
    gossip_held_drop(held);
}

/* Whom a message of ours goes to where it does not go to all. */
static void fill_fanout(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    size_t n, have = 0;
    t->fanout_until_us = now_us + GOSSIP_FANOUT_US;
    LIST_EACH(&t->ties, struct tie, tie, of_topic)
        have += tie->fanout;
    struct tie **ties = ties_pick(s, t, may_be_given, now_us, &n);
    for (size_t i = 0; i < n && have < GOSSIP_D; i++) {
        have += !ties[i]->fanout;
        ties[i]->fanout = true;
    }
    free(ties);
}

size_t gossip_state_publish(struct gossip_state *s, const struct gossip_author *self,
                            struct cur topic, struct cur data, struct cur whole, uint64_t now_us)
{
    struct topic *t = topic_get(s, topic);
    struct gossip_id name;
    size_t told = 0;
    if (!name_it(t, self, data, &name)) {
        topic_settle(s, t, now_us);
        return 0;
    }
    struct gossip_held *m = remember(s, t, self, &name, whole, now_us);
    if (s->cfg.mesh_only && !t->ours)
        fill_fanout(s, t, now_us);
    LIST_EACH(&t->ties, struct tie, tie, of_topic) {
        bool flood = !s->cfg.mesh_only || tie->peer->cfg.version == GOSSIP_FLOODSUB;
        if (tie->peer->here && (tie->mesh || tie->fanout || flood) &&
            may_be_given(s, tie, now_us)) {
            say_message(s, tie->peer, m);
            told++;
        }
    }
    gossip_held_drop(m);
    topic_settle(s, t, now_us);
    return told;
}
