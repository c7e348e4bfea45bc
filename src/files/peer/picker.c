#include "files/peer/picker.h"

#include "base/mem.h"
#include "files/meta/metainfo.h"
#include "files/peer/picker_in.h"

#include <string.h>

static uint32_t piece_blocks(const struct picker *p, uint32_t piece)
{
    uint64_t len = p->piece_len;
    if (p->short_blocks && p->short_blocks[piece] > 0)
        return p->short_blocks[piece];
    if (piece == p->count - 1)
        len = p->total - (uint64_t)piece * p->piece_len;
    return (uint32_t)((len + BLOCK_LEN - 1) / BLOCK_LEN);
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
        picker_order_swap(p, i, (uint32_t)(picker_random(p) % (i + 1)));
    return p;
}

struct active *picker_begin(struct picker *p, uint32_t piece)
{
    struct active *a = MEM_NEW(struct active);
    a->piece = piece;
    a->blocks = a->free = piece_blocks(p, piece);
    a->state = mem_zalloc(a->blocks);
    a->from = mem_array(a->blocks, sizeof *a->from);
    a->alone = p->slots[piece].suspect;
    p->slots[piece].active = a;
    picker_order_take(p, piece);
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

/* Keeps a->free, the lists and p->unasked in step. */
void picker_taken(struct picker *p, struct active *a)
{
    p->unasked -= picker_wanted(p, a->piece);
    if (--a->free > 0)
        return;
    list_drop(&a->link);
    list_push(&p->full, &a->link);
}

static void block_freed(struct picker *p, struct active *a)
{
    p->unasked += picker_wanted(p, a->piece);
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
    if (picker_wanted(p, piece) && !s->had)
        p->unasked -= blocks_free(p, piece);
    picker_order_take(p, piece);
    s->priority = (uint8_t)priority;
    if (!picker_wanted(p, piece) || s->had)
        return;
    p->unasked += blocks_free(p, piece);
    if (!s->active)
        picker_order_put(p, piece);
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
    if (picker_wanted(p, piece))
        p->unasked -= blocks_free(p, piece);
    if (s->active)
        active_free(p, s->active);
    picker_order_take(p, piece);
    s->had = true;
    s->suspect = false;
}

void picker_lost(struct picker *p, uint32_t piece)
{
    struct slot *s = &p->slots[piece];
    if (!s->had)
        return;
    s->had = false;
    if (!picker_wanted(p, piece))
        return;
    p->unasked += piece_blocks(p, piece);
    picker_order_put(p, piece);
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
        a = picker_begin(p, piece);
    if (a->state[block] == 0)
        picker_taken(p, a);
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
        if (picker_wanted(p, piece))
            p->unasked += s->active->blocks - s->active->free;
        active_free(p, s->active);
        if (picker_wanted(p, piece))
            picker_order_put(p, piece);
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
           !who->alone && picker_has(who, piece) && picker_wanted(p, piece);
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
        if (!p->slots[i].had && p->slots[i].avail == 0 && picker_wanted(p, i)) {
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
