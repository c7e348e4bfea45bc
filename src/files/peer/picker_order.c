#include "files/peer/picker.h"

#include "files/peer/picker_in.h"

uint64_t picker_random(struct picker *p)
{
    /* splitmix64 (Steele, Lea, Flood 2014): enough to break ties */
    uint64_t z = p->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The order of pieces that are not begun */

uint32_t picker_order_end(const struct picker *p)
{
    return p->start[KEYS];
}

static uint32_t key_of(const struct slot *s)
{
    return (uint32_t)(PICKER_FIRST - s->priority) * BAND + s->avail;
}

void picker_order_swap(struct picker *p, uint32_t a, uint32_t b)
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
    picker_order_swap(p, pos, from + (uint32_t)(picker_random(p) % n));
}

static void order_up(struct picker *p, uint32_t pos, uint32_t key)
{
    uint32_t last = p->start[key + 1] - 1;
    picker_order_swap(p, pos, last);
    p->start[key + 1]--;
}

static void order_down(struct picker *p, uint32_t pos, uint32_t key)
{
    uint32_t first = p->start[key];
    picker_order_swap(p, pos, first);
    p->start[key]++;
}

void picker_order_take(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    if (s->pos == NO_POS)
        return;
    for (uint32_t k = key_of(s); k < KEYS; k++)
        order_up(p, s->pos, k);
    s->pos = NO_POS;
}

void picker_order_put(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    s->pos = picker_order_end(p);
    p->order[s->pos] = piece;
    p->start[KEYS]++;
    for (uint32_t k = KEYS - 1; k > key_of(s); k--)
        order_down(p, s->pos, k);
    order_shuffle_in(p, s->pos, key_of(s));
    if (piece < p->low)
        p->low = piece;
}

/* How many have a piece: a step of one is a swap or two. */

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
