/* The rules, with peers that are made of nothing and a record of what they are told. */
#include "host/gossip/gossip_state.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { PEERS_MAX = 64, SAID_MAX = 4096 };
#define S GOSSIP_BEAT_US

struct said {
    enum gossip_act act;
    struct gossip_peer *to;
    enum gossip_item_kind kind;
    uint64_t backoff_s;
    size_t ids;
};

struct kit {
    struct gossip_state *state;
    struct keys *keys[PEERS_MAX];
    struct gossip_peer *p[PEERS_MAX];
    struct said said[SAID_MAX];
    size_t count;
    uint64_t now_us;
    uint64_t seqno;
    bool mesh_only;
};

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static const char *const NEWS = "news";

static void on_act(void *arg, const struct gossip_action *a)
{
    struct kit *k = arg;
    struct cur ids = a->ids ? buf_cur(a->ids) : cur_of(NULL, 0);
    struct gossip_item it = {.ids = ids, .ids_field = a->kind == GOSSIP_IHAVE ? 2 : 1};
    struct said s = {.act = a->act, .to = a->to, .kind = a->kind, .backoff_s = a->backoff_s};
    struct cur id;
    while (gossip_ids_next(&it, &id))
        s.ids++;
    assert_true(k->count < SAID_MAX);
    k->said[k->count++] = s;
}

static struct peer_id id_of(struct kit *k, unsigned i)
{
    struct pubkey key;
    struct peer_id id;
    if (!k->keys[i]) {
        uint8_t entropy[16] = {(uint8_t)i, 7};
        k->keys[i] = keys_of_entropy(entropy, sizeof entropy);
    }
    pubkey_of_ed25519(&key, keys_peer_public(k->keys[i]));
    peer_id_of_key(&key, &id);
    return id;
}

static struct gossip_peer *here(struct kit *k, unsigned i, enum gossip_version v, bool outbound)
{
    struct gossip_peer_cfg cfg = {.id = id_of(k, i),
                                  .version = v,
                                  .outbound = outbound,
                                  .ip = addr_v4(10, 0, (uint8_t)i, 1, 4001)};
    return k->p[i] = gossip_peer_here(k->state, &cfg, k->now_us);
}

static void hear(struct kit *k, unsigned i, const struct buf *rpc)
{
    struct gossip_rpc r;
    struct gossip_item it;
    assert_int_equal(gossip_rpc_open(&r, buf_cur(rpc), NULL), OK);
    while (gossip_rpc_next(&r, &it))
        gossip_state_hear(k->state, k->p[i], &it, k->now_us);
}

static void subscribe(struct kit *k, unsigned i, const char *topic, bool yes)
{
    struct buf rpc = {0};
    gossip_put_sub(&rpc, text(topic), yes);
    hear(k, i, &rpc);
    buf_done(&rpc);
}

static void control(struct kit *k, unsigned i, struct buf *part)
{
    struct buf rpc = {0};
    gossip_put_control(&rpc, part);
    hear(k, i, &rpc);
    buf_done(&rpc);
    buf_done(part);
}

static void graft(struct kit *k, unsigned i)
{
    struct buf part = {0};
    gossip_put_graft(&part, text(NEWS));
    control(k, i, &part);
}

static void prune(struct kit *k, unsigned i, uint64_t backoff_s)
{
    struct buf part = {0};
    gossip_put_prune(&part, text(NEWS), backoff_s);
    control(k, i, &part);
}

/* So many ids, from `first` on. */
static void say_ids(struct kit *k, unsigned i, enum gossip_item_kind kind, unsigned first,
                    unsigned n)
{
    struct buf part = {0}, ids = {0};
    for (unsigned j = first; j < first + n; j++)
        gossip_put_id(&ids, kind, cur_of(&j, sizeof j));
    gossip_put_ids(&part, kind, text(NEWS), &ids);
    buf_done(&ids);
    control(k, i, &part);
}

static void beats(struct kit *k, unsigned n)
{
    while (n-- > 0) {
        k->now_us += S;
        gossip_state_beat(k->state, k->now_us);
    }
}

static size_t mesh(const struct kit *k)
{
    return gossip_state_mesh(k->state, text(NEWS), NULL, 0);
}

static bool in_mesh(struct kit *k, unsigned i)
{
    struct peer_id ids[PEERS_MAX], want = id_of(k, i);
    size_t n = gossip_state_mesh(k->state, text(NEWS), ids, PEERS_MAX);
    for (size_t j = 0; j < n; j++)
        if (peer_id_equal(&ids[j], &want))
            return true;
    return false;
}

static size_t told(const struct kit *k, enum gossip_act act, const struct gossip_peer *to)
{
    size_t n = 0;
    for (size_t i = 0; i < k->count; i++)
        n += k->said[i].act == act && (!to || k->said[i].to == to);
    return n;
}

static size_t told_ids(const struct kit *k, enum gossip_item_kind kind,
                       const struct gossip_peer *to)
{
    size_t n = 0;
    for (size_t i = 0; i < k->count; i++)
        if (k->said[i].act == GOSSIP_SAY_IDS && k->said[i].kind == kind &&
            (!to || k->said[i].to == to))
            n += k->said[i].ids;
    return n;
}

/* A message of `author`, brought by `from`.  Which of them: the last. */
static bool bring(struct kit *k, unsigned from, unsigned author, size_t len, enum gossip_verdict v,
                  bool forged)
{
    struct buf b = {0};
    struct gossip_msg m;
    struct gossip_author a;
    struct gossip_held *held;
    struct peer_id id = id_of(k, author);
    uint8_t *data = mem_zalloc(len + 1);
    gossip_sign(k->keys[author], &id, ++k->seqno, text(NEWS), cur_of(data, len), &b);
    if (forged)
        buf_bytes(&b)[buf_len(&b) - 1] ^= 1;
    assert_int_equal(gossip_msg_decode(&m, buf_cur(&b), NULL), OK);
    bool new = gossip_state_take(k->state, k->p[from], &m, k->now_us, &a, &held);
    if (new)
        gossip_state_judge(k->state, k->p[from], held, v, k->now_us);
    buf_done(&b);
    free(data);
    return new;
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->now_us = 1000 * S;
    struct gossip_state_cfg cfg = {
        .seed = 3, .self = id_of(k, 0), .weights = &gossip_weights, .act = on_act, .arg = k};
    k->state = gossip_state_new(&cfg);
    assert_int_equal(gossip_state_join(k->state, text(NEWS), k->now_us, NULL), OK);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    gossip_state_free(k->state);
    for (unsigned i = 0; i < PEERS_MAX; i++)
        keys_free(k->keys[i]);
    free(k);
    return 0;
}

/* Peers 1 to n listen. */
static void crowd(struct kit *k, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        here(k, i, GOSSIP_V12, i % 2 == 0);
        subscribe(k, i, NEWS, true);
    }
}

/* --- the mesh ------------------------------------------------------------------------------- */

static void the_mesh_is_filled_at_the_heartbeat(void **state)
{
    struct kit *k = *state;
    crowd(k, 20);
    assert_int_equal(mesh(k), 0);
    beats(k, 1);
    assert_int_equal(mesh(k), GOSSIP_D);
    assert_int_equal(told(k, GOSSIP_SAY_GRAFT, NULL), GOSSIP_D);
    beats(k, 5);
    assert_int_equal(mesh(k), GOSSIP_D);
}

static void twelve_are_kept_and_thirteen_are_too_many(void **state)
{
    struct kit *k = *state;
    crowd(k, 20);
    for (unsigned i = 1; i <= GOSSIP_D_HIGH; i++)
        graft(k, i);
    assert_int_equal(mesh(k), GOSSIP_D_HIGH);
    beats(k, 1);
    assert_int_equal(mesh(k), GOSSIP_D_HIGH);
    graft(k, 13); /* odd: it dialled us, and there is no room */
    assert_int_equal(mesh(k), GOSSIP_D_HIGH);
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, k->p[13]), 1);
    graft(k, 14); /* whom we dialled is let in all the same */
    assert_int_equal(mesh(k), GOSSIP_D_HIGH + 1);
    beats(k, 1);
    assert_int_equal(mesh(k), GOSSIP_D);
}

static void some_of_the_mesh_were_dialled_by_us(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 1; i <= 12; i++) {
        here(k, i, GOSSIP_V12, false);
        subscribe(k, i, NEWS, true);
        graft(k, i);
    }
    for (unsigned i = 13; i <= 16; i++) {
        here(k, i, GOSSIP_V12, true);
        subscribe(k, i, NEWS, true);
    }
    beats(k, 1);
    size_t out = 0;
    for (unsigned i = 13; i <= 16; i++)
        out += in_mesh(k, i);
    assert_true(out >= GOSSIP_D_OUT);
    beats(k, 1);
    out = 0;
    for (unsigned i = 13; i <= 16; i++)
        out += in_mesh(k, i);
    assert_int_equal(mesh(k), GOSSIP_D); /* it was too large */
    assert_true(out >= GOSSIP_D_OUT);
}

static void the_best_stay_when_it_shrinks(void **state)
{
    struct kit *k = *state;
    crowd(k, 14);
    for (unsigned i = 1; i <= 4; i++)
        gossip_peer_rate(k->p[i], 10);
    for (unsigned i = 1; i <= 12; i++)
        graft(k, i);
    graft(k, 14);
    beats(k, 1);
    assert_int_equal(mesh(k), GOSSIP_D);
    for (unsigned i = 1; i <= 4; i++)
        assert_true(in_mesh(k, i));
}

static void who_is_below_zero_leaves_the_mesh_and_does_not_come_back(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    assert_true(in_mesh(k, 3));
    gossip_peer_rate(k->p[3], -1);
    beats(k, 1);
    assert_false(in_mesh(k, 3));
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, k->p[3]), 1);
    beats(k, 100);
    assert_false(in_mesh(k, 3));
    graft(k, 3);
    assert_false(in_mesh(k, 3));
}

static void a_mesh_that_brings_little_takes_in_two_that_are_better(void **state)
{
    struct kit *k = *state;
    crowd(k, 20);
    beats(k, 1);
    for (unsigned i = 1; i <= 20; i++)
        if (!in_mesh(k, i))
            gossip_peer_rate(k->p[i], 50);
    beats(k, 58);
    assert_int_equal(mesh(k), GOSSIP_D);
    beats(k, 2);
    assert_int_equal(mesh(k), GOSSIP_D + 2);
    beats(k, 30);
    assert_int_equal(mesh(k), GOSSIP_D + 2);
}

/* --- backoff -------------------------------------------------------------------------------- */

static void who_was_pruned_is_not_asked_before_its_time(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    beats(k, 1);
    assert_true(in_mesh(k, 1));
    prune(k, 1, 10);
    assert_false(in_mesh(k, 1));
    beats(k, 11); /* and not in the slack behind it */
    assert_false(in_mesh(k, 1));
    beats(k, 1);
    assert_true(in_mesh(k, 1));
}

static void a_prune_without_a_time_is_for_a_minute(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    beats(k, 1);
    prune(k, 1, 0);
    beats(k, 61);
    assert_false(in_mesh(k, 1));
    beats(k, 1);
    assert_true(in_mesh(k, 1));
}

/* GHSA-gc42-3jg7-rxr2: the end of a backoff was computed with what the peer said. */
static void a_backoff_of_all_eternity_is_an_hour(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    beats(k, 1);
    prune(k, 1, UINT64_MAX);
    prune(k, 2, 3601);
    beats(k, 3601);
    assert_false(in_mesh(k, 1) || in_mesh(k, 2));
    beats(k, 1);
    assert_true(in_mesh(k, 1) && in_mesh(k, 2));
}

static void a_graft_during_the_backoff_is_refused_and_punished(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    beats(k, 1);
    gossip_peer_rate(k->p[1], -0.1);
    beats(k, 1); /* we prune it */
    gossip_peer_rate(k->p[1], 0);
    assert_false(in_mesh(k, 1));
    for (unsigned i = 0; i < 3; i++)
        graft(k, 1);
    assert_false(in_mesh(k, 1));
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, k->p[1]), 1 + 3);
    assert_true(gossip_peer_score(k->state, k->p[1], k->now_us) < 0);
    for (unsigned i = 0; i < 4; i++)
        graft(k, 1);
    assert_false(gossip_peer_heard(k->state, k->p[1], k->now_us));
}

static void a_flood_of_grafts_is_answered_so_many_times(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    prune(k, 1, 60);
    for (unsigned i = 0; i < GOSSIP_GRAFTS_MAX + 100; i++)
        graft(k, 1);
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, NULL), GOSSIP_GRAFTS_MAX);
}

static void a_graft_of_a_topic_that_is_not_ours_is_not_answered(void **state)
{
    struct kit *k = *state;
    struct buf part = {0};
    crowd(k, 1);
    gossip_put_graft(&part, text("olds"));
    control(k, 1, &part);
    assert_int_equal(k->count, 0);
    assert_int_equal(gossip_state_size(k->state).topics, 1);
}

static void the_backoff_outlives_the_connection(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    beats(k, 1);
    prune(k, 1, 30);
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    here(k, 1, GOSSIP_V12, false);
    subscribe(k, 1, NEWS, true);
    beats(k, 31);
    assert_false(in_mesh(k, 1));
    beats(k, 1);
    assert_true(in_mesh(k, 1));
}

/* Who left a topic and comes back asks nobody before the time that it told him. */
static void after_leaving_a_topic_nobody_is_grafted_for_ten_seconds(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    k->count = 0;
    gossip_state_leave(k->state, text(NEWS), k->now_us);
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, NULL), 6);
    assert_int_equal(k->said[0].backoff_s, GOSSIP_BACKOFF_LEAVE_US / S);
    k->count = 0;
    assert_int_equal(gossip_state_join(k->state, text(NEWS), k->now_us, NULL), OK);
    beats(k, 11);
    assert_int_equal(told(k, GOSSIP_SAY_GRAFT, NULL), 0);
    beats(k, 1);
    assert_int_equal(told(k, GOSSIP_SAY_GRAFT, NULL), 6);
}

/* --- messages ------------------------------------------------------------------------------- */

static void a_message_goes_to_the_mesh_but_not_back_nor_to_its_author(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    assert_true(bring(k, 1, 2, 100, GOSSIP_ACCEPT, false));
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, NULL), 4);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[1]), 0);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[2]), 0);
    k->seqno--; /* once more, by another */
    assert_false(bring(k, 3, 2, 100, GOSSIP_ACCEPT, false));
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, NULL), 4);
}

static void a_forged_message_costs_its_bringer_and_hides_nothing(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    k->count = 0;
    assert_false(bring(k, 1, 2, 5000, GOSSIP_ACCEPT, true));
    assert_int_equal(k->count, 0); /* no IDONTWANT for it either */
    assert_true(gossip_peer_score(k->state, k->p[1], k->now_us) < 0);
    k->seqno--; /* the real one */
    assert_true(bring(k, 3, 2, 5000, GOSSIP_ACCEPT, false));
    for (unsigned i = 0; i < 3; i++)
        bring(k, 1, 2, 10, GOSSIP_ACCEPT, true);
    assert_false(gossip_peer_heard(k->state, k->p[1], k->now_us));
}

static void what_an_app_rejects_goes_no_further_and_costs(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    assert_true(bring(k, 1, 2, 10, GOSSIP_REJECT, false));
    assert_true(gossip_peer_score(k->state, k->p[1], k->now_us) < 0);
    assert_true(bring(k, 3, 2, 10, GOSSIP_IGNORE, false));
    assert_true(gossip_peer_score(k->state, k->p[3], k->now_us) >= 0);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, NULL), 0);
    beats(k, 1);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, NULL), 0);
}

static void what_we_said_ourselves_is_not_news(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    beats(k, 1);
    assert_false(bring(k, 1, 0, 10, GOSSIP_ACCEPT, false));
}

static void ours_goes_to_all_who_listen(void **state)
{
    struct kit *k = *state;
    crowd(k, 20);
    here(k, 30, GOSSIP_V12, true); /* listens to nothing */
    gossip_peer_rate(k->p[5], GOSSIP_SCORE_PUBLISH - 1);
    beats(k, 1);
    struct gossip_author self = {.id = id_of(k, 0), .seqno = 1};
    pubkey_of_ed25519(&self.key, keys_peer_public(k->keys[0]));
    assert_int_equal(gossip_state_publish(k->state, &self, text(NEWS), text("m"), k->now_us), 19);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[5]), 0);
    self.seqno++;
    assert_int_equal(gossip_state_publish(k->state, &self, text("olds"), text("m"), k->now_us), 0);
    assert_int_equal(gossip_state_size(k->state).topics, 1); /* nobody listens: not kept */
}

static void a_fanout_is_kept_for_a_minute_where_ours_goes_to_some(void **state)
{
    struct kit *k = *state;
    struct gossip_author self = {.id = id_of(k, 0), .seqno = 1};
    pubkey_of_ed25519(&self.key, keys_peer_public(k->keys[0]));
    gossip_state_free(k->state);
    struct gossip_state_cfg cfg = {.seed = 3,
                                   .self = id_of(k, 0),
                                   .weights = &gossip_weights,
                                   .mesh_only = true,
                                   .act = on_act,
                                   .arg = k};
    k->state = gossip_state_new(&cfg);
    crowd(k, 20);
    size_t n = gossip_state_publish(k->state, &self, text(NEWS), text("m"), k->now_us);
    assert_int_equal(n, GOSSIP_D);
    size_t first[20] = {0}, again = 0;
    for (unsigned i = 1; i <= 20; i++)
        first[i - 1] = told(k, GOSSIP_SAY_MESSAGE, k->p[i]);
    k->count = 0;
    beats(k, 30);
    self.seqno++;
    gossip_state_publish(k->state, &self, text(NEWS), text("m"), k->now_us);
    for (unsigned i = 1; i <= 20; i++)
        again += first[i - 1] && told(k, GOSSIP_SAY_MESSAGE, k->p[i]);
    assert_int_equal(again, GOSSIP_D); /* the same ones */
    k->count = 0;
    assert_int_equal(gossip_state_join(k->state, text(NEWS), k->now_us, NULL), OK);
    for (unsigned i = 1; i <= 20; i++)
        assert_int_equal(told(k, GOSSIP_SAY_GRAFT, k->p[i]), first[i - 1]);
}

static void who_knows_only_floodsub_gets_everything(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    here(k, 2, GOSSIP_FLOODSUB, true);
    subscribe(k, 2, NEWS, true);
    beats(k, 1);
    assert_false(in_mesh(k, 2));
    assert_true(bring(k, 1, 1, 10, GOSSIP_ACCEPT, false));
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[2]), 1);
}

/* --- gossip --------------------------------------------------------------------------------- */

static void others_are_told_for_three_heartbeats(void **state)
{
    struct kit *k = *state;
    crowd(k, 40);
    beats(k, 1);
    bring(k, 1, 50, 10, GOSSIP_ACCEPT, false);
    k->count = 0;
    beats(k, 1);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, NULL), (40 - GOSSIP_D) / 4);
    for (unsigned i = 1; i <= 40; i++)
        if (in_mesh(k, i))
            assert_int_equal(told_ids(k, GOSSIP_IHAVE, k->p[i]), 0);
    beats(k, 2);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, NULL), 3 * ((40 - GOSSIP_D) / 4));
    beats(k, 5);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, NULL), 3 * ((40 - GOSSIP_D) / 4));
}

static void what_we_do_not_have_is_asked_for_so_often(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    say_ids(k, 1, GOSSIP_IHAVE, 0, 10);
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[1]), 10);
    for (unsigned i = 1; i < GOSSIP_IHAVES_MAX; i++)
        say_ids(k, 1, GOSSIP_IHAVE, i * 10, 10);
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[1]), 10 * GOSSIP_IHAVES_MAX);
    say_ids(k, 1, GOSSIP_IHAVE, 5000, 10); /* one past */
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[1]), 10 * GOSSIP_IHAVES_MAX);
    say_ids(k, 2, GOSSIP_IHAVE, 10000, GOSSIP_ASKED_MAX + 1);
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[2]), GOSSIP_ASKED_MAX);
}

static void who_promises_and_sends_nothing_is_to_blame(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    beats(k, 1);
    for (unsigned i = 0; i < 8; i++) {
        say_ids(k, 1, GOSSIP_IHAVE, i * 10, 1);
        say_ids(k, 2, GOSSIP_IHAVE, i * 10, 1);
        bring(k, 2, 2, 10, GOSSIP_ACCEPT, false); /* that one sends */
        beats(k, 4);
    }
    assert_true(gossip_peer_score(k->state, k->p[1], k->now_us) < GOSSIP_SCORE_GOSSIP);
    assert_true(gossip_peer_score(k->state, k->p[2], k->now_us) > 0);
    k->count = 0;
    say_ids(k, 1, GOSSIP_IHAVE, 5000, 1); /* it is believed no more */
    assert_int_equal(k->count, 0);
}

static void who_asks_is_given_by_any_name_three_times(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    bring(k, 1, 5, 10, GOSSIP_ACCEPT, false);
    k->count = 0;
    struct gossip_author a = {.id = id_of(k, 5), .seqno = k->seqno};
    struct gossip_id name;
    pubkey_of_ed25519(&a.key, keys_peer_public(k->keys[5]));
    for (unsigned i = 0; i < 5; i++) {
        struct buf part = {0}, ids = {0};
        gossip_name(&a, (enum gossip_form)(i % GOSSIP_FORMS), &name);
        gossip_put_id(&ids, GOSSIP_IWANT, cur_of(name.bytes, name.len));
        gossip_put_ids(&part, GOSSIP_IWANT, text(""), &ids);
        control(k, 2, &part);
        buf_done(&ids);
    }
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[2]), GOSSIP_GIVEN_MAX);
}

/* Trap of the field: ids that a js or rust peer cannot match. */
static void who_names_messages_as_js_does_is_told_of_them_so(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    prune(k, 1, 60); /* not in the mesh: it is told of messages */
    here(k, 2, GOSSIP_V12, true);
    subscribe(k, 2, NEWS, true);
    bring(k, 2, 5, 10, GOSSIP_ACCEPT, false);
    struct gossip_author a = {.id = id_of(k, 5), .seqno = k->seqno};
    struct gossip_id js;
    pubkey_of_ed25519(&a.key, keys_peer_public(k->keys[5]));
    gossip_name(&a, GOSSIP_JS, &js);
    struct buf part = {0}, ids = {0};
    gossip_put_id(&ids, GOSSIP_IHAVE, cur_of(js.bytes, js.len));
    gossip_put_ids(&part, GOSSIP_IHAVE, text(NEWS), &ids);
    k->count = 0;
    control(k, 1, &part);
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[1]), 0); /* we have it, by another name */
    beats(k, 1);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, k->p[1]), 1);
    buf_done(&ids);
}

static void a_long_message_is_declined_before_it_is_judged_and_a_short_one_is_not(void **state)
{
    struct kit *k = *state;
    crowd(k, 4);
    here(k, 5, GOSSIP_V11, true);
    subscribe(k, 5, NEWS, true);
    beats(k, 1);
    k->count = 0;
    bring(k, 1, 9, 100, GOSSIP_ACCEPT, false);
    assert_int_equal(told_ids(k, GOSSIP_IDONTWANT, NULL), 0);
    bring(k, 1, 9, GOSSIP_DONTWANT_BYTES, GOSSIP_IGNORE, false);
    assert_int_equal(told_ids(k, GOSSIP_IDONTWANT, NULL), 3);
    assert_int_equal(told_ids(k, GOSSIP_IDONTWANT, k->p[5]), 0); /* it would not understand */
}

static void who_declined_a_message_is_not_sent_it_for_three_heartbeats(void **state)
{
    struct kit *k = *state;
    crowd(k, 3);
    beats(k, 1);
    struct gossip_author a = {.id = id_of(k, 9), .seqno = k->seqno + 1};
    struct gossip_id go;
    struct buf part = {0}, ids = {0};
    pubkey_of_ed25519(&a.key, keys_peer_public(k->keys[9]));
    gossip_name(&a, GOSSIP_GO, &go);
    gossip_put_id(&ids, GOSSIP_IDONTWANT, cur_of(go.bytes, go.len));
    gossip_put_ids(&part, GOSSIP_IDONTWANT, text(""), &ids);
    control(k, 2, &part);
    k->count = 0;
    bring(k, 1, 9, 5000, GOSSIP_ACCEPT, false);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[2]), 0);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[3]), 1);
    buf_done(&ids);
}

/* What is noted of declined messages is bounded, and whoever says them again does not keep them. */
static void so_many_declined_messages_are_noted(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    for (unsigned beat = 0; beat < 20; beat++) {
        say_ids(k, 1, GOSSIP_IDONTWANT, 0, 1); /* always the same first */
        say_ids(k, 1, GOSSIP_IDONTWANT, beat * 5000, GOSSIP_DONTWANT_MAX + 500);
        assert_true(gossip_peer_declined(k->p[1]) <= 4 * GOSSIP_DONTWANT_MAX);
        beats(k, 1);
    }
    beats(k, 4);
    assert_int_equal(gossip_peer_declined(k->p[1]), 0);
}

/* --- what a peer makes us hold -------------------------------------------------------------- */

/* CVE-2026-46679 */
static void subscriptions_of_a_peer_are_bounded(void **state)
{
    struct kit *k = *state;
    char topic[32];
    crowd(k, 1);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(topic, sizeof topic, "topic %u", i);
        subscribe(k, 1, topic, true);
    }
    assert_int_equal(gossip_state_size(k->state).ties, GOSSIP_PEER_TOPICS_MAX);
    assert_int_equal(gossip_state_size(k->state).topics, GOSSIP_PEER_TOPICS_MAX);
    assert_int_equal(gossip_state_join(k->state, text("ours"), k->now_us, NULL), OK);
    subscribe(k, 1, "ours", true); /* what is ours is noted all the same */
    assert_int_equal(gossip_state_listeners(k->state, text("ours"), NULL, 0), 1);
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    assert_int_equal(gossip_state_size(k->state).ties, 0);
    assert_int_equal(gossip_state_size(k->state).topics, 2);
    assert_int_equal(gossip_state_size(k->state).peers, 0);
}

static void coming_and_going_subscriptions_leave_nothing(void **state)
{
    struct kit *k = *state;
    char topic[32];
    crowd(k, 1);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(topic, sizeof topic, "topic %u", i);
        subscribe(k, 1, topic, true);
        subscribe(k, 1, topic, false);
    }
    assert_int_equal(gossip_state_size(k->state).topics, 1);
    assert_int_equal(gossip_state_size(k->state).ties, 1);
}

static void what_was_bad_is_remembered_over_a_new_connection_and_forgotten_in_time(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    gossip_peer_blame(k->p[1], 10);
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    assert_int_equal(gossip_state_size(k->state).gone, 1);
    here(k, 1, GOSSIP_V12, false);
    assert_false(gossip_peer_heard(k->state, k->p[1], k->now_us));
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    beats(k, 1000);
    assert_int_equal(gossip_state_size(k->state).peers, 0);
}

static void of_those_who_left_so_many_are_remembered(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < GOSSIP_GONE_MAX + 50; i++) {
        struct gossip_peer_cfg cfg = {.version = GOSSIP_V12};
        cfg.id.len = 2;
        cfg.id.bytes[0] = (uint8_t)(i >> 8);
        cfg.id.bytes[1] = (uint8_t)i;
        struct gossip_peer *p = gossip_peer_here(k->state, &cfg, k->now_us);
        gossip_peer_blame(p, 100);
        gossip_peer_gone(k->state, p, k->now_us);
    }
    assert_int_equal(gossip_state_size(k->state).gone, GOSSIP_GONE_MAX);
}

static void our_topics_are_bounded(void **state)
{
    struct kit *k = *state;
    char topic[GOSSIP_TOPIC_MAX + 2];
    for (unsigned i = 1; i < GOSSIP_TOPICS_MAX; i++) {
        snprintf(topic, sizeof topic, "topic %u", i);
        assert_int_equal(gossip_state_join(k->state, text(topic), k->now_us, NULL), OK);
    }
    assert_int_equal(gossip_state_join(k->state, text("more"), k->now_us, NULL), ERR_LIMIT);
    gossip_state_leave(k->state, text(NEWS), k->now_us);
    memset(topic, 'x', sizeof topic);
    assert_int_equal(
        gossip_state_join(k->state, cur_of(topic, GOSSIP_TOPIC_MAX + 1), k->now_us, NULL),
        ERR_LIMIT);
    assert_int_equal(gossip_state_join(k->state, text(""), k->now_us, NULL), ERR_LIMIT);
    assert_int_equal(gossip_state_join(k->state, cur_of(topic, GOSSIP_TOPIC_MAX), k->now_us, NULL),
                     OK);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(the_mesh_is_filled_at_the_heartbeat),
        CASE(twelve_are_kept_and_thirteen_are_too_many),
        CASE(some_of_the_mesh_were_dialled_by_us),
        CASE(the_best_stay_when_it_shrinks),
        CASE(who_is_below_zero_leaves_the_mesh_and_does_not_come_back),
        CASE(a_mesh_that_brings_little_takes_in_two_that_are_better),
        CASE(who_was_pruned_is_not_asked_before_its_time),
        CASE(a_prune_without_a_time_is_for_a_minute),
        CASE(a_backoff_of_all_eternity_is_an_hour),
        CASE(a_graft_during_the_backoff_is_refused_and_punished),
        CASE(a_flood_of_grafts_is_answered_so_many_times),
        CASE(a_graft_of_a_topic_that_is_not_ours_is_not_answered),
        CASE(the_backoff_outlives_the_connection),
        CASE(after_leaving_a_topic_nobody_is_grafted_for_ten_seconds),
        CASE(a_message_goes_to_the_mesh_but_not_back_nor_to_its_author),
        CASE(a_forged_message_costs_its_bringer_and_hides_nothing),
        CASE(what_an_app_rejects_goes_no_further_and_costs),
        CASE(what_we_said_ourselves_is_not_news),
        CASE(ours_goes_to_all_who_listen),
        CASE(a_fanout_is_kept_for_a_minute_where_ours_goes_to_some),
        CASE(who_knows_only_floodsub_gets_everything),
        CASE(others_are_told_for_three_heartbeats),
        CASE(what_we_do_not_have_is_asked_for_so_often),
        CASE(who_promises_and_sends_nothing_is_to_blame),
        CASE(who_asks_is_given_by_any_name_three_times),
        CASE(who_names_messages_as_js_does_is_told_of_them_so),
        CASE(a_long_message_is_declined_before_it_is_judged_and_a_short_one_is_not),
        CASE(who_declined_a_message_is_not_sent_it_for_three_heartbeats),
        CASE(so_many_declined_messages_are_noted),
        CASE(subscriptions_of_a_peer_are_bounded),
        CASE(coming_and_going_subscriptions_leave_nothing),
        CASE(what_was_bad_is_remembered_over_a_new_connection_and_forgotten_in_time),
        CASE(of_those_who_left_so_many_are_remembered),
        CASE(our_topics_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
