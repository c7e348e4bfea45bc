#include "host/kad/kad_store.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct value {
    struct link link; /* oldest first */
    struct peer_id from;
    uint64_t put_us;
    size_t key_len, len;
    uint8_t bytes[]; /* the key, the value */
};

struct provided {
    struct link link; /* oldest first */
    struct provided *next_of_key;
    struct peer_id who;
    uint64_t put_us;
    size_t key_len;
    uint8_t key[];
};

struct kad_store {
    struct map *values;    /* by key */
    struct map *providers; /* by key: the newest */
    struct map *counts;    /* by peer: how much of it is here */
    struct link by_age, provided_by_age;
    size_t provided;
};

/* What one peer has put here. */
struct share {
    size_t values, provides;
};

struct kad_store *kad_store_new(uint64_t seed)
{
    struct kad_store *s = MEM_NEW(struct kad_store);
    s->values = map_new(seed);
    s->providers = map_new(seed ^ 1);
    s->counts = map_new(seed ^ 2);
    list_init(&s->by_age);
    list_init(&s->provided_by_age);
    return s;
}

static struct share *share_get(struct kad_store *s, const struct peer_id *who)
{
    struct share *c = map_get(s->counts, who->bytes, who->len);
    if (!c) {
        c = MEM_NEW(struct share);
        map_put(s->counts, who->bytes, who->len, c);
    }
    return c;
}

static void share_tidy(struct kad_store *s, const struct peer_id *who)
{
    struct share *c = map_get(s->counts, who->bytes, who->len);
    if (!c || c->values + c->provides > 0)
        return;
    map_drop(s->counts, who->bytes, who->len);
    free(c);
}

/* --- values --------------------------------------------------------------------------------- */

static void value_drop(struct kad_store *s, struct value *v)
{
    share_get(s, &v->from)->values--;
    share_tidy(s, &v->from);
    map_drop(s->values, v->bytes, v->key_len);
    list_drop(&v->link);
    free(v);
}

enum err kad_store_put(struct kad_store *s, struct cur key, struct cur value,
                       const struct peer_id *from, uint64_t now_us, struct why *why)
{
    if (key.n > KAD_KEY_MAX || value.n > KAD_VALUE_MAX)
        return why_set(why, ERR_LIMIT, "a value of %zu bytes, the limit is %d", value.n,
                       KAD_VALUE_MAX);
    kad_store_expire(s, now_us);
    struct value *old = map_get(s->values, key.p, key.n);
    if (!old && map_count(s->values) >= KAD_VALUES_MAX)
        return why_set(why, ERR_LIMIT, "%d values are kept already", KAD_VALUES_MAX);
    const struct share *c = map_get(s->counts, from->bytes, from->len);
    if (c && c->values >= KAD_VALUES_OF_ONE_MAX && !(old && peer_id_equal(&old->from, from)))
        return why_set(why, ERR_LIMIT, "%d values of this peer are kept already",
                       KAD_VALUES_OF_ONE_MAX);
    if (old)
        value_drop(s, old);
    struct value *v = mem_zalloc(sizeof *v + key.n + value.n);
    v->from = *from;
    v->put_us = now_us;
    v->key_len = key.n;
    v->len = value.n;
    memcpy(v->bytes, key.p, key.n);
    if (value.n > 0)
        memcpy(v->bytes + key.n, value.p, value.n);
    map_put(s->values, v->bytes, v->key_len, v);
    list_push(&s->by_age, &v->link);
    share_get(s, from)->values++;
    return OK;
}

struct cur kad_store_get(const struct kad_store *s, struct cur key, uint64_t now_us)
{
    const struct value *v = map_get(s->values, key.p, key.n);
    if (!v || now_us - v->put_us > KAD_VALUE_KEPT_US)
        return cur_of(NULL, 0);
    return cur_of(v->bytes + v->key_len, v->len);
}

/* --- providers ------------------------------------------------------------------------------ */

static void provided_drop(struct kad_store *s, struct provided *p)
{
    struct provided *first = map_get(s->providers, p->key, p->key_len);
    if (first == p && !p->next_of_key) {
        map_drop(s->providers, p->key, p->key_len);
    } else if (first == p) {
        map_put(s->providers, p->key, p->key_len, p->next_of_key);
    } else {
        while (first->next_of_key != p)
            first = first->next_of_key;
        first->next_of_key = p->next_of_key;
    }
    share_get(s, &p->who)->provides--;
    share_tidy(s, &p->who);
    list_drop(&p->link);
    s->provided--;
    free(p);
}

enum err kad_store_provide(struct kad_store *s, struct cur key, const struct peer_id *who,
                           uint64_t now_us, struct why *why)
{
    kad_store_expire(s, now_us);
    for (struct provided *p = map_get(s->providers, key.p, key.n); p; p = p->next_of_key)
        if (peer_id_equal(&p->who, who)) {
            provided_drop(s, p);
            break;
        }
    const struct share *c = map_get(s->counts, who->bytes, who->len);
    if (s->provided >= KAD_PROVIDED_MAX || (c && c->provides >= KAD_PROVIDES_OF_ONE_MAX))
        return why_set(why, ERR_LIMIT, "no room for another provider");
    struct provided *p = mem_zalloc(sizeof *p + key.n);
    p->who = *who;
    p->put_us = now_us;
    p->key_len = key.n;
    memcpy(p->key, key.p, key.n);
    p->next_of_key = map_put(s->providers, p->key, p->key_len, p);
    list_push(&s->provided_by_age, &p->link);
    share_get(s, who)->provides++;
    s->provided++;
    return OK;
}

size_t kad_store_providers(const struct kad_store *s, struct cur key, uint64_t now_us,
                           struct peer_id *out, size_t cap)
{
    size_t n = 0;
    for (const struct provided *p = map_get(s->providers, key.p, key.n); p && n < cap;
         p = p->next_of_key)
        if (now_us - p->put_us <= KAD_PROVIDER_KEPT_US)
            out[n++] = p->who;
    return n;
}

/* --- the end -------------------------------------------------------------------------------- */

void kad_store_expire(struct kad_store *s, uint64_t now_us)
{
    LIST_EACH(&s->by_age, struct value, v, link) {
        if (now_us - v->put_us <= KAD_VALUE_KEPT_US)
            break;
        value_drop(s, v);
    }
    LIST_EACH(&s->provided_by_age, struct provided, p, link) {
        if (now_us - p->put_us <= KAD_PROVIDER_KEPT_US)
            break;
        provided_drop(s, p);
    }
}

void kad_store_free(struct kad_store *s)
{
    if (!s)
        return;
    LIST_EACH(&s->by_age, struct value, v, link)
        value_drop(s, v);
    LIST_EACH(&s->provided_by_age, struct provided, p, link)
        provided_drop(s, p);
    map_free(s->values);
    map_free(s->providers);
    map_free(s->counts);
    free(s);
}
