#include "ydoc/awareness.h"

#include "base/map.h"
#include "base/mem.h"
#include "ydoc/any.h"
#include "ydoc/lib0.h"

#include <stdlib.h>
#include <string.h>

struct presence {
    uint64_t client, clock, told_us;
    struct cur json; /* p NULL: gone */
};

struct awareness {
    struct map *clients; /* id to struct presence, in the order in which they came */
};

struct awareness *awareness_new(uint64_t seed)
{
    struct awareness *a = MEM_NEW(struct awareness);
    a->clients = map_new(seed);
    return a;
}

static void set_json(struct presence *p, struct cur json)
{
    free((void *)(uintptr_t)p->json.p);
    p->json = (struct cur){0};
    if (json.p)
        p->json = cur_of(mem_dup(json.p, json.n), json.n);
}

void awareness_free(struct awareness *a)
{
    struct presence *p;
    if (!a)
        return;
    for (size_t at = 0; (p = map_next(a->clients, &at, NULL, NULL));) {
        set_json(p, (struct cur){0});
        free(p);
    }
    map_free(a->clients);
    free(a);
}

static void put_presence(struct buf *out, const struct presence *p)
{
    lib0_put_uint(out, p->client);
    lib0_put_uint(out, p->clock);
    if (p->json.p)
        lib0_put_bytes(out, p->json.p, p->json.n);
    else
        lib0_put_bytes(out, "null", 4);
}

/* An entry of an update.  False: the cursor is at its end, or broken. */
static bool next_entry(struct cur *in, struct presence *out)
{
    out->client = lib0_uint(in);
    out->clock = lib0_uint(in);
    struct cur json = lib0_text(in);
    bool gone = json.n == 4 && memcmp(json.p, "null", 4) == 0;
    out->json = gone ? (struct cur){0} : json;
    return !in->bad;
}

static enum err check(struct cur in, struct why *why)
{
    struct presence p;
    for (uint64_t n = lib0_uint(&in); n > 0 && !in.bad; n--) {
        if (!next_entry(&in, &p))
            break;
        if (!p.json.p)
            continue;
        if (p.json.n > AWARENESS_STATE_MAX)
            return why_set(why, ERR_LIMIT, "a state of %zu bytes, at most %d", p.json.n,
                           AWARENESS_STATE_MAX);
        struct buf value = {0};
        enum err e = any_from_json(p.json.p, p.json.n, &value, why);
        buf_done(&value);
        if (e != OK)
            return e;
    }
    return cur_done(&in) ? OK
                         : why_set(why, ERR_INVALID, "awareness that is cut short or has a tail");
}

static struct presence *presence_of(const struct awareness *a, uint64_t client)
{
    return map_get(a->clients, &client, sizeof client);
}

/* Is it news, by y-protocols' rule? */
static bool take(struct awareness *a, const struct presence *told, uint64_t now_us)
{
    struct presence *p = presence_of(a, told->client);
    uint64_t clock = p ? p->clock : 0;
    bool here = p && p->json.p;
    if (told->clock < clock || (told->clock == clock && !(told->json.p == NULL && here)))
        return false;
    if (!p) {
        if (map_count(a->clients) >= AWARENESS_CLIENTS_MAX)
            return false;
        p = MEM_NEW(struct presence);
        p->client = told->client;
        map_put(a->clients, &p->client, sizeof p->client, p);
    }
    p->clock = told->clock;
    p->told_us = now_us;
    set_json(p, told->json);
    return here || p->json.p;
}

enum err awareness_apply(struct awareness *a, struct cur update, uint64_t now_us,
                         struct buf *changed, struct why *why)
{
    enum err e = check(update, why);
    if (e != OK)
        return e;
    struct buf entries = {0};
    uint64_t count = 0;
    struct presence told;
    for (uint64_t n = lib0_uint(&update); n > 0; n--) {
        next_entry(&update, &told);
        if (!take(a, &told, now_us))
            continue;
        put_presence(&entries, &told);
        count++;
    }
    if (changed && count > 0) {
        lib0_put_uint(changed, count);
        buf_put(changed, buf_bytes(&entries), buf_len(&entries));
    }
    buf_done(&entries);
    return OK;
}

void awareness_expire(struct awareness *a, uint64_t now_us, struct buf *changed)
{
    struct presence *p;
    struct buf entries = {0};
    uint64_t count = 0;
    for (size_t at = 0; (p = map_next(a->clients, &at, NULL, NULL));)
        if (p->json.p && now_us - p->told_us >= AWARENESS_LIFE_US) {
            set_json(p, (struct cur){0});
            put_presence(&entries, p);
            count++;
        } else if (!p->json.p && now_us - p->told_us >= 2 * AWARENESS_LIFE_US) {
            map_drop(a->clients, &p->client, sizeof p->client);
            free(p);
        }
    if (changed && count > 0) {
        lib0_put_uint(changed, count);
        buf_put(changed, buf_bytes(&entries), buf_len(&entries));
    }
    buf_done(&entries);
}

void awareness_gone(struct awareness *a, uint64_t client)
{
    struct presence *p = presence_of(a, client);
    if (p)
        set_json(p, (struct cur){0});
}

bool awareness_put(const struct awareness *a, uint64_t client, struct buf *entries)
{
    const struct presence *p = presence_of(a, client);
    if (p)
        put_presence(entries, p);
    return p != NULL;
}

void awareness_encode(const struct awareness *a, struct buf *out)
{
    const struct presence *p;
    uint64_t count = 0;
    for (size_t at = 0; (p = map_next(a->clients, &at, NULL, NULL));)
        count += p->json.p != NULL;
    lib0_put_uint(out, count);
    for (size_t at = 0; (p = map_next(a->clients, &at, NULL, NULL));)
        if (p->json.p)
            put_presence(out, p);
}

bool awareness_next(const struct awareness *a, size_t *at, uint64_t *client, struct cur *json)
{
    const struct presence *p;
    while ((p = map_next(a->clients, at, NULL, NULL)))
        if (p->json.p) {
            *client = p->client;
            *json = p->json;
            return true;
        }
    return false;
}
