/* files/peer/picker_in.h - the inside of a picker, for its three sources:
 *     picker.c        pieces begun and blocks asked for, got and given back
 *     picker_order.c  pieces not begun, in the order of their turn; who has what
 *     picker_pick.c   the choice: which blocks next
 * Nobody else includes this. */
#ifndef SHOAL_FILES_PEER_PICKER_IN_H
#define SHOAL_FILES_PEER_PICKER_IN_H

#include "files/peer/picker.h"

#include "base/list.h"
#include "files/meta/bits.h"

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

static inline bool picker_wanted(const struct picker *p, uint32_t piece)
{
    return p->slots[piece].priority != PICKER_SKIP;
}

static inline bool picker_has(const struct picker_who *who, uint32_t piece)
{
    return !who->bits || bits_get(who->bits, piece);
}

/* picker.c */
struct active *picker_begin(struct picker *p, uint32_t piece);
void picker_taken(struct picker *p, struct active *a); /* a free block was asked for, or came */

/* picker_order.c */
uint64_t picker_random(struct picker *p);
uint32_t picker_order_end(const struct picker *p); /* how many are in it */
void picker_order_take(struct picker *p, uint32_t piece);
void picker_order_put(struct picker *p, uint32_t piece);
void picker_order_swap(struct picker *p, uint32_t a, uint32_t b); /* places */

#endif
