#include "host/gossip/gossip_cache.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <string.h>

struct given {
    uint64_t who;
    unsigned times;
};

/* A message that was seen. */
struct seen {
    struct link link;   /* in cache.all, oldest first */
    struct link recent; /* in cache.recent while its bytes are kept */
    uint64_t at_us;
    unsigned beats;           /* since it came */
    size_t size;              /* as it counts in cache.bytes */
    struct gossip_held *held; /* NULL: its bytes are gone */
    struct given *given;
    size_t given_count;
    struct cur names[GOSSIP_FORMS]; /* views into bytes */
    uint8_t bytes[];
};

struct gossip_cache {
    struct link all, recent;
    struct map *names; /* of all forms -> struct seen */
    size_t count, bytes;
};

struct gossip_held *gossip_held_keep(struct gossip_held *m)
{
    m->refs++;
    return m;
}

struct cur gossip_held_name(const struct gossip_held *m, enum gossip_form form)
{
    return m->names[form].n > 0 ? m->names[form] : m->names[GOSSIP_GO];
}

void gossip_held_drop(struct gossip_held *m)
{
    if (m && --m->refs == 0)
        free(m);
}

/* --- forgetting ----------------------------------------------------------------------------- */

static void drop_bytes(struct gossip_cache *c, struct seen *s)
{
    if (!s->held)
        return;
    c->bytes -= s->size;
    gossip_held_drop(s->held);
    s->held = NULL;
    list_drop(&s->recent);
    free(s->given);
    s->given = NULL;
    s->given_count = 0;
}

static void forget(struct gossip_cache *c, struct seen *s)
{
    drop_bytes(c, s);
    for (int f = 0; f < GOSSIP_FORMS; f++)
        if (s->names[f].n > 0)
            map_drop(c->names, s->names[f].p, s->names[f].n);
    list_drop(&s->link);
    c->count--;
    free(s);
}

static void forget_old(struct gossip_cache *c, uint64_t now_us)
{
    for (struct seen *s; (s = LIST_FIRST(&c->all, struct seen, link));) {
        if (now_us - s->at_us < GOSSIP_SEEN_US && c->count < GOSSIP_SEEN_MAX)
            return;
        forget(c, s);
    }
}

void gossip_cache_shift(struct gossip_cache *c, uint64_t now_us)
{
    forget_old(c, now_us);
    LIST_EACH(&c->recent, struct seen, s, recent)
        if (++s->beats >= GOSSIP_HISTORY)
            drop_bytes(c, s);
}

/* --- remembering ---------------------------------------------------------------------------- */

static struct seen *find(const struct gossip_cache *c, struct cur id)
{
    return map_get(c->names, id.p, id.n);
}

bool gossip_cache_has(struct gossip_cache *c, struct cur id, uint64_t now_us,
                      enum gossip_form *form)
{
    const struct seen *s = find(c, id);
    if (!s || now_us - s->at_us >= GOSSIP_SEEN_US)
        return false;
    bool one = s->names[GOSSIP_RUST].n == 0; /* an app's: it tells nothing of who uses it */
    for (int f = 0; form && !one && f < GOSSIP_FORMS; f++)
        if (s->names[f].n == id.n && memcmp(s->names[f].p, id.p, id.n) == 0)
            *form = (enum gossip_form)f;
    return true;
}

uint64_t gossip_cache_age_us(const struct gossip_cache *c, struct cur id, uint64_t now_us)
{
    const struct seen *s = find(c, id);
    return s ? now_us - s->at_us : UINT64_MAX;
}

/* A copy of `from` at *to, which moves behind it. */
static struct cur keep(uint8_t **to, struct cur from)
{
    struct cur kept = cur_of(*to, from.n);
    if (from.n > 0)
        memcpy(*to, from.p, from.n);
    *to += from.n;
    return kept;
}

static struct seen *seen_new(const struct gossip_author *a, const struct gossip_id *own,
                             uint64_t now_us)
{
    struct gossip_id ids[GOSSIP_FORMS];
    size_t total = 0;
    for (int f = 0; f < GOSSIP_FORMS; f++) {
        if (own)
            ids[f].len = 0;
        else
            gossip_name(a, (enum gossip_form)f, &ids[f]);
        total += ids[f].len;
    }
    if (own) {
        ids[GOSSIP_GO] = *own;
        total = own->len;
    }
    struct seen *s = mem_zalloc(sizeof *s + total);
    uint8_t *to = s->bytes;
    for (int f = 0; f < GOSSIP_FORMS; f++)
        s->names[f] = keep(&to, cur_of(ids[f].bytes, ids[f].len));
    s->size = total;
    s->at_us = now_us;
    return s;
}

static struct gossip_held *held_new(const struct seen *s, const struct gossip_author *a,
                                    struct cur topic, struct cur whole)
{
    struct gossip_held *m = mem_zalloc(sizeof *m + whole.n + topic.n + s->size);
    uint8_t *to = m->bytes;
    m->refs = 2; /* the cache's and the caller's */
    m->at_us = s->at_us;
    m->author = a->id;
    m->whole = keep(&to, whole);
    m->topic = keep(&to, topic);
    for (int f = 0; f < GOSSIP_FORMS; f++)
        m->names[f] = keep(&to, s->names[f]);
    return m;
}

struct gossip_held *gossip_cache_add(struct gossip_cache *c, const struct gossip_author *a,
                                     const struct gossip_id *own, struct cur topic,
                                     struct cur whole, uint64_t now_us)
{
    struct seen *s = seen_new(a, own, now_us);
    struct gossip_held *m = held_new(s, a, topic, whole);
    forget_old(c, now_us);
    for (int f = 0; f < GOSSIP_FORMS; f++) {
        struct seen *old = s->names[f].n > 0 ? find(c, s->names[f]) : NULL;
        if (old)
            forget(c, old);
        if (s->names[f].n > 0)
            map_put(c->names, s->names[f].p, s->names[f].n, s);
    }
    s->held = m;
    s->size += sizeof *m + whole.n + topic.n;
    c->bytes += s->size;
    c->count++;
    list_push(&c->all, &s->link);
    list_push(&c->recent, &s->recent);
    while (c->bytes > GOSSIP_CACHED_BYTES)
        drop_bytes(c, LIST_FIRST(&c->recent, struct seen, recent));
    return m;
}

void gossip_cache_hide(struct gossip_cache *c, struct cur id)
{
    struct seen *s = find(c, id);
    if (s)
        drop_bytes(c, s);
}

/* --- giving --------------------------------------------------------------------------------- */

static unsigned *times_given(struct seen *s, uint64_t who)
{
    for (size_t i = 0; i < s->given_count; i++)
        if (s->given[i].who == who)
            return &s->given[i].times;
    s->given = mem_realloc(s->given, (s->given_count + 1) * sizeof *s->given);
    s->given[s->given_count] = (struct given){.who = who};
    return &s->given[s->given_count++].times;
}

struct gossip_held *gossip_cache_ask(struct gossip_cache *c, struct cur id, uint64_t who)
{
    struct seen *s = find(c, id);
    if (!s || !s->held)
        return NULL;
    unsigned *times = times_given(s, who);
    if (*times >= GOSSIP_GIVEN_MAX)
        return NULL;
    (*times)++;
    return s->held;
}

size_t gossip_cache_recent(struct gossip_cache *c, struct cur topic, struct gossip_held **out,
                           size_t cap)
{
    size_t n = 0;
    LIST_EACH(&c->recent, struct seen, s, recent)
        if (n < cap && s->beats < GOSSIP_GOSSIP && s->held->topic.n == topic.n &&
            memcmp(s->held->topic.p, topic.p, topic.n) == 0)
            out[n++] = s->held;
    return n;
}

/* --- life ----------------------------------------------------------------------------------- */

struct gossip_cache *gossip_cache_new(uint64_t seed)
{
    struct gossip_cache *c = MEM_NEW(struct gossip_cache);
    c->names = map_new(seed);
    list_init(&c->all);
    list_init(&c->recent);
    return c;
}

void gossip_cache_free(struct gossip_cache *c)
{
    if (!c)
        return;
    for (struct seen *s; (s = LIST_FIRST(&c->all, struct seen, link));)
        forget(c, s);
    map_free(c->names);
    free(c);
}

size_t gossip_cache_seen(const struct gossip_cache *c)
{
    return c->count;
}

size_t gossip_cache_bytes(const struct gossip_cache *c)
{
    return c->bytes;
}
