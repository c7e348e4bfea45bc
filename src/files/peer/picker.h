/* files/peer/picker.h - which block to ask this peer for next?
 *
 * Pure.  The rule, in order: blocks of the pieces that somebody waits for (picker_set_urgent); of
 * pieces already begun (the one that this peer was on first); of the pieces with the highest
 * priority the rarest that the peer has (ties broken by a generator whose seed is given), or in
 * sequential mode the lowest.  When every block of what is wanted is asked for it is end game: the
 * owner may ask a second peer for a block (picker_again), so that a slow one cannot hold up the
 * end.
 *
 * A block is free, asked (of one peer; of PICKER_ASKERS_MAX in end game) or got.  Who asks must
 * give back what will not be answered (picker_back); so a dead peer's blocks are free again.  A
 * piece whose blocks are all got waits for its hash: picker_have() or picker_failed().
 *
 * Suspects: a piece that failed its hash with blocks from several peers is next fetched from one
 * peer alone, and a peer on parole (who.alone) gets only pieces of its own: then a second failure
 * has one name on it.
 *
 * Memory: 24 bytes a piece, and 5 bytes a block of pieces in flight.  Made for a download; a seed
 * needs none.
 *
 *     size_t n = picker_pick(p, &who, blocks, room);   marks them asked
 *     if (picker_got(p, piece, block, id)) ...          the whole piece is here
 *     picker_back(p, piece, block);                     rejected, timed out, peer gone */
#ifndef SHOAL_FILES_PEER_PICKER_H
#define SHOAL_FILES_PEER_PICKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PICKER_ASKERS_MAX = 2,  /* peers of whom one block is asked at once, in end game */
    PICKER_AVAIL_MAX = 255, /* counted no further; more peers than one torrent has */
    PICKER_URGENT_MAX = 64, /* pieces that are waited for at once */
};

/* How much a piece is wanted.  A skipped one is never asked for. */
enum picker_priority {
    PICKER_SKIP,
    PICKER_LOW,
    PICKER_NORMAL,
    PICKER_HIGH,
    PICKER_FIRST, /* before all others: the ends of files, for who wants to look into them */
};

struct picker;

/* Nothing is had, all is wanted (PICKER_NORMAL).  total: bytes, at least 1.  The same seed and
 * calls give the same picks. */
struct picker *picker_new(uint64_t total, uint32_t piece_len, uint64_t seed);
void picker_free(struct picker *p); /* NULL: nothing */
/* This piece has fewer blocks (the last of a file, in v2).  Before anything else is called. */
void picker_shorten(struct picker *p, uint32_t piece, uint32_t blocks);

/* The piece is proven; or is not there any more and must be fetched again. */
void picker_have(struct picker *p, uint32_t piece);
void picker_lost(struct picker *p, uint32_t piece);

/* What was asked already of a piece that is then skipped may still come. */
void picker_set_priority(struct picker *p, uint32_t piece, enum picker_priority priority);
void picker_set_sequential(struct picker *p, bool on);
/* The pieces that somebody waits for, the most urgent first; in place of those before.  stalled:
 * the first of them keeps its reader waiting, so blocks of it may be asked of two peers. */
void picker_set_urgent(struct picker *p, const uint32_t *pieces, size_t n, bool stalled);

/* How many peers have what.  bits NULL: all pieces (counted in one number).  What was added must be
 * dropped the same way. */
void picker_add_peer(struct picker *p, const uint8_t *bits);
void picker_drop_peer(struct picker *p, const uint8_t *bits);
void picker_peer_has(struct picker *p, uint32_t piece);   /* one more piece of an added peer */
void picker_peer_lacks(struct picker *p, uint32_t piece); /* one less */
uint32_t picker_availability(const struct picker *p, uint32_t piece);

struct picker_block {
    uint32_t piece, block;
};

struct picker_who {
    uint32_t id;         /* of the peer, not 0; the same after it reconnects */
    const uint8_t *bits; /* what it has; NULL: all */
    bool alone;          /* on parole */
    bool slow;           /* beside others: it gets the least urgent of what is urgent */
    uint32_t last;       /* the piece it was last asked for; UINT32_MAX: none */
    /* Is this block asked of this peer already? */
    bool (*asked)(const void *arg, uint32_t piece, uint32_t block);
    const void *arg;
};

/* Up to max blocks for this peer, now marked asked; returns how many. */
size_t picker_pick(struct picker *p, const struct picker_who *who, struct picker_block *out,
                   size_t max);
/* Free blocks of one piece only (BEP 6, allowed fast: may be asked for while choked). */
size_t picker_pick_piece(struct picker *p, const struct picker_who *who, uint32_t piece,
                         struct picker_block *out, size_t max);

/* One asker less. */
void picker_back(struct picker *p, uint32_t piece, uint32_t block);
/* The peer is gone (its blocks are given back one by one): it owns no piece alone any more. */
void picker_gone(struct picker *p, uint32_t id);

/* The block is here, from this peer (which need not have been asked any more).  True when it was
 * the last one that its piece lacked. */
bool picker_got(struct picker *p, uint32_t piece, uint32_t block, uint32_t id);
/* Should this block be kept: its piece is wanted and the block not yet here? */
bool picker_wants(const struct picker *p, uint32_t piece, uint32_t block);

/* The piece's hash was wrong: all its blocks are free again, and it is for one peer alone next
 * time.  The ids of those who sent blocks of it, each once, in ids; returns how many (at most
 * max). */
size_t picker_failed(struct picker *p, uint32_t piece, uint32_t *ids, size_t max);
/* The piece is here; the ids of those who sent it, before picker_have() forgets them. */
size_t picker_senders(const struct picker *p, uint32_t piece, uint32_t *ids, size_t max);

/* Who sent this block; 0: it is not here. */
uint32_t picker_sender(const struct picker *p, uint32_t piece, uint32_t block);
/* This block alone was wrong: it is free again.  The piece's others stay. */
void picker_block_failed(struct picker *p, uint32_t piece, uint32_t block);

/* End game: may this peer be asked too for a block that one other owes?  It then is. */
bool picker_may_again(const struct picker *p, const struct picker_who *who, uint32_t piece,
                      uint32_t block);
void picker_again(struct picker *p, uint32_t piece, uint32_t block);

/* Blocks of what is wanted that are neither asked nor here. */
uint64_t picker_unasked(const struct picker *p);
/* Is every block of every wanted piece asked for or here? */
bool picker_end_game(const struct picker *p);
/* The lowest wanted and missing piece that no peer has; false: there is none. */
bool picker_nobody_has(const struct picker *p, uint32_t *piece);
/* Blocks here of a piece that is not yet proven. */
uint32_t picker_blocks_got(const struct picker *p, uint32_t piece);

#endif
