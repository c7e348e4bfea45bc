#include "host/kad/kad_lookup.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum state { HEARD, ASKED, ANSWERED, FAILED };

struct heard {
    struct peer_id id;
    struct kad_key key;
    enum state state;
};

struct kad_lookup {
    struct kad_key target;
    struct peer_id self;
    size_t want, count, running, asked;
    struct heard peers[LOOKUP_HEARD_MAX]; /* nearest first */
};

struct kad_lookup *kad_lookup_new(const struct kad_key *target, const struct peer_id *self,
                                  size_t want)
{
    struct kad_lookup *l = MEM_NEW(struct kad_lookup);
    l->target = *target;
    l->self = *self;
    l->want = want;
    return l;
}

void kad_lookup_free(struct kad_lookup *l)
{
    free(l);
}

static struct heard *find(struct kad_lookup *l, const struct peer_id *id)
{
    for (size_t i = 0; i < l->count; i++)
        if (peer_id_equal(&l->peers[i].id, id))
            return &l->peers[i];
    return NULL;
}

/* Room at the end: the farthest that is not being asked goes.  False: there is none, or it is
 * nearer. */
static bool make_room(struct kad_lookup *l, const struct kad_key *newcomer)
{
    if (l->count < LOOKUP_HEARD_MAX)
        return true;
    for (size_t i = l->count; i-- > 0;) {
        if (kad_key_nearer(&l->target, &l->peers[i].key, newcomer) <= 0)
            return false;
        if (l->peers[i].state == ASKED)
            continue;
        memmove(&l->peers[i], &l->peers[i + 1], (l->count - i - 1) * sizeof l->peers[0]);
        l->count--;
        return true;
    }
    return false;
}

void kad_lookup_heard(struct kad_lookup *l, const struct peer_id *id)
{
    struct heard h = {.id = *id, .key = kad_key_of(id->bytes, id->len), .state = HEARD};
    if (peer_id_equal(id, &l->self) || find(l, id) || !make_room(l, &h.key))
        return;
    size_t at = l->count;
    while (at > 0 && kad_key_nearer(&l->target, &h.key, &l->peers[at - 1].key) < 0)
        at--;
    memmove(&l->peers[at + 1], &l->peers[at], (l->count - at) * sizeof l->peers[0]);
    l->peers[at] = h;
    l->count++;
}

/* Those that matter: the `want` nearest that did not fail.  Gives how far the list goes. */
static size_t horizon(const struct kad_lookup *l)
{
    size_t good = 0, i = 0;
    for (; i < l->count && good < l->want; i++)
        good += l->peers[i].state != FAILED;
    return i;
}

size_t kad_lookup_next(struct kad_lookup *l, struct peer_id *out, size_t cap)
{
    size_t n = 0, end = horizon(l);
    for (size_t i = 0; i < end && n < cap; i++) {
        struct heard *h = &l->peers[i];
        if (l->running == KAD_ALPHA || l->asked == LOOKUP_ASKED_MAX)
            break;
        if (h->state != HEARD)
            continue;
        h->state = ASKED;
        l->running++;
        l->asked++;
        out[n++] = h->id;
    }
    return n;
}

static void settle(struct kad_lookup *l, const struct peer_id *id, enum state state)
{
    struct heard *h = find(l, id);
    if (!h || h->state != ASKED)
        return;
    h->state = state;
    l->running--;
}

void kad_lookup_answered(struct kad_lookup *l, const struct peer_id *id)
{
    settle(l, id, ANSWERED);
}

void kad_lookup_failed(struct kad_lookup *l, const struct peer_id *id)
{
    settle(l, id, FAILED);
}

bool kad_lookup_over(const struct kad_lookup *l)
{
    size_t end = horizon(l);
    for (size_t i = 0; i < end; i++)
        if (l->peers[i].state == ASKED ||
            (l->peers[i].state == HEARD && l->asked < LOOKUP_ASKED_MAX))
            return false;
    return true;
}

size_t kad_lookup_nearest(const struct kad_lookup *l, struct peer_id *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count && n < cap; i++)
        if (l->peers[i].state == ANSWERED)
            out[n++] = l->peers[i].id;
    return n;
}

size_t kad_lookup_asked(const struct kad_lookup *l)
{
    return l->asked;
}
