/* host/black_hole.h - is there a way out of this kind at all?
 *
 * Some networks swallow datagrams, or have IPv6 addresses that lead nowhere.  Whoever dials that
 * way first waits for nothing, each time.  So the last dials of a kind are remembered: when there
 * were many and hardly one succeeded, the kind is left out, but for one dial in so many, which
 * finds out when that has changed.  (As go-libp2p does, p2p/net/swarm/black_hole_detector.go.)
 * Pure. */
#ifndef SHOAL_HOST_BLACK_HOLE_H
#define SHOAL_HOST_BLACK_HOLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BLACK_HOLE_LAST = 64, /* dials that are remembered; before there were so many nothing is left
                             out */
    BLACK_HOLE_GOOD = 3,  /* of them fewer succeeded: a hole */
    BLACK_HOLE_PROBE = 16 /* one in so many is let through nevertheless */
};

/* Begins zeroed. */
struct black_hole {
    uint64_t good; /* a bit for each, the last is the lowest */
    unsigned count, left_out;
};

/* Whether to dial that way; asked once for each dial. */
bool black_hole_may(struct black_hole *b);
/* How it ended. */
void black_hole_said(struct black_hole *b, bool good);
bool black_hole_is(const struct black_hole *b);

#endif
