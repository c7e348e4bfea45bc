#include "files/peer/picker.h"

#include "base/list.h"
#include "base/mem.h"
#include "files/meta/bits.h"
#include "files/meta/metainfo.h"

#include <string.h>

#define NO_POS UINT32_MAX /* no enum: it does not fit into an int */
enum {
    GOT = 0xff,
    BAND = PICKER_AVAIL_MAX + 1, /* availabilities of one priority */
    KEYS = PICKER_FIRST * BAND,  /* places in the order: first what is wanted most, then rarest */
};

/* A piece that is begun and not yet proven. */
struct active {
    struct link link; /* in p->open while it has free blocks, else in p->full */
    uint32_t piece, blocks;
    uint32_t free, got;
    uint32_t asked_in_all; /* requests outstanding */
    bool alone;
    uint32_t owner; /* who fetches it alone; 0: nobody yet */
    uint8_t *state; /* per block: askers, or GOT */
    uint32_t *from; /* per block: who sent it */
};

struct slot {
    struct active *active;
    uint32_t pos; /* in p->order; NO_POS: begun or had */
    uint16_t avail;
    uint8_t priority;
    bool had;
    bool suspect; /* failed its hash with blocks from several peers */
};

struct picker {
    uint64_t total;
    uint32_t piece_len, count;
    uint64_t random;
    struct slot *slots;

    /* Wanted pieces not begun, by priority and then availability: those of key k lie in
     * order[start[k]] up to order[start[k + 1] - 1], in random order.  A step of one in
     * availability is one swap. */
    uint32_t *order;
    uint32_t start[KEYS + 1];
    uint32_t seeds; /* peers that have all: they change no order */

    bool sequential;
    uint32_t low; /* no piece below it is in the order */
    uint32_t urgent[PICKER_URGENT_MAX];
    size_t urgent_n;
    bool stalled;

    struct link open, full;
    uint16_t *short_blocks; /* of pieces that have fewer; 0: as many as the others; NULL: none */
    uint64_t unasked; /* blocks neither asked nor got, of all wanted pieces that are missing */
};

static uint64_t next_random(struct picker *p)
{
    /* splitmix64 (Steele, Lea, Flood 2014): enough to break ties */
    uint64_t z = p->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t piece_blocks(const struct picker *p, uint32_t piece)
{
    uint64_t len = p->piece_len;
    if (p->short_blocks && p->short_blocks[piece] > 0)
        return p->short_blocks[piece];
    if (piece == p->count - 1)
        len = p->total - (uint64_t)piece * p->piece_len;
    return (uint32_t)((len + BLOCK_LEN - 1) / BLOCK_LEN);
}

/* The order of pieces that are not begun */

static uint32_t order_end(const struct picker *p)
{
    return p->start[KEYS];
}

static uint32_t key_of(const struct slot *s)
{
    return (uint32_t)(PICKER_FIRST - s->priority) * BAND + s->avail;
}

static void order_swap(struct picker *p, uint32_t a, uint32_t b)
{
    uint32_t piece = p->order[a];
    p->order[a] = p->order[b];
    p->order[b] = piece;
    p->slots[p->order[a]].pos = a;
    p->slots[p->order[b]].pos = b;
}

static void order_shuffle_in(struct picker *p, uint32_t pos, uint32_t key)
{
    uint32_t from = p->start[key];
    uint32_t n = p->start[key + 1] - from;
    order_swap(p, pos, from + (uint32_t)(next_random(p) % n));
}

static void order_up(struct picker *p, uint32_t pos, uint32_t key)
{
    uint32_t last = p->start[key + 1] - 1;
    order_swap(p, pos, last);
    p->start[key + 1]--;
}

static void order_down(struct picker *p, uint32_t pos, uint32_t key)
{
    uint32_t first = p->start[key];
    order_swap(p, pos, first);
    p->start[key]++;
}

static void order_take(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    if (s->pos == NO_POS)
        return;
    for (uint32_t k = key_of(s); k < KEYS; k++)
        order_up(p, s->pos, k);
    s->pos = NO_POS;
}

static void order_put(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    s->pos = order_end(p);
    p->order[s->pos] = piece;
    p->start[KEYS]++;
    for (uint32_t k = KEYS - 1; k > key_of(s); k--)
        order_down(p, s->pos, k);
    order_shuffle_in(p, s->pos, key_of(s));
    if (piece < p->low)
        p->low = piece;
}

struct picker *picker_new(uint64_t total, uint32_t piece_len, uint64_t seed)
{
    struct picker *p = MEM_NEW(struct picker);
    p->total = total;
    p->piece_len = piece_len;
    p->count = (uint32_t)((total + piece_len - 1) / piece_len);
    p->random = seed;
    p->slots = mem_array(p->count, sizeof *p->slots);
    p->order = mem_array(p->count, sizeof *p->order);
    list_init(&p->open);
    list_init(&p->full);
    for (uint32_t k = (PICKER_FIRST - PICKER_NORMAL) * BAND + 1; k <= KEYS; k++)
        p->start[k] = p->count;
    for (uint32_t i = 0; i < p->count; i++) {
        p->order[i] = i;
        p->slots[i].pos = i;
        p->slots[i].priority = PICKER_NORMAL;
        p->unasked += piece_blocks(p, i);
    }
    for (uint32_t i = p->count - 1; i > 0; i--)
        order_swap(p, i, (uint32_t)(next_random(p) % (i + 1)));
    return p;
}

static struct active *active_new(struct picker *p, uint32_t piece)
{
    struct active *a = MEM_NEW(struct active);
    a->piece = piece;
    a->blocks = a->free = piece_blocks(p, piece);
    a->state = mem_zalloc(a->blocks);
    a->from = mem_array(a->blocks, sizeof *a->from);
    a->alone = p->slots[piece].suspect;
    p->slots[piece].active = a;
    order_take(p, piece);
    list_push(&p->open, &a->link);
    return a;
}

static void active_free(struct picker *p, struct active *a)
{
    p->slots[a->piece].active = NULL;
    list_drop(&a->link);
    free(a->state);
    free(a->from);
    free(a);
}

void picker_shorten(struct picker *p, uint32_t piece, uint32_t blocks)
{
    if (!p->short_blocks)
        p->short_blocks = mem_array(p->count, sizeof *p->short_blocks);
    p->unasked -= piece_blocks(p, piece);
    p->short_blocks[piece] = (uint16_t)blocks; /* at most MI_PIECE_MAX / BLOCK_LEN */
    p->unasked += blocks;
}

void picker_free(struct picker *p)
{
    if (!p)
        return;
    LIST_EACH(&p->open, struct active, a, link)
        active_free(p, a);
    LIST_EACH(&p->full, struct active, a, link)
        active_free(p, a);
    free(p->slots);
    free(p->order);
    free(p->short_blocks);
    free(p);
}

static bool is_wanted(const struct picker *p, uint32_t piece)
{
    return p->slots[piece].priority != PICKER_SKIP;
}

/* Keeps a->free, the lists and p->unasked in step. */
static void block_taken(struct picker *p, struct active *a)
{
    p->unasked -= is_wanted(p, a->piece);
    if (--a->free > 0)
        return;
    list_drop(&a->link);
    list_push(&p->full, &a->link);
}

static void block_freed(struct picker *p, struct active *a)
{
    p->unasked += is_wanted(p, a->piece);
    if (a->free++ > 0)
        return;
    list_drop(&a->link);
    list_push(&p->open, &a->link);
}

/* Blocks of a missing piece that nobody was asked for. */
static uint32_t blocks_free(const struct picker *p, uint32_t piece)
{
    const struct active *a = p->slots[piece].active;
    return a ? a->free : piece_blocks(p, piece);
}

void picker_set_priority(struct picker *p, uint32_t piece, enum picker_priority priority)
{
    struct slot *s = &p->slots[piece];
    if (s->priority == priority)
        return;
    if (is_wanted(p, piece) && !s->had)
        p->unasked -= blocks_free(p, piece);
    order_take(p, piece);
    s->priority = (uint8_t)priority;
    if (!is_wanted(p, piece) || s->had)
        return;
    p->unasked += blocks_free(p, piece);
    if (!s->active)
        order_put(p, piece);
}

void picker_set_sequential(struct picker *p, bool on)
{
    p->sequential = on;
}

void picker_set_urgent(struct picker *p, const uint32_t *pieces, size_t n, bool stalled)
{
    p->urgent_n = n < PICKER_URGENT_MAX ? n : PICKER_URGENT_MAX;
    for (size_t i = 0; i < p->urgent_n; i++)
        p->urgent[i] = pieces[i];
    p->stalled = stalled;
}

void picker_have(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    if (s->had)
        return;
    if (is_wanted(p, piece))
        p->unasked -= blocks_free(p, piece);
    if (s->active)
        active_free(p, s->active);
    order_take(p, piece);
    s->had = true;
    s->suspect = false;
}

void picker_lost(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    if (!s->had)
        return;
    s->had = false;
    if (!is_wanted(p, piece))
        return;
    p->unasked += piece_blocks(p, piece);
    order_put(p, piece);
}

/* Availability */

static void more(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    if (s->avail == PICKER_AVAIL_MAX)
        return;
    if (s->pos != NO_POS) {
        order_up(p, s->pos, key_of(s));
        order_shuffle_in(p, s->pos, key_of(s) + 1);
    }
    s->avail++;
}

static void less(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    if (s->avail == 0)
        return;
    if (s->pos != NO_POS) {
        order_down(p, s->pos, key_of(s));
        order_shuffle_in(p, s->pos, key_of(s) - 1);
    }
    s->avail--;
}

void picker_add_peer(struct picker *p, const uint8_t *bits)
{
    p->seeds += !bits;
    for (uint32_t i = 0; bits && i < p->count; i++)
        if (bits_get(bits, i))
            more(p, i);
}

void picker_drop_peer(struct picker *p, const uint8_t *bits)
{
    p->seeds -= !bits;
    for (uint32_t i = 0; bits && i < p->count; i++)
        if (bits_get(bits, i))
            less(p, i);
}

void picker_peer_has(struct picker *p, uint32_t piece)
{
    more(p, piece);
}

void picker_peer_lacks(struct picker *p, uint32_t piece)
{
    less(p, piece);
}

uint32_t picker_availability(const struct picker *p, uint32_t piece)
{
    return p->seeds + p->slots[piece].avail;
}

/* Picking */

struct pick {
    struct picker_block *out;
    size_t n, max;
};

static bool has(const struct picker_who *who, uint32_t piece)
{
    return !who->bits || bits_get(who->bits, piece);
}

/* May this peer take free blocks of a piece that is begun? */
static bool may_join(const struct picker *p, const struct active *a, const struct picker_who *who)
{
    if (!has(who, a->piece) || !is_wanted(p, a->piece))
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
        block_taken(p, a);
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
    for (uint32_t i = 0; i < order_end(p) && k->n < k->max;) {
        uint32_t piece = p->order[i];
        if (!has(who, piece)) {
            i++;
            continue;
        }
        take_free(p, active_new(p, piece), who, k);
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
            if (p->slots[i].pos != NO_POS && p->slots[i].priority == want && has(who, i))
                take_free(p, active_new(p, i), who, k);
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
    if (s->had || !is_wanted(p, piece) || !has(who, piece) || k->n == k->max)
        return;
    struct active *a = s->active ? s->active : active_new(p, piece);
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
    if (a && a->free == 0 && a->got < a->blocks && !a->alone && has(who, a->piece))
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
    if (s->had || !is_wanted(p, piece) || !has(who, piece) || max == 0)
        return 0;
    struct active *a = s->active ? s->active : active_new(p, piece);
    if (a->free > 0 && may_join(p, a, who))
        take_free(p, a, who, &k);
    return k.n;
}

static struct active *active_of(const struct picker *p, uint32_t piece, uint32_t block)
{
    struct active *a = piece < p->count ? p->slots[piece].active : NULL;
    return a && block < a->blocks ? a : NULL;
}

void picker_back(struct picker *p, uint32_t piece, uint32_t block)
{
    struct active *a = active_of(p, piece, block);
    if (!a || a->state[block] == GOT || a->state[block] == 0)
        return;
    a->asked_in_all--;
    if (--a->state[block] == 0)
        block_freed(p, a);
}

void picker_gone(struct picker *p, uint32_t id)
{
    LIST_EACH(&p->open, struct active, a, link)
        if (a->owner == id)
            a->owner = 0;
    LIST_EACH(&p->full, struct active, a, link)
        if (a->owner == id)
            a->owner = 0;
}

bool picker_wants(const struct picker *p, uint32_t piece, uint32_t block)
{
    if (piece >= p->count || block >= piece_blocks(p, piece) || p->slots[piece].had)
        return false;
    const struct active *a = p->slots[piece].active;
    return !a || a->state[block] != GOT;
}

bool picker_got(struct picker *p, uint32_t piece, uint32_t block, uint32_t id)
{
    if (!picker_wants(p, piece, block))
        return false;
    struct active *a = p->slots[piece].active;
    if (!a)
        a = active_new(p, piece);
    if (a->state[block] == 0)
        block_taken(p, a);
    else
        a->asked_in_all -= a->state[block];
    a->state[block] = GOT;
    a->from[block] = id;
    return ++a->got == a->blocks;
}

size_t picker_senders(const struct picker *p, uint32_t piece, uint32_t *ids, size_t max)
{
    const struct active *a = p->slots[piece].active;
    size_t n = 0;
    for (uint32_t b = 0; a && b < a->blocks; b++) {
        if (a->state[b] != GOT)
            continue;
        size_t i = 0;
        while (i < n && ids[i] != a->from[b])
            i++;
        if (i == n && n < max)
            ids[n++] = a->from[b];
    }
    return n;
}

size_t picker_failed(struct picker *p, uint32_t piece, uint32_t *ids, size_t max)
{
    struct slot *s = &p->slots[piece];
    size_t n = picker_senders(p, piece, ids, max);
    if (s->active) {
        if (is_wanted(p, piece))
            p->unasked += s->active->blocks - s->active->free;
        active_free(p, s->active);
        if (is_wanted(p, piece))
            order_put(p, piece);
    }
    s->suspect = true;
    return n;
}

uint32_t picker_sender(const struct picker *p, uint32_t piece, uint32_t block)
{
    const struct active *a = active_of(p, piece, block);
    return a && a->state[block] == GOT ? a->from[block] : 0;
}

void picker_block_failed(struct picker *p, uint32_t piece, uint32_t block)
{
    struct active *a = active_of(p, piece, block);
    if (!a || a->state[block] != GOT)
        return;
    a->state[block] = 0;
    a->from[block] = 0;
    a->got--;
    block_freed(p, a);
}

bool picker_may_again(const struct picker *p, const struct picker_who *who, uint32_t piece,
                      uint32_t block)
{
    const struct active *a = active_of(p, piece, block);
    return a && a->state[block] > 0 && a->state[block] < PICKER_ASKERS_MAX && !a->alone &&
           !who->alone && has(who, piece) && is_wanted(p, piece);
}

void picker_again(struct picker *p, uint32_t piece, uint32_t block)
{
    struct active *a = active_of(p, piece, block);
    a->state[block]++;
    a->asked_in_all++;
}

uint64_t picker_unasked(const struct picker *p)
{
    return p->unasked;
}

bool picker_end_game(const struct picker *p)
{
    return p->unasked == 0;
}

bool picker_nobody_has(const struct picker *p, uint32_t *piece)
{
    for (uint32_t i = 0; p->seeds == 0 && i < p->count; i++)
        if (!p->slots[i].had && p->slots[i].avail == 0 && is_wanted(p, i)) {
            *piece = i;
            return true;
        }
    return false;
}

uint32_t picker_blocks_got(const struct picker *p, uint32_t piece)
{
    const struct active *a = p->slots[piece].active;
    return a ? a->got : 0;
}
