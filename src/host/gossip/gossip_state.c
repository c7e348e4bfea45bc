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

static void tie_free(struct gossip_state *s, struct tie *tie, uint64_t now_us)
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

static void say(struct gossip_state *s, const struct gossip_action *a)
{
    if (a->to->here)
        s->cfg.act(s->cfg.arg, a);
}

void say_message(struct gossip_state *s, struct gossip_peer *to, struct gossip_held *m)
{
    say(s, &(struct gossip_action){
               .act = GOSSIP_SAY_MESSAGE, .to = to, .topic = m->topic, .message = m});
}

void say_ids(struct gossip_state *s, struct gossip_peer *to, enum gossip_item_kind kind,
             struct cur topic, const struct buf *ids)
{
    say(s, &(struct gossip_action){
               .act = GOSSIP_SAY_IDS, .to = to, .topic = topic, .kind = kind, .ids = ids});
}

void say_prune(struct gossip_state *s, struct tie *tie, uint64_t backoff_us, uint64_t now_us)
{
    if (now_us + backoff_us > tie->backoff_until_us)
        tie->backoff_until_us = now_us + backoff_us;
    say(s, &(struct gossip_action){.act = GOSSIP_SAY_PRUNE,
                                   .to = tie->peer,
                                   .topic = tie->topic->name,
                                   .backoff_s = backoff_us / GOSSIP_BEAT_US});
}

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
        say(s, &(struct gossip_action){
                   .act = GOSSIP_SAY_GRAFT, .to = tie->peer, .topic = tie->topic->name});
}

void mesh_drop(struct gossip_state *s, struct tie *tie, bool tell, uint64_t backoff_us,
               uint64_t now_us)
{
    if (!tie->mesh)
        return;
    tie->mesh = false;
    tie->topic->mesh_count--;
    tie->peer->score_stale = true;
    gossip_mark_mesh(&tie->marks, s->cfg.weights, false, now_us);
    if (tell)
        say_prune(s, tie, backoff_us, now_us);
}

/* --- peers ---------------------------------------------------------------------------------- */

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

static void peer_free(struct gossip_state *s, struct gossip_peer *p, uint64_t now_us)
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
        mesh_drop(s, tie, false, 0, now_us);
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
        mesh_drop(s, tie, false, 0, now_us);
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
                       const struct gossip_held *m)
{
    if (map_count(p->dont_want) == 0)
        return true;
    for (int f = 0; f < GOSSIP_FORMS; f++) {
        uint64_t h = id_hash(s, m->names[f]);
        if (m->names[f].n > 0 && map_get(p->dont_want, &h, sizeof h))
            return false;
    }
    return true;
}

/* --- our topics ----------------------------------------------------------------------------- */

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

void gossip_state_leave(struct gossip_state *s, struct cur topic, uint64_t now_us)
{
    struct topic *t = topic_find(s, topic);
    if (!t || !t->ours)
        return;
    LIST_EACH(&t->ties, struct tie, tie, of_topic) {
        mesh_drop(s, tie, true, GOSSIP_BACKOFF_LEAVE_US, now_us);
        tie->peer->score_stale = true;
    }
    t->ours = false;
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

/* --- messages ------------------------------------------------------------------------------- */

static void invalid(struct gossip_state *s, struct topic *t, struct gossip_peer *from)
{
    struct tie *tie = tie_get(s, t, from);
    if (!tie)
        return;
    gossip_mark_invalid(&tie->marks);
    from->score_stale = true;
}

/* v1.2, before the app judges it.  The specification would allow it before the signature is
 * verified too; then anybody could make us decline, by a forged one, a message that is to come. */
static void say_dont_want(struct gossip_state *s, struct topic *t, const struct gossip_peer *from,
                          const struct gossip_held *m)
{
    LIST_EACH(&t->ties, struct tie, tie, of_topic) {
        struct buf ids = {0};
        struct cur name = m->names[tie->peer->form];
        if (!tie->mesh || tie->peer == from || tie->peer->cfg.version < GOSSIP_V12 || name.n == 0)
            continue;
        gossip_put_id(&ids, GOSSIP_IDONTWANT, name);
        say_ids(s, tie->peer, GOSSIP_IDONTWANT, t->name, &ids);
        buf_done(&ids);
    }
}

bool gossip_state_take(struct gossip_state *s, struct gossip_peer *from, const struct gossip_msg *m,
                       uint64_t now_us, struct gossip_author *author, struct gossip_held **held)
{
    struct gossip_id name;
    struct topic *t = topic_find(s, m->topic);
    from->promises = 0; /* it does send */
    if (!t || !t->ours)
        return false;
    if (gossip_author(m, author, NULL) != OK) {
        invalid(s, t, from);
        return false;
    }
    if (peer_id_equal(&author->id, &s->cfg.self))
        return false;
    gossip_name(author, GOSSIP_GO, &name);
    struct cur id = cur_of(name.bytes, name.len);
    if (gossip_cache_has(s->cache, id, now_us, NULL)) {
        struct tie *tie = tie_find(t, from);
        if (tie && gossip_cache_age_us(s->cache, id, now_us) < GOSSIP_NEAR_FIRST_US)
            gossip_mark_delivered(&tie->marks, s->cfg.weights);
        return false;
    }
    if (gossip_verify(m, author, NULL) != OK) {
        invalid(s, t, from);
        return false;
    }
    *held = gossip_cache_add(s->cache, author, m->topic, m->whole, now_us);
    if (m->whole.n >= GOSSIP_DONTWANT_BYTES)
        say_dont_want(s, t, from, *held);
    return true;
}

static void forward(struct gossip_state *s, struct topic *t, const struct gossip_peer *from,
                    struct gossip_held *m, uint64_t now_us)
{
    LIST_EACH(&t->ties, struct tie, tie, of_topic) {
        struct gossip_peer *p = tie->peer;
        bool flood = p->cfg.version == GOSSIP_FLOODSUB && may_be_given(s, tie, now_us);
        if ((tie->mesh || flood) && p != from && p->here && !peer_id_equal(&p->id, &m->author) &&
            gossip_peer_wants(s, p, m))
            say_message(s, p, m);
    }
}

void gossip_state_judge(struct gossip_state *s, struct gossip_peer *from, struct gossip_held *held,
                        enum gossip_verdict v, uint64_t now_us)
{
    struct topic *t = topic_find(s, held->topic);
    struct tie *tie;
    switch (v) {
    case GOSSIP_ACCEPT:
        tie = t && t->ours ? tie_get(s, t, from) : NULL; /* the app may have left it meanwhile */
        if (tie) {
            gossip_mark_first(&tie->marks, s->cfg.weights);
            from->score_stale = true;
            forward(s, t, from, held, now_us);
        }
        break;
    case GOSSIP_REJECT:
        gossip_cache_hide(s->cache, held->names[GOSSIP_GO]);
        if (t)
            invalid(s, t, from);
        break;
    case GOSSIP_IGNORE:
        gossip_cache_hide(s->cache, held->names[GOSSIP_GO]);
        break;
    }
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
                            struct cur topic, struct cur whole, uint64_t now_us)
{
    struct topic *t = topic_get(s, topic);
    struct gossip_held *m = gossip_cache_add(s->cache, self, topic, whole, now_us);
    size_t told = 0;
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
