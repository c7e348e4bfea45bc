#include "host/kad/kad_size.h"

#include "base/cur.h"

#include <string.h>

/* So many within a distance are expected where, nine times of ten, there are fewer than KAD_K
 * (Poisson). */
#define SURELY_NEAR 14.5

/* As a part of the whole space. */
static double distance(const struct kad_key *target, const struct peer_id *id)
{
    struct kad_key key = kad_key_of(id->bytes, id->len);
    struct cur a = cur_of(key.bytes, SHA256_LEN), b = cur_of(target->bytes, SHA256_LEN);
    uint64_t x = cur_be(&a, 8), y = cur_be(&b, 8);
    return (double)(x ^ y) / 0x1p64;
}

/* Least squares: the slope of a line through nothing. */
void kad_size_note(struct kad_size *s, const struct kad_key *target, const struct peer_id *near,
                   size_t n)
{
    double sum = 0, squares = 0;
    if (n < KAD_SIZE_NEAREST)
        return;
    for (size_t i = 0; i < KAD_SIZE_NEAREST; i++) {
        double rank = (double)(i + 1);
        sum += rank * distance(target, &near[i]);
        squares += rank * rank;
    }
    s->density[s->next++ % KAD_SIZE_SAMPLES] = sum / squares;
    s->count = s->count < KAD_SIZE_SAMPLES ? s->count + 1 : s->count;
}

/* 0: unknown. */
static double median(const struct kad_size *s)
{
    double sorted[KAD_SIZE_SAMPLES];
    size_t n = 0;
    if (s->count < KAD_SIZE_SURE)
        return 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t at = n++;
        for (; at > 0 && sorted[at - 1] > s->density[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = s->density[i];
    }
    return sorted[n / 2];
}

size_t kad_size_get(const struct kad_size *s)
{
    double d = median(s);
    return d > 0 ? (size_t)(1 / d) : 0;
}

bool kad_size_is_near(const struct kad_size *s, const struct kad_key *target,
                      const struct peer_id *id)
{
    return distance(target, id) < SURELY_NEAR * median(s);
}
