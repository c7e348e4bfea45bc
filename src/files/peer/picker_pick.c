#include "files/peer/picker.h"

#include "files/peer/picker_in.h"

struct pick {
    struct picker_block *out;
    size_t n, max;
};

/* May this peer take free blocks of a piece that is begun? */
static bool may_join(const struct picker *p, const struct active *a, const struct picker_who *who)
{
    if (!picker_has(who, a->piece) || !picker_wanted(p, a->piece))
        return false;
    if (a->alone)
        return a->owner == who->id || a->owner == 0;
    /* On parole: only where nobody else has had a hand in it. */
    return !who->alone || (a->got == 0 && a->asked_in_all == 0);
}

static void take_free(struct picker *p, struct active *a, const struct picker_who *who,
                      struct pick *k)
{
    if (who->alone)
        a->alone = true;
    if (a->alone)
        a->owner = who->id;
    for (uint32_t b = 0; b < a->blocks && a->free > 0 && k->n < k->max; b++) {
        if (a->state[b] != 0)
            continue;
        a->state[b] = 1;
        a->asked_in_all++;
        k->out[k->n++] = (struct picker_block){a->piece, b};
        picker_taken(p, a);
    }
}

static void pick_begun(struct picker *p, const struct picker_who *who, struct pick *k)
{
    struct active *last = who->last < p->count ? p->slots[who->last].active : NULL;
    if (last && last->free > 0 && may_join(p, last, who))
        take_free(p, last, who, k);
    LIST_EACH(&p->open, struct active, a, link) {
        if (k->n == k->max)
            return;
        if (may_join(p, a, who))
            take_free(p, a, who, k);
    }
}

static void pick_rarest(struct picker *p, const struct picker_who *who, struct pick *k)
{
    for (uint32_t i = 0; i < picker_order_end(p) && k->n < k->max;) {
        uint32_t piece = p->order[i];
        if (!picker_has(who, piece)) {
            i++;
            continue;
        }
        take_free(p, picker_begin(p, piece), who, k);
        /* Taking it out moved one from the end of each higher bucket into place: the rarest not
         * yet looked at is still at i. */
    }
}

/* The lowest piece of the highest priority. */
static void pick_in_order(struct picker *p, const struct picker_who *who, struct pick *k)
{
    while (p->low < p->count && p->slots[p->low].pos == NO_POS)
        p->low++;
    for (uint8_t want = PICKER_FIRST; want > PICKER_SKIP && k->n < k->max; want--) {
        uint32_t key = (uint32_t)(PICKER_FIRST - want) * BAND;
        if (p->start[key] == p->start[key + BAND])
            continue;
        for (uint32_t i = p->low; i < p->count && k->n < k->max; i++)
            if (p->slots[i].pos != NO_POS && p->slots[i].priority == want && picker_has(who, i))
                take_free(p, picker_begin(p, i), who, k);
    }
}

static void pick_again(struct active *a, const struct picker_who *who, struct pick *k)
{
    for (uint32_t b = a->blocks; b-- > 0 && k->n < k->max;) {
        if (a->state[b] == GOT || a->state[b] >= PICKER_ASKERS_MAX ||
            who->asked(who->arg, a->piece, b))
            continue;
        a->state[b]++;
        a->asked_in_all++;
        k->out[k->n++] = (struct picker_block){a->piece, b};
    }
}

static void pick_urgent_piece(struct picker *p, const struct picker_who *who, uint32_t piece,
                              struct pick *k)
{
    struct slot *s = &p->slots[piece];
    if (s->had || !picker_wanted(p, piece) || !picker_has(who, piece) || k->n == k->max)
        return;
    struct active *a = s->active ? s->active : picker_begin(p, piece);
    if (a->free > 0 && may_join(p, a, who))
        take_free(p, a, who, k);
}

/* What somebody waits for: the nearest from the fast, the farthest from the slow, whose blocks then
 * have the time that they need.  Where the nearest keeps its reader waiting and all of it is asked,
 * it is asked of a second peer. */
static void pick_urgent(struct picker *p, const struct picker_who *who, struct pick *k)
{
    for (size_t i = 0; i < p->urgent_n; i++)
        pick_urgent_piece(p, who, p->urgent[who->slow ? p->urgent_n - 1 - i : i], k);
    if (p->urgent_n == 0 || !p->stalled || who->slow || k->n > 0 || who->alone)
        return; /* k->n > 0: some of `out` are not yet known to who->asked */
    struct active *a = p->slots[p->urgent[0]].active;
    if (a && a->free == 0 && a->got < a->blocks && !a->alone && picker_has(who, a->piece))
        pick_again(a, who, k);
}

size_t picker_pick(struct picker *p, const struct picker_who *who, struct picker_block *out,
                   size_t max)
{
    struct pick k = {out, 0, max};
    pick_urgent(p, who, &k);
    if (k.n < max)
        pick_begun(p, who, &k);
    if (k.n < max && p->sequential)
        pick_in_order(p, who, &k);
    else if (k.n < max)
        pick_rarest(p, who, &k);
    return k.n;
}

size_t picker_pick_piece(struct picker *p, const struct picker_who *who, uint32_t piece,
                         struct picker_block *out, size_t max)
{
    struct pick k = {out, 0, max};
    struct slot *s = &p->slots[piece];
    if (s->had || !picker_wanted(p, piece) || !picker_has(who, piece) || max == 0)
        return 0;
    struct active *a = s->active ? s->active : picker_begin(p, piece);
    if (a->free > 0 && may_join(p, a, who))
        take_free(p, a, who, &k);
    return k.n;
}
