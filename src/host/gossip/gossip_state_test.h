/* host/gossip/gossip_state_test.h - for tests of the rules: peers that are made of nothing, and a
 * record of what they are told.  Peer 0 is ourselves. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_STATE_TEST_H
#define SHOAL_HOST_GOSSIP_GOSSIP_STATE_TEST_H

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
    size_t ids, named;
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

static inline struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static const char *const NEWS = "news";

static inline void on_act(void *arg, const struct gossip_action *a)
{
    struct kit *k = arg;
    struct cur ids = a->ids ? buf_cur(a->ids) : cur_of(NULL, 0);
    struct gossip_item it = {.ids = ids, .ids_field = a->kind == GOSSIP_IHAVE ? 2 : 1};
    struct said s = {.act = a->act, .to = a->to, .kind = a->kind, .backoff_s = a->backoff_s};
    struct cur id, record;
    while (gossip_ids_next(&it, &id))
        s.ids++;
    it.peers = a->peers ? buf_cur(a->peers) : cur_of(NULL, 0);
    while (gossip_px_next(&it, &id, &record))
        s.named++;
    assert_true(k->count < SAID_MAX);
    k->said[k->count++] = s;
}

static inline void on_name(void *arg, const struct peer_id *peer, struct buf *peers)
{
    (void)arg;
    gossip_put_px(peers, cur_of(peer->bytes, peer->len), text("record"));
}

static inline struct peer_id id_of(struct kit *k, unsigned i)
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

static inline struct gossip_peer *here(struct kit *k, unsigned i, enum gossip_version v,
                                       bool outbound)
{
    struct gossip_peer_cfg cfg = {.id = id_of(k, i),
                                  .version = v,
                                  .outbound = outbound,
                                  .ip = addr_v4(10, 0, (uint8_t)i, 1, 4001)};
    return k->p[i] = gossip_peer_here(k->state, &cfg, k->now_us);
}

static inline void hear(struct kit *k, unsigned i, const struct buf *rpc)
{
    struct gossip_rpc r;
    struct gossip_item it;
    assert_int_equal(gossip_rpc_open(&r, buf_cur(rpc), NULL), OK);
    while (gossip_rpc_next(&r, &it))
        gossip_state_hear(k->state, k->p[i], &it, k->now_us);
}

static inline void subscribe(struct kit *k, unsigned i, const char *topic, bool yes)
{
    struct buf rpc = {0};
    gossip_put_sub(&rpc, text(topic), yes);
    hear(k, i, &rpc);
    buf_done(&rpc);
}

static inline void control(struct kit *k, unsigned i, struct buf *part)
{
    struct buf rpc = {0};
    gossip_put_control(&rpc, part);
    hear(k, i, &rpc);
    buf_done(&rpc);
    buf_done(part);
}

static inline void graft(struct kit *k, unsigned i)
{
    struct buf part = {0};
    gossip_put_graft(&part, text(NEWS));
    control(k, i, &part);
}

static inline void prune(struct kit *k, unsigned i, uint64_t backoff_s)
{
    struct buf part = {0};
    gossip_put_prune(&part, text(NEWS), backoff_s, NULL);
    control(k, i, &part);
}

/* So many ids, from `first` on. */
static inline void say_ids(struct kit *k, unsigned i, enum gossip_item_kind kind, unsigned first,
                           unsigned n)
{
    struct buf part = {0}, ids = {0};
    for (unsigned j = first; j < first + n; j++)
        gossip_put_id(&ids, kind, cur_of(&j, sizeof j));
    gossip_put_ids(&part, kind, text(NEWS), &ids);
    buf_done(&ids);
    control(k, i, &part);
}

static inline void beats(struct kit *k, unsigned n)
{
    while (n-- > 0) {
        k->now_us += S;
        gossip_state_beat(k->state, k->now_us);
    }
}

static inline size_t mesh(const struct kit *k)
{
    return gossip_state_mesh(k->state, text(NEWS), NULL, 0);
}

static inline bool in_mesh(struct kit *k, unsigned i)
{
    struct peer_id ids[PEERS_MAX], want = id_of(k, i);
    size_t n = gossip_state_mesh(k->state, text(NEWS), ids, PEERS_MAX);
    for (size_t j = 0; j < n; j++)
        if (peer_id_equal(&ids[j], &want))
            return true;
    return false;
}

static inline size_t told(const struct kit *k, enum gossip_act act, const struct gossip_peer *to)
{
    size_t n = 0;
    for (size_t i = 0; i < k->count; i++)
        n += k->said[i].act == act && (!to || k->said[i].to == to);
    return n;
}

static inline size_t told_ids(const struct kit *k, enum gossip_item_kind kind,
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
static inline bool bring(struct kit *k, unsigned from, unsigned author, size_t len,
                         enum gossip_verdict v, bool forged)
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
    bool new = gossip_state_take(k->state, k->p[from], &m, k->now_us, &a, &held) == GOSSIP_NEW;
    if (new)
        gossip_state_judge(k->state, k->p[from], held, v, k->now_us);
    buf_done(&b);
    free(data);
    return new;
}

static inline int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->now_us = 1000 * S;
    struct gossip_state_cfg cfg = {.seed = 3,
                                   .self = id_of(k, 0),
                                   .weights = &gossip_weights,
                                   .name = on_name,
                                   .act = on_act,
                                   .arg = k};
    k->state = gossip_state_new(&cfg);
    assert_int_equal(gossip_state_join(k->state, text(NEWS), k->now_us, NULL), OK);
    return 0;
}

static inline int close_kit(void **state)
{
    struct kit *k = *state;
    gossip_state_free(k->state);
    for (unsigned i = 0; i < PEERS_MAX; i++)
        keys_free(k->keys[i]);
    free(k);
    return 0;
}

/* Peers 1 to n listen. */
static inline void crowd(struct kit *k, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        here(k, i, GOSSIP_V12, i % 2 == 0);
        subscribe(k, i, NEWS, true);
    }
}

#endif
