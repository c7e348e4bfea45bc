#include "files/find/dht_table.h"

#include "base/mem.h"

#include <string.h>

struct entry {
    struct dht_node node;
    uint8_t stranger[DHT_STRANGER_LEN];
    bool secure;
    unsigned fails;
    uint64_t replied_us, asked_us; /* to us; by us, when it was due */
    uint64_t queried_us;           /* it asked us; 0: never */
};

struct bucket {
    size_t count, spare_count;
    struct entry in[DHT_K], spare[DHT_K]; /* spares: oldest answer first */
    uint64_t changed_us;
};

struct dht_table {
    struct dht_id own;
    struct bucket *buckets[DHT_ID_BITS]; /* NULL: empty, and never was another */
};

struct dht_table *dht_table_new(const struct dht_id *own)
{
    struct dht_table *t = MEM_NEW(struct dht_table);
    t->own = *own;
    return t;
}

void dht_table_free(struct dht_table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < DHT_ID_BITS; i++)
        free(t->buckets[i]);
    free(t);
}

const struct dht_id *dht_table_own(const struct dht_table *t)
{
    return &t->own;
}

static bool is_bad(const struct entry *e)
{
    return e->fails >= DHT_BAD_AFTER;
}

static bool is_good(const struct entry *e, uint64_t now_us)
{
    uint64_t heard = e->queried_us > e->replied_us ? e->queried_us : e->replied_us;
    return !is_bad(e) && now_us - heard < DHT_GOOD_US;
}

/* NULL for our own id, and when there is none and none is made. */
static struct bucket *bucket_of(struct dht_table *t, const struct dht_id *id, bool make)
{
    unsigned i = dht_id_common(&t->own, id);
    if (i == DHT_ID_BITS)
        return NULL;
    if (!t->buckets[i] && make)
        t->buckets[i] = MEM_NEW(struct bucket);
    return t->buckets[i];
}

static struct entry *find_in(struct entry *list, size_t n, const struct dht_node *node)
{
    for (size_t i = 0; i < n; i++)
        if (dht_id_equal(&list[i].node.id, &node->id) &&
            addr_equal(&list[i].node.addr, &node->addr))
            return &list[i];
    return NULL;
}

static struct entry *find(struct dht_table *t, const struct dht_node *node)
{
    struct bucket *b = bucket_of(t, &node->id, false);
    struct entry *e = b ? find_in(b->in, b->count, node) : NULL;
    return e || !b ? e : find_in(b->spare, b->spare_count, node);
}

static void remove_at(struct entry *list, size_t *n, size_t i)
{
    memmove(&list[i], &list[i + 1], (*n - i - 1) * sizeof *list);
    --*n;
}

/* Spares: the one that answered last is the first to move up. */
static void move_up(struct bucket *b)
{
    while (b->count < DHT_K && b->spare_count > 0)
        b->in[b->count++] = b->spare[--b->spare_count];
}

static void add_spare(struct bucket *b, const struct entry *e)
{
    if (b->spare_count == DHT_K)
        remove_at(b->spare, &b->spare_count, 0);
    b->spare[b->spare_count++] = *e;
}

/* What speaks against a newcomer, anywhere in the table. */
struct rival {
    struct bucket *bucket;
    struct entry *list;
    size_t *count, at;
};

static bool rival_in(struct bucket *b, struct entry *list, size_t *n, const uint8_t *stranger,
                     struct rival *out)
{
    for (size_t i = 0; i < *n; i++)
        if (memcmp(list[i].stranger, stranger, DHT_STRANGER_LEN) == 0) {
            *out = (struct rival){b, list, n, i};
            return true;
        }
    return false;
}

/* Another entry of the same stranger. */
static bool find_rival(const struct dht_table *t, const uint8_t *stranger, struct rival *out)
{
    for (unsigned i = 0; i < DHT_ID_BITS; i++) {
        struct bucket *b = t->buckets[i];
        if (b && (rival_in(b, b->in, &b->count, stranger, out) ||
                  rival_in(b, b->spare, &b->spare_count, stranger, out)))
            return true;
    }
    return false;
}

static bool has_neighbour(const struct bucket *b, const struct addr *a)
{
    for (size_t i = 0; i < b->count; i++)
        if (dht_id_same_net(&b->in[i].node.addr, a) && !is_bad(&b->in[i]))
            return true;
    return false;
}

/* Who gives way to a newcomer in a full bucket: the worst of the bad; for a secure one, somebody
 * who is not; NULL: nobody. */
static struct entry *weakest(struct bucket *b, bool secure)
{
    struct entry *worst = NULL;
    for (size_t i = 0; i < b->count; i++) {
        struct entry *e = &b->in[i];
        if (is_bad(e) && (!worst || e->fails > worst->fails))
            worst = e;
    }
    for (size_t i = 0; secure && !worst && i < b->count; i++)
        if (!b->in[i].secure)
            worst = &b->in[i];
    return worst;
}

static void insert(struct bucket *b, const struct entry *e)
{
    struct entry *gives_way = b->count == DHT_K ? weakest(b, e->secure) : NULL;
    if (b->count < DHT_K) {
        b->in[b->count++] = *e;
    } else if (gives_way) {
        struct entry old = *gives_way;
        *gives_way = *e;
        if (!is_bad(&old))
            add_spare(b, &old);
    } else {
        add_spare(b, e);
        return;
    }
    b->changed_us = e->replied_us;
}

static struct entry entry_of(const struct dht_node *n, uint64_t now_us)
{
    struct entry e = {.node = *n, .replied_us = now_us};
    dht_id_stranger(&n->addr, e.stranger);
    e.secure = dht_id_is_secure(&n->id, &n->addr);
    return e;
}

void dht_table_replied(struct dht_table *t, const struct dht_node *n, uint64_t now_us)
{
    struct bucket *b = bucket_of(t, &n->id, true);
    struct entry *known = b ? find(t, n) : NULL;
    if (known) {
        known->replied_us = now_us;
        known->fails = 0;
        if (known >= b->in && known < b->in + DHT_K)
            b->changed_us = now_us;
        return;
    }
    struct entry e = entry_of(n, now_us);
    struct rival r;
    if (find_rival(t, e.stranger, &r)) {
        /* One address under two ids: it is the one that it just said.  Another port: no. */
        struct entry *old = &r.list[r.at];
        if (!addr_equal(&old->node.addr, &n->addr) && !is_bad(old))
            return;
        remove_at(r.list, r.count, r.at);
        move_up(r.bucket);
    }
    if (b && !has_neighbour(b, &n->addr))
        insert(b, &e);
}

void dht_table_asked(struct dht_table *t, const struct dht_node *n, uint64_t now_us)
{
    struct entry *e = find(t, n);
    if (e)
        e->queried_us = now_us;
}

void dht_table_failed(struct dht_table *t, const struct dht_node *n)
{
    struct bucket *b = bucket_of(t, &n->id, false);
    struct entry *e = b ? find(t, n) : NULL;
    if (!e)
        return;
    e->fails++;
    e->queried_us = 0; /* it asks but does not answer: no proof any more */
    if (!is_bad(e))
        return;
    bool spare = e >= b->spare && e < b->spare + DHT_K;
    if (spare)
        remove_at(b->spare, &b->spare_count, (size_t)(e - b->spare));
    else if (b->spare_count > 0)
        *e = b->spare[--b->spare_count];
    /* Without a spare it keeps its place until somebody comes: when the network is gone, a table of
     * silent nodes is more than an empty one. */
}

bool dht_table_wants(const struct dht_table *t, const struct dht_node *n)
{
    unsigned i = dht_id_common(&t->own, &n->id);
    if (i == DHT_ID_BITS || !addr_is_dialable(&n->addr))
        return false;
    struct bucket *b = t->buckets[i];
    uint8_t stranger[DHT_STRANGER_LEN];
    struct rival r;
    dht_id_stranger(&n->addr, stranger);
    if (find_rival(t, stranger, &r) && !is_bad(&r.list[r.at]))
        return false;
    if (!b)
        return true;
    bool room = b->count < DHT_K || weakest(b, dht_id_is_secure(&n->id, &n->addr));
    return room && !has_neighbour(b, &n->addr);
}

/* Nearest first, in out[0..*n). */
static void offer(struct dht_node *out, size_t *n, size_t cap, const struct dht_id *target,
                  const struct dht_node *node)
{
    size_t at = *n;
    while (at > 0 && dht_id_nearer(target, &node->id, &out[at - 1].id) < 0)
        at--;
    if (at == cap)
        return;
    size_t tail = *n - at - (*n == cap);
    memmove(&out[at + 1], &out[at], tail * sizeof *out);
    out[at] = *node;
    *n += *n < cap;
}

static void offer_bucket(const struct bucket *b, struct dht_node *out, size_t *n, size_t cap,
                         const struct dht_id *target)
{
    for (size_t i = 0; b && i < b->count; i++)
        if (!is_bad(&b->in[i]))
            offer(out, n, cap, target, &b->in[i].node);
}

/* The target's own bucket is nearest; then all that are deeper, which are equally far; then one
 * after the other upwards. */
size_t dht_table_closest(const struct dht_table *t, const struct dht_id *target,
                         struct dht_node *out, size_t cap)
{
    unsigned home = dht_id_common(&t->own, target);
    size_t n = 0;
    if (home < DHT_ID_BITS)
        offer_bucket(t->buckets[home], out, &n, cap, target);
    bool enough = n == cap;
    for (unsigned i = home + 1; !enough && i < DHT_ID_BITS; i++)
        offer_bucket(t->buckets[i], out, &n, cap, target);
    for (unsigned i = home; i > 0 && n < cap; i--)
        offer_bucket(t->buckets[i - 1], out, &n, cap, target);
    return n;
}

static uint64_t heard_us(const struct entry *e)
{
    return e->queried_us > e->replied_us ? e->queried_us : e->replied_us;
}

bool dht_table_due(struct dht_table *t, uint64_t now_us, struct dht_node *out)
{
    struct entry *due = NULL;
    for (unsigned i = 0; i < DHT_ID_BITS; i++) {
        struct bucket *b = t->buckets[i];
        for (size_t k = 0; b && k < b->count; k++) {
            struct entry *e = &b->in[k];
            /* A bad one without a successor is tried too, ever less often. */
            uint64_t pause = DHT_ASK_AGAIN_US << (e->fails < 6 ? e->fails : 6);
            if (now_us - heard_us(e) >= DHT_GOOD_US && now_us - e->asked_us >= pause &&
                (!due || heard_us(e) < heard_us(due)))
                due = e;
        }
    }
    if (!due)
        return false;
    due->asked_us = now_us;
    *out = due->node;
    return true;
}

bool dht_table_stale(struct dht_table *t, uint64_t now_us, const struct dht_id *chance,
                     struct dht_id *target)
{
    for (unsigned i = 0; i < DHT_ID_BITS; i++) {
        struct bucket *b = t->buckets[i];
        if (!b || now_us - b->changed_us < DHT_GOOD_US)
            continue;
        b->changed_us = now_us;
        *target = dht_id_in_bucket(&t->own, i, chance);
        return true;
    }
    return false;
}

size_t dht_table_count(const struct dht_table *t)
{
    size_t n = 0;
    for (unsigned i = 0; i < DHT_ID_BITS; i++)
        for (size_t k = 0; t->buckets[i] && k < t->buckets[i]->count; k++)
            n += !is_bad(&t->buckets[i]->in[k]);
    return n;
}

size_t dht_table_good(const struct dht_table *t, uint64_t now_us)
{
    size_t n = 0;
    for (unsigned i = 0; i < DHT_ID_BITS; i++)
        for (size_t k = 0; t->buckets[i] && k < t->buckets[i]->count; k++)
            n += is_good(&t->buckets[i]->in[k], now_us);
    return n;
}

size_t dht_table_all(const struct dht_table *t, struct dht_node *out, size_t cap)
{
    size_t n = 0;
    for (unsigned i = DHT_ID_BITS; i > 0; i--) {
        const struct bucket *b = t->buckets[i - 1];
        for (size_t k = 0; b && k < b->count && n < cap; k++)
            if (!is_bad(&b->in[k]))
                out[n++] = b->in[k].node;
    }
    return n;
}

void dht_table_rebase(struct dht_table *t, const struct dht_id *own)
{
    struct dht_table old = *t;
    *t = (struct dht_table){.own = *own};
    for (unsigned i = 0; i < DHT_ID_BITS; i++) {
        struct bucket *from = old.buckets[i];
        for (size_t k = 0; from && k < from->count; k++) {
            struct bucket *to = bucket_of(t, &from->in[k].node.id, true);
            if (to && !has_neighbour(to, &from->in[k].node.addr))
                insert(to, &from->in[k]);
        }
        free(from);
    }
}
