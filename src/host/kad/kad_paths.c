#include "host/kad/kad_paths.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct kad_paths {
    struct kad_key target;
    size_t count, seeds, turn;
    struct kad_lookup *paths[KAD_PATHS];
    struct asked {
        struct peer_id id;
        size_t path;
    } asked[LOOKUP_ASKED_MAX];
    size_t asked_count;
};

struct kad_paths *kad_paths_new(const struct kad_key *target, const struct peer_id *self,
                                size_t paths, size_t want)
{
    struct kad_paths *p = MEM_NEW(struct kad_paths);
    struct kad_effort one = {want, KAD_ALPHA, LOOKUP_ASKED_MAX};
    if (paths > 1)
        one = (struct kad_effort){KAD_PATH_NEAREST, KAD_ALPHA / paths, LOOKUP_ASKED_MAX / paths};
    p->target = *target;
    p->count = paths;
    for (size_t i = 0; i < paths; i++)
        p->paths[i] = kad_lookup_new(target, self, &one);
    return p;
}

void kad_paths_free(struct kad_paths *p)
{
    for (size_t i = 0; p && i < p->count; i++)
        kad_lookup_free(p->paths[i]);
    free(p);
}

/* On which it was asked; NULL: on none. */
static struct kad_lookup *path_of(const struct kad_paths *p, const struct peer_id *id)
{
    for (size_t i = 0; i < p->asked_count; i++)
        if (peer_id_equal(&p->asked[i].id, id))
            return p->paths[p->asked[i].path];
    return NULL;
}

void kad_paths_heard(struct kad_paths *p, const struct peer_id *from, const struct peer_id *id)
{
    struct kad_lookup *on = from ? path_of(p, from) : p->paths[p->seeds++ % p->count];
    if (on)
        kad_lookup_heard(on, from, id);
}

/* One whom this path wants and no other has asked; false: none. */
static bool next_of(struct kad_paths *p, size_t path, struct peer_id *out)
{
    struct kad_lookup *l = p->paths[path];
    while (kad_lookup_next(l, out, 1) > 0) {
        if (p->asked_count < LOOKUP_ASKED_MAX && !path_of(p, out)) {
            p->asked[p->asked_count++] = (struct asked){*out, path};
            return true;
        }
        kad_lookup_passed(l, out);
    }
    return false;
}

size_t kad_paths_next(struct kad_paths *p, struct peer_id *out, size_t cap)
{
    size_t n = 0;
    for (size_t idle = 0; idle < p->count && n < cap;) {
        bool any = next_of(p, p->turn++ % p->count, &out[n]);
        n += any;
        idle = any ? 0 : idle + 1;
    }
    return n;
}

void kad_paths_answered(struct kad_paths *p, const struct peer_id *id)
{
    struct kad_lookup *l = path_of(p, id);
    if (l)
        kad_lookup_answered(l, id);
}

void kad_paths_failed(struct kad_paths *p, const struct peer_id *id)
{
    struct kad_lookup *l = path_of(p, id);
    if (l)
        kad_lookup_failed(l, id);
}

void kad_paths_slow(struct kad_paths *p, const struct peer_id *id)
{
    struct kad_lookup *l = path_of(p, id);
    if (l)
        kad_lookup_slow(l, id);
}

bool kad_paths_over(const struct kad_paths *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!kad_lookup_over(p->paths[i]))
            return false;
    return true;
}

/* --- what came of it ------------------------------------------------------------------------ */

static bool is_nearer(const struct kad_paths *p, const struct peer_id *a, const struct peer_id *b)
{
    struct kad_key ka = kad_key_of(a->bytes, a->len), kb = kad_key_of(b->bytes, b->len);
    return kad_key_nearer(&p->target, &ka, &kb) < 0;
}

/* Into a list of KAD_K; returns how many there are then. */
static size_t insert(const struct kad_paths *p, struct peer_id *list, size_t n,
                     const struct peer_id *id)
{
    size_t at = n;
    while (at > 0 && is_nearer(p, id, &list[at - 1]))
        at--;
    if (at == KAD_K)
        return n;
    n = n < KAD_K ? n + 1 : n;
    memmove(&list[at + 1], &list[at], (n - 1 - at) * sizeof *list);
    list[at] = *id;
    return n;
}

static bool is_among(const struct peer_id *list, size_t n, const struct peer_id *id)
{
    for (size_t i = 0; i < n; i++)
        if (peer_id_equal(&list[i], id))
            return true;
    return false;
}

size_t kad_paths_nearest(const struct kad_paths *p, struct peer_id out[KAD_NEAREST_MAX])
{
    struct peer_id near[KAD_K];
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++) {
        size_t some = kad_lookup_nearest(p->paths[i], near, KAD_K);
        for (size_t k = 0; k < some; k++)
            n = insert(p, out, n, &near[k]);
    }
    for (size_t i = 0; i < p->count && p->count > 1; i++) {
        size_t some = kad_lookup_nearest(p->paths[i], near, KAD_PATH_OWN);
        for (size_t k = 0; k < some; k++)
            if (!is_among(out, n, &near[k]))
                out[n++] = near[k];
    }
    return n;
}

struct kad_cost kad_paths_cost(const struct kad_paths *p)
{
    struct kad_cost sum = {0};
    for (size_t i = 0; i < p->count; i++) {
        struct kad_cost c = kad_lookup_cost(p->paths[i]);
        sum.asked += c.asked;
        sum.failed += c.failed;
        sum.hops = c.hops > sum.hops ? c.hops : sum.hops;
    }
    return sum;
}
