/* net/utp_flight.h - one connection's packets from the owner's bytes to their acknowledgement.
 * Pure.
 *
 *     first          next             end
 *       | on their way |  not yet sent  |
 *
 * A packet lies in one block from the first byte that is put into it until it is acknowledged:
 * room for its header, then payload; sending it again costs no copy.  uTP numbers packets and not
 * bytes, so one that was sent once never changes its payload (BEP 29, "this means uTP cannot
 * repackage data").  What was not sent yet grows until it is full.
 *
 * What is lost is told by what came after it: three packets with higher numbers (BEP 29, "packet
 * loss"), or one that was sent clearly later (RFC 8985, RACK), which also finds a loss of what was
 * sent again. */
#ifndef SHOAL_NET_UTP_FLIGHT_H
#define SHOAL_NET_UTP_FLIGHT_H

#include "net/utp_block.h"
#include "net/utp_msg.h"

#include <stdbool.h>

enum {
    UTP_PACKETS_MAX = 2016, /* between first and end: what a mask of UTP_SACK_MAX bytes tells of */
    UTP_PACKETS_PAST = 3,   /* acknowledged past one: it is lost */
    UTP_REORDER_US = 1000,  /* sent so much later, and a quarter of a round trip */
};

struct utp_sent {
    struct utp_block *block; /* NULL: it has arrived */
    uint64_t sent_us;        /* lately */
    uint8_t tries;
    bool lost;
    bool probe; /* longer than what is known to pass */
    bool fin;
};

struct utp_flight {
    struct utp_sent *ring;
    unsigned cap; /* of the ring; a power of two, or 0 */
    uint16_t first, next, end;
    size_t bytes;       /* of packets on their way, not lost, with headers */
    size_t queued;      /* of packets not yet sent, with headers */
    unsigned lost;      /* how many are to be sent again */
    unsigned held;      /* blocks */
    uint64_t newest_us; /* when the latest sent of those that arrived was sent */
};

/* What an acknowledgement did. */
struct utp_news {
    bool progress; /* something arrived that had not */
    bool was_lost; /* something is lost, first known now; `lost_seq` is the last such one */
    uint16_t lost_seq;
    size_t bytes;        /* that arrived, with headers */
    uint64_t rtt_us;     /* 0: no packet among them that was sent once */
    size_t probe_passed; /* length of a probe that arrived, or 0; of one that was lost */
    size_t probe_lost;
};

/* seq: of the first packet.  done: the blocks go back to the pool. */
void utp_flight_init(struct utp_flight *f, uint16_t seq);
void utp_flight_done(struct utp_flight *f, struct utp_pool *pool);
/* An empty one gives its memory back. */
void utp_flight_slim(struct utp_flight *f);

static inline struct utp_sent *utp_flight_at(const struct utp_flight *f, uint16_t seq)
{
    return &f->ring[seq & (f->cap - 1)];
}

/* Is `seq` in [from, to)? */
static inline bool utp_seq_within(uint16_t seq, uint16_t from, uint16_t to)
{
    return (uint16_t)(seq - from) < (uint16_t)(to - from);
}

/* Bytes into packets of `full` (with header); returns how many were taken. */
size_t utp_flight_put(struct utp_flight *f, struct utp_pool *pool, const void *bytes, size_t n,
                      size_t full);
/* The first of them into one packet of exactly `len`, a probe; 0: it cannot be. */
size_t utp_flight_probe(struct utp_flight *f, struct utp_pool *pool, const void *bytes, size_t n,
                        size_t len);
/* The last packet, which says so.  false: no room now. */
bool utp_flight_fin(struct utp_flight *f, struct utp_pool *pool);

/* The packet goes out now. */
void utp_flight_sent(struct utp_flight *f, uint16_t seq, uint64_t now_us);

/* An acknowledgement came: p->ack in [first - 1, next), else nothing happens. */
void utp_flight_ack(struct utp_flight *f, struct utp_pool *pool, const struct utp_packet *p,
                    uint64_t rtt_us, uint64_t now_us, struct utp_news *news);

/* Nothing came for too long: all that is on its way is lost.  Or only the first. */
void utp_flight_lose(struct utp_flight *f, bool all);

#endif
