#include "host/kad/kad_table.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256, TRIES = 1 << 12 /* ids are hashed: one in a bucket is found by trying */ };

struct entry {
    struct peer_id id;
    struct kad_key key;
    uint64_t seen_us;
    unsigned failures;
};

struct bucket {
    struct entry *entries; /* NULL: empty */
    size_t count;
    uint64_t asked_us;
};

struct kad_table {
    struct peer_id self;
    struct kad_key key;
    struct bucket buckets[BUCKETS];
    size_t count;
};

/* --- distance ------------------------------------------------------------------------------- */

struct kad_key kad_key_of(const void *bytes, size_t n)
{
    struct kad_key k;
    sha256(bytes, n, k.bytes);
    return k;
}

int kad_key_nearer(const struct kad_key *target, const struct kad_key *a, const struct kad_key *b)
{
    for (size_t i = 0; i < SHA256_LEN; i++)
        if (a->bytes[i] != b->bytes[i])
            return (a->bytes[i] ^ target->bytes[i]) - (b->bytes[i] ^ target->bytes[i]);
    return 0;
}

unsigned kad_key_shared(const struct kad_key *a, const struct kad_key *b)
{
    for (unsigned i = 0; i < SHA256_LEN; i++) {
        unsigned differ = (unsigned)(a->bytes[i] ^ b->bytes[i]);
        if (differ)
            return i * 8 + (unsigned)__builtin_clz(differ) - 24;
    }
    return BUCKETS;
}

/* --- the buckets ---------------------------------------------------------------------------- */

struct kad_table *kad_table_new(const struct peer_id *self)
{
    struct kad_table *t = MEM_NEW(struct kad_table);
    t->self = *self;
    t->key = kad_key_of(self->bytes, self->len);
    return t;
}

void kad_table_free(struct kad_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        free(t->buckets[i].entries);
    free(t);
}

static struct entry *find(struct bucket *b, const struct peer_id *id)
{
    for (size_t i = 0; i < b->count; i++)
        if (peer_id_equal(&b->entries[i].id, id))
            return &b->entries[i];
    return NULL;
}

/* NULL: it is ourselves. */
static struct bucket *bucket_of(const struct kad_table *t, const struct kad_key *key)
{
    unsigned shared = kad_key_shared(&t->key, key);
    return shared < BUCKETS ? (struct bucket *)(uintptr_t)&t->buckets[shared] : NULL;
}

/* The one that failed most, if it failed often enough to go; NULL: none. */
static struct entry *worst(struct bucket *b)
{
    struct entry *w = NULL;
    for (size_t i = 0; i < b->count; i++)
        if (b->entries[i].failures >= KAD_FAILURES_MAX &&
            (!w || b->entries[i].failures > w->failures))
            w = &b->entries[i];
    return w;
}

bool kad_table_seen(struct kad_table *t, const struct peer_id *id, uint64_t now_us,
                    struct peer_id *gone)
{
    struct kad_key key = kad_key_of(id->bytes, id->len);
    struct bucket *b = bucket_of(t, &key);
    if (gone)
        gone->len = 0;
    if (!b)
        return false;
    struct entry *e = find(b, id);
    if (!e && b->count == KAD_K) {
        e = worst(b);
        if (!e)
            return false;
        if (gone)
            *gone = e->id;
    } else if (!e) {
        if (!b->entries)
            b->entries = mem_array(KAD_K, sizeof *b->entries);
        e = &b->entries[b->count++];
        t->count++;
    }
    *e = (struct entry){.id = *id, .key = key, .seen_us = now_us};
    return true;
}

void kad_table_failed(struct kad_table *t, const struct peer_id *id)
{
    struct kad_key key = kad_key_of(id->bytes, id->len);
    struct bucket *b = bucket_of(t, &key);
    struct entry *e = b ? find(b, id) : NULL;
    if (e)
        e->failures++;
}

void kad_table_drop(struct kad_table *t, const struct peer_id *id)
{
    struct kad_key key = kad_key_of(id->bytes, id->len);
    struct bucket *b = bucket_of(t, &key);
    struct entry *e = b ? find(b, id) : NULL;
    if (!e)
        return;
    *e = b->entries[--b->count];
    t->count--;
}

size_t kad_table_count(const struct kad_table *t)
{
    return t->count;
}

size_t kad_table_good(const struct kad_table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (size_t k = 0; k < t->buckets[i].count; k++)
            n += t->buckets[i].entries[k].failures < KAD_FAILURES_MAX;
    return n;
}

bool kad_table_has(const struct kad_table *t, const struct peer_id *id)
{
    struct kad_key key = kad_key_of(id->bytes, id->len);
    struct bucket *b = bucket_of(t, &key);
    return b && find(b, id);
}

/* --- who is near ---------------------------------------------------------------------------- */

struct nearest {
    const struct kad_key *target;
    const struct entry **list; /* nearest first */
    size_t count, cap;
};

static void offer(struct nearest *n, const struct entry *e)
{
    size_t at = n->count;
    while (at > 0 && kad_key_nearer(n->target, &e->key, &n->list[at - 1]->key) < 0)
        at--;
    if (at == n->cap)
        return;
    size_t last = n->count < n->cap ? n->count++ : n->cap - 1;
    memmove(&n->list[at + 1], &n->list[at], (last - at) * sizeof n->list[0]);
    n->list[at] = e;
}

static void offer_bucket(struct nearest *n, const struct bucket *b, bool failed_too)
{
    for (size_t k = 0; k < b->count; k++)
        if (failed_too || b->entries[k].failures < KAD_FAILURES_MAX)
            offer(n, &b->entries[k]);
}

/* Nearest are those of the target's own bucket; then the deeper ones, who differ from it in the
 * same bit as we do; then bucket after bucket, each further away. */
static void collect(const struct kad_table *t, struct nearest *n, bool failed_too)
{
    unsigned own = kad_key_shared(&t->key, n->target);
    if (own < BUCKETS)
        offer_bucket(n, &t->buckets[own], failed_too);
    bool more = n->count < n->cap;
    for (unsigned i = own + 1; i < BUCKETS && more; i++)
        offer_bucket(n, &t->buckets[i], failed_too);
    for (unsigned i = own; i > 0 && n->count < n->cap; i--)
        offer_bucket(n, &t->buckets[i - 1], failed_too);
}

size_t kad_table_nearest(const struct kad_table *t, const struct kad_key *target,
                         struct peer_id *out, size_t cap)
{
    const struct entry *list[KAD_K * 2];
    struct nearest n = {target, list, 0, cap < KAD_K * 2 ? cap : KAD_K * 2};
    if (cap == 0)
        return 0;
    collect(t, &n, false);
    if (n.count == 0) /* it may be us who are cut off */
        collect(t, &n, true);
    for (size_t i = 0; i < n.count; i++)
        out[i] = n.list[i]->id;
    return n.count;
}

/* --- what grows old ------------------------------------------------------------------------- */

bool kad_table_stale(const struct kad_table *t, uint64_t before_us, unsigned *bucket)
{
    unsigned end = BUCKETS;
    size_t near = 0;
    while (end > 0 && near + t->buckets[end - 1].count <= KAD_K)
        near += t->buckets[--end].count;
    for (unsigned i = 0; i < end; i++)
        if (t->buckets[i].asked_us < before_us) {
            *bucket = i;
            return true;
        }
    return false;
}

void kad_table_asked(struct kad_table *t, unsigned bucket, uint64_t now_us)
{
    t->buckets[bucket].asked_us = now_us;
}

void kad_table_looked(struct kad_table *t, const struct kad_key *key, uint64_t now_us)
{
    struct bucket *b = bucket_of(t, key);
    if (b)
        b->asked_us = now_us;
}

void kad_table_random(const struct kad_table *t, unsigned bucket, uint64_t seed,
                      struct peer_id *out)
{
    unsigned best = 0;
    for (unsigned i = 0; i < TRIES && (i == 0 || best < bucket); i++) {
        struct peer_id id = {.len = 2 + SHA256_LEN, .bytes = {0x12, SHA256_LEN}};
        memcpy(id.bytes + 2, &seed, sizeof seed);
        memcpy(id.bytes + 2 + sizeof seed, &i, sizeof i);
        struct kad_key key = kad_key_of(id.bytes, id.len);
        unsigned shared = kad_key_shared(&t->key, &key);
        if (i > 0 && (shared > bucket || shared <= best))
            continue;
        best = shared <= bucket ? shared : 0;
        *out = id;
    }
}
