/* files/peer/pipeline.h - how many blocks to have asked of a peer, and how long to wait for one.
 *
 * Pure.  Enough requests must be on their way that the peer never waits for us: bandwidth times
 * delay.  The delay is not known, so, as libtorrent does, the depth grows by one for each block
 * that comes (doubling each round trip) until the rate stops growing, and is then what comes in
 * PIPELINE_AHEAD_S seconds; never more than the peer's own queue, `reqq` of its extension
 * handshake (250 where it said nothing: what exceeds it is thrown away and waited for in vain).
 *
 * A peer that owes blocks and sends none for a few times its usual pause has stalled: what it owes
 * is asked of others, and it is tried with one request at a time until a block comes. */
#ifndef SHOAL_FILES_PEER_PIPELINE_H
#define SHOAL_FILES_PEER_PIPELINE_H

#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PIPELINE_MIN = 4,    /* blocks */
    PIPELINE_START = 4,  /* more would ask all of a small torrent of the first who comes */
    PIPELINE_MAX = 1024, /* 16 MiB: a fast LAN */
    PIPELINE_AHEAD_S = 3,
    PIPELINE_REQQ_DEFAULT = 250,
    RATE_IDLE_TICKS = 5, /* then the rate is 0, however slowly it would fade */
};
#define PIPELINE_PAUSE_GUESS_US (1 * SEC) /* between blocks, before one came */
#define PIPELINE_WAIT_MIN_US (5 * SEC)
#define PIPELINE_WAIT_FIRST_US (10 * SEC)
#define PIPELINE_WAIT_MAX_US (60 * SEC)

/* Bytes a second, smoothed over a few seconds. */
struct rate {
    uint64_t per_s;
    uint64_t bytes; /* since the last tick */
    uint64_t total;
    uint64_t ticked_us;
    unsigned idle; /* ticks without a byte */
};
void rate_add(struct rate *r, uint64_t bytes);
void rate_tick(struct rate *r, uint64_t now_us); /* about once a second */

struct pipeline {
    uint32_t depth;
    bool growing, stalled;
    uint64_t rate_before;
    uint64_t last_us;  /* when the last block came, or the waiting began */
    uint64_t pause_us; /* usual time between blocks; 0: none came yet */
};

/* PIPELINE_START blocks, growing. */
void pipeline_init(struct pipeline *pl);
/* The first request after none was outstanding. */
void pipeline_waiting(struct pipeline *pl, uint64_t now_us);
void pipeline_block(struct pipeline *pl, uint64_t now_us);
void pipeline_tick(struct pipeline *pl, uint64_t rate);
/* Requests that may be outstanding now.  reqq: the peer's, 0 when it did not say. */
uint32_t pipeline_depth(const struct pipeline *pl, uint32_t reqq);
/* When the i-th block from now is to be expected.  waiting: blocks are owed; one that keeps us
 * waiting for long will, so far as anybody knows, do so for as long again. */
uint64_t pipeline_due_us(const struct pipeline *pl, bool waiting, size_t i, uint64_t now_us);
/* Blocks are owed: has the wait been too long?  Then it goes to the stalled state. */
bool pipeline_check(struct pipeline *pl, uint64_t now_us);

#endif
