#include "files/peer/superseed.h"

#include "base/mem.h"
#include "files/meta/bits.h"

struct superseed {
    uint32_t count;
    uint64_t random;
    uint16_t *shown; /* per piece: how often */
};

struct superseed *superseed_new(uint32_t piece_count, uint64_t seed)
{
    struct superseed *s = MEM_NEW(struct superseed);
    *s = (struct superseed){piece_count, seed, mem_array(piece_count, sizeof *s->shown)};
    return s;
}

void superseed_free(struct superseed *s)
{
    if (!s)
        return;
    free(s->shown);
    free(s);
}

/* From a place that differs each time, so that two seeds do not show the same. */
static uint32_t begin_at(struct superseed *s)
{
    s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(s->random >> 33) % s->count;
}

int64_t superseed_next(struct superseed *s, const uint8_t *bits)
{
    int64_t best = SUPERSEED_NONE;
    uint32_t from = begin_at(s);
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t piece = (from + i) % s->count;
        if (bits && bits_get(bits, piece))
            continue;
        if (best == SUPERSEED_NONE || s->shown[piece] < s->shown[best])
            best = piece;
        if (s->shown[best] == 0)
            break;
    }
    if (best != SUPERSEED_NONE && s->shown[best] < UINT16_MAX)
        s->shown[best]++;
    return best;
}

bool superseed_is_passed(int64_t shown, uint32_t piece, bool itself, unsigned lacking)
{
    return shown == piece && (!itself || lacking == 0);
}
