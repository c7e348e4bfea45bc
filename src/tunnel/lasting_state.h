/* tunnel/lasting_state.h - what was said and heard of one conversation, over however many streams.
 *
 * Each way is a sequence of bytes and then an end, which counts as one more.  What we say is kept
 * until the other side has acknowledged it, so that it can be said again; what we hear is
 * acknowledged when it is here, and let in only as far as we said it may come: that moves with what
 * the owner takes.  The allowance grows when the other side says that it wants more, and our owner
 * takes all as it comes.
 *
 * Pure: no stream, no clock.  lasting.c moves the bytes:
 *
 *     going:   put(), end() -> next(): a head; of DATA, body() then sent(), as the stream takes it
 *     coming:  heard() for each head; of DATA, room() and came() for its bytes; take() by the owner
 *     a new stream: rewind() to what the other side has */
#ifndef SHOAL_TUNNEL_LASTING_STATE_H
#define SHOAL_TUNNEL_LASTING_STATE_H

#include "host/mux/purse.h"
#include "tunnel/lasting_msg.h"

#include <stdbool.h>

enum {
    LASTING_WINDOW = 256 << 10,   /* may come before anything is said of it; of the protocol */
    LASTING_GROWTH = 4,           /* times, when it is wanted */
    LASTING_WINDOW_MAX = 4 << 20, /* held for an owner who does not take it */
    LASTING_KEPT_MAX = 4 << 20,   /* said and not acknowledged; more is not taken from the owner */
    LASTING_WAITING_MAX = 128 << 10, /* of that, not yet said: the stream is slow, or away */
    LASTING_ACK_AFTER = 64 << 10,    /* bytes that come without an acknowledgement of their own */
};

struct lasting_state {
    struct buf kept;      /* ours, from byte number `acked` on */
    uint64_t acked, sent; /* of ours, the end not counted */
    uint64_t may;         /* so many of ours may come there */
    uint64_t wanted;      /* the allowance of which we said that we want more */
    bool ended, end_sent, end_acked;
    struct buf held;  /* theirs, not yet taken */
    uint64_t got;     /* of theirs, the end not counted */
    uint64_t told;    /* what we acknowledged, the end counted */
    uint64_t allowed; /* what we allowed */
    uint32_t window;
    uint64_t *spare;           /* windows may grow by so much, all together, */
    const struct purse *purse; /* and by what is left here; NULL: nobody counts */
    bool they_ended, they_want, ack_due;
};

/* spare: outlives it. */
void lasting_state_init(struct lasting_state *s, uint64_t *spare);
void lasting_state_done(struct lasting_state *s);

/* How many bytes the owner may give now; what he gives; he has no more. */
size_t lasting_state_room(const struct lasting_state *s);
void lasting_state_put(struct lasting_state *s, const void *bytes, size_t n);
void lasting_state_end(struct lasting_state *s);

/* What is to be said next; false: nothing. */
bool lasting_state_next(struct lasting_state *s, struct lasting_frame *out);
/* The bytes of ours from `sent` on, of which there are as many as next() said; n of them went. */
const uint8_t *lasting_state_body(const struct lasting_state *s);
void lasting_state_sent(struct lasting_state *s, size_t n);

/* A head that came.  ERR_INVALID, ERR_LIMIT: it cannot be; the conversation is over. */
MUST_CHECK enum err lasting_state_heard(struct lasting_state *s, const struct lasting_frame *f,
                                        struct why *why);
/* Where the bytes of DATA go, n at most; so many came. */
uint8_t *lasting_state_into(struct lasting_state *s, size_t n);
void lasting_state_came(struct lasting_state *s, size_t n);
/* For the owner; how many. */
size_t lasting_state_take(struct lasting_state *s, void *to, size_t n);
/* So many came and went to him at once; only where nothing is held. */
void lasting_state_passed(struct lasting_state *s, size_t n);

/* It is quiet for now: what holds nothing holds no room. */
void lasting_state_rest(struct lasting_state *s);

/* What we have of theirs, for the head of a new stream; what they have of ours.  ERR_INVALID: that
 * was never said, or is gone. */
uint64_t lasting_state_got(const struct lasting_state *s);
MUST_CHECK enum err lasting_state_rewind(struct lasting_state *s, uint64_t got, struct why *why);

/* All is said, heard and acknowledged, both ways. */
bool lasting_state_over(const struct lasting_state *s);

#endif
