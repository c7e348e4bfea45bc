/* Once a second: meshes are mended, messages told of, old things forgotten. */
#include "host/gossip/gossip_state_in.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
    TELL_BYTES_MAX = 32 << 10, /* of ids in one IHAVE: it fits into an RPC */
    TELL_MAX = 5000,           /* messages looked at */
    TELL_PART = 4,             /* a quarter of the listeners: the "gossip factor" 0.25 */
    IMPROVE_BY = 2,
    DONT_WANT_BEATS = 3,
};

/* Of a broken promise: over lines that lose much honest ones break some too. */
#define PROMISE_BLAME 0.5

/* --- peers ---------------------------------------------------------------------------------- */

static void check_promise(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us)
{
    if (p->promises == 0 || now_us < p->promised_until_us)
        return;
    if (!gossip_cache_has(s->cache, buf_cur(&p->promised), now_us, NULL))
        gossip_peer_blame(p, PROMISE_BLAME);
    p->promises = 0;
}

static void forget_dont_want(struct gossip_state *s, struct gossip_peer *p)
{
    const void *key;
    size_t n;
    void *v;
    for (size_t at = 0; (v = map_next(p->dont_want, &at, &key, &n));) {
        if ((uintptr_t)v + DONT_WANT_BEATS > s->beats)
            return; /* they lie in the order in which they came */
        map_drop(p->dont_want, key, n);
    }
}

static void peer_beat(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us)
{
    gossip_conduct_decay(&p->conduct, s->cfg.weights);
    LIST_EACH(&p->ties, struct tie, tie, of_peer)
        gossip_marks_decay(&tie->marks, s->cfg.weights);
    p->score_stale = true;
    if (!p->here) {
        peer_gone_settle(s, p, now_us);
        return;
    }
    check_promise(s, p, now_us);
    forget_dont_want(s, p);
    p->ihaves = p->asked = p->iwants = p->dontwants = p->grafts = 0;
    LIST_EACH(&p->ties, struct tie, tie, of_peer)
        tie_settle(s, tie, now_us);
}

/* --- the mesh ------------------------------------------------------------------------------- */

static bool is_mesh(struct gossip_state *s, const struct tie *tie, uint64_t now_us)
{
    (void)s;
    (void)now_us;
    return tie->mesh;
}

static bool may_come_from_us(struct gossip_state *s, const struct tie *tie, uint64_t now_us)
{
    return tie->peer->cfg.outbound && may_be_grafted(s, tie, now_us);
}

/* Best first; p->score is fresh. */
static int by_score(const void *a, const void *b)
{
    const struct tie *x = *(struct tie *const *)a, *y = *(struct tie *const *)b;
    if (x->peer->score != y->peer->score)
        return x->peer->score > y->peer->score ? -1 : 1;
    return x->peer->number < y->peer->number ? -1 : x->peer->number > y->peer->number;
}

static void freshen(struct gossip_state *s, struct tie **ties, size_t n, uint64_t now_us)
{
    for (size_t i = 0; i < n; i++)
        gossip_peer_score(s, ties[i]->peer, now_us);
}

static void drop_bad(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    LIST_EACH(&t->ties, struct tie, tie, of_topic)
        if (tie->mesh && gossip_peer_score(s, tie->peer, now_us) < 0)
            mesh_drop(s, tie, FAREWELL_PRUNE, GOSSIP_BACKOFF_US, now_us);
}

static void graft_some(struct gossip_state *s, struct topic *t, tie_test *test, size_t want,
                       uint64_t now_us)
{
    size_t n;
    struct tie **ties = ties_pick(s, t, test, now_us, &n);
    for (size_t i = 0; i < n && i < want; i++)
        mesh_add(s, ties[i], true, now_us);
    free(ties);
}

static size_t outbound_of(struct tie *const *ties, size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++)
        out += ties[i]->peer->cfg.outbound;
    return out;
}

/* The first GOSSIP_D stay.  Of those whom we dialled some do, in the place of the last. */
static void keep_outbound(struct tie **ties, size_t n)
{
    size_t have = outbound_of(ties, GOSSIP_D), at = GOSSIP_D;
    for (size_t i = GOSSIP_D; i < n && have < GOSSIP_D_OUT; i++) {
        if (!ties[i]->peer->cfg.outbound)
            continue;
        do
            at--;
        while (ties[at]->peer->cfg.outbound);
        struct tie *other = ties[at];
        ties[at] = ties[i];
        ties[i] = other;
        have++;
    }
}

static void shrink(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    size_t n;
    struct tie **ties = ties_pick(s, t, is_mesh, now_us, &n);
    freshen(s, ties, n, now_us);
    qsort(ties, n, sizeof *ties, by_score);
    ties_shuffle(s, ties + GOSSIP_D_SCORE, n - GOSSIP_D_SCORE);
    keep_outbound(ties, n);
    for (size_t i = GOSSIP_D; i < n; i++)
        mesh_drop(s, ties[i], FAREWELL_PX, GOSSIP_BACKOFF_US, now_us);
    free(ties);
}

/* v1.1 "Opportunistic Grafting": a mesh that brings little takes in some that bring more. */
static void improve(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    size_t n;
    if (now_us < t->improve_at_us)
        return;
    t->improve_at_us = now_us + GOSSIP_IMPROVE_US;
    struct tie **ties = ties_pick(s, t, is_mesh, now_us, &n);
    freshen(s, ties, n, now_us);
    qsort(ties, n, sizeof *ties, by_score);
    double median = n > 0 ? ties[n / 2]->peer->score : GOSSIP_SCORE_OPPORTUNISTIC;
    free(ties);
    if (median >= GOSSIP_SCORE_OPPORTUNISTIC)
        return;
    ties = ties_pick(s, t, may_be_grafted, now_us, &n);
    for (size_t i = 0, more = 0; i < n && more < IMPROVE_BY; i++)
        if (gossip_peer_score(s, ties[i]->peer, now_us) > median) {
            mesh_add(s, ties[i], true, now_us);
            more++;
        }
    free(ties);
}

static void mend(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    size_t n;
    drop_bad(s, t, now_us);
    if (t->mesh_count < GOSSIP_D_LOW)
        graft_some(s, t, may_be_grafted, GOSSIP_D - t->mesh_count, now_us);
    if (t->mesh_count > GOSSIP_D_HIGH)
        shrink(s, t, now_us);
    if (t->mesh_count >= GOSSIP_D_LOW) {
        struct tie **ties = ties_pick(s, t, is_mesh, now_us, &n);
        size_t out = outbound_of(ties, n);
        free(ties);
        if (out < GOSSIP_D_OUT)
            graft_some(s, t, may_come_from_us, GOSSIP_D_OUT - out, now_us);
    }
    improve(s, t, now_us);
}

/* --- telling of messages -------------------------------------------------------------------- */

static void tell_one(struct gossip_state *s, struct topic *t, struct gossip_peer *p,
                     struct gossip_held *const *recent, size_t n)
{
    struct buf ids = {0};
    for (size_t i = n; i-- > 0 && buf_len(&ids) < TELL_BYTES_MAX;) { /* newest first */
        gossip_put_id(&ids, GOSSIP_IHAVE, gossip_held_name(recent[i], p->form));
    }
    if (buf_len(&ids) > 0)
        say_ids(s, p, GOSSIP_IHAVE, t->name, &ids);
    buf_done(&ids);
}

static void tell(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    struct gossip_held **recent = mem_array(TELL_MAX, sizeof *recent);
    size_t n = gossip_cache_recent(s->cache, t->name, recent, TELL_MAX), m;
    if (n > 0) {
        struct tie **ties = ties_pick(s, t, may_be_told, now_us, &m);
        size_t whom = m / TELL_PART > GOSSIP_D_LAZY ? m / TELL_PART : GOSSIP_D_LAZY;
        for (size_t i = 0; i < m && i < whom; i++)
            tell_one(s, t, ties[i]->peer, recent, n);
        free(ties);
    }
    free(recent);
}

static void fanout_beat(struct gossip_state *s, struct topic *t, uint64_t now_us)
{
    bool over = now_us >= t->fanout_until_us;
    LIST_EACH(&t->ties, struct tie, tie, of_topic)
        if (tie->fanout && (over || !may_be_given(s, tie, now_us)))
            tie->fanout = false;
    if (!over)
        tell(s, t, now_us);
    topic_settle(s, t, now_us);
}

void gossip_state_beat(struct gossip_state *s, uint64_t now_us)
{
    s->beats++;
    LIST_EACH(&s->gone, struct gossip_peer, p, link)
        peer_beat(s, p, now_us);
    LIST_EACH(&s->peers, struct gossip_peer, p, link)
        peer_beat(s, p, now_us);
    LIST_EACH(&s->topics, struct topic, t, link) {
        if (t->ours) {
            mend(s, t, now_us);
            tell(s, t, now_us);
        } else {
            fanout_beat(s, t, now_us);
        }
    }
    gossip_cache_shift(s->cache, now_us);
}
