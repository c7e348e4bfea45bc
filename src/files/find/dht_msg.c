#include "files/find/dht_msg.h"

#include "crypto/ed25519.h"
#include "crypto/sha1.h"
#include "files/meta/bencode.h"

#include <string.h>

enum { IP4_LEN = 4, IP6_LEN = 16, PORT_LEN = 2 };

static const char *const method_names[] = {
    [DHT_PING] = "ping",
    [DHT_FIND_NODE] = "find_node",
    [DHT_GET_PEERS] = "get_peers",
    [DHT_ANNOUNCE_PEER] = "announce_peer",
    [DHT_GET] = "get",
    [DHT_PUT] = "put",
    [DHT_SAMPLE_INFOHASHES] = "sample_infohashes",
    [DHT_UNKNOWN] = "unknown",
};

static bool is_text(struct cur c, const char *text)
{
    return c.n == strlen(text) && memcmp(c.p, text, c.n) == 0;
}

/* Reading */

static struct addr take_addr(struct cur *c, size_t ip_len)
{
    struct cur ip = cur_take(c, ip_len);
    uint16_t port = cur_be16(c);
    return addr_of_bytes(ip.p, ip.n, port);
}

/* Compact address and port: 6 bytes of IPv4, 18 of IPv6; ADDR_NONE for any other length. */
static struct addr compact(struct cur c)
{
    if (c.n == IP4_LEN + PORT_LEN)
        return take_addr(&c, IP4_LEN);
    if (c.n == IP6_LEN + PORT_LEN)
        return take_addr(&c, IP6_LEN);
    return (struct addr){.family = ADDR_NONE};
}

static bool take_id(const struct ben *d, const char *key, struct dht_id *out)
{
    struct cur s = ben_str(d, key);
    if (s.n != DHT_ID_LEN)
        return false;
    *out = dht_id_read(&s);
    return true;
}

/* A list that is no whole number of contacts is read as far as it goes. */
static void take_nodes(struct dht_msg *m, struct cur list, size_t ip_len)
{
    while (list.n >= DHT_ID_LEN + ip_len + PORT_LEN && m->node_count < DHT_NODES_MAX) {
        struct dht_node n;
        n.id = dht_id_read(&list);
        n.addr = take_addr(&list, ip_len);
        if (addr_is_dialable(&n.addr))
            m->nodes[m->node_count++] = n;
    }
}

static void take_values(struct dht_msg *m, const struct ben *r)
{
    const struct ben *list = ben_get(r, "values", BEN_LIST);
    for (const struct ben *v = list ? list->kids : NULL; v; v = v->next) {
        if (v->type != BEN_STR || m->value_count == DHT_VALUES_MAX)
            continue;
        struct addr a = compact(v->str);
        if (addr_is_dialable(&a))
            m->values[m->value_count++] = a;
    }
}

static bool keys_in_order(const struct ben *d)
{
    for (const struct ben *kid = d->kids; kid && kid->next; kid = kid->next) {
        struct cur a = kid->key, b = kid->next->key;
        int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
        if (c > 0 || (c == 0 && a.n >= b.n))
            return false;
    }
    return true;
}

/* The depth is bounded by the parser: BEN_DEPTH. */
static bool is_canonical(const struct ben *b)
{
    if (b->type == BEN_DICT && !keys_in_order(b))
        return false;
    for (const struct ben *kid = b->kids; kid; kid = kid->next)
        if (!is_canonical(kid))
            return false;
    return true;
}

static const uint8_t *exactly(struct cur c, size_t n)
{
    return c.n == n ? c.p : NULL;
}

static void take_item(struct dht_msg *m, const struct ben *d)
{
    struct dht_item *item = &m->item;
    for (const struct ben *kid = d ? d->kids : NULL; kid; kid = kid->next)
        if (is_text(kid->key, "v")) {
            item->v = kid->raw;
            m->v_bad = !is_canonical(kid);
            break;
        }
    item->key = exactly(ben_str(d, "k"), DHT_KEY_LEN);
    item->sig = exactly(ben_str(d, "sig"), DHT_SIG_LEN);
    item->salt = ben_str(d, "salt");
    item->is_mutable = item->key != NULL;
    m->has_seq = ben_get(d, "seq", BEN_INT) != NULL;
    item->seq = ben_int(d, "seq", 0);
    m->has_cas = ben_get(d, "cas", BEN_INT) != NULL;
    m->cas = ben_int(d, "cas", 0);
}

static void take_want(struct dht_msg *m, const struct ben *a)
{
    const struct ben *list = ben_get(a, "want", BEN_LIST);
    for (const struct ben *w = list ? list->kids : NULL; w; w = w->next) {
        m->want4 = m->want4 || (w->type == BEN_STR && is_text(w->str, "n4"));
        m->want6 = m->want6 || (w->type == BEN_STR && is_text(w->str, "n6"));
    }
}

static enum dht_method method_of(struct cur name)
{
    for (int m = DHT_PING; m < DHT_UNKNOWN; m++)
        if (is_text(name, method_names[m]))
            return (enum dht_method)m;
    return DHT_UNKNOWN;
}

static const char *put_fault(const struct dht_msg *m, const struct ben *a)
{
    if (m->item.v.n == 0)
        return "no value";
    bool any = ben_str(a, "k").n > 0 || ben_str(a, "sig").n > 0;
    if (any && (!m->item.key || !m->item.sig || !m->has_seq))
        return "a mutable item needs k, sig and seq";
    return m->v_bad ? "the value's keys are not in order" : NULL;
}

static const char *fault_of(const struct dht_msg *m, const struct ben *a)
{
    if (!m->has_id)
        return "no id of 20 bytes";
    switch (m->method) {
    case DHT_PING:
    case DHT_UNKNOWN:
        return NULL;
    case DHT_FIND_NODE:
    case DHT_GET:
    case DHT_SAMPLE_INFOHASHES:
        return m->has_target ? NULL : "no target of 20 bytes";
    case DHT_GET_PEERS:
        return m->has_target ? NULL : "no info_hash of 20 bytes";
    case DHT_ANNOUNCE_PEER:
        if (!m->has_target)
            return "no info_hash of 20 bytes";
        if (m->token.n == 0)
            return "no token";
        return m->port == 0 && !m->implied_port ? "no port" : NULL;
    case DHT_PUT:
        return m->token.n == 0 ? "no token" : put_fault(m, a);
    }
    return NULL;
}

static void read_query(struct dht_msg *m, const struct ben *top)
{
    const struct ben *a = ben_get(top, "a", BEN_DICT);
    m->kind = DHT_QUERY;
    m->method = method_of(ben_str(top, "q"));
    m->read_only = ben_int(top, "ro", 0) == 1;
    m->has_id = take_id(a, "id", &m->id);
    m->has_target = take_id(a, "info_hash", &m->target) || take_id(a, "target", &m->target);
    m->token = ben_str(a, "token");
    int64_t port = ben_int(a, "port", 0);
    m->port = port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
    m->implied_port = ben_int(a, "implied_port", 0) != 0;
    m->seed = ben_int(a, "seed", 0) == 1;
    m->noseed = ben_int(a, "noseed", 0) == 1;
    m->scrape = ben_int(a, "scrape", 0) == 1;
    take_want(m, a);
    take_item(m, a);
    m->fault = fault_of(m, a);
}

static void read_samples(struct dht_msg *m, const struct ben *r)
{
    struct cur samples = ben_str(r, "samples");
    m->has_samples = ben_get(r, "samples", BEN_STR) != NULL;
    m->samples = cur_take(&samples, samples.n - samples.n % DHT_ID_LEN);
    int64_t interval = ben_int(r, "interval", 0), num = ben_int(r, "num", 0);
    m->interval_s = interval > 0 && interval <= 21600 ? (uint32_t)interval : 0; /* BEP 51 */
    m->num = num > 0 ? (uint64_t)num : 0;
}

static void read_reply(struct dht_msg *m, const struct ben *r)
{
    m->kind = DHT_REPLY;
    m->has_id = take_id(r, "id", &m->id);
    m->token = ben_str(r, "token");
    if (m->token.n > DHT_TOKEN_MAX)
        m->token = cur_of(NULL, 0);
    take_nodes(m, ben_str(r, "nodes"), IP4_LEN);
    take_nodes(m, ben_str(r, "nodes6"), IP6_LEN);
    take_values(m, r);
    take_item(m, r);
    struct cur seeds = ben_str(r, "BFsd"), peers = ben_str(r, "BFpe");
    if (seeds.n == DHT_BLOOM_LEN && peers.n == DHT_BLOOM_LEN) {
        m->bloom_seeds = seeds;
        m->bloom_peers = peers;
    }
    read_samples(m, r);
}

static void read_error(struct dht_msg *m, const struct ben *e)
{
    m->kind = DHT_ERROR;
    const struct ben *code = e->kids, *text = code ? code->next : NULL;
    if (code && code->type == BEN_INT)
        m->error = code->i;
    if (text && text->type == BEN_STR)
        m->error_text = text->str;
}

static enum err read_top(const struct ben *top, struct dht_msg *m, struct why *why)
{
    struct cur y = ben_str(top, "y");
    m->tid = ben_str(top, "t");
    if (m->tid.n == 0)
        return why_set(why, ERR_INVALID, "DHT message without a transaction");
    if (m->tid.n > DHT_TID_MAX)
        return why_set(why, ERR_LIMIT, "DHT transaction of %zu bytes, at most %d", m->tid.n,
                       DHT_TID_MAX);
    m->version = ben_str(top, "v");
    m->you = compact(ben_str(top, "ip"));
    const struct ben *r = ben_get(top, "r", BEN_DICT), *e = ben_get(top, "e", BEN_LIST);
    if (is_text(y, "q") && ben_str(top, "q").n > 0)
        read_query(m, top);
    else if (is_text(y, "r") && r)
        read_reply(m, r);
    else if (is_text(y, "e") && e)
        read_error(m, e);
    else
        return why_set(why, ERR_INVALID, "DHT message that is no query, reply or error");
    return OK;
}

enum err dht_msg_read(struct arena *a, struct cur datagram, struct dht_msg *out, struct why *why)
{
    /* The two arrays are left as they are: they are the most of it, and counted. */
    memset(out, 0, offsetof(struct dht_msg, nodes));
    out->value_count = 0;
    memset(&out->bloom_seeds, 0, sizeof *out - offsetof(struct dht_msg, bloom_seeds));
    if (datagram.n > DHT_PACKET_MAX)
        return why_set(why, ERR_LIMIT, "DHT message of %zu bytes, at most %d", datagram.n,
                       DHT_PACKET_MAX);
    const struct ben *top;
    /* Bytes behind the dictionary are passed over: some programs pad. */
    enum err err = ben_parse_front(a, &datagram, &top, why);
    return err == OK ? read_top(top, out, why) : err;
}

/* Writing; the keys of each dictionary in order. */

static void put_str(struct buf *b, const char *key, const void *s, size_t n)
{
    ben_put_key(b, key);
    ben_put_str(b, s, n);
}

static void put_cur(struct buf *b, const char *key, struct cur c)
{
    if (c.n > 0)
        put_str(b, key, c.p, c.n);
}

static void put_int(struct buf *b, const char *key, int64_t v)
{
    ben_put_key(b, key);
    ben_put_int(b, v);
}

static void put_flag(struct buf *b, const char *key, bool on)
{
    if (on)
        put_int(b, key, 1);
}

static size_t ip_len(const struct addr *a)
{
    return a->family == ADDR_V6 ? IP6_LEN : IP4_LEN;
}

static void put_compact(struct buf *b, const struct addr *a)
{
    buf_put(b, a->ip, ip_len(a));
    buf_be16(b, a->port);
}

static void put_nodes(struct buf *b, const char *key, const struct dht_msg *m,
                      enum addr_family family)
{
    size_t each = DHT_ID_LEN + PORT_LEN + (family == ADDR_V6 ? IP6_LEN : IP4_LEN), n = 0;
    for (size_t i = 0; i < m->node_count; i++)
        n += m->nodes[i].addr.family == family;
    ben_put_key(b, key);
    buf_printf(b, "%zu:", n * each);
    for (size_t i = 0; i < m->node_count; i++)
        if (m->nodes[i].addr.family == family) {
            buf_put(b, m->nodes[i].id.b, DHT_ID_LEN);
            put_compact(b, &m->nodes[i].addr);
        }
}

static void put_values(struct buf *b, const struct dht_msg *m)
{
    if (m->value_count == 0)
        return;
    ben_put_key(b, "values");
    buf_u8(b, 'l');
    for (size_t i = 0; i < m->value_count; i++) {
        buf_printf(b, "%zu:", ip_len(&m->values[i]) + PORT_LEN);
        put_compact(b, &m->values[i]);
    }
    buf_u8(b, 'e');
}

static void put_value(struct buf *b, struct cur v)
{
    if (v.n == 0)
        return;
    ben_put_key(b, "v");
    buf_put(b, v.p, v.n);
}

static void put_want(struct buf *b, const struct dht_msg *m)
{
    if (!m->want4 && !m->want6)
        return;
    ben_put_key(b, "want");
    buf_u8(b, 'l');
    if (m->want4)
        ben_put_key(b, "n4");
    if (m->want6)
        ben_put_key(b, "n6");
    buf_u8(b, 'e');
}

static bool names_infohash(enum dht_method m)
{
    return m == DHT_GET_PEERS || m == DHT_ANNOUNCE_PEER;
}

static void put_args(struct buf *b, const struct dht_msg *m)
{
    const struct dht_item *item = &m->item;
    buf_u8(b, 'd');
    if (m->has_cas)
        put_int(b, "cas", m->cas);
    put_str(b, "id", m->id.b, DHT_ID_LEN);
    put_flag(b, "implied_port", m->implied_port);
    if (m->has_target && names_infohash(m->method))
        put_str(b, "info_hash", m->target.b, DHT_ID_LEN);
    if (item->key)
        put_str(b, "k", item->key, DHT_KEY_LEN);
    put_flag(b, "noseed", m->noseed);
    if (m->method == DHT_ANNOUNCE_PEER)
        put_int(b, "port", m->port);
    put_cur(b, "salt", item->salt);
    put_flag(b, "scrape", m->scrape);
    put_flag(b, "seed", m->seed);
    if (m->has_seq)
        put_int(b, "seq", item->seq);
    if (item->sig)
        put_str(b, "sig", item->sig, DHT_SIG_LEN);
    if (m->has_target && !names_infohash(m->method))
        put_str(b, "target", m->target.b, DHT_ID_LEN);
    put_cur(b, "token", m->token);
    put_value(b, item->v);
    put_want(b, m);
    buf_u8(b, 'e');
}

static void put_result(struct buf *b, const struct dht_msg *m)
{
    const struct dht_item *item = &m->item;
    buf_u8(b, 'd');
    put_cur(b, "BFpe", m->bloom_peers);
    put_cur(b, "BFsd", m->bloom_seeds);
    put_str(b, "id", m->id.b, DHT_ID_LEN);
    if (m->has_samples)
        put_int(b, "interval", m->interval_s);
    if (item->key)
        put_str(b, "k", item->key, DHT_KEY_LEN);
    if (m->want4)
        put_nodes(b, "nodes", m, ADDR_V4);
    if (m->want6)
        put_nodes(b, "nodes6", m, ADDR_V6);
    if (m->has_samples) {
        put_int(b, "num", (int64_t)m->num);
        put_str(b, "samples", m->samples.p, m->samples.n);
    }
    if (m->has_seq)
        put_int(b, "seq", item->seq);
    if (item->sig)
        put_str(b, "sig", item->sig, DHT_SIG_LEN);
    put_cur(b, "token", m->token);
    put_value(b, item->v);
    put_values(b, m);
    buf_u8(b, 'e');
}

static void put_error(struct buf *b, const struct dht_msg *m)
{
    ben_put_key(b, "e");
    buf_u8(b, 'l');
    ben_put_int(b, m->error);
    ben_put_str(b, m->error_text.p, m->error_text.n);
    buf_u8(b, 'e');
}

void dht_msg_put(struct buf *b, const struct dht_msg *m)
{
    static const char *const kinds[] = {[DHT_QUERY] = "q", [DHT_REPLY] = "r", [DHT_ERROR] = "e"};
    buf_u8(b, 'd');
    if (m->kind == DHT_QUERY) {
        ben_put_key(b, "a");
        put_args(b, m);
    }
    if (m->kind == DHT_ERROR)
        put_error(b, m);
    if (m->you.family != ADDR_NONE) {
        ben_put_key(b, "ip");
        buf_printf(b, "%zu:", ip_len(&m->you) + PORT_LEN);
        put_compact(b, &m->you);
    }
    if (m->kind == DHT_QUERY) {
        ben_put_key(b, "q");
        ben_put_key(b, method_names[m->method]);
    }
    if (m->kind == DHT_REPLY) {
        ben_put_key(b, "r");
        put_result(b, m);
    }
    put_flag(b, "ro", m->read_only);
    put_str(b, "t", m->tid.p, m->tid.n);
    put_cur(b, "v", m->version);
    ben_put_key(b, "y");
    ben_put_key(b, kinds[m->kind]);
    buf_u8(b, 'e');
}

/* Items */

void dht_item_signed(struct buf *out, const struct dht_item *item)
{
    if (item->salt.n > 0)
        put_str(out, "salt", item->salt.p, item->salt.n);
    put_int(out, "seq", item->seq);
    put_value(out, item->v);
}

struct dht_id dht_key_target(const uint8_t key[DHT_KEY_LEN], struct cur salt)
{
    struct dht_id id;
    struct sha1 *h = sha1_new();
    sha1_update(h, key, DHT_KEY_LEN);
    if (salt.n > 0)
        sha1_update(h, salt.p, salt.n);
    sha1_finish(h, id.b);
    return id;
}

struct dht_id dht_item_target(const struct dht_item *item)
{
    struct dht_id id;
    if (item->is_mutable)
        return dht_key_target(item->key, item->salt);
    sha1(item->v.p, item->v.n, id.b);
    return id;
}

bool dht_value_is_canonical(struct cur v)
{
    const struct ben *b;
    struct arena *a = arena_new();
    bool yes = ben_parse(a, v, &b, NULL) == OK && is_canonical(b);
    arena_free(a);
    return yes;
}

bool dht_item_is_good(const struct dht_item *item)
{
    if (item->v.n == 0 || item->v.n > DHT_VALUE_MAX || !dht_value_is_canonical(item->v))
        return false;
    if (!item->is_mutable)
        return true;
    if (!item->key || !item->sig || item->salt.n > DHT_SALT_MAX || item->seq < 0)
        return false;
    struct buf b = {0};
    dht_item_signed(&b, item);
    bool good = ed25519_verify(item->key, buf_bytes(&b), buf_len(&b), item->sig);
    buf_done(&b);
    return good;
}
