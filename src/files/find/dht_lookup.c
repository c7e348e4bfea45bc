#include "files/find/dht_lookup.h"

#include "base/mem.h"

#include <string.h>

enum state { FRESH, UNDER_WAY, SLOW, REPLIED, FAILED };

enum { NOBODY = -1 };

struct candidate {
    struct dht_found found;
    uint8_t stranger[DHT_STRANGER_LEN];
    enum state state;
    bool has_id, router, secure;
    int teller; /* who told of it, in `tellers`; NOBODY: the caller */
};

/* How those were of whom somebody told. */
struct teller {
    unsigned good, silent;
};

struct dht_lookup {
    struct dht_id target, own;
    struct candidate held[DHT_HELD_MAX]; /* nearest first; without an id last */
    size_t count;
    struct teller tellers[DHT_ASKED_MAX];
    int teller_count;
    size_t asked, loose_asked, waiting, replies; /* waiting: under way, not slow */
    size_t slow;
};

struct dht_lookup *dht_lookup_new(const struct dht_id *target, const struct dht_id *own)
{
    struct dht_lookup *l = MEM_NEW(struct dht_lookup);
    l->target = *target;
    l->own = *own;
    return l;
}

void dht_lookup_free(struct dht_lookup *l)
{
    free(l);
}

static bool is_blamed(const struct dht_lookup *l, int teller)
{
    if (teller == NOBODY)
        return false;
    const struct teller *t = &l->tellers[teller];
    return t->silent >= DHT_BLAME_AFTER && t->silent > 2 * t->good;
}

static bool counts(const struct candidate *c)
{
    return c->secure && c->has_id && !c->router;
}

static struct candidate *find(struct dht_lookup *l, const struct addr *a)
{
    for (size_t i = 0; i < l->count; i++)
        if (addr_equal(&l->held[i].found.node.addr, a))
            return &l->held[i];
    return NULL;
}

static bool is_nearer(const struct dht_lookup *l, const struct candidate *a,
                      const struct candidate *b)
{
    if (a->has_id != b->has_id)
        return a->has_id;
    return a->has_id && dht_id_nearer(&l->target, &a->found.node.id, &b->found.node.id) < 0;
}

static void remove_at(struct dht_lookup *l, size_t i)
{
    memmove(&l->held[i], &l->held[i + 1], (l->count - i - 1) * sizeof *l->held);
    l->count--;
}

/* The farthest that was never asked gives way when the list is full: first of those that do not
 * count, or whoever invents many of them could crowd out all others. */
static bool make_room(struct dht_lookup *l, const struct candidate *c)
{
    if (l->count < DHT_HELD_MAX)
        return true;
    for (int loose = 1; loose >= 0; loose--)
        for (size_t i = l->count; i > 0; i--) {
            const struct candidate *old = &l->held[i - 1];
            if (old->state != FRESH || counts(old) == loose)
                continue;
            if (counts(old) == counts(c) && !is_nearer(l, c, old))
                return false;
            if (counts(old) && !counts(c))
                return false;
            remove_at(l, i - 1);
            return true;
        }
    return false;
}

static void place(struct dht_lookup *l, const struct candidate *c)
{
    if (!make_room(l, c))
        return;
    size_t at = l->count;
    while (at > 0 && is_nearer(l, c, &l->held[at - 1]))
        at--;
    memmove(&l->held[at + 1], &l->held[at], (l->count - at) * sizeof *l->held);
    l->held[at] = *c;
    l->count++;
}

/* Too many of one owner already. */
static bool is_crowd(const struct dht_lookup *l, const struct candidate *c)
{
    unsigned same = 0, net = 0;
    for (size_t i = 0; i < l->count; i++) {
        same += memcmp(c->stranger, l->held[i].stranger, DHT_STRANGER_LEN) == 0;
        net += dht_id_same_net(&c->found.node.addr, &l->held[i].found.node.addr);
    }
    return same >= DHT_PER_STRANGER || net >= DHT_PER_NET;
}

static void add(struct dht_lookup *l, const struct dht_node *n, int teller)
{
    struct candidate *known = find(l, &n->addr);
    if (known) {
        /* Somebody who is believed tells of it too. */
        if (is_blamed(l, known->teller) && !is_blamed(l, teller))
            known->teller = teller;
        return;
    }
    struct candidate c = {.found.node = *n, .has_id = true, .teller = teller};
    dht_id_stranger(&n->addr, c.stranger);
    if (!addr_is_dialable(&n->addr) || dht_id_equal(&n->id, &l->own) || is_crowd(l, &c))
        return;
    c.secure = dht_id_is_secure(&n->id, &n->addr);
    place(l, &c);
}

void dht_lookup_seed(struct dht_lookup *l, const struct dht_node *n)
{
    add(l, n, NOBODY);
}

void dht_lookup_seed_addr(struct dht_lookup *l, const struct addr *a, bool router)
{
    struct candidate c = {.found.node.addr = *a, .router = router, .teller = NOBODY};
    dht_id_stranger(a, c.stranger);
    if (!find(l, a) && addr_is_dialable(a))
        place(l, &c);
}

/* The first worth a query among those nearer than the DHT_K that count; l->count: none.  A blamed
 * teller's nodes only when there is nobody else. */
static size_t pick(const struct dht_lookup *l, bool blamed_too)
{
    size_t counted = 0;
    for (size_t i = 0; i < l->count && counted < DHT_K; i++) {
        const struct candidate *c = &l->held[i];
        if (c->state == UNDER_WAY || c->state == REPLIED)
            counted += counts(c);
        if (c->state != FRESH || (!blamed_too && is_blamed(l, c->teller)))
            continue;
        if (c->has_id && !c->secure && l->loose_asked >= DHT_LOOSE_MAX)
            continue;
        return i;
    }
    return l->count;
}

/* The nearest DHT_K that count have answered, and nobody nearer is awaited. */
static bool is_found(const struct dht_lookup *l)
{
    size_t counted = 0;
    for (size_t i = 0; i < l->count; i++) {
        const struct candidate *c = &l->held[i];
        if (c->state == UNDER_WAY)
            return false;
        counted += c->state == REPLIED && counts(c);
        if (counted == DHT_K)
            return true;
    }
    return false;
}

static size_t pick_any(const struct dht_lookup *l)
{
    if (l->asked >= DHT_ASKED_MAX)
        return l->count;
    size_t i = pick(l, false);
    return i < l->count || l->waiting > 0 || is_found(l) ? i : pick(l, true);
}

bool dht_lookup_next(struct dht_lookup *l, struct dht_node *out, bool *has_id)
{
    size_t i = pick_any(l);
    if (l->waiting >= DHT_ALPHA || i == l->count)
        return false;
    struct candidate *c = &l->held[i];
    c->state = UNDER_WAY;
    l->waiting++;
    l->asked++;
    l->loose_asked += c->has_id && !c->secure;
    *out = c->found.node;
    *has_id = c->has_id;
    return true;
}

/* True: it was under way. */
static bool settle(struct dht_lookup *l, struct candidate *c, enum state to)
{
    if (!c || (c->state != UNDER_WAY && c->state != SLOW))
        return false;
    l->waiting -= c->state == UNDER_WAY;
    l->slow -= c->state == SLOW;
    c->state = to;
    return true;
}

static void credit(struct dht_lookup *l, const struct candidate *c, bool good)
{
    if (c->teller == NOBODY)
        return;
    l->tellers[c->teller].good += good;
    l->tellers[c->teller].silent += !good;
}

/* It answers under another id than we thought: that is its place. */
static struct candidate *rename_to(struct dht_lookup *l, struct candidate *c,
                                   const struct dht_id *id)
{
    struct candidate moved = *c;
    struct addr at = c->found.node.addr;
    remove_at(l, (size_t)(c - l->held));
    moved.found.node.id = *id;
    moved.has_id = true;
    moved.secure = dht_id_is_secure(id, &at);
    place(l, &moved);
    return find(l, &at);
}

static void take_told(struct dht_lookup *l, int teller, const struct dht_msg *m,
                      enum addr_family family)
{
    bool used[DHT_NODES_MAX] = {false};
    /* The nearest of what it tells, in order; it may tell more than is asked for. */
    for (size_t taken = 0; taken < DHT_K; taken++) {
        size_t best = m->node_count;
        for (size_t i = 0; i < m->node_count; i++)
            if (!used[i] && m->nodes[i].addr.family == family &&
                (best == m->node_count ||
                 dht_id_nearer(&l->target, &m->nodes[i].id, &m->nodes[best].id) < 0))
                best = i;
        if (best == m->node_count)
            return;
        used[best] = true;
        add(l, &m->nodes[best], teller);
    }
}

void dht_lookup_replied(struct dht_lookup *l, const struct addr *from, const struct dht_msg *m,
                        bool has_value)
{
    struct candidate *c = find(l, from);
    if (!settle(l, c, REPLIED))
        return;
    l->replies++;
    bool renamed = c->has_id && !dht_id_equal(&c->found.node.id, &m->id);
    credit(l, c, !renamed);
    if (renamed || !c->has_id)
        c = rename_to(l, c, &m->id);
    c->found.has_value = has_value;
    c->found.token_len = m->token.n;
    if (m->token.n > 0)
        memcpy(c->found.token, m->token.p, m->token.n);
    take_told(l, l->teller_count++, m, from->family);
}

void dht_lookup_slow(struct dht_lookup *l, const struct addr *from)
{
    struct candidate *c = find(l, from);
    if (!c || c->state != UNDER_WAY)
        return;
    c->state = SLOW;
    l->waiting--;
    l->slow++;
}

void dht_lookup_failed(struct dht_lookup *l, const struct addr *from)
{
    struct candidate *c = find(l, from);
    if (settle(l, c, FAILED))
        credit(l, c, false);
}

bool dht_lookup_done(const struct dht_lookup *l)
{
    if (pick_any(l) < l->count)
        return false;
    return l->waiting + l->slow == 0 || is_found(l);
}

size_t dht_lookup_found(const struct dht_lookup *l, struct dht_found *out, size_t cap)
{
    size_t n = 0, counted = 0, loose = 0;
    for (size_t i = 0; i < l->count && n < cap && counted < DHT_K; i++) {
        const struct candidate *c = &l->held[i];
        if (c->state != REPLIED || c->router)
            continue;
        if (!counts(c) && loose++ >= DHT_K)
            continue;
        counted += counts(c);
        out[n++] = c->found;
    }
    return n;
}

size_t dht_lookup_replies(const struct dht_lookup *l)
{
    return l->replies;
}
