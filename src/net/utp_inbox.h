/* net/utp_inbox.h - one connection's packets from the network to the owner's buffer.  Pure.
 *
 * What came in order waits to be read; what came too early waits for its turn, in blocks of its
 * own.  Nothing is taken past UTP_PACKETS_MAX packets ahead or past `room` bytes. */
#ifndef SHOAL_NET_UTP_INBOX_H
#define SHOAL_NET_UTP_INBOX_H

#include "net/utp_block.h"
#include "net/utp_flight.h"

struct utp_inbox {
    uint16_t ack;                   /* the last that came in order */
    struct utp_block *head, *tail;  /* in order, not read yet */
    size_t bytes;                   /* in them */
    struct utp_block **late;        /* by number; NULL: not there */
    unsigned cap, late_n, late_far; /* of `late`, a power of two or 0; how many; how far the last */
    size_t late_bytes;
    unsigned held; /* blocks, both kinds */
    bool has_fin, ended;
    uint16_t fin; /* number of the last packet; ended: all before it is here */
};

/* ack: the number before the first.  done: the blocks go back to the pool. */
void utp_inbox_init(struct utp_inbox *in, uint16_t ack);
void utp_inbox_done(struct utp_inbox *in, struct utp_pool *pool);

/* A DATA or FIN packet.  room: bytes that may be held in all.  Returns whether it was new. */
bool utp_inbox_put(struct utp_inbox *in, struct utp_pool *pool, const struct utp_packet *p,
                   size_t room);

/* Up to n bytes in order; 0: there are none now. */
size_t utp_inbox_read(struct utp_inbox *in, struct utp_pool *pool, void *to, size_t n);

/* The mask of what came too early, for utp_write_sack(); returns its length, or 0. */
size_t utp_inbox_mask(const struct utp_inbox *in, uint8_t mask[UTP_SACK_MAX]);

#endif
