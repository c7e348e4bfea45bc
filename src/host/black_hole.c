#include "host/black_hole.h"

bool black_hole_is(const struct black_hole *b)
{
    return b->count == BLACK_HOLE_LAST && __builtin_popcountll(b->good) < BLACK_HOLE_GOOD;
}

bool black_hole_may(struct black_hole *b)
{
    if (!black_hole_is(b) || ++b->left_out == BLACK_HOLE_PROBE) {
        b->left_out = 0;
        return true;
    }
    return false;
}

/* One success where there was a hole: it is none any more, or not for all. */
void black_hole_said(struct black_hole *b, bool good)
{
    if (good && black_hole_is(b))
        *b = (struct black_hole){0};
    b->good = b->good << 1 | good;
    b->count += b->count < BLACK_HOLE_LAST;
}
