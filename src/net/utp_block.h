/* net/utp_block.h - where uTP's packets lie: blocks of one size, shared by all connections.
 *
 * A connection that moves takes blocks and gives them back; the pool keeps some for the next and
 * counts all, so that one number bounds what uTP holds (utp_env.held_max).  Each connection may go
 * past it by UTP_BLOCKS_EACH in each direction: so none of them stands still because of others. */
#ifndef SHOAL_NET_UTP_BLOCK_H
#define SHOAL_NET_UTP_BLOCK_H

#include "base/mem.h"

#include <stdint.h>

enum {
    UTP_BLOCK = 1472,       /* Ethernet's 1500 less 28 of IPv4 and UDP: no packet is longer */
    UTP_BLOCKS_EACH = 8,    /* for each connection, even when all the others have the rest */
    UTP_BLOCKS_KEPT = 1024, /* free ones that are kept */
};

struct utp_block {
    struct utp_block *next;
    uint16_t from, to; /* what is in it */
    uint8_t bytes[UTP_BLOCK];
};

struct utp_pool {
    struct utp_block *free;
    size_t free_n, used, max;
};

/* NULL: too many are in use, and the caller has UTP_BLOCKS_EACH already. */
static inline struct utp_block *utp_block_take(struct utp_pool *p, size_t had)
{
    struct utp_block *b = p->free;
    if (p->used >= p->max && had >= UTP_BLOCKS_EACH)
        return NULL;
    p->used++;
    if (b) {
        p->free = b->next;
        p->free_n--;
    } else {
        b = mem_realloc(NULL, sizeof *b);
    }
    b->next = NULL;
    b->from = b->to = 0;
    return b;
}

static inline void utp_block_give(struct utp_pool *p, struct utp_block *b)
{
    p->used--;
    if (p->free_n >= UTP_BLOCKS_KEPT) {
        free(b);
        return;
    }
    b->next = p->free;
    p->free = b;
    p->free_n++;
}

static inline void utp_pool_done(struct utp_pool *p)
{
    for (struct utp_block *b; (b = p->free);) {
        p->free = b->next;
        free(b);
    }
    p->free_n = 0;
}

#endif
