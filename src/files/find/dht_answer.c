/* What strangers ask, and how much of it is answered. */
#include "files/find/dht.h"

#include "files/find/dht_in.h"

#include <string.h>

enum { THOUSAND = 1000, SHORT_NODES = 3 };

/* Of the query at hand. */
struct ask {
    struct dht *d;
    struct dht_side *side;
    const struct addr *from;
    const struct dht_msg *m;
    size_t len;
};

/* A slot for a stranger, shared by those whose hashes agree: a table that is full forgets nobody,
 * and cannot be filled. */
static bool allow(struct dht *d, const struct addr *from)
{
    uint8_t key[DHT_STRANGER_LEN];
    dht_id_stranger(from, key);
    struct dht_allowance *a =
        &d->strangers[map_hash(d->stranger_seed, key, sizeof key) % DHT_STRANGERS];
    uint64_t now = dht_now(d), full = (uint64_t)DHT_ASKS_BURST * THOUSAND;
    uint64_t more = (now - a->from_us) * DHT_ASKS_PER_S * THOUSAND / SEC;
    uint64_t left = a->from_us == 0 || a->left + more > full ? full : a->left + more;
    if (left < THOUSAND)
        return false;
    a->left = (uint32_t)(left - THOUSAND);
    a->from_us = now;
    return true;
}

static struct dht_msg reply_to(const struct ask *q)
{
    return (struct dht_msg){
        .kind = DHT_REPLY, .tid = q->m->tid, .you = *q->from, .id = *dht_table_own(q->side->table)};
}

static void send(const struct ask *q, struct dht_msg *m, struct buf *b)
{
    bucket_spend(q->d->answers, buf_len(b), dht_now(q->d));
    q->d->answered++;
    (void)m;
    q->d->env.send(q->d->env.arg, q->from, buf_bytes(b), buf_len(b));
}

static void encode(const struct dht_msg *m, struct buf *b)
{
    buf_clear(b);
    dht_msg_put(b, m);
}

static void send_error(const struct ask *q, enum dht_error error, const char *text)
{
    struct dht_msg m = reply_to(q);
    struct buf b = {0};
    m.kind = DHT_ERROR;
    m.error = error;
    m.error_text = cur_of(text, strlen(text));
    encode(&m, &b);
    send(q, &m, &b);
    buf_done(&b);
}

static void strip(struct dht_msg *m)
{
    m->value_count = 0;
    m->bloom_seeds = m->bloom_peers = m->samples = cur_of(NULL, 0);
    m->item = (struct dht_item){.is_mutable = false};
    m->has_seq = false;
    m->node_count = m->node_count < SHORT_NODES ? m->node_count : SHORT_NODES;
}

/* Within DHT_SEND_MAX: fewer values first, then the nodes of the other family go. */
static void fit(const struct ask *q, struct dht_msg *m, struct buf *b)
{
    encode(m, b);
    while (buf_len(b) > DHT_SEND_MAX && m->value_count > 0) {
        m->value_count /= 2;
        encode(m, b);
    }
    if (buf_len(b) <= DHT_SEND_MAX)
        return;
    *(q->side->family == ADDR_V4 ? &m->want6 : &m->want4) = false;
    encode(m, b);
    if (buf_len(b) > DHT_SEND_MAX) { /* an item of a thousand bytes: it goes without nodes */
        m->want4 = m->want6 = false;
        encode(m, b);
    }
}

static void send_reply(const struct ask *q, struct dht_msg *m)
{
    struct buf b = {0};
    uint64_t now = dht_now(q->d);
    fit(q, m, &b);
    if (buf_len(&b) > q->len * DHT_LONG_FACTOR) {
        if (bucket_have(q->d->longs, now) < buf_len(&b)) {
            strip(m);
            encode(m, &b);
        } else {
            bucket_spend(q->d->longs, buf_len(&b), now);
        }
    }
    send(q, m, &b);
    buf_done(&b);
}

/* Nodes of one family near the target; the one who asks knows itself, and a stranger from outside
 * has no use for addresses of our network. */
static void add_nodes(const struct ask *q, const struct dht_side *s, struct dht_msg *m)
{
    struct dht_node near[DHT_K + 1];
    size_t n = dht_table_closest(s->table, &q->m->target, near, DHT_K + 1), taken = 0;
    for (size_t i = 0; i < n && taken < DHT_K; i++) {
        bool hidden = dht_id_exempt(&near[i].addr) && !dht_id_exempt(q->from);
        if (!hidden && !addr_equal(&near[i].addr, q->from)) {
            m->nodes[m->node_count++] = near[i];
            taken++;
        }
    }
}

static void near_target(const struct ask *q, struct dht_msg *m)
{
    bool v4 = q->side->family == ADDR_V4, named = q->m->want4 || q->m->want6;
    m->want4 = named ? q->m->want4 : v4;
    m->want6 = named ? q->m->want6 : !v4;
    m->node_count = 0;
    if (m->want4)
        add_nodes(q, &q->d->side[0], m);
    if (m->want6)
        add_nodes(q, &q->d->side[1], m);
}

static void find_node(const struct ask *q)
{
    struct dht_msg m = reply_to(q);
    near_target(q, &m);
    send_reply(q, &m);
}

static void get_peers(const struct ask *q)
{
    struct dht_store *store = q->side->store;
    uint8_t token[DHT_STORE_TOKEN_LEN], seeds[DHT_BLOOM_LEN], peers[DHT_BLOOM_LEN];
    struct dht_msg m = reply_to(q);
    near_target(q, &m);
    if (!dht_store_is_full(store, &q->m->target)) {
        dht_store_token(store, q->from, &q->m->target, token);
        m.token = cur_of(token, sizeof token);
    }
    m.value_count = dht_store_peers(store, &q->m->target, q->m->noseed, m.values, DHT_VALUES_SENT);
    if (q->m->scrape && dht_store_scrape(store, &q->m->target, dht_now(q->d), seeds, peers)) {
        m.bloom_seeds = cur_of(seeds, sizeof seeds);
        m.bloom_peers = cur_of(peers, sizeof peers);
    }
    send_reply(q, &m);
}

static bool token_ok(const struct ask *q, const struct dht_id *target)
{
    return dht_store_token_ok(q->side->store, q->from, target, q->m->token);
}

static void announce_peer(const struct ask *q)
{
    struct addr peer = *q->from;
    if (!token_ok(q, &q->m->target)) {
        send_error(q, DHT_E_PROTOCOL, "bad token");
        return;
    }
    if (!q->m->implied_port)
        peer.port = q->m->port;
    if (dht_store_announce(q->side->store, &q->m->target, &peer, q->m->seed, dht_now(q->d))) {
        send_error(q, DHT_E_SERVER, "no room");
        return;
    }
    struct dht_msg m = reply_to(q);
    send_reply(q, &m);
    if (q->d->env.announced)
        q->d->env.announced(q->d->env.arg, &q->m->target, &peer);
}

static void get(const struct ask *q)
{
    struct dht_store *store = q->side->store;
    uint8_t token[DHT_STORE_TOKEN_LEN];
    struct dht_msg m = reply_to(q);
    near_target(q, &m);
    dht_store_token(store, q->from, &q->m->target, token);
    m.token = cur_of(token, sizeof token);
    if (dht_store_get(store, &q->m->target, &m.item)) {
        m.item.salt = cur_of(NULL, 0); /* "the salt is not returned" */
        m.has_seq = m.item.is_mutable;
        if (m.has_seq && q->m->has_seq && m.item.seq <= q->m->item.seq)
            m.item = (struct dht_item){.seq = m.item.seq};
    }
    send_reply(q, &m);
}

static void put(const struct ask *q)
{
    const struct dht_item *item = &q->m->item;
    if (item->v.n > DHT_VALUE_MAX) {
        send_error(q, DHT_E_BIG, "the value is longer than 1000 bytes");
        return;
    }
    if (item->is_mutable && item->salt.n > DHT_SALT_MAX) {
        send_error(q, DHT_E_SALT, "the salt is longer than 64 bytes");
        return;
    }
    struct dht_id target = dht_item_target(item);
    if (!token_ok(q, &target)) {
        send_error(q, DHT_E_PROTOCOL, "bad token");
        return;
    }
    if (!dht_item_is_good(item)) { /* after the token: this costs time */
        send_error(q, DHT_E_SIGNATURE, "invalid signature");
        return;
    }
    int error = dht_store_put(q->side->store, item, q->m->has_cas ? &q->m->cas : NULL, q->from,
                              dht_now(q->d));
    if (error) {
        send_error(q, (enum dht_error)error,
                   error == DHT_E_CAS   ? "the cas number is another"
                   : error == DHT_E_SEQ ? "the sequence number is not greater"
                                        : "no room");
        return;
    }
    struct dht_msg m = reply_to(q);
    send_reply(q, &m);
}

static void sample_infohashes(const struct ask *q)
{
    uint8_t samples[DHT_SAMPLES_MAX * DHT_ID_LEN];
    struct dht_msg m = reply_to(q);
    near_target(q, &m);
    size_t n = dht_store_samples(q->side->store, dht_now(q->d), samples);
    m.has_samples = true;
    m.samples = cur_of(samples, n * DHT_ID_LEN);
    m.interval_s = DHT_SAMPLE_INTERVAL_S;
    m.num = dht_store_swarms(q->side->store);
    send_reply(q, &m);
}

static void ping(const struct ask *q)
{
    struct dht_msg m = reply_to(q);
    send_reply(q, &m);
}

static void dispatch(const struct ask *q)
{
    switch (q->m->method) {
    case DHT_PING:
        ping(q);
        return;
    case DHT_FIND_NODE:
        find_node(q);
        return;
    case DHT_GET_PEERS:
        get_peers(q);
        return;
    case DHT_ANNOUNCE_PEER:
        announce_peer(q);
        return;
    case DHT_GET:
        get(q);
        return;
    case DHT_PUT:
        put(q);
        return;
    case DHT_SAMPLE_INFOHASHES:
        sample_infohashes(q);
        return;
    case DHT_UNKNOWN:
        if (q->m->has_target)
            find_node(q);
        else
            send_error(q, DHT_E_METHOD, "method unknown");
        return;
    }
}

void dht_answer(struct dht *d, const struct addr *from, const struct dht_msg *m, size_t len)
{
    struct ask q = {d, dht_side_of(d, from), from, m, len};
    if (d->env.read_only || !q.side || !addr_is_dialable(from))
        return;
    if (!allow(d, from) || bucket_have(d->answers, dht_now(d)) == 0) {
        d->dropped++;
        return;
    }
    if (m->fault)
        send_error(&q, DHT_E_PROTOCOL, m->fault);
    else
        dispatch(&q);
    struct dht_node n = {m->id, *from};
    if (!m->has_id || m->read_only)
        return;
    dht_table_asked(q.side->table, &n, dht_now(d));
    dht_ask_told(d, &n);
    dht_need_tick(d);
}
