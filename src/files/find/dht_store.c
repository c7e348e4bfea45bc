#include "files/find/dht_store.h"

#include "base/map.h"
#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/sha1.h"

#include <math.h>
#include <string.h>

enum { BLOOM_BITS = DHT_BLOOM_LEN * 8, BLOOM_HASHES = 2 };
#define BLOOM_AGE_US (60 * SEC)

struct peer {
    struct addr addr;
    bool seed;
    uint64_t at_us;
};

struct blooms {
    uint64_t at_us;
    uint8_t seeds[DHT_BLOOM_LEN], peers[DHT_BLOOM_LEN];
};

struct swarm {
    struct dht_id hash;
    struct peer *peers;
    size_t count, cap;
    struct blooms *blooms; /* NULL: nobody scraped */
};

struct item {
    struct dht_id target;
    struct addr from;
    uint64_t at_us;
    bool is_mutable;
    int64_t seq;
    uint8_t key[DHT_KEY_LEN], sig[DHT_SIG_LEN], salt[DHT_SALT_MAX];
    size_t salt_len, len;
    uint8_t v[];
};

/* What one stranger has here. */
struct share {
    unsigned swarms, items;
};

struct dht_store {
    struct dht_id own;
    uint64_t chance; /* state of the choices */
    uint64_t secret, old_secret, secret_us;
    struct map *swarms, *items; /* by dht_id */
    struct map *shares;         /* by stranger */
    size_t peer_count;
    uint8_t samples[DHT_SAMPLES_MAX * DHT_ID_LEN];
    size_t sample_count;
    uint64_t sampled_us; /* 0: never */
};

/* SplitMix64 (Steele, Lea, Flood 2014): choices that need to be even, not secret. */
static uint64_t chance(struct dht_store *s)
{
    uint64_t z = s->chance += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct dht_store *dht_store_new(const struct dht_id *own, uint64_t seed, uint64_t now_us)
{
    struct dht_store *s = MEM_NEW(struct dht_store);
    s->own = *own;
    s->chance = seed;
    s->secret = chance(s);
    s->old_secret = chance(s);
    s->secret_us = now_us;
    s->swarms = map_new(seed);
    s->items = map_new(seed);
    s->shares = map_new(seed);
    return s;
}

/* Shares */

/* NULL: it has nothing here. */
static struct share *share_get(const struct dht_store *s, const struct addr *a)
{
    uint8_t key[DHT_STRANGER_LEN];
    dht_id_stranger(a, key);
    return map_get(s->shares, key, sizeof key);
}

/* Made when there is none; the caller counts something in it. */
static struct share *share_of(struct dht_store *s, const struct addr *a)
{
    uint8_t key[DHT_STRANGER_LEN];
    dht_id_stranger(a, key);
    struct share *sh = map_get(s->shares, key, sizeof key);
    if (!sh) {
        sh = MEM_NEW(struct share);
        map_put(s->shares, key, sizeof key, sh);
    }
    return sh;
}

static void share_drop(struct dht_store *s, const struct addr *a, unsigned swarms, unsigned items)
{
    uint8_t key[DHT_STRANGER_LEN];
    struct share *sh = share_of(s, a);
    sh->swarms -= swarms;
    sh->items -= items;
    if (sh->swarms > 0 || sh->items > 0)
        return;
    dht_id_stranger(a, key);
    map_drop(s->shares, key, sizeof key);
    free(sh);
}

/* Swarms */

static void remove_peer(struct dht_store *s, struct swarm *w, size_t i)
{
    share_drop(s, &w->peers[i].addr, 1, 0);
    w->peers[i] = w->peers[--w->count];
    s->peer_count--;
}

static void drop_swarm(struct dht_store *s, struct swarm *w)
{
    while (w->count > 0)
        remove_peer(s, w, w->count - 1);
    map_drop(s->swarms, w->hash.b, DHT_ID_LEN);
    free(w->peers);
    free(w->blooms);
    free(w);
}

static void drop_item(struct dht_store *s, struct item *it)
{
    share_drop(s, &it->from, 0, 1);
    map_drop(s->items, it->target.b, DHT_ID_LEN);
    free(it);
}

void dht_store_free(struct dht_store *s)
{
    if (!s)
        return;
    struct swarm *w;
    struct item *it;
    for (size_t at = 0; (w = map_next(s->swarms, &at, NULL, NULL));)
        drop_swarm(s, w);
    for (size_t at = 0; (it = map_next(s->items, &at, NULL, NULL));)
        drop_item(s, it);
    map_free(s->swarms);
    map_free(s->items);
    map_free(s->shares);
    free(s);
}

void dht_store_rebase(struct dht_store *s, const struct dht_id *own)
{
    s->own = *own;
}

static void expire_peers(struct dht_store *s, struct swarm *w, uint64_t now_us)
{
    for (size_t i = w->count; i > 0; i--)
        if (now_us - w->peers[i - 1].at_us >= DHT_PEER_TTL_US)
            remove_peer(s, w, i - 1);
    if (w->count == 0)
        drop_swarm(s, w);
}

void dht_store_tick(struct dht_store *s, uint64_t secret, uint64_t now_us)
{
    struct swarm *w;
    struct item *it;
    for (size_t at = 0; (w = map_next(s->swarms, &at, NULL, NULL));)
        expire_peers(s, w, now_us);
    for (size_t at = 0; (it = map_next(s->items, &at, NULL, NULL));)
        if (now_us - it->at_us >= DHT_ITEM_TTL_US)
            drop_item(s, it);
    if (now_us - s->secret_us < DHT_SECRET_US)
        return;
    s->old_secret = s->secret;
    s->secret = secret;
    s->secret_us = now_us;
}

/* The farthest of a map keyed by ids, if it lies farther than `target`; else NULL. */
static void *farthest(const struct dht_store *s, const struct map *m, const struct dht_id *target)
{
    struct dht_id worst = *target;
    void *out = NULL, *v;
    const void *key;
    for (size_t at = 0; (v = map_next(m, &at, &key, NULL));) {
        struct cur c = cur_of(key, DHT_ID_LEN);
        struct dht_id id = dht_id_read(&c);
        if (dht_id_nearer(&s->own, &worst, &id) >= 0)
            continue;
        worst = id;
        out = v;
    }
    return out;
}

/* Tokens */

static void token_under(uint64_t secret, const struct addr *a, const struct dht_id *target,
                        uint8_t token[DHT_STORE_TOKEN_LEN])
{
    struct {
        uint8_t addr[ADDR_KEY], target[DHT_ID_LEN];
    } of;
    struct addr ip = *a;
    ip.port = 0; /* a router may give each of its packets another */
    addr_key(&ip, of.addr);
    memcpy(of.target, target->b, DHT_ID_LEN);
    uint64_t h = map_hash(secret, &of, sizeof of);
    for (size_t i = 0; i < DHT_STORE_TOKEN_LEN; i++)
        token[i] = (uint8_t)(h >> 8 * i);
}

void dht_store_token(const struct dht_store *s, const struct addr *to, const struct dht_id *target,
                     uint8_t token[DHT_STORE_TOKEN_LEN])
{
    token_under(s->secret, to, target, token);
}

bool dht_store_token_ok(const struct dht_store *s, const struct addr *from,
                        const struct dht_id *target, struct cur token)
{
    uint8_t now[DHT_STORE_TOKEN_LEN], before[DHT_STORE_TOKEN_LEN];
    token_under(s->secret, from, target, now);
    token_under(s->old_secret, from, target, before);
    return token.n == DHT_STORE_TOKEN_LEN &&
           (equal_secret(token.p, now, token.n) || equal_secret(token.p, before, token.n));
}

/* Peers */

static struct swarm *swarm_of(const struct dht_store *s, const struct dht_id *hash)
{
    return map_get(s->swarms, hash->b, DHT_ID_LEN);
}

/* BEP 33: "<Infohash,IP> tuples must be unique"; at home each port is one. */
static struct peer *find_peer(struct swarm *w, const struct addr *a)
{
    bool by_port = dht_id_exempt(a);
    for (size_t i = 0; w && i < w->count; i++)
        if (by_port ? addr_equal(&w->peers[i].addr, a) : addr_same_ip(&w->peers[i].addr, a))
            return &w->peers[i];
    return NULL;
}

/* Room for one more swarm, or one more peer. */
static bool make_room(struct dht_store *s, const struct dht_id *hash, bool is_new)
{
    while (s->peer_count >= DHT_STORED_PEERS_MAX ||
           (is_new && map_count(s->swarms) >= DHT_SWARMS_MAX)) {
        struct swarm *w = farthest(s, s->swarms, hash);
        if (!w)
            return false;
        drop_swarm(s, w);
    }
    return true;
}

static struct swarm *new_swarm(struct dht_store *s, const struct dht_id *hash)
{
    struct swarm *w = MEM_NEW(struct swarm);
    w->hash = *hash;
    map_put(s->swarms, hash->b, DHT_ID_LEN, w);
    return w;
}

static struct peer *new_peer(struct dht_store *s, struct swarm *w, const struct addr *a)
{
    if (w->count == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 2;
        w->peers = mem_realloc(w->peers, w->cap * sizeof *w->peers);
    }
    struct peer *p = &w->peers[w->count++];
    *p = (struct peer){.addr = *a};
    share_of(s, a)->swarms++;
    s->peer_count++;
    return p;
}

enum err dht_store_announce(struct dht_store *s, const struct dht_id *infohash,
                            const struct addr *peer, bool seed, uint64_t now_us)
{
    struct swarm *w = swarm_of(s, infohash);
    struct peer *p = find_peer(w, peer);
    const struct share *sh = share_get(s, peer);
    if (!p) {
        if ((sh && sh->swarms >= DHT_STRANGER_SWARMS_MAX) || (w && w->count >= DHT_SWARM_PEERS_MAX))
            return ERR_LIMIT;
        if (!make_room(s, infohash, !w))
            return ERR_LIMIT;
        w = swarm_of(s, infohash);
        p = new_peer(s, w ? w : new_swarm(s, infohash), peer);
    }
    p->addr.port = peer->port;
    p->seed = seed;
    p->at_us = now_us;
    return OK;
}

size_t dht_store_peers(struct dht_store *s, const struct dht_id *infohash, bool noseed,
                       struct addr *out, size_t cap)
{
    const struct swarm *w = swarm_of(s, infohash);
    size_t fit = 0, n = 0;
    for (size_t i = 0; w && i < w->count; i++)
        fit += !(noseed && w->peers[i].seed);
    /* Each with the same chance: as many are still wanted as there are left to choose from. */
    for (size_t i = 0; w && i < w->count && n < cap; i++) {
        if (noseed && w->peers[i].seed)
            continue;
        if (chance(s) % fit < cap - n)
            out[n++] = w->peers[i].addr;
        fit--;
    }
    return n;
}

bool dht_store_is_full(const struct dht_store *s, const struct dht_id *infohash)
{
    const struct swarm *w = swarm_of(s, infohash);
    return w && w->count >= DHT_SWARM_PEERS_MAX;
}

/* Scrapes */

void dht_bloom_add(uint8_t bloom[DHT_BLOOM_LEN], const struct addr *ip)
{
    uint8_t h[SHA1_LEN];
    sha1(ip->ip, ip->family == ADDR_V6 ? 16 : 4, h);
    for (size_t i = 0; i < BLOOM_HASHES; i++) {
        unsigned bit = ((unsigned)h[2 * i] | (unsigned)h[2 * i + 1] << 8) % BLOOM_BITS;
        bloom[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
}

double dht_bloom_size(const uint8_t bloom[DHT_BLOOM_LEN])
{
    unsigned zeros = 0;
    for (size_t i = 0; i < BLOOM_BITS; i++)
        zeros += !(bloom[i / 8] >> i % 8 & 1);
    double m = BLOOM_BITS, c = zeros < BLOOM_BITS - 1 ? zeros : BLOOM_BITS - 1;
    if (zeros == BLOOM_BITS)
        return 0; /* the formula would say a half */
    return log((c > 0 ? c : 1) / m) / (BLOOM_HASHES * log(1 - 1 / m));
}

bool dht_store_scrape(struct dht_store *s, const struct dht_id *infohash, uint64_t now_us,
                      uint8_t seeds[DHT_BLOOM_LEN], uint8_t peers[DHT_BLOOM_LEN])
{
    struct swarm *w = swarm_of(s, infohash);
    if (!w)
        return false;
    if (!w->blooms || now_us - w->blooms->at_us >= BLOOM_AGE_US) {
        free(w->blooms);
        w->blooms = MEM_NEW(struct blooms);
        w->blooms->at_us = now_us;
        for (size_t i = 0; i < w->count; i++)
            dht_bloom_add(w->peers[i].seed ? w->blooms->seeds : w->blooms->peers,
                          &w->peers[i].addr);
    }
    memcpy(seeds, w->blooms->seeds, DHT_BLOOM_LEN);
    memcpy(peers, w->blooms->peers, DHT_BLOOM_LEN);
    return true;
}

static void choose_samples(struct dht_store *s)
{
    size_t left = map_count(s->swarms);
    const void *key;
    s->sample_count = 0;
    for (size_t at = 0; s->sample_count < DHT_SAMPLES_MAX && map_next(s->swarms, &at, &key, NULL);
         left--)
        if (chance(s) % left < DHT_SAMPLES_MAX - s->sample_count)
            memcpy(s->samples + DHT_ID_LEN * s->sample_count++, key, DHT_ID_LEN);
}

size_t dht_store_samples(struct dht_store *s, uint64_t now_us,
                         uint8_t out[DHT_SAMPLES_MAX * DHT_ID_LEN])
{
    if (s->sampled_us == 0 || now_us - s->sampled_us >= DHT_SAMPLE_INTERVAL_S * SEC) {
        choose_samples(s);
        s->sampled_us = now_us;
    }
    memcpy(out, s->samples, s->sample_count * DHT_ID_LEN);
    return s->sample_count;
}

/* Items */

static struct item *new_item(const struct dht_item *in, const struct dht_id *target,
                             const struct addr *from)
{
    struct item *it = mem_zalloc(sizeof *it + in->v.n);
    it->target = *target;
    it->from = *from;
    it->is_mutable = in->is_mutable;
    it->len = in->v.n;
    memcpy(it->v, in->v.p, in->v.n);
    if (!in->is_mutable)
        return it;
    it->seq = in->seq;
    memcpy(it->key, in->key, DHT_KEY_LEN);
    memcpy(it->sig, in->sig, DHT_SIG_LEN);
    it->salt_len = in->salt.n;
    if (in->salt.n > 0)
        memcpy(it->salt, in->salt.p, in->salt.n);
    return it;
}

static bool same_value(const struct item *it, const struct dht_item *in)
{
    return it->len == in->v.n && memcmp(it->v, in->v.p, it->len) == 0;
}

/* What is there already decides: 0: it may be replaced. */
static int judge(const struct item *old, const struct dht_item *in, const int64_t *cas)
{
    if (!in->is_mutable)
        return 0;
    if (cas && *cas != old->seq)
        return DHT_E_CAS;
    if (in->seq < old->seq || (in->seq == old->seq && !same_value(old, in)))
        return DHT_E_SEQ;
    return 0;
}

int dht_store_put(struct dht_store *s, const struct dht_item *in, const int64_t *cas,
                  const struct addr *from, uint64_t now_us)
{
    struct dht_id target = dht_item_target(in);
    struct item *old = map_get(s->items, target.b, DHT_ID_LEN);
    int error = old ? judge(old, in, cas) : 0;
    if (error)
        return error;
    if (old && same_value(old, in) && old->seq == in->seq) {
        old->at_us = now_us;
        return 0;
    }
    const struct share *sh = share_get(s, from);
    if (!old && sh && sh->items >= DHT_STRANGER_ITEMS_MAX)
        return DHT_E_SERVER;
    if (!old && map_count(s->items) >= DHT_STORED_ITEMS_MAX) {
        struct item *far = farthest(s, s->items, &target);
        if (!far)
            return DHT_E_SERVER;
        drop_item(s, far);
    }
    /* Who put it first answers for it: else a stranger could take another's room. */
    struct addr owner = old ? old->from : *from;
    if (old)
        drop_item(s, old);
    struct item *it = new_item(in, &target, &owner);
    it->at_us = now_us;
    share_of(s, &owner)->items++;
    map_put(s->items, target.b, DHT_ID_LEN, it);
    return 0;
}

bool dht_store_get(const struct dht_store *s, const struct dht_id *target, struct dht_item *out)
{
    const struct item *it = map_get(s->items, target->b, DHT_ID_LEN);
    if (!it)
        return false;
    *out = (struct dht_item){.v = cur_of(it->v, it->len), .is_mutable = it->is_mutable};
    if (!it->is_mutable)
        return true;
    out->key = it->key;
    out->sig = it->sig;
    out->salt = cur_of(it->salt, it->salt_len);
    out->seq = it->seq;
    return true;
}

size_t dht_store_swarms(const struct dht_store *s)
{
    return map_count(s->swarms);
}

size_t dht_store_peer_count(const struct dht_store *s)
{
    return s->peer_count;
}

size_t dht_store_items(const struct dht_store *s)
{
    return map_count(s->items);
}
